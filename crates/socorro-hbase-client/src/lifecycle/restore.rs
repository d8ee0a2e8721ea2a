//! Restoring crashes as an export has them: all cells of their rows, the rows that name them, and their
//! entries in queues.
//!
//! In the order of a submission: the crash's row, marked as uncounted; what names it; then the mark
//! goes and the counters come. A processed crash that is in a queue gets `flags:processed` when its entries
//! are there, with a time that tells those that ask for it from those that are done: until then it
//! passes for one that isn't processed, so that whatever stops the restoration, none is lost.

use std::{thread, time::Duration};

use hbase_thrift_client::{Put, Row};

use super::{
    counts::submission_counters,
    execute::run,
    queue::read_entries,
    state::{STATE_COLUMNS, StoredCrash, read_crashes},
    steps::{Stage, Step, Transition},
    submit::{QueueForProcessing, counting},
};
use crate::{
    error::{Error, ErrorKind, Part, Result},
    layout::{self, Facts, IndexCell, SearchRow},
    model::{CrashId, CrashMetadata, Protected},
    store::CrashStore,
};

/// A crash as an export has it.
pub(crate) struct Backup {
    pub(crate) id: CrashId,
    pub(crate) row: Vec<u8>,
    /// All cells of its row, with their columns.
    pub(crate) cells: Vec<(Vec<u8>, Vec<u8>)>,
    /// The queues that it is in, and whether it is requested there.
    pub(crate) queues: Vec<(&'static str, bool)>,
    /// The cells of indexes that don't follow from its own.
    pub(crate) indexes: Vec<IndexCell>,
}

/// How much later an entry that asks for a crash comes than one that is done: more than a step of the
/// servers' clocks.
pub(crate) const LATER: Duration = Duration::from_millis(2);

/// Restores crashes that aren't there, with their entries in queues or without; returns of each whether
/// it wasn't there.
pub(crate) fn restore(
    store: &CrashStore,
    backups: &[&Backup],
    queue: QueueForProcessing,
) -> Result<Vec<Result<bool>>> {
    let ids: Vec<CrashId> = backups.iter().map(|backup| backup.id.clone()).collect();
    let rows = store.read_rows(&ids, &STATE_COLUMNS)?;
    let mut results = Vec::new();
    let mut all = Vec::new();
    for (backup, row) in backups.iter().zip(rows) {
        let is_there = match row {
            Some(row) => {
                let stored = StoredCrash::of_row(backup.id.clone(), &row);
                let goes_on = stored.is_uncounted && backup.is_all_of(&row);
                !goes_on && (!stored.is_leftover() || backup.is_leftover())
            }
            // A row of nothing but dumps says nothing else.
            None if backup.is_leftover() => {
                let rows =
                    store.read_rows(std::slice::from_ref(&backup.id), &[layout::RAW_DATA])?;
                rows.iter().any(Option::is_some)
            }
            None => false,
        };
        results.push(match backup.check_size(store) {
            Err(error) => Err(error),
            Ok(()) => {
                if !is_there {
                    all.push((results.len(), Restoring::new(backup, queue)));
                }
                Ok(!is_there)
            }
        });
    }
    let mut go = |all: &mut Vec<(usize, Restoring<'_>)>, step: &mut Making<'_>| -> Result<()> {
        let transitions: Result<Vec<_>> = all.iter().map(|(_, one)| step(one)).collect();
        let mut done = run(store, "restoring crash", transitions?).into_iter();
        all.retain(|(place, _)| match done.next() {
            Some(Err(error)) => {
                results[*place] = Err(error);
                false
            }
            _ => true,
        });
        Ok(())
    };
    go(&mut all, &mut |one| one.row_and_names(store))?;
    if all.iter().any(|(_, one)| one.is_asked_for_again()) {
        thread::sleep(LATER);
        go(&mut all, &mut |one| Ok(one.later_entries()))?;
    }
    read_moments(store, all.iter_mut().map(|(_, one)| one))?;
    go(&mut all, &mut |one| Ok(one.flag_and_counters()))?;
    Ok(results)
}

type Making<'a> = dyn FnMut(&Restoring<'_>) -> Result<Transition> + 'a;

impl Backup {
    fn cell(&self, column: &str) -> Option<&[u8]> {
        let found = self.cells.iter().find(|(name, _)| name == column.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }

    /// Whether it was processed, and nobody has submitted it anew since then.
    pub(crate) fn is_processed(&self) -> bool {
        self.cell(layout::FLAGS_PROCESSED) == Some(layout::YES.as_bytes())
    }

    /// As of a stored crash.
    fn is_leftover(&self) -> bool {
        self.cell(layout::IDS_OOID).is_none() && self.cell(layout::META_DATA_JSON).is_none()
    }

    /// Whether a row has nothing else than this has: an import of it that stopped has left that. A
    /// submission that stopped marks its crash too, and has other data.
    fn is_all_of(&self, row: &Row) -> bool {
        let has = |column: &[u8], value: &[u8]| {
            self.cells.iter().any(|(own, cell)| own == column && cell == value)
        };
        let mut cells = row.cells().filter(|cell| cell.family() != b"flags");
        cells.all(|cell| has(&cell.column().to_vec(), cell.value()))
    }

    fn check_size(&self, store: &CrashStore) -> Result<()> {
        let what = format!("crash {}", self.id);
        if self.cells.is_empty() {
            let message = format!("{what} has no data, nothing was stored");
            return Err(Error::new(ErrorKind::Input, message));
        }
        let cells: Vec<(&[u8], &[u8])> =
            self.cells.iter().map(|(column, value)| (&column[..], &value[..])).collect();
        store.check_size(layout::CRASH_REPORTS, &self.row, &what, &cells)
    }

    /// What decides where the crash is named.
    pub(crate) fn facts(&self) -> Facts {
        let bytes = |column: &str| self.cell(column).and_then(layout::part_of_key);
        let process_type = self.metadata().map(|metadata| metadata.process_type().clone());
        let process_type = process_type.unwrap_or_default();
        Facts {
            submitted: bytes(layout::TIMESTAMPS_SUBMITTED),
            is_legacy: self.cell(layout::FLAGS_LEGACY_PROCESSING) == Some(layout::YES.as_bytes()),
            hang: bytes(layout::IDS_HANG),
            process_type: Some(process_type.as_str().as_bytes().to_vec()),
            signature: bytes(layout::PROCESSED_DATA_SIGNATURE),
            completed: bytes(layout::TIMESTAMPS_PROCESSED),
        }
    }

    fn metadata(&self) -> Option<CrashMetadata> {
        CrashMetadata::from_json(self.cell(layout::META_DATA_JSON)?).ok()
    }
}

/// A crash while it is restored.
struct Restoring<'a> {
    backup: &'a Backup,
    queues: &'a [(&'static str, bool)],
    facts: Facts,
    is_processed: bool,
    /// The time of `flags:processed`, if it is written after the entries of queues.
    moment: Option<i64>,
}

