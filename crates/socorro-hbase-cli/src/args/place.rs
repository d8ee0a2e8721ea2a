//! Where the crashes are: the options that every command on a store takes.
//!
//! For help that names options and variables. Which of them counts is left to `settings`, and what
//! is opened to `store`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::settings::{Choice, Setting, Settings};

/// HBase, or a store of the program's own.
#[derive(Debug, Args)]
pub(crate) struct Place {
    // As text: the parser's message would quote a password.
    #[arg(long, value_name = "URL", conflicts_with = "store", help = SERVER_HELP)]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) folder: StoreFolder,
}

/// The folder of a store of the program's own, and the file that may name it.
#[derive(Debug, Args)]
pub(crate) struct StoreFolder {
    /// The folder of the program's own store, which is made if need be; else
    /// `SOCORRO_HBASE_STORE`, else what the file of settings says, else socorro-hbase among the user's
    /// data
    #[arg(long, value_name = "FOLDER")]
    pub(crate) store: Option<PathBuf>,
    /// A file of settings (TOML) for what neither options nor the environment say; else
    /// `SOCORRO_HBASE_CONFIG`, else socorro-hbase/config.toml among the user's configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

const SERVER_HELP: &str = "HBase's Thrift gateway: hbase://HOST[:PORT][,...][/?SETTING=VALUE&...], \
    hbases:// behind TLS, http:// or https://; else SOCORRO_HBASE_SERVER, else what the \
    file of settings says, else the program's own store";

impl Place {
    pub(crate) fn settings(&self) -> Result<Settings> {
        self.folder.settings()
    }

    /// What to work on, with the settings that were read for this place.
    pub(crate) fn choose(self, settings: &Settings) -> Result<Setting<Choice>> {
        settings.choose(self.server.as_deref(), self.folder.store)
    }
}

impl StoreFolder {
    pub(crate) fn settings(&self) -> Result<Settings> {
        Settings::load(self.config.clone())
    }

    pub(crate) fn choose(self) -> Result<PathBuf> {
        Ok(self.settings()?.store(self.store)?.value)
    }
}
