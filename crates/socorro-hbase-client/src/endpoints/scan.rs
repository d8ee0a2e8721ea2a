//! Finding crashes without knowing their ooids: by time, by signature, by a prefix of their rows.
//!
//! For the indexes' rows as what they mean. How 16 salts are scanned at once is left to the generic
//! client.

use hbase_thrift_client::{Filter, MergeScan, Row, Scan, Scanner, UnionScan};

use super::noted::Noted;
use crate::{
    error::{Error, Result},
    layout::{self, IndexCell},
    lifecycle::{Problem, ProblemKind},
    model::{CrashId, TimeRange},
    store::CrashStore,
};

/// A crash as an index names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct IndexEntry {
    /// The crash.
    pub id: CrashId,
    /// The key of the index's row.
    pub key: Vec<u8>,
}

/// Crashes that an index names: [`CrashStore::scan_submitted`], [`CrashStore::scan_signature`].
///
/// Rows that name nothing are left out; [`take_problems`](Self::take_problems) has them. An error of
/// HBase ends the scan.
pub struct CrashScan {
    rows: Rows,
    table: &'static str,
    /// Of a signature: rows that begin so may belong to a longer one.
    signature: Option<Vec<u8>>,
    range: TimeRange,
    problems: Noted,
}

enum Rows {
    Merged(MergeScan),
    Plain(Box<Scanner>),
}

/// # Finding crashes
impl CrashStore {
    /// Finds the crashes that were submitted in a range of time, in the order of their timestamps.
    ///
    /// A scanner for each salt, 16 if all names are ooids; a round trip for each 256 rows of each.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), here or from the iterator.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, TimeRange};
    /// # fn show(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// for crash in store.scan_submitted(&TimeRange::within("2012-05-08T20"))? {
    ///     println!("{}", crash?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan_submitted(&self, range: &TimeRange) -> Result<CrashScan> {
        self.scan_times(layout::SUBMITTED_TIME, range)
    }

    /// As [`scan_submitted`](Self::scan_submitted), newest first.
    ///
    /// # Errors
    ///
    /// As [`scan_submitted`](Self::scan_submitted).
    pub fn scan_submitted_newest_first(&self, range: &TimeRange) -> Result<CrashScan> {
        self.scan_times_newest_first(layout::SUBMITTED_TIME, range)
    }

    /// Finds the processed crashes of a signature, in the order of their ooids; those without one
    /// are found under `##null##`, with an empty one under `##empty##`.
    ///
    /// One scanner; a round trip for each 256 rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), here or from the iterator.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::CrashStore;
    /// # fn show(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// for crash in store.scan_signature("nsFoo::Bar")?.take(10) {
    ///     println!("{}", crash?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan_signature(&self, signature: &str) -> Result<CrashScan> {
        let scan = Scan::new().prefix(signature).column(layout::IDS_OOID);
        let rows = self.table(layout::SIGNATURE_OOID).scan(scan).map_err(not_scanned)?;
        Ok(CrashScan {
            rows: Rows::Plain(Box::new(rows)),
            table: layout::SIGNATURE_OOID,
            signature: Some(signature.into()),
            range: TimeRange::all(),
            problems: Noted::default(),
        })
    }

    /// The rows of a salted table whose key begins with this prefix after its salt, in no particular
    /// order: of some columns or families, or all where none is named.
    ///
    /// For the first n rows, use [`Iterator::take`]: a scan that is dropped closes its scanners.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::CrashStore;
    /// # fn show(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// for row in store.scan_union("crash_reports", "120508", ["ids:ooid"])?.take(1_000_000) {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "union_scan_with_prefix")]
    #[doc(alias = "limited_iteration")]
    pub fn scan_union<'a>(
        &self,
        table: &str,
        prefix: &str,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<UnionScan> {
        let scan = Scan::new().prefix(prefix).columns(columns);
        self.table(table).scan_union(self.salts(table)?, self.salted(scan)).map_err(not_scanned)
    }

    /// As [`scan_union`](Self::scan_union), in the order of the keys without their salts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    #[doc(alias = "merge_scan_with_prefix")]
    #[doc(alias = "limited_iteration")]
    pub fn scan_merge<'a>(
        &self,
        table: &str,
        prefix: &str,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<MergeScan> {
        let scan = Scan::new().prefix(prefix).columns(columns);
        self.table(table).scan_merge(self.salts(table)?, self.salted(scan)).map_err(not_scanned)
    }

    /// The rows of a time index, in the order of their times.
    pub(crate) fn scan_times(&self, table: &'static str, range: &TimeRange) -> Result<CrashScan> {
        self.scan_times_by(table, range, range.scan())
    }

    pub(crate) fn scan_times_newest_first(
        &self,
        table: &'static str,
        range: &TimeRange,
    ) -> Result<CrashScan> {
        self.scan_times_by(table, range, range.newest_first())
    }

    fn scan_times_by(
        &self,
        table: &'static str,
        range: &TimeRange,
        scan: Scan,
    ) -> Result<CrashScan> {
        let scan = scan.column(layout::IDS_OOID);
        let salts = self.salts(table)?;
        let rows = self.table(table).scan_merge(salts, self.salted(scan)).map_err(not_scanned)?;
        Ok(CrashScan {
            rows: Rows::Merged(rows),
            table,
            signature: None,
            range: range.clone(),
            problems: Noted::default(),
        })
    }

    /// The characters that the keys of a salted table begin with: the 16 that ooids have, and those of
    /// crashes that other programs named otherwise. One row of each gap between them tells.
    pub(crate) fn salts(&self, table: &str) -> Result<Vec<Vec<u8>>> {
        let mut salts: Vec<Vec<u8>> = layout::SALTS.bytes().map(|salt| vec![salt]).collect();
        for (start, stop) in [(&b""[..], &b"0"[..]), (b":", b"a"), (b"g", b"")] {
            let mut start = start.to_vec();
            loop {
                let gap = Scan::new()
                    .start(start)
                    .stop(stop)
                    .filter(Filter::key_only())
                    .caching(1)
                    .limit(1)
                    .read_ahead(false);
                let mut rows = self.table(table).scan(gap).map_err(not_scanned)?;
                let Some(row) = rows.next().transpose().map_err(not_scanned)? else { break };
                let Some(&salt) = row.key().first() else { break };
                salts.push(vec![salt]);
                let Some(next) = salt.checked_add(1) else { break };
                start = vec![next];
                if !stop.is_empty() && start.as_slice() >= stop {
                    break;
                }
            }
        }
        salts.sort_unstable();
        Ok(salts)
    }
}

