//! Reading rows.

use super::{Attributes, check_column_or_family, check_row};
use crate::error::{Error, Result};

/// What a read takes of a row: columns, and how old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) columns: Vec<Vec<u8>>,
    pub(crate) before: Option<i64>,
    pub(crate) attributes: Attributes,
}

impl Selection {
    pub(crate) fn check(&self) -> Result<()> {
        self.columns.iter().try_for_each(|column| check_column_or_family(column))
    }
}

/// The methods of every request that has a `selection`.
macro_rules! selection_methods {
    () => {
        /// Only this column (`family:qualifier`), and others that are named.
        pub fn column(mut self, column: impl Into<Vec<u8>>) -> Self {
            self.selection.columns.push(column.into());
            self
        }

        /// Only these columns (`family:qualifier`) or families (`family`), and others that are
        /// named.
        pub fn columns<C: Into<Vec<u8>>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
            self.selection.columns.extend(columns.into_iter().map(Into::into));
            self
        }

        /// Only the columns of this family, and others that are named.
        pub fn family(self, family: impl Into<Vec<u8>>) -> Self {
            self.column(family)
        }

        /// Only versions older than this time in milliseconds since 1970; the time itself is
        /// excluded, as in HBase's `setTimeRange`.
        pub fn before_timestamp(mut self, timestamp: i64) -> Self {
            self.selection.before = Some(timestamp);
            self
        }

        /// Sets an attribute that HBase's coprocessors may look at (`Operation.setAttribute`).
        pub fn attribute(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
            self.selection.attributes.set(name, value);
            self
        }

        /// Returns the columns (`family:qualifier`) and families (`family`); none means all.
        pub fn get_columns(&self) -> impl ExactSizeIterator<Item = &[u8]> {
            self.selection.columns.iter().map(Vec::as_slice)
        }

        /// Returns the time that versions have to be older than.
        pub fn get_before_timestamp(&self) -> Option<i64> {
            self.selection.before
        }

        /// Returns the attributes that were set.
        pub fn get_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
            self.selection.attributes.iter()
        }
    };
}
pub(crate) use selection_methods;

/// Reads a row, or some of its columns, in their newest versions.
///
/// ```
/// use hbase_thrift_client::Get;
///
/// let get = Get::new("row1").column("meta_data:json").family("flags");
/// assert_eq!(get.get_columns().collect::<Vec<_>>(), [&b"meta_data:json"[..], b"flags"]);
/// ```
///
/// ```
/// use hbase_thrift_client::Get;
///
/// // What was asked for can be read back, to be written down and made again.
/// let get = Get::new("row1")
///     .columns(["ids:ooid", "flags:processed"])
///     .before_timestamp(1_336_510_250_000)
///     .attribute("origin", "report");
/// assert_eq!(get.get_row(), b"row1");
/// assert_eq!(get.get_columns().len(), 2);
/// assert_eq!(get.get_before_timestamp(), Some(1_336_510_250_000));
/// assert_eq!(get.get_attributes().next(), Some((&b"origin"[..], &b"report"[..])));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Get {
    pub(crate) row: Vec<u8>,
    pub(crate) selection: Selection,
}

impl Get {
    /// The whole row with this key.
    pub fn new(row: impl Into<Vec<u8>>) -> Self {
        Self { row: row.into(), selection: Selection::default() }
    }

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    selection_methods!();

    pub(crate) fn check(&self) -> Result<()> {
        check_row(&self.row)?;
        self.selection.check()
    }
}

/// Reads several rows of a table in one call, the same columns of each.
///
/// ```
/// use hbase_thrift_client::GetRows;
///
/// let get = GetRows::new(["row1", "row2"]).column("meta_data:json");
/// assert_eq!(get.get_rows().len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetRows {
    pub(crate) rows: Vec<Vec<u8>>,
    pub(crate) selection: Selection,
}

impl GetRows {
    /// The whole rows with these keys.
    pub fn new<K: Into<Vec<u8>>>(rows: impl IntoIterator<Item = K>) -> Self {
        let rows = rows.into_iter().map(Into::into).collect();
        Self { rows, selection: Selection::default() }
    }

    /// Returns the keys of the rows, in the order in which they were named.
    pub fn get_rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.rows.iter().map(Vec::as_slice)
    }

    selection_methods!();

    pub(crate) fn check(&self) -> Result<()> {
        self.rows.iter().try_for_each(|row| check_row(row))?;
        self.selection.check()
    }
}

/// Reads several versions of one column, or of a family's columns.
///
/// ```
/// use hbase_thrift_client::GetVersions;
///
/// let get = GetVersions::new("row1", "processor_state:x", 5).before_timestamp(1_336_510_250_000);
/// assert_eq!(get.get_max_versions(), 5);
/// ```
///
/// ```
/// use hbase_thrift_client::GetVersions;
///
/// let get = GetVersions::new("row1", "processor_state:x", 5).attribute("origin", "report");
/// assert_eq!((get.get_row(), get.get_column()), (&b"row1"[..], &b"processor_state:x"[..]));
/// assert_eq!(get.get_before_timestamp(), None);
/// assert_eq!(get.get_attributes().count(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetVersions {
    pub(crate) row: Vec<u8>,
    pub(crate) column: Vec<u8>,
    pub(crate) max_versions: u32,
    pub(crate) before: Option<i64>,
    pub(crate) attributes: Attributes,
}

impl GetVersions {
    /// At most `max_versions` of a column (`family:qualifier`); the family keeps no more than its
    /// own maximum. The gateway's answer does not say to which column a version belongs, so a
    /// family (`family`) is of use only where it has one column.
    pub fn new(row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>, max_versions: u32) -> Self {
        Self {
            row: row.into(),
            column: column.into(),
            max_versions,
            before: None,
            attributes: Attributes::default(),
        }
    }

    /// Only versions older than this time in milliseconds since 1970; the time itself is excluded.
    pub fn before_timestamp(mut self, timestamp: i64) -> Self {
        self.before = Some(timestamp);
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

    /// Returns the column (`family:qualifier`) or family (`family`).
    pub fn get_column(&self) -> &[u8] {
        &self.column
    }

    /// Returns how many versions are read at most.
    pub fn get_max_versions(&self) -> u32 {
        self.max_versions
    }

    /// Returns the time that versions have to be older than.
    pub fn get_before_timestamp(&self) -> Option<i64> {
        self.before
    }

    /// Returns the attributes that were set.
    pub fn get_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.attributes.iter()
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_row(&self.row)?;
        check_column_or_family(&self.column)?;
        if self.max_versions == 0 || i32::try_from(self.max_versions).is_err() {
            return Err(Error::invalid("at least 1 and less than 2^31 versions can be asked for"));
        }
        Ok(())
    }
}

/// One version of a column.
///
/// ```no_run
/// # use hbase_thrift_client::{GetVersions, Version};
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let get = GetVersions::new("row1", "processor_state:x", 5);
/// for Version { value, timestamp, .. } in client.table("crashes").get_versions(&get)? {
///     println!("{timestamp}: {}", value.escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Version {
    /// The value.
    pub value: Vec<u8>,
    /// The version's time in milliseconds since 1970.
    pub timestamp: i64,
}
