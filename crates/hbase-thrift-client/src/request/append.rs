//! Adding to the end of values.

use super::{check_cell_column, check_row};
use crate::error::{Error, Result};

/// Adds bytes to the end of cells of one row, in one atomic step; an absent cell counts as empty.
///
/// ```
/// use hbase_thrift_client::Append;
///
/// let append = Append::new("row1").column("log:text", "one more line\n").column("log:size", "+14");
/// assert_eq!((append.get_row(), append.get_columns().len()), (&b"row1"[..], 2));
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
    ///
    /// ```
    /// use hbase_thrift_client::Append;
    ///
    /// let append = Append::new("row1").column("log:text", "one more line\n");
    /// assert_eq!(append.get_columns().next(), Some((&b"log:text"[..], &b"one more line\n"[..])));
    /// ```
    pub fn column(mut self, column: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.columns.push(column.into());
        self.values.push(value.into());
        self
    }

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    /// Returns the columns, each with what is added to its end, in the order in which they were
    /// named.
    pub fn get_columns(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.columns.iter().map(Vec::as_slice).zip(self.values.iter().map(Vec::as_slice))
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
