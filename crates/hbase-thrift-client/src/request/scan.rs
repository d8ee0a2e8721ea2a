//! Reading rows in the order of their keys.

use super::check_column_or_family;
use crate::error::{Error, Result};

/// Reads the rows of a range in the byte order of their keys.
///
/// ```
/// use hbase_thrift_client::Scan;
///
/// let all = Scan::new();
/// let some = Scan::new().prefix("a120508").column("ids:ooid").limit(100);
/// let range = Scan::new().start("a").stop("b").caching(1_000);
/// # let _ = (all, some, range);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    pub(crate) start: Vec<u8>,
    pub(crate) stop: Vec<u8>,
    pub(crate) columns: Vec<Vec<u8>>,
    pub(crate) before: Option<i64>,
    pub(crate) caching: u32,
    pub(crate) limit: Option<u64>,
}

impl Default for Scan {
    fn default() -> Self {
        Self::new()
    }
}

impl Scan {
    /// All rows of the table.
    pub fn new() -> Self {
        Self {
            start: Vec::new(),
            stop: Vec::new(),
            columns: Vec::new(),
            before: None,
            caching: 256,
            limit: None,
        }
    }

    /// From this row key on, itself included.
    pub fn start(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.start = row.into();
        self
    }

    /// Up to this row key, itself excluded; empty means to the end.
    pub fn stop(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.stop = row.into();
        self
    }

    /// Only rows whose key begins so. Replaces [`start`](Self::start) and [`stop`](Self::stop).
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.start = prefix.into();
        self.stop = after_prefix(&self.start);
        self
    }

    /// Only this column (`family:qualifier`), and others that are named.
    pub fn column(mut self, column: impl Into<Vec<u8>>) -> Self {
        self.columns.push(column.into());
        self
    }

    /// Only these columns (`family:qualifier`) or families (`family`), and others that are named.
    pub fn columns<C: Into<Vec<u8>>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.columns.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Only the columns of this family, and others that are named.
    pub fn family(self, family: impl Into<Vec<u8>>) -> Self {
        self.column(family)
    }

    /// Only versions older than this time in milliseconds since 1970; the time itself is excluded.
    pub fn before_timestamp(mut self, timestamp: i64) -> Self {
        self.before = Some(timestamp);
        self
    }

    /// How many rows are fetched at once; 256. One round trip and one buffer each.
    pub fn caching(mut self, rows: u32) -> Self {
        self.caching = rows;
        self
    }

    /// At most so many rows in all.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.caching == 0 || i32::try_from(self.caching).is_err() {
            return Err(Error::invalid(
                "the scan's caching has to be at least 1: with 0 rows a batch the gateway's answer \
                 looks like the end of the table",
            ));
        }
        self.columns.iter().try_for_each(|column| check_column_or_family(column))
    }
}

/// The first row key after all those with a prefix; empty (the end of the table) where there is
/// none.
fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut after = prefix.to_vec();
    while let Some(last) = after.pop() {
        if last < u8::MAX {
            after.push(last + 1);
            break;
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_greater_key() {
        assert_eq!(after_prefix(b"ab"), b"ac");
        assert_eq!(after_prefix(b"a\xff\xff"), b"b");
        assert_eq!(after_prefix(b"\xff"), b"");
        assert_eq!(after_prefix(b""), b"");
    }

    #[test]
    fn zero_rows_a_batch_are_refused() {
        assert!(Scan::new().caching(0).check().is_err());
    }

    proptest! {
        #[test]
        fn exactly_the_keys_with_the_prefix_are_in_its_range(
            prefix: Vec<u8>,
            key: Vec<u8>,
            suffix: Vec<u8>,
        ) {
            let stop = after_prefix(&prefix);
            let in_range = |key: &[u8]| key >= prefix.as_slice() && (stop.is_empty() || key < stop.as_slice());
            prop_assert_eq!(in_range(&key), key.starts_with(&prefix));
            let longer = [prefix.clone(), suffix].concat();
            prop_assert!(in_range(&longer));
        }
    }
}
