//! The rows of one scan.

use std::time::Duration;

use super::Rows;
use crate::drive::executor::Executor;
use crate::drive::scan::ScanDriver;
use crate::error::Result;
use crate::request::{PagePlace, PageToken, Scan};
use crate::row::{Row, RowBatch};

/// The rows of a scan, of which some are at hand.
pub(crate) struct ScanRows {
    driver: ScanDriver,
    batch: RowBatch,
    next_in_batch: usize,
    failed: bool,
}

impl ScanRows {
    pub(crate) fn new(executor: Executor, table: Vec<u8>, scan: Scan) -> Self {
        Self::of(ScanDriver::new(executor, table, scan))
    }

    /// The same from behind the rows that another scan of these returned.
    pub(crate) fn behind(executor: Executor, table: Vec<u8>, scan: Scan, place: PagePlace) -> Self {
        Self::of(ScanDriver::new(executor, table, scan).behind(place))
    }

    fn of(driver: ScanDriver) -> Self {
        Self { driver, batch: RowBatch::default(), next_in_batch: 0, failed: false }
    }

    /// What is left of the batch at hand, or else the next batch; `None` at the end.
    pub(crate) async fn next_batch(&mut self) -> Result<Option<RowBatch>> {
        if let Some(batch) = self.take_batch() {
            return Ok(Some(batch));
        }
        let batch = self.fetch().await?;
        Ok((!batch.is_empty()).then_some(batch))
    }

    /// Takes the last row back that was handed out, of the batch at hand.
    #[cfg(feature = "tokio")]
    pub(crate) fn give_back(&mut self) {
        self.next_in_batch = self.next_in_batch.saturating_sub(1);
    }

    /// What is left of the batch at hand.
    pub(crate) fn take_batch(&mut self) -> Option<RowBatch> {
        let at_hand = std::mem::take(&mut self.batch);
        let from = std::mem::take(&mut self.next_in_batch);
        let all = at_hand.len();
        (from < all).then(|| at_hand.slice(from..all))
    }

    /// Where the scan goes on behind the rows that were returned; `None` at its end.
    pub(crate) fn page_token(&self) -> Option<PageToken> {
        let is_at_hand = self.next_in_batch < self.batch.len();
        if !is_at_hand && self.driver.is_at_end() {
            return None;
        }
        let last = self.next_in_batch.checked_sub(1).filter(|_| is_at_hand);
        let place = last.and_then(|last| self.batch.get(last)).map(|row| PagePlace {
            last_column: self.driver.scan().batch.map_or_else(Vec::new, |_| row.last_column()),
            last_row: Some(row.key().to_vec()),
        });
        let place = place.unwrap_or_else(|| self.driver.place());
        Some(PageToken::new(self.driver.table(), self.driver.scan(), place))
    }

    /// As [`ScanDriver::begin`].
    pub(super) async fn begin(&mut self, within: Duration) -> bool {
        self.driver.begin(within).await
    }

    pub(super) fn is_batch_empty(&self) -> bool {
        self.next_in_batch >= self.batch.len()
    }

    async fn fetch(&mut self) -> Result<RowBatch> {
        if self.failed {
            return Ok(RowBatch::default());
        }
        self.driver.fetch().await.inspect_err(|_| self.failed = true)
    }
}

impl Rows for ScanRows {
    #[inline]
    fn at_hand(&mut self) -> Option<Row> {
        let row = self.batch.get(self.next_in_batch)?;
        self.next_in_batch += 1;
        Some(row)
    }

    async fn find(&mut self) -> Result<Option<Row>> {
        if self.is_batch_empty() {
            // Dropped first, so that its memory is there for the next.
            self.batch = RowBatch::default();
            self.next_in_batch = 0;
            self.batch = self.fetch().await?;
        }
        Ok(self.at_hand())
    }

    /// The driver knows.
    fn end(&mut self) {}

    async fn count(mut self) -> Result<u64> {
        let mut rows = 0;
        while let Some(batch) = self.next_batch().await? {
            rows += batch.len() as u64;
        }
        Ok(rows)
    }
}
