//! The name of a stored crash, whatever it is.

use std::{
    fmt::{self, Write},
    str::FromStr,
};

use super::ooid::Ooid;

/// The name of a stored crash: an [`Ooid`], or any other that another program stored a crash under.
///
/// Socorro's Python client takes any text for an ooid: in upper case, without a date, of three
/// characters. Such crashes are read, listed, queued and processed under the name that they have.
///
/// `Display` shows printable ASCII as it is, a backslash twice, and every other byte as `\xNN`;
/// `FromStr` reads both that and the bare name. [`file_name`](Self::file_name) is for files and
/// addresses.
///
/// ```
/// use socorro_hbase_client::CrashId;
///
/// let id: CrashId = "6D8A2B4E".parse()?;
/// assert_eq!(id.ooid(), None);
/// let odd = CrashId::new(b"a/b\xff")?;
/// assert_eq!(odd.to_string(), r"a/b\xff");
/// assert_eq!(odd.file_name(), "a%2Fb%FF");
/// # Ok::<(), socorro_hbase_client::CrashIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrashId(Vec<u8>);

/// A text can't be the name of a crash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a crash's name has 1 to 1,000 bytes, and after a backslash another or x and two digits")]
pub struct CrashIdError(());

const LONGEST: usize = 1000;

impl CrashId {
    /// The name as it is stored, 1 to 1,000 bytes.
    ///
    /// # Errors
    ///
    /// [`CrashIdError`] if there are fewer or more bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, CrashIdError> {
        let bytes = bytes.into();
        let fits = (1..=LONGEST).contains(&bytes.len());
        fits.then_some(Self(bytes)).ok_or(CrashIdError(()))
    }

    /// The name's bytes, as they are stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as an ooid, if it is one.
    pub fn ooid(&self) -> Option<Ooid> {
        str::from_utf8(&self.0).ok()?.parse().ok()
    }

    /// Returns the name for a file or an address: ASCII letters, digits, `-` and `_` stay, every
    /// other byte is `%XX`. No two names share one.
    pub fn file_name(&self) -> String {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let mut name = String::with_capacity(self.0.len());
        for &byte in &self.0 {
            match byte {
                byte if is_plain(byte) => name.push(char::from(byte)),
                byte => drop(write!(name, "%{byte:02X}")),
            }
        }
        name
    }

    /// Reads what [`file_name`](Self::file_name) returned; `None` if it is something else.
    pub fn from_file_name(name: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(name.len());
        let mut rest = name.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => hexadecimal(rest.next()?, rest.next()?)?,
                byte => byte,
            });
        }
        Self::new(bytes).ok().filter(|id| id.file_name() == name)
    }

    /// The first byte, by which rows are spread over regions.
    pub(crate) fn salt(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

impl From<Ooid> for CrashId {
    fn from(ooid: Ooid) -> Self {
        Self(ooid.as_str().as_bytes().to_vec())
    }
}

impl From<&Ooid> for CrashId {
    fn from(ooid: &Ooid) -> Self {
        (*ooid).into()
    }
}

impl From<&Self> for CrashId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl PartialEq<Ooid> for CrashId {
    fn eq(&self, ooid: &Ooid) -> bool {
        self.0 == ooid.as_str().as_bytes()
    }
}

impl FromStr for CrashId {
    type Err = CrashIdError;

    fn from_str(text: &str) -> Result<Self, CrashIdError> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'\\' => match rest.next() {
                    Some(b'\\') => b'\\',
                    Some(b'x') => {
                        let digits = rest.next().zip(rest.next());
                        let byte = digits.and_then(|(high, low)| hexadecimal(high, low));
                        byte.ok_or(CrashIdError(()))?
                    }
                    _ => return Err(CrashIdError(())),
                },
                byte => byte,
            });
        }
        Self::new(bytes)
    }
}

impl fmt::Display for CrashId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::with_capacity(self.0.len());
        for &byte in &self.0 {
            match byte {
                b'\\' => shown.push_str(r"\\"),
                b' '..=b'~' => shown.push(char::from(byte)),
                byte => write!(shown, "\\x{byte:02x}")?,
            }
        }
        f.pad(&shown)
    }
}

impl fmt::Debug for CrashId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CrashId({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_name_reads_back_from_what_is_shown(bytes in proptest::collection::vec(any::<u8>(), 1..50)) {
            let id = CrashId::new(bytes).unwrap();
            prop_assert_eq!(&id.to_string().parse::<CrashId>().unwrap(), &id);
            prop_assert_eq!(CrashId::from_file_name(&id.file_name()), Some(id.clone()));
            prop_assert!(id.to_string().is_ascii());
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<CrashId>();
            let _ = CrashId::from_file_name(&text);
        }
    }

    #[test]
    fn an_ooid_is_shown_as_itself() {
        let ooid: Ooid = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse().unwrap();
        let id = CrashId::from(&ooid);
        assert_eq!((id.to_string(), id.file_name()), (ooid.to_string(), ooid.to_string()));
        assert_eq!(id.ooid(), Some(ooid));
    }
}
