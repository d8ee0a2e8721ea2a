//! Indexes by themselves: hangs, and writing rows for programs that store crashes by other means.

use hbase_thrift_client::{Get, Row};

use crate::{
    error::Error,
    error::Part,
    error::Result,
    layout::{self, Facts, IndexCell},
    lifecycle::{Stage, Step, Transition, run},
    model::{CrashId, HangId, ProcessType, SubmittedTimestamp},
    store::CrashStore,
};

/// An index whose rows are in the order of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeIndex {
    /// All crashes by time of submission.
    Submitted,
    /// The accepted ones.
    LegacySubmitted,
    /// The general queue.
    Unprocessed,
    /// The legacy queue.
    LegacyUnprocessed,
    /// Crashes of the legacy queue that are processed.
    LegacyProcessed,
    /// Crashes that were processed by priority.
    PriorityProcessed,
}

/// One half of a hang: two crashes, of the browser and of its plugin, that share a hang id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HangHalf {
    /// The process's type, as the index has it: `default` is the browser.
    pub process_type: String,
    /// The crash.
    pub id: CrashId,
}

impl TimeIndex {
    fn table(self) -> &'static str {
        match self {
            Self::Submitted => layout::SUBMITTED_TIME,
            Self::LegacySubmitted => layout::LEGACY_SUBMITTED_TIME,
            Self::Unprocessed => layout::UNPROCESSED_FLAG,
            Self::LegacyUnprocessed => layout::LEGACY_UNPROCESSED_FLAG,
            Self::LegacyProcessed => layout::LEGACY_PROCESSED,
            Self::PriorityProcessed => layout::PRIORITY_PROCESSED,
        }
    }
}

/// # Indexes
impl CrashStore {
    /// Finds the crashes of a hang, by the type of their process; none if the hang is unknown. One round
    /// trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn get_hang(&self, hang: &HangId) -> Result<Vec<HangHalf>> {
        let get = Get::new(hang.as_str()).family("ids");
        let row = self
            .table(layout::HANG_ID)
            .get(&get)
            .map_err(|error| Error::of_read(format!("hang {hang} could not be read"), error))?;
        Ok(row.as_ref().map(halves_of).unwrap_or_default())
    }

    /// Finds the other half of a crash's hang; `None` if the crash is no hang, or its other half wasn't
    /// submitted. Two round trips.
    ///
    /// # Errors
    ///
    /// As [`get_hang`](Self::get_hang).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// if let Some(other) = store.get_hang_pair(ooid)? {
    ///     println!("{ooid} hung together with {} ({})", other.id, other.process_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_hang_pair(&self, id: impl Into<CrashId>) -> Result<Option<HangHalf>> {
        let id = id.into();
        let row = self.read_crash(&id, &[layout::IDS_HANG])?;
        let hang = row.as_ref().and_then(|row| row.get(layout::IDS_HANG));
        let hang = hang.and_then(|bytes| str::from_utf8(bytes).ok()?.parse().ok());
        let Some(hang) = hang else { return Ok(None) };
        Ok(self.get_hang(&hang)?.into_iter().find(|half| half.id != id))
    }

    /// Lets a crash be found by its hang. [`put_raw_report`](Self::put_raw_report) does this already.
    /// One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase). May be made again.
    #[doc(alias = "put_crash_report_hang_indices")]
    pub fn put_hang_index(
        &self,
        id: impl Into<CrashId>,
        hang: &HangId,
        process_type: &ProcessType,
        submitted: &SubmittedTimestamp,
    ) -> Result<()> {
        let facts = Facts {
            submitted: Some(submitted.as_str().as_bytes().to_vec()),
            hang: Some(hang.as_str().as_bytes().to_vec()),
            process_type: Some(process_type.as_str().as_bytes().to_vec()),
            ..Facts::default()
        };
        self.put_cells(&id.into(), facts.hang_indexes())
    }

    /// Lets a crash be found in time indexes. [`put_raw_report`](Self::put_raw_report) does this
    /// already. One round trip. The sizes of queues aren't counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), with the tables that may lack the crash. May be
    /// made again.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid, SubmittedTimestamp, TimeIndex};
    /// # fn index(store: &CrashStore, ooid: &Ooid) -> Result<(), Box<dyn std::error::Error>> {
    /// let processed: SubmittedTimestamp = "2012-05-08T20:52:31.123456".parse()?;
    /// store.put_time_index(ooid, &processed, &[TimeIndex::PriorityProcessed])?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_crash_report_indices")]
    pub fn put_time_index(
        &self,
        id: impl Into<CrashId>,
        time: &SubmittedTimestamp,
        indexes: &[TimeIndex],
    ) -> Result<()> {
        let id = id.into();
        let row = layout::time_row(&id, time.as_str().as_bytes());
        let cells = indexes.iter().map(|index| IndexCell::new(index.table(), row.clone()));
        self.put_cells(&id, cells)
    }

    fn put_cells(&self, id: &CrashId, cells: impl Iterator<Item = IndexCell>) -> Result<()> {
        let steps = cells.map(|cell| Step::index(&cell, id)).collect();
        let stage = Stage::new(Part::Indexes, "{} may lack it", steps);
        let done = run(self, "indexing crash", vec![Transition::of(id, vec![stage])]);
        done.into_iter().try_for_each(|done| done.map(drop))
    }
}

/// What names nothing is left out: `check` finds it.
fn halves_of(row: &Row) -> Vec<HangHalf> {
    let prefix = layout::hang_column(b"");
    let half = |cell: hbase_thrift_client::Cell<'_>| {
        let column = cell.column().to_vec();
        let process_type = column.strip_prefix(prefix.as_slice())?;
        let process_type = String::from_utf8_lossy(process_type).into_owned();
        Some(HangHalf { process_type, id: CrashId::new(cell.value()).ok()? })
    };
    row.cells().filter_map(half).collect()
}
