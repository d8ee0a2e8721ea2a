//! `export`, `sample`: crashes out of the store, all of a selection or some drawn from it.

use anyhow::{Result, bail};
use serde_json::json;
use socorro_hbase_client::Selection;

use crate::{
    args::{Export, Sample, Selecting},
    listing::Listing,
    stop,
    store::Opened,
};

const EXPORTED: &[(&str, usize)] = &[("ooid", 36), ("was_there", 9), ("problem", 0)];
const SAMPLED: &[(&str, usize)] = &[("ooid", 0)];

pub(super) fn export(arguments: Export) -> Result<()> {
    let stop = stop::on_signal()?;
    let store = Opened::open(arguments.reading.place)?;
    let selection = if arguments.ooids.is_empty() {
        arguments.selecting.selection()
    } else {
        Selection::Ooids(arguments.ooids)
    };
    let is_archive = arguments.output.to_string_lossy().ends_with(".tar.gz");
    let export = if is_archive {
        store.export_to_archive(&selection, &arguments.output)?
    } else {
        store.export_to_directory(&selection, &arguments.output)?
    };
    let mut listing = Listing::new(EXPORTED, arguments.reading.json);
    let (mut count, mut problems) = (0_u64, 0_u64);
    for exported in export {
        let exported = exported?;
        count += u64::from(exported.problem.is_none());
        problems += u64::from(exported.problem.is_some());
        listing.line([
            json!(exported.ooid.map(|ooid| ooid.to_string())),
            json!(exported.was_there),
            json!(exported.problem.map(|problem| format!("{:#}", anyhow::Error::new(problem)))),
        ])?;
        if stop.is_asked() {
            break;
        }
    }
    listing.finish()?;
    let target = arguments.output.display();
    eprintln!("socorro-hbase: exported {count} crashes to {target}");
    if stop.is_asked() {
        bail!("stopped; the same command goes on where this one stopped");
    }
    if problems > 0 {
        bail!("{problems} crashes could not be exported; the list says why");
    }
    Ok(())
}

pub(super) fn sample(arguments: Sample) -> Result<()> {
    let store = Opened::open(arguments.reading.place)?;
    let mut listing = Listing::new(SAMPLED, arguments.reading.json);
    for ooid in store.sample(&arguments.selecting.selection(), arguments.count)? {
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
