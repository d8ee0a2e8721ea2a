//! The third part: the index of submission times names crashes that belong there, and the counters of
//! each period are at least those of the crashes that were submitted in it. Counters are history:
//! crashes that were removed or have expired stay counted.
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

use hbase_thrift_client::{Get, MergeScan, Row, Scan, Scanner};

use super::{Check, ROWS_AT_ONCE, position::OpenPeriod};
use crate::{
    counters::SubmissionCounters,
    endpoints::not_scanned,
    error::Result,
    layout,
    lifecycle::{Problem, StoredCrash},
    model::{Period, TimeRange},
};

/// The two streams.
pub(super) struct Counting {
    index: MergeScan,
    /// The next rows of it.
    ready: VecDeque<Named>,
    metrics: Scanner,
    next_metrics: Option<Row>,
}

/// A row of the index that was checked. What it has found is handed out as it is passed, so that a check
/// which goes on from there finds neither too much nor too little.
struct Named {
    /// Without the salt.
    key: Vec<u8>,
    problems: Vec<Problem>,
    /// The crash that it names rightly.
    counted: Option<Counted>,
}

/// What a crash adds to counters.
struct Counted {
    /// By their rows.
    counters: Vec<(String, String)>,
    /// Whether its submission is surely over, counters included.
    is_settled: bool,
}

impl Check {
    /// Returns whether there is more.
    pub(super) fn check_times(&mut self) -> Result<bool> {
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
            let named = counting.ready.front().map(|named| named.key.as_slice());
            let metrics = counting.next_metrics.as_ref().map(Row::key);
            match (named, metrics) {
                (None, None) => {
                    self.close_periods(b"")?;
                    return Ok(false);
                }
                (Some(named), Some(row)) if row > named => self.pass(&mut counting)?,
                (Some(_), None) => self.pass(&mut counting)?,
                (_, Some(_)) => self.add_metrics(&mut counting)?,
            }
        }
        self.counting = Some(counting);
        Ok(true)
    }

    fn pass(&mut self, counting: &mut Counting) -> Result<()> {
        let Some(named) = counting.ready.pop_front() else { return Ok(()) };
        let Named { key, problems, counted } = named;
        self.found.extend(problems);
        if let Some(Counted { counters, is_settled }) = counted {
            self.close_periods(&key)?;
            for (period, counter) in counters {
                let open = self.next.open.entry(period.len()).or_default();
                open.name = period;
                open.is_unsettled |= !is_settled;
                open.expected.add(counter);
            }
        }
        self.next.after = key;
        Ok(())
    }

    fn add_metrics(&mut self, counting: &mut Counting) -> Result<()> {
        let Some(row) = counting.next_metrics.take() else { return Ok(()) };
        self.next.metrics_after = row.key().to_vec();
        self.rows += 1;
        let horizon = self.next.horizon.unwrap_or(i64::MIN);
        let is_settled = row.cells().all(|cell| cell.timestamp() < horizon);
        let stored = SubmissionCounters::of_row(&row);
        let name = str::from_utf8(row.key()).unwrap_or_default();
        let is_sizes = name == layout::QUEUE_SIZES_ROW && self.range == TimeRange::all();
        let period = name.parse::<Period>().ok();
        if is_settled && (is_sizes || period.is_some() && self.range.covers(name)) {
            let sizes = [layout::UNPROCESSED_SIZE, layout::LEGACY_UNPROCESSED_SIZE];
            let sizes = sizes.into_iter().filter(|size| stored.is_unknown(size));
            for column in stored.unknown().chain(sizes) {
                let column = column.to_owned();
                self.found.push_back(Problem::of_malformed_counter(row.key(), column));
            }
        }
        let Some(period) = period else { return Ok(()) };
        self.close_periods(period.as_str().as_bytes())?;
        let open = self.next.open.entry(period.as_str().len()).or_default();
        period.as_str().clone_into(&mut open.name);
        open.stored = stored;
        open.is_unsettled |= !is_settled;
        Ok(())
    }

    /// Closes all periods that a key doesn't lie in.
    fn close_periods(&mut self, key: &[u8]) -> Result<()> {
        let over = |_: &usize, open: &mut OpenPeriod| {
            key.is_empty() || !key.starts_with(open.name.as_bytes())
        };
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
            // What is no counter was named, and is taken away before it can be compared.
            .filter(|name| layout::is_of_submissions(name) && !period.stored.is_unknown(name))
            .collect();
        let differences = names.into_iter().filter_map(|name| {
            let (stored, right) = (period.stored.find(name), period.expected.get(name));
            Problem::of_counter(&period.name, name, stored, right)
                .filter(|problem| problem.difference > 0)
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
        let row = self.store.table(layout::METRICS).get(&counters).map_err(not_scanned)?;
        let horizon = self.next.horizon.unwrap_or(i64::MIN);
        Ok(row.is_some_and(|row| row.cells().any(|cell| cell.timestamp() >= horizon)))
    }
}

impl Counting {
    fn open(check: &Check) -> Result<Self> {
        let behind = |key: &[u8]| if key.is_empty() { Vec::new() } else { [key, &[0]].concat() };
        let after = |key: &[u8]| Scan::new().start(behind(key)).cache_blocks(false);
        let scan = after(&check.next.metrics_after).family("counters");
        let metrics = check.store.table(layout::METRICS).scan(scan).map_err(not_scanned)?;
        let salts = check.store.salts(layout::SUBMITTED_TIME)?;
        let scan = after(&check.next.after).family("ids");
        let table = check.store.table(layout::SUBMITTED_TIME);
        let index = table.scan_merge(salts, check.store.salted(scan)).map_err(not_scanned)?;
        Ok(Self { index, ready: VecDeque::new(), metrics, next_metrics: None })
    }

    /// Sees to it that the next of each stream is there, unless it has ended.
    fn fill(&mut self, check: &mut Check) -> Result<()> {
        if self.next_metrics.is_none() {
            self.next_metrics = self.metrics.next().transpose().map_err(not_scanned)?;
        }
        if !self.ready.is_empty() {
            return Ok(());
        }
        let rows = self.index.by_ref().take(ROWS_AT_ONCE as usize);
        let rows: hbase_thrift_client::Result<Vec<Row>> = rows.collect();
        let rows = rows.map_err(not_scanned)?;
        check.rows += rows.len() as u64;
        let horizon = check.next.horizon.unwrap_or(i64::MIN);
        let already = check.found.len();
        let crashes = check.check_rows(layout::SUBMITTED_TIME, &rows)?;
        let mut problems = Vec::from(check.found.split_off(already));
        let mut crashes = crashes.into_iter().peekable();
        for row in rows {
            let is_of_row = |problem: &mut Problem| problem.row == row.key();
            let named = std::iter::from_fn(|| crashes.next_if(|(cell, _)| cell.row == row.key()));
            let mut rightly = named.filter(|(_, stored)| stored.is_at(row.key()));
            let counted = rightly.next().map(|(_, stored)| Counted::new(&stored, horizon));
            rightly.for_each(drop);
            self.ready.push_back(Named {
                key: row.key().get(1..).unwrap_or_default().to_vec(),
                problems: problems.extract_if(.., is_of_row).collect(),
                counted,
            });
        }
        Ok(())
    }
}

impl Counted {
    fn new(stored: &StoredCrash, horizon: i64) -> Self {
        // What is still marked may be submitted again, and is counted then.
        let is_over = !stored.is_uncounted || horizon == i64::MAX;
        let is_settled = stored.written < horizon && is_over;
        Self { counters: stored.counters(), is_settled }
    }
}