pub(crate) fn not_scanned(error: hbase_thrift_client::Error) -> Error {
    Error::of_read("a scan failed", error)
}

impl IndexEntry {
    /// Reads a row of an index whose column is `ids:ooid`; `None` if it names nothing.
    pub(crate) fn of_row(row: &Row) -> Option<Self> {
        let id = CrashId::new(row.get(layout::IDS_OOID)?).ok()?;
        Some(Self { id, key: row.key().to_vec() })
    }
}

impl CrashScan {
    /// Takes what was found wrong with rows since the last call; of a queue's entries, what the queue
    /// hasn't reported.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        self.problems.take()
    }

    /// Notes what is wrong there.
    pub(super) fn noting(self, problems: &Noted) -> Self {
        Self { problems: problems.clone(), ..self }
    }

    fn next_row(&mut self) -> Option<hbase_thrift_client::Result<Row>> {
        match &mut self.rows {
            Rows::Merged(rows) => rows.next(),
            Rows::Plain(rows) => rows.next(),
        }
    }

    /// Whether a row is one of those that were asked for.
    fn is_asked_for(&self, entry: &IndexEntry) -> bool {
        match &self.signature {
            Some(signature) => layout::signature_row(signature, &entry.id) == entry.key,
            None => self.range.has_key(entry.key.get(1..).unwrap_or_default()),
        }
    }
}

impl Iterator for CrashScan {
    type Item = Result<IndexEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.next_row()? {
                Err(error) => return Some(Err(not_scanned(error))),
                Ok(row) => row,
            };
            match IndexEntry::of_row(&row) {
                Some(entry) if self.is_asked_for(&entry) => return Some(Ok(entry)),
                None => {
                    let cell = IndexCell::new(self.table, row.key().to_vec());
                    let kind = ProblemKind::MalformedIndexRow;
                    self.problems.note(Problem::of_entry(kind, cell, None));
                }
                Some(_) => {}
            }
        }
    }
}

impl std::fmt::Debug for CrashScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrashScan").finish_non_exhaustive()
    }
}
