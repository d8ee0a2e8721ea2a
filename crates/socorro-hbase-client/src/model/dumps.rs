//! The dumps of one crash: the crashed process's own, and those that came with it under names.
//!
//! For naming their columns. How large they may be is decided by `limits`, where the gateway's
//! limits are known.

use std::{collections::BTreeMap, fmt, str::FromStr};

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

/// The dumps of one crash as they are submitted: its own, if it has one, and any number of others
/// under names. Each may be empty.
///
/// Bytes alone are the crash's own dump:
///
/// ```
/// use socorro_hbase_client::Dumps;
///
/// let one = Dumps::from(b"MDMP");
/// let two = Dumps::new(b"MDMP").with("upload_file_minidump_plugin".parse()?, b"MDMP");
/// assert_eq!(one.own(), two.own());
/// assert_eq!(Dumps::none().own(), None);
/// # Ok::<(), socorro_hbase_client::DumpNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Dumps<'a> {
    dumps: BTreeMap<DumpName, &'a [u8]>,
    /// The first name that was given twice.
    twice: Option<DumpName>,
}

const OWN: &str = "dump";
const OWN_AS_POSTED: &str = "upload_file_minidump";
const MAX_NAME: usize = 64;

impl DumpName {
    /// The name as text, ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the crash's own.
    pub fn is_own(&self) -> bool {
        self.0 == OWN
    }

    /// A name as it is stored: what another program named otherwise is shown as it is.
    pub(crate) fn stored(name: &[u8]) -> Self {
        Self(String::from_utf8_lossy(name).into_owned())
    }

    /// Under which the own dump of another program may stand.
    pub(crate) fn is_own_as_posted(&self) -> bool {
        self.0 == OWN_AS_POSTED
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
        Self::none().with(DumpName::default(), own)
    }

    /// No dump at all.
    pub fn none() -> Self {
        Self { dumps: BTreeMap::new(), twice: None }
    }

    /// Adds a dump. Two of one name are refused when they are submitted: `dump` and
    /// `upload_file_minidump` are one.
    pub fn with(mut self, name: DumpName, dump: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        if self.dumps.insert(name.clone(), dump.as_ref()).is_some() {
            self.twice.get_or_insert(name);
        }
        self
    }

    /// The crash's own dump, if it has one.
    pub fn own(&self) -> Option<&'a [u8]> {
        self.dumps.get(&DumpName::default()).copied()
    }

    /// All dumps with their names, the crash's own first.
    pub fn iter(&self) -> impl Iterator<Item = (&DumpName, &'a [u8])> + '_ {
        let is_own = |(name, _): &(&DumpName, &&[u8])| name.is_own();
        let own = self.dumps.iter().filter(is_own);
        own.chain(self.dumps.iter().filter(move |dump| !is_own(dump)))
            .map(|(name, dump)| (name, *dump))
    }

    pub(crate) fn twice(&self) -> Option<&DumpName> {
        self.twice.as_ref()
    }
}

impl fmt::Debug for Dumps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.iter().map(|(name, dump)| (name.as_str(), format!("{} bytes", dump.len()))),
            )
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
    fn a_name_that_would_break_a_column_or_a_file_is_refused() {
        let long = "x".repeat(65);
        for name in ["", "a b", "a/b", "a:b", "dümp", long.as_str()] {
            assert!(name.parse::<DumpName>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_own_dump_comes_first_under_either_of_its_names() {
        let dumps = Dumps::none().with("a".parse().unwrap(), b"other");
        let dumps = dumps.with("upload_file_minidump".parse().unwrap(), b"own");
        let all: Vec<_> = dumps.iter().map(|(name, dump)| (name.to_string(), dump)).collect();
        assert_eq!(all, [("dump".to_owned(), &b"own"[..]), ("a".to_owned(), b"other")]);
        assert_eq!(dumps.twice(), None);
    }

    #[test]
    fn two_own_dumps_are_noticed() {
        let dumps = Dumps::new(b"old").with("upload_file_minidump".parse().unwrap(), b"new");
        assert_eq!(dumps.twice(), Some(&DumpName::default()));
    }
}
