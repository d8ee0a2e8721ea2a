//! Entries of a queue, and the way out of it.
//!
//! A claim is one cell of the entry's row, `processor_state:claim` (`lease`). It is only ever written on
//! the condition that the cell is still what it was when it was read, so of several workers one gets it.

use std::time::Duration;

use hbase_thrift_client::{CheckAndPut, Delete, Row};

use super::{
    execute::{Done, run},
    lease::{Attempts, Lease, Worker, new_claim},
    steps::{Stage, Step, Transition},
};
use crate::{
    error::{Error, Part, Result},
    layout::{self, IndexCell},
    model::CrashId,
    pipeline,
    store::CrashStore,
};

/// An entry of a queue as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: CrashId,
    pub(crate) cell: IndexCell,
    /// When it was put there, last: the version of the entry.
    pub(crate) version: i64,
    pub(crate) claim: Option<Vec<u8>>,
    /// When the claim was written.
    pub(crate) claimed_at: i64,
    /// Whether the claim is that of the one who has this.
    pub(crate) is_mine: bool,
    pub(crate) other: OtherEntry,
}

/// What was known of the crash's entry in the other queue when this one was claimed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OtherEntry {
    /// When it was put there, last, by a clock that may be another one.
    pub(super) version: Option<i64>,
    /// The attempts by those whose claims on it ran out.
    attempts: Attempts,
}

/// For how long nobody else takes an entry that is on its way out.
const LEAVING: Duration = Duration::from_mins(1);
/// How often an entry is tried to be taken out while others renew their claims on it.
pub(super) const ATTEMPTS: usize = 5;

impl Entry {
    /// `None` if the row has no entry, or one that names nothing.
    pub(crate) fn of_row(table: &'static str, row: &Row) -> Option<Self> {
        let entry = row.cell(layout::IDS_OOID)?;
        let claim = row.cell(layout::CLAIM);
        Some(Self {
            id: CrashId::new(entry.value()).ok()?,
            cell: IndexCell::new(table, row.key().to_vec()),
            version: entry.timestamp(),
            claim: claim.map(|claim| claim.value().to_vec()),
            claimed_at: claim.map_or(i64::MIN, |claim| claim.timestamp()),
            is_mine: false,
            other: OtherEntry::default(),
        })
    }

    /// Whether nobody has it.
    pub(crate) fn is_free(&self) -> bool {
        !self.claim.as_deref().and_then(Lease::read).is_some_and(|lease| lease.holds())
    }

    /// The claim under which an entry leaves: one's own, which may be tried again, or one that keeps
    /// others off.
    fn claim_to_leave(&self) -> String {
        let own = self.claim.as_deref().filter(|_| self.is_mine);
        let own = own.map(|claim| String::from_utf8_lossy(claim).into_owned());
        own.unwrap_or_else(|| new_claim("leaving", LEAVING, &[], Attempts::default()))
    }

    /// The attempts at the crash as its last claim has them, whether or not that holds.
    pub(crate) fn attempts(&self) -> Attempts {
        let lease = self.claim.as_deref().and_then(Lease::read);
        lease.map(|lease| lease.attempts).unwrap_or_default()
    }

    /// When the claim was made, however often it was renewed.
    pub(super) fn since(&self) -> i64 {
        let lease = self.claim.as_deref().and_then(Lease::read);
        lease.and_then(|lease| lease.since).unwrap_or(self.claimed_at)
    }

    /// The entry as its claim's holder knows it, if this worker has it.
    fn held_by(self, worker: &Worker) -> Option<Self> {
        let lease = self.claim.as_deref().and_then(Lease::read)?;
        if lease.worker != worker.as_str() || !lease.holds() {
            return None;
        }
        let version = lease.version?;
        // What came before the claim was read with it; what came since is another request.
        let since = lease.since.unwrap_or(self.claimed_at);
        let version = if self.version < since { self.version } else { version };
        Some(Self { version, claimed_at: since, is_mine: true, ..self })
    }

    /// With what is known of the crash's entry in the other queue.
    pub(super) fn beside(self, other: Option<&Self>) -> Self {
        let other = other
            .map(|other| OtherEntry { version: Some(other.version), attempts: other.attempts() });
        Self { other: other.unwrap_or_default(), ..self }
    }

