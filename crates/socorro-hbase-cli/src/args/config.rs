//! Options of `config`.

use clap::{Args, Subcommand};

use super::{ClaimOptions, SignatureLists, Symbols};

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Show each setting with its value and where that comes from; passwords are hidden
    ///
    /// With the options of another command, it shows what that command would use. Nothing is opened
    /// or made.
    ///
    /// JSON: setting, value, source.
    Show(ShowConfig),
}

#[derive(Debug, Args)]
pub(crate) struct ShowConfig {
    #[command(flatten)]
    pub(crate) claim: ClaimOptions,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) lists: SignatureLists,
}
