//! The crash store as the keeper sees it: there, away, or of the opinion that a crash can't be stored.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hbase_thrift_client::ErrorKind as HBaseErrorKind;
use socorro_hbase_client::{CrashStore, Error, ErrorKind, QueueForProcessing};

use crate::{crash::Crash, metrics::Metrics, refusal::Refusal};

/// The store, and what is known of it.
pub(super) struct Store {
    crashes: CrashStore,
    pub(super) metrics: Arc<Metrics>,
    taken: AtomicU64,
    away: Mutex<Option<Away>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// The store did not do what it was asked.
struct Away {
    until: Instant,
    pause: Duration,
    reason: String,
}

/// What became of one crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Done,
    /// It can never be stored.
    Refused(Refusal),
    /// It may or may not be there.
    Failed,
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

impl Store {
    pub(super) fn new(crashes: CrashStore, metrics: Arc<Metrics>) -> Self {
        Self { crashes, metrics, taken: AtomicU64::new(0), away: Mutex::new(None) }
    }

    /// Stores crashes; a result for each. One that failed is taken for a sign that the store is away.
    pub(super) fn put(&self, crashes: &[&Crash]) -> Vec<Put> {
        let (puts, reason) = self.try_to_put(crashes);
        if let Some(reason) = reason {
            self.is_gone(reason);
        } else if puts.contains(&Put::Done) {
            *self.lock() = None;
        }
        puts
    }

    /// Why the store can never take the crash, as far as that is known without it.
    pub(super) fn refusal(&self, crash: &Crash) -> Option<Refusal> {
        let checked = self.crashes.check_raw_report(&crash.report());
        checked.err().and_then(|error| refusal(crash, &error))
    }

    /// Stores a crash whose failure says nothing of the store.
    pub(super) fn put_alone(&self, crash: &Crash) -> Put {
        let (puts, reason) = self.try_to_put(&[crash]);
        if let Some(error) = reason {
            tracing::debug!(ooid = %crash.ooid, error, "a crash fails again");
        }
        puts.first().copied().unwrap_or(Put::Failed)
    }

    /// A result for each, and the first reason for one that failed.
    fn try_to_put(&self, crashes: &[&Crash]) -> (Vec<Put>, Option<String>) {
        let reports: Vec<_> = crashes.iter().map(|crash| crash.report()).collect();
        let began = Instant::now();
        let results = self.crashes.put_raw_reports(&reports, QueueForProcessing::Yes);
        let mut reason = None;
        let mut judge = |crash: &Crash, error: &Error| match refusal(crash, error) {
            Some(refusal) => Put::Refused(refusal),
            None => {
                reason.get_or_insert_with(|| with_causes(error));
                Put::Failed
            }
        };
        let puts: Vec<Put> = match results {
            Ok(results) => crashes
                .iter()
                .zip(results)
                .map(|(crash, result)| match result {
                    Ok(_) => Put::Done,
                    Err(error) => judge(crash, &error),
                })
                .collect(),
            Err(error) => crashes.iter().map(|crash| judge(crash, &error)).collect(),
        };
        let done = puts.iter().filter(|put| **put == Put::Done).count();
        self.taken.fetch_add(done as u64, Ordering::Relaxed);
        self.metrics.stored(began.elapsed(), reason.is_none());
        (puts, reason)
    }

    /// How many crashes the store has taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Asks the store; it is left alone for a while if it doesn't answer.
    pub(super) fn is_there(&self) -> bool {
        self.probe().map_err(|reason| self.is_gone(reason)).is_ok()
    }

    fn is_gone(&self, reason: String) {
        let mut away = self.lock();
        let now = Instant::now();
        let last = away.as_ref().map(|away| (away.until, away.pause));
        // Failures of one moment are one failure.
        if last.is_none_or(|(until, _)| until <= now) {
            let pause = last.map_or(FIRST_PAUSE, |(_, pause)| (2 * pause).min(LONGEST_PAUSE));
            tracing::warn!(error = reason, ?pause, "the store doesn't take crashes");
            *away = Some(Away { until: now + pause, pause, reason });
        }
    }

    /// Whether it is not worth asking yet.
    pub(super) fn is_away(&self) -> bool {
        self.pause().is_some()
    }

    /// How long to leave it alone.
    pub(super) fn pause(&self) -> Option<Duration> {
        let away = self.lock();
        let left = away.as_ref()?.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().as_ref().map(|away| away.reason.clone())
    }

    pub(super) fn probe(&self) -> Result<(), String> {
        self.crashes.client().admin().table_names().map(drop).map_err(|error| with_causes(&error))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Away>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one place that decides whose fault it is: the crash's, if it can never be stored.
fn refusal(crash: &Crash, error: &Error) -> Option<Refusal> {
    let by_hbase = error.hbase().map(hbase_thrift_client::Error::kind);
    let refusal = match (error.kind(), by_hbase) {
        (ErrorKind::TooLarge, _) | (_, Some(HBaseErrorKind::TooLarge)) => Refusal::TooLarge("part"),
        (ErrorKind::DuplicateDump | ErrorKind::InvalidMetadata, _)
        | (_, Some(HBaseErrorKind::IllegalArgument | HBaseErrorKind::InvalidRequest)) => {
            Refusal::Unstorable
        }
        _ => return None,
    };
    let error = with_causes(error);
    tracing::warn!(ooid = %crash.ooid, error, "a crash can't be stored");
    Some(refusal)
}

/// An error and what it comes from, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
