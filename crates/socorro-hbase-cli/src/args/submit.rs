//! Options of `submit`.

use std::path::PathBuf;

use clap::Args;
use socorro_hbase_client::Ooid;

use super::ids;

#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// Many crashes: a folder, or a tar, compressed by gzip or zstd or not, as `export` writes them, or
    /// with files NAME.json and NAME.dump, or NAME.dmp with NAME.extra or NAME.meta; - is a tar on
    /// standard input
    #[arg(value_name = "SOURCE", conflicts_with_all = ["meta", "dump", "ooid"])]
    pub(crate) source: Option<PathBuf>,
    /// The crash's metadata: a file with one JSON object; - is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "source")]
    pub(crate) meta: Option<PathBuf>,
    /// The crash's minidump, if it came with one; - is standard input
    #[arg(long, value_name = "FILE", requires = "meta")]
    pub(crate) dump: Option<PathBuf>,
    /// The crash's ooid: a UUID in lower case that ends in the date as YYMMDD, `bp-` before it or not
    #[arg(long, value_parser = new_ooid)]
    pub(crate) ooid: Option<Ooid>,
    /// Store crashes without queueing them for a processor
    #[arg(long)]
    pub(crate) no_queue: bool,
}

/// With the reason why a text is none.
fn new_ooid(text: &str) -> Result<Ooid, socorro_hbase_client::OoidError> {
    ids::ooid(text).map_or_else(|| text.parse(), Ok)
}
