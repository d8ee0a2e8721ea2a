//! Reading many crashes at once: a round trip for a handful of dumps, or for hundreds of texts.
//!
//! For one answer a crash, in the order in which they were asked for; what is wrong with one doesn't
//! hide the others.

use hbase_thrift_client::{GetRows, Row};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    keys,
    ooid::Ooid,
    read::{self, ProcessingState, RawReport},
    schema,
    store::CrashStore,
};

/// Dumps have up to 10 MiB each, and a reply has to fit into memory.
const DUMPS_AT_ONCE: usize = 8;
const TEXTS_AT_ONCE: usize = 256;

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
    ///         Ok(Some(report)) => println!("{ooid}: {} bytes", report.dump().len()),
    ///         Ok(None) => println!("{ooid} isn't there"),
    ///         Err(error) => println!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_raw_reports(&self, ooids: &[Ooid]) -> Result<Vec<Result<Option<RawReport>>>> {
        self.read_many(ooids, &read::RAW_REPORT, DUMPS_AT_ONCE, |ooid, row| {
            read::raw_report_of(ooid, row).map(Some)
        })
    }

    /// As [`get_metadata`](Self::get_metadata), of many crashes in the order of their ooids. One
    /// round trip for each 256.
    ///
    /// # Errors
    ///
    /// As [`get_raw_reports`](Self::get_raw_reports).
    pub fn get_metadata_of(&self, ooids: &[Ooid]) -> Result<Vec<Result<Option<Value>>>> {
        self.read_many(ooids, &[keys::META_DATA_JSON], TEXTS_AT_ONCE, |_, row| {
            read::metadata_of(row).map(read::parse_metadata).transpose()
        })
    }

    /// As [`get_processed`](Self::get_processed), of many crashes in the order of their ooids. One
    /// round trip for each 256.
    ///
    /// # Errors
    ///
    /// As [`get_raw_reports`](Self::get_raw_reports).
    pub fn get_processed_of(&self, ooids: &[Ooid]) -> Result<Vec<Result<Option<Value>>>> {
        self.read_many(ooids, &[keys::PROCESSED_DATA_JSON], TEXTS_AT_ONCE, |_, row| {
            read::processed_of(row).map(read::parse_processed).transpose()
        })
    }

    /// As [`get_processing_state`](Self::get_processing_state), of many crashes in the order of
    /// their ooids. One round trip for each 256.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn get_processing_states(&self, ooids: &[Ooid]) -> Result<Vec<Option<ProcessingState>>> {
        let state = |_: &Ooid, row: &Row| Ok(Some(ProcessingState::of_row(row)));
        let states = self.read_many(ooids, &read::PROCESSING_STATE, TEXTS_AT_ONCE, state)?;
        states.into_iter().collect()
    }

    fn read_many<T>(
        &self,
        ooids: &[Ooid],
        columns: &[&str],
        at_once: usize,
        read: impl Fn(&Ooid, &Row) -> Result<Option<T>>,
    ) -> Result<Vec<Result<Option<T>>>> {
        let mut found = Vec::with_capacity(ooids.len());
        for ooids in ooids.chunks(at_once) {
            let rows = self.read_rows(ooids, columns)?;
            let read = |(ooid, row): (&Ooid, Option<Row>)| match row {
                Some(row) => read(ooid, &row),
                None => Ok(None),
            };
            found.extend(ooids.iter().zip(rows).map(read));
        }
        Ok(found)
    }

    /// Some columns of crashes' rows, in one round trip.
    pub(crate) fn read_rows(&self, ooids: &[Ooid], columns: &[&str]) -> Result<Vec<Option<Row>>> {
        let get = GetRows::new(ooids.iter().map(keys::crash_row)).columns(columns.iter().copied());
        self.table(schema::CRASH_REPORTS).get_rows(&get).map_err(|error| {
            Error::from_hbase(format!("{} crashes could not be read", ooids.len()), error)
        })
    }
}
