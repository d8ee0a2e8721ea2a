//! The command-line program `socorro-hbase`.
//!
//! For turning a command line into calls on the crash store, and their results into files, lines
//! and exit codes. What is stored where is left to `socorro-hbase-client`.

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
    let arguments = args::Cli::parse();
    match commands::run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}
