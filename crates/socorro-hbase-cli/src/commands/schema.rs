//! `schema create`: the tables.
//!
//! For telling an administrator what was there and what is new; which tables there are is left to
//! the store.

use anyhow::{Context, Result};
use hbase_thrift_client::Compression;
use socorro_hbase_client::{CrashStore, SchemaOptions};

use crate::{args::Schema, store::Opened};

pub(super) fn schema(what: Schema) -> Result<()> {
    match what {
        Schema::Create { compression, place } => {
            let store = Opened::open(place)?;
            create(&store, compression)
        }
    }
}

fn create(store: &CrashStore, compression: Compression) -> Result<()> {
    let report = store
        .create_schema(&SchemaOptions::new().compression(compression))
        .context("the schema is incomplete; once the cause is mended, create it again")?;
    for table in &report.created {
        eprintln!("created {table}");
    }
    eprintln!(
        "{} tables created, {} were there already",
        report.created.len(),
        report.existing.len()
    );
    Ok(())
}
