//! Keys and ranges of keys in one stream.

use std::fmt;
use std::iter::FusedIterator;

use super::scanner::next;
use crate::drive::{RowSetRows, Rows};
use crate::error::Result;
use crate::row::Row;
use crate::sync::blocking;

/// The rows of a [`RowSet`](crate::RowSet), in order: [`Table::scan_rows`](crate::Table::scan_rows).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::{Result, RowSet, Scan};
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crashes");
/// let rows: RowSet = ["row1", "row7"].into_iter().collect();
/// let rows = table.scan_rows(rows, Scan::new())?.collect::<Result<Vec<_>>>()?;
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct RowSetScan {
    rows: RowSetRows,
}

impl RowSetScan {
    pub(super) fn new(rows: RowSetRows) -> Self {
        Self { rows }
    }

    /// Counts the rows that are left (results, where [`Scan::batch`](crate::Scan::batch) splits rows).
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{RowSet, Scan};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes");
    /// let rows = crashes.scan_rows(RowSet::new().prefix("a").prefix("c"), Scan::new())?.count_rows()?;
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

impl Iterator for RowSetScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        next(&mut self.rows)
    }
}

impl FusedIterator for RowSetScan {}

impl fmt::Debug for RowSetScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowSetScan").field("scan", self.rows.scan()).finish_non_exhaustive()
    }
}
