//! Finding crashes without knowing their ooids: by time, by signature, by a prefix of their rows.
//!
//! For the indexes' rows as what they mean. How 16 salts are scanned at once is left to the generic
//! client.

use hbase_thrift_client::{MergeScan, Row, Scan, Scanner, UnionScan};

use crate::{
    error::{Error, ErrorKind, Result},
    keys,
    ooid::Ooid,
    range::TimeRange,
    schema,
    store::CrashStore,
};

/// A crash as an index names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct IndexEntry {
    /// The crash.
    pub ooid: Ooid,
    /// The key of the index's row.
    pub key: Vec<u8>,
}

/// Crashes that an index names: [`CrashStore::scan_submitted`], [`CrashStore::scan_signature`].
///
/// A row that names no crash is an error of kind [`ErrorKind::MalformedIndex`] and doesn't end the
/// scan; an error of HBase does.
pub struct CrashScan {
    rows: Rows,
    /// Rows of the index that are longer belong to other signatures.
    key_length: Option<usize>,
}

enum Rows {
    Merged(MergeScan),
    Plain(Box<Scanner>),
}

impl CrashStore {
    /// Finds the crashes that were submitted in a range of time, in the order of their timestamps.
    ///
    /// 16 scanners; a round trip for each 256 rows of each salt.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`], here or from the iterator.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, TimeRange};
    /// # fn show(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// for crash in store.scan_submitted(&TimeRange::within("2012-05-08T20"))? {
    ///     println!("{}", crash?.ooid);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan_submitted(&self, range: &TimeRange) -> Result<CrashScan> {
        self.scan_times(schema::SUBMITTED_TIME, range)
    }

    /// Finds the processed crashes of a signature, in the order of their ooids; those without one
    /// are found under `##null##`, with an empty one under `##empty##`.
    ///
    /// One scanner; a round trip for each 256 rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`], here or from the iterator.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::CrashStore;
    /// # fn show(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// for crash in store.scan_signature("nsFoo::Bar")?.take(10) {
    ///     println!("{}", crash?.ooid);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan_signature(&self, signature: &str) -> Result<CrashScan> {
        let scan = Scan::new().prefix(signature).column(keys::IDS_OOID);
        let rows = self.table(schema::SIGNATURE_OOID).scan(scan).map_err(not_scanned)?;
        Ok(CrashScan { rows: Rows::Plain(Box::new(rows)), key_length: Some(signature.len() + 36) })
    }

    /// The rows of a salted table whose key begins with this prefix after its salt, in no particular
    /// order: of some columns or families, or all where none is named.
    ///
    /// For the first n rows, use [`Iterator::take`]: a scan that is dropped closes its scanners.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
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
        self.table(table).scan_union(salts(), scan).map_err(not_scanned)
    }

    /// As [`scan_union`](Self::scan_union), in the order of the keys without their salts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    #[doc(alias = "merge_scan_with_prefix")]
    #[doc(alias = "limited_iteration")]
    pub fn scan_merge<'a>(
        &self,
        table: &str,
        prefix: &str,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<MergeScan> {
        let scan = Scan::new().prefix(prefix).columns(columns);
        self.table(table).scan_merge(salts(), scan).map_err(not_scanned)
    }

    /// The rows of a time index, in the order of their times.
    pub(crate) fn scan_times(&self, table: &str, range: &TimeRange) -> Result<CrashScan> {
        let scan = range.scan().column(keys::IDS_OOID);
        let rows = self.table(table).scan_merge(salts(), scan).map_err(not_scanned)?;
        Ok(CrashScan { rows: Rows::Merged(rows), key_length: None })
    }
}

pub(crate) fn salts() -> impl Iterator<Item = String> {
    keys::SALTS.chars().map(String::from)
}

pub(crate) fn not_scanned(error: hbase_thrift_client::Error) -> Error {
    Error::from_hbase("a scan failed", error)
}

impl IndexEntry {
    /// Reads a row of an index whose column is `ids:ooid`.
    pub(crate) fn of_row(row: &Row) -> Result<Self> {
        let value = row.get(keys::IDS_OOID).unwrap_or_default();
        match str::from_utf8(value).ok().and_then(|text| text.parse().ok()) {
            Some(ooid) => Ok(Self { ooid, key: row.key().to_vec() }),
            None => {
                let (key, value) = (row.key().escape_ascii(), value.escape_ascii());
                let message = format!("the index row {key} names {value}, which is no ooid");
                Err(Error::new(ErrorKind::MalformedIndex, message))
            }
        }
    }
}

impl CrashScan {
    fn next_row(&mut self) -> Option<hbase_thrift_client::Result<Row>> {
        match &mut self.rows {
            Rows::Merged(rows) => rows.next(),
            Rows::Plain(rows) => rows.next(),
        }
    }
}

impl Iterator for CrashScan {
    type Item = Result<IndexEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_row()? {
                Err(error) => return Some(Err(not_scanned(error))),
                Ok(row) if self.key_length.is_some_and(|length| row.key().len() != length) => {}
                Ok(row) => return Some(IndexEntry::of_row(&row)),
            }
        }
    }
}

impl std::fmt::Debug for CrashScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrashScan").finish_non_exhaustive()
    }
}
