//! Claims: crashes that a worker has for a time.

use std::{collections::VecDeque, fmt, time::Duration};

use hbase_thrift_client::{MergeScan, Row, Scan};

use super::Queue;
use crate::{
    endpoints::scan::not_scanned,
    error::{Part, Result},
    layout,
    lifecycle::{self, Answered, Done, Entry, Stage, Transition, Worker, leave, run},
    model::{CrashId, ProcessedCrash},
    store::CrashStore,
};

/// A crash that was claimed for a time.
///
/// Dropping it changes nothing: the claim runs out by itself.
#[must_use = "a crash whose claim isn't acknowledged comes back into the queue"]
#[derive(Debug)]
pub struct Claim {
    store: CrashStore,
    entry: Entry,
    worker: Worker,
}

/// Crashes as they are claimed: [`Queue::claim`]. An error of HBase ends it.
pub struct Claims {
    queue: Queue,
    worker: Worker,
    lease: Duration,
    rows: Option<MergeScan>,
    ready: VecDeque<Claim>,
}

/// Few, since a worker that dies holds them back; enough to share two round trips.
const AT_ONCE: usize = 16;

impl Claim {
    pub(super) fn new(store: CrashStore, entry: Entry, worker: Worker) -> Self {
        Self { store, entry, worker }
    }

    /// The crash.
    pub fn id(&self) -> &CrashId {
        &self.entry.id
    }

    /// The entry's row key in the queue.
    pub fn key(&self) -> &[u8] {
        &self.entry.cell.row
    }

    /// Which attempt at the crash this is: 1 if nobody began to work on it before, one more for each worker
    /// whose claim ran out.
    ///
    /// The count is part of the claim, so it outlives the worker, and ends when the crash leaves the
    /// queue; workers that claimed the crash by the other queue count too. It counts those that claimed this
    /// one crash, and of several that were [claimed together](Queue::claim) those that renewed their claim. A
    /// worker that [gives the crash back](Self::release) doesn't count.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{Claim, ProcessedCrash};
    /// # fn work(claim: Claim, process: impl Fn() -> ProcessedCrash, failed: ProcessedCrash)
    /// # -> socorro_hbase_client::Result<()> {
    /// // It has ended three workers, and would end this one.
    /// let processed = if claim.attempt() > 3 { failed } else { process() };
    /// claim.complete(&processed)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn attempt(&self) -> u32 {
        self.entry.attempt()
    }

    /// Stores what was made of the crash, and takes the entry that was claimed out of its queue, and the crash's
    /// older one out of the other queue. A request that was put into the queues since the claim was made is
    /// served later.
    ///
    /// Up to ten round trips, more if others look at the entries meanwhile. It stores the result too if the claim
    /// has run out meanwhile and another has the crash; then the other's entry stays. If the other has stored a
    /// result already, of raw data that was read later, that one stays. May be made again.
    ///
    /// # Errors
    ///
    /// As [`CrashStore::put_processed`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{Claim, CrashStore, ProcessedCrash};
    /// # fn work(store: &CrashStore, claim: Claim, process: impl Fn(&[u8]) -> ProcessedCrash)
    /// # -> socorro_hbase_client::Result<()> {
    /// // Read after the claim was made: what comes later is a new request.
    /// if let Some(report) = store.get_raw_report(claim.id())? {
    ///     claim.complete(&process(report.dump().unwrap_or_default()))?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn complete(&self, processed: &ProcessedCrash) -> Result<()> {
        lifecycle::process(&self.store, &self.entry.id, processed, Answered::Claim(&self.entry))
    }

    /// Says that the crash is done: the entry that was claimed leaves the queue for good. Returns
    /// whether the claim was still this one's; if not, the entry stays for whoever has it now. Four
    /// round trips.
    ///
    /// An entry that was put there again since is another: it stays.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), and then its effect says what is left.
    /// [`Queue::remove_row`] with the [`key`](Self::key) does it again.
    pub fn acknowledge(self) -> Result<bool> {
        let done = leave(&self.store, std::slice::from_ref(&self.entry)).into_iter().next();
        Ok(done.transpose()? == Some(Done::Whole))
    }

    /// Claims the crash for this time from now; returns whether it is still this claim's: if the claim has run
    /// out, another may have the crash, by the other queue too. One round trip, and one more if it has run out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase); if it is unknown whether it was written, the claim
    /// may have been renewed or not, and can't be renewed again.
    pub fn renew(&mut self, lease: Duration) -> Result<bool> {
        let value = self.entry.renewed(&self.worker, lease);
        self.hold(value)
    }

    /// Claims the crash for this time from now, as a worker that was asked to stop and finishes what it is
    /// at; returns whether it is still this claim's. One round trip. The [attempt](Self::attempt) doesn't
    /// count any more: if the worker is ended before it is done, that is not the crash's fault.
    ///
    /// # Errors
    ///
    /// As [`renew`](Self::renew).
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn stopping(mut claim: socorro_hbase_client::Claim) -> socorro_hbase_client::Result<()> {
    /// claim.renew_without_attempt(Duration::from_mins(5))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn renew_without_attempt(&mut self, lease: Duration) -> Result<bool> {
        let value = self.entry.kept(&self.worker, lease);
        self.hold(value)
    }

    /// Writes a claim that goes on.
    fn hold(&mut self, value: String) -> Result<bool> {
        if !self.replace(&value)? {
            return Ok(false);
        }
        let has_run_out = self.entry.is_free();
        self.entry.claim = Some(value.into_bytes());
        if has_run_out && lifecycle::is_taken_over(&self.store, &self.entry)? {
            let value = self.entry.released(&self.worker);
            self.replace(&value)?;
            // As one that has run out, also if it is completed all the same.
            self.entry.claim = Some(value.into_bytes());
            return Ok(false);
        }
        Ok(true)
    }

    /// Gives the crash back into the queue at once; returns whether it was still this claim's. One round
    /// trip. The [attempt](Self::attempt) doesn't count: a worker that gives a crash back has survived it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase); if it isn't called again, the claim runs out by itself.
    pub fn release(&self) -> Result<bool> {
        self.replace(&self.entry.released(&self.worker))
    }

    fn replace(&self, value: &str) -> Result<bool> {
        let left = "its claim may be changed or not";
        let stage = Stage::new(Part::Queues, left, vec![self.entry.guard(value.to_owned())]);
        let transition = Transition::of(&self.entry.id, vec![stage]);
        let done = run(&self.store, "changing the claim on crash", vec![transition]);
        Ok(done.into_iter().next().transpose()? == Some(Done::Whole))
    }
}

