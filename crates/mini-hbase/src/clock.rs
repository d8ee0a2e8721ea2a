//! The time that the server goes by: the system's, or one that a test moves by hand.
//!
//! Timestamps of cells, times to live and scanner leases all ask here, so that a test of any of
//! them needs no waiting. Time-outs of sockets are real time and don't.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that stands still until it is told to go on.
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
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    /// A clock that shows this time, in milliseconds since 1970.
    pub fn new(millis: i64) -> Self {
        Self(Arc::new(AtomicI64::new(millis)))
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        // The closure never refuses.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| {
            Some(now.saturating_add(millis))
        });
    }

    /// The time it shows, in milliseconds since 1970.
    pub fn now_millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
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
            Self::System => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
            }
            Self::Virtual(clock) => clock.now_millis(),
        }
    }
}
