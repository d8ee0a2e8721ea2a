//! What the processor makes of a crash, and the crash's way out of the queues.
//!
//! The result and the row that finds it by signature come first, then the flag that the crash is
//! processed, then the crash leaves the queue: whatever fails, it isn't lost.

use hbase_thrift_client::Put;

use super::{
    execute::{Done, run},
    queue::{ATTEMPTS, Entry, leave, read_entries},
    remains::{Places, are_there, clear, removed_meanwhile},
    state::{StoredCrash, read_crashes},
    steps::{Stage, Step, Transition},
};
use crate::{
    error::{Error, ErrorKind, Part, Result},
    layout::{self, IndexCell, QUEUES, SearchRow},
    model::{CrashId, ProcessedCrash},
    store::CrashStore,
};

/// Which entries of queues a result answers.
#[derive(Clone, Copy)]
pub(crate) enum Answered<'a> {
    /// The one whose claim it was made under, and what was in either queue before.
    Claim(&'a Entry),
    /// What is in the general queue now.
    Queued,
    /// None: they ask for the crash once more.
    Nothing,
}

/// Stores a result; the entries that it answers leave their queues.
pub(crate) fn process(
    store: &CrashStore,
    id: &CrashId,
    processed: &ProcessedCrash,
    answered: Answered<'_>,
) -> Result<()> {
    let (row, what) = (layout::crash_row(id), format!("the processed crash {id}"));
    store.check_size(layout::CRASH_REPORTS, &row, &what, &processed_cells(processed))?;
    let stored = read_crashes(store, std::slice::from_ref(id))?.into_iter().next().flatten();
    let Some(stored) = stored else {
        let message = format!("there is no crash {id} that was processed");
        return Err(Error::new(ErrorKind::NoSuchCrash, message));
    };
    let entries = entries_of(store, &stored, processed)?;
    let claimed = match answered {
        Answered::Claim(entry) => Some(entry),
        Answered::Queued | Answered::Nothing => None,
    };
    if claimed.is_some_and(|claimed| stored.is_processed() && stored.moment > claimed.claimed_at) {
        // The claim has run out, and somebody who has read the raw data later was faster: that result stays.
        return leave_all(store, claimed.cloned().as_slice()).map(drop);
    }
    let mut stale = match stored.facts.signature {
        Some(_) => stored.earlier_signatures(store)?,
        None => Vec::new(),
    };
    stale.retain(|signature| signature != processed.signature().as_bytes());
    let read = read_at(answered, &entries);
    let flagged = read.unwrap_or(i64::MIN).max(stored.flagged.saturating_add(1)).max(1);
    let moment = read.unwrap_or(flagged);
    let transition = result_of(store, &stored, processed, &stale, (moment, flagged))?;
    for done in run(store, "storing what was made of crash", vec![transition]) {
        done?;
    }
    if are_there(store, &[&stored])? == [false] {
        clear(store, &[written_places(store, &stored, processed)?])?;
        return Err(removed_meanwhile(id));
    }
    if matches!(answered, Answered::Nothing) {
        return Ok(());
    }
    // What was there when the result was made: without a claim, of the general queue alone, since whoever
    // takes crashes from the legacy one acknowledges them. What was there when the crash was claimed may be newer
    // than the claim by its own server's clock; a submission writes its entries in the same millisecond, perhaps
    // in that of the claim.
    let is_answered = |entry: &Entry| {
        let with_claimed = claimed.is_some_and(|claimed| {
            let is_it = claimed.cell.table == entry.cell.table;
            let read = if is_it { Some(claimed.version) } else { claimed.other.version };
            read.is_some_and(|read| entry.version <= read)
        });
        entry.version < moment || with_claimed
    };
    // Another's claim that came after this one's had run out is not for this one to end.
    let is_lost = claimed.is_some_and(Entry::is_free);
    let is_leaving = |entry: &Entry| {
        let is_own = claimed.is_some_and(|claimed| claimed.cell == entry.cell);
        let is_of_these = claimed.is_some() || entry.cell.table == layout::UNPROCESSED_FLAG;
        !is_own && is_of_these && is_answered(entry) && (!is_lost || entry.is_free())
    };
    let others = entries.into_iter().filter(is_leaving);
    let mut leaving: Vec<Entry> = others.chain(claimed.cloned()).collect();
    for _ in 0..ATTEMPTS {
        // A guard that failed: of the claimed entry, somebody else has claimed it, and finds it done. Of another,
        // somebody may just have given it back, since this one was still at it.
        let is_other = |entry: &Entry| claimed.is_none_or(|claimed| claimed.cell != entry.cell);
        let done = leave_all(store, &leaving)?;
        let mut done = done.into_iter().zip(&leaving);
        if !done.any(|(done, entry)| done == Done::Guarded && is_other(entry)) {
            break;
        }
        leaving = entries_of(store, &stored, processed)?.into_iter().filter(is_leaving).collect();
    }
    Ok(())
}

