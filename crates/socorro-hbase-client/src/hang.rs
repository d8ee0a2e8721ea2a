//! Hangs: two crashes, of the browser and of its plugin, that share a hang id.
//!
//! For finding one half by the other, and for the index rows that make it possible.

use hbase_thrift_client::{Get, Row};

use crate::{
    error::{Error, ErrorKind, Result},
    fields::{HangId, ProcessType},
    flight::failed_tables,
    keys,
    ooid::Ooid,
    schema,
    store::CrashStore,
    timestamp::SubmittedTimestamp,
    traces::Traits,
};

/// One half of a hang.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HangHalf {
    /// The process's type, as the index has it: `default` is the browser.
    pub process_type: String,
    /// The crash.
    pub ooid: Ooid,
}

impl CrashStore {
    /// Finds the crashes of a hang, by the type of their process; none where the hang is unknown.
    /// One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedIndex`]; [`ErrorKind::HBase`].
    pub fn get_hang(&self, hang: &HangId) -> Result<Vec<HangHalf>> {
        let get = Get::new(hang.as_str()).family("ids");
        let row = self
            .table(schema::HANG_ID)
            .get(&get)
            .map_err(|error| Error::from_hbase(format!("hang {hang} could not be read"), error))?;
        row.as_ref().map_or(Ok(Vec::new()), halves_of)
    }

    /// Finds the other half of a crash's hang; `None` where the crash is no hang, or its other half
    /// wasn't submitted. Two round trips.
    ///
    /// # Errors
    ///
    /// As [`get_hang`](Self::get_hang).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// if let Some(other) = store.get_hang_pair(ooid)? {
    ///     println!("{ooid} hung together with {} ({})", other.ooid, other.process_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_hang_pair(&self, ooid: &Ooid) -> Result<Option<HangHalf>> {
        let row = self.read_crash(ooid, &[keys::IDS_HANG])?;
        let hang = row.as_ref().and_then(|row| row.get(keys::IDS_HANG));
        let hang = hang.and_then(|bytes| str::from_utf8(bytes).ok()?.parse().ok());
        let Some(hang) = hang else { return Ok(None) };
        Ok(self.get_hang(&hang)?.into_iter().find(|half| half.ooid != *ooid))
    }

    /// Lets a crash be found by its hang. [`put_raw_report`](Self::put_raw_report) does this already.
    /// One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`]. May be made again.
    #[doc(alias = "put_crash_report_hang_indices")]
    pub fn put_hang_index(
        &self,
        ooid: &Ooid,
        hang: &HangId,
        process_type: &ProcessType,
        submitted: &SubmittedTimestamp,
    ) -> Result<()> {
        let traits = Traits {
            submitted: Some(submitted.as_str().to_owned()),
            hang: Some(hang.as_str().to_owned()),
            process_type: process_type.as_str().to_owned(),
            ..Traits::default()
        };
        let failed = |what: &str, error| {
            Error::from_hbase(format!("crash {ooid} may be missing from {what}"), error)
        };
        let mut flight = self.client().flight();
        let mut tables = Vec::new();
        for trace in traits.hang_indexes() {
            let put = flight.put(&self.table(trace.table), trace.put(ooid));
            put.map_err(|error| failed("the hang indexes", error))?;
            tables.push(trace.table);
        }
        match failed_tables(flight.send(), &tables) {
            None => Ok(()),
            Some((error, tables)) => Err(failed(&tables.join(" and "), error)),
        }
    }
}

fn halves_of(row: &Row) -> Result<Vec<HangHalf>> {
    let prefix = keys::hang_column("");
    let half = |cell: hbase_thrift_client::Cell| {
        let process_type = cell.column().strip_prefix(prefix.as_bytes())?;
        let process_type = String::from_utf8_lossy(process_type).into_owned();
        let ooid = str::from_utf8(cell.value()).ok().and_then(|text| text.parse().ok());
        Some(ooid.map(|ooid| HangHalf { process_type, ooid }).ok_or_else(|| {
            let (key, value) = (row.key().escape_ascii(), cell.value().escape_ascii());
            let message = format!("the hang {key} names {value}, which is no ooid");
            Error::new(ErrorKind::MalformedIndex, message)
        }))
    };
    row.cells().filter_map(half).collect()
}
