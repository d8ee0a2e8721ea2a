//! Empties the spool into the store, oldest first. A crash that fails by itself is tried again beside the
//! others, ever more seldom, and holds up none.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    shared::{MOST_BYTES, Shared},
    store::Put,
};
use crate::{crash::Crash, metrics::Aside, spool::Spool};

/// Crashes of one group.
const MOST_CRASHES: usize = 16;
/// Between two looks at a spool in which there is nothing to do.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a crash is tried that fails while others get through: some half an hour, since a part of a store
/// may be away for a while.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) first: Duration,
    pub(super) longest: Duration,
    pub(super) attempts: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_mins(10), attempts: 12 }
    }
}

/// Runs until the collector stops.
pub(super) fn empty_spool(shared: &Shared, pace: Pace) {
    let Some(spool) = &shared.spool else { return };
    let mut drain = Drain {
        shared,
        spool,
        pace,
        failing: BTreeMap::new(),
        stored: BTreeSet::new(),
        alone_until: None,
        was_failing: false,
    };
    while !shared.is_stopping.load(Ordering::Relaxed) {
        if let Some(pause) = shared.store.pause() {
            shared.woken.wait(pause);
        } else if !drain.step() {
            shared.woken.wait(PAUSE);
        }
    }
}

struct Drain<'a> {
    shared: &'a Shared,
    spool: &'a Spool,
    pace: Pace,
    /// Those that failed, by number: left out of groups, and tried alone.
    failing: BTreeMap<u64, Failing>,
    /// Those that the store has, but whose files can't be removed.
    stored: BTreeSet<u64>,
    /// Up to this number crashes are tried alone: one of their group may have spoiled it for the others.
    alone_until: Option<u64>,
    /// Whether the last step was for a failing one: they take turns with the others.
    was_failing: bool,
}

/// A crash that failed.
struct Failing {
    /// How often by its own fault, as far as can be known: while others got through.
    attempts: u32,
    next: Instant,
    pause: Duration,
    /// How many crashes the store had taken then.
    taken: u64,
    /// The store has come back since.
    is_first: bool,
}