impl Claims {
    pub(super) fn new(queue: Queue, worker: Worker, lease: Duration) -> Result<Self> {
        let scan = Scan::new().columns([layout::IDS_OOID, layout::CLAIM]);
        let salts = queue.store.salts(queue.table)?;
        let rows =
            queue.table().scan_merge(salts, queue.store.salted(scan)).map_err(not_scanned)?;
        Ok(Self { queue, worker, lease, rows: Some(rows), ready: VecDeque::new() })
    }

    /// Fills `ready`, unless there are no more entries.
    fn fetch(&mut self) -> Result<()> {
        while self.ready.is_empty()
            && let Some(mut rows) = self.rows.take()
        {
            let mut free: Vec<Row> = Vec::new();
            let mut failed = None;
            while free.len() < AT_ONCE {
                match rows.next() {
                    Some(Ok(row)) if is_free(self.queue.table, &row) => free.push(row),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        failed = Some(not_scanned(error));
                        break;
                    }
                    None => break,
                }
            }
            let goes_on = free.len() == AT_ONCE;
            self.ready.extend(self.queue.claim_rows(&self.worker, self.lease, false, &free)?);
            if goes_on {
                self.rows = Some(rows);
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }
}

/// A row with a claim alone is what is left of one whose entry was removed at the same moment.
fn is_free(table: &'static str, row: &Row) -> bool {
    row.get(layout::IDS_OOID).is_some()
        && Entry::of_row(table, row).is_none_or(|entry| entry.is_free())
}

impl Iterator for Claims {
    type Item = Result<Claim>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Err(error) = self.fetch()
        {
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").field("queue", &self.queue).finish_non_exhaustive()
    }
}
