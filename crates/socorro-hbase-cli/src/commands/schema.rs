//! `schema create`, `show`, `verify`: the tables.
//!
//! For an administrator who wants to know what was there and what is new; which tables there are is left to
//! the store.

use anyhow::{Context, Result, bail};
use hbase_thrift_client::{Compression, ErrorKind};
use serde_json::{Map, Value, json};
use socorro_hbase_client::{CrashStore, SchemaOptions, TABLES};

use crate::{
    args::{Common, Schema},
    listing::Listing,
    output,
    store::Opened,
    text::counted,
};

pub(super) fn schema(what: Schema, common: &Common) -> Result<()> {
    match what {
        Schema::Create { compression } => {
            let store = Opened::open(common)?;
            create(&store, compression)
        }
        Schema::Show => show(common.json),
        Schema::Verify => {
            let store = Opened::open(common)?;
            verify(&store, common.json)
        }
    }
}

const TABLE: &[(&str, usize)] = &[("table", 46), ("families", 0)];
const VERIFIED: &[(&str, usize)] = &[("table", 46), ("is_there", 8), ("missing_families", 0)];

/// What the tables are meant to be; nothing is asked.
fn show(json: bool) -> Result<()> {
    let mut listing = Listing::new(TABLE, json);
    for table in &TABLES {
        let families: Map<_, _> = table
            .families
            .iter()
            .map(|family| (family.name.to_owned(), json!({"max_versions": family.max_versions})))
            .collect();
        let names: Vec<_> = table
            .families
            .iter()
            .map(|family| format!("{}({})", family.name, family.max_versions))
            .collect();
        let families = if json { Value::Object(families) } else { json!(names.join(" ")) };
        listing.line([json!(table.name), families])?;
    }
    listing.finish()
}

/// What the tables are.
fn verify(store: &CrashStore, json: bool) -> Result<()> {
    let mut listing = Listing::new(VERIFIED, json);
    let mut incomplete = 0;
    for table in &TABLES {
        let found = match store.client().admin().column_families(table.name) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::TableNotFound => None,
            Err(error) => return Err(error.into()),
        };
        let is_there = found.is_some();
        let found = found.unwrap_or_default();
        let lacks = |name: &str| !found.iter().any(|family| family.get_name() == name.as_bytes());
        let missing: Vec<_> =
            table.families.iter().map(|family| family.name).filter(|name| lacks(name)).collect();
        incomplete += usize::from(!missing.is_empty());
        let missing = if json { json!(missing) } else { json!(missing.join(" ")) };
        listing.line([json!(table.name), json!(is_there), missing])?;
    }
    listing.finish()?;
    if incomplete > 0 {
        bail!(
            "{} incomplete: `socorro-hbase schema create` creates the tables \
             that are missing; families are added in the HBase shell",
            if incomplete == 1 {
                "1 table is".to_owned()
            } else {
                format!("{incomplete} tables are")
            },
        );
    }
    Ok(())
}

fn create(store: &CrashStore, compression: Compression) -> Result<()> {
    let report = store
        .create_schema(&SchemaOptions::new().compression(compression))
        .context("the schema is incomplete; once the cause is removed, create it again")?;
    for table in &report.created {
        let how = if report.split.contains(table) { ", with a region for each salt" } else { "" };
        output::say(&format!("created {table}{how}"));
    }
    let created = counted(report.created.len() as u64, "table");
    output::say(&format!("{created} created, {} there already", report.existing.len()));
    Ok(())
}
