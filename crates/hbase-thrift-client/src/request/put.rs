//! Writing cells of one row.

use std::time::Duration;

use super::{Attributes, Durability, check_cell_column, check_cell_size, check_row};
use crate::error::{Error, Result};

/// Writes cells of one row, all of them or none.
///
/// ```
/// use hbase_thrift_client::Put;
///
/// let put = Put::new("row1").column("flags:processed", "N").column("raw_data:dump", vec![0; 9]);
/// assert_eq!(put.get_columns().next(), Some((&b"flags:processed"[..], &b"N"[..])));
/// ```
///
/// ```
/// use std::time::Duration;
/// use hbase_thrift_client::{Durability, Put};
///
/// let put = Put::new("row1")
///     .column("flags:processed", "N")
///     .timestamp(1_336_510_250_000)
///     .time_to_live(Duration::from_secs(86_400))
///     .visibility("staff & !guest")
///     .durability(Durability::SkipWal)
///     .attribute("origin", "collector-7");
/// // What was asked for can be read back, to be written down and made again: a time to live and a
/// // visibility are attributes, too.
/// assert_eq!(put.get_row(), b"row1");
/// assert_eq!(put.get_timestamp(), Some(1_336_510_250_000));
/// assert_eq!(put.get_time_to_live(), Some(Duration::from_secs(86_400)));
/// assert_eq!(put.get_visibility(), Some("staff & !guest"));
/// assert_eq!(put.get_durability(), Durability::SkipWal);
/// assert_eq!(put.get_attributes().count(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    pub(crate) row: Vec<u8>,
    pub(crate) cells: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) durability: Durability,
    pub(crate) attributes: Attributes,
}

impl Put {
    /// A put on the row with this key; name at least one [`column`](Self::column).
    pub fn new(row: impl Into<Vec<u8>>) -> Self {
        Self {
            row: row.into(),
            cells: Vec::new(),
            timestamp: None,
            durability: Durability::default(),
            attributes: Attributes::default(),
        }
    }

    /// Sets a column (`family:qualifier`, the qualifier may be empty) to a value.
    pub fn column(mut self, column: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.cells.push((column.into(), value.into()));
        self
    }

    /// Sets columns (`family:qualifier`) to values.
    ///
    /// ```
    /// use hbase_thrift_client::Put;
    ///
    /// let put = Put::new("row1").columns([("f:a", "1"), ("f:b", "2")]);
    /// assert_eq!(put.get_columns().len(), 2);
    /// ```
    pub fn columns<C: Into<Vec<u8>>, V: Into<Vec<u8>>>(
        mut self,
        columns: impl IntoIterator<Item = (C, V)>,
    ) -> Self {
        self.cells.extend(columns.into_iter().map(|(column, value)| (column.into(), value.into())));
        self
    }

    /// The time of the new versions in milliseconds since 1970, instead of the server's time.
    pub fn timestamp(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// After which time these versions vanish (cell TTL); the family's own time to live still
    /// holds.
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.attributes.set_time_to_live(time_to_live);
        self
    }

    /// Who may see these versions, as an expression over labels. Takes effect only where the server
    /// runs the `VisibilityController`; there a label that is not defined is refused (tried on HBase
    /// 2.6.1), elsewhere the expression is ignored.
    pub fn visibility(mut self, expression: &str) -> Self {
        self.attributes.set_visibility(expression);
        self
    }

    /// How safe the write is before it is acknowledged; it is in the server's log, if nothing is said.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets an attribute that HBase's coprocessors may look at (`Operation.setAttribute`).
    pub fn attribute(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.attributes.set(name, value);
        self
    }

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    /// Returns the columns with their values, in the order in which they were set.
    pub fn get_columns(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.cells.iter().map(|(column, value)| (column.as_slice(), value.as_slice()))
    }

    /// Returns the time of the new versions; `None` for the server's time.
    pub fn get_timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    /// Returns after which time the versions vanish, in whole milliseconds.
    pub fn get_time_to_live(&self) -> Option<Duration> {
        self.attributes.time_to_live()
    }

    /// Returns the expression that says who may see the versions.
    pub fn get_visibility(&self) -> Option<&str> {
        self.attributes.visibility()
    }

    /// Returns how safe the write is before it is acknowledged.
    pub fn get_durability(&self) -> Durability {
        self.durability
    }

    /// Returns the attributes that were set, those of a time to live and a visibility included.
    pub fn get_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.attributes.iter()
    }

    /// Returns how many bytes its columns and values have.
    #[inline]
    pub(crate) fn check(&self, max_cell_size: usize) -> Result<usize> {
        check_row(&self.row)?;
        if self.cells.is_empty() {
            return Err(Error::invalid("the put names no column"));
        }
        self.cells.iter().try_fold(0, |bytes, (column, value)| {
            check_cell_column(column)?;
            check_cell_size(&self.row, column, value, max_cell_size)?;
            Ok(bytes + column.len() + value.len())
        })
    }
}
