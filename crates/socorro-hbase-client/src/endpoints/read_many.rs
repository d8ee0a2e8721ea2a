//! Reading many crashes at once: a round trip for a handful of dumps, or for hundreds of texts.
//!
//! For one answer a crash, in the order in which they were asked for; what is wrong with one doesn't
//! hide the others.

use hbase_thrift_client::Row;
use serde_json::Value;

use super::read::{self, ProcessingState, RawReport};
use crate::{error::Result, layout, model::CrashId, store::CrashStore};

/// Dumps have up to 10 MiB each, and a reply has to fit into memory.
const DUMPS_AT_ONCE: usize = 8;
const TEXTS_AT_ONCE: usize = 256;

/// # Reading many crashes
impl CrashStore {
    /// As [`get_raw_report`](Self::get_raw_report), of many crashes in the order of their ooids. One
    /// round trip for each 8.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase) for all; what is wrong with one crash is its
    /// own result.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore, ooids: &[Ooid]) -> socorro_hbase_client::Result<()> {
    /// for (ooid, report) in ooids.iter().zip(store.get_raw_reports(ooids)?) {
    ///     match report {
    ///         Ok(Some(report)) => println!("{ooid}: {} bytes", report.metadata_bytes().len()),
    ///         Ok(None) => println!("{ooid} isn't there"),
    ///         Err(error) => println!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_raw_reports(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
    ) -> Result<Vec<Result<Option<RawReport>>>> {
        self.read_many(ids, &read::RAW_REPORT, DUMPS_AT_ONCE, |id, row| {
            Some(row)
                .filter(|row| read::has_data(row))
                .map(|row| read::raw_report_of(id, row))
                .transpose()
        })
    }

    /// As [`get_metadata`](Self::get_metadata), of many crashes in the order of their ooids. One
    /// round trip for each 256.
    ///
    /// # Errors
    ///
    /// As [`get_raw_reports`](Self::get_raw_reports).
    pub fn get_metadata_of(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
    ) -> Result<Vec<Result<Option<Value>>>> {
        self.read_many(ids, &[layout::META_DATA_JSON], TEXTS_AT_ONCE, |_, row| {
            read::metadata_of(row).map(read::parse_metadata).transpose()
        })
    }

    /// As [`get_processed`](Self::get_processed), of many crashes in the order of their ooids. One
    /// round trip for each 256.
    ///
    /// # Errors
    ///
    /// As [`get_raw_reports`](Self::get_raw_reports).
    pub fn get_processed_of(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
    ) -> Result<Vec<Result<Option<Value>>>> {
        self.read_many(ids, &[layout::PROCESSED_DATA_JSON], TEXTS_AT_ONCE, |_, row| {
            read::processed_of(row).map(read::parse_processed).transpose()
        })
    }

    /// As [`get_processing_state`](Self::get_processing_state), of many crashes in the order of
    /// their ooids. One round trip for each 256.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn get_processing_states(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
    ) -> Result<Vec<Option<ProcessingState>>> {
        let state =
            |_: &CrashId, row: &Row| Ok(read::has_data(row).then(|| ProcessingState::of_row(row)));
        let states = self.read_many(ids, &read::PROCESSING_STATE, TEXTS_AT_ONCE, state)?;
        states.into_iter().collect()
    }

    /// Reads the signatures of many crashes in the order of their ooids, from the stored column and not
    /// from the processed JSON; `None` of those that aren't processed. One round trip for each 256.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn get_signatures_of(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
    ) -> Result<Vec<Option<String>>> {
        let signature = |_: &CrashId, row: &Row| {
            let text = row.get(layout::PROCESSED_DATA_SIGNATURE);
            Ok(text.map(|text| String::from_utf8_lossy(text).into_owned()))
        };
        let columns = [layout::PROCESSED_DATA_SIGNATURE];
        self.read_many(ids, &columns, TEXTS_AT_ONCE, signature)?.into_iter().collect()
    }

    fn read_many<T>(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
        columns: &[&str],
        at_once: usize,
        read: impl Fn(&CrashId, &Row) -> Result<Option<T>>,
    ) -> Result<Vec<Result<Option<T>>>> {
        let ids: Vec<CrashId> = ids.into_iter().map(Into::into).collect();
        let columns: Vec<&str> = columns.iter().copied().chain([layout::IDS_OOID]).collect();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(at_once) {
            let rows = self.read_rows(ids, &columns)?;
            let read = |(id, row): (&CrashId, Option<Row>)| match row {
                Some(row) => read(id, &row),
                None => Ok(None),
            };
            found.extend(ids.iter().zip(rows).map(read));
        }
        Ok(found)
    }
}
