//! Rows that own their bytes, for keeping them longer than their batch.

use super::{Cell, Row};

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
