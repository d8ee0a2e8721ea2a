//! `put-processed`, `remove`: crashes, changed by hand.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, Result};
use socorro_hbase_client::{Counted, CrashId, CrashStore, ProcessedCrash};

use crate::{
    args::{Common, PutProcessed, Remove, is_standard},
    failure::NotFound,
    ids,
    listing::Listing,
    output, stop,
    store::Opened,
    text::counted,
};

use super::queue::{Absent, OOIDS};

pub(super) fn put_processed(arguments: PutProcessed, common: &Common) -> Result<()> {
    let PutProcessed { ooid, file } = arguments;
    let shown = file.display();
    let text = read(&file).with_context(|| format!("can't read {shown}"))?;
    let processed =
        ProcessedCrash::from_json(text).with_context(|| format!("can't use {shown}"))?;
    Opened::open(common)?.put_processed(&ooid, &processed)?;
    output::say(&format!("crash {ooid} is processed: {}", processed.signature()));
    Ok(())
}

pub(super) fn remove(arguments: Remove, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(common)?;
    let mut listing = Listing::new(OOIDS, common.json).report();
    let mut absent = Absent::default();
    let mut removed = 0_u64;
    let remove = |ids: &[CrashId]| -> Result<()> {
        stop::check(|| format!("{} removed", counted(removed, "crash")))?;
        let results = if arguments.dry_run {
            are_there(&store, ids)?.into_iter().map(Ok).collect()
        } else {
            let counted = if arguments.uncount { Counted::Goes } else { Counted::Stays };
            store.remove_many(ids, counted)?
        };
        for (id, was_there) in ids.iter().zip(results) {
            if was_there? {
                removed += 1;
                listing.line([id.to_string().into()])?;
            } else {
                absent.add(id);
            }
        }
        Ok(())
    };
    let done = ids::in_chunks(ids::read(arguments.ids.ooids), remove);
    listing.finish()?;
    done?;
    let what = if arguments.dry_run { "would be removed" } else { "removed" };
    output::say(&format!("{} {what}", counted(removed, "crash")));
    absent.check(|ids| NotFound(format!("there is no crash {ids}")))
}

/// Whether there is such a crash, or a part of one.
fn are_there(store: &CrashStore, ids: &[CrashId]) -> Result<Vec<bool>> {
    Ok(store.get_processing_states(ids)?.iter().map(Option::is_some).collect())
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if is_standard(file) {
        let mut text = Vec::new();
        return io::stdin().read_to_end(&mut text).map(|_| text);
    }
    fs::read(file)
}
