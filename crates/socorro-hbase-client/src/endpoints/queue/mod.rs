//! The queues of crashes that wait for a processor: looking, claiming, acknowledging.

mod claim;
mod statistics;

pub use claim::{Claim, Claims};
pub(crate) use statistics::QueueSize;
pub use statistics::QueueStatistics;

use std::time::Duration;

use hbase_thrift_client::{Row, Table};

use crate::{
    endpoints::{noted::Noted, scan::CrashScan},
    error::{Error, ErrorKind, Result},
    layout::{self, IndexCell},
    lifecycle::{self, Entry, Problem, ProblemKind, Worker, read_crashes, read_entries},
    model::{CrashId, TimeRange},
    store::CrashStore,
};

/// One of the two queues: [`CrashStore::legacy_queue`], [`CrashStore::general_queue`].
///
/// Several monitors and processors can share a queue. Each [`claim`](Self::claim)s the crashes that
/// it takes, for a limited time, in the family `processor_state` of the queue's own rows, which
/// Socorro's Python client has but neither reads nor writes: it takes entries whoever has claimed
/// them. An entry leaves the queue when its claim is acknowledged, or when somebody removes it; the
/// claims of a worker that dies run out, and others get its crashes.
///
/// A crash that was accepted is in both queues. A worker that claims it by one of them has it, and its
/// entry in the other queue is handed to nobody meanwhile: workers may take from either. The program's workers take
/// from the legacy one by default.
///
/// Claims run out by the clocks of those who want the entry: they have to agree better than the
/// time for which crashes are claimed.
///
/// The claim of a worker that died stays in its row until the next one replaces it, and counts: by
/// [`Claim::attempt`] a worker knows a crash that has ended several before it.
///
/// What is wrong with an entry ends nothing: it is skipped, and [`take_problems`](Self::take_problems)
/// reports it, once for each queue that was made and its clones.
#[derive(Clone, Debug)]
pub struct Queue {
    store: CrashStore,
    table: &'static str,
    problems: Noted,
}

/// # Queues
impl CrashStore {
    /// The queue of accepted crashes, which a monitor empties and hands on to processors.
    pub fn legacy_queue(&self) -> Queue {
        self.queue(layout::LEGACY_UNPROCESSED_FLAG)
    }

    /// The queue of all crashes that aren't processed.
    /// [`put_processed`](Self::put_processed) takes a crash out of it.
    pub fn general_queue(&self) -> Queue {
        self.queue(layout::UNPROCESSED_FLAG)
    }

    fn queue(&self, table: &'static str) -> Queue {
        Queue { store: self.clone(), table, problems: Noted::default() }
    }
}

impl Queue {
    /// Looks at the entries, oldest first, claimed or not, and leaves them where they are. What is wrong with
    /// one is among the queue's [problems](Self::take_problems).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`], here or from the iterator.
    pub fn entries(&self) -> Result<CrashScan> {
        let entries = self.store.scan_times(self.table, &TimeRange::all())?;
        Ok(entries.noting(&self.problems))
    }

    /// As [`entries`](Self::entries), newest first.
    ///
    /// # Errors
    ///
    /// As [`entries`](Self::entries).
    pub fn entries_newest_first(&self) -> Result<CrashScan> {
        self.store.scan_times_newest_first(self.table, &TimeRange::all())
    }

    /// Claims crashes for a time, oldest first: those that nobody else has claimed.
    ///
    /// The iterator ends with the last entry that there is; ask again for what comes later. It claims
    /// 16 entries in two round trips, as they are wanted. An entry whose crash was processed since it
    /// was put there is acknowledged instead of handed out; one that is newer than the moment when the
    /// raw data was read is a request to process the crash once more. Of each crash that is handed out,
    /// [`complete`](Claim::complete) or [`acknowledge`](Claim::acknowledge) the claim when it is done,
    /// within the time of the claim or of its last [`renew`](Claim::renew)al. Since the others of the 16
    /// wait, an [attempt](Claim::attempt) at one of them begins with the first renewal.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`], here or from the iterator.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use socorro_hbase_client::{CrashStore, Worker};
    /// # fn monitor(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let me: Worker = "monitor-1".parse()?;
    /// let queue = store.legacy_queue();
    /// for claim in queue.claim(&me, Duration::from_secs(300))? {
    ///     let claim = claim?;
    ///     println!("processing {}", claim.id());
    ///     claim.acknowledge()?;
    /// }
    /// for problem in queue.take_problems() {
    ///     eprintln!("{problem}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "iterator_for_all_legacy_to_be_processed")]
    #[doc(alias = "new_crashes")]
    pub fn claim(&self, worker: &Worker, lease: Duration) -> Result<Claims> {
        Claims::new(self.clone(), worker.clone(), lease)
    }

