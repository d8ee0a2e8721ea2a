//! The dumps of one crash: the crashed process's own, and those that came with it under names.
//!
//! For naming their columns. How large they may be is decided by `limits`, where the gateway's
//! limits are known.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::keys;

/// The name of a dump: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
///
/// A crash of several processes comes with several dumps: that of a hung plugin, for instance, as
/// `upload_file_minidump_plugin`. The crash's own is named `dump`, which is also what crash
/// reporters mean by `upload_file_minidump`.
///
/// ```
/// use socorro_hbase_client::DumpName;
///
/// let own: DumpName = "upload_file_minidump".parse()?;
/// assert_eq!(own, DumpName::default());
/// # Ok::<(), socorro_hbase_client::DumpNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DumpName(String);

/// A text is no name of a dump.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a dump's name has 1 to 64 ASCII letters, digits, '-', '_' and '.', unlike {found:?}")]
pub struct DumpNameError {
    found: String,
}

/// The dumps of one crash as they are submitted: its own, and any number of others under names.
///
/// Bytes alone are the crash's own dump:
///
/// ```
/// use socorro_hbase_client::Dumps;
///
/// let one = Dumps::from(b"MDMP");
/// let two = Dumps::new(b"MDMP").with("upload_file_minidump_plugin".parse()?, b"MDMP");
/// assert_eq!(one.own(), two.own());
/// # Ok::<(), socorro_hbase_client::DumpNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Dumps<'a> {
    own: &'a [u8],
    others: BTreeMap<DumpName, &'a [u8]>,
}

const OWN: &str = "dump";
const OWN_AS_POSTED: &str = "upload_file_minidump";
const MAX_NAME: usize = 64;

impl DumpName {
    /// The name as text, ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its column in the crash's row.
    pub(crate) fn column(&self) -> String {
        format!("{}{self}", keys::RAW_DATA)
    }

    /// The name of the dump in a column; `None` where the column is of another family.
    pub(crate) fn of_column(column: &[u8]) -> Option<Self> {
        let name = column.strip_prefix(keys::RAW_DATA.as_bytes())?;
        // What another program named otherwise is shown as it is.
        Some(Self(String::from_utf8_lossy(name).into_owned()))
    }
}

impl Default for DumpName {
    fn default() -> Self {
        Self(OWN.to_owned())
    }
}

impl FromStr for DumpName {
    type Err = DumpNameError;

    fn from_str(text: &str) -> Result<Self, DumpNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match text {
            OWN_AS_POSTED => Ok(Self::default()),
            _ if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(allowed) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(DumpNameError { found: text.chars().take(MAX_NAME).collect() }),
        }
    }
}

impl fmt::Display for DumpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'a> Dumps<'a> {
    /// The crash's own dump.
    pub fn new(own: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self { own: own.as_ref(), others: BTreeMap::new() }
    }

    /// Adds a dump, or replaces that of the same name.
    pub fn with(mut self, name: DumpName, dump: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        if name == DumpName::default() {
            self.own = dump.as_ref();
        } else {
            self.others.insert(name, dump.as_ref());
        }
        self
    }

    /// The crash's own dump.
    pub fn own(&self) -> &'a [u8] {
        self.own
    }

    /// All dumps with their names, the crash's own first.
    pub fn iter(&self) -> impl Iterator<Item = (DumpName, &'a [u8])> + '_ {
        let own = std::iter::once((DumpName::default(), self.own));
        own.chain(self.others.iter().map(|(name, dump)| (name.clone(), *dump)))
    }
}

impl fmt::Debug for Dumps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, dump)| (name.0, format!("{} bytes", dump.len()))))
            .finish()
    }
}

impl<'a> From<&'a [u8]> for Dumps<'a> {
    fn from(own: &'a [u8]) -> Self {
        Self::new(own)
    }
}

impl<'a> From<&'a Vec<u8>> for Dumps<'a> {
    fn from(own: &'a Vec<u8>) -> Self {
        Self::new(own)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Dumps<'a> {
    fn from(own: &'a [u8; N]) -> Self {
        Self::new(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumps_column_is_named_after_it() {
        assert_eq!(DumpName::default().column(), "raw_data:dump");
        let plugin: DumpName = "upload_file_minidump_plugin".parse().unwrap();
        assert_eq!(plugin.column(), "raw_data:upload_file_minidump_plugin");
        assert_eq!(DumpName::of_column(plugin.column().as_bytes()), Some(plugin));
    }

    #[test]
    fn a_name_that_would_break_a_column_or_a_file_is_refused() {
        let long = "x".repeat(65);
        for name in ["", "a b", "a/b", "a:b", "dümp", long.as_str()] {
            assert!(name.parse::<DumpName>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_own_dump_comes_first_under_either_of_its_names() {
        let dumps = Dumps::new(b"old").with("a".parse().unwrap(), b"other");
        let dumps = dumps.with("upload_file_minidump".parse().unwrap(), b"new");
        let all: Vec<_> = dumps.iter().map(|(name, dump)| (name.to_string(), dump)).collect();
        assert_eq!(all, [("dump".to_owned(), &b"new"[..]), ("a".to_owned(), b"other")]);
    }
}