impl<'a> Restoring<'a> {
    fn new(backup: &'a Backup, queue: QueueForProcessing) -> Self {
        let queues = match queue {
            QueueForProcessing::Yes => backup.queues.as_slice(),
            QueueForProcessing::No => &[],
        };
        let is_processed = backup.is_processed();
        Self { backup, queues, facts: backup.facts(), is_processed, moment: None }
    }

    fn is_queued(&self) -> bool {
        !self.queues.is_empty()
    }

    fn entries(&self, is_requested: bool) -> impl Iterator<Item = IndexCell> {
        let these = self.queues.iter().filter(move |(_, asks)| *asks == is_requested);
        these.map(|(table, _)| self.facts.queue_cell(table, &self.backup.id))
    }

    /// Whether one queue's entry is done, and another's asks for the crash.
    fn is_asked_for_again(&self) -> bool {
        self.entries(false).next().is_some() && self.entries(true).next().is_some()
    }

    fn row_and_names(&self, store: &CrashStore) -> Result<Transition> {
        let Backup { id, row, cells, indexes, .. } = self.backup;
        let mut put = Put::new(row.clone()).column(layout::FLAGS_UNCOUNTED, layout::YES);
        let waits = self.is_processed && self.is_queued();
        for (column, value) in cells {
            let is_flag = column == layout::FLAGS_PROCESSED.as_bytes();
            let not_yet = layout::NOT_PROCESSED.as_bytes();
            put = put.column(&column[..], if waits && is_flag { not_yet } else { &value[..] });
        }
        let bytes = cells.iter().map(|(column, value)| column.len() + value.len()).sum();
        let row = Step::large_put(layout::CRASH_REPORTS, put, bytes);

        let own = self.facts.indexes(id).into_iter().filter(|cell| !cell.is_of_hang());
        let mut cells: Vec<IndexCell> = own.chain(indexes.iter().cloned()).collect();
        cells.extend(self.entries(false));
        if !self.is_asked_for_again() {
            cells.extend(self.entries(true));
        }
        let mut names: Vec<_> = cells.iter().map(|cell| Step::index(cell, id)).collect();
        // Nothing but dumps is no crash to be found.
        if !self.backup.is_leftover() && store.has_search()? {
            let (table, put) = self.covering_row().into_put();
            names.push(Step::put(table, put));
        }
        let not_stored = "nothing is stored, or the crash alone, and no index names it";
        let not_named = "it is stored, but not counted, and {} may lack it";
        let stages = vec![
            Stage::new(Part::Crash, not_stored, vec![row]),
            Stage::new(Part::Indexes, not_named, names),
        ];
        Ok(Transition::of(id, stages))
    }

