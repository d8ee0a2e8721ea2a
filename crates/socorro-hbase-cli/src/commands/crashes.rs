//! `crashes`, `signatures`: finding crashes by time, signature, product, version, process and hang.
//!
//! For what a developer wants to see of each. Which index is read is left to the store.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use socorro_hbase_client::{CrashId, CrashMetadata, CrashStore, TimeRange};

use crate::{
    args::{Common, Crashes, Filters, Signatures, word},
    ids::{AT_ONCE, in_chunks},
    listing::Listing,
    output, stop,
    store::Opened,
};

const CRASHES: &[(&str, usize)] = &[
    ("ooid", 36),
    ("submitted", 32),
    ("product", 10),
    ("version", 8),
    ("process_type", 12),
    ("signature", 0),
];

/// How many crashes of a signature are put into the order of time.
const MOST_OF_SIGNATURE: usize = 1_000_000;

pub(super) fn crashes(arguments: Crashes, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let range = arguments.range.chosen()?;
    let store = Opened::open(common)?;
    let mut listing = Listing::new(CRASHES, common.json);
    let mut left = arguments.limit.unwrap_or(usize::MAX);
    let mut each = |ids: &[CrashId]| -> Result<()> {
        for crash in described(&store, ids)? {
            if left > 0 && crash.passes(&arguments.filters) {
                listing.line(crash.line())?;
                left -= 1;
            }
        }
        if left == 0 { Err(Enough.into()) } else { Ok(()) }
    };
    let mut problems = Vec::new();
    let listed = if let Some(hang) = &arguments.hang {
        let halves: Vec<_> = store.get_hang(hang)?.into_iter().map(|half| half.id).collect();
        in_order_of_time(&store, halves.into_iter().map(Ok), &range, arguments.reverse, &mut each)
    } else if let Some(signature) = &arguments.filters.signature {
        let mut found = store.scan_signature(signature)?;
        let ids = found.by_ref().map(|entry| Ok(entry?.id));
        let listed = in_order_of_time(&store, ids, &range, arguments.reverse, &mut each);
        problems = found.take_problems();
        listed
    } else {
        let mut found = if arguments.reverse {
            store.scan_submitted(&range)?
        } else {
            store.scan_submitted_newest_first(&range)?
        };
        let listed = in_chunks(found.by_ref().map(|entry| Ok(entry?.id)), &mut each);
        problems = found.take_problems();
        listed
    };
    listing.finish()?;
    for problem in problems {
        output::complain(&format!("{problem}; skipped"));
    }
    match listed {
        Err(error) if error.is::<Enough>() => Ok(()),
        listed => listed,
    }
}

/// As many were listed as were asked for.
#[derive(Debug)]
struct Enough;

impl std::fmt::Display for Enough {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no more are wanted")
    }
}

impl std::error::Error for Enough {}

/// Hands on those of these crashes that are in the range, in the order of time that is asked for.
fn in_order_of_time(
    store: &CrashStore,
    ids: impl Iterator<Item = Result<CrashId>>,
    range: &TimeRange,
    is_reversed: bool,
    each: impl FnMut(&[CrashId]) -> Result<()>,
) -> Result<()> {
    let is_bounded = *range != TimeRange::all();
    let mut sorted = BTreeSet::new();
    in_chunks(ids, |ids| {
        stop::check(|| "nothing was listed yet".to_owned())?;
        for (id, state) in ids.iter().zip(store.get_processing_states(ids)?) {
            let submitted = state.and_then(|state| state.submitted).unwrap_or_default();
            if !is_bounded || range.contains(&submitted) {
                sorted.insert((submitted, id.clone()));
            }
        }
        if sorted.len() > MOST_OF_SIGNATURE {
            bail!("more than {MOST_OF_SIGNATURE} crashes are too many to sort: choose a --date");
        }
        Ok(())
    })?;
    let ids = sorted.into_iter().map(|(_, id)| Ok(id));
    if is_reversed { in_chunks(ids, each) } else { in_chunks(ids.rev(), each) }
}

const SIGNATURES: &[(&str, usize)] = &[("crashes", 8), ("signature", 0)];

pub(super) fn signatures(arguments: &Signatures, common: &Common) -> Result<()> {
    let range = arguments.range.chosen()?;
    let counts = Opened::open(common)?.count_by_signature(&range)?;
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    if arguments.reverse {
        counts.reverse();
    }
    let mut listing = Listing::new(SIGNATURES, common.json);
    for (signature, count) in counts.into_iter().take(arguments.limit) {
        listing.line([json!(count), json!(signature)])?;
    }
    listing.finish()
}

/// What a list shows of a crash.
pub(super) struct Described {
    pub(super) id: CrashId,
    metadata: Value,
    signature: Option<String>,
}

/// Reads what a list shows; crashes whose data can't be read are listed all the same, `check` says more.
pub(super) fn described(store: &CrashStore, ids: &[CrashId]) -> Result<Vec<Described>> {
    debug_assert!(ids.len() <= AT_ONCE);
    let metadata = store.get_metadata_of(ids)?;
    let signatures = store.get_signatures_of(ids)?;
    let all = ids.iter().zip(metadata).zip(signatures);
    let described = |((id, metadata), signature): ((&CrashId, _), _)| Described {
        id: id.clone(),
        metadata: readable(metadata),
        signature,
    };
    Ok(all.map(described).collect())
}

/// What Python writes and a strict parser refuses is read for the fields that are shown.
fn readable(value: socorro_hbase_client::Result<Option<Value>>) -> Value {
    const SHOWN: [&str; 4] = ["submitted_timestamp", "ProductName", "Version", "ProcessType"];
    let lenient = |bytes: &[u8]| {
        let object = CrashMetadata::from_json(bytes).ok()?;
        let fields = SHOWN.iter().filter_map(|name| Some((*name, object.text(name)?)));
        Some(fields.map(|(name, text)| (name.to_owned(), json!(text))).collect())
    };
    match value {
        Ok(value) => value.unwrap_or_default(),
        Err(error) => error.stored_bytes().and_then(lenient).unwrap_or_default(),
    }
}

impl Described {
    pub(super) fn metadata(&self, field: &str) -> Option<&str> {
        self.metadata.get(field)?.as_str()
    }

    pub(super) fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    fn passes(&self, filters: &Filters) -> bool {
        let Filters { signature, product, version, process_type } = filters;
        let is = |found: Option<&str>, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(wanted))
        };
        // The index has names for those that have none.
        let has_signature = match signature.as_deref() {
            Some("##null##" | "##empty##") => true,
            _ => is(self.signature(), signature),
        };
        has_signature
            && is(self.metadata("ProductName"), product)
            && is(self.metadata("Version"), version)
            && is(Some(self.metadata("ProcessType").unwrap_or("default")), process_type)
    }

    fn line(&self) -> [Value; 6] {
        [
            json!(word(&self.id)),
            json!(self.metadata("submitted_timestamp")),
            json!(self.metadata("ProductName")),
            json!(self.metadata("Version")),
            json!(self.metadata("ProcessType")),
            json!(self.signature()),
        ]
    }
}
