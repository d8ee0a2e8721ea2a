//! Options of `submit`.

use std::path::PathBuf;

use clap::Args;
use socorro_hbase_client::Ooid;

use super::Place;

#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// Many crashes: a folder, or an archive (.tar or .tar.gz), with files NAME.json and NAME.dump;
    /// - is an archive on standard input
    #[arg(value_name = "SOURCE", conflicts_with_all = ["meta", "dump", "ooid"])]
    pub(crate) source: Option<PathBuf>,
    /// The crash's metadata: a file with one JSON object
    #[arg(long, value_name = "FILE", required_unless_present = "source", requires = "dump")]
    pub(crate) meta: Option<PathBuf>,
    /// The crash's minidump
    #[arg(long, value_name = "FILE", required_unless_present = "source", requires = "meta")]
    pub(crate) dump: Option<PathBuf>,
    /// The crash's ooid: a UUID in lower case that ends in the date as YYMMDD
    #[arg(long)]
    pub(crate) ooid: Option<Ooid>,
    /// Store crashes without queueing them for a processor
    #[arg(long)]
    pub(crate) no_queue: bool,
    /// Print JSON, one object a line, instead of text
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}
