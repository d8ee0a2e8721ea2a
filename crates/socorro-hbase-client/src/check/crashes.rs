//! The first part: every crash is in the indexes that should name it.

use std::collections::BTreeMap;

use hbase_thrift_client::Row;

use super::{Check, ROWS_AT_ONCE};
use crate::{
    endpoints::not_scanned,
    error::Result,
    layout::{self, IndexCell, SearchRow},
    lifecycle::{Problem, ProblemKind, STATE_COLUMNS, StoredCrash, is_no_data},
};

impl Check {
    /// Returns whether there may be more rows.
    pub(super) fn check_crashes(&mut self) -> Result<bool> {
        let rows = self.read_part(layout::CRASH_REPORTS, &STATE_COLUMNS)?;
        let goes_on = rows.len() == ROWS_AT_ONCE as usize;
        let has_search = self.store.has_search()?;
        let mut crashes = Vec::new();
        let mut wanted: BTreeMap<&'static str, Vec<Vec<u8>>> = BTreeMap::new();
        for row in &rows {
            let Some(stored) = StoredCrash::of_any_row(row) else { continue };
            let submitted = stored.facts.submitted.as_deref().unwrap_or_default();
            if !self.is_settled(stored.written) || !self.range.contains(submitted) {
                continue;
            }
            if stored.is_leftover() {
                let is_empty = row.cells().all(|cell| is_no_data(cell.family()));
                let kind = if is_empty { ProblemKind::LeftoverRow } else { ProblemKind::LateData };
                self.found.push_back(Problem::of_crash(kind, &stored, layout::FLAGS_PROCESSED));
                continue;
            }
            if stored.is_unreadable {
                let kind = ProblemKind::UnreadableMetadata;
                self.found.push_back(Problem::of_crash(kind, &stored, layout::META_DATA_JSON));
            }
            let cells = stored.facts.indexes(&stored.id);
            for cell in &cells {
                wanted.entry(cell.table).or_default().push(cell.row.clone());
            }
            if has_search {
                let key = SearchRow::key(&stored.id, stored.facts.submitted.as_deref());
                wanted.entry(layout::SEARCH).or_default().push(key);
            }
            crashes.push((stored, cells));
        }
        let found = self.read_named(wanted)?;
        let has = |cell: &IndexCell| {
            // A hang's cell that names another crash of the same kind is in use.
            found
                .get(&(cell.table, cell.row.clone()))
                .is_some_and(|row| row.get(&cell.column).is_some())
        };
        for (stored, cells) in crashes {
            let timed = stored.facts.submitted.as_deref().map(|time| {
                IndexCell::new(layout::SUBMITTED_TIME, layout::time_row(&stored.id, time))
            });
            let is_unannounced = !stored.is_processed() && timed.is_some_and(|timed| !has(&timed));
            if !stored.is_whole() || is_unannounced {
                let kind = ProblemKind::UnfinishedSubmission;
                self.found.push_back(Problem::of_crash(kind, &stored, layout::FLAGS_UNCOUNTED));
            }
            for cell in cells.into_iter().filter(|cell| !has(cell)) {
                let id = Some(stored.id.clone());
                let kind = ProblemKind::MissingIndexRow;
                self.found.push_back(Problem::of_entry(kind, cell, id));
            }
            if has_search {
                let key = SearchRow::key(&stored.id, stored.facts.submitted.as_deref());
                self.unsearchable += u64::from(!found.contains_key(&(layout::SEARCH, key)));
            }
        }
        Ok(goes_on)
    }

    /// Reads rows that should name crashes: one call a table, unless they are large.
    fn read_named(
        &self,
        wanted: BTreeMap<&'static str, Vec<Vec<u8>>>,
    ) -> Result<BTreeMap<(&'static str, Vec<u8>), Row>> {
        let mut found = BTreeMap::new();
        for (table, mut keys) in wanted {
            // Both halves of a hang share a row.
            keys.sort_unstable();
            keys.dedup();
            let rows = self.store.get_rows(table, &keys, &[""; 0]).map_err(not_scanned)?;
            found.extend(rows.into_iter().flatten().map(|row| ((table, row.key().to_vec()), row)));
        }
        Ok(found)
    }
}
