//! A crash is in both queues, and each entry has a claim of its own: who gets the crash.
//!
//! Whoever claims an entry writes the claim first, and then reads the other queue's entry. Of two who
//! claim both at the same moment, at least one therefore sees the other; and nobody works on a crash while
//! he sees another's claim. The later of two claims gives way at once. The earlier one's holder waits for
//! that, for a moment: the times come from two servers, whose clocks may differ, so they only say who
//! waits, never who may go on.

use std::{thread, time::Duration};

use super::{
    execute::run,
    lease::Worker,
    queue::{ATTEMPTS, Entry, read_entries},
    steps::{Stage, Transition},
};
use crate::{
    error::{Part, Result},
    layout::{IndexCell, QUEUES},
    store::CrashStore,
};

/// A claimed entry, and that of the same crash in the other queue.
pub(super) struct Contested {
    pub(super) entry: Entry,
    pub(super) rival: Entry,
}

/// How long the earlier claim's holder waits before it first looks again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// The same place in the other queue.
pub(crate) fn in_other_queue(cell: &IndexCell) -> IndexCell {
    let [general, legacy] = QUEUES;
    let other = if cell.table == general { legacy } else { general };
    IndexCell::new(other, cell.row.clone())
}

/// Returns those of the entries that nobody else has in the other queue any more; gives the others back.
pub(super) fn keep_uncontested(
    store: &CrashStore,
    worker: &Worker,
    contested: Vec<Contested>,
) -> Result<Vec<Entry>> {
    let mut kept = Vec::new();
    let mut waiting = contested;
    let mut pause = FIRST_PAUSE;
    for _ in 0..ATTEMPTS {
        let (late, early) = waiting.into_iter().partition(Contested::is_late);
        give_back(store, worker, late);
        waiting = early;
        if waiting.is_empty() {
            return Ok(kept);
        }
        thread::sleep(pause);
        pause *= 2;
        let cells: Vec<_> = waiting.iter().map(|it| it.rival.cell.clone()).collect();
        let rows = read_entries(store, &cells)?;
        let mut held = Vec::new();
        for (Contested { entry, rival }, row) in waiting.into_iter().zip(rows) {
            let row = row.and_then(|row| Entry::of_row(rival.cell.table, &row));
            match row.filter(|rival| rival.is_rival_of(&entry)) {
                Some(rival) => held.push(Contested { entry, rival }),
                None => kept.push(entry),
            }
        }
        waiting = held;
    }
    give_back(store, worker, waiting);
    Ok(kept)
}

/// Lets others have entries, with their attempts. A claim that stays because this fails runs out.
fn give_back(store: &CrashStore, worker: &Worker, contested: Vec<Contested>) {
    let transitions = contested.into_iter().map(|Contested { entry, .. }| {
        let left = "its claim may still be there";
        let stage = Stage::new(Part::Queues, left, vec![entry.guard(entry.released(worker))]);
        Transition::of(&entry.id, vec![stage])
    });
    let _ = run(store, "giving back crash", transitions.collect());
}

impl Contested {
    /// Whether the other claim is the earlier one. In the same millisecond, that on the legacy queue is.
    fn is_late(&self) -> bool {
        let order = |entry: &Entry| (entry.claimed_at, entry.cell.table == QUEUES[0]);
        order(&self.rival) < order(&self.entry)
    }
}

impl Entry {
    /// Whether somebody has the same crash by this entry of the other queue.
    pub(super) fn is_rival_of(&self, entry: &Self) -> bool {
        self.id == entry.id && !self.is_free()
    }
}
