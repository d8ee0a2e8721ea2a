//! `submit`: one crash from two files.
//!
//! For choosing the ooid and for saying what to do when a submission stops halfway; in which order
//! it is written is left to the store.

use anyhow::{Context, Result};
use socorro_hbase_client::{Error, Ooid, QueueForProcessing, Stored};

use crate::{args::Submit, input, output, store::Opened};

pub(super) fn submit(arguments: Submit) -> Result<()> {
    let (metadata, uuid) = input::read_metadata(&arguments.meta)?;
    let dump = input::read_dump(&arguments.dump)?;
    let named = match arguments.ooid {
        Some(ooid) => Some(ooid),
        None => input::agreed_ooid(uuid.as_ref(), [&arguments.meta, &arguments.dump])?,
    };
    let ooid = match named {
        Some(ooid) => ooid,
        None => Ooid::generate(metadata.submitted().date())
            .context("can't make an ooid for the day of submitted_timestamp")?,
    };
    let queue = if arguments.no_queue { QueueForProcessing::No } else { QueueForProcessing::Yes };
    let store = Opened::open(arguments.place)?;
    if let Err(error) = store.put_raw_report(&ooid, &metadata, &dump, queue) {
        let advice = advice(&error, &ooid);
        return Err(error).context(advice);
    }
    output::print_line(ooid.as_str())
        .with_context(|| format!("crash {ooid} is stored, but its ooid can't be shown"))
}

fn advice(error: &Error, ooid: &Ooid) -> String {
    match error.stored() {
        Stored::AllButTheMark => "submitting it again would count it twice".to_owned(),
        _ => format!("to try again under the same ooid, add --ooid {ooid}"),
    }
}
