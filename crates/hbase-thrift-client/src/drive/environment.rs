//! What the drivers need of the world: time, waiting, connections, luck.
//!
//! There are two worlds, and a simulated one for tests. In the blocking one everything that is waited for is
//! over when it is polled first, since the thread waits there; so each future that is made of these is over
//! at once, too.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use super::stream::Stream;
use crate::config::Endpoint;
use crate::error::Result;

/// The world of a client.
pub(crate) trait Environment: Send + Sync {
    fn now(&self) -> Instant;

    /// Milliseconds since 1970.
    fn wall_clock(&self) -> i64;

    fn sleep(&self, time: Duration) -> Waits<'_, ()>;

    /// Waits until the signal is raised, and lowers it, or until the time.
    fn wait<'a>(&'a self, signal: &'a Arc<Signal>, until: Instant) -> Waits<'a, ()>;

    fn dial<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        deadline: Instant,
    ) -> Waits<'a, io::Result<Box<dyn Stream>>>;

    /// Any number.
    fn luck(&self) -> u32;

    /// Fails where the caller can't wait in this world.
    fn check_caller(&self) -> Result<()> {
        Ok(())
    }

    /// Whether there are tasks, which go on while nobody waits for them.
    fn has_tasks(&self) -> bool {
        false
    }

    /// Has a task do this, where there are tasks.
    fn spawn(&self, task: Waits<'static, ()>) {
        drop(task);
    }
}

/// Something that is waited for.
pub(crate) type Waits<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that one caller raises for another.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    state: Mutex<SignalState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SignalState {
    is_raised: bool,
    waker: Option<Waker>,
}

impl Signal {
    pub(crate) fn raise(&self) {
        let mut state = self.lock();
        state.is_raised = true;
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Blocks until it is raised, and lowers it; at most for this long.
    pub(crate) fn wait(&self, time: Duration) {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| !state.is_raised);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_raised = false;
    }

    /// Lowers it if it is raised.
    #[cfg(feature = "tokio")]
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if std::mem::take(&mut state.is_raised) {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether it is raised; for those that don't wait for it here.
    #[cfg(test)]
    pub(crate) fn is_raised(&self) -> bool {
        self.lock().is_raised
    }

    #[cfg(test)]
    pub(crate) fn lower(&self) {
        self.lock().is_raised = false;
    }

    fn lock(&self) -> MutexGuard<'_, SignalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls a future once: what it needs no waiting for is done, and in the blocking world all of it.
#[inline]
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Milliseconds since 1970, by the system's clock.
pub(crate) fn wall_clock() -> i64 {
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
