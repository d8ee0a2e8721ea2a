//! Claiming entries of a queue, for a time.

use std::time::Duration;

use hbase_thrift_client::{Delete, Get, Row};

use super::{
    execute::run,
    lease::Worker,
    problem::{Problem, ProblemKind},
    queue::{Entry, leave, read_entries},
    state::{STATE_COLUMNS, StoredCrash, read_crashes},
    steps::{Stage, Transition},
};
use crate::{
    error::{Error, Part, Result},
    layout::{self, IndexCell},
    model::CrashId,
    pipeline,
    store::CrashStore,
};

/// What became of an entry that was to be claimed.
#[derive(Debug)]
pub(crate) enum Claimed {
    Mine(Entry),
    Problem(Problem),
}

/// Claims the entries of rows as they were read; returns those that were got, and what is wrong with
/// others.
///
/// The claims first, then what is there, which decides: so it doesn't matter whether replies were lost.
/// Whoever `begins` works on them at once, which counts as an attempt; others begin when they renew.
pub(crate) fn claim(
    store: &CrashStore,
    table: &'static str,
    worker: &Worker,
    lease: Duration,
    begins: bool,
    rows: &[Row],
) -> Result<Vec<Claimed>> {
    let mut claimed = Vec::new();
    let mut wanted = Vec::new();
    for row in rows {
        match Entry::of_row(table, row) {
            Some(entry) => wanted.push(entry),
            None => claimed.push(Claimed::Problem(Problem::of_entry(
                ProblemKind::MalformedIndexRow,
                IndexCell::new(table, row.key().to_vec()),
                None,
            ))),
        }
    }
    let values: Vec<_> = wanted.iter().map(|entry| entry.claimed(worker, lease, begins)).collect();
    let transitions = wanted.iter().zip(&values).map(|(entry, value)| {
        let left = "its entry may be claimed or not";
        let stage = Stage::new(Part::Queues, left, vec![entry.guard(value.clone())]);
        Transition::of(&entry.id, vec![stage])
    });
    let results = run(store, "claiming crash", transitions.collect());

    let mut ours = Vec::new();
    for ((row, value), result) in
        look_again(store, &wanted, &values)?.into_iter().zip(&values).zip(results)
    {
        let Looked { entry, stored, is_free } = row;
        let is_ours =
            entry.as_ref().is_some_and(|entry| entry.claim.as_deref() == Some(value.as_bytes()));
        match (is_ours, entry) {
            (true, Some(entry)) => ours.push((Entry { is_mine: true, ..entry }, stored)),
            _ => {
                if is_free
                    && let Err(error) = result
                    && !error.hbase().is_some_and(hbase_thrift_client::Error::is_transient)
                {
                    // Nobody has it, and nobody can: a worker that may not write would wait for ever
                    // for a queue that looks as if others worked on it.
                    return Err(error);
                }
            }
        }
    }
    find_old(store, &mut ours)?;
    let mut stale = Vec::new();
    for (entry, stored) in ours {
        match stored {
            Some(stored) if !stored.is_leftover() => {
                if stored.is_under_way(entry.claimed_at) {
                    release(store, &entry.cell, entry.claimed_at);
                } else if !stored.is_requested(entry.version)
                    || is_superseded(store, &entry, &stored)?
                {
                    stale.push(entry);
                } else {
                    claimed.push(Claimed::Mine(entry));
                }
            }
            _ => {
                release(store, &entry.cell, entry.claimed_at);
                let Entry { id, cell, .. } = entry;
                let kind = ProblemKind::OrphanIndexRow;
                claimed.push(Claimed::Problem(Problem::of_entry(kind, cell, Some(id))));
            }
        }
    }
    leave(store, &stale).into_iter().try_for_each(|left| left.map(drop))?;
    Ok(claimed)
}

/// An entry and its crash as they are after the claim.
struct Looked {
    entry: Option<Entry>,
    stored: Option<StoredCrash>,
    is_free: bool,
}

/// Reads entries and their crashes, after these claims.
fn look_again(store: &CrashStore, wanted: &[Entry], claims: &[String]) -> Result<Vec<Looked>> {
    let failed = |error| Error::of_read("entries of the queue could not be claimed", error);
    let mut calls = pipeline::calls(store.client());
    let mut slots = Vec::new();
    for entry in wanted {
        let row = calls.get(&store.table(entry.cell.table), entry.cell.get_with_claim());
        let crash = Get::new(layout::crash_row(&entry.id)).columns(STATE_COLUMNS);
        let crash = calls.get(&store.table(layout::CRASH_REPORTS), crash);
        slots.push((row.map_err(failed)?, crash.map_err(failed)?));
    }
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let mut replies = calls.send();
    let mut looked = Vec::new();
    for ((before, claim), (row, crash)) in wanted.iter().zip(claims).zip(slots) {
        let row = replies.take(row).map_err(failed)?;
        let crash = replies.take(crash).map_err(failed)?;
        let entry = row.as_ref().and_then(|row| Entry::of_row(before.cell.table, row));
        if let Some(row) = row.filter(|row| row.get(layout::IDS_OOID).is_none())
            && let Some(found) = row.cell(layout::CLAIM)
            && found.value() == claim.as_bytes()
        {
            // Somebody took the entry out while it was being claimed. Another claim there is the one under
            // which they do, by which they see that it is for them to count.
            release(store, &before.cell, found.timestamp());
        }
        let is_it =
            |row: &&Row| row.get(layout::IDS_OOID).is_none_or(|name| name == before.id.as_bytes());
        looked.push(Looked {
            is_free: entry.as_ref().is_some_and(Entry::is_free),
            entry: entry.filter(|entry| entry.id == before.id),
            stored: crash
                .as_ref()
                .filter(is_it)
                .map(|row| StoredCrash::of_row(before.id.clone(), row)),
        });
    }
    Ok(looked)
}

/// Crashes whose rows are of before they were salted.
fn find_old(store: &CrashStore, ours: &mut [(Entry, Option<StoredCrash>)]) -> Result<()> {
    let missing: Vec<CrashId> = ours
        .iter()
        .filter(|(_, stored)| stored.is_none())
        .map(|(entry, _)| entry.id.clone())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut found = read_crashes(store, &missing)?.into_iter();
    for (_, stored) in ours.iter_mut().filter(|(_, stored)| stored.is_none()) {
        *stored = found.next().flatten();
    }
    Ok(())
}

/// Whether an entry stands under a time that is no longer the crash's, and another under the one that
/// is: what a resubmission of the Python client leaves.
fn is_superseded(store: &CrashStore, entry: &Entry, stored: &StoredCrash) -> Result<bool> {
    let own = stored.facts.queue_cell(entry.cell.table, &entry.id);
    if stored.facts.submitted.is_none() || own == entry.cell {
        return Ok(false);
    }
    let row = read_entries(store, std::slice::from_ref(&own))?.into_iter().next().flatten();
    Ok(own.names(row.as_ref(), &entry.id))
}

/// Takes back a claim of this time on what can't be worked on. It does no harm if it stays; a later one, of
/// somebody who took over what had run out, does stay.
fn release(store: &CrashStore, cell: &IndexCell, claimed_at: i64) {
    let unclaim = Delete::row(cell.row.clone()).column(layout::CLAIM);
    let _ = store.table(cell.table).delete(&unclaim.up_to_timestamp(claimed_at));
}
