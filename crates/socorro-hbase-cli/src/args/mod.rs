//! The command line: subcommands, options, and the help that explains them.
//!
//! For clap to parse and to complete. What the commands do is left to `commands`.

mod common;
mod config;
mod find;
mod ids;
mod serve;
mod submit;
mod work;

pub(crate) use common::Common;
pub(crate) use config::{Config, ShowConfig};
pub(crate) use find::{
    By, Crashes, Filters, GetRow, Metrics, Order, Range, Scan, Signatures, check_order,
};
pub(crate) use ids::{Ids, Named, a_folder, id, is_standard, word};
pub(crate) use serve::{LimitOptions, LogFormat, Serve};
pub(crate) use submit::Submit;
pub(crate) use work::{
    Check, ClaimOptions, Export, Process, Queue, QueueName, Sample, Selecting, SignatureLists,
    SymbolFiles, Symbols, Which, WorkerName, position_word,
};

use std::path::PathBuf;

#[cfg(target_os = "linux")]
use clap::ValueEnum;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use hbase_thrift_client::Compression;
use socorro_hbase_client::CrashId;

/// Socorro's crash storage on Apache HBase, from a shell.
///
/// Crashes are stored as Socorro's Python client stores them; both can use one cluster. Without a
/// server, the program keeps them in a store of its own.
#[derive(Debug, Parser)]
#[command(name = "socorro-hbase", version, after_help = EXIT_CODES, after_long_help = long_help())]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The demo, and the commands that it shows.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all of it: crash a process, submit, process and find its crashes
    ///
    /// Begin here. Nothing is needed: the crashes go to a store of the demo's own, and stay there, or
    /// to the one that --server or --store names.
    #[cfg(target_os = "linux")]
    Demo,
    /// Crash, as the demo's child process
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    DemoCrash {
        /// How
        #[arg(value_enum)]
        kind: Misbehaviour,
    },
    #[command(flatten)]
    Task(Task),
}

