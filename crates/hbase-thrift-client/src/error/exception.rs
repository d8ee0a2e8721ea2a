//! Reads what the gateway says of a failure: a Java exception with its whole stack trace.
//!
//! Which kind of error an exception is, is decided here; what became of the call, by
//! `proto::outcome`.

use std::fmt;
use std::sync::Arc;

use super::{ErrorKind, beginning};

/// An exception that the server sent in place of a result.
///
/// ```no_run
/// # use hbase_thrift_client::Get;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// if let Err(error) = client.table("crashes").get(&Get::new("row1"))
///     && let Some(exception) = error.server_exception()
/// {
///     eprintln!("{}: {}", exception.class(), exception.first_line());
///     eprintln!("the server says that a retry may help: {:?}", exception.can_retry());
///     eprintln!("{}", exception.trace());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ServerException {
    thrift_type: &'static str,
    /// Shared, because each row that a call could not write has its error.
    trace: Arc<str>,
    kind: ErrorKind,
    can_retry: Option<bool>,
}

/// What is kept of a trace; a stack of Java's has about 10 KiB. A reply may have as much as its limit.
const LONGEST_TRACE: usize = 64 * 1024;
/// What is looked at for the kind: causes come after the wrapper's stack.
const LONGEST_UNDERSTOOD: usize = 1024 * 1024;

/// Simple names of the exception classes that have a kind of their own
/// (`org.apache.hadoop.hbase`, its packages `exceptions`, `regionserver`, `security`, `client`).
const KINDS: &[(&str, ErrorKind)] = &[
    ("TableNotFoundException", ErrorKind::TableNotFound),
    ("TableNotEnabledException", ErrorKind::TableDisabled),
    ("TableNotDisabledException", ErrorKind::TableNotDisabled),
    ("TableExistsException", ErrorKind::AlreadyExists),
    ("NamespaceExistException", ErrorKind::AlreadyExists),
    ("NamespaceNotFoundException", ErrorKind::NamespaceNotFound),
    ("NoSuchColumnFamilyException", ErrorKind::NoSuchColumnFamily),
    ("AccessDeniedException", ErrorKind::AccessDenied),
    ("RegionTooBusyException", ErrorKind::RegionTooBusy),
    ("CallQueueTooBigException", ErrorKind::CallQueueTooBig),
    ("NotServingRegionException", ErrorKind::NotServing),
    ("RegionMovedException", ErrorKind::NotServing),
    ("RegionOpeningException", ErrorKind::NotServing),
    ("RegionServerStoppedException", ErrorKind::NotServing),
    ("RegionServerAbortedException", ErrorKind::NotServing),
    ("ServerNotRunningYetException", ErrorKind::NotServing),
    ("UnknownScannerException", ErrorKind::UnknownScanner),
    ("LeaseException", ErrorKind::UnknownScanner),
    ("OutOfOrderScannerNextException", ErrorKind::UnknownScanner),
    ("ScannerResetException", ErrorKind::UnknownScanner),
    ("CallTimeoutException", ErrorKind::Timeout),
    ("SocketTimeoutException", ErrorKind::Timeout),
    ("IllegalArgumentException", ErrorKind::IllegalArgument),
];

/// What the gateway finds out by itself, without a class of its own (`ThriftHBaseServiceHandler`).
const LINES: &[(&str, ErrorKind)] = &[
    ("java.io.IOException: table does not exist", ErrorKind::TableNotFound),
    ("scanner ID is invalid", ErrorKind::UnknownScanner),
    // Thrift 2.
    ("Invalid scanner Id", ErrorKind::UnknownScanner),
];

/// How the first line begins and ends of what the gateway of Thrift 2 finds out by itself, and leaves the
/// class out of.
const WITHOUT_CLASS: &[(&str, &str, ErrorKind)] = &[
    ("", " is disabled.", ErrorKind::TableDisabled),
    ("tableName=", ", state=ENABLED", ErrorKind::TableNotDisabled),
];

