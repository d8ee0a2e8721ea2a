//! Submitting a crash: its row, the index rows that find it, the queue, the counters.
//!
//! For the order of the writes, in three round trips: the crash is durable before anything names
//! it; all rows that name it are there before it is counted. What the keys look like is left to
//! `keys`, where a crash is named to `traces`, what may be written at all to `metadata`, `ooid`
//! and `limits`.
//!
//! A submission may stop anywhere and be made again. Puts of the same cells do no harm; counting
//! twice would, and so would a second entry in a queue that somebody has taken the first one from.
//! So a crash that is new is marked (`flags:uncounted`) in the same flight as its data. Only when the
//! mark is known to be there, the second flight writes `ids:ooid` beside the index rows; and the mark
//! goes in the same flight as the counters come, before them. A row without `ids:ooid`, or with the
//! mark, means "nothing counted yet, perhaps not queued"; any other was queued, and was counted or its
//! counters' fate is unknown: it is neither queued nor counted again, and `check` finds what is
//! missing. When all is done, nothing but the cells of the interchange format is left.

use hbase_thrift_client::{CheckAndPut, Delete, Flight, Get, Outcome, Put, Ticket};

use crate::{
    dumps::Dumps,
    error::{Error, ErrorKind, Result, Stored},
    flight::{failed_tables, put_if_absent},
    keys, limits,
    metadata::CrashMetadata,
    metrics::counter_steps,
    ooid::Ooid,
    schema,
    store::CrashStore,
    traces::{STATE_COLUMNS, StoredCrash, Trace, Traits},
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

/// What a submission found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Submission {
    /// The crash was new, or an earlier submission of it had stopped before it was counted.
    Completed,
    /// The crash had been submitted before: its data and indexes are now those of this submission;
    /// it was neither queued nor counted again.
    Repeated,
}

