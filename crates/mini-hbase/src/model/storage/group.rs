//! Group commit: writers that wait for the disk share a flush.
//!
//! Commits queue up behind a flush, because the journal has one lock. So one of those that waited
//! for it would begin the next flush the moment it got through, alone, and the others would wait
//! for another one. The one that flushes waits a moment for them instead: until as many are there
//! as took part lately, and never longer than a flush takes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Nobody waits longer than this for others.
const MAX_GATHERING: Duration = Duration::from_millis(50);

/// The writers of one journal.
#[derive(Debug, Default)]
pub(super) struct Group {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How many commits are in the journal.
    committed: u64,
    /// How many of them are known to be on the disk.
    flushed: u64,
    /// How many writers are on their way into the journal.
    entering: u64,
    is_flushing: bool,
    /// How many commits a flush may find, by what the last one found.
    expected: u64,
    /// How long the last flush took.
    cost: Duration,
    flushes: u64,
}

impl Group {
    /// Lets `write` put a commit into the journal, and returns the commit's number.
    ///
    /// # Errors
    /// When `write` fails.
    pub(super) fn commit<E>(&self, write: impl FnOnce() -> Result<(), E>) -> Result<u64, E> {
        self.state().entering += 1;
        let written = write();
        let mut state = self.state();
        state.entering -= 1;
        if written.is_ok() {
            state.committed += 1;
        }
        // Whoever gathers waits for this one, or for one less.
        self.changed.notify_all();
        written.map(|()| state.committed)
    }

    /// Waits until a commit is on the disk; `flush` puts everything there that is in the journal.
    ///
    /// # Errors
    /// When `flush` fails.
    pub(super) fn wait<E>(
        &self,
        commit: u64,
        flush: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = self.state();
        while state.is_flushing && state.flushed < commit {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.flushed >= commit {
            return Ok(());
        }
        state.is_flushing = true;
        state = self.gather(state);
        let covered = state.committed;
        drop(state);
        let start = Instant::now();
        let flushed = flush();
        let mut state = self.state();
        state.is_flushing = false;
        state.cost = start.elapsed();
        if flushed.is_ok() {
            state.expected = (state.committed - state.flushed) + state.entering;
            state.flushed = covered;
            state.flushes += 1;
        }
        self.changed.notify_all();
        flushed
    }

    /// Returns how often the disk was flushed.
    pub(super) fn flushes(&self) -> u64 {
        self.state().flushes
    }

    fn gather<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State>
    where
        Self: 'a,
    {
        let end = Instant::now() + state.cost.min(MAX_GATHERING);
        while state.committed - state.flushed < state.expected {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::thread;

    use super::*;

    const WRITERS: usize = 64;

    /// A journal as the storage has it: a flush keeps everybody else out.
    #[derive(Default)]
    struct Journal(Mutex<Entries>);

    #[derive(Default)]
    struct Entries {
        written: usize,
        on_disk: usize,
    }

    impl Journal {
        fn write(&self) -> usize {
            let mut entries = self.0.lock().unwrap();
            entries.written += 1;
            entries.written
        }

        fn flush(&self, time: Duration) {
            let mut entries = self.0.lock().unwrap();
            let written = entries.written;
            thread::sleep(time);
            entries.on_disk = written;
        }

        fn on_disk(&self) -> usize {
            self.0.lock().unwrap().on_disk
        }
    }

    /// Commits on many threads; returns commits a flush.
    fn commits_a_flush(writers: usize, rounds: usize, flush: Duration) -> f64 {
        let (group, journal) = (Group::default(), Journal::default());
        thread::scope(|scope| {
            for _ in 0..writers {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let mut place = 0;
                        let commit = group.commit(|| {
                            place = journal.write();
                            Ok::<(), Infallible>(())
                        });
                        let flush = || {
                            journal.flush(flush);
                            Ok::<(), Infallible>(())
                        };
                        group.wait(commit.unwrap(), flush).unwrap();
                        assert!(journal.on_disk() >= place, "acknowledged before it was flushed");
                    }
                });
            }
        });
        assert_eq!(journal.0.lock().unwrap().written, writers * rounds);
        f64::from(u32::try_from(writers * rounds).unwrap())
            / f64::from(u32::try_from(group.flushes()).unwrap())
    }

    #[test]
    fn many_writers_share_a_flush() {
        // A busy machine holds threads up; what never groups well has no good round either.
        let best = |time| {
            let rounds = (0..5).map(|_| commits_a_flush(WRITERS, 20, Duration::from_millis(time)));
            rounds.fold(0.0, f64::max)
        };
        let (long, short) = (best(20), best(2));
        println!("{long} commits share a flush of 20 ms, {short} one of 2 ms");
        assert!(long >= 40.0, "{long} commits a flush of 20 ms");
        assert!(short >= 16.0, "{short} commits a flush of 2 ms");
    }

    #[test]
    fn a_single_writer_waits_for_nobody() {
        let group = Group::default();
        for number in 1..10 {
            let commit = group.commit(|| Ok::<(), Infallible>(())).unwrap();
            group.wait(commit, || Ok::<(), Infallible>(())).unwrap();
            assert_eq!(group.flushes(), number);
            // What the next one finds when it comes, so it doesn't gather.
            assert_eq!(group.state().expected, 1);
        }
    }

    #[test]
    fn a_single_writer_waits_for_no_second_one_either() {
        const FLUSH: Duration = Duration::from_millis(30);
        let group = Group::default();
        let waited = |_| {
            let commit = group.commit(|| Ok::<(), Infallible>(())).unwrap();
            let start = Instant::now();
            let mut gathered = Duration::MAX;
            let flush = || {
                gathered = start.elapsed();
                thread::sleep(FLUSH);
                Ok::<(), Infallible>(())
            };
            group.wait(commit, flush).unwrap();
            gathered
        };
        // A busy machine holds threads up, but not each time.
        let shortest = (0..20).map(waited).skip(1).min().unwrap();
        assert!(shortest < FLUSH / 2, "{shortest:?} before a flush");
    }

    #[test]
    fn a_commit_that_failed_is_not_waited_for() {
        let group = Group::default();
        assert_eq!(group.commit(|| Err("full")), Err("full"));
        assert_eq!(group.commit(|| Ok::<(), &str>(())), Ok(1));
        group.wait(1, || Ok::<(), &str>(())).unwrap();
        let state = group.state();
        assert_eq!((state.expected, state.entering), (1, 0));
    }

    #[test]
    fn a_flush_that_fails_is_tried_by_the_next_one() {
        let group = Group::default();
        let commit = group.commit(|| Ok::<(), &str>(())).unwrap();
        assert_eq!(group.wait(commit, || Err("full")), Err("full"));
        assert_eq!(group.wait(commit, || Err("still full")), Err("still full"));
        group.wait(commit, || Ok::<(), &str>(())).unwrap();
        group.wait(commit, || Err("not needed")).unwrap();
        assert_eq!(group.flushes(), 1);
    }
}
