//! The crate's one error type: what failed, whether the call took effect, and whether to try again.
//!
//! A leaf: every layer makes errors, none is needed to make one. How often a call is repeated is
//! the executor's business; which server exception means which kind is told by `exception`.

mod exception;

use std::error::Error as StdError;
use std::fmt;

pub use exception::ServerException;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms that a program can decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration or its URL can't be used.
    Config,
    /// The request was refused here, before anything was sent: HBase would reject it or, worse,
    /// do something else than it says.
    InvalidRequest,
    /// No connection to any gateway could be opened.
    Connect,
    /// Something answers, but it does not speak what was configured.
    WrongProtocol,
    /// TLS could not be agreed on: mostly, the gateway's certificate is not trusted or is for
    /// another name.
    Tls,
    /// All connections of the pool stayed in use.
    PoolTimeout,
    /// No complete answer came in time.
    Timeout,
    /// The connection ended in the middle of a call.
    ConnectionLost,
    /// The answer is not what the protocol allows.
    Protocol,
    /// A request or a reply is over its size limit.
    TooLarge,
    /// The gateway does not have the method that was called.
    Unsupported,
    /// The table does not exist.
    TableNotFound,
    /// The table is disabled.
    TableDisabled,
    /// The table would have to be disabled first.
    TableNotDisabled,
    /// The table has no such column family.
    NoSuchColumnFamily,
    /// What was to be created is there already.
    AlreadyExists,
    /// The server calls an argument illegal.
    IllegalArgument,
    /// The user may not do that.
    AccessDenied,
    /// The region's memory is full until it has flushed.
    RegionTooBusy,
    /// The region server's call queue is full.
    CallQueueTooBig,
    /// The region is not served at the moment (it moves, or its server died).
    NotServing,
    /// The gateway does not know the scanner: its lease ended, or the gateway was restarted.
    UnknownScanner,
    /// Any other exception of the server.
    Server,
    /// A cell is missing, or is not what it was read as.
    Value,
}

impl ErrorKind {
    /// Whether time can heal it. Exhaustive on purpose: every new kind has to decide.
    pub(crate) fn is_transient(self) -> bool {
        match self {
            Self::Connect
            | Self::PoolTimeout
            | Self::Timeout
            | Self::ConnectionLost
            | Self::RegionTooBusy
            | Self::CallQueueTooBig
            | Self::NotServing => true,
            Self::Config
            | Self::InvalidRequest
            | Self::WrongProtocol
            | Self::Tls
            | Self::Protocol
            | Self::TooLarge
            | Self::Unsupported
            | Self::TableNotFound
            | Self::TableDisabled
            | Self::TableNotDisabled
            | Self::NoSuchColumnFamily
            | Self::AlreadyExists
            | Self::IllegalArgument
            | Self::AccessDenied
            | Self::UnknownScanner
            | Self::Server
            | Self::Value => false,
        }
    }
}

/// What is known about the effect of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The call changed nothing.
    NotApplied,
    /// The call took effect, although it could not be finished here.
    Applied,
    /// The call may have taken effect, wholly or in part, or may still do so later: a gateway goes
    /// on trying for up to 20 minutes by itself.
    Unknown,
}

/// Why a call failed.
///
/// [`kind`](Self::kind) says what went wrong, [`outcome`](Self::outcome) what became of the call,
/// [`is_retryable`](Self::is_retryable) whether to send it again. `Display` is one line that names
/// what to do next where that is known; the cause is in [`source`](StdError::source) and never
/// repeated in the line.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    outcome: Outcome,
    repeatable: bool,
    method: Option<&'static str>,
    gateway: Option<String>,
    attempts: u32,
    exception: Option<ServerException>,
    last_row: Option<Vec<u8>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is known about the effect of the call. A read never changes anything.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the same call may be sent again without harm and has a chance to succeed then.
    ///
    /// False for an increment, append or check-and-put whose fate is unknown, whatever the kind.
    pub fn is_retryable(&self) -> bool {
        self.may_heal() && (self.0.repeatable || self.0.outcome == Outcome::NotApplied)
    }

    /// Whether time can heal what went wrong, whatever became of the call.
    pub(crate) fn may_heal(&self) -> bool {
        let server_says_so = || self.0.exception.as_ref().and_then(ServerException::can_retry);
        self.0.kind.is_transient()
            || (self.0.kind == ErrorKind::Server && server_says_so() == Some(true))
    }

    /// The server's exception, where it sent one.
    pub fn server_exception(&self) -> Option<&ServerException> {
        self.0.exception.as_ref()
    }

    /// The gateway (`host:port`) that was called last, where one was chosen.
    pub fn gateway(&self) -> Option<&str> {
        self.0.gateway.as_deref()
    }

    /// The key of the last row that a scan delivered before it failed; another scan can go on after
    /// it.
    pub fn last_row(&self) -> Option<&[u8]> {
        self.0.last_row.as_deref()
    }

    /// How often the call was sent; 0 where it never was.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }
}

