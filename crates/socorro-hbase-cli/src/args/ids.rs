//! Crashes named on the command line, or on standard input.

use std::{ffi::OsStr, path::Path};

use clap::Args;
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
    text.strip_prefix("bp-").unwrap_or(text).parse().ok()
}

pub(crate) fn named(text: &str) -> Result<Named, CrashIdError> {
    if is_standard(text) { Ok(Named::Input) } else { id(text).map(Named::Crash) }
}

/// Whether a name stands for standard input or output.
pub(crate) fn is_standard(name: impl AsRef<OsStr>) -> bool {
    Path::new(name.as_ref()) == Path::new("-")
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
}
