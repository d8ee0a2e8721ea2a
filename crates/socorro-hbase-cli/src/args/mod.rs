//! The command line: subcommands, options, and the help that explains them.
//!
//! For clap to parse and to complete. What the commands do is left to `commands`.

mod config;
mod find;
mod place;
mod submit;
mod work;

pub(crate) use config::{Config, ShowConfig};
pub(crate) use find::{By, Crashes, GetRow, Metrics, Order, Range, Reading, Scan, Signatures};
pub(crate) use place::{Place, StoreFolder};
pub(crate) use submit::Submit;
pub(crate) use work::{
    Check, ClaimOptions, Export, Process, Queue, QueueName, Sample, Selecting, SymbolFolders,
};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use hbase_thrift_client::Compression;
use socorro_hbase_client::Ooid;

/// Socorro's crash storage on Apache HBase, from a shell.
///
/// Crashes are stored as Socorro's Python client stores them; both can use one cluster. Without a
/// server, the program keeps them in a store of its own.
#[derive(Debug, Parser)]
#[command(name = "socorro-hbase", version, after_help = EXIT_CODES, after_long_help = long_help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all of it: crash a process, submit, process and find its crashes
    ///
    /// Begin here. Nothing is needed: the crashes go to the program's own store, and stay there.
    #[cfg(target_os = "linux")]
    Demo(Place),
    /// Crash, as the demo's child process
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    DemoCrash {
        /// How
        #[arg(value_enum)]
        kind: crate::demo::Kind,
    },
    /// Create the tables, list them, verify them
    #[command(subcommand)]
    Schema(Schema),
    /// Store crashes and print their ooids
    ///
    /// One crash from two files, or all of a folder or of an archive, as `export` writes them; what
    /// is wrong with one of many is listed and ends nothing.
    ///
    /// A crash gets the ooid given by --ooid, else the one in its metadata's field `uuid` or in the
    /// name of one of its files (OOID.json, OOID.dump), else a new one of the day it was submitted.
    /// That of one of many is made of its content, so that submitting all of them again adds none.
    /// Metadata without `submitted_timestamp` is stored with the present time in it, one of many with
    /// the time of its file; all other metadata is stored byte for byte.
    Submit(Submit),
    /// Read what is stored of a crash
    #[command(subcommand)]
    Get(Get),
    /// Store a crash's processed data, which takes it out of the queues
    PutProcessed(PutProcessed),
    /// Remove a crash and everything that names it
    Remove(Remove),
    /// Look at the queues of crashes that wait for a processor, and work on them
    #[command(subcommand)]
    Queue(Queue),
    /// Process the minidumps of crashes that wait, and store the results
    Process(Process),
    /// Find crashes by time, signature or hang
    Crashes(Crashes),
    /// Tell which signatures are the most frequent
    Signatures(Signatures),
    /// Tell how much was submitted, as it was counted
    Metrics(Metrics),
    /// Check that crashes, indexes, queues and counters agree
    Check(Check),
    /// Read a whole row of a table
    Row(GetRow),
    /// Read the rows of a table
    Scan(Scan),
    /// Copy crashes out of the store, into a folder or an archive
    ///
    /// Each crash is the files OOID.json, OOID.dump and, if it is processed, its processed data.
    Export(Export),
    /// Draw crashes at random, each with the same chance
    Sample(Sample),
    /// Serve the program's own store to other programs, until Ctrl-C or SIGTERM
    ///
    /// The URL to give them with --server is printed. There is no authentication: listen only where
    /// every program may use the crashes.
    Serve(Serve),
    /// Look at the settings: options, variables, and the file
    #[command(subcommand)]
    Config(Config),
    /// Print a completion script for a shell
    Completions {
        /// The shell that shall complete commands
        shell: Shell,
    },
    /// Print the manual as a man page
    Man {
        /// Write a page for each command into this folder instead, for a folder man1 of MANPATH
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    /// Create those of Socorro's twelve tables that are missing
    Create {
        /// Compress the tables, where the server has the codec: GZ, LZO, SNAPPY, ...
        #[arg(long, value_name = "CODEC", default_value = "NONE")]
        compression: Compression,
        #[command(flatten)]
        place: Place,
    },
    /// List the tables and their column families, as they are meant to be
    Show {
        /// Print JSON, one object a line, instead of text
        #[arg(long)]
        json: bool,
    },
    /// Compare the tables with what they are meant to be
    Verify(Reading),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Get {
    /// Read a crash's metadata, the JSON that was submitted
    Meta(GetOne),
    /// Read a crash's minidump
    Dump(GetOne),
    /// Read what a processor has stored of a crash
    Processed(GetOne),
    /// Tell whether a crash is processed, and when it was submitted
    State {
        /// The crash's ooid
        ooid: Ooid,
        #[command(flatten)]
        reading: Reading,
    },
    /// Read both metadata and minidump into a folder, as OOID.json and OOID.dump
    Raw {
        /// The crash's ooid
        ooid: Ooid,
        /// The folder, which is made if it doesn't exist
        #[arg(short, long, value_name = "FOLDER")]
        output: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GetOne {
    /// The crash's ooid
    pub(crate) ooid: Ooid,
    /// Write to this file instead of standard output; - is standard output even if it is a terminal
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct PutProcessed {
    /// The crash's ooid
    pub(crate) ooid: Ooid,
    /// A file with one JSON object; - is standard input
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The crash's ooid
    pub(crate) ooid: Ooid,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Listen on this host and port; port 0 is a free one, which is told
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9090")]
    pub(crate) listen: String,
    #[command(flatten)]
    pub(crate) folder: StoreFolder,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, and will fail again until the cause is mended (a file, the metadata, the tables)
  2  the command line is wrong
  3  there is no such crash, row or hang
  4  HBase could not be reached or did not answer, or the store is in use: the same command may
     succeed later
  5  a check found what is not mended
  130, 143  stopped by Ctrl-C or SIGTERM before all was done; the message says what was done";

const MORE_HELP: &str = "\
Standard output gets nothing but the data asked for; messages go to standard error. Files are
written whole or not at all. Whoever stops reading a list (| head) ends it; submit, process, export,
check and queue ack finish their work all the same.

Without a server, the program keeps the crashes in a store of its own, in a folder; there is
nothing to install or to create.

Options go before variables of the environment, and these before the file of settings (TOML), whose
keys are server, store, taker, lease and symbols, like the options. `socorro-hbase config show` tells
what is used and where it comes from.

Examples:
  export SOCORRO_HBASE_SERVER=hbase://localhost:9090   # or without, on the program's own store
  socorro-hbase schema create
  ooid=$(socorro-hbase submit --meta crash.json --dump crash.dump)
  socorro-hbase submit crashes/                        # or: tar c --sort=name crashes | socorro-hbase submit -
  socorro-hbase get meta $ooid | python3 -m json.tool
  socorro-hbase get dump $ooid -o crash.dump
  socorro-hbase get raw $ooid -o crashes/";

fn long_help() -> String {
    format!("{EXIT_CODES}\n\n{MORE_HELP}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
