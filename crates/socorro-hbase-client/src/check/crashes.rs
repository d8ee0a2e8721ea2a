//! The first part: every crash is in the indexes that should name it.

use hbase_thrift_client::{Row, Scan};

use super::{Check, Finding, FindingKind, ROWS_AT_ONCE};
use crate::{
    error::{Error, Result},
    keys,
    ooid::Ooid,
    scan::not_scanned,
    schema,
    traces::{STATE_COLUMNS, StoredCrash, Trace},
};

impl Check {
    /// Answers whether there may be more rows.
    pub(super) fn check_crashes(&mut self) -> Result<bool> {
        let rows = self.read_part(schema::CRASH_REPORTS, &STATE_COLUMNS)?;
        let goes_on = rows.len() == ROWS_AT_ONCE as usize;
        let mut flight = self.store.client().flight();
        let mut asked = Vec::new();
        for row in &rows {
            let stored = StoredCrash::of_row(row);
            let submitted = stored.traits.submitted.as_deref().unwrap_or_default();
            if !self.is_settled(stored.written) || !self.range.contains(submitted) {
                continue;
            }
            let Some(ooid) = ooid_of_key(row.key()) else { continue };
            if is_leftover(row) {
                let trace = crash_trace(row, keys::FLAGS_PROCESSED);
                let kind = FindingKind::LeftoverRow;
                self.found.push_back(Finding::of_trace(kind, trace, Some(ooid)));
                continue;
            }
            for trace in stored.traits.indexes(&ooid) {
                let ticket = flight.get(&self.store.table(trace.table), trace.get());
                asked.push((ooid, trace, ticket.map_err(not_scanned)?));
            }
            if stored.is_uncounted || !stored.is_submitted {
                let trace = crash_trace(row, keys::FLAGS_UNCOUNTED);
                let kind = FindingKind::UnfinishedSubmission;
                self.found.push_back(Finding::of_trace(kind, trace, Some(ooid)));
            }
        }
        let mut landed = flight.send();
        for (ooid, trace, ticket) in asked {
            let row = landed.take(ticket).map_err(|error| {
                Error::from_hbase(format!("{} could not be checked", trace.table), error)
            })?;
            // A hang's cell that names another crash of the same kind is in use.
            if row.is_none() {
                let kind = FindingKind::MissingIndexRow;
                self.found.push_back(Finding::of_trace(kind, trace, Some(ooid)));
            }
        }
        Ok(goes_on)
    }

    /// The next rows of the part's table, in the order of their keys.
    pub(super) fn read_part(&mut self, table: &str, columns: &[&str]) -> Result<Vec<Row>> {
        let mut start = self.next.after.clone();
        if !start.is_empty() {
            start.push(0);
        }
        let scan = Scan::new()
            .start(start)
            .columns(columns.iter().copied())
            .caching(ROWS_AT_ONCE)
            .limit(u64::from(ROWS_AT_ONCE))
            .read_ahead(false)
            .cache_blocks(false);
        let rows = self.store.table(table).scan(scan).map_err(not_scanned)?;
        let rows: Vec<Row> =
            rows.collect::<hbase_thrift_client::Result<_>>().map_err(not_scanned)?;
        if let Some(last) = rows.last() {
            self.next.after = last.key().to_vec();
        }
        self.rows += rows.len() as u64;
        Ok(rows)
    }
}

/// The last 36 characters of any key that ends in an ooid.
pub(super) fn ooid_of_key(key: &[u8]) -> Option<Ooid> {
    let start = key.len().checked_sub(36)?;
    str::from_utf8(&key[start..]).ok()?.parse().ok()
}

/// Whether nothing but flags is there of the columns that were read.
pub(super) fn is_leftover(row: &Row) -> bool {
    row.cells().all(|cell| cell.family() == b"flags")
}

fn crash_trace(row: &Row, column: &str) -> Trace {
    Trace { table: schema::CRASH_REPORTS, row: row.key().to_vec(), column: column.to_owned() }
}
