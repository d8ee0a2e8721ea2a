//! One task of one contender, once: in this process, or from outside in one of its own.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::client::{self, Contender};
use crate::machine::{self, Side};
use crate::task::Task;

/// What the program that counts knows of its memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// How often memory was asked for so far.
    pub allocations: u64,
    /// The bytes in use now.
    pub heap: u64,
}

/// What a task took.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Sample {
    pub(crate) wall_seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// `None` where nobody counts.
    pub(crate) allocations: Option<u64>,
    /// The bytes in use after the task that were not in use before it.
    pub(crate) kept_bytes: Option<u64>,
    pub(crate) peak_kib: Option<u64>,
}

/// Does the task and prints the sample. Connecting is not part of it.
pub(crate) fn measure(
    task: Task,
    contender: Contender,
    units: u64,
    server: SocketAddr,
    memory: Option<fn() -> Memory>,
) -> Result<()> {
    machine::pin(Side::Client);
    let mut task = client::Task::new(contender, task.job(), units, server)?;
    let memory = || memory.map(|memory| memory());
    let (memory_before, cpu_before, start) = (memory(), machine::cpu_time(), Instant::now());
    task.run()?;
    let wall_seconds = start.elapsed().as_secs_f64();
    let cpu_seconds = machine::cpu_time().saturating_sub(cpu_before).as_secs_f64();
    // The task still has what it keeps.
    let memory = memory().zip(memory_before);
    let sample = Sample {
        wall_seconds,
        cpu_seconds,
        allocations: memory.map(|(after, before)| after.allocations - before.allocations),
        kept_bytes: memory.map(|(after, before)| after.heap.saturating_sub(before.heap)),
        peak_kib: machine::peak_memory(),
    };
    println!("{}", serde_json::to_string(&sample)?);
    Ok(())
}

/// Adds to a command that runs this program, or another with it, what makes it [`measure`].
pub(crate) fn arguments(
    command: &mut Command,
    task: Task,
    contender: Contender,
    units: u64,
    server: SocketAddr,
) {
    let name = |name: Option<clap::builder::PossibleValue>| {
        name.map(|value| value.get_name().to_owned()).unwrap_or_default()
    };
    command
        .args(["measure", &name(task.to_possible_value()), &name(contender.to_possible_value())])
        .args(["--units", &units.to_string(), "--server", &server.to_string()]);
}

/// Runs a command that prints a sample.
pub(crate) fn taken_by(command: &mut Command) -> Result<Sample> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} can't be run", command.get_program().display()))?;
    ensure!(output.status.success(), "a measurement failed: {command:?}");
    Ok(serde_json::from_slice(&output.stdout)?)
}
