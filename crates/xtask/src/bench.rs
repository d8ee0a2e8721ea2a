//! The bench command: builds the benchmark for speed and runs it.
//!
//! What is measured and what the gates are is left to `crates/bench`, which is a program of its own
//! so that this one can be built without the client.

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cmd;

/// What to measure, and what to do with it.
#[derive(Args)]
pub(crate) struct Options {
    /// Fail when a gate is missed
    #[arg(long)]
    gates: bool,
    /// Samples of each task, of which the median is taken [default: 7]
    #[arg(long)]
    rounds: Option<u32>,
    /// Only these workloads: W1 to W6, threads, W1-async, at-once, read-ahead, memory, kept, writer; separated by commas
    #[arg(long)]
    only: Option<String>,
    /// Print an object a line instead of tables
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    const PACKAGE: &str = "--release --package client-bench";
    // All its programs: the one that measures runs the one that counts.
    cmd::run(&mut cmd::cargo(&format!("build {PACKAGE}")))?;
    let mut bench = cmd::cargo(&format!("run --quiet {PACKAGE} --bin client-bench -- run"));
    bench.args(options.arguments());
    // Its output is what was asked for, so it goes to stdout as it is.
    let status = bench.status().context("the benchmark could not be started")?;
    if !status.success() {
        bail!("the benchmark failed ({status}); why is above");
    }
    Ok(())
}

impl Options {
    fn arguments(&self) -> Vec<String> {
        let flags = [(self.gates, "--gates"), (self.json, "--json")];
        let flags = flags.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag.to_owned());
        let rounds = self.rounds.map(|rounds| format!("--rounds={rounds}"));
        let only = self.only.as_ref().map(|only| format!("--only={only}"));
        flags.chain(rounds).chain(only).collect()
    }
}
