//! The command-line program `socorro-hbase`.
//!
//! For turning a command line into calls on the crash store, and their results into files, lines
//! and exit codes. What is stored where is left to `socorro-hbase-client`.

// They panic where standard error or output is full or closed.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod args;
mod commands;
#[cfg(target_os = "linux")]
mod demo;
mod exit;
mod failure;
mod ids;
mod input;
mod listing;
mod output;
mod progress;
mod settings;
mod stop;
mod store;
mod text;
mod verbose;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use args::{Cli, Command, LogFormat, Task};
use verbose::Log;

fn main() -> ExitCode {
    // A dump is walked in a process of its own, which is this program.
    if let Some(walked) = socorro_processor::walk_if_asked() {
        return walked;
    }
    let done = match Cli::try_parse() {
        Ok(line) => run(line),
        Err(error) if error.use_stderr() => return exit::report_line(&error),
        // Help that was asked for is data.
        Err(help) => output::print_help(&help),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

fn run(line: Cli) -> Result<()> {
    if line.common.quiet {
        output::be_quiet();
    }
    let log = match &line.command {
        Command::Task(Task::Serve(serve)) => {
            Log::Service { is_json: serve.log_format == LogFormat::Json }
        }
        _ => Log::Command,
    };
    verbose::start(&log, line.common.verbose);
    match line.command {
        #[cfg(target_os = "linux")]
        Command::Demo => demo::demo(&line.common),
        #[cfg(target_os = "linux")]
        Command::DemoCrash { kind } => demo::crash(kind),
        Command::Task(task) => commands::run(task, &line.common),
    }
}
