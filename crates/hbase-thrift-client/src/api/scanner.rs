//! The rows of a scan.

use std::fmt;
use std::iter::FusedIterator;

use crate::drive::{Rows, ScanRows};
use crate::error::Result;
use crate::request::PageToken;
use crate::row::{Row, RowBatch};
use crate::sync::blocking;

/// The rows of a [`Scan`](crate::Scan), in order.
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
    rows: ScanRows,
}

impl Scanner {
    pub(super) fn new(rows: ScanRows) -> Self {
        Self { rows }
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
        blocking(self.rows.next_batch())
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
        self.rows.page_token()
    }

    /// Counts the rows that are left (results, where [`Scan::batch`](crate::Scan::batch) splits rows).
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
    pub fn count_rows(self) -> Result<u64> {
        blocking(self.rows.count())
    }
}

impl Iterator for Scanner {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        next(&mut self.rows)
    }
}

impl FusedIterator for Scanner {}

/// The next of these rows.
#[inline]
pub(super) fn next(rows: &mut impl Rows) -> Option<Result<Row>> {
    match rows.at_hand() {
        Some(row) => Some(Ok(row)),
        None => blocking(rows.next_row()).transpose(),
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner").finish_non_exhaustive()
    }
}
