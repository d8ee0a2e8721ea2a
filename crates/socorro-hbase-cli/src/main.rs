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
mod input;
mod listing;
mod output;
mod processor;
mod progress;
mod settings;
mod stop;
mod store;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let done = match args::Cli::try_parse() {
        Ok(arguments) => commands::run(arguments.command),
        Err(error) if error.use_stderr() => error.exit(),
        // Help that was asked for is data.
        Err(help) => output::print_help(&help),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}