/// Parts of a first line that say more than its class, most often `DoNotRetryIOException`: a counter in a cell
/// of another size (`HRegion.getLongValue`), an answer over the server's limit, which mini-hbase
/// refuses, and families that are there or aren't.
const PARTS: &[(&str, ErrorKind)] = &[
    ("Field is not a long", ErrorKind::IllegalArgument),
    ("the answer would have more than", ErrorKind::TooLarge),
    // An `InvalidFamilyOperationException` (`HMaster.addColumn` and others).
    ("already exists so cannot be added", ErrorKind::AlreadyExists),
    ("does not exist, so it cannot be", ErrorKind::NoSuchColumnFamily),
];

impl ServerException {
    pub(crate) fn new(thrift_type: &'static str, trace: &str, can_retry: Option<bool>) -> Self {
        let kind = kind_of(thrift_type, trace);
        let trace = beginning(trace, LONGEST_TRACE).into();
        Self { thrift_type, trace, kind, can_retry }
    }

    /// The Java class on the first line, e.g. `org.apache.hadoop.hbase.TableNotFoundException`;
    /// the Thrift type (`IllegalArgument`) where the message names none.
    pub fn class(&self) -> &str {
        leading_class(self.first_line()).unwrap_or(self.thrift_type)
    }

    /// The first line of the message: class and text of the outermost exception.
    pub fn first_line(&self) -> &str {
        first_line(&self.trace)
    }

    /// The message, of which at most the first 64 KiB are kept; from HBase that is the stack trace.
    pub fn trace(&self) -> &str {
        &self.trace
    }

    /// What the server says about repeating the call; 1.x servers say nothing.
    pub fn can_retry(&self) -> Option<bool> {
        self.can_retry
    }

    /// The kind that the exception, or the exception that caused it, has.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What it says, which of a batch is why all of it failed.
    pub(crate) fn reason(&self) -> &str {
        reason_of(self.thrift_type, self.first_line())
    }

    /// The exception gives no reason but the name of the call's table: one of Thrift 2's, whose class is
    /// left out, for a table that isn't there.
    pub(crate) fn naming_its_table(mut self) -> Self {
        // Of any batch that failed the gateway says that a retry may help.
        let is_for_good = self.can_retry == Some(false) || self.reason() != self.first_line();
        if self.thrift_type == TIO_ERROR && self.kind == ErrorKind::Server && is_for_good {
            self.kind = ErrorKind::TableNotFound;
        }
        self
    }

    /// Whether the gateway gave up after attempts of its own, any of which may have been applied.
    pub(crate) fn is_after_retries(&self) -> bool {
        let class = self.class().rsplit('.').next().unwrap_or_default();
        // Thrift 2 leaves the class out, and the text begins so.
        class.starts_with("RetriesExhausted")
            || (self.thrift_type == TIO_ERROR && self.first_line().starts_with("Failed "))
    }
}

impl fmt::Debug for ServerException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerException")
            .field("thrift_type", &self.thrift_type)
            .field("first_line", &self.first_line())
            .field("can_retry", &self.can_retry)
            .finish_non_exhaustive()
    }
}

fn first_line(trace: &str) -> &str {
    trace.lines().next().unwrap_or("").trim()
}

/// A gateway wraps what the region server said, so the cause counts before the wrapper.
fn kind_of(thrift_type: &str, trace: &str) -> ErrorKind {
    let trace = beginning(trace, LONGEST_UNDERSTOOD);
    let first_line = first_line(trace);
    let causes = || trace.lines().filter(|line| line.starts_with(CAUSE)).chain([first_line]);
    let words = |line: &str| line.split([':', ' ', '\t', ',']).find_map(kind_of_class);
    causes()
        .find_map(|line| words(line.strip_prefix(CAUSE).unwrap_or(line)))
        .or_else(|| kind_of_line(first_line))
        .or_else(|| {
            let reason = reason_of(thrift_type, first_line);
            let said = |begin: &str, end: &str| {
                thrift_type == TIO_ERROR && reason.starts_with(begin) && reason.ends_with(end)
            };
            WITHOUT_CLASS.iter().find(|(begin, end, _)| said(begin, end)).map(|(.., kind)| *kind)
        })
        .or_else(|| {
            let said = |part| causes().any(|line| line.contains(part));
            PARTS.iter().find(|(part, _)| said(*part)).map(|(_, kind)| *kind)
        })
        .unwrap_or(match thrift_type {
            "IllegalArgument" | "TIllegalArgument" => ErrorKind::IllegalArgument,
            "AlreadyExists" => ErrorKind::AlreadyExists,
            _ => ErrorKind::Server,
        })
}