impl CrashStore {
    /// Stores a crash: its metadata, its dumps, and everything by which it is found.
    ///
    /// Three round trips: the crash row; then all index rows and the queue rows; then all counters
    /// in one call. Nothing is written when the input is refused. May be made again after any
    /// error, and whenever its answer was lost: there will be one crash, one entry in each queue
    /// and index, and it is counted once at most. Two submissions of one ooid at the same moment may
    /// both count it, which [`check`](Self::check) finds. Another submission's dumps, index rows and
    /// queue rows for the same ooid are replaced; whether the crash is processed stays as it is.
    ///
    /// The tables, rows and columns are those of Socorro's `hbaseClient.py`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EmptyDump`]; [`ErrorKind::TooLarge`], which names the limit and its setting;
    /// [`ErrorKind::HBase`], and then [`Error::stored`] tells how far the submission got.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashMetadata, CrashStore, Dumps, Ooid, QueueForProcessing};
    /// # fn store_one(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let metadata = CrashMetadata::from_json(std::fs::read_to_string("crash.json")?)?;
    /// let ooid = Ooid::generate(metadata.submitted().date())?;
    /// store.put_raw_report(&ooid, &metadata, b"MDMP", QueueForProcessing::Yes)?;
    ///
    /// let dumps = Dumps::new(b"MDMP").with("upload_file_minidump_plugin".parse()?, b"MDMP");
    /// store.put_raw_report(&ooid, &metadata, dumps, QueueForProcessing::Yes)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_json_dump")]
    pub fn put_raw_report<'a>(
        &self,
        ooid: &Ooid,
        metadata: &CrashMetadata,
        dumps: impl Into<Dumps<'a>>,
        queue: QueueForProcessing,
    ) -> Result<Submission> {
        let dumps = dumps.into();
        refuse_empty(ooid, &dumps)?;
        let cells = crash_cells(metadata, &dumps);
        let (row, what) = (keys::crash_row(ooid), format!("crash {ooid}"));
        self.check_size(schema::CRASH_REPORTS, &row, &what, &cells)?;
        let before = self.put_crash_row(ooid, &cells)?;
        let plan = Plan::new(metadata, queue, before);
        let moves = self.put_index_rows(ooid, &plan)?;
        if plan.was_announced {
            self.move_queue_rows(ooid, &plan, moves)?;
            return Ok(Submission::Repeated);
        }
        self.count(ooid, metadata, queue)?;
        Ok(Submission::Completed)
    }

    /// The first round trip; answers what was there before.
    ///
    /// Whatever the order in which calls are repeated, what the get finds is right: nothing here
    /// writes `ids:ooid`.
    fn put_crash_row(&self, ooid: &Ooid, cells: &limits::Cells) -> Result<StoredCrash> {
        let (table, row) = (self.table(schema::CRASH_REPORTS), keys::crash_row(ooid));
        let mark = CheckAndPut::if_absent(row.as_str(), keys::IDS_OOID)
            .put(keys::FLAGS_UNCOUNTED, keys::YES);
        let flag = CheckAndPut::if_absent(row.as_str(), keys::FLAGS_PROCESSED)
            .put(keys::FLAGS_PROCESSED, keys::NOT_PROCESSED);
        let put = cells.iter().fold(Put::new(row.as_str()), |put, (column, value)| {
            put.column(column.as_str(), *value)
        });
        let mut flight = self.client().flight();
        let refused = |error| failed(ooid, "nothing was stored", Stored::Nothing, error);
        let marked = flight.check_and_put(&table, mark.clone()).map_err(refused)?;
        let flagged = flight.check_and_put(&table, flag.clone()).map_err(refused)?;
        let state = Get::new(row.as_str()).columns(STATE_COLUMNS);
        let state = flight.get(&table, state).map_err(refused)?;
        let put = flight.put(&table, put).map_err(refused)?;
        let mut landed = flight.send();

        let before = landed.take(state);
        landed.take(put).map_err(|error| {
            if error.outcome() == Outcome::NotApplied {
                self.forget_marks(&row, before.as_ref().ok().and_then(Option::as_ref));
                return failed(ooid, "nothing was stored", Stored::Nothing, error);
            }
            let state = "it may or may not be stored, and no index names it";
            failed(ooid, state, Stored::PerhapsTheCrash, error)
        })?;
        let state = "it is stored, but no index names it";
        let unfinished = |error| failed(ooid, state, Stored::TheCrash, error);
        if let Err(error) = landed.take(flagged) {
            put_if_absent(&table, &flag, error).map_err(unfinished)?;
        }
        let before = before.map_err(unfinished)?;
        let before = before.as_ref().map(StoredCrash::of_row).unwrap_or_default();
        // A flight repeats a put whose reply was lost, but no check-and-put.
        if let Err(error) = landed.take(marked)
            && !before.is_submitted
        {
            put_if_absent(&table, &mark, error).map_err(unfinished)?;
        }
        Ok(before)
    }

    /// Takes away what is left of a row whose put was refused, unless it was there before.
    fn forget_marks(&self, row: &str, found: Option<&hbase_thrift_client::Row>) {
        if found.is_some_and(|row| row.cells().all(|cell| cell.family() == b"flags")) {
            // The submission fails anyway; `check` finds what is left.
            let flags =
                Delete::row(row).column(keys::FLAGS_PROCESSED).column(keys::FLAGS_UNCOUNTED);
            let _ = self.table(schema::CRASH_REPORTS).delete(&flags);
        }
    }

    /// The second round trip; answers which queue rows of an earlier submission there are to move.
    fn put_index_rows(&self, ooid: &Ooid, plan: &Plan) -> Result<Vec<Trace>> {
        let mut calls = IndexFlight { store: self, flight: self.client().flight(), tables: vec![] };
        let built = calls.fill(ooid, plan);
        let IndexFlight { flight, tables, .. } = calls;
        let refused = |error| {
            let state = "it is stored, but no index names it";
            failed(ooid, state, Stored::TheCrash, error)
        };
        let to_move = built.map_err(refused)?;
        let mut landed = flight.send();
        let mut moves = Vec::new();
        let mut unread = None;
        for (trace, ticket) in to_move {
            match landed.take(ticket) {
                Ok(row) if trace.names(row.as_ref(), ooid) => moves.push(trace),
                Ok(_) => {}
                Err(error) => unread = Some((error, vec![trace.table])),
            }
        }
        match unread.or_else(|| failed_tables(landed, &tables)) {
            None => Ok(moves),
            Some((error, tables)) => {
                let tables = tables.join(", ");
                let state = format!("it is stored, but not counted, and {tables} may lack it");
                Err(failed(ooid, &state, Stored::TheCrash, error))
            }
        }
    }

    /// The third round trip.
    fn count(
        &self,
        ooid: &Ooid,
        metadata: &CrashMetadata,
        queue: QueueForProcessing,
    ) -> Result<()> {
        let (crashes, metrics) = (self.table(schema::CRASH_REPORTS), self.table(schema::METRICS));
        let row = keys::crash_row(ooid);
        let mut flight = self.client().flight();
        let all_but = |state: &str, error| failed(ooid, state, Stored::AllButTheCounters, error);
        let refused = |error| all_but("it is stored and indexed, but not counted", error);
        let unmark = Delete::row(row.as_str()).column(keys::FLAGS_UNCOUNTED);
        let unmarked = flight.delete(&crashes, unmark).map_err(refused)?;
        let steps = counter_steps(metadata, queue);
        let counted = flight.increment_rows(&metrics, steps).map_err(refused)?;
        let mut landed = flight.send();
        let unmarked = landed.take(unmarked);
        match landed.take(counted) {
            Ok(()) => unmarked.map_err(|error| {
                let state = "it is stored, indexed and counted, but still marked as uncounted: \
                             submitting it again would count it twice";
                failed(ooid, state, Stored::AllButTheMark, error)
            }),
            Err(error) if error.outcome() == Outcome::NotApplied => {
                // If this fails too, the crash stays uncounted until a repair.
                let mark = Put::new(row).column(keys::FLAGS_UNCOUNTED, keys::YES);
                let _ = crashes.put(&mark);
                Err(refused(error))
            }
            Err(error) => {
                let state = "it is stored and indexed, but some or all counters may lack it";
                Err(all_but(state, error))
            }
        }
    }

    fn move_queue_rows(&self, ooid: &Ooid, plan: &Plan, moves: Vec<Trace>) -> Result<()> {
        let mut flight = self.client().flight();
        let new = plan.new.queues(ooid);
        let state = "it is stored and indexed, but a queue may have it under its old time";
        let unmoved = |error| failed(ooid, state, Stored::AllButTheCounters, error);
        for old in moves {
            let table = self.table(old.table);
            if let Some(new) = new.iter().find(|new| new.table == old.table) {
                flight.put(&table, new.put(ooid)).map_err(unmoved)?;
            }
            flight.delete(&table, old.delete()).map_err(unmoved)?;
        }
        if flight.is_empty() { Ok(()) } else { flight.send().all().map_err(unmoved) }
    }
}

