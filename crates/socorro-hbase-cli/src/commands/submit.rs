//! `submit`: one crash from two files.
//!
//! For choosing the ooid and for saying what to do when a submission stops halfway; in which order
//! it is written is left to the store, all crashes of a folder or an archive to `submit_many`.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use socorro_hbase_client::{
    CrashMetadata, Dumps, Ooid, QueueForProcessing, ooid_of_files, time::OffsetDateTime,
};

use super::submit_many::submit_many;
use crate::{
    args::{Common, Submit, is_standard},
    failure::WrongCommandLine,
    input,
    listing::Listing,
    output,
    store::Opened,
};

pub(super) fn submit(mut arguments: Submit, common: &Common) -> Result<()> {
    let queue = if arguments.no_queue { QueueForProcessing::No } else { QueueForProcessing::Yes };
    match (arguments.source.take(), arguments.meta.take()) {
        (Some(source), _) => submit_many(&source, queue, common),
        (None, Some(meta)) => {
            submit_one(&meta, arguments.dump.as_deref(), queue, arguments.ooid, common)
        }
        // The parser has seen to it.
        _ => Err(WrongCommandLine("name a SOURCE, or --meta and --dump".to_owned()).into()),
    }
}

const ONE: &[(&str, usize)] = &[("ooid", 0)];

fn submit_one(
    meta: &Path,
    dump: Option<&Path>,
    queue: QueueForProcessing,
    ooid: Option<Ooid>,
    common: &Common,
) -> Result<()> {
    if is_standard(meta) && dump.is_some_and(is_standard) {
        let message = "metadata and dump can't both come from standard input".to_owned();
        return Err(WrongCommandLine(message).into());
    }
    let shown = meta.display();
    let json = input::read(meta).with_context(|| format!("can't read metadata {shown}"))?;
    let metadata = CrashMetadata::from_json_at(json, OffsetDateTime::now_utc())
        .with_context(|| format!("can't use metadata {shown}"))?;
    let read = |dump: &Path| {
        input::read(dump).with_context(|| format!("can't read dump {}", dump.display()))
    };
    let bytes = dump.map(read).transpose()?;
    let named = match ooid {
        Some(ooid) => Some(ooid),
        None => {
            let files = [Some(meta), dump].into_iter().flatten().filter_map(Path::to_str);
            ooid_of_files(&metadata, files).context("choose with --ooid")?
        }
    };
    let ooid = match named {
        Some(ooid) => ooid,
        None => new_ooid(&metadata)?,
    };
    let store = Opened::open(common)?;
    let dumps = bytes.as_ref().map_or_else(Dumps::none, Dumps::from);
    if let Err(error) = store.put_raw_report(ooid, &metadata, dumps, queue) {
        let advice = format!("to try again under the same ooid, add --ooid {ooid}");
        return if error.is_retryable() { Err(error).context(advice) } else { Err(error.into()) };
    }
    match (dump, &bytes) {
        (Some(dump), Some(bytes)) if bytes.is_empty() => {
            output::say(&format!("dump {} is empty; it is stored as such", dump.display()));
        }
        (None, _) => output::say("the crash is stored without a dump"),
        _ => {}
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
