//! Exit codes: what a script learns of a failure without reading the message.
//!
//! For `main`, in the one place that sorts errors into codes; the help lists the same codes. What the
//! messages say is left to those who make the errors.

use std::{io, process::ExitCode};

use hbase_thrift_client::ErrorKind as HBaseErrorKind;
use socorro_hbase_client::{Error, ErrorKind};

use crate::{
    failure::{InUse, NotFound, Stopped, TryLater, Unclean, WrongCommandLine, is_retryable},
    output,
};

const FAILED: u8 = 1;
const WRONG_COMMAND_LINE: u8 = 2;
const NOT_FOUND: u8 = 3;
const TRY_LATER: u8 = 4;
const UNCLEAN: u8 = 5;

/// Prints an error with its causes, and returns how to exit.
///
/// A reader that has seen enough (`| head`) is no failure.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    output::complain(&format!("{error:#}"));
    if lacks_a_table(error) {
        output::complain(
            "`socorro-hbase schema create` creates the tables that are missing, `schema show` lists them",
        );
    }
    ExitCode::from(code(error))
}

/// Prints what the parser says of a command line, and returns how to exit.
pub(crate) fn report_line(error: &clap::Error) -> ExitCode {
    output::complain_of_line(error);
    ExitCode::from(WRONG_COMMAND_LINE)
}

fn code(error: &anyhow::Error) -> u8 {
    if let Some(stopped) = error.downcast_ref::<Stopped>() {
        // As a shell has it.
        return u8::try_from(128 + stopped.signal).unwrap_or(u8::MAX);
    }
    if error.is::<NotFound>() || lacks_the_crash(error) {
        return NOT_FOUND;
    }
    if error.is::<WrongCommandLine>() {
        return WRONG_COMMAND_LINE;
    }
    if error.is::<Unclean>() {
        return UNCLEAN;
    }
    if error.is::<InUse>() || error.is::<TryLater>() || is_retryable(error) {
        return TRY_LATER;
    }
    FAILED
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
    fn every_failure_has_its_code() {
        let not_found = NotFound("there is no row a".to_owned());
        assert_eq!(code(&not_found.into()), 3);
        assert_eq!(code(&WrongCommandLine(String::new()).into()), 2);
        assert_eq!(code(&Unclean { left: 1, repairable: 1 }.into()), 5);
        assert_eq!(code(&InUse("store".into()).into()), 4);
        assert_eq!(code(&TryLater(String::new()).into()), 4);
        assert_eq!(code(&Stopped { signal: 15, done: String::new() }.into()), 143);
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
