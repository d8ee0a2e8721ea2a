//! What the program and the process that walks a dump say to each other.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::Limits;
use crate::symbols::{SymbolSources, SymbolTally};

/// The variable of the environment that makes a program walk a dump instead of doing its work.
pub(crate) const VARIABLE: &str = "SOCORRO_PROCESSOR_WALK";

/// The first line of the walker's standard input; the dump follows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) limits: Limits,
    pub(crate) symbols: SymbolSources,
}

/// The walker's standard output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The dump is walked.
    Walked(Walked),
    /// The dump can't be processed.
    Failed {
        /// Why, for people.
        note: String,
        /// Why, as rust-minidump calls it.
        status: String,
    },
}

/// What came of a dump.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Walked {
    /// rust-minidump's JSON.
    pub(crate) json_dump: Value,
    /// What is left out of it, and what went wrong on the way.
    pub(crate) notes: Vec<String>,
    /// How the search for symbols went.
    pub(crate) symbols: SymbolTally,
}