/// What the second round trip has to do.
struct Plan {
    new: Traits,
    old: Traits,
    was_submitted: bool,
    was_announced: bool,
    /// Into the queues, unless somebody has taken it out already.
    enqueue: bool,
}

impl Plan {
    fn new(metadata: &CrashMetadata, queue: QueueForProcessing, before: StoredCrash) -> Self {
        let was_announced = before.is_submitted && !before.is_uncounted;
        let is_processed = before.is_processed == Some(true);
        let enqueue = queue == QueueForProcessing::Yes && !was_announced && !is_processed;
        let new =
            Traits { signature: before.traits.signature.clone(), ..Traits::of_metadata(metadata) };
        Self { new, old: before.traits, was_submitted: before.is_submitted, was_announced, enqueue }
    }

    /// Queue rows come last.
    fn puts(&self, ooid: &Ooid) -> Vec<Trace> {
        let mut traces: Vec<_> = self.new.indexes(ooid).into_iter().collect();
        if self.enqueue {
            traces.extend(self.new.queues(ooid));
        }
        traces
    }

    fn stale_indexes(&self, ooid: &Ooid) -> Vec<Trace> {
        self.old.indexes(ooid).difference(&self.new.indexes(ooid)).cloned().collect()
    }

    fn stale_queues(&self, ooid: &Ooid) -> Vec<Trace> {
        let new = self.new.queues(ooid);
        self.old.queues(ooid).into_iter().filter(|trace| !new.contains(trace)).collect()
    }
}

