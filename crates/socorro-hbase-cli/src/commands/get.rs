//! `get meta`, `get dump`, `get raw`: a crash back out of the store.
//!
//! For handing over exactly the bytes that are stored. Whether they mean anything is left to
//! whoever asked.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use socorro_hbase_client::Ooid;

use crate::{
    args::{Get, GetOne, Place},
    exit::NotFound,
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
        Get::Raw { ooid, output, place } => get_raw(&ooid, &output, place),
    }
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
