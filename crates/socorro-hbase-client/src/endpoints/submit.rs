//! Submitting crashes, one or many.

use std::{fs, path::Path};

use crate::{
    error::{Error, ErrorKind, Result},
    lifecycle::{self, NewReport, QueueForProcessing, Submission},
    model::{CrashId, CrashMetadata, Dumps},
    store::CrashStore,
};

/// # Submitting
impl CrashStore {
    /// Stores a crash: its metadata, its dumps, and everything by which it is found.
    ///
    /// Four round trips: whether it is there; its row; all rows that find it, those of the queues with
    /// them; all counters in one call. Nothing is written when the input is refused. May be made again
    /// after any error, and whenever its answer was lost: there will be one crash, one entry in each
    /// queue and index, and it is counted once. Two submissions of one crash at the same moment may
    /// both count it.
    ///
    /// Another submission's dumps, index rows and queue rows of the same crash are replaced; whether the
    /// crash is processed stays as it is. A crash that was deferred and is accepted now is queued. What
    /// another client began to submit and didn't finish is finished.
    ///
    /// The tables, rows and columns are those of Socorro's `hbaseClient.py`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateDump`]; [`ErrorKind::TooLarge`], which names the limit and its setting;
    /// [`ErrorKind::InvalidMetadata`] if neither the metadata nor the crash's name tells a time;
    /// [`ErrorKind::HBase`], and then [`Error::effect`] says how far the submission got.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashMetadata, CrashStore, Dumps, Ooid, QueueForProcessing};
    /// # fn store_one(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let metadata = CrashMetadata::from_json(std::fs::read("crash.json")?)?;
    /// let ooid = Ooid::generate(metadata.submitted().ok_or("no time")?.date())?;
    /// store.put_raw_report(&ooid, &metadata, b"MDMP", QueueForProcessing::Yes)?;
    ///
    /// let dumps = Dumps::new(b"MDMP").with("upload_file_minidump_plugin".parse()?, b"MDMP");
    /// store.put_raw_report(&ooid, &metadata, dumps, QueueForProcessing::Yes)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_json_dump")]
    #[doc(alias = "save_raw_crash")]
    pub fn put_raw_report<'a>(
        &self,
        id: impl Into<CrashId>,
        metadata: &CrashMetadata,
        dumps: impl Into<Dumps<'a>>,
        queue: QueueForProcessing,
    ) -> Result<Submission> {
        let report = NewReport { id: id.into(), metadata, dumps: dumps.into() };
        let id = report.id.clone();
        let results = self.put_raw_reports(&[report], queue)?;
        let none = || Err(Error::new(ErrorKind::HBase, format!("crash {id} was not submitted")));
        results.into_iter().next().unwrap_or_else(none)
    }

    /// Stores many crashes, in the round trips of one and one more for each MiB of dumps; each has a
    /// result of its own, in their order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`] if what is there can't be read: nothing is written then. What is wrong with
    /// one crash is its own result, as of [`put_raw_report`](Self::put_raw_report).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashMetadata, CrashStore, NewReport, Ooid, QueueForProcessing};
    /// # fn store_all(store: &CrashStore, crashes: &[(Ooid, CrashMetadata, Vec<u8>)])
    /// # -> socorro_hbase_client::Result<()> {
    /// let reports: Vec<_> = crashes
    ///     .iter()
    ///     .map(|(ooid, metadata, dump)| NewReport::new(ooid, metadata, dump))
    ///     .collect();
    /// for result in store.put_raw_reports(&reports, QueueForProcessing::Yes)? {
    ///     result?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_raw_reports(
        &self,
        reports: &[NewReport<'_>],
        queue: QueueForProcessing,
    ) -> Result<Vec<Result<Submission>>> {
        lifecycle::submit(self, reports, queue)
    }

    /// Checks that a crash can be stored, as far as that is known without the store; sends nothing.
    ///
    /// For services that keep crashes elsewhere while the store is away: one that can never be stored is better
    /// refused than kept.
    ///
    /// # Errors
    ///
    /// Those of [`put_raw_report`](Self::put_raw_report) that come before anything is sent:
    /// [`ErrorKind::DuplicateDump`], [`ErrorKind::TooLarge`], [`ErrorKind::InvalidMetadata`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashMetadata, CrashStore, ErrorKind, NewReport, Ooid};
    /// # fn keep(store: &CrashStore, ooid: &Ooid, metadata: &CrashMetadata, dump: &[u8]) {
    /// if let Err(error) = store.check_raw_report(&NewReport::new(ooid, metadata, dump)) {
    ///     assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    /// }
    /// # }
    /// ```
    pub fn check_raw_report(&self, report: &NewReport<'_>) -> Result<()> {
        lifecycle::check_report(self, report)
    }

    /// As [`put_raw_report`](Self::put_raw_report), with metadata and dump from files.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`] if one can't be read, [`ErrorKind::InvalidMetadata`] with the
    /// [`MetadataError`](crate::MetadataError) as its source; both before anything is written.
    /// Otherwise as [`put_raw_report`](Self::put_raw_report).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid, QueueForProcessing};
    /// # fn store_one(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// store.put_raw_report_from_files(ooid, "crash.json", "crash.dump", QueueForProcessing::Yes)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_json_dump_from_files")]
    pub fn put_raw_report_from_files(
        &self,
        id: impl Into<CrashId>,
        metadata: impl AsRef<Path>,
        dump: impl AsRef<Path>,
        queue: QueueForProcessing,
    ) -> Result<Submission> {
        let (metadata, dump) = (metadata.as_ref(), dump.as_ref());
        let unread = |path: &Path, error| {
            Error::from_file(format!("can't read {}, nothing was stored", path.display()), error)
        };
        let json = fs::read(metadata).map_err(|error| unread(metadata, error))?;
        let checked = CrashMetadata::from_json(json).map_err(|error| {
            let message = format!("{} can't be stored", metadata.display());
            Error::new(ErrorKind::InvalidMetadata, message).with_metadata_error(error)
        })?;
        let bytes = fs::read(dump).map_err(|error| unread(dump, error))?;
        self.put_raw_report(id, &checked, &bytes, queue)
    }
}
