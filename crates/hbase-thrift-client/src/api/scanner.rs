//! The rows of a scan.

use std::fmt;
use std::iter::FusedIterator;
use std::time::Duration;

use crate::error::Result;
use crate::request::{PagePlace, PageToken, Scan};
use crate::row::{Row, RowBatch};
use crate::sync::{Executor, ScanDriver};

/// The rows of a [`Scan`], in order.
///
/// An iterator of `Result<Row>`; [`next_batch`](Self::next_batch) hands out whole batches instead.
/// Every row comes exactly once, in order: when the gateway fails, is restarted or forgets the
/// scanner, another one is opened after the last row that was delivered. An error that can't be
/// recovered from ends the scan and names that row ([`Error::last_row`](crate::Error::last_row)).
///
/// Each item may be an error, so don't count rows with `count()`: use
/// [`count_rows`](Self::count_rows), or collect into a `Result`.
///
/// The rows are those of the moment when each is read; HBase's scans are no snapshot. The server's
/// side is closed when the scan ends or is dropped, without waiting for a reply. Between two fetches
/// a scanner holds no connection: any number of scanners can be open on a few connections.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let scanner = client.table("crashes").scan(Scan::new().prefix("a1205"))?;
/// for row in scanner {
///     println!("{}", row?.key().escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct Scanner {
    driver: ScanDriver,
    batch: RowBatch,
    next_in_batch: usize,
    failed: bool,
}

impl Scanner {
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

    /// Returns the rows that are at hand, or the next ones that the server has; `None` at the end.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let mut scanner = client.table("crashes").scan(Scan::new().caching(1_000))?;
    /// while let Some(batch) = scanner.next_batch()? {
    ///     println!("{} rows from {:?} on", batch.len(), batch.get(0).map(|row| row.key().to_vec()));
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As the iterator's items.
    pub fn next_batch(&mut self) -> Result<Option<RowBatch>> {
        let at_hand = std::mem::take(&mut self.batch);
        let from = std::mem::take(&mut self.next_in_batch);
        if from < at_hand.len() {
            let all = at_hand.len();
            return Ok(Some(at_hand.slice(from..all)));
        }
        drop(at_hand);
        let batch = self.fetch()?;
        Ok((!batch.is_empty()).then_some(batch))
    }

    /// Returns what another process needs to go on behind the last row that was handed out, with
    /// [`Table::scan_after`](crate::Table::scan_after); `None` if it is known that no row follows.
    ///
    /// A scan that ends at its limit doesn't know that: the next page may turn out to be empty. One that failed
    /// goes on behind what it returned before.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut scanner = table.scan(Scan::new().prefix("a1205").limit(20))?;
    /// let first_page = scanner.by_ref().collect::<Result<Vec<_>, _>>()?;
    /// if let Some(token) = scanner.page_token() {
    ///     let second = table.scan_after(Scan::new().prefix("a1205").limit(20), &token)?;
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn page_token(&self) -> Option<PageToken> {
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

    /// Counts the rows that are left (results, where [`Scan::batch`] splits rows).
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Config, Scan};
    /// # let client = Client::connect(Config::new("localhost", 9090))?;
    /// let crashes = client.table("crashes").scan(Scan::new().prefix("a1205"))?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub fn count_rows(mut self) -> Result<u64> {
        let mut rows = 0;
        while let Some(batch) = self.next_batch()? {
            rows += batch.len() as u64;
        }
        Ok(rows)
    }

    /// Asks for the first rows without waiting for them, if that takes no longer than this; returns
    /// whether it did.
    pub(super) fn begin(&mut self, within: Duration) -> bool {
        self.driver.begin(within)
    }

    /// Whether the next row has to be fetched.
    pub(super) fn is_batch_empty(&self) -> bool {
        self.next_in_batch >= self.batch.len()
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        if self.is_batch_empty() {
            // Dropped first, so that its memory is there for the next.
            self.batch = RowBatch::default();
            self.batch = self.fetch()?;
            self.next_in_batch = 0;
        }
        let row = self.batch.get(self.next_in_batch);
        self.next_in_batch += 1;
        Ok(row)
    }

    fn fetch(&mut self) -> Result<RowBatch> {
        if self.failed {
            return Ok(RowBatch::default());
        }
        self.driver.fetch().inspect_err(|_| self.failed = true)
    }
}

impl Iterator for Scanner {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        self.next_row().transpose()
    }
}

impl FusedIterator for Scanner {}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner").finish_non_exhaustive()
    }
}
