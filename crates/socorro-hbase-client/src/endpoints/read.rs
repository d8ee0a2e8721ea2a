//! Reading a crash back: metadata, dumps, processed JSON, each in one round trip.
//!
//! For telling absence (`None`) from damage (an error). Finding crashes without knowing their
//! ooids is left to `scan`, many crashes at once to `read_many`.

use std::collections::BTreeMap;

use hbase_thrift_client::Row;
use serde_json::{Map, Value};

use crate::{
    error::{Error, ErrorKind, Result},
    layout,
    model::{CrashId, DumpName, Protected, public_part},
    store::CrashStore,
};

/// A crash as it was submitted: metadata and dump.
///
/// ```no_run
/// # use socorro_hbase_client::{CrashId, CrashStore};
/// # fn show(store: &CrashStore, id: impl Into<CrashId>) -> socorro_hbase_client::Result<()> {
/// if let Some(report) = store.get_raw_report(id)? {
///     let bytes = report.dump().map_or(0, <[u8]>::len);
///     println!("{}: {bytes} bytes", report.metadata()?["ProductName"]);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawReport {
    metadata: Vec<u8>,
    dump: Option<Vec<u8>>,
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

    /// The metadata as a JSON value, by a strict parser. [`CrashMetadata`](crate::CrashMetadata) reads
    /// what other programs write.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedJson`], with the bytes.
    pub fn metadata(&self) -> Result<Value> {
        parse_metadata(&self.metadata)
    }

    /// The crash's own minidump; `None` if it came without one.
    pub fn dump(&self) -> Option<&[u8]> {
        self.dump.as_deref()
    }

    /// Metadata and dump, without copying them.
    pub fn into_parts(self) -> (Vec<u8>, Option<Vec<u8>>) {
        (self.metadata, self.dump)
    }
}

/// Without what a person has written into it: it may end up in a log.
impl std::fmt::Debug for RawReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawReport")
            .field("metadata_bytes", &self.metadata.len())
            .field("dump_bytes", &self.dump.as_ref().map(Vec::len))
            .finish()
    }
}