/// The second round trip while it is being put together: each call with its table.
struct IndexFlight<'a> {
    store: &'a CrashStore,
    flight: Flight,
    tables: Vec<&'static str>,
}

type Tickets = Vec<(Trace, Ticket<Option<hbase_thrift_client::Row>>)>;

impl IndexFlight<'_> {
    /// Answers the queue rows whose presence decides what the third round trip does.
    fn fill(&mut self, ooid: &Ooid, plan: &Plan) -> hbase_thrift_client::Result<Tickets> {
        let mut to_move = Vec::new();
        if plan.was_announced {
            for trace in plan.stale_queues(ooid) {
                let table = self.store.table(trace.table);
                let ticket = self.flight.get(&table, trace.get())?;
                to_move.push((trace, ticket));
            }
        }
        if !plan.was_submitted {
            let whole = Put::new(keys::crash_row(ooid)).column(keys::IDS_OOID, ooid.as_str());
            self.flight.put(&self.store.table(schema::CRASH_REPORTS), whole)?;
            self.tables.push(schema::CRASH_REPORTS);
        }
        for trace in plan.puts(ooid) {
            self.flight.put(&self.store.table(trace.table), trace.put(ooid))?;
            self.tables.push(trace.table);
        }
        let mut stale = plan.stale_indexes(ooid);
        if !plan.was_announced {
            stale.extend(plan.stale_queues(ooid));
        }
        for trace in stale {
            self.flight.delete(&self.store.table(trace.table), trace.delete())?;
            self.tables.push(trace.table);
        }
        self.drop_stale_columns(ooid, plan)?;
        Ok(to_move)
    }

    /// Columns of the crash's row that the new submission hasn't got, so didn't overwrite.
    fn drop_stale_columns(&mut self, ooid: &Ooid, plan: &Plan) -> hbase_thrift_client::Result<()> {
        let mut delete = Delete::row(keys::crash_row(ooid));
        let drops_legacy = plan.old.is_legacy && !plan.new.is_legacy;
        let drops_hang = plan.old.hang.is_some() && plan.new.hang.is_none();
        if drops_legacy {
            delete = delete.column(keys::FLAGS_LEGACY_PROCESSING);
        }
        if drops_hang {
            delete = delete.column(keys::IDS_HANG);
        }
        if drops_legacy || drops_hang {
            self.flight.delete(&self.store.table(schema::CRASH_REPORTS), delete)?;
            self.tables.push(schema::CRASH_REPORTS);
        }
        Ok(())
    }
}

fn refuse_empty(ooid: &Ooid, dumps: &Dumps) -> Result<()> {
    match dumps.iter().find(|(_, dump)| dump.is_empty()) {
        None => Ok(()),
        Some((name, _)) => {
            let name = if name.as_str() == "dump" { "dump".into() } else { format!("dump {name}") };
            let message = format!("crash {ooid} has a {name} of zero bytes, nothing was stored");
            Err(Error::new(ErrorKind::EmptyDump, message))
        }
    }
}

/// The crash's row, without the flag that tells whether it is processed, and without its ooid.
fn crash_cells<'a>(metadata: &'a CrashMetadata, dumps: &Dumps<'a>) -> Vec<(String, &'a [u8])> {
    let mut cells: Vec<(&str, &str)> = vec![
        (keys::META_DATA_JSON, metadata.json()),
        (keys::TIMESTAMPS_SUBMITTED, metadata.submitted().as_str()),
    ];
    if Traits::of_metadata(metadata).is_legacy {
        cells.push((keys::FLAGS_LEGACY_PROCESSING, keys::YES));
    }
    if let Some(hang) = metadata.hang_id() {
        cells.push((keys::IDS_HANG, hang.as_str()));
    }
    let texts = cells.into_iter().map(|(column, text)| (column.to_owned(), text.as_bytes()));
    texts.chain(dumps.iter().map(|(name, dump)| (name.column(), dump))).collect()
}

fn failed(ooid: &Ooid, state: &str, stored: Stored, error: hbase_thrift_client::Error) -> Error {
    let message = format!("submitting crash {ooid} failed: {state}");
    Error::from_hbase(message, error).with_stored(stored)
}
