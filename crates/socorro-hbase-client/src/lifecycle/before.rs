//! What there is of a crash that is submitted again: what was finished and what stopped halfway is told
//! by the mark, and by the row that finds the crash by its time, which every client writes before it
//! counts.

use std::collections::BTreeSet;

use hbase_thrift_client::{Delete, Filter, Row, Scan};

use super::{
    queue::read_entries,
    state::{StoredCrash, read_new_crashes},
    steps::Step,
};
use crate::{
    error::{Error, Result},
    layout::{self, Facts, IndexCell, QUEUES},
    model::Dumps,
    pipeline,
    store::CrashStore,
};

/// What there is of a crash that is submitted again.
pub(super) struct Before {
    pub(super) stored: StoredCrash,
    pub(super) was_announced: bool,
    /// The cells of indexes that name it, or should.
    pub(super) indexes: BTreeSet<IndexCell>,
    /// Its entries in queues, with the versions that were read.
    pub(super) entries: Vec<(IndexCell, i64)>,
    /// The columns of dumps that came with it.
    dumps: Vec<Vec<u8>>,
    /// The times that it was submitted with.
    pub(super) times: BTreeSet<Option<Vec<u8>>>,
}

impl Before {
    pub(super) fn read(store: &CrashStore, stored: StoredCrash, new: &Facts) -> Result<Self> {
        let mut before = Self::of_one_moment(store, stored, new)?;
        if !before.was_announced && before.entries.len() < QUEUES.len() {
            // An entry that isn't there may have been worked off since the crash was read.
            let id = std::slice::from_ref(&before.stored.id);
            if let Some(now) = read_new_crashes(store, id)?.into_iter().next().flatten() {
                before.stored.processed = now.processed;
            }
        }
        Ok(before)
    }

    fn of_one_moment(store: &CrashStore, stored: StoredCrash, new: &Facts) -> Result<Self> {
        let id = &stored.id;
        let mut all = vec![stored.facts.clone()];
        if stored.has_metadata {
            all.extend(stored.earlier_facts(store)?);
        }
        let mut hangs = BTreeSet::new();
        let mut indexes = BTreeSet::new();
        for facts in &all {
            let (of_hang, others): (BTreeSet<_>, BTreeSet<_>) =
                facts.indexes(id).into_iter().partition(IndexCell::is_of_hang);
            hangs.extend(of_hang);
            indexes.extend(others);
        }
        let queues: BTreeSet<IndexCell> = all
            .iter()
            .chain([new])
            .flat_map(|facts| QUEUES.map(|table| facts.queue_cell(table, id)))
            .collect();
        let by_time = stored
            .facts
            .submitted
            .as_deref()
            .map(|time| IndexCell::new(layout::SUBMITTED_TIME, layout::time_row(id, time)));
        // The row that finds the crash by its time is read first. If it were read last, a crash that is
        // removed between these reads would look as if nobody had counted its entries yet.
        let asked: Vec<IndexCell> =
            by_time.clone().into_iter().chain(queues).chain(hangs).collect();
        let rows = read_index_cells(store, &asked)?;
        let mut entries = Vec::new();
        let mut is_found = false;
        for (cell, row) in asked.into_iter().zip(rows) {
            if !cell.names(row.as_ref(), id) {
                continue;
            }
            let version = row.as_ref().and_then(|row| row.cell(layout::IDS_OOID));
            match layout::queue_size(cell.table) {
                Some(_) => entries.extend(version.map(|version| (cell, version.timestamp()))),
                None => {
                    is_found |= by_time.as_ref() == Some(&cell);
                    indexes.insert(cell);
                }
            }
        }
        let was_announced = stored.is_whole() && is_found;
        let dumps = dump_columns(store, &stored)?;
        let times = all.into_iter().map(|facts| facts.submitted).collect();
        Ok(Self { stored, was_announced, indexes, entries, dumps, times })
    }

    /// Columns of the crash's row that the new submission hasn't got, so doesn't overwrite.
    pub(super) fn stale_columns(&self, facts: &Facts, dumps: &Dumps<'_>) -> Option<Step> {
        let kept: BTreeSet<_> = dumps.iter().map(|(name, _)| layout::dump_column(name)).collect();
        let mut columns: Vec<Vec<u8>> =
            self.dumps.iter().filter(|column| !kept.contains(*column)).cloned().collect();
        if self.stored.facts.is_legacy && !facts.is_legacy {
            columns.push(layout::FLAGS_LEGACY_PROCESSING.into());
        }
        if self.stored.facts.hang.is_some() && facts.hang.is_none() {
            columns.push(layout::IDS_HANG.into());
        }
        if columns.is_empty() {
            return None;
        }
        let row = Delete::row(self.stored.row.clone());
        let delete = columns.into_iter().fold(row, Delete::column);
        // Another submission at the same moment has written its own since.
        let delete = delete.up_to_timestamp(self.stored.written);
        Some(Step::delete_alone(layout::CRASH_REPORTS, delete))
    }
}

/// Reads cells of indexes and queues, in their order.
fn read_index_cells(store: &CrashStore, cells: &[IndexCell]) -> Result<Vec<Option<Row>>> {
    if cells.iter().all(|cell| layout::queue_size(cell.table).is_some()) {
        return read_entries(store, cells);
    }
    let failed = |error| Error::of_read("the indexes of a crash could not be read", error);
    let mut reads = pipeline::calls(store.client());
    let slots: Result<Vec<_>, _> =
        cells.iter().map(|cell| reads.get(&store.table(cell.table), cell.get())).collect();
    let slots = slots.map_err(failed)?;
    let mut replies = reads.send();
    slots.into_iter().map(|slot| replies.take(slot).map_err(failed)).collect()
}

/// The dumps' columns in a crash's row, without reading the dumps.
fn dump_columns(store: &CrashStore, stored: &StoredCrash) -> Result<Vec<Vec<u8>>> {
    let row = stored.row.as_slice();
    let stop = [row, &[0]].concat();
    let scan = Scan::new()
        .start(row)
        .stop(stop)
        .family(layout::RAW_DATA)
        .filter(Filter::key_only())
        .limit(1)
        .read_ahead(false);
    let failed = |error| Error::of_read("the dumps of a crash could not be listed", error);
    let mut rows = store.table(layout::CRASH_REPORTS).scan(scan).map_err(failed)?;
    let Some(row) = rows.next().transpose().map_err(failed)? else { return Ok(Vec::new()) };
    Ok(row.cells().map(|cell| cell.column().to_vec()).collect())
}
