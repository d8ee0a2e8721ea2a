//! Submitting crashes: their rows, the rows that find them, the queues, the counters.
//!
//! New crashes and those that were submitted before (`before`) are told apart by one read of their rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use hbase_thrift_client::{Delete, Put};

use super::{
    before::Before,
    counts::{counted_before, net, submission_counters},
    execute::run,
    mark::mark,
    state::{StoredCrash, read_new_crashes},
    steps::{Stage, Step, Transition},
};
use crate::{
    error::{Effect, Error, ErrorKind, Part, Result, Written},
    layout::{self, Facts, IndexCell, QUEUES, SearchRow},
    model::{CrashId, CrashMetadata, Dumps, LegacyProcessing, Protected, SubmittedTimestamp},
    store::CrashStore,
};

/// Whether a submitted crash shall wait in the queues for a processor.
#[doc(alias = "add_to_unprocessed_queue")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QueueForProcessing {
    /// The crash waits to be processed, in the legacy queue too unless it was deferred or discarded.
    #[default]
    Yes,
    /// The crash is stored and indexed; no queue row and no queue size knows it.
    No,
}

/// What a submission found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Submission {
    /// The crash was new, or an earlier submission of it had stopped halfway: it is queued and counted
    /// now.
    Completed,
    /// The crash had been submitted before: its data and indexes are now those of this submission. It
    /// is counted at its new time only, and not queued again, unless it was deferred before and is
    /// accepted now.
    Repeated,
}

/// One of many crashes to be submitted.
#[derive(Debug, Clone)]
pub struct NewReport<'a> {
    pub(crate) id: CrashId,
    pub(crate) metadata: &'a CrashMetadata,
    pub(crate) dumps: Dumps<'a>,
}

impl<'a> NewReport<'a> {
    /// A crash with its metadata and dumps.
    pub fn new(
        id: impl Into<CrashId>,
        metadata: &'a CrashMetadata,
        dumps: impl Into<Dumps<'a>>,
    ) -> Self {
        Self { id: id.into(), metadata, dumps: dumps.into() }
    }
}

/// A submission that is checked.
struct Checked<'a> {
    report: &'a NewReport<'a>,
    time: SubmittedTimestamp,
    facts: Facts,
}

