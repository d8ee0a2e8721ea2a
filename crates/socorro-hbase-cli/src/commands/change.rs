//! `put-processed`, `remove`: crashes, changed by hand.

use anyhow::{Context, Result};
use socorro_hbase_client::{Counted, CrashId, CrashStore, ProcessedCrash};

use crate::{
    args::{Common, PutProcessed, Remove, word},
    failure::NotFound,
    ids, input,
    listing::Listing,
    output,
    settings::Settings,
    stop,
    store::Opened,
    text::counted,
};

use super::queue::{Absent, OOIDS};

pub(super) fn put_processed(arguments: PutProcessed, common: &Common) -> Result<()> {
    let PutProcessed { ooid, file } = arguments;
    let shown = file.display();
    let text = input::read(&file).with_context(|| format!("can't read {shown}"))?;
    let processed =
        ProcessedCrash::from_json(text).with_context(|| format!("can't use {shown}"))?;
    Opened::open(common)?.put_processed(&ooid, &processed)?;
    output::say(&format!("crash {ooid} is processed: {}", processed.signature()));
    Ok(())
}

pub(super) fn remove(arguments: Remove, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let settings = Settings::load(common.config.clone())?;
    let (store, crashes) = Opened::open_for(&settings, common, arguments.ids.ooids)?;
    let mut listing = Listing::new(OOIDS, common.json).report();
    let mut absent = Absent::default();
    let mut removed = 0_u64;
    let what = if arguments.dry_run { "would be removed" } else { "removed" };
    let remove = |ids: &[CrashId]| -> Result<()> {
        stop::check(|| format!("{} {what}", counted(removed, "crash")))?;
        let results = if arguments.dry_run {
            are_there(&store, ids)?.into_iter().map(Ok).collect()
        } else {
            let counted = if arguments.uncount { Counted::Goes } else { Counted::Stays };
            store.remove_many(ids, counted)?
        };
        let mut problem = None;
        for (id, was_there) in ids.iter().zip(results) {
            match was_there {
                Ok(true) => {
                    removed += 1;
                    listing.line_beside([word(id).into()])?;
                }
                Ok(false) => absent.add(id),
                // What became of the others is listed before it ends.
                Err(error) => drop(problem.get_or_insert(error)),
            }
        }
        problem.map_or(Ok(()), |error| Err(error.into()))
    };
    let done = ids::in_chunks(crashes, remove);
    listing.finish()?;
    done?;
    let done = format!("{} {what}", counted(removed, "crash"));
    stop::check(|| done.clone())?;
    output::say(&done);
    absent.check(|ids| NotFound(format!("there is no crash {ids}")))
}

/// Whether there is such a crash, or a part of one.
fn are_there(store: &CrashStore, ids: &[CrashId]) -> Result<Vec<bool>> {
    Ok(store.get_processing_states(ids)?.iter().map(Option::is_some).collect())
}