    /// Which attempt at the crash its holder makes: those by the other queue count too.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempts().number().saturating_add(self.other.attempts.begun())
    }

    /// What a worker writes who claims it, and works on it at once or when others are done.
    pub(crate) fn claimed(&self, worker: &Worker, lease: Duration, begins: bool) -> String {
        let attempts = self.attempts().before_the_next();
        let attempts = if begins { attempts.begin() } else { attempts };
        new_claim(worker.as_str(), lease, &[self.version], attempts)
    }

    /// What its holder writes to have it for this time from now.
    pub(crate) fn renewed(&self, worker: &Worker, lease: Duration) -> String {
        let times = [self.version, self.claimed_at];
        new_claim(worker.as_str(), lease, &times, self.attempts().begin())
    }

    /// What its holder writes to keep it for this time, as one who may be ended by others before it is done.
    pub(crate) fn kept(&self, worker: &Worker, lease: Duration) -> String {
        let times = [self.version, self.claimed_at];
        new_claim(worker.as_str(), lease, &times, self.attempts().without_own())
    }

    /// What its holder writes to let others have it.
    pub(crate) fn released(&self, worker: &Worker) -> String {
        self.kept(worker, Duration::ZERO)
    }

    /// As [`guard`](Self::guard), for taking the entry out. That nobody has claimed it doesn't tell that it
    /// is still there: somebody else may have taken it out, claim and all, and would have counted that.
    fn guard_to_leave(&self, claim: String) -> Step {
        let mut step = self.guard(claim);
        if let Step::Guard { beside, .. } = &mut step
            && self.claim.is_none()
        {
            *beside = Some(layout::IDS_OOID);
        }
        step
    }

    /// Writes a claim on the condition that it is as it was read.
    pub(crate) fn guard(&self, value: String) -> Step {
        let row = self.cell.row.clone();
        let check = match &self.claim {
            None => CheckAndPut::if_absent(row.clone(), layout::CLAIM),
            Some(old) => CheckAndPut::if_equal(row.clone(), layout::CLAIM, old.clone()),
        };
        let check = check.put(layout::CLAIM, value.as_str());
        let (table, before) = (self.cell.table, self.claim.clone());
        Step::Guard { table, check, row, column: layout::CLAIM, before, value, beside: None }
    }
}

/// Reads the entries in these cells, in their order. One round trip.
pub(crate) fn read_entries(store: &CrashStore, cells: &[IndexCell]) -> Result<Vec<Option<Row>>> {
    if cells.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error| Error::of_read("entries of a queue could not be read", error);
    let mut reads = pipeline::calls(store.client());
    let slots: Result<Vec<_>, _> = cells
        .iter()
        .map(|cell| reads.get(&store.table(cell.table), cell.get_with_claim()))
        .collect();
    let slots = slots.map_err(failed)?;
    let mut replies = reads.send();
    slots.into_iter().map(|slot| replies.take(slot).map_err(failed)).collect()
}

/// The entry in one of these cells that this worker has claimed. One round trip.
pub(crate) fn held_entry(
    store: &CrashStore,
    cells: &[IndexCell],
    id: &CrashId,
    worker: &Worker,
) -> Result<Option<Entry>> {
    let all: Vec<_> = cells.iter().flat_map(|cell| [cell.clone(), cell.in_other_queue()]).collect();
    let mut rows = read_entries(store, &all)?.into_iter();
    let mut held = cells.iter().filter_map(|cell| {
        let (row, other) = (rows.next().flatten(), rows.next().flatten());
        let entry = Entry::of_row(cell.table, &row?).filter(|entry| entry.id == *id)?;
        let other = other.and_then(|row| Entry::of_row(cell.in_other_queue().table, &row));
        let mut entry = entry.beside(other.filter(|other| other.id == *id).as_ref());
        // It may have come after the raw data was read.
        entry.other.version = None;
        entry.held_by(worker)
    });
    Ok(held.next())
}

/// Takes entries out of their queues, each as it was read: no later version, and nobody's whose claim
/// was renewed since. An entry that was put there again since then stays, and stays counted.
///
/// The claim that keeps others off while an entry leaves may be taken over by one that leaves it too; so
/// it is exchanged once more before the queue is counted down, which one of both does.
pub(crate) fn leave(store: &CrashStore, entries: &[Entry]) -> Vec<Result<Done>> {
    const WHAT: &str = "taking out of its queue crash";
    let claims: Vec<String> = entries.iter().map(Entry::claim_to_leave).collect();
    let transitions = entries.iter().zip(&claims).map(|(entry, claim)| {
        let table = entry.cell.table;
        let delete = entry.cell.delete().up_to_timestamp(entry.version);
        let stages = vec![
            Stage::new(
                Part::Queues,
                "its entry is in the queue as before",
                vec![entry.guard_to_leave(claim.clone())],
            ),
            Stage::new(
                Part::Queues,
                "its entry may still be in {}",
                vec![Step::delete_alone(table, delete)],
            ),
        ];
        Transition::of(&entry.id, stages)
    });
    let mut results = run(store, WHAT, transitions.collect());
    let gone: Vec<usize> =
        (0..entries.len()).filter(|place| matches!(results[*place], Ok(Done::Whole))).collect();
    let left = gone.iter().map(|place| (&entries[*place], claims[*place].as_str()));
    let left: Vec<Left> = match look_at_left(store, left) {
        Ok(left) => left,
        // Whether it is there again is unknown: then it stays counted, and `check` finds it.
        Err(_) => gone.iter().map(|_| Left::unknown()).collect(),
    };
    let transitions = gone.iter().zip(&left).map(|(place, left)| {
        let Entry { id, cell, .. } = &entries[*place];
        let unclaim = left.claimed_at.map(|claimed_at| {
            let delete = Delete::row(cell.row.clone()).column(layout::CLAIM);
            Step::delete_alone(cell.table, delete.up_to_timestamp(claimed_at))
        });
        let is_gone = left.is_known && left.is_mine && !cell.names(left.row.as_ref(), id);
        let size = Step::size(cell.table, -1).filter(|_| is_gone);
        let steps = [unclaim, size].into_iter().flatten();
        let state = "its entry is gone, but the size of the queue may still have it";
        Transition::of(id, vec![Stage::new(Part::Counters, state, steps.collect())])
    });
    let counted = run(store, WHAT, transitions.collect());
    for ((place, left), counted) in gone.into_iter().zip(left).zip(counted) {
        results[place] = if left.is_mine { counted } else { Ok(Done::Guarded) };
    }
    results
}

