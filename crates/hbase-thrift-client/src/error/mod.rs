//! The crate's one error type: what failed, whether the call took effect, and whether to try again.
//!
//! A leaf: every layer makes errors, none is needed to make one. What became of a call is decided by
//! `proto::outcome`, whether it is made again by `proto::attempts`, which kind a server's exception
//! has by `exception`.

mod exception;
mod kind;

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

pub use exception::ServerException;
pub use kind::ErrorKind;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

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

/// In words: `not applied`, `applied` or `unknown`.
///
/// ```
/// use hbase_thrift_client::Outcome;
///
/// assert_eq!("not applied".parse::<Outcome>()?, Outcome::NotApplied);
/// assert_eq!(Outcome::Unknown.to_string(), "unknown");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotApplied => "not applied",
            Self::Applied => "applied",
            Self::Unknown => "unknown",
        })
    }
}

impl FromStr for Outcome {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::NotApplied, Self::Applied, Self::Unknown];
        let named = all.into_iter().find(|outcome| outcome.to_string() == text);
        named.ok_or_else(|| Error::value("neither `not applied` nor `applied` nor `unknown`"))
    }
}

/// Why a call failed.
///
/// [`kind`](Self::kind) says what went wrong, [`outcome`](Self::outcome) what became of the call,
/// [`is_retryable`](Self::is_retryable) whether to send it again. `Display` is one line that names
/// what to do next where that is known; the cause is in [`source`](StdError::source) and never
/// repeated in the line.
///
/// ```no_run
/// # use hbase_thrift_client::{Outcome, Put};
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let put = Put::new("row1").column("f:a", "1");
/// if let Err(error) = client.table("crashes").put(&put) {
///     eprintln!("{error} (attempts: {}, at {:?})", error.attempts(), error.gateway());
///     match error.outcome() {
///         Outcome::Applied => {}
///         _ if error.is_retryable() => eprintln!("to be sent again: {put:?}"),
///         outcome => eprintln!("{outcome}, and sending it again is of no use"),
///     }
///     if let Some(exception) = error.server_exception() {
///         eprintln!("the server said {}", exception.class());
///     }
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    outcome: Outcome,
    repeatable: bool,
    method: Option<&'static str>,
    gateway: Option<String>,
    attempts: u32,
    sent: bool,
    exception: Option<ServerException>,
    last_row: Option<Vec<u8>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
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

    /// Returns whether the same call may be sent again without harm and has a chance to succeed then.
    ///
    /// False for an increment, append or check-and-put whose outcome is unknown, whatever the kind.
    pub fn is_retryable(&self) -> bool {
        self.is_transient() && (self.0.repeatable || self.0.outcome == Outcome::NotApplied)
    }

    /// Returns whether what went wrong may go away by itself, whatever became of the call: its kind
    /// says so, or the server does.
    ///
    /// ```
    /// use hbase_thrift_client::Error;
    ///
    /// /// Whether a queue's worker waits, or sets the entry aside.
    /// fn waits(error: &Error) -> bool {
    ///     error.is_transient()
    /// }
    /// assert!(!waits(&Error::value("not a number")));
    /// ```
    pub fn is_transient(&self) -> bool {
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

    /// How many attempts were made, those included that got no connection; 0 where the call was refused
    /// before the first.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }
}

/// Errors that callers make, for types of their own that are read from cells and rows.
impl Error {
    /// Returns an error of the kind [`ErrorKind::Value`]: a cell is missing, or isn't what it is read
    /// as. The message says what the value is not.
    ///
    /// ```
    /// use hbase_thrift_client::{Error, ErrorKind};
    ///
    /// let error = Error::value("not a colour");
    /// assert_eq!(error.kind(), ErrorKind::Value);
    /// assert_eq!(error.to_string(), "not a colour");
    /// ```
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Value, message)
    }

    /// Adds the cause, which [`source`](StdError::source) then returns.
    ///
    /// ```
    /// use hbase_thrift_client::Error;
    ///
    /// let number = "x".parse::<u8>();
    /// let number = number.map_err(|error| Error::value("not a number").with_source(error));
    /// assert!(std::error::Error::source(&number.unwrap_err()).is_some());
    /// ```
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
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
            sent: false,
            exception: None,
            last_row: None,
            source: None,
        }))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// Says in which cell a value is wrong.
    pub(crate) fn in_cell(mut self, row: &[u8], column: &[u8]) -> Self {
        let (row, column) = (row.escape_ascii(), column.escape_ascii());
        self.0.message =
            format!("the value of `{column}` in the row `{row}` can't be read: {}", self.0.message);
        self
    }

    /// The error of a call whose request doesn't name its table, as a scanner's doesn't, and whose
    /// exception may do no more than that.
    pub(crate) fn of_table(mut self, table: &[u8]) -> Self {
        let name = table.strip_prefix(b"default:").unwrap_or(table);
        if let Some(exception) = self.0.exception.take() {
            let names_table = exception.first_line().as_bytes() == name;
            let exception = if names_table { exception.naming_its_table() } else { exception };
            if names_table && self.0.kind == ErrorKind::Server {
                self.0.kind = exception.kind();
            }
            self.0.exception = Some(exception);
        }
        self
    }

    pub(crate) fn with_exception(mut self, exception: ServerException) -> Self {
        self.0.exception = Some(exception);
        self
    }

    /// Sets what is known of the call; for `proto::outcome` alone.
    pub(crate) fn settled(mut self, outcome: Outcome, repeatable: bool) -> Self {
        (self.0.outcome, self.0.repeatable) = (outcome, repeatable);
        self
    }

    /// What ended the call was its caller; all else that is known of it stays.
    pub(crate) fn into_cancelled(mut self) -> Self {
        self.0.kind = ErrorKind::Cancelled;
        "the call was cancelled".clone_into(&mut self.0.message);
        self
    }

    /// The request was written as a whole and got no answer.
    pub(crate) fn sent(mut self) -> Self {
        self.0.sent = true;
        self
    }

    pub(crate) fn was_sent(&self) -> bool {
        self.0.sent
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
        write_plain(f, &inner.message)?;
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

/// Returns the beginning of a text, at most this many bytes.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let ends = (0..=most.min(text.len())).rev();
    let end = ends.into_iter().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// Writes text that may come from a server: nothing in it moves a terminal's cursor, turns the
/// direction of writing or begins another line.
fn write_plain(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|letter| {
        let turns = matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if letter.is_control() || turns {
            write!(f, "{}", letter.escape_unicode())
        } else {
            f.write_char(letter)
        }
    })
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
    fn the_beginning_of_a_text_ends_between_letters() {
        assert_eq!(beginning("aé€", 10), "aé€");
        assert_eq!(beginning("aé€", 5), "aé");
        assert_eq!(beginning("aé€", 2), "a");
        assert_eq!(beginning("€", 2), "");
    }

    #[test]
    fn text_of_a_server_stays_on_its_line() {
        let error = Error::new(ErrorKind::Server, "a\u{1b}[2Jb\nc\u{202e}d");
        assert_eq!(error.to_string(), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
    }

    #[test]
    fn display_says_where_and_what_became_of_the_call_but_not_the_cause() {
        let error = Error::new(ErrorKind::Timeout, "no reply within 1s")
            .in_method("mutateRow")
            .at_gateway("a:9090")
            .with_attempts(3)
            .settled(Outcome::Unknown, false)
            .with_source(std::io::Error::other("the cause"));
        assert_eq!(
            error.to_string(),
            "no reply within 1s (mutateRow at a:9090 after 3 attempts); \
             whether the call took effect is unknown"
        );
    }
}
