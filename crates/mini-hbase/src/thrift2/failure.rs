//! What a call answers when it fails: the gateway's `TIOError` has no class, and its message is what
//! `getMessage()` returns.
//!
//! Of what the region servers and the master throw, that text begins with the class and goes on with
//! the stack; what the gateway finds out itself is the bare text.

use hbase_thrift_api::thrift2::{TIOError, TIllegalArgument};

use crate::exceptions::{describe, internal, trace};
use crate::model::Error;

/// The exception that a method throws. Each declares `TIOError` alone: what the gateway holds to be
/// illegal ends as an internal error.
pub(super) fn thrown(method: &str, error: Error) -> thrift::Error {
    match error {
        Error::Illegal(_) => internal(method),
        error => io_error(&error),
    }
}

/// What an unknown or expired scanner is answered with when it is fetched from.
pub(super) fn invalid_scanner() -> thrift::Error {
    thrift::Error::User(Box::new(TIllegalArgument::new("Invalid scanner Id".to_owned())))
}

fn io_error(error: &Error) -> thrift::Error {
    let (class, text, can_retry) = describe(error);
    let message = match error {
        Error::TableNotFound(_)
        | Error::TableNotEnabled(_)
        | Error::Partly { .. }
        | Error::Refused(_)
        | Error::Io(_) => text,
        _ => trace(class, &text),
    };
    thrift::Error::User(Box::new(TIOError::new(message, can_retry)))
}