/// An entry that was taken out.
struct Left {
    /// Whether nobody took the leaving over.
    is_mine: bool,
    /// When the claim was written that is left of it; `None` if another one is there, of somebody who has
    /// claimed what was put there since.
    claimed_at: Option<i64>,
    /// The entry that is there now.
    row: Option<Row>,
    is_known: bool,
}

impl Left {
    fn unknown() -> Self {
        Self { is_mine: true, claimed_at: None, row: None, is_known: false }
    }
}

/// Exchanges the claims under which entries left for one that nobody expects, and reads what is there
/// now. One round trip.
fn look_at_left<'a>(
    store: &CrashStore,
    entries: impl Iterator<Item = (&'a Entry, &'a str)>,
) -> Result<Vec<Left>> {
    let failed = |error| Error::of_read("entries of a queue could not be read", error);
    let mut calls = pipeline::calls(store.client());
    let mut slots = Vec::new();
    for (entry, claim) in entries {
        let (table, row) = (store.table(entry.cell.table), entry.cell.row.clone());
        let check = CheckAndPut::if_equal(row, layout::CLAIM, claim);
        let last = new_claim("left", Duration::ZERO, &[], Attempts::default());
        let check = check.put(layout::CLAIM, last.as_str());
        let check = calls.check_and_put(&table, check).map_err(failed)?;
        let row = calls.get(&table, entry.cell.get_with_claim()).map_err(failed)?;
        slots.push((last, check, row));
    }
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let mut replies = calls.send();
    let mut left = Vec::new();
    for (last, check, row) in slots {
        let is_mine = replies.take(check).map_err(failed);
        let row = replies.take(row).map_err(failed)?;
        let claim = row.as_ref().and_then(|row| row.cell(layout::CLAIM));
        let claim = claim.filter(|claim| claim.value() == last.as_bytes());
        let claimed_at = claim.map(|claim| claim.timestamp());
        left.push(Left { is_mine: is_mine?, claimed_at, row, is_known: true });
    }
    Ok(left)
}

/// Takes whatever entry is in a cell out of its queue; returns whether there was one.
pub(crate) fn withdraw(store: &CrashStore, cell: &IndexCell) -> Result<bool> {
    for _ in 0..ATTEMPTS {
        let row = read_entries(store, std::slice::from_ref(cell))?.into_iter().next().flatten();
        let Some(row) = row.filter(|row| row.get(layout::IDS_OOID).is_some()) else {
            return Ok(false);
        };
        let entry = Entry::of_row(cell.table, &row).unwrap_or_else(|| Entry::of_junk(cell, &row));
        match leave(store, &[entry]).into_iter().next() {
            Some(Ok(Done::Guarded)) => {}
            Some(Err(error)) => return Err(error),
            _ => return Ok(true),
        }
    }
    let (row, table) = (cell.row.escape_ascii(), cell.table);
    Err(Error::contended(format!("others change the entry {row} of {table} each time: call again")))
}

impl Entry {
    /// Of one that names nothing: its row's key stands for the name, in messages.
    pub(super) fn of_junk(cell: &IndexCell, row: &Row) -> Self {
        let id = CrashId::new(cell.row.clone()).or_else(|_| CrashId::new("?"));
        let entry = row.cell(layout::IDS_OOID);
        let claim = row.cell(layout::CLAIM);
        Self {
            id: id.unwrap_or_else(|_| unreachable!("a question mark is a name")),
            cell: cell.clone(),
            version: entry.map_or(i64::MIN, |entry| entry.timestamp()),
            claim: claim.map(|claim| claim.value().to_vec()),
            claimed_at: claim.map_or(i64::MIN, |claim| claim.timestamp()),
            is_mine: false,
            other: OtherEntry::default(),
        }
    }
}
