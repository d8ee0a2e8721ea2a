//! Deleting a row or some of its columns.

use super::{Attributes, Durability, check_cell_column, check_column_or_family, check_row};
use crate::error::{Error, Result};

/// Deletes a row, or some of its columns, with all their versions; or single versions.
///
/// Deleting what is not there is no error. The delete hides versions up to its time; one written
/// later with an older timestamp stays hidden until the region's next major compaction.
///
/// ```
/// use hbase_thrift_client::Delete;
///
/// let whole_row = Delete::row("row1");
/// let some_columns = Delete::row("row1").column("flags:processed").family("ids");
/// assert_eq!((whole_row.get_columns().len(), some_columns.get_columns().len()), (0, 2));
/// ```
///
/// ```
/// use hbase_thrift_client::{Delete, Durability};
///
/// let delete = Delete::row("row1")
///     .columns(["flags:processed", "ids"])
///     .up_to_timestamp(1_336_510_250_000)
///     .durability(Durability::SkipWal)
///     .attribute("origin", "collector-7");
/// // What was asked for can be read back, to be written down and made again.
/// assert_eq!((delete.get_row(), delete.get_columns().len()), (&b"row1"[..], 2));
/// assert_eq!(delete.get_up_to_timestamp(), Some(1_336_510_250_000));
/// assert_eq!(delete.get_durability(), Durability::SkipWal);
/// assert_eq!(delete.get_attributes().next(), Some((&b"origin"[..], &b"collector-7"[..])));
/// ```
///
/// Single versions are for Thrift 2 alone; what is older or newer stays.
///
/// ```
/// use hbase_thrift_client::Delete;
///
/// let delete = Delete::row("row1")
///     .version("flags:processed", 1_336_510_250_000)
///     .newest_version("flags:state")
///     .family_version("ids", 1_336_510_250_000);
/// assert_eq!(delete.get_versions().nth(1), Some((&b"flags:state"[..], None)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    pub(crate) row: Vec<u8>,
    pub(crate) columns: Vec<Vec<u8>>,
    /// Single versions, of columns and families; the newest where there is no time.
    pub(crate) versions: Vec<(Vec<u8>, Option<i64>)>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) durability: Durability,
    pub(crate) attributes: Attributes,
}

impl Delete {
    /// The whole row with this key, unless columns or versions are named.
    pub fn row(row: impl Into<Vec<u8>>) -> Self {
        Self {
            row: row.into(),
            columns: Vec::new(),
            versions: Vec::new(),
            timestamp: None,
            durability: Durability::default(),
            attributes: Attributes::default(),
        }
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

    /// Only this family with all its columns, and others that are named.
    pub fn family(self, family: impl Into<Vec<u8>>) -> Self {
        self.column(family)
    }

    /// Only the version of this column (`family:qualifier`) that has exactly this time, and what else
    /// is named.
    pub fn version(mut self, column: impl Into<Vec<u8>>, timestamp: i64) -> Self {
        self.versions.push((column.into(), Some(timestamp)));
        self
    }

    /// Only the newest version of this column (`family:qualifier`), so that the one before it shows;
    /// and what else is named. The server looks which one it is. A second time it is another one, so a
    /// delete whose outcome is unknown is not repeated.
    pub fn newest_version(mut self, column: impl Into<Vec<u8>>) -> Self {
        self.versions.push((column.into(), None));
        self
    }

    /// Only the versions of this family's columns that have exactly this time, and what else is named.
    pub fn family_version(self, family: impl Into<Vec<u8>>, timestamp: i64) -> Self {
        self.version(family, timestamp)
    }

    /// Only versions up to and including this time in milliseconds since 1970. Those that are named
    /// singly have times of their own.
    pub fn up_to_timestamp(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// How safe the delete is before it is acknowledged; it is in the server's log, if nothing is said.
    /// Over Thrift 1, that of a whole row always is.
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

    /// Returns the columns (`family:qualifier`) and families (`family`); none, and no
    /// versions, means the whole row.
    pub fn get_columns(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.columns.iter().map(Vec::as_slice)
    }

    /// Returns the columns (`family:qualifier`) and families (`family`) of which single versions are
    /// deleted, with the version's time, or `None` for the newest.
    pub fn get_versions(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<i64>)> {
        self.versions.iter().map(|(column, timestamp)| (column.as_slice(), *timestamp))
    }

    /// Returns the time up to which versions are deleted; `None` for the server's time.
    pub fn get_up_to_timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    /// Returns how safe the write is before it is acknowledged.
    pub fn get_durability(&self) -> Durability {
        self.durability
    }

    /// Returns the attributes that were set, those of a time to live and a visibility included.
    pub fn get_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.attributes.iter()
    }

    /// Whether it names nothing, and so deletes all of the row.
    pub(crate) fn is_whole_row(&self) -> bool {
        self.columns.is_empty() && self.versions.is_empty()
    }

    /// Whether a second one deletes more than the first.
    pub(crate) fn adds_up(&self) -> bool {
        self.versions.iter().any(|(_, timestamp)| timestamp.is_none())
    }

    /// Returns how many bytes its columns have.
    pub(crate) fn check(&self) -> Result<usize> {
        check_row(&self.row)?;
        for (column, timestamp) in &self.versions {
            match timestamp {
                Some(0..) => check_column_or_family(column)?,
                Some(_) => return Err(Error::invalid("no version has a time before 1970")),
                None => check_cell_column(column)?,
            }
        }
        self.columns.iter().try_fold(0, |bytes, column| {
            check_column_or_family(column)?;
            Ok(bytes + column.len())
        })
    }
}