// How the layers make and complete errors.
impl Error {
    /// An error before anything was sent.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            outcome: Outcome::NotApplied,
            repeatable: false,
            method: None,
            gateway: None,
            attempts: 0,
            exception: None,
            last_row: None,
            source: None,
        }))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// The same failure for another call that it ended too.
    pub(crate) fn echo(&self) -> Self {
        let mut echo = self.echo_whole();
        (echo.0.method, echo.0.repeatable) = (None, false);
        echo
    }

    /// The same failure told twice; without the cause, which only one can have.
    pub(crate) fn echo_whole(&self) -> Self {
        Self(Box::new(Inner {
            message: self.0.message.clone(),
            gateway: self.0.gateway.clone(),
            exception: self.0.exception.clone(),
            last_row: self.0.last_row.clone(),
            source: None,
            ..*self.0
        }))
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_exception(mut self, exception: ServerException) -> Self {
        self.0.exception = Some(exception);
        self
    }

    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// What is known after an earlier attempt at the same call failed so.
    pub(crate) fn after(mut self, earlier: Outcome) -> Self {
        if earlier == Outcome::Unknown && self.0.outcome == Outcome::NotApplied {
            self.0.outcome = Outcome::Unknown;
        }
        self
    }

    pub(crate) fn with_repeatable(mut self, repeatable: bool) -> Self {
        self.0.repeatable = repeatable;
        self
    }

    pub(crate) fn with_last_row(mut self, last_row: Option<Vec<u8>>) -> Self {
        self.0.last_row = last_row;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Keeps the first method named: the innermost layer knows it best.
    pub(crate) fn in_method(mut self, method: &'static str) -> Self {
        self.0.method.get_or_insert(method);
        self
    }

    pub(crate) fn at_gateway(mut self, gateway: &str) -> Self {
        self.0.gateway.get_or_insert_with(|| gateway.to_owned());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(&inner.message)?;
        let mut context = Vec::new();
        if let Some(method) = inner.method {
            context.push(method.to_owned());
        }
        if let Some(gateway) = &inner.gateway {
            context.push(format!("at {gateway}"));
        }
        if inner.attempts > 1 {
            context.push(format!("after {} attempts", inner.attempts));
        }
        if !context.is_empty() {
            write!(f, " ({})", context.join(" "))?;
        }
        if let Some(last_row) = &inner.last_row {
            write!(f, "; the last row delivered was `{}`", last_row.escape_ascii())?;
        }
        match inner.outcome {
            Outcome::NotApplied => Ok(()),
            Outcome::Applied => f.write_str("; the call took effect"),
            Outcome::Unknown => f.write_str("; whether the call took effect is unknown"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("outcome", &inner.outcome)
            .field("retryable", &self.is_retryable())
            .field("method", &inner.method)
            .field("gateway", &inner.gateway)
            .field("attempts", &inner.attempts)
            .field("exception", &inner.exception.as_ref().map(ServerException::class))
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_atomic_call_with_unknown_fate_is_not_retryable() {
        let error = Error::new(ErrorKind::ConnectionLost, "gone").with_outcome(Outcome::Unknown);
        assert!(!error.is_retryable());
    }

    #[test]
    fn a_repeatable_call_with_unknown_fate_is_retryable() {
        let error = Error::new(ErrorKind::ConnectionLost, "gone")
            .with_outcome(Outcome::Unknown)
            .with_repeatable(true);
        assert!(error.is_retryable());
    }

    #[test]
    fn an_attempt_that_was_refused_does_not_undo_one_that_was_lost() {
        let refused = || Error::new(ErrorKind::Connect, "refused");
        assert_eq!(refused().after(Outcome::Unknown).outcome(), Outcome::Unknown);
        assert_eq!(refused().after(Outcome::NotApplied).outcome(), Outcome::NotApplied);
    }

    #[test]
    fn display_says_where_and_what_became_of_the_call_but_not_the_cause() {
        let error = Error::new(ErrorKind::Timeout, "no reply within 1s")
            .in_method("mutateRow")
            .at_gateway("a:9090")
            .with_attempts(3)
            .with_outcome(Outcome::Unknown)
            .with_source(std::io::Error::other("the cause"));
        assert_eq!(
            error.to_string(),
            "no reply within 1s (mutateRow at a:9090 after 3 attempts); \
             whether the call took effect is unknown"
        );
    }
}
