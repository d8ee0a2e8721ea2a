//! The crate's error: what was refused or failed, and what of it is in HBase nevertheless.
//!
//! A leaf: the store makes errors, nothing is needed to make one. What went wrong between here
//! and the server is left to the generic client's error, which is kept as the source.

use std::{error::Error as StdError, fmt};

use hbase_thrift_client::Outcome;

use crate::{flight::may_heal, metadata::MetadataError};

/// The result of every call on a [`CrashStore`](crate::CrashStore).
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms that a program can decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// HBase refused, failed, or could not be reached; see [`Error::hbase`].
    HBase,
    /// The dump has no bytes: there is nothing a processor could read.
    EmptyDump,
    /// A cell or a request would be larger than the gateway takes.
    TooLarge,
    /// Metadata can't be stored; the source names the field.
    InvalidMetadata,
    /// There is no such crash, and the call makes sense only for one.
    NoSuchCrash,
    /// What is stored as JSON isn't; [`Error::stored_bytes`] has it.
    MalformedJson,
    /// What is stored as a counter isn't.
    MalformedCounter,
    /// An index row that names no crash, or not the one of its key.
    MalformedIndex,
    /// The crash's row has only one of metadata and dump.
    IncompleteCrash,
    /// A file could not be read or written.
    File,
    /// A table exists, but lacks column families of the schema.
    SchemaMismatch,
}

/// How far a submission got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stored {
    /// Nothing was written.
    Nothing,
    /// Perhaps the crash itself; no index and no queue names it.
    PerhapsTheCrash,
    /// The crash itself; index and queue rows perhaps, counters not.
    TheCrash,
    /// The crash with its index and queue rows; the counters perhaps not.
    AllButTheCounters,
    /// Everything, but the crash is still marked as uncounted: the one case where making the
    /// submission again counts the crash twice.
    AllButTheMark,
}

/// Why a call failed.
///
/// [`kind`](Self::kind) says what went wrong, [`stored`](Self::stored) how far a submission got,
/// [`is_retryable`](Self::is_retryable) whether to make the same call again. `Display` is one line;
/// the cause is in [`source`](StdError::source) and never repeated in it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    stored: Stored,
    stored_bytes: Option<Vec<u8>>,
    source: Option<Source>,
}

enum Source {
    HBase(hbase_thrift_client::Error),
    Json(serde_json::Error),
    Text(std::str::Utf8Error),
    File(std::io::Error),
    Metadata(MetadataError),
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// How far a submission got. [`Stored::Nothing`] for every other call.
    pub fn stored(&self) -> Stored {
        self.0.stored
    }

    /// What is known about the effect of the call as a whole.
    ///
    /// [`Outcome::Unknown`] where a submission stopped halfway; [`stored`](Self::stored) is finer.
    pub fn outcome(&self) -> Outcome {
        match (self.0.stored, self.hbase()) {
            (Stored::Nothing, Some(hbase)) => hbase.outcome(),
            (Stored::Nothing, None) => Outcome::NotApplied,
            _ => Outcome::Unknown,
        }
    }

    /// Whether the same call may be made again without harm and has a chance to succeed then.
    ///
    /// A submission that stopped halfway can be: it goes on where it stopped, and counts nothing
    /// twice.
    pub fn is_retryable(&self) -> bool {
        match self.0.stored {
            Stored::Nothing => self.hbase().is_some_and(hbase_thrift_client::Error::is_retryable),
            Stored::AllButTheMark => false,
            _ => self.hbase().is_some_and(may_heal),
        }
    }

    /// The generic client's error, where HBase is to blame.
    pub fn hbase(&self) -> Option<&hbase_thrift_client::Error> {
        match &self.0.source {
            Some(Source::HBase(error)) => Some(error),
            _ => None,
        }
    }

    /// The bytes that stand where JSON should, for [`ErrorKind::MalformedJson`].
    pub fn stored_bytes(&self) -> Option<&[u8]> {
        self.0.stored_bytes.as_deref()
    }
}

// How the store makes errors.
impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            stored: Stored::Nothing,
            stored_bytes: None,
            source: None,
        }))
    }

    pub(crate) fn from_hbase(
        message: impl Into<String>,
        source: hbase_thrift_client::Error,
    ) -> Self {
        let mut error = Self::new(ErrorKind::HBase, message);
        error.0.source = Some(Source::HBase(source));
        error
    }

    pub(crate) fn from_file(message: impl Into<String>, source: std::io::Error) -> Self {
        let mut error = Self::new(ErrorKind::File, message);
        error.0.source = Some(Source::File(source));
        error
    }

    pub(crate) fn not_json(what: &str, bytes: &[u8], source: serde_json::Error) -> Self {
        Self::malformed(format!("{what} is not JSON"), bytes, Source::Json(source))
    }

    pub(crate) fn not_text(what: &str, bytes: &[u8], source: std::str::Utf8Error) -> Self {
        Self::malformed(format!("{what} is not JSON but binary"), bytes, Source::Text(source))
    }

    pub(crate) fn with_metadata_error(mut self, source: MetadataError) -> Self {
        self.0.source = Some(Source::Metadata(source));
        self
    }

    pub(crate) fn with_stored(mut self, stored: Stored) -> Self {
        self.0.stored = stored;
        self
    }

    fn malformed(message: String, bytes: &[u8], source: Source) -> Self {
        let mut error = Self::new(ErrorKind::MalformedJson, message);
        error.0.stored_bytes = Some(bytes.to_vec());
        error.0.source = Some(source);
        error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("stored", &self.0.stored)
            .field("stored_bytes", &self.0.stored_bytes.as_ref().map(Vec::len))
            .field("source", &self.source())
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match self.0.source.as_ref()? {
            Source::HBase(error) => error,
            Source::Json(error) => error,
            Source::Text(error) => error,
            Source::File(error) => error,
            Source::Metadata(error) => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_instead_of_json_is_kept() {
        let source = serde_json::from_str::<()>("MDMP").unwrap_err();
        let error = Error::not_json("the metadata of the crash", b"MDMP", source);
        assert_eq!(error.stored_bytes(), Some(b"MDMP".as_slice()));
        assert_eq!(error.kind(), ErrorKind::MalformedJson);
    }

    #[test]
    fn display_is_one_line_without_the_cause() {
        let source = serde_json::from_str::<()>("MDMP").unwrap_err();
        let error = Error::not_json("the metadata of the crash", b"MDMP", source);
        assert_eq!(error.to_string(), "the metadata of the crash is not JSON");
        assert!(error.source().is_some());
    }

    #[test]
    fn refused_input_has_had_no_effect_and_is_not_worth_repeating() {
        let error = Error::new(ErrorKind::EmptyDump, "the dump has no bytes");
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert!(!error.is_retryable());
    }

    #[test]
    fn a_submission_that_stopped_halfway_has_an_unknown_outcome() {
        let error = Error::new(ErrorKind::HBase, "gone").with_stored(Stored::TheCrash);
        assert_eq!(error.outcome(), Outcome::Unknown);
    }
}
