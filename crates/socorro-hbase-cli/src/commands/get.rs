//! `get meta`, `dump`, `processed`, `raw`, `state`: a crash back out of the store.
//!
//! For handing over exactly the bytes that are stored. What they mean is left to the reader.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::json;
use socorro_hbase_client::{CrashId, DumpName, Error, RawReport};

use crate::{
    args::{Common, Get, GetOne, word},
    failure::{NotFound, WrongCommandLine},
    listing::Listing,
    output::{self, PendingFile},
    store::Opened,
};

pub(super) fn get(what: Get, common: &Common) -> Result<()> {
    match what {
        Get::Meta(GetOne { ooid, output }) => {
            let bytes = Opened::open(common)?.get_metadata_bytes(&ooid)?;
            let bytes = bytes.ok_or_else(|| NotFound::crash(&ooid))?;
            output::write_text(output.as_deref(), &bytes)
        }
        Get::Dump { name, one: GetOne { ooid, output } } => {
            let name = name.map_or(Ok(DumpName::default()), |name| name.parse());
            let name = name.map_err(|error| WrongCommandLine(error.to_string()))?;
            if output.is_none() {
                output::check_binary("a minidump")?;
            }
            let dump = Opened::open(common)?.get_dump_named(&ooid, &name)?;
            let dump = dump.ok_or_else(|| no_dump(&ooid, &name))?;
            output::write(output.as_deref(), &dump)
        }
        Get::Processed(GetOne { ooid, output }) => {
            let bytes = as_stored(Opened::open(common)?.get_processed_text(&ooid))?;
            let bytes = bytes.ok_or_else(|| {
                NotFound(format!("there is no processed crash {ooid}: `get state` says more"))
            })?;
            output::write_text(output.as_deref(), &bytes)
        }
        Get::State { ooid } => get_state(&ooid, common),
        Get::Raw { ooid, output } => get_raw(&ooid, &output, common),
    }
}

/// Text, or whatever another program stored in its place.
fn as_stored(text: Result<Option<String>, Error>) -> Result<Option<Vec<u8>>, Error> {
    match text {
        Ok(text) => Ok(text.map(String::into_bytes)),
        Err(error) => match error.stored_bytes() {
            Some(bytes) => Ok(Some(bytes.to_vec())),
            None => Err(error),
        },
    }
}

fn no_dump(ooid: &CrashId, name: &DumpName) -> NotFound {
    if name.is_own() {
        NotFound(format!("there is no crash {ooid} with a dump"))
    } else {
        NotFound(format!("there is no crash {ooid} with a dump {name}"))
    }
}

fn raw_report(ooid: &CrashId, common: &Common) -> Result<RawReport> {
    let report = Opened::open(common)?.get_raw_report(ooid)?;
    Ok(report.ok_or_else(|| NotFound::crash(ooid))?)
}

const STATE: &[(&str, usize)] =
    &[("ooid", 36), ("is_processed", 12), ("is_legacy", 9), ("submitted", 32), ("processed", 0)];

fn get_state(ooid: &CrashId, common: &Common) -> Result<()> {
    let state = Opened::open(common)?.get_processing_state(ooid)?;
    let state = state.ok_or_else(|| NotFound::crash(ooid))?;
    let mut listing = Listing::new(STATE, common.json);
    listing.line([
        json!(word(ooid)),
        json!(state.is_processed),
        json!(state.is_legacy),
        json!(state.submitted),
        json!(state.processed),
    ])?;
    listing.finish()
}

/// Both files are written before either gets its name, so that a full disk leaves neither.
fn get_raw(ooid: &CrashId, folder: &Path, common: &Common) -> Result<()> {
    let report = raw_report(ooid, common)?;
    fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    let name = ooid.file_name();
    let metadata =
        PendingFile::write(&folder.join(format!("{name}.json")), report.metadata_bytes())?;
    let dump =
        report.dump().map(|dump| PendingFile::write(&folder.join(format!("{name}.dump")), dump));
    let dump = dump.transpose()?;
    metadata.finish()?;
    dump.map_or(Ok(()), PendingFile::finish)
}
