//! Submitting a crash: its row, the index rows that find it, the queue, the counters.
//!
//! For the order of the writes: a crash is durable before anything names it, and it stands in
//! every index before a processor can take it from the queue. What the keys look like is left to
//! `keys`, what may be written at all to `metadata` and `ooid`.

use hbase_thrift_client::{Increment, Outcome, Put};

use crate::{
    error::{Error, ErrorKind, Result, Stored},
    fields::LegacyProcessing,
    keys,
    metadata::CrashMetadata,
    ooid::Ooid,
    schema,
    store::CrashStore,
};

/// Whether a submitted crash shall wait in the queues for a processor.
#[doc(alias = "add_to_unprocessed_queue")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QueueForProcessing {
    /// The crash waits to be processed, in the legacy queue too if it was accepted.
    #[default]
    Yes,
    /// The crash is stored and indexed; no queue row and no queue size knows it.
    No,
}

impl CrashStore {
    /// Stores a crash: its metadata, its minidump, and everything by which it is found.
    ///
    /// First the crash row, then the index rows and last of them the queue rows, then all counters
    /// in one call. Nothing is written when the input is refused. The tables, rows and columns are
    /// those of Socorro's `hbaseClient.py`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EmptyDump`]; [`ErrorKind::HBase`], and then [`Error::stored`] tells how far the
    /// submission got.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashMetadata, CrashStore, Ooid, QueueForProcessing};
    /// # fn store_one(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let metadata = CrashMetadata::from_json(std::fs::read_to_string("crash.json")?)?;
    /// let ooid = Ooid::generate(metadata.submitted().date())?;
    /// store.put_raw_report(&ooid, &metadata, b"MDMP", QueueForProcessing::Yes)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_json_dump")]
    pub fn put_raw_report(
        &self,
        ooid: &Ooid,
        metadata: &CrashMetadata,
        dump: &[u8],
        queue: QueueForProcessing,
    ) -> Result<()> {
        if dump.is_empty() {
            let message = format!("crash {ooid} has a dump of zero bytes, nothing was stored");
            return Err(Error::new(ErrorKind::EmptyDump, message));
        }
        self.put_crash_row(ooid, metadata, dump)?;
        self.put_index_rows(ooid, metadata, queue)?;
        self.count_submission(ooid, metadata, queue)
    }

    fn put_crash_row(&self, ooid: &Ooid, metadata: &CrashMetadata, dump: &[u8]) -> Result<()> {
        let mut put = Put::new(keys::crash_row(ooid))
            .column(keys::FLAGS_PROCESSED, keys::NOT_PROCESSED)
            .column(keys::META_DATA_JSON, metadata.json())
            .column(keys::TIMESTAMPS_SUBMITTED, metadata.submitted().as_str())
            .column(keys::IDS_OOID, ooid.as_str())
            .column(keys::RAW_DATA_DUMP, dump);
        if is_accepted(metadata) {
            put = put.column(keys::FLAGS_LEGACY_PROCESSING, keys::LEGACY);
        }
        if let Some(hang) = metadata.hang_id() {
            put = put.column(keys::IDS_HANG, hang.as_str());
        }
        self.table(schema::CRASH_REPORTS).put(&put).map_err(|error| match error.outcome() {
            Outcome::NotApplied => failed(ooid, "nothing was stored", Stored::Nothing, error),
            _ => failed(
                ooid,
                "it may or may not be stored, and no index names it",
                Stored::PerhapsTheCrash,
                error,
            ),
        })
    }

    fn put_index_rows(
        &self,
        ooid: &Ooid,
        metadata: &CrashMetadata,
        queue: QueueForProcessing,
    ) -> Result<()> {
        for (table, put) in index_rows(ooid, metadata, queue) {
            self.table(table).put(&put).map_err(|error| {
                let stored = "it is stored, but some indexes and the queue may not name it";
                failed(ooid, stored, Stored::TheCrash, error)
            })?;
        }
        Ok(())
    }

    fn count_submission(
        &self,
        ooid: &Ooid,
        metadata: &CrashMetadata,
        queue: QueueForProcessing,
    ) -> Result<()> {
        self.table(schema::METRICS).increment_rows(&counter_steps(metadata, queue)).map_err(
            |error| {
                let stored = "it is stored and indexed, but some counters may lack it";
                failed(ooid, stored, Stored::AllButTheCounters, error)
            },
        )
    }
}

/// Queue rows come last: whoever takes a crash from the queue finds it in all other indexes.
fn index_rows(
    ooid: &Ooid,
    metadata: &CrashMetadata,
    queue: QueueForProcessing,
) -> Vec<(&'static str, Put)> {
    let submitted = metadata.submitted();
    let by_time = |table| {
        (table, Put::new(keys::time_row(ooid, submitted)).column(keys::IDS_OOID, ooid.as_str()))
    };
    let mut rows = vec![by_time(schema::SUBMITTED_TIME)];
    if is_accepted(metadata) {
        rows.push(by_time(schema::LEGACY_SUBMITTED_TIME));
    }
    if let Some(hang) = metadata.hang_id() {
        let column = keys::hang_column(metadata.process_type());
        let half = |row: String| Put::new(row).column(column.as_str(), ooid.as_str());
        rows.push((schema::HANG_ID_SUBMITTED_TIME, half(keys::hang_time_row(hang, submitted))));
        rows.push((schema::HANG_ID, half(keys::hang_row(hang).to_owned())));
    }
    if queue == QueueForProcessing::Yes {
        rows.push(by_time(schema::UNPROCESSED_FLAG));
        if is_accepted(metadata) {
            rows.push(by_time(schema::LEGACY_UNPROCESSED_FLAG));
        }
    }
    rows
}

fn counter_steps(metadata: &CrashMetadata, queue: QueueForProcessing) -> Vec<Increment> {
    let mut steps = Vec::new();
    if queue == QueueForProcessing::Yes {
        steps.push(Increment::new(keys::QUEUE_SIZES_ROW, keys::UNPROCESSED_SIZE, 1));
        if is_accepted(metadata) {
            steps.push(Increment::new(keys::QUEUE_SIZES_ROW, keys::LEGACY_UNPROCESSED_SIZE, 1));
        }
    }
    let counters = keys::submission_counters(metadata);
    for bucket in metadata.submitted().buckets() {
        steps.extend(counters.iter().map(|counter| Increment::new(bucket, counter.as_str(), 1)));
    }
    steps
}

fn failed(ooid: &Ooid, state: &str, stored: Stored, error: hbase_thrift_client::Error) -> Error {
    let message = format!("submitting crash {ooid} failed: {state}");
    Error::from_hbase(message, error).with_stored(stored)
}

fn is_accepted(metadata: &CrashMetadata) -> bool {
    metadata.legacy_processing() == LegacyProcessing::Accept
}
