//! The numbers of writes, and up to which of them everybody sees everything.
//!
//! A cell that a later one hides may be dropped for good only if no read that is under way still
//! has to return it, and so only by cells that each of these reads sees.
//!
//! Numbers are even, so that a cell's own can say one thing more ([`keys::limited`]).
//!
//! [`keys::limited`]: super::keys::limited

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far two numbers are apart.
const STEP: u64 = 2;

/// Numbers for writes, and the reads and writes that are under way.
#[derive(Clone)]
pub(super) struct Sequences(Arc<Mutex<State>>);

struct State {
    next: u64,
    writing: BTreeSet<u64>,
    /// How many reads begin at each point.
    reading: BTreeMap<u64, usize>,
}

impl Sequences {
    /// `first` is even.
    pub(super) fn starting_at(first: u64) -> Self {
        let (writing, reading) = (BTreeSet::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(State { next: first, writing, reading })))
    }

    /// Goes on from an even number; the ones before it belong to an earlier run.
    pub(super) fn skip_to(&self, first: u64) {
        let mut state = self.state();
        state.next = state.next.max(first);
    }

    /// A write begins, and ends when its number is dropped.
    pub(super) fn begin_write(&self) -> Writing {
        let mut state = self.state();
        let number = state.next;
        state.next += STEP;
        state.writing.insert(number);
        Writing { number, all: self.clone() }
    }

    /// A read begins, and ends when this is dropped; its snapshot has to be taken after this.
    pub(super) fn begin_read(&self) -> Reading {
        let mut state = self.state();
        let point = state.written();
        *state.reading.entry(point).or_default() += 1;
        Reading { point, all: self.clone() }
    }

    /// The last write that every read sees, those under way included.
    pub(super) fn settled(&self) -> u64 {
        let state = self.state();
        let written = state.written();
        state.reading.keys().next().map_or(written, |&oldest| oldest.min(written))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Up to here no write is under way.
    fn written(&self) -> u64 {
        self.writing.first().unwrap_or(&self.next).saturating_sub(1)
    }
}

/// A write under way.
pub(super) struct Writing {
    pub(super) number: u64,
    all: Sequences,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.all.state().writing.remove(&self.number);
    }
}

/// A read under way.
pub(super) struct Reading {
    point: u64,
    all: Sequences,
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut state = self.all.state();
        if let Some(count) = state.reading.get_mut(&self.point) {
            *count -= 1;
            if *count == 0 {
                state.reading.remove(&self.point);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_read_may_not_see_is_not_settled() {
        let all = Sequences::starting_at(10);
        assert_eq!(all.settled(), 9);
        let first = all.begin_write();
        let second = all.begin_write();
        assert_eq!((first.number, second.number), (10, 12));
        drop(second);
        assert_eq!(all.settled(), 9, "the first is still under way");
        let reading = all.begin_read();
        drop(first);
        assert_eq!(all.settled(), 9, "the read began before it was written");
        drop(reading);
        assert_eq!(all.settled(), 13);
        all.skip_to(100);
        assert_eq!(all.begin_write().number, 100);
    }
}
