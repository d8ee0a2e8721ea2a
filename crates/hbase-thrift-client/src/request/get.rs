//! Reading rows.

use super::{Attributes, TimeRange, check_column_or_family, check_row};
use crate::error::{Error, Result};

/// What a read takes of a row: columns, and which versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) columns: Vec<Vec<u8>>,
    pub(crate) times: TimeRange,
    /// If not one.
    pub(crate) max_versions: Option<u32>,
    pub(crate) attributes: Attributes,
}

impl Selection {
    pub(crate) fn check(&self) -> Result<()> {
        self.times.check()?;
        self.max_versions.map_or(Ok(()), check_versions)?;
        self.columns.iter().try_for_each(|column| check_column_or_family(column))
    }
}

fn check_versions(versions: u32) -> Result<()> {
    if versions == 0 || i32::try_from(versions).is_err() {
        return Err(Error::invalid("at least 1 and less than 2^31 versions can be asked for"));
    }
    Ok(())
}

/// Which cells of a family in a row a get returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StorePage {
    pub(crate) limit: Option<u32>,
    pub(crate) offset: u32,
}

impl StorePage {
    pub(crate) fn is_all(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn check(self) -> Result<()> {
        let is_too_large = |number| i32::try_from(number).is_err();
        if self.limit == Some(0)
            || self.limit.is_some_and(is_too_large)
            || is_too_large(self.offset)
        {
            return Err(Error::invalid(
                "a get can be limited to at least 1 and less than 2^31 cells of a family, and skip \
                 less than 2^31",
            ));
        }
        Ok(())
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

        /// Only versions whose time is in this range. A lower bound needs a Thrift 2 gateway.
        pub fn time_range(mut self, times: TimeRange) -> Self {
            self.selection.times = times;
            self
        }

        /// Up to this many versions of each cell, newest first; one, if nothing is said. The family
        /// keeps no more than its own maximum. More than one needs a Thrift 2 gateway; over Thrift 1
        /// there is [`Table::get_versions`](crate::Table::get_versions).
        pub fn max_versions(mut self, versions: u32) -> Self {
            self.selection.max_versions = (versions != 1).then_some(versions);
            self
        }

        /// Reads as somebody with these labels: the other cells that have a visibility are left out.
        /// Takes effect only where the server runs the `VisibilityController`, and no more than the
        /// labels that the gateway's user has.
        pub fn authorizations<L: AsRef<str>>(
            mut self,
            labels: impl IntoIterator<Item = L>,
        ) -> Self {
            self.selection.attributes.set_authorizations(labels);
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

        /// Returns the times of which versions are read.
        pub fn get_time_range(&self) -> TimeRange {
            self.selection.times
        }

        /// Returns how many versions of a cell are read at most.
        pub fn get_max_versions(&self) -> u32 {
            self.selection.max_versions.unwrap_or(1)
        }

        /// Returns the labels that are read with, if any were set.
        pub fn get_authorizations(&self) -> Option<Vec<&str>> {
            self.selection.attributes.authorizations()
        }

        /// Returns the attributes that were set, that of the authorizations included.
        pub fn get_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
            self.selection.attributes.iter()
        }
    };
}
pub(crate) use selection_methods;

/// The methods of requests for rows by their keys.
macro_rules! store_page_methods {
    () => {
        /// At most this many cells of each family in a row, versions counted singly
        /// (`Get.setMaxResultsPerColumnFamily`). Needs a Thrift 2 gateway.
        #[doc(alias = "setMaxResultsPerColumnFamily")]
        pub fn store_limit(mut self, cells: u32) -> Self {
            self.page.limit = Some(cells);
            self
        }

        /// Without the first cells of each family in a row, versions counted singly
        /// (`Get.setRowOffsetPerColumnFamily`). Needs a Thrift 2 gateway.
        #[doc(alias = "setRowOffsetPerColumnFamily")]
        pub fn store_offset(mut self, cells: u32) -> Self {
            self.page.offset = cells;
            self
        }

        /// Returns how many cells of a family are read at most.
        pub fn get_store_limit(&self) -> Option<u32> {
            self.page.limit
        }

        /// Returns how many cells of a family are skipped.
        pub fn get_store_offset(&self) -> u32 {
            self.page.offset
        }
    };
}

/// Reads a row, or some of its columns; the newest version of each, if nothing else is said.
///
/// ```
/// use hbase_thrift_client::Get;
///
/// let get = Get::new("row1").column("meta_data:json").family("flags");
/// assert_eq!(get.get_columns().collect::<Vec<_>>(), [&b"meta_data:json"[..], b"flags"]);
/// ```
///
/// ```
/// use hbase_thrift_client::{Get, TimeRange};
///
/// // What was asked for can be read back, to be written down and made again.
/// let get = Get::new("row1")
///     .columns(["ids:ooid", "flags:processed"])
///     .time_range(TimeRange::until(1_336_510_250_000))
///     .authorizations(["staff"])
///     .attribute("origin", "report");
/// assert_eq!(get.get_row(), b"row1");
/// assert_eq!(get.get_columns().len(), 2);
/// assert_eq!(get.get_time_range().max(), 1_336_510_250_000);
/// assert_eq!(get.get_authorizations(), Some(vec!["staff"]));
/// // The authorizations are an attribute, too.
/// assert_eq!(get.get_attributes().count(), 2);
/// ```
///
/// Thrift 2 reads several versions, and a page of a wide row.
///
/// ```
/// use hbase_thrift_client::Get;
///
/// let get = Get::new("row1").family("log").max_versions(3).store_offset(100).store_limit(50);
/// assert_eq!((get.get_max_versions(), get.get_store_limit()), (3, Some(50)));
/// assert_eq!(get.get_store_offset(), 100);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Get {
    pub(crate) row: Vec<u8>,
    pub(crate) selection: Selection,
    pub(crate) page: StorePage,
}

