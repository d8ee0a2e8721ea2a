//! Compares signatures with those of Mozilla's `siggen`, which is installed from `PyPI` for it.
//!
//! What is compared is the business of socorro-signature's test `siggen`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::{cmd, host};

/// The release that signatures are compared with.
const SIGGEN: &str = "siggen==2.2.20241029";

/// How many crashes to compare, and which.
#[derive(Args)]
pub(crate) struct Options {
    /// The seed of a run to repeat
    #[arg(long)]
    seed: Option<u64>,
    /// How many crashes to make up [default: 5000]
    #[arg(long)]
    cases: Option<u64>,
    /// A folder with processed crashes (*.json) to compare too
    #[arg(long, value_name = "FOLDER")]
    processed: Option<PathBuf>,
}

/// Compares as many as every run of the tests does.
pub(crate) fn compare() -> Result<()> {
    run(&Options { seed: None, cases: None, processed: None })
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut test = cmd::cargo("test --package socorro-signature --test siggen");
    test.args(["--", "--include-ignored", "--nocapture"]).env("SIGGEN_PYTHON", python()?);
    for (variable, number) in [("SIGGEN_SEED", options.seed), ("SIGGEN_CASES", options.cases)] {
        if let Some(number) = number {
            test.env(variable, number.to_string());
        }
    }
    if let Some(folder) = &options.processed {
        let folder = folder.canonicalize();
        test.env("SIGGEN_PROCESSED", folder.context("the folder of processed crashes is missing")?);
    }
    cmd::run(&mut test)
}

/// Returns a Python that has siggen; it is made once.
fn python() -> Result<PathBuf> {
    let folder = cmd::target_dir()?.join(SIGGEN.replace("==", "-"));
    let python = folder.join("bin/python");
    let finished = folder.join("finished");
    if !finished.exists() {
        host::ensure_python()?;
        let mut venv = cmd::command("python3", ["-m", "venv", "--clear"]);
        cmd::run(venv.arg(&folder))?;
        let mut install = Command::new(&python);
        cmd::run(install.args(["-m", "pip", "install", "--quiet", SIGGEN]))
            .context("siggen can't be installed; is a package index reachable?")?;
        fs::write(&finished, "").context("the environment can't be marked as finished")?;
    }
    Ok(python)
}
