//! What the drivers need of the world: time, waiting, connections, luck.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::stream::{Dialer, Stream};
use crate::config::{Config, Endpoint};
use crate::error::Result;

/// The world of a client; a simulation has one of its own.
pub(crate) trait Environment: Send + Sync {
    fn now(&self) -> Instant;

    /// Milliseconds since 1970.
    fn wall_clock(&self) -> i64;

    fn sleep(&self, time: Duration);

    /// Waits until the signal is raised, and lowers it, or until the time.
    fn wait(&self, signal: &Arc<Signal>, until: Instant);

    fn dial(&self, endpoint: &Endpoint, deadline: Instant) -> io::Result<Box<dyn Stream>>;

    /// Any number.
    fn luck(&self) -> u32;
}

/// Something that one thread raises for another.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    pub(crate) fn raise(&self) {
        *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Whether it is raised; for those that don't wait for it here.
    #[cfg(test)]
    pub(crate) fn is_raised(&self) -> bool {
        *self.raised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn lower(&self) {
        *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// The real world.
pub(crate) struct System {
    dialer: Dialer,
}

impl System {
    /// Reads what connections need, such as root certificates.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self { dialer: Dialer::new(config)? })
    }
}

impl Environment for System {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_clock(&self) -> i64 {
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }

    fn wait(&self, signal: &Arc<Signal>, until: Instant) {
        let mut raised = signal.raised.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if std::mem::take(&mut *raised) {
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = signal.changed.wait_timeout(raised, left);
            raised = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn dial(&self, endpoint: &Endpoint, deadline: Instant) -> io::Result<Box<dyn Stream>> {
        self.dialer.dial(endpoint, deadline)
    }

    fn luck(&self) -> u32 {
        fastrand::u32(..)
    }
}
