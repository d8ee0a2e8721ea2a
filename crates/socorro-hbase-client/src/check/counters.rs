//! The third part: the counters of each period are those of the crashes that were submitted in it.
//!
//! Two streams in the same order are read side by side: the index of submission times, and the
//! counters' rows. A period's row comes before its crashes and before the periods within it, so at
//! most five periods are open at a time, and closed as soon as anything outside them comes.
//!
//! Neither stream shows one moment: a year's row may have been read hours before the last of its
//! crashes. So what is compared has not changed since before either was opened. A crash that was
//! written later makes its periods incomparable, and so does a counter that moved later, whose crash
//! may have come after its place in the index was read.

use std::collections::{BTreeSet, VecDeque};

use hbase_thrift_client::{Get, Row, Scan, Scanner};

use super::{Check, Finding, ROWS_AT_ONCE, position::OpenPeriod};
use crate::{
    error::{Error, ErrorKind, Result},
    keys,
    metrics::{SubmissionCounters, counters_of},
    ooid::Ooid,
    period::Period,
    range::TimeRange,
    scan::{CrashScan, IndexEntry, not_scanned},
    schema,
    timestamp::BUCKETS,
    traces::{STATE_COLUMNS, StoredCrash},
};

/// The two streams.
pub(super) struct Counting {
    crashes: CrashScan,
    /// The next of them.
    ready: VecDeque<Counted>,
    metrics: Scanner,
    next_metrics: Option<Row>,
}

/// A crash in the order of its key without the salt, and what it adds to counters.
struct Counted {
    key: String,
    counters: Vec<String>,
    /// Whether its submission is surely over, counters included.
    is_settled: bool,
}

impl Check {
    /// Answers whether there is more.
    pub(super) fn check_counters(&mut self) -> Result<bool> {
        let mut counting = match self.counting.take() {
            Some(counting) => counting,
            None => {
                // A check that goes on has counters that an earlier one has read.
                let horizon = self.settled_before();
                self.next.horizon = Some(self.next.horizon.map_or(horizon, |old| old.min(horizon)));
                Counting::open(self)?
            }
        };
        for _ in 0..ROWS_AT_ONCE {
            counting.fill(self)?;
            let crash = counting.ready.front().map(|crash| crash.key.as_bytes());
            let metrics = counting.next_metrics.as_ref().map(Row::key);
            match (crash, metrics) {
                (None, None) => {
                    self.close_periods("")?;
                    return Ok(false);
                }
                (Some(crash), Some(row)) if row > crash => self.add_crash(&mut counting)?,
                (Some(_), None) => self.add_crash(&mut counting)?,
                (_, Some(_)) => self.add_metrics(&mut counting)?,
            }
        }
        self.counting = Some(counting);
        Ok(true)
    }

    fn add_crash(&mut self, counting: &mut Counting) -> Result<()> {
        let Some(crash) = counting.ready.pop_front() else { return Ok(()) };
        let Counted { key, counters, is_settled } = crash;
        self.close_periods(&key)?;
        for length in BUCKETS {
            let Some(name) = key.get(..length) else { continue };
            let open = self.next.open.entry(length).or_default();
            name.clone_into(&mut open.name);
            open.is_unsettled |= !is_settled;
            for counter in &counters {
                open.expected.add(counter.clone());
            }
        }
        self.next.after = key.into_bytes();
        Ok(())
    }

    fn add_metrics(&mut self, counting: &mut Counting) -> Result<()> {
        let Some(row) = counting.next_metrics.take() else { return Ok(()) };
        self.next.metrics_after = row.key().to_vec();
        self.rows += 1;
        let horizon = self.next.horizon.unwrap_or(i64::MIN);
        let is_settled = row.cells().all(|cell| cell.timestamp() < horizon);
        let (stored, malformed) = SubmissionCounters::of_sound_cells(&row);
        let name = str::from_utf8(row.key()).unwrap_or_default();
        let is_sizes = name == keys::QUEUE_SIZES_ROW && self.range == TimeRange::all();
        let period = name.parse::<Period>().ok();
        let mut has_malformed = false;
        if is_settled && (is_sizes || period.is_some() && self.range.covers(name)) {
            for column in malformed.into_iter().filter(|column| is_ours(column)) {
                has_malformed = true;
                self.found.push_back(Finding::of_malformed_counter(row.key(), column));
            }
        }
        let Some(period) = period else { return Ok(()) };
        self.close_periods(period.as_str())?;
        let open = self.next.open.entry(period.as_str().len()).or_default();
        period.as_str().clone_into(&mut open.name);
        open.stored = stored;
        // What is no counter is taken away first.
        open.is_unsettled |= !is_settled || has_malformed;
        Ok(())
    }

