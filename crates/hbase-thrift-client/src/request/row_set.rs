//! Sets of rows that are read in one stream.

use super::check_row;
use super::key_range::KeyRange;
use crate::error::Result;

/// Rows by their keys and by ranges of keys, for [`Table::scan_rows`](crate::Table::scan_rows).
///
/// Whatever the order in which they are named, and however often, each row is read once, in the
/// order of the keys.
///
/// ```
/// use hbase_thrift_client::RowSet;
///
/// let rows = RowSet::new().row("a1").rows(["b7", "c3"]).range("d", "f").prefix("x");
/// assert!(!rows.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    ranges: Vec<KeyRange>,
    /// Whether a key was named that no row has.
    has_empty_key: bool,
}

impl RowSet {
    /// A set without any row.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the row with this key. No row has the empty one, and a scan of a set with it is refused.
    pub fn row(mut self, key: impl Into<Vec<u8>>) -> Self {
        let key = key.into();
        if key.is_empty() {
            self.has_empty_key = true;
        } else {
            self.ranges.push(KeyRange::of(key));
        }
        self
    }

    /// Adds the rows with these keys.
    pub fn rows<K: Into<Vec<u8>>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        keys.into_iter().fold(self, Self::row)
    }

    /// Adds the rows from `start` on, itself included, up to `stop`, itself excluded. An empty key
    /// means an end of the table; a range that begins behind its end has no rows.
    ///
    /// ```
    /// use hbase_thrift_client::RowSet;
    ///
    /// let all_but_b = RowSet::new().range("", "b").range("c", "");
    /// assert_eq!(all_but_b.get_ranges().len(), 2);
    /// ```
    pub fn range(mut self, start: impl Into<Vec<u8>>, stop: impl Into<Vec<u8>>) -> Self {
        self.ranges.push(KeyRange { low: start.into(), high: stop.into() });
        self
    }

    /// Adds the rows whose key begins so.
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.ranges.push(KeyRange::of_prefix(prefix.into()));
        self
    }

    /// Returns what was added, in that order, as the first key and the first one behind; the latter is
    /// empty for the end of the table. As [`range`](Self::range)s they make the same set, but for the
    /// empty key ([`has_empty_key`](Self::has_empty_key)).
    ///
    /// ```
    /// use hbase_thrift_client::RowSet;
    ///
    /// let rows = RowSet::new().row("a1").range("d", "f");
    /// let ranges: Vec<(&[u8], &[u8])> = rows.get_ranges().collect();
    /// assert_eq!(ranges, [(&b"a1"[..], &b"a1\0"[..]), (b"d", b"f")]);
    /// ```
    pub fn get_ranges(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.ranges.iter().map(|KeyRange { low, high }| (low.as_slice(), high.as_slice()))
    }

    /// Returns whether the empty key was added, which no row has.
    ///
    /// ```
    /// use hbase_thrift_client::RowSet;
    ///
    /// let rows = RowSet::new().rows(["a1", ""]);
    /// assert!(rows.has_empty_key());
    /// assert_eq!(rows.get_ranges().len(), 1);
    /// ```
    pub fn has_empty_key(&self) -> bool {
        self.has_empty_key
    }

    /// Returns whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && !self.has_empty_key
    }

    /// The rows in ranges that don't touch one another, in order.
    pub(crate) fn into_ranges(self) -> Result<Vec<KeyRange>> {
        if self.has_empty_key {
            check_row(b"")?;
        }
        Ok(KeyRange::merged(self.ranges))
    }
}

/// Rows by their keys.
impl<K: Into<Vec<u8>>> FromIterator<K> for RowSet {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self::new().rows(keys)
    }
}
