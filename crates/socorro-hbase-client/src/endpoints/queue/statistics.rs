//! How full a queue is, and how long its oldest crash has been waiting.

use std::time::Duration;

use hbase_thrift_client::{Get, Row, Scan};
use time::OffsetDateTime;

use super::Queue;
use crate::{
    counters::SubmissionCounters,
    endpoints::scan::{IndexEntry, not_scanned},
    error::{Error, Result},
    layout,
    lifecycle::Problem,
    model::instant_of,
};

/// How full a queue is: [`Queue::statistics`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStatistics {
    /// How many entries there are by the counter, which Socorro's Python client lets drift;
    /// [`Queue::count_entries`] counts them. `None` if what stands in its place is no counter, which is
    /// among the queue's [problems](Queue::take_problems).
    pub size: Option<i64>,
    /// The oldest entry, claimed or not.
    pub oldest: Option<IndexEntry>,
    /// How long ago the oldest was submitted, if its time can be read: as UTC, since the row keys
    /// don't hold the zone. Zero where its time is yet to come.
    pub age: Option<Duration>,
}

impl Queue {
    /// Returns how full the queue is. The counter, and the first rows of each salt.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::CrashStore;
    /// # fn show(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// let waiting = store.legacy_queue().statistics()?;
    /// if let Some(size) = waiting.size {
    ///     println!("{size} crashes wait, the oldest for {:?}", waiting.age);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn statistics(&self) -> Result<QueueStatistics> {
        let oldest = self.oldest()?;
        let time = oldest.as_ref().and_then(|entry| time_of(&entry.key));
        let age = time
            .map(|time| Duration::try_from(OffsetDateTime::now_utc() - time).unwrap_or_default());
        Ok(QueueStatistics { size: self.size()?, oldest, age })
    }

    /// Counts the entries. Reads the whole queue, 256 rows of a salt in a round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn count_entries(&self) -> Result<u64> {
        self.count_with_newest().map(|(count, _)| count)
    }

    /// Also when the newest entry was written, in milliseconds since 1970.
    pub(crate) fn count_with_newest(&self) -> Result<(u64, i64)> {
        let scan = Scan::new().column(layout::IDS_OOID);
        let mut rows = self
            .table()
            .scan_union(self.store.salts(self.table)?, self.store.salted(scan))
            .map_err(not_scanned)?;
        let count = |(count, newest): (u64, i64), row: hbase_thrift_client::Result<Row>| {
            let written = row?.cells().map(|cell| cell.timestamp()).max();
            Ok((count + 1, newest.max(written.unwrap_or(newest))))
        };
        rows.try_fold((0, i64::MIN), count).map_err(not_scanned)
    }

    fn oldest(&self) -> Result<Option<IndexEntry>> {
        let scan = Scan::new().column(layout::IDS_OOID).caching(4).read_ahead(false);
        let salts = self.store.salts(self.table)?;
        let rows = self.table().scan_merge(salts, self.store.salted(scan)).map_err(not_scanned)?;
        for row in rows {
            let row = row.map_err(not_scanned)?;
            match IndexEntry::of_row(&row) {
                Some(entry) => return Ok(Some(entry)),
                None => self.note(self.malformed(&row)),
            }
        }
        Ok(None)
    }

    fn size(&self) -> Result<Option<i64>> {
        match self.counted()? {
            QueueSize::Counter(counter) => Ok(Some(counter.map_or(0, |(size, _)| size))),
            QueueSize::Malformed => {
                let column = layout::queue_size(self.table).unwrap_or_default().to_owned();
                let row = layout::QUEUE_SIZES_ROW.as_bytes();
                self.note(Problem::of_malformed_counter(row, column));
                Ok(None)
            }
        }
    }

    pub(crate) fn counted(&self) -> Result<QueueSize> {
        let Some(column) = layout::queue_size(self.table) else {
            return Ok(QueueSize::Counter(None));
        };
        let get = Get::new(layout::QUEUE_SIZES_ROW).column(column);
        let failed = |error| Error::of_read("the queue's size could not be read", error);
        let row = self.store.table(layout::METRICS).get(&get).map_err(failed)?;
        let Some(row) = row else { return Ok(QueueSize::Counter(None)) };
        let counters = SubmissionCounters::of_row(&row);
        if counters.is_unknown(column) {
            return Ok(QueueSize::Malformed);
        }
        let moved = row.cell(column).map(|cell| cell.timestamp());
        Ok(QueueSize::Counter(counters.find(column).zip(moved)))
    }
}

/// What stands in the place of a queue's size.
pub(crate) enum QueueSize {
    /// The counter and when it moved last, in milliseconds since 1970, if there is one.
    Counter(Option<(i64, i64)>),
    /// No counter.
    Malformed,
}

/// Between the salt and the ooid.
fn time_of(key: &[u8]) -> Option<OffsetDateTime> {
    instant_of(key.get(1..)?)
}
