//! What each subcommand does.
//!
//! For the way from arguments to the store and back to an output. Reading and writing files is
//! left to `input` and `output`.

mod get;
mod schema;
mod serve;
mod submit;

use anyhow::Result;
use clap::CommandFactory;

use crate::{
    args::{Cli, Command},
    output,
};

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::Schema(what) => schema::schema(what),
        Command::Submit(arguments) => submit::submit(arguments),
        Command::Get(what) => get::get(what),
        Command::Serve(arguments) => serve::serve(arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "socorro-hbase", &mut script);
            output::print(&script)
        }
    }
}
