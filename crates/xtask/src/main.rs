//! The chores of this workspace, each a subcommand of `cargo xtask`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod cmd;
mod codegen;
mod compare;
mod differential;
mod engine;
mod examples;
mod fuzz;
mod hbase;
mod host;
mod image;
mod interface;
mod load;
mod mini;
mod msrv;
mod mutants;
mod outage;
mod rates;
mod signatures;
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
    /// Measure the client against HBase's Java client and gohbase on a real HBase
    Compare(compare::Options),
    /// Make the Rust code of the Thrift interface
    Codegen {
        /// Change nothing, and fail when the committed code differs
        #[arg(long)]
        check: bool,
    },
    /// List what hbase-thrift-client offers its users
    Interface {
        /// Change nothing, and fail when the committed list differs
        #[arg(long)]
        check: bool,
    },
    /// Feed decoders and configuration what nobody would send or write, for a bounded time
    Fuzz(fuzz::Options),
    /// Make random calls on HBase and on mini-hbase, and show answers that differ
    Differential(differential::Options),
    /// Change mini-hbase's code in small ways, and show changes that no test notices
    Mutants(mutants::Options),
    /// Let the program submit, export, check and process many crashes; show rates and memory
    Load(load::Options),
    /// Measure how many crashes a second the services take and process
    Rates(rates::Options),
    /// Stop HBase and kill the services while crashes are submitted; look whether all are there
    Outage(outage::Options),
    /// Compare signatures with those of Mozilla's siggen
    Signatures(signatures::Options),
    /// Build what of mini-hbase users of other languages get, and try it
    #[command(subcommand)]
    Mini(mini::Action),
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
        Chore::Compare(options) => compare::run(&options),
        Chore::Codegen { check: true } => codegen::check(codegen::Preparation::UseWhatIsThere),
        Chore::Codegen { check: false } => codegen::write(),
        Chore::Interface { check: true } => interface::check(),
        Chore::Interface { check: false } => interface::write(),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Differential(options) => differential::run(&options),
        Chore::Mutants(options) => mutants::run(&options),
        Chore::Load(options) => load::run(&options),
        Chore::Outage(options) => outage::run(&options),
        Chore::Rates(options) => rates::run(&options),
        Chore::Signatures(options) => signatures::run(&options),
        Chore::Mini(action) => mini::run(&action),
        Chore::Hbase(action) => hbase::run(action),
    }
}
