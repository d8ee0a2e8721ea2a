//! Where the crashes are: the options that every command on a store takes.
//!
//! For flags before the environment, and for help that names both. What is opened is left to
//! `store`.

use std::{env, ffi::OsString, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use hbase_thrift_client::Config;

use crate::exit::WrongCommandLine;

/// HBase, or a store of the program's own.
#[derive(Debug, Args)]
pub(crate) struct Place {
    // The environment is read in `choose`: clap would take it for a contradiction of `--store`.
    #[arg(long, value_name = "URL", conflicts_with = "store", help = SERVER_HELP)]
    server: Option<Config>,
    #[command(flatten)]
    pub(crate) folder: StoreFolder,
}

/// The folder of a store of the program's own.
#[derive(Debug, Args)]
pub(crate) struct StoreFolder {
    /// The folder of the program's own store, which is made if need be; else, of the environment,
    /// `SOCORRO_HBASE_STORE`; else socorro-hbase among the user's data
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
}

/// What a command works on.
#[derive(Debug)]
pub(crate) enum Choice {
    Server(Box<Config>),
    Embedded(PathBuf),
}

const SERVER_HELP: &str = "HBase's Thrift gateway: hbase://HOST[:PORT][,...][/?SETTING=VALUE&...]; \
    else, of the environment, SOCORRO_HBASE_SERVER; else the program's own store";
const SERVER: &str = "SOCORRO_HBASE_SERVER";
const STORE: &str = "SOCORRO_HBASE_STORE";

impl Place {
    /// Flags first, then the environment, where a server goes before a folder.
    pub(crate) fn choose(self) -> Result<Choice> {
        if let Some(config) = self.server {
            return Ok(Choice::Server(Box::new(config)));
        }
        if self.folder.store.is_none()
            && let Some(url) = variable(SERVER)
        {
            let config = url
                .to_string_lossy()
                .parse()
                .with_context(|| WrongCommandLine(format!("{SERVER} is no server's URL")))?;
            return Ok(Choice::Server(Box::new(config)));
        }
        Ok(Choice::Embedded(self.folder.choose()?))
    }
}

impl StoreFolder {
    pub(crate) fn choose(self) -> Result<PathBuf> {
        if let Some(folder) = self.store.or_else(|| variable(STORE).map(PathBuf::from)) {
            return Ok(folder);
        }
        let data = dirs::data_local_dir().ok_or_else(|| {
            WrongCommandLine(format!(
                "the user has no folder for data: name one for the store with --store or {STORE}"
            ))
        })?;
        Ok(data.join("socorro-hbase"))
    }
}

/// An empty variable is how a shell takes one back.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
