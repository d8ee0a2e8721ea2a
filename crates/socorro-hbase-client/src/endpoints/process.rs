//! Storing what the processor made of a crash, and asking for it once more.

use crate::{
    error::{Error, ErrorKind, Result},
    layout::{self, QUEUES},
    lifecycle::{self, Answered},
    model::{CrashId, ProcessedCrash},
    store::CrashStore,
};

/// # Processing
impl CrashStore {
    /// Stores what the processor made of a crash, and takes the crash off the general queue.
    ///
    /// For results that weren't made under a claim; a worker calls
    /// [`Claim::complete`](crate::Claim::complete), which knows when the raw data was read. Up to nine
    /// round trips. May be made again, with other data too: the crash is then found by its new signature
    /// and no longer by the old one. It stays in the queue until the row that finds it by signature is
    /// there; what is put into the queue meanwhile stays.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchCrash`] and [`ErrorKind::TooLarge`], and then nothing is stored;
    /// [`ErrorKind::HBase`], and then [`Error::effect`] says what is left.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid, ProcessedCrash};
    /// # fn store_one(store: &CrashStore, ooid: &Ooid) -> Result<(), Box<dyn std::error::Error>> {
    /// let processed = ProcessedCrash::from_json(std::fs::read("processed.json")?)?;
    /// store.put_processed(ooid, &processed)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_processed_json")]
    pub fn put_processed(&self, id: impl Into<CrashId>, processed: &ProcessedCrash) -> Result<()> {
        lifecycle::process(self, &id.into(), processed, Answered::Queued)
    }

    /// Puts a crash back into both queues, to be processed once more whether it was accepted or not.
    ///
    /// Up to seven round trips. What is made of the crash already stays readable. A worker that works on
    /// it at this moment finishes, and the crash is processed again. May be made again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchCrash`]; [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn again(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// store.requeue(ooid)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "reprocess")]
    pub fn requeue(&self, id: impl Into<CrashId>) -> Result<()> {
        only(self.requeue_many([id])?)
    }

    /// As [`requeue`](Self::requeue), of many crashes: in the round trips of one, and two more for each
    /// further crash that is queued already. Each has a result of its own, in their order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`] if what is there can't be read.
    pub fn requeue_many(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
    ) -> Result<Vec<Result<()>>> {
        let crashes: Vec<_> = ids.into_iter().map(|id| (id.into(), None)).collect();
        lifecycle::requeue(self, &crashes, &QUEUES)
    }

    /// Replaces a crash's own dump, and puts the crash back into both queues, in this order.
    ///
    /// Up to seven round trips. May be made again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`], [`ErrorKind::NoSuchCrash`], and then nothing is stored;
    /// [`ErrorKind::HBase`].
    #[doc(alias = "put_fixed_dump")]
    pub fn replace_dump(&self, id: impl Into<CrashId>, dump: impl AsRef<[u8]>) -> Result<()> {
        let (id, dump) = (id.into(), dump.as_ref());
        let (row, what) = (layout::crash_row(&id), format!("crash {id}"));
        self.check_size(layout::CRASH_REPORTS, &row, &what, &[(layout::RAW_DATA_DUMP, dump)])?;
        only(lifecycle::requeue(self, &[(id, Some(dump))], &QUEUES)?)
    }
}

fn only(results: Vec<Result<()>>) -> Result<()> {
    let none = || Err(Error::new(ErrorKind::NoSuchCrash, "no crash was named"));
    results.into_iter().next().unwrap_or_else(none)
}
