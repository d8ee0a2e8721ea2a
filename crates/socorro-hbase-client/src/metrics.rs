//! The counters: what a submission adds to them, and reading them back.
//!
//! For the rows of minutes, hours, days, months and years. The names of the counters are in `keys`;
//! that they agree with what is stored is left to `check`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use hbase_thrift_client::{FromCell, GetRows, Increment, Row};

use crate::{
    error::{Error, ErrorKind, Result},
    fields::LegacyProcessing,
    keys,
    metadata::CrashMetadata,
    period::Period,
    schema,
    store::CrashStore,
    submit::QueueForProcessing,
    timestamp::BUCKETS,
    traces::{StoredCrash, Traits},
};

/// The crashes that were submitted in a period, as they were counted.
///
/// Socorro's Python client lets counters drift, even below zero; they are what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionCounters(BTreeMap<String, i64>);

impl SubmissionCounters {
    /// All crashes.
    pub fn submitted(&self) -> i64 {
        self.get(keys::SUBMITTED)
    }

    /// The crashes about which the throttler decided so.
    pub fn throttled(&self, decision: LegacyProcessing) -> i64 {
        self.get(&format!("{}{}", keys::THROTTLED, decision.number()))
    }

    /// The hangs, each with two crashes of which one is counted here.
    pub fn hang_pairs(&self) -> i64 {
        self.get(keys::HANG_PAIRS)
    }

    /// The crashes of other processes than the main one, without hangs, by type of process.
    pub fn by_process_type(&self) -> impl Iterator<Item = (&str, i64)> {
        let (before, after) = keys::OUT_OF_PROCESS;
        self.0.iter().filter_map(move |(name, count)| {
            Some((name.strip_prefix(before)?.strip_suffix(after)?, *count))
        })
    }

    /// All counters by the names of their columns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }

    pub(crate) fn get(&self, column: &str) -> i64 {
        self.find(column).unwrap_or_default()
    }

    /// `None` for a counter that isn't there, which reads as zero.
    pub(crate) fn find(&self, column: &str) -> Option<i64> {
        self.0.get(column).copied()
    }

    pub(crate) fn add(&mut self, column: String) {
        *self.0.entry(column).or_default() += 1;
    }

    pub(crate) fn of_row(row: &Row) -> Result<Self> {
        let (counters, malformed) = Self::of_sound_cells(row);
        let Some(name) = malformed.first() else { return Ok(counters) };
        let row = row.key().escape_ascii();
        let message = format!("the counter {name} of {row} has not eight bytes");
        Err(Error::new(ErrorKind::MalformedCounter, message))
    }

    /// And the names of those that aren't counters.
    pub(crate) fn of_sound_cells(row: &Row) -> (Self, Vec<String>) {
        let (mut counters, mut malformed) = (BTreeMap::new(), Vec::new());
        for cell in row.cells() {
            let name = String::from_utf8_lossy(cell.column()).into_owned();
            match i64::from_cell(cell.value()) {
                Ok(count) => {
                    counters.insert(name, count);
                }
                Err(_) => malformed.push(name),
            }
        }
        (Self(counters), malformed)
    }
}

impl CrashStore {
    /// Counts a submission that was stored by other means. [`put_raw_report`](Self::put_raw_report)
    /// does this already. One round trip, and one call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`]. Never repeated by itself: where the error's
    /// [`outcome`](Error::outcome) is unknown, some of the counters may have moved.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashMetadata, CrashStore, QueueForProcessing};
    /// # fn count(store: &CrashStore, metadata: &CrashMetadata) -> socorro_hbase_client::Result<()> {
    /// store.count_submission(metadata, QueueForProcessing::No)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "update_metrics_counters_for_submit")]
    pub fn count_submission(
        &self,
        metadata: &CrashMetadata,
        queue: QueueForProcessing,
    ) -> Result<()> {
        let steps = counter_steps(metadata, queue);
        self.table(schema::METRICS).increment_rows(&steps).map_err(|error| {
            Error::from_hbase("a submission could not be counted".to_owned(), error)
        })
    }

    /// Reads the counters of periods, in their order; zeros where nothing was counted. One round
    /// trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedCounter`]; [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Period};
    /// # fn show(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let day: Period = "2012-05-08".parse()?;
    /// let hours: Vec<_> = day.parts().collect();
    /// for (hour, counters) in hours.iter().zip(store.get_counters(&hours)?) {
    ///     println!("{hour}: {} crashes", counters.submitted());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_counters(&self, periods: &[Period]) -> Result<Vec<SubmissionCounters>> {
        let get = GetRows::new(periods.iter().map(Period::as_str)).family("counters");
        let rows = self.table(schema::METRICS).get_rows(&get).map_err(|error| {
            Error::from_hbase("the counters could not be read".to_owned(), error)
        })?;
        let counters = |row: Option<Row>| row.as_ref().map(SubmissionCounters::of_row);
        rows.into_iter()
            .map(|row| counters(row).unwrap_or(Ok(SubmissionCounters::default())))
            .collect()
    }
}

/// All that a submission adds to counters.
pub(crate) fn counter_steps(metadata: &CrashMetadata, queue: QueueForProcessing) -> Vec<Increment> {
    let traits = Traits::of_metadata(metadata);
    let mut steps = Vec::new();
    if queue == QueueForProcessing::Yes {
        steps.push(Increment::new(keys::QUEUE_SIZES_ROW, keys::UNPROCESSED_SIZE, 1));
        if traits.is_legacy {
            steps.push(Increment::new(keys::QUEUE_SIZES_ROW, keys::LEGACY_UNPROCESSED_SIZE, 1));
        }
    }
    steps.extend(steps_of(&traits, Some(metadata.legacy_processing()), 1));
    steps
}

/// What a stored crash has added to the counters of its times, `times` over.
pub(crate) fn submission_steps(stored: &StoredCrash, times: i64) -> Vec<Increment> {
    steps_of(&stored.traits, stored.legacy_processing, times)
}

fn steps_of(traits: &Traits, throttle: Option<LegacyProcessing>, times: i64) -> Vec<Increment> {
    let submitted = traits.submitted.as_deref().unwrap_or_default();
    let counters = counters_of(traits, throttle);
    let buckets = BUCKETS.iter().filter_map(|length| submitted.get(..*length));
    buckets
        .flat_map(|bucket| {
            counters.iter().map(move |counter| Increment::new(bucket, counter.as_str(), times))
        })
        .collect()
}

/// The counters of a stored crash, whoever has stored it; none where it can't have been counted.
pub(crate) fn counters_of(traits: &Traits, throttle: Option<LegacyProcessing>) -> Vec<String> {
    let Some(throttle) = throttle else { return Vec::new() };
    keys::submission_counters(throttle, &traits.process_type, traits.hang.is_some())
}
