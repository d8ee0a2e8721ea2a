//! HBase's exceptions for what goes wrong: their classes, their first lines, and whether another attempt
//! might succeed.
//!
//! HBase's messages go on with the Java stack; here one line stands for it, so that a client which cuts
//! off after the first line has something to cut. Classes and texts: `ThriftHBaseServiceHandler` and
//! the exceptions' own classes in HBase 2.6. What an interface makes of them is left to its module.

use thrift::{ApplicationError, ApplicationErrorKind};

use crate::model::Error;

const STACK: &str = "\tat mini-hbase(an embedded HBase, without Java)\n";

/// What remains of a runtime exception that the gateway doesn't catch.
pub(crate) fn internal(method: &str) -> thrift::Error {
    thrift::Error::Application(ApplicationError::new(
        ApplicationErrorKind::InternalError,
        format!("Internal error processing {method}"),
    ))
}

/// Class, text, and whether the gateway thinks that another attempt might succeed.
pub(crate) fn describe(error: &Error) -> (&'static str, String, bool) {
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
        Error::Illegal(text) | Error::DoNotRetry(text) | Error::Refused(text) => {
            ("org.apache.hadoop.hbase.DoNotRetryIOException", text.clone(), false)
        }
        Error::Remote { class, text } => (*class, text.clone(), false),
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
        // No attempt repairs a disk: a writer that waits for one would wait for nothing.
        error @ (Error::Damaged(_) | Error::Storage(_) | Error::Unwritable(_)) => {
            ("java.io.IOException", error.to_string(), false)
        }
    }
}

/// A message as HBase's servers send it: class, text and stack.
pub(crate) fn trace(class: &str, message: &str) -> String {
    format!("{class}: {message}\n{STACK}")
}
