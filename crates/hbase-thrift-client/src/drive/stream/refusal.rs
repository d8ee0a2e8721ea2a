//! What a stream knows of a failure beyond the kinds of `io::Error`: mostly, a certificate.

use std::error::Error as StdError;
use std::io;

use crate::error::{Error, ErrorKind};

/// Why the other side, or TLS in its name, would not go on. Travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Refusal {
    /// The crate's error for a connection that could not be opened.
    pub(crate) fn into_error(self) -> Error {
        let error = Error::new(self.kind, self.message);
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::other(refusal)
    }
}
