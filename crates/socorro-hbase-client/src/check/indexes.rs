//! The second part: every row of an index or a queue names a crash that belongs there.

use hbase_thrift_client::{Cell, Row};

use super::{Check, Finding, FindingKind, ROWS_AT_ONCE, crashes::ooid_of_key, position::INDEXES};
use crate::{
    error::Result,
    keys,
    ooid::Ooid,
    traces::{STATE_COLUMNS, StoredCrash, Trace},
};

impl Check {
    /// Answers whether there may be more rows.
    pub(super) fn check_index(&mut self, index: usize) -> Result<bool> {
        let Some(&table) = INDEXES.get(index) else { return Ok(false) };
        let is_queue = keys::queue_size(table).is_some();
        let families: &[&str] = if is_queue { &["ids", "processor_state"] } else { &["ids"] };
        let rows = self.read_part(table, families)?;
        let goes_on = rows.len() == ROWS_AT_ONCE as usize;
        let mut named = Vec::new();
        for row in &rows {
            let settled = row.cells().all(|cell| self.is_settled(cell.timestamp()));
            if !settled {
                continue;
            }
            if is_queue && row.get(keys::IDS_OOID).is_none() {
                let trace = trace_of(table, row, keys::IDS_OOID.as_bytes());
                self.find_without_crash(FindingKind::LeftoverRow, trace, None);
                continue;
            }
            for cell in row.cells().filter(|cell| cell.family() == b"ids") {
                let trace = trace_of(table, row, cell.column());
                match ooid_of(cell) {
                    Some(ooid) => named.push((ooid, trace)),
                    None => {
                        let meant = ooid_of_key(row.key());
                        self.find_without_crash(FindingKind::MalformedIndexRow, trace, meant);
                    }
                }
            }
        }
        let ooids: Vec<Ooid> = named.iter().map(|(ooid, _)| *ooid).collect();
        let crashes = self.store.read_rows(&ooids, &STATE_COLUMNS)?;
        for ((ooid, trace), crash) in named.into_iter().zip(crashes) {
            let stored = crash.as_ref().map(StoredCrash::of_row);
            // A processor that has just stored its result is about to take the crash off the queue,
            // and a submission that was made again moves its rows: what they leave is theirs.
            if stored.as_ref().is_some_and(|stored| !self.is_settled(stored.written)) {
                continue;
            }
            if let Some(kind) = verdict(&ooid, &trace, stored.as_ref())
                && self.is_in_range(&trace, stored.as_ref())
            {
                self.found.push_back(Finding::of_trace(kind, trace, Some(ooid)));
            }
        }
        Ok(goes_on)
    }

    fn find_without_crash(&mut self, kind: FindingKind, trace: Trace, meant: Option<Ooid>) {
        if self.is_in_range(&trace, None) {
            self.found.push_back(Finding::of_trace(kind, trace, meant));
        }
    }

    /// By the crash's time, or else by that in the row's key.
    fn is_in_range(&self, trace: &Trace, stored: Option<&StoredCrash>) -> bool {
        let submitted = stored.and_then(|stored| stored.traits.submitted.as_deref());
        let in_key = trace.row.get(1..).and_then(|key| str::from_utf8(key).ok());
        self.range == crate::range::TimeRange::all()
            || submitted.or(in_key).is_some_and(|time| self.range.contains(time))
    }
}

/// What is wrong with a cell that names a crash.
pub(super) fn verdict(
    ooid: &Ooid,
    trace: &Trace,
    stored: Option<&StoredCrash>,
) -> Option<FindingKind> {
    let Some(stored) = stored else { return Some(FindingKind::OrphanIndexRow) };
    if keys::queue_size(trace.table).is_none() {
        let belongs = stored.traits.indexes(ooid).contains(trace);
        return (!belongs).then_some(FindingKind::StaleIndexRow);
    }
    if stored.is_processed == Some(true) {
        return Some(FindingKind::ProcessedInQueue);
    }
    // A crash without time is queued under another name (see `process`).
    let belongs = stored.traits.submitted.is_none() || stored.traits.queues(ooid).contains(trace);
    (!belongs).then_some(FindingKind::StaleIndexRow)
}

fn trace_of(table: &'static str, row: &Row, column: &[u8]) -> Trace {
    let column = String::from_utf8_lossy(column).into_owned();
    Trace { table, row: row.key().to_vec(), column }
}

pub(super) fn ooid_of(cell: Cell) -> Option<Ooid> {
    str::from_utf8(cell.value()).ok()?.parse().ok()
}