/// How a child process of the demo misbehaves.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Misbehaviour {
    Overflow,
    Abort,
    PluginAbort,
    BrowserHang,
    PluginHang,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Create the tables, list them, verify them
    #[command(subcommand)]
    Schema(Schema),
    /// Store crashes and print their ooids
    ///
    /// One crash from two files, or all of a folder or of an archive, as `export` writes them; what
    /// is wrong with one of many is listed and ends nothing.
    ///
    /// A crash of an export is stored as it was, processed and queued; if it is there already, it stays
    /// as it is. Any other gets the ooid given by --ooid, else the one in its metadata's field `uuid` or in
    /// the name of one of its files (OOID.json, OOID.dump), else a new one of the day it was submitted.
    /// That of one of many is made of its content, so that submitting all of them again adds none.
    /// Metadata without `submitted_timestamp` is stored with the present time in it, one of many with
    /// the time of its file; all other metadata is stored byte for byte.
    ///
    /// JSON: ooid, and of many also `was_there`, source, problem.
    Submit(Submit),
    /// Show all that is stored of a crash: its parts, its queues, who has claimed it, its hang
    ///
    /// JSON: ooid, submitted, product, version, `process_type`, signature, `is_processed`, parts (column,
    /// bytes, written), queues (queue, since, `is_requested`, worker, until), `hang_pair` (null, or ooid and
    /// `process_type`).
    Show {
        #[command(flatten)]
        ids: Ids,
    },
    /// Read what is stored of a crash, as it is stored
    #[command(subcommand)]
    Get(Get),
    /// Store a crash's processed data, which takes it out of the general queue
    PutProcessed(PutProcessed),
    /// Remove crashes and everything that names them
    ///
    /// The ooids of the crashes that were there are printed. That they were submitted stays counted. JSON:
    /// ooid.
    Remove(Remove),
    /// Look at the queues of crashes that wait for a processor, and work on them
    #[command(subcommand)]
    Queue(Queue),
    /// Process the minidumps of crashes that wait, and store the results
    ///
    /// JSON: ooid, signature, success.
    Process(Process),
    /// Make the signature of a processed crash, and explain step by step how it came about
    ///
    /// The signature is printed on standard output, the steps on standard error. JSON: signature,
    /// `proto_signature`, notes, steps.
    Signature {
        /// A file with one JSON object; standard input by default
        #[arg(default_value = "-")]
        file: PathBuf,
        #[command(flatten)]
        lists: SignatureLists,
    },
    /// Keep Breakpad's symbol files
    #[command(subcommand)]
    Symbols(SymbolFiles),
    /// Find crashes by time, signature, product, version, type of process or hang; newest first
    ///
    /// JSON: ooid, submitted, product, version, `process_type`, signature.
    Crashes(Crashes),
    /// Show which signatures are the most frequent
    ///
    /// JSON: crashes (how many), signature (null of crashes that aren't processed).
    Signatures(Signatures),
    /// Show how much was submitted, as it was counted; with a chart on a terminal
    ///
    /// JSON: period, submitted, accepted, deferred, discarded, `hang_pairs`, `process_types` (an object).
    Metrics(Metrics),
    /// Check that crashes, indexes, queues and counters agree
    ///
    /// JSON: kind, repair (null without --repair, otherwise `repaired`, `already_solved` or `left`), ooid, table,
    /// row, problem (in words). Kinds: `missing_index_row`, `orphan_index_row`,
    /// `stale_index_row`, `malformed_index_row`, `processed_in_queue`, `unfinished_submission`,
    /// `leftover_row`, `late_data`, `unreadable_metadata`, `wrong_counter`, `malformed_counter`.
    Check(Check),
    /// Read a whole row of a table
    ///
    /// JSON: row, cells: an object of columns, each with timestamp, and text, number or base64.
    Row(GetRow),
    /// Read the rows of a table
    ///
    /// JSON: row, cells: an object of columns, each with timestamp, and text, number or base64.
    Scan(Scan),
    /// Copy crashes out of the store, into a folder or an archive
    ///
    /// Each crash is the files OOID.json, OOID.dump, OOID.NAME.dump for each further dump, its processed
    /// data as OOID.processed.json, and as OOID.state.json what else is stored of it: `submit` makes the
    /// same crash of them. An export that was interrupted goes on when it is made again; a folder gets
    /// what is new in the store, too.
    ///
    /// JSON: ooid, outcome (`new`, `updated`, `was_there`), problem; nothing if the output is -.
    Export(Export),
    /// Draw crashes at random, each with the same chance
    ///
    /// JSON: ooid.
    Sample(Sample),
    /// Receive crashes over HTTP and process them, until Ctrl-C or SIGTERM
    ///
    /// A collector (`POST /submit`, as Breakpad, Crashpad, Firefox, Chromium and Electron send crashes) and
    /// workers, in one process on the program's own store, or on several machines on one HBase:
    /// --no-workers and --no-collector leave a part to others. With --thrift, other programs use the
    /// program's own store meanwhile; there is no authentication: listen only where every program may use
    /// the crashes.
    ///
    /// The addresses are printed, and the log goes to standard error. Crashes are read back at
    /// `/201005/crash/(meta|raw_crash|processed)/by/uuid/OOID`: without dumps and protected fields, unless
    /// the request has the token of the variable `SOCORRO_HBASE_READ_TOKEN` in its header `Auth-Token`. A
    /// client with that of `SOCORRO_HBASE_SUBMIT_TOKEN`, as `Authorization: Bearer`, may choose a crash's
    /// ooid in the annotation `uuid`.
    ///
    /// JSON: collector (its URL), thrift (the URL for --server).
    Serve(Box<Serve>),
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
        #[arg(short, long, value_name = "FOLDER", value_parser = a_folder())]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    /// Create those of the tables that are missing
    Create {
        /// Compress the tables, if the server has the codec: GZ, LZO, SNAPPY, ...
        #[arg(long, value_name = "CODEC", default_value = "NONE")]
        compression: Compression,
    },
    /// List the tables and their column families, as they are meant to be
    ///
    /// JSON: table, families (an object, each with `max_versions`).
    Show,
    /// Compare the tables with what they are meant to be
    ///
    /// JSON: table, `is_there`, `missing_families`.
    Verify,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Get {
    /// Read a crash's metadata, the JSON that was submitted
    Meta(GetOne),
    /// Read a crash's minidump
    Dump {
        /// Another dump than the crash's own: `upload_file_minidump_browser`, ...
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        one: GetOne,
    },
    /// Read what a processor has stored of a crash
    Processed(GetOne),
    /// Show whether a crash is processed, and when it was submitted
    ///
    /// JSON: ooid, `is_processed`, `is_legacy`, submitted, processed.
    State {
        /// The crash's ooid, `bp-` before it or not
        #[arg(value_parser = ids::id)]
        ooid: CrashId,
    },
    /// Read both metadata and minidump into a folder, as OOID.json and OOID.dump
    Raw {
        /// The crash's ooid, `bp-` before it or not
        #[arg(value_parser = ids::id)]
        ooid: CrashId,
        /// The folder, which is made if it doesn't exist
        #[arg(short, long, value_name = "FOLDER", value_parser = a_folder())]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GetOne {
    /// The crash's ooid, `bp-` before it or not
    #[arg(value_parser = ids::id)]
    pub(crate) ooid: CrashId,
    /// Write to this file instead of standard output; - is standard output even if it is a terminal
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PutProcessed {
    /// The crash's ooid, `bp-` before it or not
    #[arg(value_parser = ids::id)]
    pub(crate) ooid: CrashId,
    /// A file with one JSON object; - is standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    pub(crate) ids: Ids,
    /// Only print the ooids of the crashes that would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Count the crashes down too, as if they had never been submitted
    #[arg(long)]
    pub(crate) uncount: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; also if a list is empty
  1  failed, and will fail again until the cause is removed (a file, the metadata, the tables)
  2  the command line is wrong
  3  what was named isn't there: a crash, a row, a claim
  4  HBase could not be reached or did not answer, the store is in use, or another worker has the
     crash: the same command may succeed later
  5  a check found problems that are still there
  130, 143  stopped by Ctrl-C or SIGTERM before all was done; the message says what was done";

const MORE_HELP: &str = "\
Standard output gets nothing but the data asked for; messages go to standard error. Lists have a
heading on a terminal only. Files are written whole or not at all. A reader that has seen enough of a
list (| head) ends it; submit, process, export, check, remove and queue ack finish their work all the
same.

Without a server, the program keeps the crashes in a store of its own, in a folder; there is
nothing to install or to create.

Options go before variables of the environment, and these before the file of settings (TOML), whose
keys are server, store, worker, lease, symbols, symbols-url and signature-lists, like the options.
`socorro-hbase config show` prints what is used and where it comes from.

Examples:
  export SOCORRO_HBASE_SERVER=hbase://localhost:9090   # or without, on the program's own store
  socorro-hbase schema create
  ooid=$(socorro-hbase submit --meta crash.json --dump crash.dump)
  socorro-hbase submit crashes/                        # or: tar c --sort=name crashes | socorro-hbase submit -
  socorro-hbase show $ooid
  socorro-hbase get meta $ooid | python3 -m json.tool
  socorro-hbase crashes --date 2012-05 --product Firefox | socorro-hbase queue add -
  socorro-hbase export -o - --date 2012-05-08 | ssh backup socorro-hbase submit -";

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

    #[test]
    fn common_options_may_stand_anywhere() {
        for place in ["server", "store"] {
            let common = format!("--json --{place} s --config c --quiet -vv");
            for line in [
                format!("{common} queue list"),
                format!("queue {common} list"),
                format!("queue list {common}"),
                format!("--json queue --{place} s -q list --config c -vv"),
            ] {
                let words = std::iter::once("socorro-hbase").chain(line.split(' '));
                let common = Cli::try_parse_from(words).unwrap().common;
                assert!(common.json && common.quiet && common.verbose == 2, "{line}");
                assert_eq!(common.config, Some("c".into()), "{line}");
                let server = common.server.map(Into::into);
                assert_eq!(server.or(common.store), Some("s".into()), "{line}");
            }
        }
    }

    #[test]
    fn the_help_of_a_command_shows_its_own_options_first() {
        const COMMON: [&str; 6] =
            ["--server", "--store", "--config", "--json", "--quiet", "--verbose"];
        let mut command = Cli::command();
        command.build();
        let mut commands = vec![&mut command];
        let mut count = 0;
        while let Some(command) = commands.pop() {
            for help in [command.render_help(), command.render_long_help()] {
                let help = help.to_string();
                let (own, common) = help.split_once("Common options:").unwrap();
                for option in COMMON.map(|option| format!(" {option}")) {
                    let listed = own
                        .lines()
                        .any(|line| line.trim_start().starts_with('-') && line.contains(&option));
                    assert!(!listed && common.contains(&option), "{option}: {help}");
                }
            }
            count += 1;
            // `help` has commands of its own, which have no options.
            commands.extend(command.get_subcommands_mut().filter(|sub| sub.get_name() != "help"));
        }
        assert!(count > 30, "{count} commands");
        let crashes = command.find_subcommand_mut("crashes").unwrap();
        assert!(crashes.render_help().to_string().contains("--signature"));
    }
}
