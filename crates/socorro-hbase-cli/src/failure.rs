//! Failures that the program itself finds: what was asked for and isn't there, what can't be meant.
//!
//! A leaf: who makes one needs nothing else. Which exit code each has is for `main` to say.

use std::{fmt, path::PathBuf};

use socorro_hbase_client::CrashId;

use crate::text::counted;

/// What was named isn't there; says what.
#[derive(Debug)]
pub(crate) struct NotFound(pub(crate) String);

/// The command line asks for something that nobody can want; says what to write instead.
#[derive(Debug)]
pub(crate) struct WrongCommandLine(pub(crate) String);

/// A check found problems that are still there.
#[derive(Debug)]
pub(crate) struct Unclean {
    pub(crate) left: u64,
    /// How many of them a repair could repair.
    pub(crate) repairable: u64,
}

/// The work ended before its end, since a signal asked for it; says what was done.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) signal: i32,
    pub(crate) done: String,
}

/// What failed may succeed later; says what that is.
#[derive(Debug)]
pub(crate) struct TryLater(pub(crate) String);

/// The store's folder is another process's at the moment.
#[derive(Debug)]
pub(crate) struct InUse(pub(crate) PathBuf);

impl NotFound {
    pub(crate) fn crash(id: &CrashId) -> Self {
        Self(format!("there is no crash {id}"))
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for WrongCommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TryLater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Unclean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_left = if self.left == 1 { "is" } else { "are" };
        write!(f, "{} {is_left} left", counted(self.left, "problem"))?;
        let repaired = match self.repairable {
            0 => return Ok(()),
            1 if self.left == 1 => "it".to_owned(),
            all if all == self.left => "all of them".to_owned(),
            some => format!("{some} of them"),
        };
        write!(f, "; `socorro-hbase check --repair` repairs {repaired}")
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped; {}", self.done)
    }
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.0.display();
        write!(
            f,
            "the store in {folder} is in use by another process: wait until that ends, or let \
             `socorro-hbase serve --store {folder} --thrift 127.0.0.1:9090` have the store alone and \
             give the hbase:// URL that it prints to all others with --server"
        )
    }
}

/// Whether what was done may be done again with a chance to succeed, by what HBase's clients say.
pub(crate) fn is_retryable(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref().is_some_and(socorro_hbase_client::Error::is_retryable)
            || cause.downcast_ref().is_some_and(hbase_thrift_client::Error::is_retryable)
    })
}

impl std::error::Error for NotFound {}
impl std::error::Error for WrongCommandLine {}
impl std::error::Error for Unclean {}
impl std::error::Error for Stopped {}
impl std::error::Error for TryLater {}
impl std::error::Error for InUse {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_repair_would_repair_is_said_in_words_that_fit_its_number() {
        let message = |left, repairable| Unclean { left, repairable }.to_string();
        assert_eq!(message(2, 0), "2 problems are left");
        let command = "`socorro-hbase check --repair`";
        assert_eq!(message(1, 1), format!("1 problem is left; {command} repairs it"));
        assert_eq!(message(2, 2), format!("2 problems are left; {command} repairs all of them"));
        assert_eq!(message(3, 1), format!("3 problems are left; {command} repairs 1 of them"));
    }
}