    /// Claims one crash out of its turn; `None` if it isn't in the queue, or somebody else has claimed
    /// it. Four round trips.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    pub fn claim_crash(
        &self,
        id: impl Into<CrashId>,
        worker: &Worker,
        lease: Duration,
    ) -> Result<Option<Claim>> {
        let Some(cell) = self.cell_of(&id.into())? else { return Ok(None) };
        self.claim_cell(cell, worker, lease)
    }

    /// Claims an entry that [`entries`](Self::entries) returned; `None` if it is gone, or somebody else
    /// has claimed it. Three round trips.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    pub fn claim_row(&self, key: &[u8], worker: &Worker, lease: Duration) -> Result<Option<Claim>> {
        self.claim_cell(IndexCell::new(self.table, key.to_vec()), worker, lease)
    }

    /// Returns the claim that this worker has on a crash, made by another process or before this one was
    /// started; `None` if it has none, or none any more. Two round trips.
    ///
    /// For programs that claim in one run and acknowledge in another. As with the claim itself, an entry
    /// that was put there after it was claimed is another request, and stays. Whoever knows the worker's
    /// name has its claims: processes that share a queue need names of their own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn done(store: &CrashStore, ooid: &Ooid) -> Result<(), Box<dyn std::error::Error>> {
    /// match store.legacy_queue().resume_claim(ooid, &"monitor-1".parse()?)? {
    ///     Some(claim) => println!("acknowledged: {}", claim.acknowledge()?),
    ///     None => println!("monitor-1 has no claim on {ooid}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume_claim(&self, id: impl Into<CrashId>, worker: &Worker) -> Result<Option<Claim>> {
        let id = id.into();
        let Some(cell) = self.cell_of(&id)? else { return Ok(None) };
        let held = lifecycle::held_entry(&self.store, &[cell], &id, worker)?;
        Ok(held.map(|entry| Claim::new(self.store.clone(), entry, worker.clone())))
    }

    /// Claims a crash by priority, whether it is in the queue or not: it is put there first. `None` if
    /// somebody else has claimed it. Up to eleven round trips.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchCrash`]; [`ErrorKind::HBase`].
    #[doc(alias = "priority_job")]
    pub fn claim_by_priority(
        &self,
        id: impl Into<CrashId>,
        worker: &Worker,
        lease: Duration,
    ) -> Result<Option<Claim>> {
        let id = id.into();
        let Some(cell) = self.cell_of(&id)? else {
            let message = format!("there is no crash {id} to be claimed");
            return Err(Error::new(ErrorKind::NoSuchCrash, message));
        };
        let cells = [cell.in_other_queue(), cell];
        let rows = read_entries(&self.store, &cells)?;
        let [other, cell] = cells;
        let claimed = rows.iter().zip([other.table, self.table]).any(|(row, table)| {
            let entry = row.as_ref().and_then(|row| Entry::of_row(table, row));
            entry.is_some_and(|entry| entry.id == id && !entry.is_free())
        });
        if claimed {
            return Ok(None);
        }
        // Again too if it is there: an entry that is older than the last result asks for nothing.
        let queued = lifecycle::requeue(&self.store, &[(id, None)], &[self.table])?;
        queued.into_iter().collect::<Result<()>>()?;
        self.claim_cell(cell, worker, lease)
    }

    /// Takes a crash out of the queue for good, whoever has claimed it; returns whether it was there.
    /// Socorro's monitor does so with a crash that it processes by priority, before it is processed:
    /// [`claim_by_priority`](Self::claim_by_priority) doesn't lose it when the processor dies.
    ///
    /// At most six round trips, more if others change the entry meanwhile. May be made again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`], and then [`Error::effect`] says what is left; [`ErrorKind::Contended`] if
    /// others changed the entry each time that it was tried.
    #[doc(alias = "acknowledge_ooid_as_legacy_priority_job")]
    pub fn remove(&self, id: impl Into<CrashId>) -> Result<bool> {
        match self.cell_of(&id.into())? {
            Some(cell) => lifecycle::withdraw(&self.store, &cell),
            None => Ok(false),
        }
    }

    /// Takes the entry with this row key out of the queue for good; returns whether it was there. The
    /// queue's size is counted down only if it was. At most five round trips, more if others change the entry
    /// meanwhile. May be made again.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    #[doc(alias = "delete_from_legacy_processing_index")]
    pub fn remove_row(&self, key: &[u8]) -> Result<bool> {
        lifecycle::withdraw(&self.store, &IndexCell::new(self.table, key.to_vec()))
    }

    /// Takes what was found wrong with entries since the last call, each once.
    pub fn take_problems(&self) -> Vec<Problem> {
        self.problems.take()
    }

    fn table(&self) -> Table {
        self.store.table(self.table)
    }

    fn note(&self, problem: Problem) {
        self.problems.note(problem);
    }

    fn malformed(&self, row: &Row) -> Problem {
        let cell = IndexCell::new(self.table, row.key().to_vec());
        Problem::of_entry(ProblemKind::MalformedIndexRow, cell, None)
    }

    fn claim_cell(
        &self,
        cell: IndexCell,
        worker: &Worker,
        lease: Duration,
    ) -> Result<Option<Claim>> {
        let row = read_entries(&self.store, std::slice::from_ref(&cell))?.into_iter().next();
        let Some(row) = row.flatten().filter(|row| row.get(layout::IDS_OOID).is_some()) else {
            return Ok(None);
        };
        if Entry::of_row(self.table, &row).is_some_and(|entry| !entry.is_free()) {
            return Ok(None);
        }
        Ok(self.claim_rows(worker, lease, true, &[row])?.into_iter().next())
    }

    fn claim_rows(
        &self,
        worker: &Worker,
        lease: Duration,
        begins: bool,
        rows: &[Row],
    ) -> Result<Vec<Claim>> {
        let claimed = lifecycle::claim(&self.store, self.table, worker, lease, begins, rows)?;
        let mut claims = Vec::new();
        for claimed in claimed {
            match claimed {
                lifecycle::Claimed::Mine(entry) => {
                    claims.push(Claim::new(self.store.clone(), entry, worker.clone()));
                }
                lifecycle::Claimed::Problem(problem) => self.note(problem),
            }
        }
        Ok(claims)
    }

    /// Where the crash's entry is, if it is there; `None` if there is no such crash.
    fn cell_of(&self, id: &CrashId) -> Result<Option<IndexCell>> {
        let stored = read_crashes(&self.store, std::slice::from_ref(id))?.into_iter().next();
        Ok(stored.flatten().map(|stored| stored.facts.queue_cell(self.table, id)))
    }
}
