//! Row locks, striped: a write holds the stripes of its rows from its first read to its commit.
//!
//! A stripe also gives times. HBase hides a put of the millisecond of a delete, and keeps one of
//! the puts of a cell in one millisecond; calls here take less than that, so by default a put gets
//! a later one ([`HBaseTiming`]).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

const STRIPES: usize = 1024;
/// From so many rows on a stripe forgets those whose times are past.
const MANY_ROWS: usize = 16;
/// More rows than this a stripe doesn't remember, whatever their times.
const MOST_ROWS: usize = 128;
/// In milliseconds. A time that is further ahead of the clock comes from a client's own timestamps.
/// Deletes don't follow it there: once it was forgotten, they would hide everything put since.
const FAR_AHEAD: i64 = 60_000;
/// The times of this many columns of a row are remembered; all others share one.
const MANY_COLUMNS: usize = 16;

/// What a put without a timestamp gets that comes in the millisecond of an earlier write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HBaseTiming {
    /// A later millisecond than the last put of its cell and the last delete of its row, so that
    /// no put is hidden and each is a version, as if calls took as long as HBase's.
    #[default]
    Later,
    /// The clock's millisecond, as HBase does: a delete of that millisecond hides it, and of puts
    /// of one cell the last one is kept.
    Exact,
}

/// The locks of all rows of all tables.
pub(super) struct Locks {
    stripes: Vec<Mutex<Times>>,
    timing: HBaseTiming,
}

/// The last times that were given to rows, by their hashes.
type Times = HashMap<u64, RowTimes>;

#[derive(Debug, Default)]
struct RowTimes {
    put: i64,
    delete: i64,
    /// For each column by its hash, with the number of the write.
    columns: HashMap<u64, (i64, u64)>,
    /// Of the columns that have none there.
    others: Option<(i64, u64)>,
}

impl Locks {
    pub(super) fn new(timing: HBaseTiming) -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::default()).collect(), timing }
    }

    /// Waits for these rows of a table; always in the same order, so that nobody waits in a circle.
    pub(super) fn lock<'a>(&self, table: u64, rows: impl Iterator<Item = &'a [u8]>) -> Held<'_> {
        let mut stripes: Vec<usize> = rows.map(|row| stripe(hash(&(table, row)))).collect();
        stripes.sort_unstable();
        stripes.dedup();
        let held = stripes.into_iter().map(|stripe| {
            // Times are plain numbers: a panic elsewhere leaves them usable.
            let times = self.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner);
            (stripe, times)
        });
        Held { table, stripes: held.collect(), timing: self.timing }
    }
}

/// Locked rows.
pub(super) struct Held<'a> {
    table: u64,
    stripes: Vec<(usize, MutexGuard<'a, Times>)>,
    timing: HBaseTiming,
}

impl Held<'_> {
    /// The timestamp of a put, no earlier than `not_before`, when the clock shows `now`.
    pub(super) fn put_time(
        &mut self,
        row: &[u8],
        column: (u16, &[u8]),
        (now, not_before): (i64, i64),
        write: u64,
    ) -> i64 {
        let earliest = now.max(not_before);
        if earliest.saturating_sub(now) > FAR_AHEAD {
            return earliest;
        }
        let Some(times) = self.times(row, now) else { return earliest };
        let column = hash(&column);
        let none = (i64::MIN, write);
        let last = if times.columns.len() < MANY_COLUMNS || times.columns.contains_key(&column) {
            times.columns.entry(column).or_insert(none)
        } else {
            times.others.get_or_insert(none)
        };
        // Puts of one write are one version.
        let after_put = if last.1 == write { last.0 } else { last.0.saturating_add(1) };
        let time = earliest.max(times.delete.saturating_add(1)).max(after_put);
        *last = (time, write);
        times.put = times.put.max(time);
        time
    }

    /// The timestamp of a delete when the clock shows `now`: it covers the puts before it.
    pub(super) fn delete_time(&mut self, row: &[u8], now: i64) -> i64 {
        let Some(times) = self.times(row, now) else { return now };
        let time = now.max(times.put);
        times.delete = times.delete.max(time);
        time
    }

    /// The times of a row, if they are looked at.
    fn times(&mut self, row: &[u8], now: i64) -> Option<&mut RowTimes> {
        if self.timing == HBaseTiming::Exact {
            return None;
        }
        let row = hash(&(self.table, row));
        let (_, times) = self.stripes.iter_mut().find(|(held, _)| *held == stripe(row))?;
        if times.len() >= MANY_ROWS {
            times.retain(|_, times| times.put.max(times.delete) >= now);
            if times.len() >= MOST_ROWS && !times.contains_key(&row) {
                return None;
            }
        }
        let times = times.entry(row).or_default();
        if times.put.max(times.delete) < now {
            (times.columns, times.others) = (HashMap::new(), None);
        }
        Some(times)
    }
}

