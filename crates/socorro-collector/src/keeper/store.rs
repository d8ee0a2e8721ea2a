//! The crash store as the keeper sees it: there, away, or of the opinion that a crash can't be stored.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hbase_thrift_client::ErrorKind as HBaseErrorKind;
use socorro_hbase_client::{CrashStore, Error, ErrorKind, QueueForProcessing};

use crate::{crash::Crash, metrics::Metrics, refusal::Refusal};

/// The store, and what is known of it.
pub(super) struct Store {
    crashes: CrashStore,
    metrics: Arc<Metrics>,
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
        Self { crashes, metrics, away: Mutex::new(None) }
    }

    /// Stores crashes; a result for each.
    pub(super) fn put(&self, crashes: &[&Crash]) -> Vec<Put> {
        let reports: Vec<_> = crashes.iter().map(|crash| crash.report()).collect();
        let began = Instant::now();
        let results = self.crashes.put_raw_reports(&reports, QueueForProcessing::Yes);
        let puts: Vec<Put> = match results {
            Ok(results) => crashes
                .iter()
                .zip(results)
                .map(|(crash, result)| match result {
                    Ok(_) => Put::Done,
                    Err(error) => self.judge(crash, &error),
                })
                .collect(),
            Err(error) => crashes.iter().map(|crash| self.judge(crash, &error)).collect(),
        };
        let failed = puts.contains(&Put::Failed);
        self.metrics.stored(began.elapsed(), !failed);
        if puts.contains(&Put::Done) && !failed {
            *self.lock() = None;
        }
        puts
    }

    /// The one place that decides whose fault it is.
    fn judge(&self, crash: &Crash, error: &Error) -> Put {
        let by_hbase = error.hbase().map(hbase_thrift_client::Error::kind);
        let refusal = match (error.kind(), by_hbase) {
            (ErrorKind::TooLarge, _) | (_, Some(HBaseErrorKind::TooLarge)) => {
                Some(Refusal::TooLarge("part"))
            }
            (ErrorKind::DuplicateDump | ErrorKind::InvalidMetadata, _)
            | (_, Some(HBaseErrorKind::IllegalArgument | HBaseErrorKind::InvalidRequest)) => {
                Some(Refusal::Unstorable)
            }
            _ => None,
        };
        if let Some(refusal) = refusal {
            let error = with_causes(error);
            tracing::warn!(ooid = %crash.ooid, error, "a crash can't be stored");
            return Put::Refused(refusal);
        }
        let mut away = self.lock();
        let now = Instant::now();
        let last = away.as_ref().map(|away| (away.until, away.pause));
        // Failures of one moment are one failure.
        if last.is_none_or(|(until, _)| until <= now) {
            let pause = last.map_or(FIRST_PAUSE, |(_, pause)| (2 * pause).min(LONGEST_PAUSE));
            let reason = with_causes(error);
            tracing::warn!(error = reason, ?pause, "the store doesn't take crashes");
            *away = Some(Away { until: now + pause, pause, reason });
        }
        Put::Failed
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

/// An error and what it comes from, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
