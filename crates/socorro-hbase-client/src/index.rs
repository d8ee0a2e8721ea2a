//! Writing index rows by themselves, for whoever stores crashes by other means.

use crate::{
    error::{Error, Result},
    flight::failed_tables,
    keys,
    ooid::Ooid,
    schema,
    store::CrashStore,
    timestamp::SubmittedTimestamp,
    traces::Trace,
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

impl TimeIndex {
    fn table(self) -> &'static str {
        match self {
            Self::Submitted => schema::SUBMITTED_TIME,
            Self::LegacySubmitted => schema::LEGACY_SUBMITTED_TIME,
            Self::Unprocessed => schema::UNPROCESSED_FLAG,
            Self::LegacyUnprocessed => schema::LEGACY_UNPROCESSED_FLAG,
            Self::LegacyProcessed => schema::LEGACY_PROCESSED,
            Self::PriorityProcessed => schema::PRIORITY_PROCESSED,
        }
    }
}

impl CrashStore {
    /// Lets a crash be found in time indexes. [`put_raw_report`](Self::put_raw_report) does this
    /// already. One round trip. The sizes of queues aren't counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), with the tables that may lack the crash. May
    /// be made again.
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
        ooid: &Ooid,
        time: &SubmittedTimestamp,
        indexes: &[TimeIndex],
    ) -> Result<()> {
        let failed = |what: &str, error| {
            Error::from_hbase(format!("crash {ooid} may be missing from {what}"), error)
        };
        let mut flight = self.client().flight();
        let row = keys::time_row(ooid, time.as_str()).into_bytes();
        let tables: Vec<_> = indexes.iter().map(|index| index.table()).collect();
        for name in &tables {
            let put = Trace::of_ooid(name, row.clone()).put(ooid);
            flight.put(&self.table(name), put).map_err(|error| failed(name, error))?;
        }
        match failed_tables(flight.send(), &tables) {
            None => Ok(()),
            Some((error, tables)) => Err(failed(&tables.join(" and "), error)),
        }
    }
}
