//! Exit codes: what a script learns of a failure without reading the message.
//!
//! For one place that sorts errors into codes; the help lists the same codes. What the messages
//! say is left to those who make the errors.

use std::{fmt, io, process::ExitCode};

use hbase_thrift_client::ErrorKind as HBaseErrorKind;
use socorro_hbase_client::{Error, ErrorKind, Ooid};

use crate::{output, stop::Stopped, store::InUse};

const FAILED: u8 = 1;
const WRONG_COMMAND_LINE: u8 = 2;
const NOT_FOUND: u8 = 3;
const TRY_LATER: u8 = 4;
const UNCLEAN: u8 = 5;

/// There is no such crash.
#[derive(Debug)]
pub(crate) struct NotFound(pub(crate) Ooid);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no crash {}", self.0)
    }
}

impl std::error::Error for NotFound {}

/// There is no such thing as was asked for; says what.
#[derive(Debug)]
pub(crate) struct NoSuch(pub(crate) String);

impl fmt::Display for NoSuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoSuch {}

/// A check found what it didn't mend.
#[derive(Debug)]
pub(crate) struct Unclean(pub(crate) u64);

impl fmt::Display for Unclean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} findings are left; `socorro-hbase check --repair` mends what can be", self.0)
    }
}

impl std::error::Error for Unclean {}

/// The command line asks for something that nobody can want; says what to write instead.
#[derive(Debug)]
pub(crate) struct WrongCommandLine(pub(crate) String);

impl fmt::Display for WrongCommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongCommandLine {}

/// Prints an error with its causes, and tells how to exit.
///
/// A reader that has seen enough (`| head`) is no failure.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    output::say(&format!("{error:#}"));
    if lacks_a_table(error) {
        output::say(
            "`socorro-hbase schema create` creates the tables that are missing, `schema show` lists them",
        );
    }
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    if let Some(stopped) = error.downcast_ref::<Stopped>() {
        return stopped.code();
    }
    if error.is::<NotFound>() || error.is::<NoSuch>() || lacks_the_crash(error) {
        return NOT_FOUND;
    }
    if error.is::<WrongCommandLine>() {
        return WRONG_COMMAND_LINE;
    }
    if error.is::<Unclean>() {
        return UNCLEAN;
    }
    if error.is::<InUse>() {
        return TRY_LATER;
    }
    let may_succeed_later = error.chain().any(|cause| {
        cause.downcast_ref().is_some_and(Error::is_retryable)
            || cause.downcast_ref().is_some_and(hbase_thrift_client::Error::is_retryable)
    });
    if may_succeed_later { TRY_LATER } else { FAILED }
}

fn lacks_the_crash(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<Error>())
        .any(|cause| cause.kind() == ErrorKind::NoSuchCrash)
}

fn lacks_a_table(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<hbase_thrift_client::Error>())
        .any(|cause| cause.kind() == HBaseErrorKind::TableNotFound)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_crash_that_is_absent_has_a_code_of_its_own() {
        let ooid = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse().unwrap();
        assert_eq!(code(&NotFound(ooid).into()), 3);
    }

    #[test]
    fn any_other_failure_is_a_failure() {
        assert_eq!(code(&anyhow!("the disk is full").context("can't write")), 1);
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&closed().into()));
        assert!(is_closed_pipe(&Err::<(), _>(closed()).context("can't print").unwrap_err()));
        assert!(!is_closed_pipe(&anyhow!("pipe")));
    }
}
