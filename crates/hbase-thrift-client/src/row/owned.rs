//! Rows that own their bytes, for keeping them longer than their batch.

use super::{Cell, Column, Row};

/// A row that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedRow {
    /// The row key.
    pub key: Vec<u8>,
    /// The cells in HBase's order: by family, then by qualifier.
    pub cells: Vec<OwnedCell>,
}

/// A cell that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedCell {
    /// The column, `family:qualifier`.
    pub column: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// The version's time in milliseconds since 1970.
    pub timestamp: i64,
}

impl OwnedRow {
    /// Returns the value of a column (`family:qualifier`), or `None` if the row was read without it.
    ///
    /// ```
    /// use hbase_thrift_client::{OwnedCell, OwnedRow};
    ///
    /// let (column, value) = (b"flags:processed".to_vec(), b"N".to_vec());
    /// let cells = vec![OwnedCell { column, value, timestamp: 1 }];
    /// let row = OwnedRow { key: b"row1".to_vec(), cells };
    /// assert_eq!(row.get("flags:processed"), Some(&b"N"[..]));
    /// ```
    pub fn get(&self, column: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.cell(column).map(|cell| cell.value.as_slice())
    }

    /// Returns a column's cell, with its timestamp.
    ///
    /// ```
    /// use hbase_thrift_client::{OwnedCell, OwnedRow};
    ///
    /// let cells = vec![OwnedCell { column: b"f:a".to_vec(), value: b"N".to_vec(), timestamp: 7 }];
    /// let row = OwnedRow { key: b"row1".to_vec(), cells };
    /// assert_eq!(row.cell("f:a").map(|cell| cell.timestamp), Some(7));
    /// assert_eq!(row.cell("f:b"), None);
    /// ```
    pub fn cell(&self, column: impl AsRef<[u8]>) -> Option<&OwnedCell> {
        // The fields are the caller's, who may have changed their order.
        let column = Column::parse(column.as_ref());
        self.cells.iter().find(|cell| Column::parse(&cell.column) == column)
    }
}

impl From<&Row> for OwnedRow {
    fn from(row: &Row) -> Self {
        Self { key: row.key().to_vec(), cells: row.cells().map(OwnedCell::from).collect() }
    }
}

impl From<Cell<'_>> for OwnedCell {
    fn from(cell: Cell<'_>) -> Self {
        Self {
            column: cell.column().to_vec(),
            value: cell.value().to_vec(),
            timestamp: cell.timestamp(),
        }
    }
}
