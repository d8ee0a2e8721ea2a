//! Reading cells and rows as what they mean.

use super::Row;
use crate::error::{Error, ErrorKind, Result};

/// A type that a cell's value can be read as.
///
/// ```
/// use hbase_thrift_client::FromCell;
///
/// assert_eq!(<&str>::from_cell(b"N"), Ok("N"));
/// assert_eq!(i64::from_cell(&[0, 0, 0, 0, 0, 0, 0, 5]), Ok(5));
/// assert!(i64::from_cell(b"5").is_err());
/// ```
pub trait FromCell<'a>: Sized {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// What the value would have to be.
    fn from_cell(value: &'a [u8]) -> std::result::Result<Self, &'static str>;
}

impl<'a> FromCell<'a> for &'a [u8] {
    fn from_cell(value: &'a [u8]) -> std::result::Result<Self, &'static str> {
        Ok(value)
    }
}

impl<'a> FromCell<'a> for &'a str {
    fn from_cell(value: &'a [u8]) -> std::result::Result<Self, &'static str> {
        std::str::from_utf8(value).map_err(|_| "UTF-8 text")
    }
}

impl FromCell<'_> for Vec<u8> {
    fn from_cell(value: &[u8]) -> std::result::Result<Self, &'static str> {
        Ok(value.to_vec())
    }
}

impl FromCell<'_> for String {
    fn from_cell(value: &[u8]) -> std::result::Result<Self, &'static str> {
        <&str>::from_cell(value).map(str::to_owned)
    }
}

/// A counter, as HBase's increments keep it: 8 bytes, big-endian.
impl FromCell<'_> for i64 {
    fn from_cell(value: &[u8]) -> std::result::Result<Self, &'static str> {
        value.try_into().map(Self::from_be_bytes).map_err(|_| COUNTER)
    }
}

/// A counter that can't be negative.
impl FromCell<'_> for u64 {
    fn from_cell(value: &[u8]) -> std::result::Result<Self, &'static str> {
        i64::from_cell(value)?.try_into().map_err(|_| "a counter that is not negative")
    }
}

const COUNTER: &str = "a counter of 8 bytes";

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
    /// [`ErrorKind::Value`] where a cell is missing or is not what it is read as.
    fn from_row(row: &Row) -> Result<Self>;
}

impl Row {
    /// Reads a column as a type; `None` where the row was read without it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where the value is not of that type.
    pub fn try_get<'a, T: FromCell<'a>>(&'a self, column: impl AsRef<[u8]>) -> Result<Option<T>> {
        let column = column.as_ref();
        let Some(value) = self.get(column) else { return Ok(None) };
        T::from_cell(value).map(Some).map_err(|expected| self.no_such_value(column, expected))
    }

    /// As [`try_get`](Self::try_get), for a column that has to be there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where it is missing too.
    pub fn required<'a, T: FromCell<'a>>(&'a self, column: impl AsRef<[u8]>) -> Result<T> {
        let column = column.as_ref();
        self.try_get(column)?.ok_or_else(|| {
            let (key, column) = (self.key().escape_ascii(), column.escape_ascii());
            Error::new(ErrorKind::Value, format!("the row `{key}` has no column `{column}`"))
        })
    }

    /// Reads a column's JSON (feature `json`); `None` where the row was read without it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where it is not JSON, or not of that type.
    #[cfg(feature = "json")]
    pub fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: impl AsRef<[u8]>,
    ) -> Result<Option<T>> {
        let column = column.as_ref();
        let Some(value) = self.get(column) else { return Ok(None) };
        serde_json::from_slice(value)
            .map(Some)
            .map_err(|error| self.no_such_value(column, "the expected JSON").with_source(error))
    }

    /// Reads the row as a type of the caller's.
    ///
    /// # Errors
    ///
    /// Those of its [`FromRow`].
    pub fn read_as<T: FromRow>(&self) -> Result<T> {
        T::from_row(self)
    }

    fn no_such_value(&self, column: &[u8], expected: &str) -> Error {
        let (key, column) = (self.key().escape_ascii(), column.escape_ascii());
        let message = format!("the value of `{column}` in the row `{key}` is not {expected}");
        Error::new(ErrorKind::Value, message)
    }
}
