//! `check`: what doesn't agree in the store, and mending it.

use anyhow::Result;
use serde_json::json;
use socorro_hbase_client::CheckOptions;

use crate::{
    args::Check, exit::Unclean, listing::Listing, output, progress::Progress, stop, store::Opened,
};

const FINDINGS: &[(&str, usize)] =
    &[("kind", 20), ("repaired", 8), ("ooid", 36), ("table", 0), ("row", 0), ("finding", 0)];

pub(super) fn check(arguments: Check) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(arguments.reading.place)?;
    let mut options =
        CheckOptions::new().range(arguments.range.chosen()).settled_for(arguments.settled_for);
    if let Some(position) = arguments.resume {
        options = options.resume(position);
    }
    let progress = Progress::of_whole("checking");
    let mut listing = Listing::new(FINDINGS, arguments.reading.json).report();
    let (mut found, mut repaired) = (0, 0);
    let mut check = store.check(&options);
    while !stop::is_asked()
        && let Some(findings) = check.next_batch()?
    {
        progress.is_at(check.progress().percent);
        for finding in findings {
            found += 1;
            let is_repaired = arguments.repair && store.repair(&finding)?;
            repaired += u64::from(is_repaired);
            let line = [
                json!(format!("{:?}", finding.kind)),
                json!(is_repaired),
                json!(finding.ooid.map(|ooid| ooid.to_string())),
                json!(finding.table),
                json!(finding.row.escape_ascii().to_string()),
                json!(finding.to_string()),
            ];
            listing.line_beside(&progress, line)?;
        }
    }
    drop(progress);
    listing.finish()?;
    let read = check.progress().rows;
    let done = format!("read {read} rows, {found} findings, {repaired} repaired");
    stop::check(|| format!("{done}; go on with --resume '{}'", check.position()))?;
    output::say(&done);
    if found > repaired { Err(Unclean(found - repaired).into()) } else { Ok(()) }
}
