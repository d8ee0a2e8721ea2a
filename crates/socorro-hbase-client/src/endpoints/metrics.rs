//! Counters: what a submission adds to them, reading them back, and counting anew.

use std::collections::BTreeMap;

use hbase_thrift_client::{CheckAndPut, Get, GetRows, Row};

use crate::{
    counters::SubmissionCounters,
    error::{Effect, Error, Part, Result, Written},
    layout,
    lifecycle::{
        self, Count, QueueForProcessing, StoredCrash, Uncounted, read_crashes, submission_counters,
    },
    model::{CrashMetadata, LegacyProcessing, Period, TimeRange},
    store::CrashStore,
};

/// A counter that a recount has set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recounted {
    /// Its column, `counters:…`.
    pub column: String,
    /// What it was; `None` if there was none, or something that is no counter.
    pub before: Option<i64>,
    /// What it is now.
    pub now: i64,
}

/// How many crashes are read at a time.
const AT_ONCE: usize = 256;

/// # Counters
impl CrashStore {
    /// Counts a submission that was stored by other means. [`put_raw_report`](Self::put_raw_report)
    /// does this already. One round trip, and one call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase). Not to be made again unless nothing was written:
    /// otherwise some of the counters may have moved.
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
        self.check_client()?;
        let throttle = metadata.legacy_processing();
        let mut counts = Vec::new();
        if queue == QueueForProcessing::Yes {
            let size = |column: &str| (layout::QUEUE_SIZES_ROW.to_owned(), column.to_owned());
            counts.push(size(layout::UNPROCESSED_SIZE));
            if throttle.is_none_or(|throttle| throttle == LegacyProcessing::Accept) {
                counts.push(size(layout::LEGACY_UNPROCESSED_SIZE));
            }
        }
        counts.extend(submission_counters(
            metadata.submitted(),
            throttle,
            metadata.process_type().as_str(),
            metadata.hang_id().is_some(),
        ));
        let counts = counts.into_iter().map(|(row, column)| Count { row, column, amount: 1 });
        lifecycle::count(self, counts.collect()).map_err(|uncounted| {
            let Uncounted { error, is_certain } = uncounted;
            let error = Error::of_call("a submission could not be counted", error, Part::Counters);
            if is_certain {
                return error;
            }
            let written = match error.effect().written() {
                Written::Nothing => Written::Partly,
                written => written,
            };
            let effect = Effect { written, left: vec![Part::Counters], call_again: false };
            error.with_effect(effect)
        })
    }

    /// Reads the counters of periods, in their order; zeros if nothing was counted. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
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
        let rows = self
            .table(layout::METRICS)
            .get_rows(&get)
            .map_err(|error| Error::of_read("the counters could not be read", error))?;
        let counters = |row: &Option<Row>| row.as_ref().map(SubmissionCounters::of_row);
        Ok(rows.iter().map(|row| counters(row).unwrap_or_default()).collect())
    }

    /// Sets the counters of a period to the crashes that are stored, lower too; returns those that it
    /// changed. For when counters are known to be wrong: they are history, and don't fall when crashes
    /// are removed. A counter that moves meanwhile stays as it is; and if the metadata of a crash can't be
    /// read, those that may count it fall no lower.
    ///
    /// Reads every crash of the period.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase). May be made again.
    pub fn recount(&self, period: &Period) -> Result<Vec<Recounted>> {
        self.check_client()?;
        let get = Get::new(period.as_str()).family("counters");
        let failed = |error| Error::of_read(format!("{period} could not be counted"), error);
        let metrics = self.table(layout::METRICS);
        let row = metrics.get(&get).map_err(failed)?;
        let before = row.as_ref().map(SubmissionCounters::of_row).unwrap_or_default();
        let is_ours = |column: &&str| layout::is_of_submissions(column);
        let known = before.iter().map(|(name, _)| name).filter(is_ours);
        let names = known.chain(before.unknown()).map(|name| (name.to_owned(), 0));
        let mut right: BTreeMap<String, i64> = names.collect();
        let mut are_certain = true;
        let mut crashes = self.scan_submitted(&TimeRange::within(period.as_str()))?;
        loop {
            let entries: Result<Vec<_>> = crashes.by_ref().take(AT_ONCE).collect();
            let entries = entries?;
            if entries.is_empty() {
                break;
            }
            let ids: Vec<_> = entries.iter().map(|entry| entry.id.clone()).collect();
            for (entry, stored) in entries.iter().zip(read_crashes(self, &ids)?) {
                // One whose submission is under way is counted by that.
                let is_own = |it: &StoredCrash| it.is_at(&entry.key) && !it.is_uncounted;
                let Some(stored) = stored.filter(is_own) else { continue };
                let counters = stored.certain_counters();
                are_certain &= counters.is_some();
                let counters = counters.unwrap_or_else(|| stored.least_counters()).into_iter();
                for (_, column) in counters.filter(|(row, _)| row == period.as_str()) {
                    *right.entry(column).or_default() += 1;
                }
            }
        }
        let mut changed = Vec::new();
        for (column, now) in right {
            let found = before.find(&column);
            if found.unwrap_or_default() == now && !before.is_unknown(&column) {
                continue;
            }
            // A crash of unknown kind may be counted there.
            let is_certain = are_certain || column == layout::SUBMITTED;
            if !is_certain && found.is_some_and(|found| now < found) {
                continue;
            }
            let check = match row.as_ref().and_then(|row| row.get(column.as_str())) {
                Some(old) => CheckAndPut::if_equal(period.as_str(), column.as_str(), old),
                None => CheckAndPut::if_absent(period.as_str(), column.as_str()),
            };
            let put = check.put(column.as_str(), now.to_be_bytes());
            let call_failed = |error| {
                Error::of_call(format!("{period} could not be counted"), error, Part::Counters)
            };
            if metrics.check_and_put(&put).map_err(call_failed)? {
                changed.push(Recounted { column, before: found, now });
            }
        }
        Ok(changed)
    }
}

impl StoredCrash {
    /// Whether a row of the time index is the crash's own.
    pub(crate) fn is_at(&self, key: &[u8]) -> bool {
        let time = self.facts.submitted.as_deref();
        self.is_submitted && time.is_some_and(|time| layout::time_row(&self.id, time) == key)
    }
}
