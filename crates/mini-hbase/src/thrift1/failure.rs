//! What a call answers when it fails: the gateway's types, with the classes and first lines that
//! clients look for.
//!
//! HBase's messages are whole Java stack traces; here one line stands for the stack, so that a
//! client which cuts off after the first line has something to cut. Classes and texts:
//! `ThriftHBaseServiceHandler` and the exceptions' own classes in HBase 2.6.

use hbase_thrift_api::{AlreadyExists, IOError, IllegalArgument};
use thrift::{ApplicationError, ApplicationErrorKind};

use crate::model::Error;

const STACK: &str = "\tat mini-hbase(an embedded HBase, without Java)\n";

/// Which exceptions a method declares, and so which of the runtime's it translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Throws {
    /// `IOError` alone: an `IllegalArgumentException` ends as an internal error.
    Io,
    /// `IllegalArgument` too.
    IoAndIllegalArgument,
}

/// The exception that a method answers with.
pub(super) fn thrown(method: &str, throws: Throws, error: Error) -> thrift::Error {
    match (error, throws) {
        (Error::Illegal(message), Throws::IoAndIllegalArgument) => {
            illegal_argument(trace("java.lang.IllegalArgumentException", &message))
        }
        (Error::Illegal(_), Throws::Io) => internal(method),
        (error, _) => io_error(&error),
    }
}

/// What remains of a runtime exception that the gateway doesn't catch.
pub(super) fn internal(method: &str) -> thrift::Error {
    thrift::Error::Application(ApplicationError::new(
        ApplicationErrorKind::InternalError,
        format!("Internal error processing {method}"),
    ))
}

/// What a gateway says to a method that came with a later release.
pub(super) fn unknown_method(method: &str) -> thrift::Error {
    thrift::Error::Application(ApplicationError::new(
        ApplicationErrorKind::UnknownMethod,
        format!("Invalid method name: '{method}'"),
    ))
}

/// What an unknown or expired scanner is answered with, on close too.
pub(super) fn invalid_scanner() -> thrift::Error {
    illegal_argument("scanner ID is invalid".to_owned())
}

/// What `createTable` says of a family without a name; the gateway throws it as it is.
pub(super) fn illegal_argument(message: String) -> thrift::Error {
    thrift::Error::User(Box::new(IllegalArgument::new(message)))
}

/// What `createTable` says of a table that is there.
pub(super) fn already_exists() -> thrift::Error {
    thrift::Error::User(Box::new(AlreadyExists::new("table name already in use".to_owned())))
}

pub(super) fn io_error(error: &Error) -> thrift::Error {
    let (class, message, can_retry) = describe(error);
    thrift::Error::User(Box::new(IOError::new(trace(class, &message), can_retry)))
}

/// Class, text, and whether the gateway thinks that another attempt might succeed.
fn describe(error: &Error) -> (&'static str, String, bool) {
    match error {
        Error::TableNotFound(name) => {
            ("org.apache.hadoop.hbase.TableNotFoundException", name.clone(), false)
        }
        Error::TableExists(name) => {
            ("org.apache.hadoop.hbase.TableExistsException", name.clone(), false)
        }
        Error::NamespaceNotFound(name) => {
            ("org.apache.hadoop.hbase.NamespaceNotFoundException", name.clone(), false)
        }
        Error::TableNotEnabled(name) => (
            "org.apache.hadoop.hbase.TableNotEnabledException",
            format!("{name} is disabled."),
            false,
        ),
        Error::TableNotDisabled(name) => {
            ("org.apache.hadoop.hbase.TableNotDisabledException", name.clone(), false)
        }
        Error::NoSuchFamily { table, family } => (
            "org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException",
            format!("Column family {family} does not exist in the table '{table}'"),
            false,
        ),
        Error::Illegal(text) | Error::DoNotRetry(text) => {
            ("org.apache.hadoop.hbase.DoNotRetryIOException", text.clone(), false)
        }
        error @ Error::CellTooLarge { .. } => {
            ("org.apache.hadoop.hbase.DoNotRetryIOException", error.to_string(), false)
        }
        Error::Partly { count, first } => {
            let (class, text, _) = describe(first);
            let (actions, times) =
                if *count == 1 { ("action", "time") } else { ("actions", "times") };
            // What the gateway finds out itself has no server, and no class in the text.
            let (words, server) = match **first {
                Error::TableNotFound(_) => (text, "null"),
                _ => (format!("{class}: {text}"), "localhost:16020"),
            };
            (
                "org.apache.hadoop.hbase.client.RetriesExhaustedWithDetailsException",
                format!(
                    "Failed {count} {actions}: {words}: {count} {times}, servers with issues: \
                     {server}"
                ),
                true,
            )
        }
        Error::NoMemory(exhausted) => {
            (exhausted.class(), exhausted.to_string(), exhausted.can_retry())
        }
        Error::Io(text) => ("java.io.IOException", text.clone(), true),
        // No attempt heals a disk: whoever waits for one would wait for nothing.
        error @ (Error::Damaged(_) | Error::Storage(_) | Error::Unwritable(_)) => {
            ("java.io.IOException", error.to_string(), false)
        }
    }
}

fn trace(class: &str, message: &str) -> String {
    format!("{class}: {message}\n{STACK}")
}
