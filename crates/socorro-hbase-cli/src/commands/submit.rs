//! `submit`: one crash from two files.
//!
//! For choosing the ooid and for saying what to do when a submission stops halfway; in which order
//! it is written is left to the store, all crashes of a folder or an archive to `submit_many`.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::json;
use socorro_hbase_client::{
    CrashMetadata, Ooid, QueueForProcessing, ooid_of_files, time::OffsetDateTime,
};

use super::submit_many::submit_many;
use crate::{
    args::{Common, Submit},
    failure::WrongCommandLine,
    listing::Listing,
    output,
    store::Opened,
};

pub(super) fn submit(mut arguments: Submit, common: &Common) -> Result<()> {
    let queue = if arguments.no_queue { QueueForProcessing::No } else { QueueForProcessing::Yes };
    match (arguments.source.take(), arguments.meta.take(), arguments.dump.take()) {
        (Some(source), ..) => submit_many(&source, queue, common),
        (None, Some(meta), Some(dump)) => submit_one(&meta, &dump, queue, arguments.ooid, common),
        // The parser has seen to it.
        _ => Err(WrongCommandLine("name a SOURCE, or --meta and --dump".to_owned()).into()),
    }
}

const ONE: &[(&str, usize)] = &[("ooid", 0)];

fn submit_one(
    meta: &Path,
    dump: &Path,
    queue: QueueForProcessing,
    ooid: Option<Ooid>,
    common: &Common,
) -> Result<()> {
    let shown = meta.display();
    let json = fs::read(meta).with_context(|| format!("can't read metadata {shown}"))?;
    let metadata = CrashMetadata::from_json_at(json, OffsetDateTime::now_utc())
        .with_context(|| format!("can't use metadata {shown}"))?;
    let bytes = fs::read(dump).with_context(|| format!("can't read dump {}", dump.display()))?;
    let named = match ooid {
        Some(ooid) => Some(ooid),
        None => ooid_of_files(&metadata, [meta, dump].into_iter().filter_map(Path::to_str))
            .context("choose with --ooid")?,
    };
    let ooid = match named {
        Some(ooid) => ooid,
        None => new_ooid(&metadata)?,
    };
    let store = Opened::open(common)?;
    if let Err(error) = store.put_raw_report(ooid, &metadata, &bytes, queue) {
        let advice = format!("to try again under the same ooid, add --ooid {ooid}");
        return if error.is_retryable() { Err(error).context(advice) } else { Err(error.into()) };
    }
    if bytes.is_empty() {
        output::say(&format!("dump {} is empty; it is stored as such", dump.display()));
    }
    let shown = || -> Result<()> {
        if !common.json {
            return output::print_line(ooid.as_str());
        }
        let mut listing = Listing::new(ONE, true);
        listing.line([json!(ooid.as_str())])?;
        listing.finish()
    };
    shown().with_context(|| format!("crash {ooid} is stored, but its ooid can't be shown"))
}

/// A new ooid for a crash that names none.
fn new_ooid(metadata: &CrashMetadata) -> Result<Ooid> {
    let submitted = metadata.submitted();
    let submitted = submitted.context("its submitted_timestamp is no time: choose with --ooid")?;
    Ooid::generate(submitted.date())
        .context("can't make an ooid for the day of submitted_timestamp")
}
