//! What cells hold: numbers, text and JSON, as HBase's own tools write them.

use crate::error::{Error, Result};

/// A type that a cell's value can be read as.
///
/// Numbers are read as `org.apache.hadoop.hbase.util.Bytes` writes them: big-endian, in 2, 4 or 8
/// bytes.
///
/// ```
/// use hbase_thrift_client::{Error, FromCell, Result};
///
/// assert_eq!(<&str>::from_cell(b"N")?, "N");
/// assert_eq!(i64::from_cell(&[0, 0, 0, 0, 0, 0, 0, 5])?, 5);
/// assert!(i64::from_cell(b"5").is_err());
///
/// /// Socorro's flag for a crash that was processed.
/// struct Processed(bool);
///
/// impl FromCell<'_> for Processed {
///     fn from_cell(value: &[u8]) -> Result<Self> {
///         match value {
///             b"Y" => Ok(Self(true)),
///             b"N" => Ok(Self(false)),
///             _ => Err(Error::value("neither Y nor N")),
///         }
///     }
/// }
/// assert!(Processed::from_cell(b"Y")?.0);
/// # Ok::<(), Error>(())
/// ```
pub trait FromCell<'a>: Sized {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// [`Error::value`], which says what the value is not.
    fn from_cell(value: &'a [u8]) -> Result<Self>;
}

/// A type that can be written as a cell's value, so that [`FromCell`] reads the same again.
///
/// Numbers are written as `org.apache.hadoop.hbase.util.Bytes` writes them: big-endian, in 2, 4 or 8
/// bytes. An increment needs an `i64`.
///
/// ```
/// use hbase_thrift_client::{FromCell, Put, ToCell};
///
/// assert_eq!(5_i32.to_cell()?, [0, 0, 0, 5]);
/// assert_eq!(true.to_cell()?, [0xff]);
/// assert_eq!(f64::from_cell(&2.5_f64.to_cell()?)?, 2.5);
/// let put = Put::new("row1").column("f:visits", 5_i64.to_cell()?);
/// # let _ = put;
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub trait ToCell {
    /// Returns the value's bytes.
    ///
    /// # Errors
    ///
    /// [`Error::value`] for a value that has no such form, such as a `u64` over [`i64::MAX`].
    fn to_cell(&self) -> Result<Vec<u8>>;
}

impl<'a> FromCell<'a> for &'a [u8] {
    fn from_cell(value: &'a [u8]) -> Result<Self> {
        Ok(value)
    }
}

impl<'a> FromCell<'a> for &'a str {
    fn from_cell(value: &'a [u8]) -> Result<Self> {
        std::str::from_utf8(value)
            .map_err(|error| Error::value("not UTF-8 text").with_source(error))
    }
}

impl FromCell<'_> for Vec<u8> {
    fn from_cell(value: &[u8]) -> Result<Self> {
        Ok(value.to_vec())
    }
}

impl FromCell<'_> for String {
    fn from_cell(value: &[u8]) -> Result<Self> {
        <&str>::from_cell(value).map(str::to_owned)
    }
}

impl ToCell for [u8] {
    fn to_cell(&self) -> Result<Vec<u8>> {
        Ok(self.to_vec())
    }
}

impl<const N: usize> ToCell for [u8; N] {
    fn to_cell(&self) -> Result<Vec<u8>> {
        Ok(self.to_vec())
    }
}

impl ToCell for Vec<u8> {
    fn to_cell(&self) -> Result<Vec<u8>> {
        Ok(self.clone())
    }
}

impl ToCell for str {
    fn to_cell(&self) -> Result<Vec<u8>> {
        Ok(self.into())
    }
}

impl ToCell for String {
    fn to_cell(&self) -> Result<Vec<u8>> {
        self.as_str().to_cell()
    }
}

impl<T: ToCell + ?Sized> ToCell for &T {
    fn to_cell(&self) -> Result<Vec<u8>> {
        T::to_cell(self)
    }
}

macro_rules! numbers {
    ($($number:ty, $expected:literal;)+) => {$(
        impl FromCell<'_> for $number {
            fn from_cell(value: &[u8]) -> Result<Self> {
                let bytes = value.try_into().map_err(|_| Error::value($expected))?;
                Ok(Self::from_be_bytes(bytes))
            }
        }

        impl ToCell for $number {
            fn to_cell(&self) -> Result<Vec<u8>> {
                Ok(self.to_be_bytes().to_vec())
            }
        }
    )+};
}

