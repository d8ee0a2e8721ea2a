//! `submit`: one crash from two files.
//!
//! For choosing the ooid and for saying what to do when a submission stops halfway; in which order
//! it is written is left to the store, all crashes of a folder or an archive to `submit_many`.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use socorro_hbase_client::{Error, Ooid, QueueForProcessing, Stored};

use super::submit_many::submit_many;
use crate::{args::Submit, exit::WrongCommandLine, input, listing::Listing, output, store::Opened};

pub(super) fn submit(mut arguments: Submit) -> Result<()> {
    let queue = if arguments.no_queue { QueueForProcessing::No } else { QueueForProcessing::Yes };
    match (arguments.source.take(), arguments.meta.take(), arguments.dump.take()) {
        (Some(source), ..) => submit_many(&source, queue, arguments),
        (None, Some(meta), Some(dump)) => submit_one(&meta, &dump, queue, arguments),
        // The parser has seen to it.
        _ => Err(WrongCommandLine("name a SOURCE, or --meta and --dump".to_owned()).into()),
    }
}

const ONE: &[(&str, usize)] = &[("ooid", 0)];

fn submit_one(
    meta: &Path,
    dump: &Path,
    queue: QueueForProcessing,
    arguments: Submit,
) -> Result<()> {
    let (metadata, uuid) = input::read_metadata(meta)?;
    let bytes = input::read_dump(dump)?;
    let named = match arguments.ooid {
        Some(ooid) => Some(ooid),
        None => input::agreed_ooid(uuid.as_ref(), [meta, dump])?,
    };
    let ooid = match named {
        Some(ooid) => ooid,
        None => Ooid::generate(metadata.submitted().date())
            .context("can't make an ooid for the day of submitted_timestamp")?,
    };
    let store = Opened::open(arguments.place)?;
    if let Err(error) = store.put_raw_report(&ooid, &metadata, &bytes, queue) {
        let advice = advice(&error, &ooid);
        return Err(error).context(advice);
    }
    let shown = || -> Result<()> {
        if !arguments.json {
            return output::print_line(ooid.as_str());
        }
        let mut listing = Listing::new(ONE, true);
        listing.line([json!(ooid.as_str())])?;
        listing.finish()
    };
    shown().with_context(|| format!("crash {ooid} is stored, but its ooid can't be shown"))
}

fn advice(error: &Error, ooid: &Ooid) -> String {
    match error.stored() {
        Stored::AllButTheMark => "submitting it again would count it twice".to_owned(),
        _ => format!("to try again under the same ooid, add --ooid {ooid}"),
    }
}
