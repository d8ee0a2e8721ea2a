//! Repairing what a check has found.
//!
//! Each problem is looked at again first: what others have repaired or changed meanwhile stays.

use hbase_thrift_client::{CheckAndPut, Delete, Get, Put, Row};

use super::{
    execute::{Done, run},
    problem::{
        Problem, ProblemKind,
        RepairOutcome::{self, AlreadySolved, Left, Repaired},
        verdict,
    },
    queue::{ATTEMPTS, Entry, leave, read_entries},
    remains::{Places, are_there, clear},
    state::{StoredCrash, read_crashes},
    steps::{Stage, Step, Transition},
};
use crate::{
    counters::SubmissionCounters,
    error::{Error, Part, Result},
    layout::{self, IndexCell, QUEUES},
    model::CrashId,
    store::CrashStore,
};

/// Repairs a problem, if it still is one.
pub(crate) fn repair(store: &CrashStore, problem: &Problem) -> Result<RepairOutcome> {
    store.check_client()?;
    let repair = Repair { store, problem };
    match (problem.kind, &problem.id) {
        (ProblemKind::WrongCounter, _) => repair.counter(),
        (ProblemKind::MalformedCounter, _) => repair.malformed_counter(),
        (ProblemKind::UnfinishedSubmission, Some(id)) => repair.submission(id),
        (ProblemKind::LeftoverRow, _) => repair.leftover(),
        (ProblemKind::MalformedIndexRow, _) => repair.malformed_row(),
        (ProblemKind::MissingIndexRow, Some(id)) => repair.missing(id),
        (
            ProblemKind::OrphanIndexRow
            | ProblemKind::StaleIndexRow
            | ProblemKind::ProcessedInQueue,
            Some(id),
        ) => repair.entry(id),
        (_, _) => Ok(Left),
    }
}

const FINISHING: &str = "finishing the submission of crash";

struct Repair<'a> {
    store: &'a CrashStore,
    problem: &'a Problem,
}

