//! Which cells no read returns any more: hidden by deletes or by newer versions, or past their time.
//!
//! They are dropped when the storage is compacted, as HBase drops them then. Deletes themselves stay
//! until somebody asks for a compaction, because they hide puts that are yet to come.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::family::Family;
use super::keys::{self, Parts};
use super::matcher::{Matcher, Wanted};
use super::request::TimeRange;
use super::sequences::Sequences;
use super::value;
use crate::clock::Clock;

/// What has to be known about all spaces to drop cells of them.
pub(super) struct Purge {
    families: RwLock<HashMap<String, Arc<[Family]>>>,
    sequences: Sequences,
    clock: Clock,
    stopping: Arc<AtomicBool>,
}

impl Purge {
    pub(super) fn new(sequences: Sequences, clock: Clock) -> Self {
        Self { families: RwLock::default(), sequences, clock, stopping: Arc::default() }
    }

    /// Lets all passes be given up.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Returns what says whether the server is being stopped.
    pub(super) fn stopping(&self) -> &Arc<AtomicBool> {
        &self.stopping
    }

    /// Lets cells of a space be dropped, which has these families.
    pub(super) fn add(&self, space: &str, families: &[Family]) {
        let mut all = self.families.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(space.to_owned(), families.into());
    }

    pub(super) fn remove(&self, space: &str) {
        self.families.write().unwrap_or_else(PoisonError::into_inner).remove(space);
    }

    /// Begins a pass over cells in their order.
    pub(super) fn begin(&self, space: &str) -> Drops {
        let families = self.families.read().unwrap_or_else(PoisonError::into_inner);
        let families = families.get(space).cloned().unwrap_or_default();
        let now = self.clock.now_millis();
        let matcher = |family: &Family| {
            let (columns, time) = (None, TimeRange::ALL);
            Matcher::new(
                family,
                Wanted { columns, time, versions: usize::MAX, is_filtered: false },
                now,
            )
        };
        Drops {
            matchers: families.iter().map(matcher).collect(),
            settled: self.sequences.settled(),
            stopping: Arc::clone(&self.stopping),
            present: None,
            row: Vec::new(),
            versions: Versions::default(),
        }
    }
}

/// Whether a cell's value is needed for [`Drops::check`]: it may have a time to live.
pub(super) fn needs_value(key: &[u8]) -> bool {
    keys::parse(key).is_some_and(|cell| cell.kind.is_delete() || cell.may_be_limited())
}

/// A pass over cells.
pub(super) struct Drops {
    matchers: Vec<Matcher>,
    /// Later writes are not counted: somebody may not see them.
    settled: u64,
    stopping: Arc<AtomicBool>,
    /// The family of the row that the last cell was of.
    present: Option<u16>,
    row: Vec<u8>,
    versions: Versions,
}

/// The puts of a column that are kept.
#[derive(Default)]
struct Versions {
    qualifier: Vec<u8>,
    /// The number of the earliest write among them.
    first: Option<u64>,
}

/// What may be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    No,
    Cell,
    /// A put that something hides which was written before it: a delete with a later timestamp, or
    /// newer versions. They may have been removed before the put came. A compaction doesn't see
    /// that, because what was removed lies in its files for a while, so it must keep the put.
    Late,
    /// One that hides others up to this time, and may go only together with all that it hides.
    Delete(i64),
}

impl Drops {
    /// Whether the server is being stopped, so that nobody needs the rest of the pass.
    pub(super) fn is_given_up(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether a cell is of the row of the last one.
    pub(super) fn is_in_present_row(&self, key: &[u8]) -> bool {
        !self.row.is_empty() && key.starts_with(&self.row)
    }

    /// Whether a cell may be dropped; its value is looked at if [`needs_value`] says so.
    pub(super) fn check(&mut self, key: &[u8], value: Option<&[u8]>) -> Dropped {
        let Some(cell) = keys::parse(key) else { return Dropped::No };
        let Some(matcher) = self.matchers.get_mut(usize::from(cell.family)) else {
            return Dropped::No;
        };
        if cell.sequence > self.settled {
            return Dropped::No;
        }
        if self.present != Some(cell.family) || self.row != cell.row_prefix {
            self.present = Some(cell.family);
            self.row.clear();
            self.row.extend_from_slice(cell.row_prefix);
            self.versions = Versions::default();
            matcher.begin_row();
        }
        let stored = value.and_then(|value| value::decode(value).ok());
        let step = matcher.check(&cell, stored.as_ref());
        if cell.kind.is_delete() {
            return Dropped::Delete(cell.timestamp);
        }
        if step.includes() {
            self.versions.add(&cell);
            return Dropped::No;
        }
        let hidden_since = matcher.hidden_since(&cell).or_else(|| self.versions.first_of(&cell));
        let is_late = hidden_since.is_none_or(|since| since < cell.sequence);
        if is_late && !matcher.is_over(&cell, stored.as_ref()) {
            return Dropped::Late;
        }
        Dropped::Cell
    }
}

impl Versions {
    fn add(&mut self, put: &Parts<'_>) {
        if self.qualifier != put.escaped_qualifier {
            self.qualifier.clear();
            self.qualifier.extend_from_slice(put.escaped_qualifier);
            self.first = None;
        }
        self.first = Some(self.first.map_or(put.sequence, |first| first.min(put.sequence)));
    }

