//! `get meta`, `dump`, `processed`, `raw`, `state`: a crash back out of the store.
//!
//! For handing over exactly the bytes that are stored. Whether they mean anything is left to
//! whoever asked.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::json;
use socorro_hbase_client::Ooid;

use crate::{
    args::{Get, GetOne, Place, Reading},
    exit::{NoSuch, NotFound},
    listing::Listing,
    output::{self, PendingFile},
    store::Opened,
};

pub(super) fn get(what: Get) -> Result<()> {
    match what {
        Get::Meta(GetOne { ooid, output, place }) => {
            let text = Opened::open(place)?.get_metadata_text(&ooid)?.ok_or(NotFound(ooid))?;
            output::write(output.as_deref(), text.as_bytes())
        }
        Get::Dump(GetOne { ooid, output, place }) => {
            output::check_binary(output.as_deref())?;
            let dump = Opened::open(place)?.get_dump(&ooid)?.ok_or(NotFound(ooid))?;
            output::write(output.as_deref(), &dump)
        }
        Get::Processed(GetOne { ooid, output, place }) => {
            let text = Opened::open(place)?.get_processed_text(&ooid)?;
            let text = text.ok_or_else(|| {
                NoSuch(format!("there is no processed crash {ooid}: `get state` says more"))
            })?;
            output::write(output.as_deref(), text.as_bytes())
        }
        Get::State { ooid, reading } => get_state(&ooid, reading),
        Get::Raw { ooid, output, place } => get_raw(&ooid, &output, place),
    }
}

const STATE: &[(&str, usize)] =
    &[("ooid", 36), ("is_processed", 12), ("is_legacy", 9), ("submitted", 32), ("processed", 0)];

fn get_state(ooid: &Ooid, reading: Reading) -> Result<()> {
    let state = Opened::open(reading.place)?.get_processing_state(ooid)?.ok_or(NotFound(*ooid))?;
    let mut listing = Listing::new(STATE, reading.json);
    listing.line([
        json!(ooid.as_str()),
        json!(state.is_processed),
        json!(state.is_legacy),
        json!(state.submitted),
        json!(state.processed),
    ])?;
    listing.finish()
}

/// Both files are written before either gets its name, so that a full disk leaves neither.
fn get_raw(ooid: &Ooid, folder: &Path, place: Place) -> Result<()> {
    let report = Opened::open(place)?.get_raw_report(ooid)?.ok_or(NotFound(*ooid))?;
    fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    let metadata = folder.join(format!("{ooid}.json"));
    let dump = folder.join(format!("{ooid}.dump"));
    let metadata = PendingFile::write(&metadata, report.metadata_bytes())?;
    let dump = PendingFile::write(&dump, report.dump())?;
    metadata.finish()?;
    dump.finish()
}