/// # Reading one crash
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
    pub fn get_metadata(&self, id: impl Into<CrashId>) -> Result<Option<Value>> {
        let row = self.read_crash(&id.into(), &[layout::META_DATA_JSON])?;
        row.as_ref().and_then(metadata_of).map(parse_metadata).transpose()
    }

    /// As [`get_metadata`](Self::get_metadata), with the fields alone that anybody may see: what isn't on
    /// the public list is protected, unknown fields included, and so is what the crash's collector was told
    /// to protect: the list `protected` of the crash's `metadata`.
    ///
    /// # Errors
    ///
    /// As [`get_metadata`](Self::get_metadata).
    pub fn get_public_metadata(
        &self,
        id: impl Into<CrashId>,
    ) -> Result<Option<Map<String, Value>>> {
        let metadata = self.get_metadata(id)?;
        Ok(metadata.map(|metadata| {
            let protected = Protected::of(&metadata);
            public_part(metadata, &protected)
        }))
    }

    /// Reads a crash's metadata as it is stored, whether it is text or not; `None` if there is none. One
    /// round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    pub fn get_metadata_bytes(&self, id: impl Into<CrashId>) -> Result<Option<Vec<u8>>> {
        let row = self.read_crash(&id.into(), &[layout::META_DATA_JSON])?;
        Ok(row.as_ref().and_then(metadata_of).map(<[u8]>::to_vec))
    }

    /// Reads a crash's metadata as the text that is stored; `None` if there is no such crash.
    ///
    /// One round trip. The text isn't parsed, so it need not be valid JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedJson`] keeps bytes that aren't UTF-8; [`ErrorKind::HBase`].
    #[doc(alias = "get_json_meta_as_string")]
    pub fn get_metadata_text(&self, id: impl Into<CrashId>) -> Result<Option<String>> {
        let row = self.read_crash(&id.into(), &[layout::META_DATA_JSON])?;
        row.as_ref()
            .and_then(metadata_of)
            .map(|bytes| text_of(METADATA, bytes).map(str::to_owned))
            .transpose()
    }

    /// Reads a crash's own minidump; `None` if there is no such crash, or it came without one. One
    /// round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    pub fn get_dump(&self, id: impl Into<CrashId>) -> Result<Option<Vec<u8>>> {
        let columns = [layout::RAW_DATA_DUMP, RAW_DATA_DUMP_AS_POSTED];
        let row = self.read_crash(&id.into(), &columns)?;
        Ok(row.as_ref().and_then(own_dump_of).map(<[u8]>::to_vec))
    }

    /// Reads one of a crash's dumps by its name; `None` if there is no such crash, or no such dump of
    /// it. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore, ooid: &Ooid) -> Result<(), Box<dyn std::error::Error>> {
    /// let plugin = store.get_dump_named(ooid, &"upload_file_minidump_plugin".parse()?)?;
    /// println!("{} bytes", plugin.map_or(0, |dump| dump.len()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_dump_named(
        &self,
        id: impl Into<CrashId>,
        name: &DumpName,
    ) -> Result<Option<Vec<u8>>> {
        if name.is_own() {
            return self.get_dump(id);
        }
        let column = layout::dump_column(name);
        let shown = String::from_utf8_lossy(&column);
        let row = self.read_crash(&id.into(), &[&shown])?;
        Ok(row.and_then(|row| row.get(&column).map(<[u8]>::to_vec)))
    }

    /// Reads a crash's metadata and minidump in one round trip; `None` if there is no such crash.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IncompleteCrash`] if the metadata is missing; [`ErrorKind::HBase`]. Metadata that
    /// isn't JSON is no error here, only in [`RawReport::metadata`].
    pub fn get_raw_report(&self, id: impl Into<CrashId>) -> Result<Option<RawReport>> {
        let id = id.into();
        let row = self.read_crash(&id, &RAW_REPORT)?;
        row.as_ref().filter(|row| has_data(row)).map(|row| raw_report_of(&id, row)).transpose()
    }

    /// Reads all dumps of a crash by their names; none if there is no such crash. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashId, CrashStore};
    /// # fn show(store: &CrashStore, id: impl Into<CrashId>) -> socorro_hbase_client::Result<()> {
    /// for (name, dump) in store.get_dumps(id)? {
    ///     println!("{name}: {} bytes", dump.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get_raw_dumps")]
    pub fn get_dumps(&self, id: impl Into<CrashId>) -> Result<BTreeMap<DumpName, Vec<u8>>> {
        let row = self.read_crash(&id.into(), &["raw_data"])?;
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
    #[doc(alias = "jsonz")]
    #[doc(alias = "get_unredacted_processed")]
    pub fn get_processed(&self, id: impl Into<CrashId>) -> Result<Option<Value>> {
        let row = self.read_crash(&id.into(), &[layout::PROCESSED_DATA_JSON])?;
        row.as_ref().and_then(processed_of).map(parse_processed).transpose()
    }

    /// As [`get_processed`](Self::get_processed), with the fields alone that anybody may see: as with
    /// [`get_public_metadata`](Self::get_public_metadata), and what is made of a protected annotation is
    /// protected too.
    ///
    /// # Errors
    ///
    /// As [`get_processed`](Self::get_processed).
    pub fn get_public_processed(
        &self,
        id: impl Into<CrashId>,
    ) -> Result<Option<Map<String, Value>>> {
        let columns = [layout::PROCESSED_DATA_JSON, layout::META_DATA_JSON];
        let Some(row) = self.read_crash(&id.into(), &columns)? else { return Ok(None) };
        let Some(processed) = processed_of(&row) else { return Ok(None) };
        let protected = metadata_of(&row).map(Protected::of_json).unwrap_or_default();
        Ok(Some(public_part(parse_processed(processed)?, &protected)))
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
    pub fn get_processed_text(&self, id: impl Into<CrashId>) -> Result<Option<String>> {
        let row = self.read_crash(&id.into(), &[layout::PROCESSED_DATA_JSON])?;
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
    /// # use socorro_hbase_client::{CrashId, CrashStore};
    /// # fn show(store: &CrashStore, id: impl Into<CrashId>) -> socorro_hbase_client::Result<()> {
    /// let state = store.get_processing_state(id)?;
    /// println!("processed: {}", state.is_some_and(|state| state.is_processed));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get_report_processing_state")]
    pub fn get_processing_state(&self, id: impl Into<CrashId>) -> Result<Option<ProcessingState>> {
        let row = self.read_crash(&id.into(), &PROCESSING_STATE)?;
        Ok(row.as_ref().filter(|row| has_data(row)).map(ProcessingState::of_row))
    }

    pub(crate) fn read_crash(&self, id: &CrashId, columns: &[&str]) -> Result<Option<Row>> {
        // With its name, which tells crashes apart whose names are so short that they share a row.
        let columns: Vec<&str> = columns.iter().copied().chain([layout::IDS_OOID]).collect();
        let rows = self.read_rows(std::slice::from_ref(id), &columns)?;
        Ok(rows.into_iter().next().flatten())
    }
}

pub(crate) const RAW_REPORT: [&str; 3] =
    [layout::META_DATA_JSON, layout::RAW_DATA_DUMP, RAW_DATA_DUMP_AS_POSTED];
pub(crate) const PROCESSING_STATE: [&str; 4] = [
    layout::FLAGS_PROCESSED,
    layout::FLAGS_LEGACY_PROCESSING,
    layout::TIMESTAMPS_SUBMITTED,
    layout::TIMESTAMPS_PROCESSED,
];

impl ProcessingState {
    pub(crate) fn of_row(row: &Row) -> Self {
        let has = |column, flag: &str| row.get(column) == Some(flag.as_bytes());
        let text = |column| {
            row.get(column).map(|bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned())
        };
        Self {
            is_processed: has(layout::FLAGS_PROCESSED, layout::YES),
            is_legacy: has(layout::FLAGS_LEGACY_PROCESSING, layout::YES),
            submitted: text(layout::TIMESTAMPS_SUBMITTED),
            processed: text(layout::TIMESTAMPS_PROCESSED),
        }
    }
}

pub(crate) fn raw_report_of(id: &CrashId, row: &Row) -> Result<RawReport> {
    let metadata = metadata_of(row).ok_or_else(|| {
        let message = format!("crash {id} is incomplete, its row has no metadata");
        Error::new(ErrorKind::IncompleteCrash, message)
    })?;
    Ok(RawReport { metadata: metadata.to_vec(), dump: own_dump_of(row).map(<[u8]>::to_vec) })
}

/// All dumps of a row. An own one under the name that crash reporters have for it is the own one, if
/// there is no other.
pub(crate) fn dumps_of(row: &Row) -> BTreeMap<DumpName, Vec<u8>> {
    let has_own = row.get(layout::RAW_DATA_DUMP).is_some();
    let named = |cell: hbase_thrift_client::Cell<'_>| {
        let name = layout::dump_name(&cell.column().to_vec())?;
        let is_own = name.is_own_as_posted() && !has_own;
        Some((if is_own { DumpName::default() } else { name }, cell.value().to_vec()))
    };
    row.cells().filter_map(named).collect()
}

/// Whether a row has more of what was asked for than the crash's name.
pub(crate) fn has_data(row: &Row) -> bool {
    row.cells().any(|cell| cell.family() != b"ids")
}

pub(crate) fn metadata_of(row: &Row) -> Option<&[u8]> {
    row.get(layout::META_DATA_JSON)
}

pub(crate) fn processed_of(row: &Row) -> Option<&[u8]> {
    row.get(layout::PROCESSED_DATA_JSON)
}

fn own_dump_of(row: &Row) -> Option<&[u8]> {
    row.get(layout::RAW_DATA_DUMP).or_else(|| row.get(RAW_DATA_DUMP_AS_POSTED))
}

const RAW_DATA_DUMP_AS_POSTED: &str = "raw_data:upload_file_minidump";

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