impl Drain<'_> {
    /// Whether there was something to do.
    fn step(&mut self) -> bool {
        self.remove_stored();
        self.shared.store.metrics.failing(self.failing.len());
        let due = self.due();
        if let Some((number, is_first)) = due
            && (is_first || !self.was_failing)
        {
            self.was_failing = true;
            self.try_alone(number);
            return true;
        }
        self.was_failing = false;
        self.try_group() || due.is_some()
    }

    /// The first of those that are to be tried again, and whether it comes before those that didn't fail.
    fn due(&self) -> Option<(u64, bool)> {
        let now = Instant::now();
        let due = self.failing.iter().filter(|(_, failing)| failing.next <= now);
        due.filter(|(number, _)| !self.stored.contains(number))
            .map(|(number, failing)| (*number, failing.is_first))
            .min_by_key(|(number, is_first)| (!is_first, *number))
    }

    fn try_group(&mut self) -> bool {
        let group = self.next_group();
        if group.is_empty() {
            return false;
        }
        let crashes: Vec<&Crash> = group.iter().map(|(_, crash)| crash).collect();
        let puts = self.shared.store.put(&crashes);
        let failed = puts.iter().filter(|put| **put == Put::Failed).count();
        if failed == puts.len() && failed > 1 {
            // The store is away, or one of them fails them all.
            self.alone_until = group.last().map(|(number, _)| *number);
            return true;
        }
        for (put, (number, crash)) in puts.iter().zip(&group) {
            match put {
                Put::Failed => self.has_failed(*number, crash, failed < puts.len()),
                put => self.is_through(*number, crash, *put),
            }
        }
        true
    }

    /// Crashes that didn't fail before, oldest first.
    fn next_group(&mut self) -> Vec<(u64, Crash)> {
        let (mut group, mut bytes, mut last) = (Vec::new(), 0, None);
        while group.len() < MOST_CRASHES
            && bytes < MOST_BYTES
            && let Some(number) = self.spool.waiting_after(last)
        {
            last = Some(number);
            if self.failing.contains_key(&number) || self.stored.contains(&number) {
                continue;
            }
            let is_alone = self.alone_until.is_some_and(|until| number <= until);
            if is_alone && !group.is_empty() {
                break;
            }
            if let Some(crash) = self.read(number) {
                bytes += crash.size();
                group.push((number, crash));
            }
            if is_alone && !group.is_empty() {
                break;
            }
        }
        group
    }

    fn try_alone(&mut self, number: u64) {
        let Some(crash) = self.read(number) else { return };
        match self.shared.store.put_alone(&crash) {
            Put::Failed => {
                let is_there = self.shared.store.is_there();
                let taken = self.shared.store.taken();
                let others = self.failing.get(&number).is_some_and(|it| it.taken < taken);
                self.has_failed(number, &crash, is_there && others);
            }
            put => self.is_through(number, &crash, put),
        }
    }

    /// The store has it, or never will.
    fn is_through(&mut self, number: u64, crash: &Crash, put: Put) {
        if put == Put::Done {
            self.failing.remove(&number);
            self.stored.insert(number);
            self.remove_stored();
            // The store is back: those that failed with it come before the ones after them.
            for failing in self.failing.values_mut().filter(|failing| failing.attempts == 0) {
                (failing.is_first, failing.next) = (true, Instant::now());
            }
        } else {
            self.set_aside(number, Aside::Refused, crash.ooid.as_str());
        }
    }

    /// Whether others get through says whose fault it is.
    fn has_failed(&mut self, number: u64, crash: &Crash, by_itself: bool) {
        let taken = self.shared.store.taken();
        let failing = self.failing.entry(number).or_insert(Failing {
            attempts: 0,
            next: Instant::now(),
            pause: self.pace.first,
            taken,
            is_first: false,
        });
        failing.next = Instant::now() + failing.pause;
        failing.is_first = false;
        if !by_itself {
            return;
        }
        failing.attempts += 1;
        failing.pause = (2 * failing.pause).min(self.pace.longest);
        failing.taken = taken;
        let (attempts, ooid) = (failing.attempts, crash.ooid);
        tracing::warn!(%ooid, attempts, "a spooled crash fails while others are stored");
        if attempts >= self.pace.attempts {
            self.set_aside(number, Aside::Failed, crash.ooid.as_str());
        }
    }

    fn remove_stored(&mut self) {
        let now = Instant::now();
        for number in self.stored.clone() {
            if self.failing.get(&number).is_some_and(|failing| failing.next > now) {
                continue;
            }
            match self.spool.remove(number) {
                Ok(()) => {
                    self.stored.remove(&number);
                    self.failing.remove(&number);
                }
                // It isn't stored again meanwhile.
                Err(error) => self.try_later(number, &error),
            }
        }
    }

    fn set_aside(&mut self, number: u64, why: Aside, what: &str) {
        match self.spool.set_aside(number) {
            Ok(()) => {
                self.failing.remove(&number);
                self.shared.store.metrics.set_aside(why);
                tracing::error!(
                    what,
                    reason = why.word(),
                    "a spooled crash is set aside in the folder refused; moved back, it is tried again"
                );
            }
            Err(error) => self.try_later(number, &error),
        }
    }

    /// Its file can't be read, moved or removed.
    fn try_later(&mut self, number: u64, error: &io::Error) {
        tracing::error!(number, %error, "a file of the spool can't be used");
        let pause = self.failing.get(&number).map_or(self.pace.first, |failing| failing.pause);
        let next = Failing {
            attempts: 1,
            next: Instant::now() + pause,
            pause: (2 * pause).min(self.pace.longest),
            taken: self.shared.store.taken(),
            is_first: false,
        };
        self.failing.insert(number, next);
    }

    /// A crash whose file can be read; a damaged one is set aside, and one that is gone is forgotten.
    fn read(&mut self, number: u64) -> Option<Crash> {
        match self.spool.read(number) {
            Ok(crash) => return Some(crash),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(number, "a spooled crash is lost: somebody has removed its file");
                self.spool.forget(number);
                self.failing.remove(&number);
                self.shared.store.metrics.set_aside(Aside::Gone);
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.set_aside(number, Aside::Damaged, &error.to_string());
            }
            Err(error) => self.try_later(number, &error),
        }
        None
    }
}
