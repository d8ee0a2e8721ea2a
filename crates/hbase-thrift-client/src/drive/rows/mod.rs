//! The rows of scans, one after the other: of one scan, of several behind salts, of a table's regions, of sets of
//! keys and ranges.
//!
//! A caller may stop waiting for the next row and go on later: no row is lost or comes twice.

mod by_region;
mod row_set;
mod salted;
mod scan;

pub(crate) use by_region::{RegionRows, parts};
pub(crate) use row_set::RowSetRows;
pub(crate) use salted::{MergeRows, UnionRows};
pub(crate) use scan::ScanRows;

use crate::error::Result;
use crate::row::Row;

/// Rows that come one after the other.
pub(crate) trait Rows: Send + 'static {
    /// The next row, if it is there already.
    fn at_hand(&mut self) -> Option<Row>;

    /// Waits for the next row; `None` after the last.
    fn find(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send;

    /// No row follows.
    fn end(&mut self);

    /// The next row; `None` after the last, and after an error.
    fn next_row(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send {
        async move {
            let row = self.find().await;
            if !matches!(row, Ok(Some(_))) {
                self.end();
            }
            row
        }
    }

    /// Reads all rows that are left and counts them.
    fn count(mut self) -> impl Future<Output = Result<u64>> + Send
    where
        Self: Sized,
    {
        async move {
            let mut rows = 0;
            while self.at_hand().is_some() || self.next_row().await?.is_some() {
                rows += 1;
            }
            Ok(rows)
        }
    }
}
