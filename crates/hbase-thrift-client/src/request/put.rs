//! Writing cells of one row.

use super::{check_cell_column, check_cell_size, check_row};
use crate::error::{Error, Result};

/// Writes cells of one row, all of them or none.
///
/// ```
/// use hbase_thrift_client::Put;
///
/// let put = Put::new("row1").column("flags:processed", "N").column("raw_data:dump", vec![0; 9]);
/// # let _ = put;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    pub(crate) row: Vec<u8>,
    pub(crate) cells: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) timestamp: Option<i64>,
}

impl Put {
    /// A put on the row with this key; name at least one [`column`](Self::column).
    pub fn new(row: impl Into<Vec<u8>>) -> Self {
        Self { row: row.into(), cells: Vec::new(), timestamp: None }
    }

    /// Sets a column (`family:qualifier`, the qualifier may be empty) to a value.
    pub fn column(mut self, column: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.cells.push((column.into(), value.into()));
        self
    }

    /// The time of the new versions in milliseconds since 1970, instead of the server's time.
    pub fn timestamp(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    pub(crate) fn check(&self, max_cell_size: usize) -> Result<()> {
        check_row(&self.row)?;
        if self.cells.is_empty() {
            return Err(Error::invalid("the put names no column"));
        }
        self.cells.iter().try_for_each(|(column, value)| {
            check_cell_column(column)?;
            check_cell_size(&self.row, column, value, max_cell_size)
        })
    }
}
