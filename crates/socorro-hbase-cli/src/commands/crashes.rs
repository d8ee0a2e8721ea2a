//! `crashes`, `signatures`: finding crashes by time, signature and hang.
//!
//! For what a developer wants to see of each. Which index is read is left to the store.

use std::collections::HashMap;

use anyhow::Result;
use serde_json::{Value, json};
use socorro_hbase_client::{CrashStore, ErrorKind, Ooid};

use crate::{
    args::{Crashes, Signatures},
    exit::NoSuch,
    listing::Listing,
    output,
    progress::Progress,
    stop,
    store::Opened,
};

/// How many crashes are described in one go: what is read ahead of the line that is printed.
const AT_ONCE: usize = 64;

const CRASHES: &[(&str, usize)] = &[
    ("submitted", 32),
    ("ooid", 36),
    ("product", 10),
    ("version", 8),
    ("process_type", 12),
    ("signature", 0),
];

pub(super) fn crashes(arguments: Crashes) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(arguments.reading.place)?;
    let mut listing = Listing::new(CRASHES, arguments.reading.json);
    let limit = arguments.limit.unwrap_or(usize::MAX);
    if let Some(hang) = arguments.hang {
        let halves = store.get_hang(&hang)?;
        if halves.is_empty() {
            return Err(NoSuch(format!("there is no hang {hang}")).into());
        }
        let ooids: Vec<Ooid> = halves.iter().take(limit).map(|half| half.ooid).collect();
        describe(&store, &ooids, &mut listing)?;
        return listing.finish();
    }
    let found = match &arguments.signature {
        Some(signature) => store.scan_signature(signature)?,
        None => store.scan_submitted(&arguments.range.chosen())?,
    };
    in_chunks(found.map(|entry| entry.map(|entry| entry.ooid)).take(limit), |ooids| {
        describe(&store, ooids, &mut listing)
    })?;
    listing.finish()
}

const SIGNATURES: &[(&str, usize)] = &[("crashes", 8), ("signature", 0)];

pub(super) fn signatures(arguments: Signatures) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(arguments.reading.place)?;
    let range = arguments.range.chosen();
    let progress = Progress::of("reading", || -> Result<u64> {
        Ok(store.scan_submitted(&range)?.count() as u64)
    })?;
    let mut counts: HashMap<Option<String>, u64> = HashMap::new();
    let found = store.scan_submitted(&range)?;
    in_chunks(found.map(|entry| entry.map(|entry| entry.ooid)), |ooids| {
        progress.more(ooids.len());
        stop::check(|| "nothing was changed".to_owned())?;
        for processed in store.get_processed_of(ooids)? {
            let signature = processed.ok().flatten().map(|processed| text(&processed, "signature"));
            *counts.entry(signature.flatten()).or_default() += 1;
        }
        Ok(())
    })?;
    drop(progress);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    let mut listing = Listing::new(SIGNATURES, arguments.reading.json);
    for (signature, count) in counts.into_iter().take(arguments.limit) {
        listing.line([json!(count), json!(signature)])?;
    }
    listing.finish()
}

/// Hands on the crashes that an index names; rows that name none are told and left out.
fn in_chunks(
    found: impl Iterator<Item = socorro_hbase_client::Result<Ooid>>,
    mut each: impl FnMut(&[Ooid]) -> Result<()>,
) -> Result<()> {
    let mut ooids = Vec::with_capacity(AT_ONCE);
    for ooid in found {
        match ooid {
            Ok(ooid) => ooids.push(ooid),
            Err(error) if error.kind() == ErrorKind::MalformedIndex => {
                output::say(&format!("{error}; `socorro-hbase check --repair` mends it"));
            }
            Err(error) => return Err(error.into()),
        }
        if ooids.len() == AT_ONCE {
            each(&ooids)?;
            ooids.clear();
        }
    }
    if ooids.is_empty() { Ok(()) } else { each(&ooids) }
}

fn describe(store: &CrashStore, ooids: &[Ooid], listing: &mut Listing) -> Result<()> {
    let metadata = store.get_metadata_of(ooids)?;
    let processed = store.get_processed_of(ooids)?;
    for ((ooid, metadata), processed) in ooids.iter().zip(metadata).zip(processed) {
        // A crash whose data can't be read is listed all the same; `check` says more.
        let metadata = metadata.ok().flatten().unwrap_or_default();
        let processed = processed.ok().flatten().unwrap_or_default();
        listing.line([
            json!(text(&metadata, "submitted_timestamp")),
            json!(ooid.as_str()),
            json!(text(&metadata, "ProductName")),
            json!(text(&metadata, "Version")),
            json!(text(&metadata, "ProcessType")),
            json!(text(&processed, "signature")),
        ])?;
    }
    Ok(())
}

fn text(object: &Value, field: &str) -> Option<String> {
    object.get(field)?.as_str().map(str::to_owned)
}