numbers! {
    i16, "not a number of 2 bytes";
    i32, "not a number of 4 bytes";
    i64, "not a number of 8 bytes, as counters are";
    f32, "not a number of 4 bytes";
    f64, "not a number of 8 bytes";
}

/// A long that isn't negative.
impl FromCell<'_> for u64 {
    fn from_cell(value: &[u8]) -> Result<Self> {
        let number = i64::from_cell(value)?;
        number.try_into().map_err(|_| Error::value(format!("{number}, which is negative")))
    }
}

/// A long: HBase has no number over [`i64::MAX`].
impl ToCell for u64 {
    fn to_cell(&self) -> Result<Vec<u8>> {
        let number = i64::try_from(*self);
        number
            .map_err(|_| Error::value(format!("{self} is over what 8 bytes hold in HBase")))?
            .to_cell()
    }
}

/// One byte: 0 is false, anything else true, as `Bytes.toBoolean` reads it.
impl FromCell<'_> for bool {
    fn from_cell(value: &[u8]) -> Result<Self> {
        match value {
            [byte] => Ok(*byte != 0),
            _ => Err(Error::value("not a boolean of 1 byte")),
        }
    }
}

/// One byte: `0xff` is true, as `Bytes.toBytes` writes it.
impl ToCell for bool {
    fn to_cell(&self) -> Result<Vec<u8>> {
        Ok(vec![if *self { 0xff } else { 0 }])
    }
}

/// A cell's JSON, read and written through serde (feature `json`).
///
/// ```
/// use hbase_thrift_client::{FromCell, Json, ToCell};
///
/// let Json(pair) = Json::<(u32, &str)>::from_cell(br#"[1, "one"]"#)?;
/// assert_eq!(pair, (1, "one"));
/// assert_eq!(Json(pair).to_cell()?, br#"[1,"one"]"#);
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(
    /// What the JSON says.
    pub T,
);

#[cfg(feature = "json")]
impl<'a, T: serde::Deserialize<'a>> FromCell<'a> for Json<T> {
    fn from_cell(value: &'a [u8]) -> Result<Self> {
        let read = serde_json::from_slice(value).map(Self);
        read.map_err(|error| Error::value("not the expected JSON").with_source(error))
    }
}

#[cfg(feature = "json")]
impl<T: serde::Serialize> ToCell for Json<T> {
    fn to_cell(&self) -> Result<Vec<u8>> {
        let written = serde_json::to_vec(&self.0);
        written.map_err(|error| Error::value("the value has no form in JSON").with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;

    use super::*;

    fn read_back<T: ToCell + for<'a> FromCell<'a> + PartialEq + Debug>(value: T, bytes: usize) {
        let cell = value.to_cell().unwrap();
        assert_eq!(cell.len(), bytes);
        assert_eq!(T::from_cell(&cell).unwrap(), value);
        assert!(T::from_cell(&[cell, vec![0]].concat()).is_err());
        assert!(T::from_cell(b"").is_err());
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(number: i64, unsigned in 0..=i64::MAX.cast_unsigned()) {
            read_back(number as i16, 2);
            read_back(number as i32, 4);
            read_back(number, 8);
            read_back(f32::from(number as i16), 4);
            read_back(f64::from(number as i32), 8);
            read_back(unsigned, 8);
        }

        #[test]
        fn bytes_and_text_are_what_they_are(bytes: Vec<u8>, text: String) {
            prop_assert_eq!(bytes.to_cell().unwrap(), bytes.clone());
            prop_assert_eq!(text.to_cell().unwrap(), text.as_bytes());
            prop_assert_eq!(String::from_cell(text.as_bytes()).unwrap(), text);
        }
    }

    /// From `org.apache.hadoop.hbase.util.Bytes` of HBase 2.6.1.
    #[test]
    fn numbers_have_the_bytes_of_hbases_own() {
        assert_eq!((-2_i16).to_cell().unwrap(), [0xff, 0xfe]);
        assert_eq!(1.5_f32.to_cell().unwrap(), [0x3f, 0xc0, 0, 0]);
        assert_eq!((-1.5_f64).to_cell().unwrap(), [0xbf, 0xf8, 0, 0, 0, 0, 0, 0]);
        read_back(true, 1);
        read_back(false, 1);
        assert!(bool::from_cell(&[1]).unwrap());
    }

    #[test]
    fn what_has_no_place_in_a_long_is_neither_read_nor_written() {
        assert!(u64::MAX.to_cell().is_err());
        assert!(u64::from_cell(&(-1_i64).to_cell().unwrap()).is_err());
    }
}
