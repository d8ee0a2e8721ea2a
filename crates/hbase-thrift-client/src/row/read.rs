//! Reading rows as what they mean.

use super::{FromCell, Row};
use crate::error::{Error, Result};

/// A type that a whole row can be read as.
///
/// ```
/// use hbase_thrift_client::{FromRow, Result, Row};
///
/// struct Crash {
///     ooid: String,
///     processed: bool,
/// }
///
/// impl FromRow for Crash {
///     fn from_row(row: &Row) -> Result<Self> {
///         Ok(Self {
///             ooid: row.required("ids:ooid")?,
///             processed: row.try_get("flags:processed")? == Some("Y"),
///         })
///     }
/// }
/// ```
pub trait FromRow: Sized {
    /// Reads the row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) if a cell is missing or isn't what it is read as;
    /// [`Error::value`] makes one.
    fn from_row(row: &Row) -> Result<Self>;
}

impl Row {
    /// Reads a column as a type; `None` where the row was read without it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) if the value is not of that type.
    pub fn try_get<'a, T: FromCell<'a>>(&'a self, column: impl AsRef<[u8]>) -> Result<Option<T>> {
        let column = column.as_ref();
        let Some(value) = self.get(column) else { return Ok(None) };
        T::from_cell(value).map(Some).map_err(|error| error.in_cell(self.key(), column))
    }

    /// As [`try_get`](Self::try_get), for a column that has to be there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) if it is missing too.
    pub fn required<'a, T: FromCell<'a>>(&'a self, column: impl AsRef<[u8]>) -> Result<T> {
        let column = column.as_ref();
        self.try_get(column)?.ok_or_else(|| {
            let (key, column) = (self.key().escape_ascii(), column.escape_ascii());
            Error::value(format!("the row `{key}` has no column `{column}`"))
        })
    }

    /// Reads the row as a type of the caller's.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{FromRow, Get, Result, Row};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// struct State(bool);
    ///
    /// impl FromRow for State {
    ///     fn from_row(row: &Row) -> Result<Self> {
    ///         row.required("flags:processed").map(|state: &str| Self(state == "Y"))
    ///     }
    /// }
    ///
    /// let row = client.table("crashes").get(&Get::new("row1"))?;
    /// let state = row.map(|row| row.read_as::<State>()).transpose()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of its [`FromRow`].
    pub fn read_as<T: FromRow>(&self) -> Result<T> {
        T::from_row(self)
    }
}
