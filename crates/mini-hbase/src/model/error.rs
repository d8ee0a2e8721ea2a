//! What can go wrong between a call and the disk, in HBase's terms.
//!
//! The exceptions' classes and first lines are left to `exceptions`.

use std::fmt;

use crate::budget::Exhausted;

/// Why the store didn't do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the table {0} doesn't exist")]
    TableNotFound(String),
    #[error("the table {0} exists already")]
    TableExists(String),
    #[error("the namespace {0} doesn't exist")]
    NamespaceNotFound(String),
    #[error("the table {0} is disabled")]
    TableNotEnabled(String),
    #[error("the table {0} is not disabled")]
    TableNotDisabled(String),
    #[error("the table {table} has no family {family}")]
    NoSuchFamily { table: String, family: String },
    /// HBase throws an `IllegalArgumentException`.
    #[error("{0}")]
    Illegal(String),
    /// HBase throws a `DoNotRetryIOException`.
    #[error("{0}")]
    DoNotRetry(String),
    /// The same, by HBase's client in the gateway.
    #[error("{0}")]
    Refused(String),
    /// A server of HBase throws this.
    #[error("{text}")]
    Remote { class: &'static str, text: String },
    /// HBase throws a plain `IOException`.
    #[error("{0}")]
    Io(String),
    #[error("Cell with size {size} exceeds limit of {max} bytes")]
    CellTooLarge { size: usize, max: usize },
    /// Some rows of a batch failed; others may be written.
    #[error("{count} rows of a batch failed: {first}")]
    Partly { count: usize, first: Box<Error> },
    #[error("{0}")]
    NoMemory(Exhausted),
    #[error("the store is damaged: {0} can't be read")]
    Damaged(&'static str),
    #[error("the storage failed: {}", cause(.0))]
    Storage(#[from] fjall::Error),
    /// A full disk, say. No later write is taken either: the storage can't know what of this one
    /// reached the disk.
    #[error(
        "the store can't be written ({0}) and takes no more: make room on its disk, then open it again"
    )]
    Unwritable(String),
}

impl Error {
    /// What a call fails with that would go on for long.
    pub(super) fn stopping() -> Self {
        Self::Io("the server is being stopped".to_owned())
    }

    /// What a call fails with that found its table before it was altered.
    pub(super) fn replaced(table: &str) -> Self {
        Self::Io(format!("the table {table} was altered meanwhile; retry"))
    }

    /// The failure of some rows of a batch, if HBase reports it with the rows.
    pub(crate) fn of_batch(self, count: usize) -> Self {
        match self {
            first @ (Self::TableNotFound(_)
            | Self::TableNotEnabled(_)
            | Self::NoSuchFamily { .. }
            | Self::CellTooLarge { .. }) => Self::Partly { count, first: Box::new(first) },
            other => other,
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What the system said, without the storage's wrappings.
pub(super) fn cause(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
            error.to_string()
        }
        other => other.to_string(),
    }
}

/// Bytes as HBase's messages show them (`Bytes.toStringBinary`).
pub(crate) fn show(bytes: &[u8]) -> impl fmt::Display + '_ {
    Shown(bytes)
}

struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0 {
            match byte {
                b'\\' => f.write_str("\\x5C")?,
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02X}")?,
            }
        }
        Ok(())
    }
}
