//! The differential command: random calls on HBase and on mini-hbase, compared.
//!
//! What is called and compared is in the example `differential` of the integration tests; engine and
//! image are left to the modules of those names.

use anyhow::Result;
use clap::Args;
use xtask::versions::Versions;

use crate::{cmd, engine, image};

/// The variable that names a gateway to compare with, so that none has to be started.
const GATEWAY_VARIABLE: &str = "HBASE_THRIFT_URL";

/// Where the tests of mini-hbase have HBase's answers.
const RECORD: &str = "crates/mini-hbase/tests/differential/record.txt";

/// How much to compare.
#[derive(Args)]
pub(crate) struct Options {
    /// Makes the same calls as another run with this seed
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many times to write rows and to read them back
    #[arg(long, default_value_t = 1_000)]
    pub(crate) rounds: u64,
    /// Records HBase's answers, with which the tests of mini-hbase compare its own
    #[arg(long)]
    pub(crate) record: bool,
}

/// Compares with the gateway in `HBASE_THRIFT_URL`, or with an HBase of its own.
pub(crate) fn run(options: &Options) -> Result<()> {
    if std::env::var_os(GATEWAY_VARIABLE).is_none() {
        engine::ensure()?;
        image::ensure_hbase(&Versions::load()?.from_environment()?)?;
    }
    let mut run = cmd::cargo("run --package integration-tests --example differential --");
    run.args([options.seed.to_string(), options.rounds.to_string()]);
    if options.record {
        run.arg(cmd::root().join(RECORD));
    }
    cmd::run(&mut run)
}
