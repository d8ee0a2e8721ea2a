//! One scan, split at the borders of the table's regions.

use std::fmt;
use std::iter::FusedIterator;

use super::scanner::next;
use crate::drive::{RegionRows, Rows};
use crate::error::Result;
use crate::row::Row;
use crate::sync::blocking;

/// The rows of a scan whose regions are read ahead of one another, in order:
/// [`Table::scan_regions_in_order`](crate::Table::scan_regions_in_order).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crashes");
/// let mut rows = table.scan_regions_in_order(Scan::new())?;
/// if let Some(first) = rows.next().transpose()? {
///     println!("the first row is {}", first.key().escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct RegionScan {
    rows: RegionRows,
}

impl RegionScan {
    pub(super) fn new(rows: RegionRows) -> Self {
        Self { rows }
    }

    /// Counts the rows that are left (results, where [`Scan::batch`](crate::Scan::batch) splits rows).
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes");
    /// let rows = crashes.scan_regions_in_order(Scan::new())?.count_rows()?;
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

impl Iterator for RegionScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        next(&mut self.rows)
    }
}

impl FusedIterator for RegionScan {}

impl fmt::Debug for RegionScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegionScan").field("regions", &self.rows.regions()).finish_non_exhaustive()
    }
}
