//! Reading a crash back: metadata, dumps, processed JSON, each in one round trip.
//!
//! For telling absence (`None`) from damage (an error). Finding crashes without knowing their
//! ooids is left to `scan`, many crashes at once to `read_many`.

use std::collections::BTreeMap;

use hbase_thrift_client::{Get, Row};
use serde_json::Value;

use crate::{
    dumps::DumpName,
    error::{Error, ErrorKind, Result},
    keys,
    ooid::Ooid,
    schema,
    store::CrashStore,
};

/// A crash as it was submitted: metadata and dump.
///
/// ```no_run
/// # use socorro_hbase_client::{CrashStore, Ooid};
/// # fn show(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
/// if let Some(report) = store.get_raw_report(ooid)? {
///     println!("{}: {} bytes", report.metadata()?["ProductName"], report.dump().len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawReport {
    metadata: Vec<u8>,
    dump: Vec<u8>,
}

/// How far a crash has come, from submission to processing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessingState {
    /// Whether processed data is stored.
    pub is_processed: bool,
    /// Whether the crash was accepted, so that it belongs into the legacy queue.
    pub is_legacy: bool,
    /// When it was submitted, as the collector wrote it.
    pub submitted: Option<String>,
    /// When it was processed, as the processor wrote it.
    pub processed: Option<String>,
}

impl RawReport {
    /// The metadata as it is stored; JSON, unless somebody else wrote something else.
    pub fn metadata_bytes(&self) -> &[u8] {
        &self.metadata
    }

    /// The metadata as a JSON value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedJson`], with the bytes.
    pub fn metadata(&self) -> Result<Value> {
        parse_metadata(&self.metadata)
    }

    /// The minidump.
    pub fn dump(&self) -> &[u8] {
        &self.dump
    }

    /// Metadata and dump, without copying them.
    pub fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        (self.metadata, self.dump)
    }
}

impl std::fmt::Debug for RawReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawReport")
            .field("metadata", &String::from_utf8_lossy(&self.metadata))
            .field("dump", &format_args!("{} bytes", self.dump.len()))
            .finish()
    }
}

impl CrashStore {
    /// Reads a crash's metadata; `None` if there is no such crash. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedJson`] keeps bytes that don't parse; [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let ooid: Ooid = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse()?;
    /// match store.get_metadata(&ooid)? {
    ///     Some(metadata) => println!("{}", metadata["ProductName"]),
    ///     None => println!("no such crash"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get_json_meta")]
    #[doc(alias = "get_json")]
    pub fn get_metadata(&self, ooid: &Ooid) -> Result<Option<Value>> {
        let row = self.read_crash(ooid, &[keys::META_DATA_JSON])?;
        row.as_ref().and_then(metadata_of).map(parse_metadata).transpose()
    }

    /// Reads a crash's metadata as the text that is stored; `None` if there is no such crash.
    ///
    /// One round trip. The text isn't parsed, so it need not be valid JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedJson`] keeps bytes that aren't UTF-8; [`ErrorKind::HBase`].
    #[doc(alias = "get_json_meta_as_string")]
    pub fn get_metadata_text(&self, ooid: &Ooid) -> Result<Option<String>> {
        let row = self.read_crash(ooid, &[keys::META_DATA_JSON])?;
        row.as_ref()
            .and_then(metadata_of)
            .map(|bytes| text_of(METADATA, bytes).map(str::to_owned))
            .transpose()
    }

