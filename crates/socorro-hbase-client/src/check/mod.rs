//! Checking that crashes, indexes, queues and counters agree.
//!
//! Indexes without transactions drift: a program that dies between two writes is enough. The check
//! reads everything once, in parts: crash rows, then each index and queue, then the index of submission
//! times side by side with the counters, then the queues' sizes. It holds a batch of rows at a time, and leaves alone what has changed lately,
//! since that may be under way. What is wrong and how it is repaired is left to `lifecycle`.

mod crashes;
mod indexes;
mod position;
mod sizes;
mod times;

pub use position::{CheckPosition, CheckPositionError};

use std::{collections::VecDeque, fmt, time::Duration};

use hbase_thrift_client::{Row, Scan, Scanner};
use time::OffsetDateTime;

use crate::{
    endpoints::not_scanned,
    error::Result,
    lifecycle::{self, Problem, RepairOutcome},
    model::{SubmittedTimestamp, TimeRange},
    store::CrashStore,
};
use position::Part;
use times::Counting;

/// What a check looks at.
///
/// ```
/// use std::time::Duration;
/// use socorro_hbase_client::{CheckOptions, TimeRange};
///
/// let options = CheckOptions::new()
///     .range(TimeRange::within("2012-05"))
///     .settled_for(Duration::from_secs(3600));
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct CheckOptions {
    range: TimeRange,
    settled_for: Duration,
    position: CheckPosition,
}

/// A check under way: an iterator of what it finds. [`CrashStore::check`].
///
/// Ends after the first error; [`position`](Self::position) lets another check go on there.
pub struct Check {
    store: CrashStore,
    range: TimeRange,
    settled_for: Duration,
    position: CheckPosition,
    /// Where the batch begins that follows those whose problems were handed out.
    next: CheckPosition,
    counting: Option<Counting>,
    /// The part's table while it is scanned.
    rows_of_part: Option<Scanner>,
    unsearchable: u64,
    found: VecDeque<Problem>,
    rows: u64,
    is_done: bool,
}

/// How far a check has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckProgress {
    /// The table that is being read.
    pub table: &'static str,
    /// Which part of the check it is, counted from 1.
    pub part: usize,
    /// How many parts there are.
    pub parts: usize,
    /// How many rows were read in all, by this check.
    pub rows: u64,
    /// How much of the whole is done, as far as the rows' keys tell: crashes are spread evenly.
    pub percent: u8,
    /// How many crashes lack the row by which they are found in searches: no problem, and
    /// [`CrashStore::reindex`] writes them.
    pub unsearchable: u64,
}

/// How many rows are compared with what belongs to them at a time.
const ROWS_AT_ONCE: u32 = 256;

impl Default for CheckOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl CheckOptions {
    /// Everything that hasn't changed for ten minutes, from the beginning.
    pub fn new() -> Self {
        Self {
            range: TimeRange::all(),
            settled_for: Duration::from_mins(10),
            position: CheckPosition::default(),
        }
    }

    /// Only crashes that were submitted in this range. The tables are read as a whole all the same;
    /// of the counters, those of periods that the range covers are compared, of the queues no sizes.
    pub fn range(mut self, range: TimeRange) -> Self {
        self.range = range;
        self
    }

    /// Leaves alone what was written within this time; 10 minutes. It has to be longer than a
    /// submission or any other operation takes, retries included, and than this clock and the
    /// servers' disagree.
    ///
    /// Of the counters, those are compared that haven't moved for so long, nor any of their crashes,
    /// and whose period is over for so long; of the queues' sizes, those of queues that nothing has
    /// entered or left. Zero is for a store that nobody else writes to.
    pub fn settled_for(mut self, time: Duration) -> Self {
        self.settled_for = time;
        self
    }

    /// Goes on where another check stopped.
    pub fn resume(mut self, position: CheckPosition) -> Self {
        self.position = position;
        self
    }
}

/// # Upkeep
impl CrashStore {
    /// Checks that crashes, indexes, queues and counters agree. Reads everything but the dumps, and
    /// writes nothing.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CheckOptions, CrashStore};
    /// # fn tidy(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// for problem in store.check(&CheckOptions::new()) {
    ///     let problem = problem?;
    ///     println!("{problem}: {}", store.repair(&problem)?.name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(&self, options: &CheckOptions) -> Check {
        Check {
            store: self.clone(),
            range: options.range.clone(),
            settled_for: options.settled_for,
            position: options.position.clone(),
            next: options.position.clone(),
            counting: None,
            rows_of_part: None,
            unsearchable: 0,
            found: VecDeque::new(),
            rows: 0,
            is_done: false,
        }
    }

    /// Repairs one problem that a [`check`](Self::check) or a queue has found, if it still is one.
    ///
    /// Only what is certain is touched; a problem whose kind has an
    /// [`advice`](crate::ProblemKind::advice) is left to people. A missing index row is written; a row
    /// that names no crash, or one that doesn't belong there, is deleted, and of a queue counted down; a
    /// submission that stopped is finished: the crash is queued unless it is processed, and the check's
    /// part about counters counts it. A counter is set right if it hasn't moved since; what is no counter
    /// is deleted, for the next check to find how much is missing.
    ///
    /// May be done beside live traffic, and again after an error. What somebody else writes at the same
    /// moment stays. Returns whether it repaired the problem, found it solved, or left it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn repair(&self, problem: &Problem) -> Result<RepairOutcome> {
        lifecycle::repair(self, problem)
    }
}