    fn first_of(&self, put: &Parts<'_>) -> Option<u64> {
        self.first.filter(|_| self.qualifier == put.escaped_qualifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VirtualClock;
    use crate::model::cell::CellType;

    const SPACE: &str = "table-1";
    const NOW: i64 = 1_000_000;

    /// What becomes of cells of one column, given as type, timestamp and number, in their order.
    fn check(cells: &[(CellType, i64, u64)]) -> Vec<Dropped> {
        let mut drops = begin(i32::MAX);
        cells.iter().map(|cell| drops.check(&key(cell), None)).collect()
    }

    /// A pass over cells of a family with a time to live, in seconds.
    fn begin(time_to_live: i32) -> Drops {
        let sequences = Sequences::starting_at(2);
        sequences.skip_to(100);
        let purge = Purge::new(sequences, Clock::Virtual(VirtualClock::new(NOW)));
        let family = Family {
            name: b"f".to_vec(),
            max_versions: 1,
            time_to_live,
            compression: String::new(),
            bloom_filter: String::new(),
            in_memory: false,
            block_cache: false,
        };
        purge.add(SPACE, &[family]);
        purge.begin(SPACE)
    }

    fn key(&(kind, time, number): &(CellType, i64, u64)) -> Vec<u8> {
        let qualifier: &[u8] = if kind == CellType::DeleteFamily { b"" } else { b"q" };
        keys::cell(&keys::column(&keys::row(b"r"), 0, qualifier), time, kind, number)
    }

    #[test]
    fn a_put_that_came_after_what_hides_it_is_late() {
        use CellType::{DeleteColumn, DeleteFamily, Put};
        for delete in [DeleteColumn, DeleteFamily] {
            let said = check(&[(delete, 50, 10), (Put, 40, 12), (Put, 30, 8)]);
            assert_eq!(said, [Dropped::Delete(50), Dropped::Late, Dropped::Cell]);
            // The later one of two deletes hides what came between them.
            let said = check(&[(delete, 50, 14), (delete, 45, 10), (Put, 40, 12)]);
            assert_eq!(said[2], Dropped::Cell);
        }
        let said = check(&[(Put, 50, 10), (Put, 40, 12), (Put, 30, 8)]);
        assert_eq!(said, [Dropped::No, Dropped::Late, Dropped::Cell]);
        // One that was written together with it is not.
        let said = check(&[(DeleteColumn, 50, 10), (Put, 40, 10)]);
        assert_eq!(said[1], Dropped::Cell);
    }

    #[test]
    fn what_is_past_its_time_is_dropped_however_late_it_came() {
        use CellType::{DeleteColumn, Put};
        let oldest = NOW - 10_000;
        let family = |cells: &[(CellType, i64, u64)]| {
            let mut drops = begin(10);
            cells.iter().map(|cell| drops.check(&key(cell), None)).collect::<Vec<_>>()
        };
        let said = family(&[(Put, oldest, 8), (Put, oldest - 1, 12), (Put, oldest - 50, 12)]);
        assert_eq!(said, [Dropped::No, Dropped::Cell, Dropped::Cell]);
        let said = family(&[(DeleteColumn, oldest, 8), (Put, oldest, 12), (Put, oldest - 1, 12)]);
        assert_eq!(said, [Dropped::Delete(oldest), Dropped::Late, Dropped::Cell]);

        // A time of its own, of which the value says how long it is.
        let mut drops = begin(i32::MAX);
        for (time, dropped) in [(NOW - 5, Dropped::No), (NOW - 6, Dropped::Cell)] {
            let key = key(&(Put, time, keys::limited(12)));
            assert!(needs_value(&key));
            assert_eq!(drops.check(&key, Some(&value::encode(Some(5), b"v"))), dropped);
        }
        assert!(!needs_value(&key(&(Put, 1, 12))) && needs_value(&key(&(DeleteColumn, 1, 12))));
    }

    #[test]
    fn a_table_that_is_gone_or_has_other_families_loses_nothing() {
        use CellType::Put;
        let sequences = Sequences::starting_at(2);
        let purge = Purge::new(sequences, Clock::Virtual(VirtualClock::new(NOW)));
        let mut drops = purge.begin(SPACE);
        assert!(!drops.is_in_present_row(&key(&(Put, 2, 1))));
        assert_eq!(drops.check(&key(&(Put, 2, 1)), None), Dropped::No);
        assert_eq!(drops.check(b"no key", None), Dropped::No);
        purge.add(SPACE, &[]);
        purge.remove(SPACE);
        assert!(purge.families.read().unwrap().is_empty());
        let mut drops = begin(i32::MAX);
        drops.check(&key(&(Put, 2, 1)), None);
        assert!(drops.is_in_present_row(&key(&(Put, 1, 1))));
        assert!(!drops.is_in_present_row(&keys::row(b"ra")));
    }

    #[test]
    fn what_a_read_may_not_see_drops_nothing_and_is_not_dropped() {
        use CellType::{DeleteColumn, Put};
        let said = check(&[(DeleteColumn, 50, 100), (Put, 40, 8), (Put, 30, 6)]);
        assert_eq!(said, [Dropped::No, Dropped::No, Dropped::Cell]);
    }
}
