//! `export`, `sample`: crashes out of the store, all of a selection or some drawn from it.

use anyhow::{Result, bail};
use serde_json::json;
use socorro_hbase_client::{CrashStore, Selection};

use crate::{
    args::{Export, Sample, Selecting},
    listing::Listing,
    output,
    progress::Progress,
    stop,
    store::Opened,
};

const EXPORTED: &[(&str, usize)] = &[("ooid", 36), ("was_there", 9), ("problem", 0)];
const SAMPLED: &[(&str, usize)] = &[("ooid", 0)];

pub(super) fn export(arguments: Export) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(arguments.reading.place)?;
    let selection = if arguments.ooids.is_empty() {
        arguments.selecting.selection()
    } else {
        Selection::Ooids(arguments.ooids)
    };
    let target = arguments.output.display();
    let is_archive = arguments.output.to_string_lossy().ends_with(".tar.gz");
    let export = if is_archive {
        store.export_to_archive(&selection, &arguments.output)?
    } else {
        store.export_to_directory(&selection, &arguments.output)?
    };
    let progress = Progress::of("exporting", || count(&store, &selection))?;
    let mut listing = Listing::new(EXPORTED, arguments.reading.json).report();
    let (mut count, mut problems) = (0_u64, 0_u64);
    for exported in export {
        let exported = exported?;
        count += u64::from(exported.problem.is_none());
        problems += u64::from(exported.problem.is_some());
        let line = [
            json!(exported.ooid.map(|ooid| ooid.to_string())),
            json!(exported.was_there),
            json!(exported.problem.map(|problem| format!("{:#}", anyhow::Error::new(problem)))),
        ];
        listing.line_beside(&progress, line)?;
        progress.one_more();
        if stop::is_asked() {
            break;
        }
    }
    drop(progress);
    listing.finish()?;
    stop::check(|| {
        format!("{count} crashes are exported to {target}; the same command goes on from there")
    })?;
    output::say(&format!("exported {count} crashes to {target}"));
    if problems > 0 {
        bail!("{problems} crashes could not be exported; the list says why");
    }
    Ok(())
}

/// How many crashes there are to export; rows that name none count too.
fn count(store: &CrashStore, selection: &Selection) -> Result<u64> {
    let counted = match selection {
        Selection::Submitted(range) => store.scan_submitted(range)?.count(),
        Selection::Signature(signature) => store.scan_signature(signature)?.count(),
        Selection::Ooids(ooids) => ooids.len(),
        _ => 0,
    };
    Ok(counted as u64)
}

pub(super) fn sample(arguments: Sample) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(arguments.reading.place)?;
    let mut listing = Listing::new(SAMPLED, arguments.reading.json);
    let progress = Progress::counting("drawing from all that is selected");
    let sample = store.sample(&arguments.selecting.selection(), arguments.count)?;
    drop(progress);
    for ooid in sample {
        listing.line([json!(ooid.as_str())])?;
    }
    listing.finish()
}

impl Selecting {
    fn selection(self) -> Selection {
        match self.signature {
            Some(signature) => Selection::Signature(signature),
            None => Selection::Submitted(self.range.chosen()),
        }
    }
}
