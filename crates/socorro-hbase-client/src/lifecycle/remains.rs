//! What is left where a crash was removed while something else wrote to it.
//!
//! No call deletes on a condition, and none puts on the condition that a row is there; so a change can
//! write to a row that is just being removed. Therefore both look once more when they are done: the
//! change whether the crash is still there, and if not, it takes back what it wrote; the removal at what
//! came behind its back. One of them looks last, and finds it. If that one dies before, a check names
//! what is left.
//!
//! Only versions are deleted that were read before the crash was seen to be gone, so a crash that is
//! submitted anew at the same moment keeps its cells.

use std::collections::BTreeSet;

use hbase_thrift_client::{Delete, Get, Row};

use super::{
    execute::{Done, run},
    queue::{Entry, leave},
    state::StoredCrash,
    steps::{Stage, Step, Transition},
};
use crate::{
    error::{Effect, Error, ErrorKind, Part, Result, Written},
    layout::{self, IndexCell, SearchColumn, SearchRow},
    model::CrashId,
    pipeline::{self, Slot},
    store::CrashStore,
};

/// Where something may be left of a crash.
pub(super) struct Places {
    id: CrashId,
    row: Vec<u8>,
    columns: Columns,
    /// Of indexes and queues.
    cells: BTreeSet<IndexCell>,
    search: BTreeSet<Vec<u8>>,
    /// Of a removal, when the metadata was written that was read before.
    removed: Option<i64>,
}

impl Places {
    /// Whether a row is the one that a removal was to delete: a delete spares cells of a time that the server's
    /// clock, gone back or another server's, has yet to reach.
    fn is_spared(&self, row: &Row) -> bool {
        let metadata = row.cell(layout::META_DATA_JSON);
        metadata.zip(self.removed).is_some_and(|(cell, removed)| cell.timestamp() <= removed)
    }
}

/// Of the crash's row.
enum Columns {
    All,
    These(Vec<Vec<u8>>),
}

impl Places {
    /// Those that a change has written to.
    pub(super) fn of_change(stored: &StoredCrash) -> Self {
        Self {
            id: stored.id.clone(),
            row: stored.row.clone(),
            columns: Columns::These(Vec::new()),
            cells: BTreeSet::new(),
            search: BTreeSet::new(),
            removed: None,
        }
    }

    /// All that a crash has.
    pub(super) fn of_removal(stored: &StoredCrash) -> Self {
        Self { columns: Columns::All, removed: stored.described, ..Self::of_change(stored) }
    }

    pub(super) fn column(mut self, column: impl Into<Vec<u8>>) -> Self {
        if let Columns::These(columns) = &mut self.columns {
            columns.push(column.into());
        }
        self
    }

    pub(super) fn cells(mut self, cells: impl IntoIterator<Item = IndexCell>) -> Self {
        self.cells.extend(cells);
        self
    }

    pub(super) fn search(mut self, keys: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.search.extend(keys);
        self
    }

    fn get(&self) -> Get {
        let get = Get::new(self.row.clone());
        match &self.columns {
            Columns::All => get,
            Columns::These(columns) => {
                get.column(layout::META_DATA_JSON).columns(columns.iter().cloned())
            }
        }
    }
}

/// Whether crashes are still there that were there when a change began: one round trip. An error says
/// that the change was made.
pub(super) fn are_there(store: &CrashStore, crashes: &[&StoredCrash]) -> Result<Vec<bool>> {
    if crashes.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = crashes.iter().map(|stored| stored.row.clone()).collect();
    let columns = [layout::META_DATA_JSON];
    let rows = store.get_rows(layout::CRASH_REPORTS, &keys, &columns).map_err(unknown)?;
    let is_there =
        |(stored, row): (&&StoredCrash, Option<Row>)| stored.is_leftover() || row.is_some();
    Ok(crashes.iter().zip(rows).map(is_there).collect())
}

