//! A crash is in both queues, and each entry has a claim of its own: who gets the crash.
//!
//! A worker that claims an entry writes the claim first, and then reads the other queue's entry. Of two who
//! claim both at the same moment, at least one therefore sees the other; and nobody works on a crash while
//! he sees another's claim. The later of two claims gives way at once. The earlier one's holder waits for
//! that, for a moment: the times come from two servers, whose clocks may differ, so they only say who
//! waits, never who may go on. Who waited looks at the crash once more: the other may be done with it.

use std::{thread, time::Duration};

use super::{
    execute::run,
    lease::Worker,
    queue::{ATTEMPTS, Entry, read_entries},
    state::{StoredCrash, read_crashes},
    steps::{Stage, Transition},
};
use crate::{
    error::{Part, Result},
    layout::QUEUES,
    store::CrashStore,
};

/// A claimed entry, and that of the same crash in the other queue.
pub(super) struct Contested {
    pub(super) entry: Entry,
    pub(super) rival: Entry,
}

/// How long the earlier claim's holder waits before it first looks again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// What became of contested entries; those that are in neither were given back.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) kept: Vec<Entry>,
    /// Those that ask for nothing any more.
    pub(super) done: Vec<Entry>,
}

/// Keeps those of the entries that nobody else has in the other queue any more; gives the others back.
pub(super) fn settle(
    store: &CrashStore,
    worker: &Worker,
    contested: Vec<Contested>,
) -> Result<Settled> {
    let mut settled = Settled::default();
    let mut waiting = contested;
    let mut pause = FIRST_PAUSE;
    for _ in 0..ATTEMPTS {
        let (late, early) = waiting.into_iter().partition(Contested::is_late);
        give_back(store, worker, entries(late));
        waiting = early;
        if waiting.is_empty() {
            return Ok(settled);
        }
        thread::sleep(pause);
        pause *= 2;
        let cells = waiting.iter().flat_map(|it| [it.rival.cell.clone(), it.entry.cell.clone()]);
        let mut rows = read_entries(store, &cells.collect::<Vec<_>>())?.into_iter();
        let (mut held, mut left) = (Vec::new(), Vec::new());
        for Contested { entry, rival } in waiting {
            let (other, own) = (rows.next().flatten(), rows.next().flatten());
            let other = other.and_then(|row| Entry::of_row(rival.cell.table, &row));
            let other = other.filter(|other| other.id == entry.id);
            let own = own.and_then(|row| Entry::of_row(entry.cell.table, &row));
            if own.is_none_or(|own| own.id != entry.id || own.claim != entry.claim) {
                // Who is done with the crash has taken it out.
                continue;
            }
            let entry = entry.beside(other.as_ref());
            match other.filter(|other| !other.is_free()) {
                Some(rival) => held.push(Contested { entry, rival }),
                None => left.push(entry),
            }
        }
        let ask = ask_still(store, &left)?;
        for (entry, asks) in left.into_iter().zip(ask) {
            if asks { &mut settled.kept } else { &mut settled.done }.push(entry);
        }
        waiting = held;
    }
    give_back(store, worker, entries(waiting));
    Ok(settled)
}

/// Whether somebody has a crash by the other queue: one whose claim on this entry ran out asks so when it was
/// renewed.
pub(crate) fn is_taken_over(store: &CrashStore, entry: &Entry) -> Result<bool> {
    let other = entry.cell.in_other_queue();
    let row = read_entries(store, std::slice::from_ref(&other))?.into_iter().next().flatten();
    let rival = row.and_then(|row| Entry::of_row(other.table, &row));
    Ok(rival.is_some_and(|rival| rival.is_rival_of(entry)))
}

fn entries(contested: Vec<Contested>) -> Vec<Entry> {
    contested.into_iter().map(|contested| contested.entry).collect()
}

/// Whether entries ask for something, as their crashes are now.
pub(super) fn ask_still(store: &CrashStore, entries: &[Entry]) -> Result<Vec<bool>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = entries.iter().map(|entry| entry.id.clone()).collect();
    let crashes = entries.iter().zip(read_crashes(store, &ids)?);
    let asks = |stored: StoredCrash, entry: &Entry| stored.is_requested(entry.version);
    Ok(crashes.map(|(entry, stored)| stored.is_some_and(|stored| asks(stored, entry))).collect())
}

/// Lets others have entries, with their attempts. A claim that stays because this fails runs out.
pub(super) fn give_back(store: &CrashStore, worker: &Worker, entries: Vec<Entry>) {
    let transitions = entries.into_iter().map(|entry| {
        let left = "its claim may still be there";
        let stage = Stage::new(Part::Queues, left, vec![entry.guard(entry.released(worker))]);
        Transition::of(&entry.id, vec![stage])
    });
    let _ = run(store, "giving back crash", transitions.collect());
}

impl Contested {
    /// Whether the other claim is the earlier one, however late it was renewed. In the same millisecond, that on
    /// the legacy queue is.
    fn is_late(&self) -> bool {
        let order = |entry: &Entry| (entry.since(), entry.cell.table == QUEUES[0]);
        order(&self.rival) < order(&self.entry)
    }
}

impl Entry {
    /// Whether somebody has the same crash by this entry of the other queue.
    pub(super) fn is_rival_of(&self, entry: &Self) -> bool {
        self.id == entry.id && !self.is_free()
    }
}
