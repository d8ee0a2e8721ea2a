//! Crashes named on the command line, or on standard input.

use std::{ffi::OsStr, path::PathBuf};

use clap::{
    Args,
    builder::{OsStringValueParser, TypedValueParser},
};
use socorro_hbase_client::{CrashId, CrashIdError, Ooid};

/// Crashes named one by one.
#[derive(Clone, Debug, Args)]
pub(crate) struct Ids {
    /// The crashes' ooids, `bp-` before them or not; - reads them from standard input: the first word
    /// of each line, or the field ooid of each JSON object
    #[arg(value_name = "OOID", required = true, value_parser = named)]
    pub(crate) ooids: Vec<Named>,
}

/// A word that names crashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Crash(CrashId),
    /// Those that standard input names.
    Input,
}

/// Reads the name of a crash, as crash reporters and people write it.
pub(crate) fn id(text: &str) -> Result<CrashId, CrashIdError> {
    match ooid(text) {
        Some(ooid) => Ok(ooid.into()),
        None => text.parse(),
    }
}

/// Reads an ooid, with the `bp-` that crash reporters show or without.
pub(crate) fn ooid(text: &str) -> Option<Ooid> {
    text.strip_prefix(REPORTERS_PREFIX).unwrap_or(text).parse().ok()
}

const REPORTERS_PREFIX: &str = "bp-";

/// A crash's name as one word that reads back as the same name, also where [`named`] would take it for
/// an option, for standard input, or for an ooid with something before it.
pub(crate) fn word(name: &CrashId) -> String {
    let word = name.to_string().replace(' ', r"\x20");
    if id(&word).as_ref() == Ok(name) && !word.starts_with('-') {
        return word;
    }
    // Then it begins with a letter or a hyphen.
    let mut rest = word.chars();
    match rest.next() {
        Some(first) => format!(r"\x{:02x}{}", u32::from(first), rest.as_str()),
        None => word,
    }
}

pub(crate) fn named(text: &str) -> Result<Named, CrashIdError> {
    if is_standard(text) { Ok(Named::Input) } else { id(text).map(Named::Crash) }
}

/// Reads a folder's path; refuses what stands for standard output.
pub(crate) fn a_folder() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|path| {
        if is_standard(&path) {
            return Err("several files need a folder: ./- is one of that name");
        }
        Ok(PathBuf::from(path))
    })
}

/// Whether a name stands for standard input or output.
pub(crate) fn is_standard(name: impl AsRef<OsStr>) -> bool {
    name.as_ref() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

    #[test]
    fn a_crash_is_named_as_reporters_show_it_or_as_it_is_stored() {
        let expected = CrashId::new(OOID).unwrap();
        assert_eq!(id(OOID).unwrap(), expected);
        assert_eq!(id(&format!("bp-{OOID}")).unwrap(), expected);
        assert_eq!(id("bp-1").unwrap().as_bytes(), b"bp-1");
        assert_eq!(named("-").unwrap(), Named::Input);
        assert!(id("").is_err());
    }

    #[test]
    fn a_crash_is_shown_by_a_word_that_names_it() {
        assert_eq!(word(&CrashId::new(OOID).unwrap()), OOID);
        let prefixed = format!("bp-{OOID}");
        for odd in ["-", "-x", "bp-", "a b", &prefixed, r"\", "\u{1b}[2J", "ü", " ", r"\x20"] {
            let name = CrashId::new(odd).unwrap();
            let word = word(&name);
            assert!(!word.starts_with('-') && !word.contains(char::is_whitespace), "{word}");
            assert_eq!(named(&word).unwrap(), Named::Crash(name), "{word}");
        }
    }
}