impl Repair<'_> {
    /// Not an increment: one that is done twice, or after others have counted the same, would leave
    /// the counter as wrong as before.
    fn counter(&self) -> Result<RepairOutcome> {
        let Problem { row, column, counter, difference, .. } = self.problem;
        let right = counter.unwrap_or_default().saturating_add(*difference);
        let unmoved = match counter {
            Some(counter) => {
                CheckAndPut::if_equal(row.clone(), column.clone(), counter.to_be_bytes())
            }
            None => CheckAndPut::if_absent(row.clone(), column.clone()),
        };
        let put = unmoved.put(column.clone(), right.to_be_bytes());
        let metrics = self.store.table(layout::METRICS);
        if metrics.check_and_put(&put).map_err(|error| self.failed(error))? {
            return Ok(Repaired);
        }
        let found = self.read(Get::new(row.clone()).column(column.clone()))?;
        let found = found.as_ref().and_then(|found| found.get(column.as_slice()));
        Ok(if found == Some(&right.to_be_bytes()) { AlreadySolved } else { Left })
    }

    /// What is gone is zero, and found to be too little by the next check.
    fn malformed_counter(&self) -> Result<RepairOutcome> {
        let Problem { row, column, .. } = self.problem;
        let found = self.read(Get::new(row.clone()).column(column.clone()))?;
        let is_none = |row: &Row| {
            SubmissionCounters::of_row(row).is_unknown(&String::from_utf8_lossy(column))
        };
        let Some(found) = found.filter(is_none) else { return Ok(AlreadySolved) };
        let delete =
            Delete::row(row.clone()).column(column.clone()).up_to_timestamp(newest(&found));
        self.delete(&delete)
    }

    /// Whether the crash was to be queued is lost: one too many in a queue does less harm than one too
    /// few.
    fn submission(&self, id: &CrashId) -> Result<RepairOutcome> {
        let Some(stored) = self.stored(id)? else { return Ok(AlreadySolved) };
        if stored.is_leftover() || stored.is_whole() && !self.is_unannounced(&stored)? {
            return Ok(AlreadySolved);
        }
        let (indexes, entries) = (stored.facts.indexes(id), self.missing_entries(id, &stored)?);
        let mut names: Vec<_> = indexes.iter().map(|cell| Step::index(cell, id)).collect();
        names.extend(entries.iter().map(|entry| entry.as_it_was(id)));
        let (table, row) = (layout::CRASH_REPORTS, stored.row.clone());
        let name = Put::new(row.clone()).column(layout::IDS_OOID, id.as_bytes());
        let mut whole = vec![Step::put(table, name)];
        let written = Places::of_change(&stored).column(layout::IDS_OOID);
        let mut written =
            written.cells(indexes).cells(entries.iter().map(|entry| entry.cell.clone()));
        if stored.processed.is_none() {
            // It may be processed by now.
            let (flag, no) = (layout::FLAGS_PROCESSED, layout::NOT_PROCESSED);
            whole.push(Step::put_if_absent(table, row.clone(), flag, no));
            written = written.column(flag);
        }
        // The mark of a submission that has begun since is not for a repair to take away.
        let unmark = Delete::row(row).column(layout::FLAGS_UNCOUNTED);
        let unmark = Step::delete_alone(table, unmark.up_to_timestamp(stored.marked));
        let unmark = stored.is_uncounted.then_some(unmark).into_iter().collect();
        let stages = vec![
            Stage::new(Part::Indexes, "{} may lack it", names),
            Stage::new(Part::Crash, "its row is as before", whole),
            Stage::new(Part::Crash, "it is still marked", unmark),
        ];
        self.run(FINISHING, Transition::of(id, stages))?;
        if !entries.is_empty() {
            let hidden = self.missing_entries(id, &stored)?;
            let steps = hidden.iter().map(|entry| entry.now(id)).collect();
            let stage = Stage::new(Part::Queues, "{} may lack it", steps);
            self.run(FINISHING, Transition::of(id, vec![stage]))?;
        }
        if are_there(self.store, &[&stored])? == [false] {
            clear(self.store, [&written])?;
            return Ok(AlreadySolved);
        }
        let is_marked = self.stored(id)?.is_some_and(|stored| stored.is_uncounted);
        Ok(if is_marked { Left } else { Repaired })
    }

    /// Where a crash that waits should be queued and isn't: an entry that is there would be asking once
    /// more if it were written again.
    fn missing_entries(&self, id: &CrashId, stored: &StoredCrash) -> Result<Vec<MissingEntry>> {
        let queues = QUEUES
            .into_iter()
            .filter(|table| stored.facts.is_legacy || *table != layout::LEGACY_UNPROCESSED_FLAG);
        let cells: Vec<_> = queues.map(|table| stored.facts.queue_cell(table, id)).collect();
        let rows = read_entries(self.store, &cells)?;
        let missing = cells.into_iter().zip(rows);
        let missing = missing.filter(|(cell, row)| !cell.names(row.as_ref(), id));
        let missing = missing.map(|(cell, row)| {
            let junk = row.and_then(|row| Some(row.cell(layout::IDS_OOID)?.timestamp()));
            let after = junk.unwrap_or_default().saturating_add(1);
            MissingEntry { cell, is_junk: junk.is_some(), as_of: stored.written.max(after) }
        });
        let missing: Vec<_> = missing.collect();
        // Read after the entries, which leave when the crash is processed.
        let waits = self.stored(id)?.is_some_and(|stored| !stored.is_processed());
        Ok(if waits { missing } else { Vec::new() })
    }

    fn leftover(&self) -> Result<RepairOutcome> {
        let Some(row) = self.read(Get::new(self.problem.row.clone()))? else {
            return Ok(AlreadySolved);
        };
        let is_leftover = match self.problem.table {
            layout::CRASH_REPORTS => row.cells().all(|cell| is_no_data(cell.family())),
            _ => row.get(layout::IDS_OOID).is_none(),
        };
        if !is_leftover {
            return Ok(AlreadySolved);
        }
        self.delete(&Delete::row(self.problem.row.clone()).up_to_timestamp(newest(&row)))
    }

    /// The key tells which crash was meant, if it was one: the missing row is found by the next check.
    fn malformed_row(&self) -> Result<RepairOutcome> {
        let cell = self.problem.cell();
        let names_nothing = |row: &Row| {
            row.get(cell.column.as_slice()).is_some_and(|name| CrashId::new(name).is_err())
        };
        if cell.is_entry() {
            return self
                .take_out(&cell, |row| Ok(names_nothing(row).then(|| Entry::of_junk(&cell, row))));
        }
        let row = self.read(cell.get())?;
        let Some(row) = row.filter(names_nothing) else { return Ok(AlreadySolved) };
        self.delete(&cell.delete().up_to_timestamp(newest(&row)))
    }

    /// Takes an entry out of its queue in the version that is wrong, if `wrong` finds it so. Somebody else
    /// may claim it meanwhile, or be about to take it out too.
    fn take_out(
        &self,
        cell: &IndexCell,
        wrong: impl Fn(&Row) -> Result<Option<Entry>>,
    ) -> Result<RepairOutcome> {
        for _ in 0..ATTEMPTS {
            let row = self.read(cell.get_with_claim())?;
            let entry = row.as_ref().map(&wrong).transpose()?.flatten();
            let Some(entry) = entry else { return Ok(AlreadySolved) };
            let done = leave(self.store, &[entry]).into_iter().next().transpose()?;
            if done == Some(Done::Whole) {
                return Ok(Repaired);
            }
        }
        Ok(Left)
    }

    fn missing(&self, id: &CrashId) -> Result<RepairOutcome> {
        let cell = self.problem.cell();
        let belongs = |stored: Option<StoredCrash>| {
            stored.is_some_and(|stored| {
                !stored.is_leftover() && stored.facts.indexes(id).contains(&cell)
            })
        };
        if self.read(cell.get())?.is_some() {
            // Another repair of the same crash has written it, or of a hang another crash of the same kind.
            return Ok(AlreadySolved);
        }
        // Of a hang, another crash may have come there meanwhile.
        let step = if cell.is_of_hang() {
            Step::name_if_absent(&cell, id)
        } else {
            Step::index(&cell, id)
        };
        let stage = Stage::new(Part::Indexes, "{} may lack it", vec![step]);
        self.run("indexing crash", Transition::of(id, vec![stage]))?;
        // A crash that was removed since it was found is named by nothing; one that was submitted anew since
        // this was read, by a later version.
        let written = self.read(cell.get())?;
        if belongs(self.stored(id)?) {
            let is_ours = cell.names(written.as_ref(), id);
            return Ok(if is_ours { Repaired } else { AlreadySolved });
        }
        if let Some(row) = written.filter(|row| cell.names(Some(row), id)) {
            self.delete(&cell.delete().up_to_timestamp(newest(&row)))?;
        }
        Ok(AlreadySolved)
    }

    /// A row that should not be there: of a queue, its size is counted down with it.
    fn entry(&self, id: &CrashId) -> Result<RepairOutcome> {
        let cell = self.problem.cell();
        if cell.is_entry() {
            let outcome = self.take_out(&cell, |row| {
                let is_wrong = self.is_wrong(id, &cell, row)?;
                Ok(Entry::of_row(cell.table, row).filter(|_| is_wrong))
            })?;
            let is_own = outcome == Repaired && self.put_back(id, &cell)?;
            return Ok(if is_own { AlreadySolved } else { outcome });
        }
        let Some(row) = self.read(cell.get())? else { return Ok(AlreadySolved) };
        if !self.is_wrong(id, &cell, &row)? {
            return Ok(AlreadySolved);
        }
        // The columns of a search's row come with its name, in one put.
        let is_row = cell.table == layout::SEARCH;
        let delete = if is_row { Delete::row(cell.row.clone()) } else { cell.delete() };
        self.delete(&delete.up_to_timestamp(version_of(&cell, &row)))
    }

    /// A submission that gives a crash the time of an entry which is there leaves the entry as it is, be the
    /// crash another time's until then or what a removal has left: if one has done so since the entry was found
    /// to be wrong, the crash goes on waiting. Returns whether it does.
    fn put_back(&self, id: &CrashId, cell: &IndexCell) -> Result<bool> {
        match self.problem.kind {
            ProblemKind::StaleIndexRow => {}
            // One of a submission that found nothing of the crash is its own, and newer.
            ProblemKind::OrphanIndexRow if !cell.names(self.read(cell.get())?.as_ref(), id) => {}
            _ => return Ok(false),
        }
        let Some(stored) = self.stored(id)? else { return Ok(false) };
        let waits = !stored.is_leftover() && !stored.is_processed();
        if !waits || stored.facts.queue_cell(cell.table, id) != *cell {
            return Ok(false);
        }
        let missing = || -> Result<Option<MissingEntry>> {
            let entries = self.missing_entries(id, &stored)?;
            Ok(entries.into_iter().find(|entry| entry.cell == *cell))
        };
        let enter = |steps: Vec<Step>, counts: Vec<Step>| {
            let state = "it is queued, but the sizes of the queues may lack it";
            let queued = Stage::new(Part::Queues, "it may be missing from {}", steps);
            let counted = Stage::new(Part::Counters, state, counts);
            self.run("queueing crash", Transition::of(id, vec![queued, counted]))
        };
        let Some(entry) = missing()? else { return Ok(true) };
        enter(vec![entry.as_it_was(id)], Vec::new())?;
        let row = self.read(cell.get())?;
        let is_as_put = |row: &Row| version_of(cell, row) == entry.as_of;
        if row.is_some_and(|row| cell.names(Some(&row), id) && is_as_put(&row)) {
            enter(Vec::new(), Step::size(cell.table, 1).into_iter().collect())?;
        } else if let Some(hidden) = missing()? {
            enter(vec![hidden.now(id)], vec![Step::CountEntries])?;
        }
        Ok(true)
    }

    /// Whether a row should not be there, as it was read.
    fn is_wrong(&self, id: &CrashId, cell: &IndexCell, row: &Row) -> Result<bool> {
        if !cell.names(Some(row), id) {
            return Ok(false);
        }
        let stored = self.stored(id)?;
        let has_own_entry = match &stored {
            Some(stored) if layout::queue_size(cell.table).is_some() => {
                let own = stored.facts.queue_cell(cell.table, id);
                own != *cell && own.names(self.read(own.get())?.as_ref(), id)
            }
            _ => false,
        };
        let version = version_of(cell, row);
        Ok(verdict(id, cell, version, stored.as_ref(), has_own_entry).is_some())
    }

    /// Whether a crash that waits isn't found by its time: every client writes that row before it
    /// counts.
    fn is_unannounced(&self, stored: &StoredCrash) -> Result<bool> {
        let Some(time) = &stored.facts.submitted else { return Ok(false) };
        let row = layout::time_row(&stored.id, time);
        let cell = IndexCell::new(layout::SUBMITTED_TIME, row);
        let row = self.store.table(cell.table).get(&cell.get());
        Ok(!stored.is_processed() && row.map_err(|error| self.failed(error))?.is_none())
    }

    fn stored(&self, id: &CrashId) -> Result<Option<StoredCrash>> {
        Ok(read_crashes(self.store, std::slice::from_ref(id))?.into_iter().next().flatten())
    }

    fn read(&self, get: Get) -> Result<Option<Row>> {
        self.store.table(self.problem.table).get(&get).map_err(|error| self.failed(error))
    }

    fn delete(&self, delete: &Delete) -> Result<RepairOutcome> {
        let table = self.store.table(self.problem.table);
        table.delete(delete).map(|()| Repaired).map_err(|error| self.failed(error))
    }

    fn run(&self, what: &str, transition: Transition) -> Result<()> {
        let done = run(self.store, what, vec![transition]);
        done.into_iter().try_for_each(|done| done.map(drop))
    }

    fn failed(&self, error: hbase_thrift_client::Error) -> Error {
        let row = self.problem.row.escape_ascii();
        let message = format!("the row {row} of {} could not be repaired", self.problem.table);
        Error::of_call(message, error, Part::Indexes)
    }
}