    fn covering_row(&self) -> SearchRow {
        let backup = self.backup;
        let dumps = backup.cells.iter().filter(|(column, _)| layout::dump_name(column).is_some());
        let metadata = backup.cell(layout::META_DATA_JSON).unwrap_or_default();
        let protected = Protected::of_json(metadata);
        let row = SearchRow::new(&backup.id, self.facts.submitted.as_deref(), protected)
            .metadata(metadata)
            .dumps(dumps.count());
        match backup.cell(layout::PROCESSED_DATA_JSON) {
            Some(json) if self.is_processed => row.processed(json),
            _ => row.unprocessed(),
        }
    }

    fn later_entries(&self) -> Transition {
        let id = &self.backup.id;
        let later = self.entries(true).filter(|_| self.is_asked_for_again());
        let steps = later.map(|cell| Step::index(&cell, id)).collect();
        let stage = Stage::new(Part::Queues, "it is stored, but {} may lack it", steps);
        Transition::of(id, vec![stage])
    }

    fn flag_and_counters(&self) -> Transition {
        let Backup { id, row, .. } = self.backup;
        let mut stages = Vec::new();
        if let Some(moment) = self.moment {
            let flag = Put::new(row.clone()).column(layout::FLAGS_PROCESSED, layout::YES);
            let flag = Step::put_at(layout::CRASH_REPORTS, flag, moment);
            let left = "it is stored, but not counted, and {} may not show it as processed";
            stages.push(Stage::new(Part::Crash, left, vec![flag]));
        }
        stages.push(counting(row, self.counts(), layout::YES));
        Transition::of(id, stages)
    }

    fn counts(&self) -> Vec<Step> {
        let queues = self.queues.iter().filter_map(|(table, _)| Step::size(table, 1));
        let mut counts: Vec<Step> = queues.collect();
        let submitted = self.facts.submitted.as_deref();
        let time = submitted.and_then(|time| str::from_utf8(time).ok()?.parse().ok());
        if let Some(metadata) = self.backup.metadata() {
            let counters = submission_counters(
                time.as_ref(),
                metadata.legacy_processing(),
                metadata.process_type().as_str(),
                self.facts.hang.is_some(),
            );
            counts.extend(counters.into_iter().map(|(row, column)| Step::count(row, column, 1)));
        }
        counts
    }
}

/// Finds the times of `flags:processed` of crashes that are in queues: as early as all entries that ask
/// for the crash, and later than those that are done. If the servers' clocks leave none, the crash
/// passes for one that isn't processed, and is processed once more.
fn read_moments<'a, 'b: 'a>(
    store: &CrashStore,
    all: impl Iterator<Item = &'a mut Restoring<'b>>,
) -> Result<()> {
    let these: Vec<_> = all.filter(|one| one.is_processed && one.is_queued()).collect();
    let cells: Vec<IndexCell> =
        these.iter().flat_map(|one| one.entries(false).chain(one.entries(true))).collect();
    let rows = read_entries(store, &cells)?;
    let version = |row: &Option<Row>| Some(row.as_ref()?.cell(layout::IDS_OOID)?.timestamp());
    let mut versions = rows.iter().map(version);
    let ids: Vec<CrashId> = these.iter().map(|one| one.backup.id.clone()).collect();
    let stored = read_crashes(store, &ids)?;
    for (one, stored) in these.into_iter().zip(stored) {
        let mut of = |is_requested: bool| -> Vec<i64> {
            let count = one.entries(is_requested).count();
            versions.by_ref().take(count).flatten().collect()
        };
        let (done, asking) = (of(false), of(true));
        // The flag that is there gives way to one of its own time.
        let flag = stored.map_or(i64::MIN, |stored| stored.flagged);
        let earliest = done.into_iter().max().map_or(flag, |done| flag.max(done.saturating_add(1)));
        one.moment = match asking.into_iter().min() {
            Some(first) => Some(first).filter(|first| *first >= earliest),
            None => Some(earliest),
        };
    }
    Ok(())
}
