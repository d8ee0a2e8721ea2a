//! Fuzzes decoders, connections and the configuration: the targets of the folder `fuzz`, each for a bounded time.
//!
//! What the targets check is theirs (`hbase_thrift_client::fuzzing`); this starts them, from real
//! replies, and says what to install where something is missing.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::cmd;

const FOLDER: &str = "fuzz";
/// Longer inputs show nothing that shorter ones don't, and take longer.
const MAX_LENGTH: &str = "-max_len=4096";
/// What may be taken at once, in MiB: inputs of 4 KiB need no more than some hundred KiB, the
/// storage of mini-hbase a few MiB.
const MEMORY: &str = "-malloc_limit_mb=24";
/// Seconds; an input of 4 KiB takes a millisecond.
const PATIENCE: &str = "-timeout=10";

/// What to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each target
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// This target alone
    #[arg(value_enum)]
    target: Option<Target>,
}

/// A target of the folder `fuzz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Rows in the binary protocol
    #[value(name = "rows_binary")]
    RowsBinary,
    /// Rows in the compact protocol
    #[value(name = "rows_compact")]
    RowsCompact,
    /// Where a message ends
    #[value(name = "extent")]
    Extent,
    /// All that a connection brings, over HTTP too
    #[value(name = "session")]
    Session,
    /// A configuration's URL
    #[value(name = "config")]
    Config,
    /// Messages to mini-hbase, carried out
    #[value(name = "server_message")]
    ServerMessage,
    /// HTTP requests to mini-hbase
    #[value(name = "server_http")]
    ServerHttp,
    /// The filter language of mini-hbase
    #[value(name = "server_filter")]
    ServerFilter,
    /// Crash reports that are posted to the collector
    #[value(name = "collector_request")]
    CollectorRequest,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    require()?;
    cmd::say("Writing real replies and URLs to begin with");
    cmd::run(&mut nightly("run --quiet --example seeds"))?;
    for &target in Target::value_variants() {
        if options.target.is_none_or(|only| only == target) {
            fuzz(target, options.seconds)?;
        }
    }
    cmd::say("Nothing was found");
    Ok(())
}

fn fuzz(target: Target, seconds: u32) -> Result<()> {
    let value = target.to_possible_value().context("every target has a name")?;
    let name = value.get_name();
    cmd::say(&format!("Fuzzing {name} for {seconds} s"));
    let mut fuzz = nightly("fuzz run");
    fuzz.args([name, "--", MAX_LENGTH, PATIENCE, MEMORY, "-print_final_stats=1"]);
    fuzz.arg(format!("-max_total_time={seconds}"));
    cmd::run(&mut fuzz).with_context(|| {
        format!(
            "{name} failed; in the folder {FOLDER}, `cargo +nightly fuzz run {name} INPUT` repeats \
             it on the input that is named above"
        )
    })
}

/// Fails with what to install. Nothing of it is needed for anything else, so none is installed here.
fn require() -> Result<()> {
    if !cmd::succeeds(&mut nightly("--version")) {
        bail!(
            "fuzzing needs a nightly compiler: install it with `rustup toolchain install nightly \
             --profile minimal` and retry"
        );
    }
    if !cmd::succeeds(&mut nightly("fuzz --version")) {
        bail!(
            "fuzzing needs cargo-fuzz: `cargo install cargo-fuzz --locked` installs it; retry then"
        );
    }
    if !cmd::exists("c++") {
        bail!(
            "fuzzing needs a C++ compiler: install one (`sudo apt-get install g++` on Debian or \
             Ubuntu) and retry"
        );
    }
    Ok(())
}

/// Cargo through rustup, unlike the pinned one that runs this chore, in the folder of the targets.
fn nightly(arguments: &str) -> Command {
    let mut command = cmd::command("cargo", ["+nightly"]);
    command.args(arguments.split_whitespace()).current_dir(folder());
    command
}

fn folder() -> PathBuf {
    cmd::root().join(FOLDER)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_target_of_the_folder_is_known() {
        let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
        let targets =
            manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
        let mut named: Vec<_> = targets.map(|path| path.trim_end_matches(".rs\"")).collect();
        named.sort_unstable();
        let values = Target::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let mut known: Vec<_> = values.map(|value| value.get_name().to_owned()).collect();
        known.sort_unstable();
        assert_eq!(named, known);
    }
}
