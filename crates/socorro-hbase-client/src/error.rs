//! The crate's error: what was refused or failed, and what became of the operation.
//!
//! A leaf: the store makes errors, nothing is needed to make one. What went wrong between here
//! and the server is left to the generic client's error, which is kept as the source.

use std::{error::Error as StdError, fmt, sync::Arc};

use hbase_thrift_client::Outcome;

use crate::model::MetadataError;

/// The result of every call on a [`CrashStore`](crate::CrashStore).
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms that a program can decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// HBase refused, failed, or could not be reached; see [`Error::hbase`].
    HBase,
    /// Two dumps of a submission have one name.
    DuplicateDump,
    /// A cell or a request would be larger than the gateway takes.
    TooLarge,
    /// Metadata can't be stored; the source names the field.
    InvalidMetadata,
    /// There is no such crash, and the call makes sense only for one.
    NoSuchCrash,
    /// What is stored as JSON isn't; [`Error::stored_bytes`] has it.
    MalformedJson,
    /// The crash's row has no metadata.
    IncompleteCrash,
    /// A file could not be read or written.
    File,
    /// Files are no crash, or no archive that is read; the message says what they are.
    Input,
    /// A table exists, but lacks column families of the schema.
    SchemaMismatch,
    /// The store doesn't write with a client that is configured so.
    UnfitClient,
    /// Others changed the same entry of a queue each time that it was tried, or a removal has spared a crash
    /// of a time that the server's clock has yet to reach. Call again.
    Contended,
}

/// How much of an operation was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Written {
    /// Nothing.
    Nothing,
    /// Some of it; [`Effect::left`] is what may be missing.
    Partly,
    /// Whether anything was written is unknown.
    Unknown,
}

/// A part of what is stored of a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The crash's own row.
    Crash,
    /// The rows that find it, that of search included.
    Indexes,
    /// Its entries in the queues.
    Queues,
    /// The counters, sizes of queues included.
    Counters,
}

/// What became of an operation that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub(crate) written: Written,
    pub(crate) left: Vec<Part>,
    pub(crate) call_again: bool,
}

impl Effect {
    /// How much was written.
    pub fn written(&self) -> Written {
        self.written
    }

    /// What is left to do: the part that failed, and those that come after it.
    pub fn left(&self) -> &[Part] {
        &self.left
    }

    /// Whether the same call may be made again without harm, and has a chance to succeed then. It
    /// goes on where it stopped.
    pub fn call_again(&self) -> bool {
        self.call_again
    }
}

/// Why a call failed.
///
/// [`kind`](Self::kind) says what went wrong, [`effect`](Self::effect) what became of the operation
/// and whether to call again. `Display` is one line; the cause is in [`source`](StdError::source) and
/// never repeated in it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    effect: Effect,
    stored_bytes: Option<Vec<u8>>,
    source: Option<Source>,
}

enum Source {
    HBase(Arc<hbase_thrift_client::Error>),
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

    /// What became of the operation.
    pub fn effect(&self) -> &Effect {
        &self.0.effect
    }

    /// As [`Effect::call_again`].
    pub fn is_retryable(&self) -> bool {
        self.0.effect.call_again
    }

    /// The generic client's error, if HBase is to blame.
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
    /// Nothing was written, and nothing would be if it were done again.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            effect: Effect { written: Written::Nothing, left: Vec::new(), call_again: false },
            stored_bytes: None,
            source: None,
        }))
    }

    /// Of a call that writes nothing.
    pub(crate) fn of_read(message: impl Into<String>, source: hbase_thrift_client::Error) -> Self {
        let call_again = source.is_transient();
        let effect = Effect { written: Written::Nothing, left: Vec::new(), call_again };
        Self::of_write(message, Arc::new(source), effect)
    }

    pub(crate) fn of_write(
        message: impl Into<String>,
        source: Arc<hbase_thrift_client::Error>,
        effect: Effect,
    ) -> Self {
        let mut error = Self::new(ErrorKind::HBase, message);
        error.0.source = Some(Source::HBase(source));
        error.0.effect = effect;
        error
    }

    /// Of one call that may be made again.
    pub(crate) fn of_call(
        message: impl Into<String>,
        source: hbase_thrift_client::Error,
        part: Part,
    ) -> Self {
        let written = match source.outcome() {
            Outcome::NotApplied => Written::Nothing,
            _ => Written::Unknown,
        };
        let effect = Effect { written, left: vec![part], call_again: source.is_transient() };
        Self::of_write(message, Arc::new(source), effect)
    }

    /// Of a call on an entry of a queue that others were always faster at.
    pub(crate) fn contended(message: impl Into<String>) -> Self {
        let left = vec![Part::Queues];
        let effect = Effect { written: Written::Unknown, left, call_again: true };
        Self::new(ErrorKind::Contended, message).with_effect(effect)
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

    pub(crate) fn with_effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
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
            .field("effect", &self.0.effect)
            .field("stored_bytes", &self.0.stored_bytes.as_ref().map(Vec::len))
            .field("source", &self.source())
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match self.0.source.as_ref()? {
            Source::HBase(error) => &**error,
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
    fn refused_input_has_had_no_effect_and_is_not_worth_another_call() {
        let error = Error::new(ErrorKind::TooLarge, "too large");
        assert_eq!(error.effect().written(), Written::Nothing);
        assert!(!error.is_retryable());
    }
}
