//! What a channel knows of a failure beyond the kinds of `io::Error`: an HTTP status, a certificate.

use std::error::Error as StdError;
use std::io;

use crate::error::{Error, ErrorKind, Outcome};

/// Why the other side, or TLS in its name, would not go on. Travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    /// What is known of the request that was refused.
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Refusal {
    /// A refusal of what was not carried out. Plain TCP never refuses.
    #[cfg(any(feature = "tls", feature = "http"))]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, outcome: Outcome::NotApplied, message: message.into(), source: None }
    }

    /// The crate's error for it.
    pub(crate) fn into_error(self) -> Error {
        let error = Error::new(self.kind, self.message).with_outcome(self.outcome);
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
