//! Adding to the end of values.

use super::{check_cell_column, check_row};
use crate::error::{Error, Result};

/// Adds bytes to the end of cells of one row, in one atomic step; an absent cell counts as empty.
///
/// ```
/// use hbase_thrift_client::Append;
///
/// let append = Append::new("row1").column("log:text", "one more line\n");
/// # let _ = append;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    pub(crate) row: Vec<u8>,
    pub(crate) columns: Vec<Vec<u8>>,
    pub(crate) values: Vec<Vec<u8>>,
}

impl Append {
    /// An append to the row with this key; name at least one [`column`](Self::column).
    pub fn new(row: impl Into<Vec<u8>>) -> Self {
        Self { row: row.into(), columns: Vec::new(), values: Vec::new() }
    }

    /// Adds to the end of a column (`family:qualifier`).
    pub fn column(mut self, column: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.columns.push(column.into());
        self.values.push(value.into());
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_row(&self.row)?;
        if self.columns.is_empty() {
            return Err(Error::invalid("the append names no column"));
        }
        self.columns.iter().try_for_each(|column| check_cell_column(column))?;
        let mut sorted: Vec<&[u8]> = self.columns.iter().map(Vec::as_slice).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::invalid("the append names a column twice, where one would be lost"));
        }
        Ok(())
    }
}