fn stripe(hash: u64) -> usize {
    hash as usize % STRIPES
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(locks: &Locks) -> Held<'_> {
        locks.lock(1, [&b"r"[..]].into_iter())
    }

    #[test]
    fn a_put_after_a_delete_is_newer_and_a_delete_covers_the_put_before() {
        let locks = Locks::new(HBaseTiming::Later);
        let mut held = lock(&locks);
        let column = (0, &b"q"[..]);
        assert_eq!(held.put_time(b"r", column, (100, 0), 1), 100);
        assert_eq!(held.delete_time(b"r", 100), 100);
        assert_eq!(held.put_time(b"r", column, (100, 0), 2), 101);
        assert_eq!(held.delete_time(b"r", 100), 101);
        assert_eq!(held.put_time(b"r", column, (200, 0), 3), 200);
    }

    #[test]
    fn each_put_of_a_cell_gets_a_time_of_its_own_unless_they_are_one_write() {
        let locks = Locks::new(HBaseTiming::Later);
        let mut held = lock(&locks);
        let (column, other) = ((0, &b"q"[..]), (0, &b"other"[..]));
        assert_eq!(held.put_time(b"r", column, (100, 0), 1), 100);
        assert_eq!(held.put_time(b"r", column, (100, 0), 1), 100);
        assert_eq!(held.put_time(b"r", column, (100, 0), 2), 101);
        assert_eq!(held.put_time(b"r", other, (100, 0), 2), 100);
        assert_eq!(held.put_time(b"r", column, (101, 0), 3), 102);
    }

    #[test]
    fn of_many_columns_few_are_remembered_and_all_get_later_times() {
        let locks = Locks::new(HBaseTiming::Later);
        let mut held = lock(&locks);
        let names: Vec<_> = (0..1_000_u32).map(u32::to_be_bytes).collect();
        for write in 1..4 {
            for name in &names {
                let time = held.put_time(b"r", (0, name), (100, 0), write);
                assert_eq!(time, 99 + i64::try_from(write).unwrap());
            }
        }
        assert_eq!(held.times(b"r", 100).unwrap().columns.len(), MANY_COLUMNS);
        held.put_time(b"r", (0, b"q"), (200, 0), 4);
        assert_eq!(held.times(b"r", 200).unwrap().columns.len(), 1);
    }

    #[test]
    fn a_time_far_ahead_of_the_clock_is_given_and_not_remembered() {
        let locks = Locks::new(HBaseTiming::Later);
        let mut held = lock(&locks);
        let column = (0, &b"q"[..]);
        let (near, far) = (100 + FAR_AHEAD, 101 + FAR_AHEAD);
        assert_eq!(held.put_time(b"r", column, (100, far), 1), far);
        assert_eq!(held.delete_time(b"r", 100), 100);
        assert_eq!(held.put_time(b"r", column, (100, near), 2), near);
        assert_eq!(held.delete_time(b"r", 100), near);
    }

    #[test]
    fn rows_that_are_ahead_of_the_clock_are_remembered_up_to_a_number() {
        let locks = Locks::new(HBaseTiming::Later);
        for row in 0..300_000_u32 {
            let row = row.to_be_bytes();
            let mut held = locks.lock(1, [&row[..]].into_iter());
            assert_eq!(held.put_time(&row, (0, b"q"), (100, 200), 1), 200);
        }
        let remembered = |stripe: &Mutex<Times>| stripe.lock().map_or(0, |times| times.len());
        // Each stripe met some 290 of them.
        assert!(locks.stripes.iter().map(remembered).all(|rows| rows == MOST_ROWS));
        // When their time is past, they make room.
        for row in 0..100_000_u32 {
            let (row, now) = (row.to_be_bytes(), 300 + i64::from(row) / 100);
            let mut held = locks.lock(1, [&row[..]].into_iter());
            assert_eq!(held.put_time(&row, (0, b"q"), (now, 0), 1), now);
        }
        assert!(locks.stripes.iter().map(remembered).all(|rows| rows < MOST_ROWS));
    }

    #[test]
    fn exact_timing_gives_the_clocks_time() {
        let locks = Locks::new(HBaseTiming::Exact);
        let mut held = lock(&locks);
        let column = (0, &b"q"[..]);
        assert_eq!(held.put_time(b"r", column, (100, 0), 1), 100);
        assert_eq!(held.delete_time(b"r", 100), 100);
        assert_eq!(held.put_time(b"r", column, (100, 0), 2), 100);
    }

    #[test]
    fn the_same_row_twice_is_locked_once() {
        let locks = Locks::new(HBaseTiming::default());
        let held = locks.lock(1, [&b"r"[..], b"r"].into_iter());
        assert_eq!(held.stripes.len(), 1);
    }
}
