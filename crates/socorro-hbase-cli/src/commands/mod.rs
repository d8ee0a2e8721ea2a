//! What each subcommand does.
//!
//! For the way from arguments to the store and back to an output. Reading and writing files is
//! left to `input` and `output`.

mod change;
mod check;
mod config;
mod crashes;
mod export;
mod get;
mod metrics;
mod process;
mod queue;
mod rows;
mod schema;
mod serve;
mod submit;
mod submit_many;

use std::fs;

use anyhow::{Context, Result};
use clap::CommandFactory;

#[cfg(target_os = "linux")]
use crate::demo;
use crate::{
    args::{Cli, Command},
    output,
};

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        #[cfg(target_os = "linux")]
        Command::Demo(place) => demo::demo(place),
        #[cfg(target_os = "linux")]
        Command::DemoCrash { kind } => demo::crash(kind),
        Command::Schema(what) => schema::schema(what),
        Command::Submit(arguments) => submit::submit(arguments),
        Command::Get(what) => get::get(what),
        Command::PutProcessed(arguments) => change::put_processed(arguments),
        Command::Remove(arguments) => change::remove(arguments),
        Command::Queue(what) => queue::queue(what),
        Command::Process(arguments) => process::process(arguments),
        Command::Crashes(arguments) => crashes::crashes(arguments),
        Command::Signatures(arguments) => crashes::signatures(arguments),
        Command::Metrics(arguments) => metrics::metrics(arguments),
        Command::Check(arguments) => check::check(arguments),
        Command::Row(arguments) => rows::row(arguments),
        Command::Scan(arguments) => rows::scan(arguments),
        Command::Export(arguments) => export::export(arguments),
        Command::Sample(arguments) => export::sample(arguments),
        Command::Serve(arguments) => serve::serve(arguments),
        Command::Config(what) => config::config(what),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "socorro-hbase", &mut script);
            output::print(&script)
        }
        Command::Man { output: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            output::print(&page)
        }
        Command::Man { output: Some(folder) } => {
            let written = || {
                fs::create_dir_all(&folder)?;
                clap_mangen::generate_to(Cli::command(), &folder)
            };
            written().with_context(|| format!("can't write the pages to {}", folder.display()))
        }
    }
}
