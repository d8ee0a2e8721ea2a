//! What each subcommand does.
//!
//! For the way from arguments to the store and back to an output. Which files are a crash is left to
//! the library, and writing single ones to `output`.

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
mod show;
mod signature;
mod submit;
mod submit_many;
mod symbols;

use std::fs;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::{
    args::{Cli, Common, Task},
    output,
};

pub(crate) fn run(task: Task, common: &Common) -> Result<()> {
    match task {
        Task::Schema(what) => schema::schema(what, common),
        Task::Submit(arguments) => submit::submit(arguments, common),
        Task::Show { ids } => show::show(ids, common),
        Task::Get(what) => get::get(what, common),
        Task::PutProcessed(arguments) => change::put_processed(arguments, common),
        Task::Remove(arguments) => change::remove(arguments, common),
        Task::Queue(what) => queue::queue(what, common),
        Task::Process(arguments) => process::process(arguments, common),
        Task::Signature { file, lists } => signature::signature(&file, lists, common),
        Task::Symbols(what) => symbols::symbols(what, common),
        Task::Crashes(arguments) => crashes::crashes(arguments, common),
        Task::Signatures(arguments) => crashes::signatures(&arguments, common),
        Task::Metrics(arguments) => metrics::metrics(&arguments, common),
        Task::Check(arguments) => check::check(arguments, common),
        Task::Row(arguments) => rows::row(&arguments, common),
        Task::Scan(arguments) => rows::scan(&arguments, common),
        Task::Export(arguments) => export::export(arguments, common),
        Task::Sample(arguments) => export::sample(arguments, common),
        Task::Serve(arguments) => serve::serve(&arguments, common),
        Task::Config(what) => config::config(what, common),
        Task::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "socorro-hbase", &mut script);
            output::print(&script)
        }
        Task::Man { output: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            output::print(&page)
        }
        Task::Man { output: Some(folder) } => {
            let written = || {
                fs::create_dir_all(&folder)?;
                clap_mangen::generate_to(Cli::command(), &folder)
            };
            written().with_context(|| format!("can't write the pages to {}", folder.display()))
        }
    }
}