/// The type of Thrift 2's exceptions.
const TIO_ERROR: &str = "TIOError";
const CAUSE: &str = "Caused by: ";

/// Why all of a batch failed, where Thrift 2 says so and there is one reason for all of it: `Failed 2 actions:
/// REASON: 2 times, servers with issues: …` (`RetriesExhaustedWithDetailsException`). Else the whole line.
fn reason_of<'a>(thrift_type: &str, line: &'a str) -> &'a str {
    let reason = || {
        let (count, rest) = line.strip_prefix("Failed ")?.split_once(" action")?;
        let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix(": ")?;
        let (reasons, _) = rest.split_once(", servers with issues")?;
        let (reason, times) = reasons.rsplit_once(": ")?;
        (times.split(' ').next() == Some(count)).then_some(reason)
    };
    if thrift_type == TIO_ERROR { reason().unwrap_or(line) } else { line }
}

fn leading_class(line: &str) -> Option<&str> {
    let word = line.split([':', ' ']).next()?;
    let looks_like_class = word.contains('.')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$'));
    looks_like_class.then_some(word)
}

fn kind_of_line(line: &str) -> Option<ErrorKind> {
    LINES.iter().find(|(said, _)| *said == line).map(|(_, kind)| *kind)
}

fn kind_of_class(word: &str) -> Option<ErrorKind> {
    let simple = word.rsplit(['.', '$']).next().unwrap_or(word);
    KINDS.iter().find(|(name, _)| *name == simple).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io_error(trace: &str) -> ServerException {
        ServerException::new("IOError", trace, Some(false))
    }

    #[test]
    fn what_is_wrong_with_a_family_is_in_the_text() {
        let kind = |text: &str| {
            let class = "org.apache.hadoop.hbase.InvalidFamilyOperationException";
            io_error(&format!("{class}: Column family 'f' {text}")).kind()
        };
        assert_eq!(
            kind("in table 't' already exists so cannot be added"),
            ErrorKind::AlreadyExists
        );
        assert_eq!(kind("does not exist, so it cannot be deleted"), ErrorKind::NoSuchColumnFamily);
        assert_eq!(kind("is the only column family in the table"), ErrorKind::Server);
    }

    #[test]
    fn the_class_is_on_the_first_line() {
        let exception =
            io_error("org.apache.hadoop.hbase.TableNotFoundException: no_such\n\tat a.B.c(B.java)");
        assert_eq!(exception.class(), "org.apache.hadoop.hbase.TableNotFoundException");
        assert_eq!(exception.kind(), ErrorKind::TableNotFound);
    }

    #[test]
    fn a_wrapped_exception_counts_before_its_wrapper() {
        let exception = io_error(
            "org.apache.hadoop.hbase.client.RetriesExhaustedException: Failed after attempts=16\n\
             \tat x.Y.z(Y.java:1)\n\
             Caused by: org.apache.hadoop.hbase.RegionTooBusyException: Over memstore limit\n",
        );
        assert_eq!(exception.kind(), ErrorKind::RegionTooBusy);
        assert!(exception.is_after_retries());
    }

    #[test]
    fn an_exception_named_within_the_first_line_is_found() {
        let exception = io_error(
            "org.apache.hadoop.hbase.client.RetriesExhaustedWithDetailsException: Failed 1 action: \
             org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException: Column family x",
        );
        assert_eq!(exception.kind(), ErrorKind::NoSuchColumnFamily);
    }

    #[test]
    fn a_message_without_a_class_falls_back_to_the_thrift_type() {
        let exception = ServerException::new("IllegalArgument", "it is illegal", None);
        assert_eq!(exception.class(), "IllegalArgument");
        assert_eq!(exception.kind(), ErrorKind::IllegalArgument);
    }

    #[test]
    fn what_the_gateway_says_of_an_unknown_scanner_is_understood() {
        let exception = ServerException::new("IllegalArgument", "scanner ID is invalid", None);
        assert_eq!(exception.kind(), ErrorKind::UnknownScanner);
    }

    #[test]
    fn an_exception_without_a_class_of_its_own_is_known_by_its_text() {
        let exception = io_error(
            "org.apache.hadoop.hbase.DoNotRetryIOException: Field is not a long, it's 5 bytes wide",
        );
        assert_eq!(exception.kind(), ErrorKind::IllegalArgument);
        let exception = io_error(
            "org.apache.hadoop.hbase.DoNotRetryIOException: the answer would have more than 9 bytes",
        );
        assert_eq!(exception.kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn what_thrift_2_says_without_a_class_is_understood_as_far_as_it_says_something() {
        let kind = |text: &str, can_retry| {
            let exception = ServerException::new("TIOError", text, Some(can_retry));
            exception.naming_its_table().kind()
        };
        assert_eq!(kind("t is disabled.", false), ErrorKind::TableDisabled);
        assert_eq!(kind("tableName=t, state=ENABLED", false), ErrorKind::TableNotDisabled);
        assert_eq!(kind("t", false), ErrorKind::TableNotFound);
        assert_eq!(kind("t", true), ErrorKind::Server);
        let failed =
            "Failed 1 action: org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException: x";
        assert_eq!(kind(failed, true), ErrorKind::NoSuchColumnFamily);
        // Of batches, whatever it says about another attempt, if all of it failed for this reason.
        let failed = |reasons: &str| kind(&format!("Failed 2 actions: {reasons}"), true);
        assert_eq!(failed("t: 2 times, servers with issues: null"), ErrorKind::TableNotFound);
        let disabled = "t is disabled.: 2 times, servers with issues: null";
        assert_eq!(failed(disabled), ErrorKind::TableDisabled);
        let several = "t is disabled.: 1 time, x: 1 time, servers with issues: null";
        assert_eq!(failed(several), ErrorKind::Server);
        let exception = ServerException::new(
            "TIOError",
            "Failed 1 action: t: 1 time, servers with issues: h",
            None,
        );
        assert_eq!(exception.reason(), "t");
        let failed =
            ServerException::new("TIOError", "Failed after attempts=16, exceptions:", None);
        assert!(failed.is_after_retries());
        // Thrift 1 says the class.
        assert_eq!(io_error("t is disabled.").naming_its_table().kind(), ErrorKind::Server);
        let scanner = ServerException::new("TIllegalArgument", "Invalid scanner Id", None);
        assert_eq!(scanner.kind(), ErrorKind::UnknownScanner);
    }

    #[test]
    fn an_unknown_exception_is_of_kind_server() {
        assert_eq!(io_error("java.io.IOException: disk\n").kind(), ErrorKind::Server);
    }

    #[test]
    fn of_a_message_without_end_the_beginning_is_kept_and_more_is_understood() {
        let frames = "\tat a.B.c(ä.java:1)\n".repeat(10_000);
        let cause = "Caused by: org.apache.hadoop.hbase.RegionTooBusyException: full";
        let exception = io_error(&format!("java.io.IOException: x\n{frames}{cause}"));
        assert_eq!(exception.kind(), ErrorKind::RegionTooBusy);
        assert_eq!(exception.first_line(), "java.io.IOException: x");
        assert!((LONGEST_TRACE - 3..=LONGEST_TRACE).contains(&exception.trace().len()));
    }

    #[test]
    fn an_empty_message_does_no_harm() {
        assert_eq!(io_error("").class(), "IOError");
    }
}
