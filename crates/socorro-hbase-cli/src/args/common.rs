//! The options that every command takes, anywhere on the line.
//!
//! For help that names options and variables. Which of them counts is left to `settings`, and what
//! is opened to `store`.

use std::path::PathBuf;

use clap::{ArgAction, Args};

const HEADING: &str = "Common options";

/// Where the crashes are, and how results are shown.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Common {
    // As text: the parser's message would quote a password.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        conflicts_with = "store",
        help_heading = HEADING,
        display_order = 101,
        help = SERVER_HELP
    )]
    pub(crate) server: Option<String>,
    /// The folder of the program's own store, which is made if need be; else
    /// `SOCORRO_HBASE_STORE`, else what the file of settings says, else socorro-hbase among the user's
    /// data
    #[arg(long, global = true, value_name = "FOLDER", help_heading = HEADING, display_order = 102)]
    pub(crate) store: Option<PathBuf>,
    /// A file of settings (TOML) for what neither options nor the environment say; else
    /// `SOCORRO_HBASE_CONFIG`, else socorro-hbase/config.toml among the user's configuration
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING, display_order = 103)]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON, one object a line, instead of text
    #[arg(long, global = true, help_heading = HEADING, display_order = 104)]
    pub(crate) json: bool,
    /// Say nothing on standard error but what went wrong
    #[arg(short, long, global = true, help_heading = HEADING, display_order = 105)]
    pub(crate) quiet: bool,
    /// Show each call to the server with its duration on standard error; -vv shows more
    #[arg(
        short,
        long,
        global = true,
        action = ArgAction::Count,
        help_heading = HEADING,
        display_order = 106
    )]
    pub(crate) verbose: u8,
}

const SERVER_HELP: &str = "HBase's Thrift gateway: hbase://HOST[:PORT][,...][/?SETTING=VALUE&...], \
    hbases:// behind TLS, http:// or https://; else SOCORRO_HBASE_SERVER, else what the \
    file of settings says, else the program's own store";