impl Check {
    /// Where to go on: what was found since then is found again.
    pub fn position(&self) -> &CheckPosition {
        &self.position
    }

    /// How far the check has come.
    pub fn progress(&self) -> CheckProgress {
        let part = self.next.part;
        CheckProgress {
            table: part.table(),
            part: part.number() + 1,
            parts: Part::COUNT,
            rows: self.rows,
            percent: self.percent(),
            unsearchable: self.unsearchable,
        }
    }

    /// The problems of the next batch of rows, often none; `None` at the end.
    ///
    /// For programs that show how far a check is, or end it in between: as an iterator it comes back
    /// only with a problem. [`position`](Self::position) is after the batch then.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), which ends the check.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CheckOptions, CrashStore};
    /// # fn watch(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// let mut check = store.check(&CheckOptions::new());
    /// while let Some(problems) = check.next_batch()? {
    ///     println!("{} %, {} problems", check.progress().percent, problems.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_batch(&mut self) -> Result<Option<Vec<Problem>>> {
        if self.is_done {
            return Ok(None);
        }
        if self.found.is_empty() {
            self.step()?;
        }
        self.position = self.next.clone();
        Ok((!self.is_done).then(|| self.found.drain(..).collect()))
    }

    fn percent(&self) -> u8 {
        if self.next.part == Part::Done {
            return 100;
        }
        // Of a signature's row, it is some character, of which those that are digits come in between.
        let salt = match self.next.after.first() {
            None | Some(..=b'/') => 0,
            Some(digit @ b'0'..=b'9') => digit - b'0',
            Some(b':'..b'a') => 9,
            Some(letter @ b'a'..=b'f') => letter - b'a' + 10,
            Some(_) => 15,
        };
        let of_part = u32::from(salt) * 100 / 16;
        let part = u32::try_from(self.next.part.number()).unwrap_or_default();
        let parts = u32::try_from(Part::COUNT).unwrap_or(u32::MAX);
        u8::try_from((part * 100 + of_part) / parts).unwrap_or(100)
    }

    /// Reads the next batch, or finds that there is none.
    fn step(&mut self) -> Result<()> {
        self.position = self.next.clone();
        let goes_on = match self.next.part {
            Part::Crashes => self.check_crashes(),
            Part::Index(table) => self.check_index(table),
            Part::Times => self.check_times(),
            Part::Sizes => self.check_sizes(),
            Part::Done => {
                self.is_done = true;
                return Ok(());
            }
        };
        let goes_on = goes_on.inspect_err(|_| {
            self.is_done = true;
            // Half of a batch: another check finds all of it, from the position on.
            self.found.clear();
        })?;
        if !goes_on {
            self.rows_of_part = None;
            let queues = std::mem::take(&mut self.next.queues);
            self.next = CheckPosition { queues, ..CheckPosition::at(self.next.part.next()) };
        }
        Ok(())
    }

    /// The next rows of the part's table, in the order of their keys: each table is scanned once.
    fn read_part(&mut self, table: &str, columns: &[&str]) -> Result<Vec<Row>> {
        let scanner = match self.rows_of_part.take() {
            Some(scanner) => scanner,
            None => {
                let mut start = self.next.after.clone();
                if !start.is_empty() {
                    start.push(0);
                }
                let scan = Scan::new()
                    .start(start)
                    .columns(columns.iter().copied())
                    .caching(ROWS_AT_ONCE)
                    .read_ahead(false)
                    .cache_blocks(false);
                self.store.table(table).scan(scan).map_err(not_scanned)?
            }
        };
        let scanner = self.rows_of_part.insert(scanner);
        let rows: hbase_thrift_client::Result<Vec<Row>> =
            scanner.by_ref().take(ROWS_AT_ONCE as usize).collect();
        let rows = rows.map_err(not_scanned)?;
        if let Some(last) = rows.last() {
            self.next.after = last.key().to_vec();
        }
        self.rows += rows.len() as u64;
        Ok(rows)
    }

    /// Whether a cell that was written at this time, in milliseconds since 1970, is old enough.
    fn is_settled(&self, written: i64) -> bool {
        written < self.settled_before()
    }

    /// What was written before this time, in milliseconds since 1970, is old enough now.
    fn settled_before(&self) -> i64 {
        if self.settled_for.is_zero() {
            return i64::MAX;
        }
        let millis = self.horizon().unix_timestamp_nanos() / 1_000_000;
        i64::try_from(millis).unwrap_or(i64::MIN)
    }

    /// Whether a period is over for long enough.
    fn is_over(&self, period: &str) -> bool {
        let horizon = SubmittedTimestamp::from(self.horizon());
        self.settled_for.is_zero()
            || horizon.as_str().get(..period.len()).is_some_and(|now| period < now)
    }

    fn horizon(&self) -> OffsetDateTime {
        let time = time::Duration::try_from(self.settled_for).ok();
        let horizon = time.and_then(|time| OffsetDateTime::now_utc().checked_sub(time));
        // Before there were computers to crash, nothing is settled.
        horizon.unwrap_or(OffsetDateTime::UNIX_EPOCH).max(OffsetDateTime::UNIX_EPOCH)
    }
}

impl Iterator for Check {
    type Item = Result<Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(problem) = self.found.pop_front() {
                return Some(Ok(problem));
            }
            if self.is_done {
                return None;
            }
            if let Err(error) = self.step() {
                return Some(Err(error));
            }
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("progress", &self.progress()).finish_non_exhaustive()
    }
}
