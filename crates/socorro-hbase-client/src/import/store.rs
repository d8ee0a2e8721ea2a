//! Storing crashes that files have: those of an export as they were, others as they are submitted.

use std::{collections::BTreeSet, thread};

use super::files::{Content, ImportedCrash, Report};
use crate::{
    error::{Error, ErrorKind, Result},
    layout,
    lifecycle::{self, Answered, Backup, NewReport, QueueForProcessing, Submission},
    model::{CrashId, Dumps, ProcessedCrash},
    store::CrashStore,
};

/// # Importing
impl CrashStore {
    /// Stores crashes, in few round trips; each has a result of its own, in their order.
    ///
    /// A crash of an export gets the cells of its row, its rows in indexes and its entries in queues as
    /// they were; their times are those of the import, and it is counted as submitted. If it is there
    /// already, it stays as it is, but for processed data if there was none. Every other crash is
    /// submitted as by [`put_raw_reports`](Self::put_raw_reports). With [`QueueForProcessing::No`] none
    /// is queued. May be made again.
    ///
    /// # Errors
    ///
    /// As [`put_raw_reports`](Self::put_raw_reports) and [`put_processed`](Self::put_processed).
    ///
    /// ```no_run
    /// # use std::ops::ControlFlow;
    /// # use socorro_hbase_client::{CrashFolder, CrashStore, QueueForProcessing};
    /// # fn restore(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// CrashFolder::open("crashes")?.read(|found| {
    ///     let name = found.name.clone();
    ///     let imported = found.check();
    ///     let imported = imported.and_then(|crash| store.import(&[crash], QueueForProcessing::Yes));
    ///     if let Err(error) = imported {
    ///         eprintln!("{name}: {error}");
    ///     }
    ///     ControlFlow::Continue(())
    /// })
    /// # }
    /// ```
    pub fn import(
        &self,
        crashes: &[ImportedCrash],
        queue: QueueForProcessing,
    ) -> Result<Vec<Result<Submission>>> {
        let mut results: Vec<Option<Result<Submission>>> = crashes.iter().map(|_| None).collect();
        let (mut reports, mut backups) = (Vec::new(), Vec::new());
        for (place, crash) in crashes.iter().enumerate() {
            match &crash.0 {
                Content::Report(report) => reports.push((place, report)),
                Content::Backup(backup) => backups.push((place, backup)),
            }
        }
        let new: Vec<_> = reports.iter().map(|(_, report)| report.new_report()).collect();
        let submitted = self.put_raw_reports(&new, queue)?;
        for ((place, report), submission) in reports.into_iter().zip(submitted) {
            results[place] = Some(submission.and_then(|submission| {
                self.put_missing_processed(&report.id, report.processed.as_ref())?;
                Ok(submission)
            }));
        }
        // One crash twice: the second finds the first.
        while !backups.is_empty() {
            let mut names = BTreeSet::new();
            let (wave, later): (Vec<_>, Vec<_>) =
                backups.into_iter().partition(|(_, backup)| names.insert(backup.id.clone()));
            backups = later;
            let these: Vec<&Backup> = wave.iter().map(|(_, backup)| *backup).collect();
            let restored = lifecycle::restore(self, &these, queue)?;
            for ((place, backup), was_new) in wave.into_iter().zip(restored) {
                let restored = was_new.and_then(|was_new| self.restored(backup, was_new, queue));
                results[place] = Some(restored);
            }
        }
        let none = || Err(Error::new(ErrorKind::HBase, "the crash was not stored"));
        Ok(results.into_iter().map(|result| result.unwrap_or_else(none)).collect())
    }

    fn restored(
        &self,
        backup: &Backup,
        was_new: bool,
        queue: QueueForProcessing,
    ) -> Result<Submission> {
        if was_new {
            return Ok(Submission::Completed);
        }
        let mut cells = backup.cells.iter();
        let json = cells.find(|(column, _)| column == layout::PROCESSED_DATA_JSON.as_bytes());
        let json = json.filter(|_| backup.is_processed());
        let processed = json.and_then(|(_, json)| ProcessedCrash::from_json(json.clone()).ok());
        let Some(processed) = processed else { return Ok(Submission::Repeated) };
        let asked = backup.queues.iter().filter(|(_, asks)| *asks).map(|(table, _)| *table);
        let asked: Vec<_> = asked.collect();
        if queue == QueueForProcessing::No || asked.is_empty() {
            self.put_missing_processed(&backup.id, Some(&processed))?;
        } else if !self.has_processed(&backup.id)? {
            // What asks for another result comes first, and the result answers nothing: an import that
            // stops in between, and is made again, finds the crash not processed.
            thread::sleep(lifecycle::LATER);
            let queued = lifecycle::requeue(self, &[(backup.id.clone(), None)], &asked)?;
            queued.into_iter().collect::<Result<()>>()?;
            lifecycle::process(self, &backup.id, &processed, Answered::Nothing)?;
        }
        Ok(Submission::Repeated)
    }

    /// Stores processed data if there is none.
    fn put_missing_processed(
        &self,
        id: &CrashId,
        processed: Option<&ProcessedCrash>,
    ) -> Result<()> {
        let Some(processed) = processed else { return Ok(()) };
        if self.has_processed(id)? { Ok(()) } else { self.put_processed(id, processed) }
    }

    fn has_processed(&self, id: &CrashId) -> Result<bool> {
        Ok(self.get_processing_state(id)?.is_some_and(|state| state.is_processed))
    }
}

impl Report {
    fn new_report(&self) -> NewReport<'_> {
        let dumps = self.dumps.iter();
        let dumps = dumps.fold(Dumps::none(), |dumps, (name, dump)| dumps.with(name.clone(), dump));
        NewReport::new(&self.id, &self.metadata, dumps)
    }
}
