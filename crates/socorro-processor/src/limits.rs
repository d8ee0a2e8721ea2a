//! How much a crash may take to be processed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What processing one crash may take. The limits of a dump hold for each of its dumps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of memory of the process that walks a dump; 1 GiB by default. Unix only.
    pub memory: u64,
    /// How long a dump may take; 2 minutes by default.
    ///
    /// After a third of it no symbols are fetched, after half of it no stacks are walked.
    pub time: Duration,
    /// Bytes that the walk of a dump may result in; 64 MiB by default.
    pub output: usize,
    /// Threads of a dump that are looked at, the crashing one among them; 2,000 by default.
    pub threads: usize,
    /// Modules of a dump that are looked at; 4,000 by default. What a process has loaded are some hundred.
    pub modules: usize,
    /// Bytes of each stack that are walked; 16 MiB by default.
    pub stack: u64,
    /// Frames of a dump that are walked in all; 1,000,000 by default.
    pub walked_frames: u64,
    /// Frames of a dump that are kept in all; 20,000 by default.
    ///
    /// Of one stack at most 499 are kept: the first 250, and the last 249.
    pub kept_frames: usize,
    /// Bytes of the processed JSON, which is one cell; 10 MiB, less what HBase adds, by default.
    pub cell: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            time: Duration::from_mins(2),
            output: 64 << 20,
            threads: 2000,
            modules: 4000,
            stack: 16 << 20,
            walked_frames: 1_000_000,
            kept_frames: 20_000,
            cell: (10 << 20) - 1024,
        }
    }
}

/// Frames at the top of a long stack that are kept.
pub(crate) const FIRST_FRAMES: usize = 250;

/// Frames at the bottom of a long stack that are kept.
pub(crate) const LAST_FRAMES: usize = 249;
