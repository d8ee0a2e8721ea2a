//! What each subcommand does.
//!
//! For the way from arguments to the store and back to an output. Reading and writing files is
//! left to `input` and `output`.

mod get;
mod schema;
mod submit;

use anyhow::Result;
use clap::CommandFactory;
use hbase_thrift_client::Client;
use socorro_hbase_client::CrashStore;

use crate::{
    args::{Cli, Command, Schema, Server},
    output,
};

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::Schema(Schema::Create { compression, server }) => {
            schema::create(&connect(server)?, compression)
        }
        Command::Submit(arguments) => submit::submit(arguments),
        Command::Get(what) => get::get(what),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "socorro-hbase", &mut script);
            output::print(&script)
        }
    }
}

fn connect(server: Server) -> Result<CrashStore> {
    Ok(CrashStore::new(Client::connect(server.config)?))
}
