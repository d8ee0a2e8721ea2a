//! Adding to a counter.

use super::{check_cell_column, check_row};
use crate::error::Result;

/// Adds to a counter: a cell of 8 bytes, big-endian, that counts as 0 where it is absent.
///
/// ```
/// use hbase_thrift_client::Increment;
///
/// let increment = Increment::new("2012-05-08", "counters:submitted_crash_reports", 1);
/// # let _ = increment;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Increment {
    pub(crate) row: Vec<u8>,
    pub(crate) column: Vec<u8>,
    pub(crate) amount: i64,
}

impl Increment {
    /// Adds `amount`, which may be negative, to the counter in a column (`family:qualifier`).
    pub fn new(row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>, amount: i64) -> Self {
        Self { row: row.into(), column: column.into(), amount }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_row(&self.row)?;
        check_cell_column(&self.column)
    }
}