impl Get {
    /// The whole row with this key.
    pub fn new(row: impl Into<Vec<u8>>) -> Self {
        Self { row: row.into(), selection: Selection::default(), page: StorePage::default() }
    }

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    selection_methods!();
    store_page_methods!();

    pub(crate) fn check(&self) -> Result<()> {
        self.page.check()?;
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
/// assert_eq!((get.get_rows().len(), get.get_store_offset()), (2, 0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetRows {
    pub(crate) rows: Vec<Vec<u8>>,
    pub(crate) selection: Selection,
    pub(crate) page: StorePage,
}

impl GetRows {
    /// The whole rows with these keys.
    pub fn new<K: Into<Vec<u8>>>(rows: impl IntoIterator<Item = K>) -> Self {
        let rows = rows.into_iter().map(Into::into).collect();
        Self { rows, selection: Selection::default(), page: StorePage::default() }
    }

    /// The same of no rows.
    pub(crate) fn without_rows(&self) -> Self {
        Self { rows: Vec::new(), selection: self.selection.clone(), page: self.page }
    }

    /// Returns the keys of the rows, in the order in which they were named.
    pub fn get_rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.rows.iter().map(Vec::as_slice)
    }

    selection_methods!();
    store_page_methods!();

    pub(crate) fn check(&self) -> Result<()> {
        self.page.check()?;
        self.rows.iter().try_for_each(|row| check_row(row))?;
        self.selection.check()
    }
}

/// Reads several versions of one column, or of a family's columns.
///
/// ```
/// use hbase_thrift_client::{GetVersions, TimeRange};
///
/// let before = TimeRange::until(1_336_510_250_000);
/// let get = GetVersions::new("row1", "processor_state:x", 5).time_range(before);
/// assert_eq!(get.get_max_versions(), 5);
/// ```
///
/// ```
/// use hbase_thrift_client::{GetVersions, TimeRange};
///
/// let get = GetVersions::new("row1", "processor_state:x", 5).attribute("origin", "report");
/// assert_eq!((get.get_row(), get.get_column()), (&b"row1"[..], &b"processor_state:x"[..]));
/// assert_eq!(get.get_time_range(), TimeRange::default());
/// assert_eq!(get.get_attributes().count(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetVersions {
    pub(crate) row: Vec<u8>,
    pub(crate) column: Vec<u8>,
    pub(crate) max_versions: u32,
    pub(crate) times: TimeRange,
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
            times: TimeRange::default(),
            attributes: Attributes::default(),
        }
    }

    /// Only versions whose time is in this range. A lower bound needs a Thrift 2 gateway.
    pub fn time_range(mut self, times: TimeRange) -> Self {
        self.times = times;
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

    /// Returns the times of which versions are read.
    pub fn get_time_range(&self) -> TimeRange {
        self.times
    }

    /// Returns the attributes that were set.
    pub fn get_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.attributes.iter()
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_row(&self.row)?;
        check_column_or_family(&self.column)?;
        self.times.check()?;
        check_versions(self.max_versions)
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