    /// Closes all periods that a key doesn't lie in.
    fn close_periods(&mut self, key: &str) -> Result<()> {
        let over =
            |_: &usize, open: &mut OpenPeriod| key.is_empty() || !key.starts_with(&open.name);
        let closed: Vec<_> = self.next.open.extract_if(.., over).collect();
        for (_, period) in closed {
            let is_comparable = !period.is_unsettled && self.is_over(&period.name);
            if is_comparable && self.range.covers(&period.name) {
                self.compare(&period)?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, period: &OpenPeriod) -> Result<()> {
        let names: BTreeSet<&str> = [&period.expected, &period.stored]
            .into_iter()
            .flat_map(|counters| counters.iter().map(|(name, _)| name))
            .filter(|name| is_of_submissions(name))
            .collect();
        let differences = names.into_iter().filter_map(|name| {
            let (stored, right) = (period.stored.find(name), period.expected.get(name));
            Finding::of_counter(&period.name, name, stored, right)
        });
        let differences: Vec<_> = differences.collect();
        if !differences.is_empty() && !self.has_moved(&period.name)? {
            self.found.extend(differences);
        }
        Ok(())
    }

    /// Whether one of a period's counters has moved since the part began: a crash that was removed
    /// meanwhile is gone from the index, and was still counted when the counters were read.
    fn has_moved(&self, period: &str) -> Result<bool> {
        let counters = Get::new(period).family("counters");
        let row = self.store.table(schema::METRICS).get(&counters).map_err(not_scanned)?;
        let horizon = self.next.horizon.unwrap_or(i64::MIN);
        Ok(row.is_some_and(|row| row.cells().any(|cell| cell.timestamp() >= horizon)))
    }
}

impl Counting {
    fn open(check: &Check) -> Result<Self> {
        let after = String::from_utf8_lossy(&check.next.after).into_owned();
        let range =
            if after.is_empty() { TimeRange::all() } else { TimeRange::all().after(&after) };
        let mut start = check.next.metrics_after.clone();
        if !start.is_empty() {
            start.push(0);
        }
        let scan = Scan::new().start(start).family("counters").cache_blocks(false);
        let metrics = check.store.table(schema::METRICS).scan(scan).map_err(not_scanned)?;
        let crashes = check.store.scan_times(schema::SUBMITTED_TIME, &range)?;
        Ok(Self { crashes, ready: VecDeque::new(), metrics, next_metrics: None })
    }

    /// Sees to it that the next of each stream is there, unless it has ended.
    fn fill(&mut self, check: &mut Check) -> Result<()> {
        if self.next_metrics.is_none() {
            self.next_metrics = self.metrics.next().transpose().map_err(not_scanned)?;
        }
        while self.ready.is_empty() {
            let entries = self.next_entries()?;
            if entries.is_empty() {
                return Ok(());
            }
            check.rows += entries.len() as u64;
            let ooids: Vec<Ooid> = entries.iter().map(|entry| entry.ooid).collect();
            let rows = check.store.read_rows(&ooids, &STATE_COLUMNS)?;
            let horizon = check.next.horizon.unwrap_or(i64::MIN);
            let counted = entries.iter().zip(rows).filter_map(|(entry, row)| {
                let stored = StoredCrash::of_row(&row?);
                // What is still marked may be submitted again, and is counted then.
                let is_over = !stored.is_uncounted || horizon == i64::MAX;
                let is_settled = stored.written < horizon && is_over;
                Some(Counted { is_settled, ..counted(entry, &stored)? })
            });
            self.ready.extend(counted);
        }
        Ok(())
    }

    /// What names no crash was found by an earlier part.
    fn next_entries(&mut self) -> Result<Vec<IndexEntry>> {
        let is_malformed = |error: &Error| error.kind() == ErrorKind::MalformedIndex;
        self.crashes
            .by_ref()
            .filter(|entry| !entry.as_ref().is_err_and(is_malformed))
            .take(ROWS_AT_ONCE as usize)
            .collect()
    }
}

/// A crash that is named there rightly.
fn counted(entry: &IndexEntry, stored: &StoredCrash) -> Option<Counted> {
    let submitted = stored.traits.submitted.as_deref()?;
    let key = keys::time_row(&entry.ooid, submitted);
    let is_counted = stored.is_submitted && key.as_bytes() == entry.key;
    let counters = counters_of(&stored.traits, stored.legacy_processing);
    is_counted.then(|| Counted { key: key[1..].to_owned(), counters, is_settled: true })
}

fn is_ours(column: &str) -> bool {
    is_of_submissions(column)
        || [keys::UNPROCESSED_SIZE, keys::LEGACY_UNPROCESSED_SIZE].contains(&column)
}

/// Other counters may stand there too, and are others' business.
fn is_of_submissions(column: &str) -> bool {
    let (before, after) = keys::OUT_OF_PROCESS;
    column == keys::SUBMITTED
        || column == keys::HANG_PAIRS
        || column.starts_with(keys::THROTTLED)
        || (column.starts_with(before) && column.ends_with(after))
}
