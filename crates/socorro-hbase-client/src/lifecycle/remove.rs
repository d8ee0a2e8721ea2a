//! Removing crashes: the reverse of a submission. First the queues, then whatever names the crash, then
//! the crash, without which nothing would tell what else there is to delete; and last another look at
//! what somebody else has written meanwhile (`remains`).

use std::collections::{BTreeMap, BTreeSet};

use hbase_thrift_client::Delete;

use super::{
    execute::{Done, run},
    queue::{Entry, leave, read_entries},
    remains::{Places, clear, still_there},
    state::{StoredCrash, read_crashes},
    steps::{Stage, Step, Transition},
    submit::after_the_first,
};
use crate::{
    error::{Error, Part, Result},
    layout::{self, Facts, IndexCell, QUEUES, SearchRow},
    model::CrashId,
    pipeline,
    store::CrashStore,
};

/// Removes crashes; tells of each whether there was one.
pub(crate) fn remove(
    store: &CrashStore,
    ids: &[CrashId],
    counts_down: bool,
) -> Result<Vec<Result<bool>>> {
    let mut results = BTreeMap::new();
    let mut waiting: Vec<(usize, &CrashId)> = ids.iter().enumerate().collect();
    // One crash twice: the second finds it gone.
    while !waiting.is_empty() {
        let mut names = BTreeSet::new();
        let (wave, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, id)| names.insert(*id));
        waiting = later;
        let (places, ids): (Vec<usize>, Vec<CrashId>) =
            wave.into_iter().map(|(place, id)| (place, id.clone())).unzip();
        let removed = remove_wave(store, &ids, counts_down);
        let removed =
            if results.is_empty() { removed? } else { removed.map_err(after_the_first)? };
        results.extend(places.into_iter().zip(removed));
    }
    Ok(results.into_values().collect())
}

/// Removes crashes that differ.
fn remove_wave(
    store: &CrashStore,
    ids: &[CrashId],
    counts_down: bool,
) -> Result<Vec<Result<bool>>> {
    let mut results = Vec::new();
    let mut there = Vec::new();
    for stored in read_crashes(store, ids)? {
        results.push(Ok(stored.is_some()));
        there.extend(stored.map(|stored| (results.len() - 1, stored)));
    }
    let mut traces = Vec::new();
    for (_, stored) in &there {
        traces.push(Traces::read(store, stored)?);
    }
    let entries: Vec<Entry> = traces.iter().flat_map(|traces| traces.entries.clone()).collect();
    let mut left = leave(store, &entries).into_iter();
    let mut going = Vec::new();
    for ((place, stored), traces) in there.into_iter().zip(traces) {
        let mine: Vec<_> = left.by_ref().take(traces.entries.len()).collect();
        // A guard that failed: somebody works on the crash, and will find it gone.
        match mine.into_iter().find_map(Result::err) {
            Some(error) => results[place] = Err(error),
            None => {
                let removal = traces.removal(store, &stored, counts_down)?;
                going.push(((place, traces.places(store, &stored)?), removal));
            }
        }
    }
    let (going, transitions): (Vec<_>, Vec<_>) = going.into_iter().unzip();
    let done = run(store, "removing crash", transitions);
    for ((place, _), done) in going.iter().zip(done) {
        results[*place] = done.map(|_: Done| true);
    }
    let gone = going.iter().filter(|(place, _)| results[*place].is_ok());
    let spared = clear(store, gone.map(|(_, places)| places))?;
    for (place, _) in going.iter().filter(|(place, _)| spared.contains(&ids[*place])) {
        results[*place] = Err(still_there(&ids[*place]));
    }
    Ok(results)
}

/// Where a crash is named.
struct Traces {
    indexes: BTreeSet<IndexCell>,
    /// Where it may be named, there or not.
    cells: BTreeSet<IndexCell>,
    entries: Vec<Entry>,
    search: BTreeSet<Vec<u8>>,
}