fn leave_all(store: &CrashStore, entries: &[Entry]) -> Result<Vec<Done>> {
    leave(store, entries).into_iter().collect()
}

/// The crash's entries in both queues, under its time, or under what the Python client takes instead.
fn entries_of(
    store: &CrashStore,
    stored: &StoredCrash,
    processed: &ProcessedCrash,
) -> Result<Vec<Entry>> {
    let date = processed.date_processed().and_then(|date| layout::part_of_key(date.as_bytes()));
    let cells = QUEUES.map(|table| match (&stored.facts.submitted, &date) {
        (None, Some(date)) => IndexCell::new(table, layout::time_row(&stored.id, date)),
        _ => stored.facts.queue_cell(table, &stored.id),
    });
    let rows = read_entries(store, &cells)?;
    let entries = rows.iter().zip(&cells).filter_map(|(row, cell)| {
        Entry::of_row(cell.table, row.as_ref()?).filter(|entry| entry.id == stored.id)
    });
    Ok(entries.collect())
}

/// The moment when the raw data was read, by the queues' clock: not before the claim was written. An entry as
/// new as that asks for the crash. `None` where no entry tells.
fn read_at(answered: Answered<'_>, entries: &[Entry]) -> Option<i64> {
    let versions = entries.iter().map(|entry| entry.version);
    match answered {
        Answered::Claim(claimed) => Some(claimed.claimed_at),
        Answered::Queued => versions.max().map(|version| version.saturating_add(1)),
        Answered::Nothing => versions.min(),
    }
}

/// The flag hides the one that is there, which may be of a server whose clock is ahead of the queues': then
/// the moment stands beside it.
fn result_of(
    store: &CrashStore,
    stored: &StoredCrash,
    processed: &ProcessedCrash,
    stale: &[Vec<u8>],
    (moment, flagged): (i64, i64),
) -> Result<Transition> {
    let id = &stored.id;
    let cells = processed_cells(processed);
    let bytes = processed.json().len();
    let put = cells.iter().fold(Put::new(stored.row.clone()), |put, (column, value)| {
        put.column(column.as_str(), *value)
    });
    let signature = IndexCell::of_signature(id, processed.signature().as_bytes());
    let mut first =
        vec![Step::large_put(layout::CRASH_REPORTS, put, bytes), Step::index(&signature, id)];
    if store.has_search()? {
        let submitted = stored.facts.submitted.as_deref();
        let row = SearchRow::new(id, submitted, stored.protected.clone());
        let (table, put) = row.processed(processed.json()).into_put();
        first.push(Step::put(table, put));
    }
    let mut flag = Put::new(stored.row.clone()).column(layout::FLAGS_PROCESSED, layout::YES);
    if moment < flagged {
        flag = flag.column(layout::FLAGS_READ, moment.to_string());
    }
    let mut last = vec![Step::put_at(layout::CRASH_REPORTS, flag, flagged)];
    last.extend(stale.iter().map(|signature| {
        let cell = IndexCell::of_signature(id, signature);
        Step::delete(cell.table, cell.delete())
    }));
    Ok(Transition::of(
        id,
        vec![
            Stage::new(Part::Crash, "{} may lack it, and it is not yet processed", first),
            Stage::new(Part::Crash, "it is stored, but {} may not show it as processed", last),
        ],
    ))
}

/// What the crash's row gets first.
fn processed_cells(processed: &ProcessedCrash) -> Vec<(String, &[u8])> {
    vec![
        (layout::TIMESTAMPS_PROCESSED.to_owned(), processed.completed().as_bytes()),
        (layout::PROCESSED_DATA_SIGNATURE.to_owned(), processed.signature().as_bytes()),
        (layout::PROCESSED_DATA_JSON.to_owned(), processed.json()),
    ]
}

/// What a result is written to.
fn written_places(
    store: &CrashStore,
    stored: &StoredCrash,
    processed: &ProcessedCrash,
) -> Result<Places> {
    let columns = processed_cells(processed).into_iter().map(|(column, _)| column);
    let places = columns.fold(Places::of_change(stored), Places::column);
    let signature = IndexCell::of_signature(&stored.id, processed.signature().as_bytes());
    let submitted = stored.facts.submitted.as_deref();
    let search = store.has_search()?.then(|| SearchRow::key(&stored.id, submitted));
    let places = places.column(layout::FLAGS_PROCESSED).column(layout::FLAGS_READ);
    Ok(places.cells([signature]).search(search))
}
