//! Compares signatures with those of Mozilla's `siggen`, which is installed from `PyPI` for it.
//!
//! What is compared is the business of socorro-signature's test `siggen`: crashes that it makes up, and all real
//! ones at hand, processed here by the program as any crash is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use xtask::services::Program;

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
    /// A folder with processed crashes (*.json) to compare instead of the real ones at hand
    #[arg(long, value_name = "FOLDER")]
    processed: Option<PathBuf>,
}

/// Folders with real crashes: dumps beside their metadata, and dumps alone, which gzip has packed.
const DUMPS: [&str; 2] = ["integration-tests/data", "crates/socorro-processor/tests/data"];

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
    let work = tempfile::tempdir_in(cmd::target_dir()?)?;
    let processed = match &options.processed {
        Some(folder) => {
            folder.canonicalize().context("the folder of processed crashes is missing")?
        }
        None => process_real_crashes(work.path())?,
    };
    cmd::run(test.env("SIGGEN_PROCESSED", processed))
}

/// Crashes a process in each of the demo's ways, adds the dumps of [`DUMPS`], and has all of them processed; returns
/// the folder with what came out.
fn process_real_crashes(work: &Path) -> Result<PathBuf> {
    cmd::run(&mut cmd::cargo("build --package socorro-hbase-cli --bin socorro-hbase"))?;
    let file = cmd::target_dir()?.join("debug/socorro-hbase");
    let program = Program { file, folder: work.to_owned() };
    let run = |arguments: &[&str]| cmd::run(&mut program.command(arguments));
    run(&["demo", "--quiet", "--store", "store"])?;
    let dumps = work.join("dumps");
    let submitted = copy_dumps(&dumps)?;
    run(&["submit", "--quiet", &dumps.to_string_lossy()])?;
    run(&["process", "--quiet", "--queue", "general"])?;
    let (all, processed) = (work.join("all"), work.join("processed"));
    run(&["export", "--quiet", "--output", &all.to_string_lossy()])?;
    fs::create_dir(&processed)?;
    let mut moved = 0;
    for file in fs::read_dir(&all)? {
        let file = file?;
        if file.file_name().to_string_lossy().ends_with(".processed.json") {
            fs::rename(file.path(), processed.join(file.file_name()))?;
            moved += 1;
        }
    }
    let demos = 6;
    ensure!(moved == demos + submitted, "{moved} of {} crashes were processed", demos + submitted);
    cmd::say(&format!("{moved} real crashes are compared"));
    Ok(processed)
}

/// Copies the real dumps into a folder, each beside its metadata; returns how many.
fn copy_dumps(folder: &Path) -> Result<usize> {
    fs::create_dir(folder)?;
    let mut dumps = 0;
    for file in DUMPS.iter().map(|data| fs::read_dir(cmd::root().join(data))) {
        for file in file? {
            let path = file?.path();
            let (name, kind) = (path.file_name().unwrap_or_default(), path.extension());
            let copy = folder.join(name);
            match kind.unwrap_or_default().to_str() {
                Some("json") => drop(fs::copy(&path, copy)?),
                Some("dump") => {
                    fs::copy(&path, copy)?;
                    dumps += 1;
                }
                Some("gz") => {
                    fs::copy(&path, &copy)?;
                    cmd::run(Command::new("gzip").arg("--decompress").arg(&copy))?;
                    let (copy, json) = (copy.with_extension(""), r#"{"ProductName": "Browser"}"#);
                    fs::rename(&copy, copy.with_extension("dump"))?;
                    fs::write(copy.with_extension("json"), json)?;
                    dumps += 1;
                }
                _ => {}
            }
        }
    }
    Ok(dumps)
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
