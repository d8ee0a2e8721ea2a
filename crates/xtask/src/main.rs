//! The chores of this workspace, each a subcommand of `cargo xtask`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod cmd;
mod codegen;
mod engine;
mod fuzz;
mod hbase;
mod host;
mod image;
mod load;
mod msrv;
mod test;

/// The chores of this workspace
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every check and every test; what it needs is installed on Debian or Ubuntu as root
    Test(test::Options),
    /// Measure the client's speed against other clients and against the gates
    Bench(bench::Options),
    /// Make the Rust code of the Thrift interface
    Codegen {
        /// Change nothing, and fail when the committed code differs
        #[arg(long)]
        check: bool,
    },
    /// Feed the decoders what no gateway would send, for a bounded time
    Fuzz(fuzz::Options),
    /// Let the program submit, export, check and process many crashes; show rates and memory
    Load(load::Options),
    /// A real HBase with its Thrift gateway, at your desk
    #[command(subcommand)]
    Hbase(hbase::Action),
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Test(options) => test::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Codegen { check: true } => codegen::check(codegen::Preparation::UseWhatIsThere),
        Chore::Codegen { check: false } => codegen::write(),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Load(options) => load::run(&options),
        Chore::Hbase(action) => hbase::run(action),
    }
}
