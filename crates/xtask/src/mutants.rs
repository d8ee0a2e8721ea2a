//! Mutation testing of mini-hbase: each mutant is a small change of its code that some test has to
//! notice (cargo-mutants).
//!
//! A mutant first meets the unit tests of the crate, which take a second; what survives meets the
//! tests that take longer, and at last the conformance tests. Why a survivor may survive is in
//! `docs/mini-hbase.md`.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;

use crate::cmd;

const SOURCE: &str = "crates/mini-hbase/src";
/// The tests that guard the model, the cheap ones first: package, targets, and what to leave out of
/// them. What is left out waits for disks or needs HBase.
const GUARDS: [(&str, &str, &str); 3] = [
    ("mini-hbase", "--lib", "many_writers_share_a_flush"),
    (
        "mini-hbase",
        "--test oracle --test recorded --test compaction --test model --test durability --test stores",
        "every_acknowledged_row_survives",
    ),
    ("integration-tests", "--test main", "hbase::"),
];
/// Seconds; a loop that doesn't end is noticed too.
const TIME_LIMIT: &str = "300";
/// Exit codes of cargo-mutants: some mutants survive, or reach the time limit.
const SURVIVORS: [i32; 2] = [2, 3];

/// What to mutate.
#[derive(Args)]
pub(crate) struct Options {
    /// This module of mini-hbase, a file or a folder: `model/matcher`, `wire/take`
    #[arg(long, default_value = "model")]
    module: String,
    /// A part of the mutants, as K/N with K from 0
    #[arg(long)]
    shard: Option<String>,
    /// How many of the three kinds of tests the mutants meet: unit tests, the longer ones of the
    /// crate, the conformance tests
    #[arg(long, default_value_t = GUARDS.len())]
    kinds: usize,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if !cmd::succeeds(&mut cmd::cargo("mutants --version")) {
        bail!("`cargo install cargo-mutants --locked` installs what is missing; retry then");
    }
    let files = files(&options.module)?;
    let output = cmd::target_dir()?.join("mutants").join(options.module.replace('/', "-"));
    fs::create_dir_all(&output)?;
    let mut survive = false;
    for (package, targets, left_out) in GUARDS.into_iter().take(options.kinds) {
        cmd::say(&format!("Mutants of {} meet {package} {targets}", options.module));
        survive = meet(&files, &output, (package, targets, left_out), options.shard.as_deref())?;
        if !survive {
            break;
        }
    }
    if survive {
        bail!("some survive: see {}", output.join("mutants.out/missed.txt").display());
    }
    cmd::say("No mutant survives");
    Ok(())
}

/// The files of a module, as cargo-mutants takes them.
fn files(module: &str) -> Result<String> {
    let path = cmd::root().join(SOURCE).join(module);
    if path.with_extension("rs").is_file() {
        Ok(format!("{SOURCE}/{module}.rs"))
    } else if path.is_dir() {
        Ok(format!("{SOURCE}/{module}/**"))
    } else {
        bail!("{SOURCE} has no module {module}")
    }
}

/// Lets the mutants that no test noticed yet meet some tests, and says whether some survive.
fn meet(
    files: &str,
    output: &Path,
    (package, targets, left_out): (&str, &str, &str),
    shard: Option<&str>,
) -> Result<bool> {
    let mut mutants = cmd::cargo("mutants --package mini-hbase --baseline skip --iterate");
    mutants.args(["--file", files, "--timeout", TIME_LIMIT, "--test-package", package]);
    mutants.arg("--output").arg(output);
    mutants.args(targets.split(' ').map(|argument| format!("--cargo-arg={argument}")));
    mutants.args(shard.iter().flat_map(|shard| ["--shard", shard]));
    mutants.args(["--", "--", "--skip", left_out]);
    // Nobody looks at back-traces, and a mutant is mostly built.
    mutants.env("CARGO_PROFILE_DEV_DEBUG", "0");
    mutants.env("CARGO_TARGET_DIR", cmd::target_dir()?.join("mutants/build"));
    let status = cmd::status(&mut mutants)?;
    match status.code() {
        Some(0) => Ok(false),
        Some(code) if SURVIVORS.contains(&code) => Ok(true),
        _ => bail!("cargo-mutants failed ({status}); its output is above"),
    }
}
