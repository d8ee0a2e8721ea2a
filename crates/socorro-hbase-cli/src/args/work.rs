//! Options of the commands that work on queues, check the store and take crashes out of it.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use socorro_hbase_client::{CheckPosition, Ooid, Taker};

use super::{Place, Range, Reading};
use crate::settings::Settings;

/// Which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueueName {
    /// Accepted crashes, which a monitor works on
    Legacy,
    /// All crashes that aren't processed
    General,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Accepted crashes, or all that aren't processed
    #[arg(long, value_enum, default_value = "legacy")]
    pub(crate) queue: QueueName,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// List the crashes that wait, oldest first, and leave them where they are
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Tell how many crashes wait in both queues, and for how long
    Stats(Reading),
    /// Take crashes for a time, oldest first, and print them; others don't get them until then
    Claim {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        claim: ClaimOptions,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        limit: usize,
        #[command(flatten)]
        reading: Reading,
    },
    /// Take crashes out of the queue for good
    Ack {
        #[command(flatten)]
        which: Which,
        /// The crashes
        #[arg(required = true)]
        ooids: Vec<Ooid>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ClaimOptions {
    /// Who takes them, for people who look for them; else `SOCORRO_HBASE_TAKER`, else what the file
    /// of settings says, else socorro-hbase
    #[arg(long, value_name = "NAME")]
    pub(crate) taker: Option<Taker>,
    /// For how long, like 5m or 90s; else `SOCORRO_HBASE_LEASE`, else what the file of settings says,
    /// else 5m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) lease: Option<Duration>,
}

impl ClaimOptions {
    /// Who takes crashes, and for how long.
    pub(crate) fn choose(self, settings: &Settings) -> Result<(Taker, Duration)> {
        Ok((settings.taker(self.taker)?.value, settings.lease(self.lease)?.value))
    }
}

#[derive(Debug, Args)]
pub(crate) struct SymbolFolders {
    /// A folder with Breakpad's symbol files, for the names of functions; may be given again; else
    /// `SOCORRO_HBASE_SYMBOLS`, a list as in PATH, else what the file of settings says
    #[arg(long, value_name = "FOLDER")]
    pub(crate) symbols: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Process {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) claim: ClaimOptions,
    /// Go on when nothing waits, until Ctrl-C or SIGTERM
    #[arg(long)]
    pub(crate) watch: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) symbols: SymbolFolders,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) range: Range,
    /// Mend what is found
    #[arg(long)]
    pub(crate) repair: bool,
    /// Leave alone what was written within this time; 0s is for a store that nobody else writes to
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    pub(crate) settled_for: Duration,
    /// Go on where a check was stopped, which said so
    #[arg(long, value_name = "POSITION")]
    pub(crate) resume: Option<CheckPosition>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Which crashes to take along.
#[derive(Debug, Args)]
pub(crate) struct Selecting {
    #[command(flatten)]
    pub(crate) range: Range,
    /// Crashes with this signature, exactly
    #[arg(long, conflicts_with_all = ["date", "from", "to"])]
    pub(crate) signature: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// A folder, or a file whose name ends in .tar.gz; what is there is gone on with
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    /// These crashes
    #[arg(value_name = "OOID", conflicts_with_all = ["date", "from", "to", "signature"])]
    pub(crate) ooids: Vec<Ooid>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// How many
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) count: usize,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
