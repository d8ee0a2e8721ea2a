//! Reading one row.

use super::{check_column_or_family, check_row};
use crate::error::Result;

/// Reads a row, or some of its columns.
///
/// ```
/// use hbase_thrift_client::Get;
///
/// let get = Get::new("row1").column("meta_data:json").family("flags");
/// # let _ = get;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Get {
    pub(crate) row: Vec<u8>,
    pub(crate) columns: Vec<Vec<u8>>,
    pub(crate) before: Option<i64>,
}

impl Get {
    /// The whole row with this key, newest versions.
    pub fn new(row: impl Into<Vec<u8>>) -> Self {
        Self { row: row.into(), columns: Vec::new(), before: None }
    }

    /// Only this column (`family:qualifier`), and others that are named.
    pub fn column(mut self, column: impl Into<Vec<u8>>) -> Self {
        self.columns.push(column.into());
        self
    }

    /// Only these columns (`family:qualifier`) or families (`family`), and others that are named.
    pub fn columns<C: Into<Vec<u8>>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.columns.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Only the columns of this family, and others that are named.
    pub fn family(self, family: impl Into<Vec<u8>>) -> Self {
        self.column(family)
    }

    /// Only versions older than this time in milliseconds since 1970; the time itself is excluded,
    /// as in HBase's `Get.setTimeRange`.
    pub fn before_timestamp(mut self, timestamp: i64) -> Self {
        self.before = Some(timestamp);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_row(&self.row)?;
        self.columns.iter().try_for_each(|column| check_column_or_family(column))
    }
}