/// Submits crashes; those that are refused or fail don't hinder the others.
pub(crate) fn submit(
    store: &CrashStore,
    reports: &[NewReport<'_>],
    queue: QueueForProcessing,
) -> Result<Vec<Result<Submission>>> {
    let mut results: BTreeMap<usize, Result<Submission>> = BTreeMap::new();
    let mut wave = Vec::new();
    let mut names = BTreeSet::new();
    for (place, report) in reports.iter().enumerate() {
        match Checked::new(store, report) {
            Err(error) => drop(results.insert(place, Err(error))),
            Ok(checked) => {
                // One crash twice: the second finds the first.
                if !names.insert(&report.id) {
                    submit_wave(store, &mut wave, queue, &mut results)?;
                    names.clear();
                    names.insert(&report.id);
                }
                wave.push((place, checked));
            }
        }
    }
    submit_wave(store, &mut wave, queue, &mut results)?;
    Ok(results.into_values().collect())
}

/// Refuses what [`submit`] would before it sends anything.
pub(crate) fn check_report(store: &CrashStore, report: &NewReport<'_>) -> Result<()> {
    Checked::new(store, report).map(drop)
}

/// How often a crash is submitted that is removed each time meanwhile.
const ATTEMPTS: usize = 3;
/// More than a step of the servers' clocks: a delete hides what its own millisecond puts.
const AFTER_A_REMOVAL: Duration = Duration::from_millis(2);

/// Submits crashes that differ, and empties the wave.
fn submit_wave(
    store: &CrashStore,
    wave: &mut Vec<(usize, Checked<'_>)>,
    queue: QueueForProcessing,
    results: &mut BTreeMap<usize, Result<Submission>>,
) -> Result<()> {
    let mut counted = BTreeMap::new();
    for attempt in 1..=ATTEMPTS {
        if wave.is_empty() {
            return Ok(());
        }
        let again = submit_once(store, wave, queue, &mut counted, results);
        let again = if attempt == 1 { again? } else { again.map_err(after_the_first)? };
        if attempt < ATTEMPTS {
            let removed = removed_meanwhile(store, wave, &again).map_err(after_the_first)?;
            wave.retain(|(place, _)| removed.contains(place));
            if !wave.is_empty() {
                thread::sleep(AFTER_A_REMOVAL);
            }
        }
    }
    wave.clear();
    Ok(())
}

/// Of crashes that were there before: those of which a removal has taken something since, so that they
/// are as if they had never been submitted.
fn removed_meanwhile(
    store: &CrashStore,
    wave: &[(usize, Checked<'_>)],
    again: &BTreeSet<usize>,
) -> Result<BTreeSet<usize>> {
    let (places, ids): (Vec<usize>, Vec<CrashId>) = wave
        .iter()
        .filter(|(place, _)| again.contains(place))
        .map(|(place, checked)| (*place, checked.report.id.clone()))
        .unzip();
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let now = read_new_crashes(store, &ids)?;
    let removed = places.into_iter().zip(now);
    let removed = removed.filter(|(_, now)| !now.as_ref().is_some_and(StoredCrash::is_whole));
    Ok(removed.map(|(place, _)| place).collect())
}

/// Of a read that failed when the crashes were written already.
pub(super) fn after_the_first(error: Error) -> Error {
    let call_again = error.is_retryable();
    let left = vec![Part::Indexes, Part::Queues];
    error.with_effect(Effect { written: Written::Partly, left, call_again })
}

/// The entries that earlier attempts of the same call have counted, by the crash's place.
type Counted = BTreeMap<usize, Vec<IndexCell>>;

/// Returns the places of those that were there before and were submitted.
fn submit_once(
    store: &CrashStore,
    wave: &[(usize, Checked<'_>)],
    queue: QueueForProcessing,
    counted: &mut Counted,
    results: &mut BTreeMap<usize, Result<Submission>>,
) -> Result<BTreeSet<usize>> {
    let ids: Vec<CrashId> = wave.iter().map(|(_, checked)| checked.report.id.clone()).collect();
    let stored = read_new_crashes(store, &ids)?;
    let mut transitions = Vec::new();
    let mut outcomes = Vec::new();
    let mut again = BTreeSet::new();
    for ((place, checked), stored) in wave.iter().zip(stored) {
        let counted = counted.entry(*place).or_default();
        let (submission, transition) = match stored {
            None => (Submission::Completed, checked.first_time(store, queue, counted)?),
            Some(stored) => {
                again.insert(*place);
                checked.again(store, stored, queue, counted)?
            }
        };
        outcomes.push(submission);
        transitions.push(transition);
    }
    let done = run(store, "submitting crash", transitions);
    for (((place, _), submission), done) in wave.iter().zip(outcomes).zip(done) {
        if done.is_err() {
            again.remove(place);
        }
        results.insert(*place, done.map(|_| submission));
    }
    Ok(again)
}

impl<'a> Checked<'a> {
    fn new(store: &CrashStore, report: &'a NewReport<'a>) -> Result<Self> {
        let NewReport { id, metadata, dumps } = report;
        if let Some(name) = dumps.twice() {
            let message = format!("crash {id} has two dumps {name}, nothing was stored");
            return Err(Error::new(ErrorKind::DuplicateDump, message));
        }
        let time = time_of(id, metadata)?;
        let facts = Facts {
            submitted: Some(time.as_str().as_bytes().to_vec()),
            // Unknown waits in the queues as if it were accepted.
            is_legacy: metadata.legacy_processing().is_none_or(|it| it == LegacyProcessing::Accept),
            hang: metadata.hang_id().map(|hang| hang.as_str().as_bytes().to_vec()),
            process_type: Some(metadata.process_type().as_str().as_bytes().to_vec()),
            signature: None,
            completed: None,
        };
        let checked = Self { report, time, facts };
        let row = layout::crash_row(id);
        let cells = checked.cells();
        store.check_size(layout::CRASH_REPORTS, &row, &format!("crash {id}"), &cells)?;
        Ok(checked)
    }

    /// The crash's row, without the flag that tells whether it is processed.
    fn cells(&self) -> Vec<(Vec<u8>, &[u8])> {
        let NewReport { id, metadata, dumps } = self.report;
        let mut cells: Vec<(Vec<u8>, &[u8])> = vec![
            (layout::META_DATA_JSON.into(), metadata.json()),
            (layout::TIMESTAMPS_SUBMITTED.into(), self.time.as_str().as_bytes()),
            (layout::IDS_OOID.into(), id.as_bytes()),
        ];
        if self.facts.is_legacy {
            cells.push((layout::FLAGS_LEGACY_PROCESSING.into(), layout::YES.as_bytes()));
        }
        if let Some(hang) = &self.facts.hang {
            cells.push((layout::IDS_HANG.into(), hang));
        }
        cells.extend(dumps.iter().map(|(name, dump)| (layout::dump_column(name), dump)));
        cells
    }

    fn put(&self, row: Vec<u8>, more: &[(&str, &str)]) -> Step {
        let cells = self.cells();
        let bytes = cells.iter().map(|(column, value)| column.len() + value.len()).sum();
        let put =
            cells.into_iter().fold(Put::new(row), |put, (column, value)| put.column(column, value));
        let put = more.iter().fold(put, |put, (column, value)| put.column(*column, *value));
        Step::large_put(layout::CRASH_REPORTS, put, bytes)
    }

    /// Entries that earlier attempts have counted are counted again only if they are gone.
    fn first_time(
        &self,
        store: &CrashStore,
        queue: QueueForProcessing,
        counted: &[IndexCell],
    ) -> Result<Transition> {
        let id = &self.report.id;
        let row = layout::crash_row(id);
        let new = [
            (layout::FLAGS_PROCESSED, layout::NOT_PROCESSED),
            (layout::FLAGS_UNCOUNTED, layout::YES),
        ];
        let crash = vec![self.put(row.clone(), &new)];
        let mut names = self.names(store, false)?;
        let mut counts = self.counts(1);
        for table in self.queues(queue) {
            let cell = self.facts.queue_cell(table, id);
            if counted.contains(&cell) {
                names.push(Step::enqueue(cell, id));
            } else {
                names.push(Step::index(&cell, id));
                counts.extend(Step::size(table, 1));
            }
        }
        if !counted.is_empty() {
            counts.push(Step::CountEntries);
        }
        Ok(Transition::of(
            id,
            vec![
                Stage::new(Part::Crash, NOT_STORED, crash),
                Stage::new(Part::Indexes, NOT_INDEXED, names),
                counting(&row, counts, layout::YES),
            ],
        ))
    }

    /// A crash whose row is there: submitted before, perhaps not wholly, or processed without.
    fn again(
        &self,
        store: &CrashStore,
        stored: StoredCrash,
        queue: QueueForProcessing,
        counted_in: &mut Vec<IndexCell>,
    ) -> Result<(Submission, Transition)> {
        let before = Before::read(store, stored, &self.facts)?;
        let (id, stored) = (&self.report.id, &before.stored);
        let was_announced = before.was_announced;
        let is_processed = stored.has_result();

        let (mut enter, mut out, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        let mut adopted = Vec::new();
        let mut counted_now = [0; QUEUES.len()];
        for (place, table) in QUEUES.into_iter().enumerate() {
            let found: Vec<_> =
                before.entries.iter().filter(|(cell, _)| cell.table == table).collect();
            let belongs = self.queues(QueueForProcessing::Yes).contains(&table);
            let is_newly_accepted = table == layout::LEGACY_UNPROCESSED_FLAG
                && !stored.facts.is_legacy
                && queue == QueueForProcessing::Yes
                && !is_processed;
            let is_asked_for = if was_announced {
                is_newly_accepted
            } else {
                queue == QueueForProcessing::Yes && !is_processed
            };
            // What waits goes on waiting, also if a submission stopped in between.
            let enters = !found.is_empty() || is_asked_for;
            let own = self.facts.queue_cell(table, id);
            let stays = belongs && enters;
            if stays && !found.iter().any(|(cell, _)| *cell == own) {
                enter.push(own.clone());
            } else if stays && own != stored.facts.queue_cell(table, id) {
                // Under a time that wasn't the crash's: for a repair it was one too many until now.
                adopted.push(own.clone());
            }
            out.extend(found.iter().filter(|(cell, _)| !(stays && *cell == own)).copied().cloned());
            // Nobody has counted what an unfinished submission queued, unless that was this one, before
            // somebody removed the crash. What was counted before that submission, its mark tells.
            let counted = if was_announced {
                found.len()
            } else {
                let is_counted = |cell: &IndexCell| counted_in.contains(cell);
                let by_this = found.iter().filter(|(cell, _)| is_counted(cell)).count();
                let by_others = stored.counted[place];
                // What isn't there any more, a worker has counted out if it is done, and otherwise a
                // submission that had no place for it has taken out without counting.
                let is_left = is_processed || stays;
                by_this.max(if is_left { by_others.min(found.len()) } else { by_others })
            };
            counted_now[place] = counted;
            let change = i64::from(stays) - i64::try_from(counted).unwrap_or_default();
            if change > 0 {
                counted_in.push(own);
            }
            sizes.extend(Step::size(table, change).filter(|_| change != 0));
        }

        let mut counts = self.counts(1);
        if was_announced {
            counts.extend(counted_before(stored, &counts));
        }
        counts.extend(sizes);
        let changes = net(counts);
        let mark = mark(counted_now);
        let mut marks = Vec::new();
        let counts_now = !changes.is_empty() || !was_announced;
        if counts_now {
            marks.push((layout::FLAGS_UNCOUNTED, mark.as_str()));
        }
        if stored.processed.is_none() || stored.is_processed() && !is_processed {
            marks.push((layout::FLAGS_PROCESSED, layout::NOT_PROCESSED));
        }
        let mut names = self.names(store, is_processed)?;
        names.extend(before.stale_columns(&self.facts, &self.report.dumps));
        names.extend(enter.iter().map(|cell| Step::index(cell, id)));
        let is_adopting = !adopted.is_empty();
        names.extend(adopted.iter().map(|cell| Step::name_if_absent(cell, id)));
        // What is made of it stays, and is found by its signature.
        let signature = stored.facts.signature.clone();
        let kept = Facts { signature, ..self.facts.clone() }.indexes(id);
        let stale = before.indexes.iter().filter(|cell| !kept.contains(cell));
        let mut away: Vec<Step> =
            stale.map(|cell| Step::delete(cell.table, cell.delete())).collect();
        for (cell, version) in out {
            // What was put there since then asks for the crash. The claim goes with the entry.
            let entry = Delete::row(cell.row.clone()).up_to_timestamp(version);
            away.push(Step::delete_alone(cell.table, entry));
            let claim = Delete::row(cell.row).column(layout::CLAIM);
            away.push(Step::delete(cell.table, claim));
        }
        if store.has_search()? {
            let own = SearchRow::key(id, self.facts.submitted.as_deref());
            let old = before.times.iter().map(|time| SearchRow::key(id, time.as_deref()));
            let old = old.filter(|old| *old != own);
            away.extend(old.map(|old| Step::delete_alone(layout::SEARCH, Delete::row(old))));
        }
        let mut stages = vec![
            Stage::new(Part::Crash, NOT_STORED, vec![self.put(stored.row.clone(), &marks)]),
            Stage::new(Part::Indexes, NOT_INDEXED, names),
            Stage::new(Part::Indexes, "it is stored, but {} may have it under its old time", away),
        ];
        if counts_now {
            stages.push(counting(&stored.row, changes, &mark));
        }
        if is_adopting {
            let uncounted = "it is queued, but the sizes of the queues may lack it";
            stages.push(Stage::new(Part::Counters, uncounted, vec![Step::CountEntries]));
        }
        let submission = if was_announced { Submission::Repeated } else { Submission::Completed };
        Ok((submission, Transition::of(id, stages)))
    }

    /// The rows that find it, without the queues'.
    fn names(&self, store: &CrashStore, is_processed: bool) -> Result<Vec<Step>> {
        let id = &self.report.id;
        let mut steps: Vec<_> =
            self.facts.indexes(id).iter().map(|cell| Step::index(cell, id)).collect();
        if store.has_search()? {
            let json = self.report.metadata.json();
            let protected = Protected::of_json(json);
            let row = SearchRow::new(id, self.facts.submitted.as_deref(), protected)
                .metadata(json)
                .dumps(self.report.dumps.iter().count());
            let row = if is_processed { row } else { row.unprocessed() };
            let (table, put) = row.into_put();
            steps.push(Step::put(table, put));
        }
        Ok(steps)
    }

    fn queues(&self, queue: QueueForProcessing) -> Vec<&'static str> {
        let is_in = |table: &&'static str| {
            queue == QueueForProcessing::Yes
                && (self.facts.is_legacy || *table != layout::LEGACY_UNPROCESSED_FLAG)
        };
        QUEUES.into_iter().filter(is_in).collect()
    }

    fn counts(&self, amount: i64) -> Vec<Step> {
        let metadata = self.report.metadata;
        submission_counters(
            Some(&self.time),
            metadata.legacy_processing(),
            metadata.process_type().as_str(),
            self.facts.hang.is_some(),
        )
        .into_iter()
        .map(|(row, column)| Step::count(row, column, amount))
        .collect()
    }
}

const NOT_STORED: &str = "nothing is stored, or the crash alone, and no index names it";
const NOT_INDEXED: &str = "it is stored, but not counted, and {} may lack it";

/// Takes the mark away, and counts.
pub(super) fn counting(row: &[u8], mut counts: Vec<Step>, mark: &str) -> Stage {
    let unmark = Delete::row(row).column(layout::FLAGS_UNCOUNTED);
    let mark = Put::new(row).column(layout::FLAGS_UNCOUNTED, mark);
    counts.push(Step::delete(layout::CRASH_REPORTS, unmark));
    let uncounted = "it is stored and indexed, but some or all counters may lack it";
    let mut stage = Stage::new(Part::Counters, uncounted, counts);
    stage.undo.push(Step::put(layout::CRASH_REPORTS, mark));
    stage
}

/// When the crash was submitted: as the metadata says, or else on the day of its ooid.
fn time_of(id: &CrashId, metadata: &CrashMetadata) -> Result<SubmittedTimestamp> {
    if let Some(submitted) = metadata.submitted() {
        return Ok(submitted.clone());
    }
    let day = id.ooid().map(|ooid| ooid.date().midnight().assume_utc());
    day.map(SubmittedTimestamp::from).ok_or_else(|| {
        let message = format!("crash {id} has no time, nothing was stored");
        let error = Error::new(ErrorKind::InvalidMetadata, message);
        match metadata.problems().first() {
            Some(problem) => error.with_metadata_error(problem.clone()),
            None => error,
        }
    })
}
