//! The second part: every row of an index or a queue names a crash that belongs there.

use hbase_thrift_client::{Cell, Row};

use super::{Check, ROWS_AT_ONCE, position::INDEXES};
use crate::{
    error::Result,
    layout::{self, IndexCell, SearchColumn},
    lifecycle::{Problem, ProblemKind, StoredCrash, read_crashes, read_entries, verdict},
    model::CrashId,
};

/// A cell that names a crash, and the crash, if it is there.
struct Named {
    id: CrashId,
    cell: IndexCell,
    stored: Option<StoredCrash>,
    version: i64,
    /// Whether the row hasn't changed for long enough.
    is_settled: bool,
}

impl Check {
    /// Returns whether there may be more rows.
    pub(super) fn check_index(&mut self, index: usize) -> Result<bool> {
        let Some(&table) = INDEXES.get(index) else { return Ok(false) };
        if table == layout::SEARCH && !self.store.has_search()? {
            return Ok(false);
        }
        let is_queue = layout::queue_size(table).is_some();
        if is_queue && self.next.after.is_empty() {
            self.begin_queue(table)?;
        }
        let ooid = [SearchColumn::Ooid.column()];
        let columns: Vec<&str> = match table {
            layout::SEARCH => ooid.iter().filter_map(|name| str::from_utf8(name).ok()).collect(),
            _ if is_queue => vec!["ids", layout::PROCESSOR_STATE],
            _ => vec!["ids"],
        };
        let rows = self.read_part(table, &columns)?;
        let goes_on = rows.len() == ROWS_AT_ONCE as usize;
        if let Some(counted) = self.next.queues.get_mut(table) {
            let entries = rows.iter().filter_map(|row| row.cell(layout::IDS_OOID));
            for entry in entries {
                counted.entries += 1;
                counted.newest = counted.newest.max(Some(entry.timestamp()));
            }
        }
        self.check_rows(table, &rows)?;
        Ok(goes_on)
    }

    /// Checks that rows name crashes that belong there; returns the crashes that are there, in order.
    pub(super) fn check_rows(
        &mut self,
        table: &'static str,
        rows: &[Row],
    ) -> Result<Vec<(IndexCell, StoredCrash)>> {
        let is_queue = layout::queue_size(table).is_some();
        let mut named = Vec::new();
        for row in rows {
            let is_settled = row.cells().all(|cell| self.is_settled(cell.timestamp()));
            if is_queue && row.get(layout::IDS_OOID).is_none() {
                let cell = cell_of(table, row, layout::IDS_OOID.as_bytes());
                self.find_without_crash(ProblemKind::LeftoverRow, cell, is_settled);
                continue;
            }
            for cell in row.cells().filter(|cell| cell.family() != b"processor_state") {
                let of_row = cell_of(table, row, &cell.column().to_vec());
                match id_of(cell) {
                    Some(id) => {
                        let version = cell.timestamp();
                        named.push(Named { id, cell: of_row, stored: None, version, is_settled });
                    }
                    None => {
                        self.find_without_crash(ProblemKind::MalformedIndexRow, of_row, is_settled);
                    }
                }
            }
        }
        let ids: Vec<CrashId> = named.iter().map(|named| named.id.clone()).collect();
        for (named, stored) in named.iter_mut().zip(read_crashes(&self.store, &ids)?) {
            named.stored = stored;
        }
        let own_entries = self.read_own_entries(is_queue, &named)?;
        for (named, has_own) in named.iter().zip(own_entries) {
            let Named { id, cell, stored, version, is_settled } = named;
            // A processor that has just stored its result is about to take the crash off the queue,
            // and a submission that was made again moves its rows: what they leave is theirs.
            let is_crash_settled =
                stored.as_ref().is_none_or(|stored| self.is_settled(stored.written));
            if !is_settled || !is_crash_settled {
                continue;
            }
            if let Some(kind) = verdict(id, cell, *version, stored.as_ref(), has_own)
                && self.is_in_range(cell, stored.as_ref())
            {
                self.found.push_back(Problem::of_entry(kind, cell.clone(), Some(id.clone())));
            }
        }
        Ok(named.into_iter().filter_map(|named| Some((named.cell, named.stored?))).collect())
    }

    /// Of entries that stand under another time than their crash's: whether there is one under its own.
    fn read_own_entries(&self, is_queue: bool, named: &[Named]) -> Result<Vec<bool>> {
        let mut has_own = vec![false; named.len()];
        if !is_queue {
            return Ok(has_own);
        }
        let mut places = Vec::new();
        let mut cells = Vec::new();
        for (place, named) in named.iter().enumerate() {
            let Some(stored) = &named.stored else { continue };
            let own = stored.facts.queue_cell(named.cell.table, &named.id);
            if own != named.cell {
                places.push(place);
                cells.push(own);
            }
        }
        let rows = read_entries(&self.store, &cells)?;
        for ((place, cell), row) in places.into_iter().zip(&cells).zip(rows) {
            has_own[place] = cell.names(row.as_ref(), &named[place].id);
        }
        Ok(has_own)
    }

    fn find_without_crash(&mut self, kind: ProblemKind, cell: IndexCell, is_settled: bool) {
        if is_settled && self.is_in_range(&cell, None) {
            self.found.push_back(Problem::of_entry(kind, cell, None));
        }
    }

    /// By the crash's time, or else by that in the row's key.
    fn is_in_range(&self, cell: &IndexCell, stored: Option<&StoredCrash>) -> bool {
        let submitted = stored.and_then(|stored| stored.facts.submitted.as_deref());
        let in_key = cell.row.get(1..);
        self.range == crate::model::TimeRange::all()
            || submitted.or(in_key).is_some_and(|time| self.range.contains(time))
    }
}

fn cell_of(table: &'static str, row: &Row, column: &[u8]) -> IndexCell {
    IndexCell { table, row: row.key().to_vec(), column: column.to_vec() }
}

fn id_of(cell: Cell<'_>) -> Option<CrashId> {
    CrashId::new(cell.value()).ok()
}