impl Traces {
    fn read(store: &CrashStore, stored: &StoredCrash) -> Result<Self> {
        let id = &stored.id;
        let mut all: Vec<Facts> = vec![stored.facts.clone()];
        if stored.has_metadata {
            all.extend(stored.earlier_facts(store)?);
        }
        let (mut indexes, mut hangs, mut queues) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for facts in &all {
            let (of_hang, others): (BTreeSet<_>, BTreeSet<_>) =
                facts.indexes(id).into_iter().partition(IndexCell::is_of_hang);
            hangs.extend(of_hang);
            indexes.extend(others);
            indexes.extend(facts.processed_indexes(id));
            queues.extend(QUEUES.map(|table| facts.queue_cell(table, id)));
        }
        if stored.facts.signature.is_some() {
            let signatures = stored.earlier_signatures(store)?;
            let cells = signatures.iter().map(|signature| IndexCell::of_signature(id, signature));
            indexes.extend(cells);
        }
        let queues: Vec<IndexCell> = queues.into_iter().collect();
        let cells = [&indexes, &hangs].into_iter().flatten().chain(&queues).cloned().collect();
        // Two reports of one half of a hang share its cells: they are those of the last.
        indexes.extend(own_cells(store, id, hangs)?);
        let rows = read_entries(store, &queues)?;
        let entries = rows.iter().zip(&queues).filter_map(|(row, cell)| {
            Entry::of_row(cell.table, row.as_ref()?).filter(|entry| entry.id == *id)
        });
        let entries = entries.collect();
        let search =
            all.iter().map(|facts| SearchRow::key(id, facts.submitted.as_deref())).collect();
        Ok(Self { indexes, cells, entries, search })
    }

    fn places(self, store: &CrashStore, stored: &StoredCrash) -> Result<Places> {
        let search = if store.has_search()? { self.search } else { BTreeSet::new() };
        Ok(Places::of_removal(stored).cells(self.cells).search(search))
    }

    fn removal(
        &self,
        store: &CrashStore,
        stored: &StoredCrash,
        counts_down: bool,
    ) -> Result<Transition> {
        let mut names: Vec<_> =
            self.indexes.iter().map(|cell| Step::delete(cell.table, cell.delete())).collect();
        if store.has_search()? {
            let rows = self.search.iter().map(|key| Delete::row(key.clone()));
            names.extend(rows.map(|row| Step::delete_alone(layout::SEARCH, row)));
        }
        let row = Delete::row(stored.row.clone());
        let mut stages = vec![
            Stage::new(Part::Indexes, "it is still there, and {} may name it", names),
            Stage::new(
                Part::Crash,
                "no index names it any more, but its row may still be there",
                vec![Step::delete_alone(layout::CRASH_REPORTS, row)],
            ),
        ];
        if counts_down && stored.is_submitted && !stored.is_uncounted {
            let counts = stored.counters();
            let counts = counts.into_iter().map(|(row, column)| Step::count(row, column, -1));
            let state = "it is gone, but some or all counters may still have it";
            stages.push(Stage::new(Part::Counters, state, counts.collect()));
        }
        Ok(Transition::of(&stored.id, stages))
    }
}

fn own_cells(
    store: &CrashStore,
    id: &CrashId,
    cells: BTreeSet<IndexCell>,
) -> Result<Vec<IndexCell>> {
    if cells.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error| Error::of_read(format!("the hang of crash {id} could not be read"), error);
    let mut reads = pipeline::calls(store.client());
    let mut slots = Vec::new();
    for cell in cells {
        let slot = reads.get(&store.table(cell.table), cell.get()).map_err(failed)?;
        slots.push((cell, slot));
    }
    let mut replies = reads.send();
    let mut own = Vec::new();
    for (cell, slot) in slots {
        let row = replies.take(slot).map_err(failed)?;
        if cell.names(row.as_ref(), id) {
            own.push(cell);
        }
    }
    Ok(own)
}