/// Takes away what is in these places of crashes that are gone. Those that are there (again) keep what
/// they have. Returns the crashes that a removal has not removed.
pub(super) fn clear<'a>(
    store: &CrashStore,
    places: impl IntoIterator<Item = &'a Places>,
) -> Result<BTreeSet<CrashId>> {
    let places: Vec<&Places> = places.into_iter().collect();
    let mut spared = BTreeSet::new();
    if places.is_empty() {
        return Ok(spared);
    }
    let mut reads = Reads::new(store);
    let found: Result<Vec<_>> = places.iter().map(|places| reads.ask(places)).collect();
    let found = found?;
    let mut replies = reads.calls.send();
    let mut entries = Vec::new();
    let mut transitions = Vec::new();
    for (places, asked) in places.into_iter().zip(found) {
        let mut steps = Vec::new();
        let mut queued = Vec::new();
        for (cell, slot) in asked.cells {
            let Some(row) = replies.take(slot).map_err(unknown)? else { continue };
            if !cell.names(Some(&row), &places.id) {
                continue;
            }
            if layout::queue_size(cell.table).is_some() {
                queued.extend(Entry::of_row(cell.table, &row));
            } else {
                steps.push(up_to_newest(cell.table, cell.delete(), &row));
            }
        }
        for (key, slot) in asked.search {
            if let Some(row) = replies.take(slot).map_err(unknown)? {
                steps.push(up_to_newest(layout::SEARCH, Delete::row(key), &row));
            }
        }
        let row = replies.take(asked.crash).map_err(unknown)?;
        if let Some(row) = row.as_ref().filter(|row| row.get(layout::META_DATA_JSON).is_some()) {
            if places.is_spared(row) {
                spared.insert(places.id.clone());
            }
            continue;
        }
        steps.extend(row.and_then(|row| {
            let delete = Delete::row(places.row.clone());
            let delete = match &places.columns {
                Columns::All => delete,
                Columns::These(columns) => columns.iter().cloned().fold(delete, Delete::column),
            };
            (row.cells().count() > 0).then(|| up_to_newest(layout::CRASH_REPORTS, delete, &row))
        }));
        entries.extend(queued);
        if !steps.is_empty() {
            let left = "it was removed meanwhile, and {} may have some of it";
            let stage = Stage::new(Part::Crash, left, steps);
            transitions.push(Transition::of(&places.id, vec![stage]));
        }
    }
    for done in leave(store, &entries) {
        // A guard that failed: somebody has claimed it meanwhile, and finds the crash gone.
        done.map(|_: Done| ())?;
    }
    let done = run(store, "clearing away what is left of crash", transitions);
    done.into_iter().try_for_each(|done| done.map(drop))?;
    Ok(spared)
}

/// That a crash is still there which was to be removed.
pub(super) fn still_there(id: &CrashId) -> Error {
    let message = format!(
        "crash {id} is still there: it was written at a time that the server's clock has yet to reach"
    );
    let effect = Effect { written: Written::Partly, left: vec![Part::Crash], call_again: true };
    Error::new(ErrorKind::Contended, message).with_effect(effect)
}

/// Takes the covering rows of crashes away that were removed since they were read.
pub(crate) fn unsearch_removed(store: &CrashStore, crashes: &[(&CrashId, &Row)]) -> Result<()> {
    let stored: Vec<_> =
        crashes.iter().map(|(id, row)| StoredCrash::of_row((*id).clone(), row)).collect();
    let is_there = are_there(store, &stored.iter().collect::<Vec<_>>())?;
    let gone = stored.iter().zip(is_there).filter(|(_, is_there)| !is_there);
    let gone = gone.map(|(stored, _)| {
        let key = SearchRow::key(&stored.id, stored.facts.submitted.as_deref());
        Places::of_change(stored).search([key])
    });
    clear(store, &gone.collect::<Vec<_>>()).map(drop)
}

/// That a crash was removed while it was changed.
pub(super) fn removed_meanwhile(id: &CrashId) -> Error {
    let message = format!("there is no crash {id} any more: it was removed meanwhile");
    Error::new(ErrorKind::NoSuchCrash, message)
}

/// What was asked, in the order of the calls: the crash's row last, since only what was read before it
/// was seen to be gone is known to be nobody's.
struct Asked {
    cells: Vec<(IndexCell, Slot<Option<Row>>)>,
    search: Vec<(Vec<u8>, Slot<Option<Row>>)>,
    crash: Slot<Option<Row>>,
}

struct Reads<'a> {
    store: &'a CrashStore,
    calls: pipeline::Calls,
}

impl<'a> Reads<'a> {
    fn new(store: &'a CrashStore) -> Self {
        Self { store, calls: pipeline::calls(store.client()) }
    }

    fn ask(&mut self, places: &Places) -> Result<Asked> {
        let mut cells = Vec::new();
        for cell in &places.cells {
            let is_queue = layout::queue_size(cell.table).is_some();
            let get = if is_queue { cell.get_with_claim() } else { cell.get() };
            cells.push((cell.clone(), self.get(cell.table, get)?));
        }
        let mut search = Vec::new();
        for key in &places.search {
            let get = Get::new(key.clone()).column(SearchColumn::Ooid.column());
            search.push((key.clone(), self.get(layout::SEARCH, get)?));
        }
        Ok(Asked { cells, search, crash: self.get(layout::CRASH_REPORTS, places.get())? })
    }

    fn get(&mut self, table: &str, get: Get) -> Result<Slot<Option<Row>>> {
        self.calls.get(&self.store.table(table), get).map_err(unknown)
    }
}

fn up_to_newest(table: &'static str, delete: Delete, row: &Row) -> Step {
    let newest = row.cells().map(|cell| cell.timestamp()).max().unwrap_or_default();
    Step::delete_alone(table, delete.up_to_timestamp(newest))
}

fn unknown(error: hbase_thrift_client::Error) -> Error {
    let call_again = error.is_transient();
    let effect = Effect { written: Written::Partly, left: vec![Part::Crash], call_again };
    let message = "all was written, but whether a crash was removed meanwhile could not be read";
    Error::of_read(message, error).with_effect(effect)
}
