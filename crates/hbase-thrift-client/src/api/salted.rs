//! Scans over a key space that is split by a salt: the same range behind each of several prefixes.

use std::fmt;
use std::iter::FusedIterator;

use super::scanner::next;
use crate::drive::{MergeRows, Rows, UnionRows};
use crate::error::Result;
use crate::row::Row;
use crate::sync::blocking;

/// The rows behind all salts, or of all regions, in no particular order:
/// [`Table::scan_union`](crate::Table::scan_union),
/// [`Table::scan_regions`](crate::Table::scan_regions).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crash_reports");
/// let salts = "0123456789abcdef".chars().map(String::from);
/// for row in table.scan_union(salts, Scan::new().prefix("120508"))? {
///     println!("{}", row?.key().escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct UnionScan {
    rows: UnionRows,
}

impl UnionScan {
    pub(super) fn new(rows: UnionRows) -> Self {
        Self { rows }
    }

    /// Counts the rows that are left.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crash_reports");
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// let rows = table.scan_union(salts, Scan::new().prefix("120508"))?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub fn count_rows(self) -> Result<u64> {
        blocking(self.rows.count())
    }
}

impl Iterator for UnionScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        next(&mut self.rows)
    }
}

impl FusedIterator for UnionScan {}

impl fmt::Debug for UnionScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnionScan").finish_non_exhaustive()
    }
}

/// The rows behind all salts in the order of their keys without the salt:
/// [`Table::scan_merge`](crate::Table::scan_merge).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crash_reports");
/// let salts = "0123456789abcdef".chars().map(String::from);
/// let mut rows = table.scan_merge(salts, Scan::new().prefix("120508").reversed())?;
/// if let Some(newest) = rows.next().transpose()? {
///     println!("the newest is {}", newest.key().escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct MergeScan {
    rows: MergeRows,
}

impl MergeScan {
    pub(super) fn new(rows: MergeRows) -> Self {
        Self { rows }
    }

    /// Counts the rows that are left.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crash_reports");
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// let rows = table.scan_merge(salts, Scan::new().prefix("120508"))?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub fn count_rows(self) -> Result<u64> {
        blocking(self.rows.count())
    }
}

impl Iterator for MergeScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        next(&mut self.rows)
    }
}

impl FusedIterator for MergeScan {}

impl fmt::Debug for MergeScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergeScan").finish_non_exhaustive()
    }
}
