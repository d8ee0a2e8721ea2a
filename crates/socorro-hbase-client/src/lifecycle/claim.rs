//! Claiming entries of a queue, for a time.

use std::time::Duration;

use hbase_thrift_client::{Delete, Get, Row};

use super::{
    execute::run,
    lease::Worker,
    problem::{Problem, ProblemKind},
    queue::{Entry, leave, read_entries},
    rivals::{Contested, Settled, ask_still, give_back, settle},
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
/// What somebody has claimed in the other queue is given back (`rivals`).
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
        let Looked { entry, stored, rival, is_free } = row;
        let is_ours =
            entry.as_ref().is_some_and(|entry| entry.claim.as_deref() == Some(value.as_bytes()));
        match (is_ours, entry) {
            (true, Some(entry)) => {
                ours.push(Ours { entry: Entry { is_mine: true, ..entry }, stored, rival });
            }
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
    let mut contested = Vec::new();
    let mut under_way = Vec::new();
    for Ours { entry, stored, rival } in ours {
        let Some(stored) = stored.filter(|stored| !stored.is_leftover()) else {
            release(store, &entry.cell, entry.claimed_at);
            let Entry { id, cell, .. } = entry;
            let kind = ProblemKind::OrphanIndexRow;
            claimed.push(Claimed::Problem(Problem::of_entry(kind, cell, Some(id))));
            continue;
        };
        if stored.is_under_way(entry.claimed_at) {
            under_way.push(entry);
            continue;
        }
        let own = Own::of(store, &entry, &stored)?;
        if !stored.is_requested(entry.version) || own.is_instead {
            stale.push(entry);
        } else if let Some(rival) = rival.or(own.rival) {
            contested.push(Contested { entry, rival });
        } else {
            claimed.push(Claimed::Mine(entry));
        }
    }
    give_back(store, worker, under_way);
    let Settled { kept, done } = settle(store, worker, contested)?;
    claimed.extend(kept.into_iter().map(Claimed::Mine));
    stale.extend(done);
    leave(store, &stale).into_iter().try_for_each(|left| left.map(drop))?;
    Ok(claimed)
}

/// An entry that was claimed, and what is known of its crash.
struct Ours {
    entry: Entry,
    stored: Option<StoredCrash>,
    rival: Option<Entry>,
}

/// An entry and its crash as they are after the claim.
struct Looked {
    entry: Option<Entry>,
    stored: Option<StoredCrash>,
    /// The other queue's entry, if somebody has claimed the crash there.
    rival: Option<Entry>,
    is_free: bool,
}

/// Reads entries and their crashes, after these claims. The other queue's entry first: who had the crash by that one,
/// and has it no more, may be done with it, and then has taken this entry out, and the crash tells. Then that entry
/// once more: where the crash tells that nobody is asking for it any more, each that has asked was done with both
/// entries before, and what is made of the crash answers both.
fn look_again(store: &CrashStore, wanted: &[Entry], claims: &[String]) -> Result<Vec<Looked>> {
    let failed = |error| Error::of_read("entries of the queue could not be claimed", error);
    let mut calls = pipeline::calls(store.client());
    let mut slots = Vec::new();
    for entry in wanted {
        let other = entry.cell.in_other_queue();
        let rival = calls.get(&store.table(other.table), other.get_with_claim());
        let row = calls.get(&store.table(entry.cell.table), entry.cell.get_with_claim());
        let crash = Get::new(layout::crash_row(&entry.id)).columns(STATE_COLUMNS);
        let crash = calls.get(&store.table(layout::CRASH_REPORTS), crash);
        let beside = calls.get(&store.table(other.table), other.get_with_claim());
        let slot = (rival.map_err(failed)?, row.map_err(failed)?, crash.map_err(failed)?);
        slots.push((other, slot, beside.map_err(failed)?));
    }
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let mut replies = calls.send();
    let mut looked = Vec::new();
    for ((before, claim), (other, (rival, row, crash), beside)) in
        wanted.iter().zip(claims).zip(slots)
    {
        let rival = replies.take(rival).map_err(failed)?;
        let row = replies.take(row).map_err(failed)?;
        let crash = replies.take(crash).map_err(failed)?;
        let beside = replies.take(beside).map_err(failed)?;
        let [rival, beside] = [rival, beside].map(|row| {
            let entry = Entry::of_row(other.table, &row?);
            entry.filter(|entry| entry.id == before.id)
        });
        let entry = row.as_ref().and_then(|row| Entry::of_row(before.cell.table, row));
        let entry = entry.map(|entry| entry.beside(beside.as_ref()));
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
            rival: rival.filter(|rival| !rival.is_free()),
            stored: crash
                .as_ref()
                .filter(is_it)
                .map(|row| StoredCrash::of_row(before.id.clone(), row)),
        });
    }
    Ok(looked)
}

/// Crashes whose rows are of before they were salted.
fn find_old(store: &CrashStore, ours: &mut [Ours]) -> Result<()> {
    let missing: Vec<CrashId> =
        ours.iter().filter(|it| it.stored.is_none()).map(|it| it.entry.id.clone()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut found = read_crashes(store, &missing)?.into_iter();
    for ours in ours.iter_mut().filter(|ours| ours.stored.is_none()) {
        ours.stored = found.next().flatten();
    }
    Ok(())
}

/// What stands under the crash's own time, of an entry under another one: what a resubmission of the
/// Python client leaves.
#[derive(Default)]
struct Own {
    /// Whether the same queue has an entry there, which takes this one's place, or has had until somebody was done
    /// with the crash.
    is_instead: bool,
    /// The other queue's entry there, if somebody has claimed the crash by it.
    rival: Option<Entry>,
}

impl Own {
    fn of(store: &CrashStore, entry: &Entry, stored: &StoredCrash) -> Result<Self> {
        let cell = stored.facts.queue_cell(entry.cell.table, &entry.id);
        if stored.facts.submitted.is_none() || cell == entry.cell {
            return Ok(Self::default());
        }
        let cells = [cell.in_other_queue(), cell];
        let mut rows = read_entries(store, &cells)?.into_iter();
        let [other, cell] = cells;
        let rival = rows.next().flatten().and_then(|row| Entry::of_row(other.table, &row));
        let row = rows.next().flatten();
        let is_there = cell.names(row.as_ref(), &entry.id);
        Ok(Self {
            is_instead: is_there || ask_still(store, std::slice::from_ref(entry))? == [false],
            rival: rival.filter(|rival| rival.is_rival_of(entry)),
        })
    }
}

/// Takes back a claim of this time on what can't be worked on. It does no harm if it stays; a later one, of
/// somebody who took over what had run out, does stay.
fn release(store: &CrashStore, cell: &IndexCell, claimed_at: i64) {
    let unclaim = Delete::row(cell.row.clone()).column(layout::CLAIM);
    let _ = store.table(cell.table).delete(&unclaim.up_to_timestamp(claimed_at));
}
