//! Reading a crash back: metadata, dump, or both in one round trip.
//!
//! For telling absence (`None`) from damage (an error). Finding crashes without knowing their
//! ooids is left to scans over the indexes.

use hbase_thrift_client::{Get, Row};
use serde_json::Value;

use crate::{
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
            .map(|bytes| text_of(bytes).map(str::to_owned))
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
        let columns = [keys::META_DATA_JSON, keys::RAW_DATA_DUMP];
        let Some(row) = self.read_crash(ooid, &columns)? else { return Ok(None) };
        let missing = |what| {
            let message = format!("crash {ooid} is incomplete, its row has no {what}");
            Error::new(ErrorKind::IncompleteCrash, message)
        };
        Ok(Some(RawReport {
            metadata: metadata_of(&row).ok_or_else(|| missing("metadata"))?.to_vec(),
            dump: dump_of(&row).ok_or_else(|| missing("dump"))?.to_vec(),
        }))
    }

    fn read_crash(&self, ooid: &Ooid, columns: &[&str]) -> Result<Option<Row>> {
        let get = Get::new(keys::crash_row(ooid)).columns(columns.iter().copied());
        self.table(schema::CRASH_REPORTS)
            .get(&get)
            .map_err(|error| Error::from_hbase(format!("crash {ooid} could not be read"), error))
    }
}

fn metadata_of(row: &Row) -> Option<&[u8]> {
    row.get(keys::META_DATA_JSON)
}

fn dump_of(row: &Row) -> Option<&[u8]> {
    row.get(keys::RAW_DATA_DUMP)
}

fn text_of(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|error| Error::not_text(METADATA, bytes, error))
}

fn parse_metadata(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::not_json(METADATA, bytes, error))
}

const METADATA: &str = "the metadata of the crash";