    /// Reads a crash's minidump; `None` if there is no such crash. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    pub fn get_dump(&self, ooid: &Ooid) -> Result<Option<Vec<u8>>> {
        let row = self.read_crash(ooid, &[keys::RAW_DATA_DUMP])?;
        Ok(row.as_ref().and_then(dump_of).map(<[u8]>::to_vec))
    }

    /// Reads a crash's metadata and minidump in one round trip; `None` if there is no such crash.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IncompleteCrash`] if one of the two is missing; [`ErrorKind::HBase`]. Metadata
    /// that isn't JSON is no error here, only in [`RawReport::metadata`].
    pub fn get_raw_report(&self, ooid: &Ooid) -> Result<Option<RawReport>> {
        let row = self.read_crash(ooid, &RAW_REPORT)?;
        row.as_ref().map(|row| raw_report_of(ooid, row)).transpose()
    }

    /// Reads all dumps of a crash by their names; none if there is no such crash. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// for (name, dump) in store.get_dumps(ooid)? {
    ///     println!("{name}: {} bytes", dump.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_dumps(&self, ooid: &Ooid) -> Result<BTreeMap<DumpName, Vec<u8>>> {
        let row = self.read_crash(ooid, &["raw_data"])?;
        Ok(row.as_ref().map(dumps_of).unwrap_or_default())
    }

    /// Reads what the processor made of a crash; `None` if there is no such crash, or it isn't
    /// processed yet. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedJson`] keeps bytes that don't parse; [`ErrorKind::HBase`].
    #[doc(alias = "get_processed_json")]
    #[doc(alias = "get_jsonz")]
    pub fn get_processed(&self, ooid: &Ooid) -> Result<Option<Value>> {
        let row = self.read_crash(ooid, &[keys::PROCESSED_DATA_JSON])?;
        row.as_ref().and_then(processed_of).map(parse_processed).transpose()
    }

    /// Reads a crash's processed JSON as the text that is stored; `None` as for
    /// [`get_processed`](Self::get_processed).
    ///
    /// One round trip. The text isn't parsed, so it need not be valid JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedJson`] keeps bytes that aren't UTF-8; [`ErrorKind::HBase`].
    #[doc(alias = "get_processed_json_as_string")]
    #[doc(alias = "get_jsonz_as_string")]
    pub fn get_processed_text(&self, ooid: &Ooid) -> Result<Option<String>> {
        let row = self.read_crash(ooid, &[keys::PROCESSED_DATA_JSON])?;
        let text = |bytes| text_of(PROCESSED, bytes).map(str::to_owned);
        row.as_ref().and_then(processed_of).map(text).transpose()
    }

    /// Reads how far a crash has come; `None` if there is no such crash. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// let state = store.get_processing_state(ooid)?;
    /// println!("processed: {}", state.is_some_and(|state| state.is_processed));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get_report_processing_state")]
    pub fn get_processing_state(&self, ooid: &Ooid) -> Result<Option<ProcessingState>> {
        let row = self.read_crash(ooid, &PROCESSING_STATE)?;
        Ok(row.as_ref().map(ProcessingState::of_row))
    }

    pub(crate) fn read_crash(&self, ooid: &Ooid, columns: &[&str]) -> Result<Option<Row>> {
        let get = Get::new(keys::crash_row(ooid)).columns(columns.iter().copied());
        self.table(schema::CRASH_REPORTS)
            .get(&get)
            .map_err(|error| Error::from_hbase(format!("crash {ooid} could not be read"), error))
    }
}

pub(crate) const RAW_REPORT: [&str; 2] = [keys::META_DATA_JSON, keys::RAW_DATA_DUMP];
pub(crate) const PROCESSING_STATE: [&str; 4] = [
    keys::FLAGS_PROCESSED,
    keys::FLAGS_LEGACY_PROCESSING,
    keys::TIMESTAMPS_SUBMITTED,
    keys::TIMESTAMPS_PROCESSED,
];

impl ProcessingState {
    pub(crate) fn of_row(row: &Row) -> Self {
        let has = |column, flag: &str| row.get(column) == Some(flag.as_bytes());
        let text = |column| {
            row.get(column).map(|bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned())
        };
        Self {
            is_processed: has(keys::FLAGS_PROCESSED, keys::YES),
            is_legacy: has(keys::FLAGS_LEGACY_PROCESSING, keys::YES),
            submitted: text(keys::TIMESTAMPS_SUBMITTED),
            processed: text(keys::TIMESTAMPS_PROCESSED),
        }
    }
}

pub(crate) fn raw_report_of(ooid: &Ooid, row: &Row) -> Result<RawReport> {
    let missing = |what| {
        let message = format!("crash {ooid} is incomplete, its row has no {what}");
        Error::new(ErrorKind::IncompleteCrash, message)
    };
    Ok(RawReport {
        metadata: metadata_of(row).ok_or_else(|| missing("metadata"))?.to_vec(),
        dump: dump_of(row).ok_or_else(|| missing("dump"))?.to_vec(),
    })
}

pub(crate) fn dumps_of(row: &Row) -> BTreeMap<DumpName, Vec<u8>> {
    let named = |cell: hbase_thrift_client::Cell| {
        Some((DumpName::of_column(cell.column())?, cell.value().to_vec()))
    };
    row.cells().filter_map(named).collect()
}

pub(crate) fn metadata_of(row: &Row) -> Option<&[u8]> {
    row.get(keys::META_DATA_JSON)
}

pub(crate) fn processed_of(row: &Row) -> Option<&[u8]> {
    row.get(keys::PROCESSED_DATA_JSON)
}

fn dump_of(row: &Row) -> Option<&[u8]> {
    row.get(keys::RAW_DATA_DUMP)
}

fn text_of<'a>(what: &str, bytes: &'a [u8]) -> Result<&'a str> {
    str::from_utf8(bytes).map_err(|error| Error::not_text(what, bytes, error))
}

pub(crate) fn parse_metadata(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::not_json(METADATA, bytes, error))
}

pub(crate) fn parse_processed(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::not_json(PROCESSED, bytes, error))
}

const METADATA: &str = "the metadata of the crash";
const PROCESSED: &str = "the processed JSON of the crash";
