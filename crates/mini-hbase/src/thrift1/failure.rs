//! What a call answers when it fails: the gateway's types, with the classes and first lines that
//! clients look for.
//!
//! HBase's messages are whole Java stack traces here.

use hbase_thrift_api::{AlreadyExists, IOError, IllegalArgument};
use thrift::{ApplicationError, ApplicationErrorKind};

use crate::exceptions::{describe, internal, trace};
use crate::model::Error;

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
