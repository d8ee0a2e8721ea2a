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

impl fmt::Display for Unclean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_left = if self.left == 1 { "is" } else { "are" };
        write!(f, "{} {is_left} left", counted(self.left, "problem"))?;
        if self.repairable > 0 {
            let repairable = self.repairable;
            write!(f, "; `socorro-hbase check --repair` repairs {repairable} of them")?;
        }
        Ok(())
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
             `socorro-hbase serve --store {folder}` have the store alone and give the URL that it \
             prints to all others with --server"
        )
    }
}

impl std::error::Error for NotFound {}
impl std::error::Error for WrongCommandLine {}
impl std::error::Error for Unclean {}
impl std::error::Error for Stopped {}
impl std::error::Error for InUse {}
