//! Searching: the covering rows, writing those that are missing, and counting by signature.

use std::collections::BTreeMap;

use hbase_thrift_client::{MergeScan, Row};

use super::scan::{IndexEntry, not_scanned};
use crate::{
    error::{Part, Result},
    layout::{self, SearchColumn, SearchRow},
    lifecycle::{self, Stage, Step, Transition, run},
    model::{CrashId, Protected, TimeRange},
    store::CrashStore,
};

/// What a search sees of a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchEntry {
    /// The crash.
    pub id: CrashId,
    /// When it was submitted, as the index has it: without an offset.
    pub submitted: String,
    columns: BTreeMap<SearchColumn, String>,
}

/// Covering rows in the order of time: [`CrashStore::scan_search`].
pub struct SearchScan {
    rows: MergeScan,
    range: TimeRange,
}

/// What a [`CrashStore::reindex`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reindexed {
    /// How many crashes were read.
    pub crashes: u64,
    /// How many of their covering rows were missing.
    pub missing: u64,
}

impl SearchEntry {
    /// A column's text; `None` if it is unknown.
    pub fn get(&self, column: SearchColumn) -> Option<&str> {
        self.columns.get(&column).map(String::as_str)
    }

    fn of_row(row: &Row) -> Option<Self> {
        let id = CrashId::new(row.get(SearchColumn::Ooid.column())?).ok()?;
        let end = row.key().len().checked_sub(id.as_bytes().len())?;
        let submitted = String::from_utf8_lossy(row.key().get(1..end)?).into_owned();
        let columns = SearchColumn::ALL.into_iter();
        let columns = columns.filter_map(|column| Some((column, column.of_row(row)?))).collect();
        Some(Self { id, submitted, columns })
    }
}

/// How many crashes are read and written at a time: their processed data is in memory.
const AT_ONCE: usize = 64;
/// How many signatures are read at a time.
const SIGNATURES_AT_ONCE: usize = 256;

/// # Searching
impl CrashStore {
    /// Reads the covering rows of a range of time, in its order. Crashes that other programs submitted
    /// are missing until [`reindex`](Self::reindex) has written theirs. What a crash's collector was told
    /// to protect is in none of them, and neither is what is made of it, whoever asks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), here or from the iterator; also if there is no
    /// table for it, which [`create_schema`](Self::create_schema) makes.
    pub fn scan_search(&self, range: &TimeRange) -> Result<SearchScan> {
        let salts = self.salts(layout::SEARCH)?;
        let rows = self
            .table(layout::SEARCH)
            .scan_merge(salts, self.salted(range.scan()))
            .map_err(not_scanned)?;
        Ok(SearchScan { rows, range: range.clone() })
    }

    /// Writes the covering rows of all crashes of a range of time, whoever submitted and processed them.
    ///
    /// Takes out of them what the crashes' collectors were told to protect. Reads their metadata and
    /// processed data; not their dumps. May be made again, and beside live
    /// traffic.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, TimeRange};
    /// # fn catch_up(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// let done = store.reindex(&TimeRange::within("2012-05"))?;
    /// println!("{} of {} crashes can be searched only now", done.missing, done.crashes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reindex(&self, range: &TimeRange) -> Result<Reindexed> {
        const COLUMNS: [&str; 6] = [
            "flags",
            layout::IDS_OOID,
            "timestamps",
            layout::META_DATA_JSON,
            layout::PROCESSED_DATA_JSON,
            layout::PROCESSED_DATA_SIGNATURE,
        ];
        let mut done = Reindexed::default();
        let mut crashes = self.scan_submitted(range)?;
        loop {
            let entries: Result<Vec<IndexEntry>> = crashes.by_ref().take(AT_ONCE).collect();
            let ids: Vec<CrashId> = entries?.into_iter().map(|entry| entry.id).collect();
            if ids.is_empty() {
                return Ok(done);
            }
            let rows = self.read_rows(&ids, &COLUMNS)?;
            let found = ids.iter().zip(&rows).filter_map(|(id, row)| Some((id, row.as_ref()?)));
            let found: Vec<_> = found.collect();
            let keys: Vec<_> = found
                .iter()
                .map(|(id, row)| SearchRow::key(id, row.get(layout::TIMESTAMPS_SUBMITTED)))
                .collect();
            let columns = [SearchColumn::Ooid.column()];
            let there = self.get_rows(layout::SEARCH, &keys, &columns).map_err(not_scanned)?;
            done.crashes += found.len() as u64;
            done.missing += there.iter().filter(|row| row.is_none()).count() as u64;
            let transitions = found.iter().map(|(id, row)| {
                let row = covering_row(id, row);
                let hide = row.hide().map(|(table, delete)| Step::delete(table, delete));
                let (table, put) = row.into_put();
                let steps = hide.into_iter().chain([Step::put(table, put)]).collect();
                let left = "{} may lack it, or have what is protected now";
                Transition::of(id, vec![Stage::new(Part::Indexes, left, steps)])
            });
            for written in run(self, "indexing crash", transitions.collect()) {
                written?;
            }
            lifecycle::unsearch_removed(self, &found)?;
        }
    }

    /// Counts the crashes of a range of time by their signatures, from the stored column; those that
    /// aren't processed under `None`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn count_by_signature(&self, range: &TimeRange) -> Result<BTreeMap<Option<String>, u64>> {
        let columns = [layout::IDS_OOID, layout::PROCESSED_DATA_SIGNATURE];
        let mut counts = BTreeMap::new();
        let mut crashes = self.scan_submitted(range)?;
        loop {
            let entries: Result<Vec<IndexEntry>> =
                crashes.by_ref().take(SIGNATURES_AT_ONCE).collect();
            let ids: Vec<CrashId> = entries?.into_iter().map(|entry| entry.id).collect();
            if ids.is_empty() {
                return Ok(counts);
            }
            for row in self.read_rows(&ids, &columns)?.into_iter().flatten() {
                let signature = row.get(layout::PROCESSED_DATA_SIGNATURE);
                let signature = signature.map(|text| String::from_utf8_lossy(text).into_owned());
                *counts.entry(signature).or_default() += 1;
            }
        }
    }
}

fn covering_row(id: &CrashId, row: &Row) -> SearchRow {
    let metadata = row.get(layout::META_DATA_JSON).unwrap_or_default();
    let protected = Protected::of_json(metadata);
    let covering = SearchRow::new(id, row.get(layout::TIMESTAMPS_SUBMITTED), protected);
    let covering = covering.metadata(metadata);
    match row.get(layout::PROCESSED_DATA_JSON) {
        Some(json) if row.get(layout::FLAGS_PROCESSED) == Some(layout::YES.as_bytes()) => {
            covering.processed(json)
        }
        _ => covering.unprocessed(),
    }
}

impl Iterator for SearchScan {
    type Item = Result<SearchEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.rows.next()? {
                Err(error) => return Some(Err(not_scanned(error))),
                Ok(row) => {
                    let is_in = self.range.has_key(row.key().get(1..).unwrap_or_default());
                    if let Some(entry) = SearchEntry::of_row(&row).filter(|_| is_in) {
                        return Some(Ok(entry));
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for SearchScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchScan").finish_non_exhaustive()
    }
}
