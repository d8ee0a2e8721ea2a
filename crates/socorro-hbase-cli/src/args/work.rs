//! Options of the commands that work on queues, check the store and take crashes out of it.

use std::{path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use clap::{Args, Subcommand, ValueEnum};
use socorro_hbase_client::{CheckPosition, Worker};

use super::{
    Ids, Range,
    find::signature,
    ids::{Named, named},
};

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
    /// List the crashes that wait, newest first, and leave them in the queue
    ///
    /// JSON: ooid, submitted.
    List {
        #[command(flatten)]
        which: Which,
        /// At most this many
        #[arg(short = 'n', long, value_name = "COUNT")]
        limit: Option<usize>,
        /// Oldest first, as they are claimed, instead of newest first
        #[arg(long)]
        reverse: bool,
    },
    /// Show how many crashes wait in both queues, and for how long
    ///
    /// JSON: queue, waiting (entries), counter (the size that is counted), oldest (its ooid),
    /// `age_seconds`.
    Stats,
    /// Put crashes into both queues, to be processed once more
    ///
    /// Their ooids are printed. JSON: ooid.
    Add {
        #[command(flatten)]
        ids: Ids,
    },
    /// Claim crashes for a time, oldest first, and print them; others don't get them until then
    ///
    /// JSON: ooid.
    Claim {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        claim: ClaimOptions,
        /// At most this many
        #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 1)]
        limit: usize,
    },
    /// Claim crashes that the worker has claimed already for a time from now
    ///
    /// The ooids of those that the worker still has are printed. JSON: ooid.
    Renew {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        claim: ClaimOptions,
        #[command(flatten)]
        ids: Ids,
    },
    /// Give claimed crashes back to the queue at once
    ///
    /// The ooids of those that the worker had are printed. JSON: ooid.
    Release {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        worker: WorkerName,
        #[command(flatten)]
        ids: Ids,
    },
    /// Take crashes that the worker has claimed out of the queue: they are done
    ///
    /// The ooids of those that the worker had are printed. JSON: ooid.
    Ack {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        worker: WorkerName,
        #[command(flatten)]
        ids: Ids,
    },
    /// Take crashes out of the queue, even if another worker has claimed them
    ///
    /// The ooids of those that were in the queue are printed. JSON: ooid.
    Remove {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        ids: Ids,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct WorkerName {
    /// The name of the worker whose claims these are; else `SOCORRO_HBASE_WORKER`, else what the file of
    /// settings says, else socorro-hbase
    #[arg(long, value_name = "NAME")]
    pub(crate) worker: Option<Worker>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ClaimOptions {
    #[command(flatten)]
    pub(crate) worker: WorkerName,
    /// How long a claim holds, like 5m or 90s; else `SOCORRO_HBASE_LEASE`, else what the file of
    /// settings says, else 5m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) lease: Option<Duration>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Symbols {
    /// A folder with Breakpad's symbol files, for the names of functions; may be given again; else
    /// `SOCORRO_HBASE_SYMBOLS`, a list as in PATH, else what the file of settings says
    #[arg(long, value_name = "FOLDER")]
    pub(crate) symbols: Vec<PathBuf>,
    /// A server of Breakpad's symbol files, asked for what no folder has; may be given again; else
    /// `SOCORRO_HBASE_SYMBOLS_URL`, separated by blanks, else what the file of settings says
    #[arg(long, value_name = "URL")]
    pub(crate) symbols_url: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SignatureLists {
    /// A folder with the lists by which signatures are made, named and written like those of Mozilla's
    /// siggen, instead of the short ones that are built in; else `SOCORRO_HBASE_SIGNATURE_LISTS`, else what the
    /// file of settings says
    #[arg(long, value_name = "FOLDER")]
    pub(crate) signature_lists: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Process {
    /// These crashes, out of their turn; - reads their ooids from standard input
    #[arg(value_name = "OOID", value_parser = named, conflicts_with_all = ["watch", "limit"])]
    pub(crate) ooids: Vec<Named>,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) claim: ClaimOptions,
    /// Go on when nothing waits, until Ctrl-C or SIGTERM
    #[arg(long)]
    pub(crate) watch: bool,
    /// At most this many
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) lists: SignatureLists,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SymbolFiles {
    /// Copy symbol files to where `process` looks for them
    ///
    /// A file's first line says which module it is of. The places are printed. JSON: file, place.
    Add {
        /// Breakpad's symbol files, as `dump_syms` writes them
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The folder of symbols; else the first that `SOCORRO_HBASE_SYMBOLS` or the file of settings names
        #[arg(long, value_name = "FOLDER")]
        symbols: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) range: Range,
    /// Repair the problems that are found
    #[arg(long)]
    pub(crate) repair: bool,
    /// Skip what was written within this time; 0s is for a store that nobody else writes to
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    pub(crate) settled_for: Duration,
    /// Go on where a check was stopped, with the word that it printed then
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub(crate) resume: Option<CheckPosition>,
}

/// A check's position as one word, which a shell takes as it is.
pub(crate) fn position_word(position: &CheckPosition) -> String {
    BASE64.encode(position.to_string())
}

fn position(word: &str) -> Result<CheckPosition, String> {
    let read = || String::from_utf8(BASE64.decode(word).ok()?).ok()?.parse().ok();
    read().ok_or_else(|| "this is no position of a check".to_owned())
}

/// Which crashes to take along.
#[derive(Debug, Args)]
pub(crate) struct Selecting {
    #[command(flatten)]
    pub(crate) range: Range,
    /// Only crashes with this signature, exactly; '' is the empty one
    #[arg(long, value_parser = signature(), conflicts_with_all = ["date", "from", "to"])]
    pub(crate) signature: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// A folder; an archive whose name ends in .tar, .tar.gz, .tgz, .tar.zst or .zst; or - for a tar on
    /// standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    /// These crashes; - reads their ooids from standard input
    #[arg(
        value_name = "OOID",
        value_parser = named,
        conflicts_with_all = ["date", "from", "to", "signature"]
    )]
    pub(crate) ooids: Vec<Named>,
}

#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// At most this many
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_one_word_and_reads_back() {
        let start = CheckPosition::default();
        let word = position_word(&start);
        assert!(word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{word}");
        assert_eq!(position(&word).unwrap(), start);
        assert!(position("x").is_err() && position("").is_err());
    }
}
