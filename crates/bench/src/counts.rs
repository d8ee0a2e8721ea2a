//! Allocations and instructions for each row: the same in every run, however busy the machine is.
//!
//! Counted twice, for some rows and for twice as many: the difference is without what it takes to
//! connect and to begin.

use std::env::consts::EXE_SUFFIX;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Serialize;
use tempfile::TempDir;

use crate::client::Contender;
use crate::sample::{self, Sample};
use crate::workload::Series;

/// What was counted for each row.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) allocations: Option<f64>,
    /// In the program, not in the kernel.
    pub(crate) instructions: Option<f64>,
}

/// Knows how to count.
pub(crate) struct Counter {
    server: SocketAddr,
    program: PathBuf,
    /// Valgrind's output, where there is Valgrind.
    output: Option<TempDir>,
}

impl Counter {
    pub(crate) fn new(server: SocketAddr) -> Result<Self> {
        let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
        let output = match valgrind {
            Ok(status) if status.success() => Some(tempfile::tempdir()?),
            _ => {
                eprintln!("valgrind is not installed: no instructions are counted");
                None
            }
        };
        Ok(Self { server, program: std::env::current_exe()?, output })
    }

    /// Counts what there is to count about a contender.
    pub(crate) fn count(&self, series: &Series, rows: u64) -> Result<Counts> {
        if matches!(series.contender, Contender::RawDrain | Contender::RawWhole) {
            return Ok(Counts::default());
        }
        eprintln!("counting for {}", series.label);
        let allocations = per_row(rows, |rows| self.allocations(series, rows))?;
        let instructions = match &self.output {
            Some(folder) => {
                Some(per_row(rows, |rows| self.instructions(series, rows, folder.path()))?)
            }
            None => None,
        };
        Ok(Counts { allocations: Some(allocations), instructions })
    }

    /// The bytes that are in use for each row after the task.
    pub(crate) fn kept(&self, series: &Series) -> Result<f64> {
        per_row(series.units, |rows| {
            self.sample(series, rows)?.kept_bytes.context("nothing was counted")
        })
    }

    fn allocations(&self, series: &Series, rows: u64) -> Result<u64> {
        self.sample(series, rows)?.allocations.context("nothing was counted")
    }

    fn sample(&self, series: &Series, rows: u64) -> Result<Sample> {
        let name = format!("client-bench-counting{EXE_SUFFIX}");
        let mut command = Command::new(self.program.with_file_name(name));
        sample::arguments(&mut command, series.task, series.contender, rows, self.server);
        sample::taken_by(&mut command)
    }

    fn instructions(&self, series: &Series, rows: u64, folder: &Path) -> Result<u64> {
        let output = folder.join("callgrind.out");
        let mut command = Command::new("valgrind");
        command
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", output.display()))
            .arg(&self.program);
        sample::arguments(&mut command, series.task, series.contender, rows, self.server);
        sample::taken_by(&mut command)?;
        total(&std::fs::read_to_string(&output)?).context("callgrind's output has no total")
    }
}

/// The difference between some rows and twice as many.
fn per_row(rows: u64, count: impl Fn(u64) -> Result<u64>) -> Result<f64> {
    let (single, double) = (count(rows)?, count(2 * rows)?);
    Ok((double as f64 - single as f64) / rows as f64)
}

/// The sum in callgrind's output.
fn total(output: &str) -> Option<u64> {
    let sum = |name| output.lines().find_map(|line| line.strip_prefix(name));
    sum("totals: ").or_else(|| sum("summary: "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found() {
        assert_eq!(total("events: Ir\nfn=x\n1 2\n\ntotals: 12345\n"), Some(12_345));
        assert_eq!(total("events: Ir\n"), None);
    }
}
