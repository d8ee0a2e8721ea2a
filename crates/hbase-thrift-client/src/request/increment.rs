//! Adding to a counter.

use super::{check_cell_column, check_row};
use crate::error::Result;

/// Adds to a counter: a cell of 8 bytes, big-endian, that counts as 0 where it is absent.
///
/// ```
/// use hbase_thrift_client::Increment;
///
/// let increment = Increment::new("2012-05-08", "counters:submitted_crash_reports", 1);
/// assert_eq!(increment.get_amount(), 1);
/// ```
///
/// ```
/// use hbase_thrift_client::Increment;
///
/// let back = Increment::new("2012-05-08", "counters:in_flight", -1);
/// assert_eq!((back.get_row(), back.get_column()), (&b"2012-05-08"[..], &b"counters:in_flight"[..]));
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

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    /// Returns the counter's column (`family:qualifier`).
    pub fn get_column(&self) -> &[u8] {
        &self.column
    }

    /// Returns what is added.
    pub fn get_amount(&self) -> i64 {
        self.amount
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_row(&self.row)?;
        check_cell_column(&self.column)
    }
}
