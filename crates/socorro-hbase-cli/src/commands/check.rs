//! `check`: what doesn't agree in the store, and mending it.

use anyhow::Result;
use serde_json::json;
use socorro_hbase_client::CheckOptions;

use crate::{args::Check, exit::Unclean, listing::Listing, stop, store::Opened};

const FINDINGS: &[(&str, usize)] =
    &[("kind", 20), ("repaired", 8), ("ooid", 36), ("table", 0), ("row", 0), ("finding", 0)];

pub(super) fn check(arguments: Check) -> Result<()> {
    let stop = stop::on_signal()?;
    let store = Opened::open(arguments.reading.place)?;
    let options =
        CheckOptions::new().range(arguments.range.chosen()).settled_for(arguments.settled_for);
    let mut listing = Listing::new(FINDINGS, arguments.reading.json);
    let (mut found, mut repaired) = (0, 0);
    let mut check = store.check(&options);
    for finding in check.by_ref() {
        let finding = finding?;
        found += 1;
        let is_repaired = arguments.repair && store.repair(&finding)?;
        repaired += u64::from(is_repaired);
        listing.line([
            json!(format!("{:?}", finding.kind)),
            json!(is_repaired),
            json!(finding.ooid.map(|ooid| ooid.to_string())),
            json!(finding.table),
            json!(finding.row.escape_ascii().to_string()),
            json!(finding.to_string()),
        ])?;
        if stop.is_asked() {
            break;
        }
    }
    listing.finish()?;
    let rows = check.progress().rows;
    let how = if stop.is_asked() { "stopped after" } else { "read" };
    eprintln!("socorro-hbase: {how} {rows} rows, {found} findings, {repaired} repaired");
    if found > repaired { Err(Unclean(found - repaired).into()) } else { Ok(()) }
}
