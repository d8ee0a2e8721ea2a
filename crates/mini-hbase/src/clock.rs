//! The time that the server goes by: the system's, or one that a test moves by hand.
//!
//! Timestamps of cells, times to live and scanner leases all ask here, so that a test of any of
//! them needs no waiting. Time-outs of sockets are real time and don't.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that stands still until it is moved, or runs ahead of the system's.
///
/// Clones share the time.
///
/// ```
/// use std::time::Duration;
/// let clock = mini_hbase::VirtualClock::new(1_000);
/// clock.clone().advance(Duration::from_secs(2));
/// assert_eq!(clock.now_millis(), 3_000);
/// ```
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<Shown>>);

#[derive(Clone, Copy, Debug)]
enum Shown {
    Still(i64),
    /// So many milliseconds ahead of the system's clock, or behind it.
    Running(i64),
}

impl VirtualClock {
    /// Creates a clock that shows this time, in milliseconds since 1970, until it is moved. It shows
    /// none before that: no cell may have such a timestamp.
    pub fn new(millis: i64) -> Self {
        Self(Arc::new(Mutex::new(Shown::Still(millis))))
    }

    /// Creates a clock that shows the system's time, until it is moved.
    pub fn running() -> Self {
        Self(Arc::new(Mutex::new(Shown::Running(0))))
    }

    /// Moves the time forward; a running clock runs on from there.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let mut shown = self.shown();
        *shown = match *shown {
            Shown::Still(millis) => Shown::Still(millis.saturating_add(by)),
            Shown::Running(ahead) => Shown::Running(ahead.saturating_add(by)),
        };
    }

    /// Stops the clock at this time, in milliseconds since 1970.
    pub fn set(&self, millis: i64) {
        *self.shown() = Shown::Still(millis);
    }

    /// Lets the clock run from the time that it shows.
    pub fn run(&self) {
        let mut shown = self.shown();
        if let Shown::Still(millis) = *shown {
            *shown = Shown::Running(millis.saturating_sub(system_millis()));
        }
    }

    /// Lets the clock show the system's time again.
    pub fn show_system_time(&self) {
        *self.shown() = Shown::Running(0);
    }

    /// Returns the time that it shows, in milliseconds since 1970.
    pub fn now_millis(&self) -> i64 {
        let millis = match *self.shown() {
            Shown::Still(millis) => millis,
            Shown::Running(ahead) => system_millis().saturating_add(ahead),
        };
        millis.max(0)
    }

    /// Returns the time at which it stands still, if it does.
    pub(crate) fn stands_at(&self) -> Option<i64> {
        match *self.shown() {
            Shown::Still(millis) => Some(millis),
            Shown::Running(_) => None,
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the server looks for the time.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    Virtual(VirtualClock),
}

impl Clock {
    pub(crate) fn now_millis(&self) -> i64 {
        match self {
            Self::System => system_millis(),
            Self::Virtual(clock) => clock.now_millis(),
        }
    }
}

fn system_millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
