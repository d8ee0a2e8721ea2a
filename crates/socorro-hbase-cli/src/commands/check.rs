//! `check`: what doesn't agree in the store, and mending it.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use socorro_hbase_client::{CheckOptions, CheckPosition, Finding};

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
    let mut check = store.check(&options);
    let mut done = Done { found: 0, repaired: 0, position: check.position().clone() };
    let mut work = || -> Result<()> {
        while !stop::is_asked()
            && let Some(findings) = check.next_batch()?
        {
            progress.is_at(check.progress().percent);
            for finding in findings {
                let is_repaired = arguments.repair && store.repair(&finding)?;
                done.add(is_repaired);
                listing.line_beside(&progress, line(&finding, is_repaired))?;
            }
            done.position = check.position().clone();
        }
        Ok(())
    };
    let worked = work();
    drop(progress);
    listing.finish()?;
    let Done { found, repaired, position } = done;
    let rows = check.progress().rows;
    let done = format!("read {rows} rows, {found} findings, {repaired} repaired");
    let resume = || format!("{done}; go on with --resume '{position}'");
    worked.with_context(resume)?;
    stop::check(resume)?;
    output::say(&done);
    if found > repaired { Err(Unclean(found - repaired).into()) } else { Ok(()) }
}

struct Done {
    found: u64,
    repaired: u64,
    /// After the last batch of which everything is done.
    position: CheckPosition,
}

impl Done {
    fn add(&mut self, is_repaired: bool) {
        self.found += 1;
        self.repaired += u64::from(is_repaired);
    }
}

fn line(finding: &Finding, is_repaired: bool) -> [Value; 6] {
    [
        json!(format!("{:?}", finding.kind)),
        json!(is_repaired),
        json!(finding.ooid.map(|ooid| ooid.to_string())),
        json!(finding.table),
        json!(finding.row.escape_ascii().to_string()),
        json!(finding.to_string()),
    ]
}
