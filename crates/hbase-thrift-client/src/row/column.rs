//! A column's name in its two parts, and HBase's order of columns.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::order::column_order;

/// The name of a column: its family and its qualifier, shown and compared as `family:qualifier`.
///
/// ```
/// use hbase_thrift_client::Column;
///
/// let column = Column::new(b"flags", b"processed");
/// assert_eq!(column, "flags:processed");
/// assert_eq!(column.to_string(), "flags:processed");
/// assert_eq!(Column::parse(b"flags:processed"), column);
/// assert_eq!(column.to_vec(), b"flags:processed");
/// ```
///
/// Columns are ordered as HBase orders them, by family, then by qualifier: `f:z` comes before `f1:a`.
///
/// ```
/// use hbase_thrift_client::Column;
///
/// let column = Column::parse("flags:a:b");
/// assert_eq!((column.family(), column.qualifier()), (&b"flags"[..], &b"a:b"[..]));
/// assert_eq!((column.len(), column.is_empty()), (9, false));
/// ```
#[derive(Clone, Copy)]
pub struct Column<'a> {
    /// The family, or the whole name where there is no qualifier beside it.
    first: &'a [u8],
    qualifier: Option<&'a [u8]>,
}

impl<'a> Column<'a> {
    /// The column of this family with this qualifier.
    pub fn new(
        family: &'a (impl AsRef<[u8]> + ?Sized),
        qualifier: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        Self::of_parts(family.as_ref(), qualifier.as_ref())
    }

    /// The column with the name `family:qualifier`; without a colon, all of it is the family.
    pub fn parse(column: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::of_whole(column.as_ref())
    }

    #[inline]
    pub(super) fn of_whole(column: &'a [u8]) -> Self {
        Self { first: column, qualifier: None }
    }

    #[inline]
    pub(super) fn of_parts(family: &'a [u8], qualifier: &'a [u8]) -> Self {
        Self { first: family, qualifier: Some(qualifier) }
    }

    /// The column family: what is before the first colon, which a family's name can't contain.
    pub fn family(&self) -> &'a [u8] {
        self.parts().0
    }

    /// The qualifier; may be empty, and may contain colons.
    pub fn qualifier(&self) -> &'a [u8] {
        self.parts().1
    }

    /// How many bytes the name has, its colon included.
    #[inline]
    pub fn len(&self) -> usize {
        match self.qualifier {
            Some(qualifier) => self.first.len() + 1 + qualifier.len(),
            None => self.first.len(),
        }
    }

    /// Whether the name is empty, which no column's is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn parts(&self) -> (&'a [u8], &'a [u8]) {
        if let Some(qualifier) = self.qualifier {
            return (self.first, qualifier);
        }
        match self.first.iter().position(|byte| *byte == b':') {
            Some(colon) => (&self.first[..colon], &self.first[colon + 1..]),
            None => (self.first, &[]),
        }
    }

    /// The name as `family:qualifier`.
    pub fn to_vec(&self) -> Vec<u8> {
        let (family, qualifier) = self.parts();
        [family, b":", qualifier].concat()
    }
}

impl Ord for Column<'_> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.qualifier, other.qualifier) {
            (None, None) => column_order(self.first, other.first),
            _ => self.parts().cmp(&other.parts()),
        }
    }
}

impl PartialEq for Column<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Column<'_> {}

impl Hash for Column<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialOrd for Column<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<[u8]> for Column<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        match self.qualifier {
            None if self.first.contains(&b':') => self.first == other,
            _ => {
                let (family, qualifier) = self.parts();
                let rest = other.strip_prefix(family).and_then(|rest| rest.strip_prefix(b":"));
                rest == Some(qualifier)
            }
        }
    }
}

impl PartialEq<&[u8]> for Column<'_> {
    fn eq(&self, other: &&[u8]) -> bool {
        self == *other
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Column<'_> {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self == other.as_slice()
    }
}

impl PartialEq<Vec<u8>> for Column<'_> {
    fn eq(&self, other: &Vec<u8>) -> bool {
        self == other.as_slice()
    }
}

impl PartialEq<str> for Column<'_> {
    fn eq(&self, other: &str) -> bool {
        self == other.as_bytes()
    }
}

impl PartialEq<&str> for Column<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == other.as_bytes()
    }
}

impl fmt::Display for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (family, qualifier) = self.parts();
        write!(f, "{}:{}", family.escape_ascii(), qualifier.escape_ascii())
    }
}

impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shorter_family_comes_first_whatever_follows_it() {
        assert!(Column::parse(b"f:z") < Column::parse(b"f1:a"));
        assert!(Column::parse(b"f:a:b") > Column::parse(b"f:a1"));
        assert!(Column::parse(b"f:") < Column::parse(b"f:a"));
    }

    proptest! {
        #[test]
        fn a_name_is_equal_to_its_text_and_no_other(
            a in ("[a-c]{1,3}", "[a-c:]{0,3}"),
            b in ("[a-c]{1,3}", "[a-c:]{0,3}"),
        ) {
            let text = format!("{}:{}", a.0, a.1);
            let (first, second) = (Column::new(&a.0, &a.1), Column::new(&b.0, &b.1));
            prop_assert!(first == text.as_str());
            let whole = Column::parse(&text);
            prop_assert_eq!(whole, first);
            prop_assert!(whole == text.as_str());
            prop_assert_eq!(whole.cmp(&second), a.cmp(&b));
            prop_assert_eq!(whole.len(), first.len());
            prop_assert_eq!(second == text.as_str(), a == b);
        }
    }
}
