//! Row locks, striped: a write holds the stripes of its rows from its first read to its commit.
//!
//! A stripe also remembers the last times that the server gave, so that a put which follows a
//! delete is never as old as it: HBase hides such a put, and calls here take less than its
//! timestamps' millisecond.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

const STRIPES: usize = 1024;

/// The locks of all rows of all tables.
pub(crate) struct Stripes(Vec<Mutex<Times>>);

/// The newest timestamps that the server gave to rows of a stripe.
#[derive(Debug, Default)]
struct Times {
    put: i64,
    delete: i64,
}

impl Stripes {
    pub(crate) fn new() -> Self {
        Self((0..STRIPES).map(|_| Mutex::default()).collect())
    }

    /// Waits for these rows of a table; always in the same order, so that nobody waits in a circle.
    pub(crate) fn lock<'a>(&self, table: u64, rows: impl Iterator<Item = &'a [u8]>) -> Held<'_> {
        let mut stripes: Vec<usize> = rows.map(|row| stripe_of(table, row)).collect();
        stripes.sort_unstable();
        stripes.dedup();
        let held = stripes
            .into_iter()
            // Times are plain numbers: a panic elsewhere leaves them usable.
            .map(|stripe| (stripe, self.0[stripe].lock().unwrap_or_else(PoisonError::into_inner)))
            .collect();
        Held { table, held }
    }
}

/// Locked rows.
pub(crate) struct Held<'a> {
    table: u64,
    held: Vec<(usize, MutexGuard<'a, Times>)>,
}

impl Held<'_> {
    /// The timestamp for a put on this row when the clock shows `now`.
    pub(crate) fn put_time(&mut self, row: &[u8], now: i64) -> i64 {
        let Some(times) = self.times(row) else { return now };
        let time = now.max(times.delete.saturating_add(1));
        times.put = times.put.max(time);
        time
    }

    /// The timestamp for a delete on this row when the clock shows `now`.
    pub(crate) fn delete_time(&mut self, row: &[u8], now: i64) -> i64 {
        let Some(times) = self.times(row) else { return now };
        let time = now.max(times.put);
        times.delete = times.delete.max(time);
        time
    }

    fn times(&mut self, row: &[u8]) -> Option<&mut Times> {
        let stripe = stripe_of(self.table, row);
        self.held.iter_mut().find(|(held, _)| *held == stripe).map(|(_, times)| &mut **times)
    }
}

fn stripe_of(table: u64, row: &[u8]) -> usize {
    let mut hasher = DefaultHasher::new();
    (table, row).hash(&mut hasher);
    hasher.finish() as usize % STRIPES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_after_a_delete_is_newer_and_a_delete_covers_the_put_before() {
        let stripes = Stripes::new();
        let mut held = stripes.lock(1, [&b"r"[..]].into_iter());
        assert_eq!(held.put_time(b"r", 100), 100);
        assert_eq!(held.delete_time(b"r", 100), 100);
        assert_eq!(held.put_time(b"r", 100), 101);
        assert_eq!(held.put_time(b"r", 100), 101);
        assert_eq!(held.delete_time(b"r", 100), 101);
        assert_eq!(held.put_time(b"r", 200), 200);
    }

    #[test]
    fn the_same_row_twice_is_locked_once() {
        let stripes = Stripes::new();
        let held = stripes.lock(1, [&b"r"[..], b"r"].into_iter());
        assert_eq!(held.held.len(), 1);
    }
}