/// An entry that a crash lacks.
struct MissingEntry {
    cell: IndexCell,
    /// Whether something that names nothing stands in its place.
    is_junk: bool,
    /// When the crash was written, or what stands in the entry's place.
    as_of: i64,
}

impl MissingEntry {
    /// Puts it there with a time of before it was looked for. Another repair may have put it there since then, and
    /// a worker may be done with it: its delete hides this one, or the result is newer, and nothing is asked for
    /// once more.
    fn as_it_was(&self, id: &CrashId) -> Step {
        Step::put_at(self.cell.table, self.cell.put(id), self.as_of)
    }

    /// Puts it there with the server's time: where the delete of an earlier entry hides what is older.
    fn now(&self, id: &CrashId) -> Step {
        if self.is_junk {
            return Step::index(&self.cell, id);
        }
        // One that somebody else has put there meanwhile would be asking once more.
        Step::name_if_absent(&self.cell, id)
    }
}

/// Whether a family of a crash's row holds nothing of the crash but its name and marks.
pub(crate) fn is_no_data(family: &[u8]) -> bool {
    family == b"flags" || family == b"ids"
}

/// When the cell was written that names a crash.
fn version_of(cell: &IndexCell, row: &Row) -> i64 {
    row.cell(&cell.column).map_or(i64::MIN, |cell| cell.timestamp())
}

/// When a row was written last, so that a delete spares what is written after it was read.
fn newest(row: &Row) -> i64 {
    row.cells().map(|cell| cell.timestamp()).max().unwrap_or_default()
}
