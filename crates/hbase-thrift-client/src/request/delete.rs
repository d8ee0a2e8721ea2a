//! Deleting a row or some of its columns.

use super::{Attributes, check_column_or_family, check_row};
use crate::error::Result;

/// Deletes a row, or some of its columns, with all their versions.
///
/// Deleting what is not there is no error. The delete hides versions up to its time; one written
/// later with an older timestamp stays hidden until the region's next major compaction.
///
/// ```
/// use hbase_thrift_client::Delete;
///
/// let whole_row = Delete::row("row1");
/// let some_columns = Delete::row("row1").column("flags:processed").family("ids");
/// # let _ = (whole_row, some_columns);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    pub(crate) row: Vec<u8>,
    pub(crate) columns: Vec<Vec<u8>>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) write_to_wal: bool,
    pub(crate) attributes: Attributes,
}

impl Delete {
    /// The whole row with this key, unless columns are named.
    pub fn row(row: impl Into<Vec<u8>>) -> Self {
        Self {
            row: row.into(),
            columns: Vec::new(),
            timestamp: None,
            write_to_wal: true,
            attributes: Attributes::default(),
        }
    }

    /// Only this column (`family:qualifier`), and others that are named.
    pub fn column(mut self, column: impl Into<Vec<u8>>) -> Self {
        self.columns.push(column.into());
        self
    }

    /// Only this family with all its columns, and others that are named.
    pub fn family(self, family: impl Into<Vec<u8>>) -> Self {
        self.column(family)
    }

    /// Only versions up to and including this time in milliseconds since 1970.
    pub fn up_to_timestamp(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// Whether the server writes to its log first (yes); see [`Put::write_to_wal`]. A delete of a
    /// whole row always does.
    ///
    /// [`Put::write_to_wal`]: crate::Put::write_to_wal
    pub fn write_to_wal(mut self, write_to_wal: bool) -> Self {
        self.write_to_wal = write_to_wal;
        self
    }

    /// Sets an attribute that HBase's coprocessors may look at (`Operation.setAttribute`).
    pub fn attribute(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.attributes.set(name, value);
        self
    }

    /// Returns how many bytes its columns have.
    pub(crate) fn check(&self) -> Result<usize> {
        check_row(&self.row)?;
        self.columns.iter().try_fold(0, |bytes, column| {
            check_column_or_family(column)?;
            Ok(bytes + column.len())
        })
    }
}
