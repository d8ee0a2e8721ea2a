//! Measures the client against others, on a server that replays prepared bytes.
//!
//! `run` is the whole comparison. It starts `serve` (the server) once, and `measure` (one task of
//! one contender) for each sample, each in a process of its own: neither the memory nor the
//! allocator of one can be of use or harm to another. Tasks and contenders are small enough to be
//! run by hand too, under a profiler.

// Counts are far below the 52 bits that a floating-point number keeps.
#![allow(clippy::cast_precision_loss)]

mod bench;
mod client;
mod counts;
mod gates;
mod machine;
mod message;
mod real;
mod report;
mod results;
mod sample;
mod server;
mod shape;
mod task;
mod values;
mod workload;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use client::Contender;
pub use sample::Memory;
use task::Task;

/// Measures the HBase client against others
#[derive(Parser)]
#[command(name = "client-bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole comparison
    Run(bench::Options),
    /// The server: prints its address, serves until its standard input ends
    Serve,
    /// The client on a real HBase: does what standard input says (see `cargo xtask compare`)
    Real {
        /// The gateway's URL
        gateway: String,
    },
    /// One task of one contender: prints what it took as a line of JSON
    Measure {
        task: Task,
        contender: Contender,
        /// Rows or calls
        #[arg(long)]
        units: u64,
        /// Where `serve` listens
        #[arg(long)]
        server: SocketAddr,
    },
}

/// The program. `memory` returns what was counted so far, in the program that counts.
pub fn main(memory: Option<fn() -> Memory>) -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(options) => bench::run(&options),
        Command::Serve => server::serve().map(|()| ExitCode::SUCCESS),
        Command::Real { gateway } => real::serve(&gateway).map(|()| ExitCode::SUCCESS),
        Command::Measure { task, contender, units, server } => {
            sample::measure(task, contender, units, server, memory).map(|()| ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
