//! The rows of scans as streams.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::drive::{MergeRows, RegionRows, RowSetRows, Rows, ScanRows, UnionRows};
use crate::error::Result;
use crate::request::PageToken;
use crate::row::{Row, RowBatch};

/// Rows and, at times, the fetch that has them and will bring more. A caller that stops waiting leaves the fetch
/// as it is; it goes on when the next row is asked for.
struct RowStream<R> {
    rows: Option<Box<R>>,
    fetch: Option<Fetch<R>>,
    is_over: bool,
}

type Fetch<R> = Pin<Box<dyn Future<Output = (Box<R>, Result<Option<Row>>)> + Send>>;

impl<R: Rows> RowStream<R> {
    fn new(rows: R) -> Self {
        Self { rows: Some(Box::new(rows)), fetch: None, is_over: false }
    }

    /// The next row, if it is there already; none is once the rows are over.
    #[inline]
    fn at_hand(&mut self) -> Option<Row> {
        self.rows.as_mut()?.at_hand()
    }

    #[inline]
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row>>> {
        match self.at_hand() {
            Some(row) => Poll::Ready(Some(Ok(row))),
            None => self.poll_beyond(cx),
        }
    }

    fn poll_beyond(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let row = ready!(self.poll_fetch(cx));
        self.is_over = !matches!(row, Ok(Some(_)));
        Poll::Ready(row.transpose())
    }

    /// Goes on with the fetch that is under way, or begins one.
    fn poll_fetch(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Row>>> {
        if let Some(mut rows) = self.rows.take() {
            self.fetch = Some(Box::pin(async move {
                let row = rows.next_row().await;
                (rows, row)
            }));
        }
        let Some(fetch) = &mut self.fetch else { return Poll::Ready(Ok(None)) };
        let (rows, row) = ready!(fetch.as_mut().poll(cx));
        (self.rows, self.fetch) = (Some(rows), None);
        Poll::Ready(row)
    }

    /// The next row. One future without others in it: that is most of what a row at hand takes.
    #[inline]
    fn next_row(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send {
        poll_fn(|cx| match self.at_hand() {
            Some(row) => Poll::Ready(Ok(Some(row))),
            None => self.poll_beyond(cx).map(Option::transpose),
        })
    }

    /// Ends the fetch that is under way, if one is; returns the row that it brought.
    async fn settle(&mut self) -> Result<Option<Row>> {
        if self.fetch.is_none() {
            return Ok(None);
        }
        poll_fn(|cx| self.poll_fetch(cx)).await.inspect_err(|_| self.is_over = true)
    }

    /// Counts the rows that are left.
    async fn count(mut self) -> Result<u64> {
        if self.is_over {
            return Ok(0);
        }
        let came = u64::from(self.settle().await?.is_some());
        match self.rows {
            Some(rows) => Ok(came + rows.count().await?),
            None => Ok(came),
        }
    }
}

/// The rows of a [`Scan`](crate::Scan), in order, as [`crate::Scanner`]: a [`Stream`] of `Result<Row>`.
///
/// The next batch is asked for while the rows of this one are taken, and none after that: a stream that nobody
/// polls costs its gateway nothing. A caller that stops waiting for a row, by `select!` for
/// instance, gets the same row the next time.
///
/// ```no_run
/// # use hbase_thrift_client::{Scan, aio::{Client, Scanner}};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let crashes = client.table("crashes");
/// let mut rows: Scanner = crashes.scan(Scan::new().prefix("a1205")).await?;
/// while let Some(row) = rows.next_row().await? {
///     println!("{}", row.key().escape_ascii());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Scanner {
    rows: RowStream<ScanRows>,
}

impl Scanner {
    pub(super) fn new(rows: ScanRows) -> Self {
        Self { rows: RowStream::new(rows) }
    }

    /// Returns the next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// The error that ends the scan.
    #[inline]
    pub fn next_row(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send {
        self.rows.next_row()
    }

    /// Returns the rows that are at hand, or the next ones that the server has; `None` at the end.
    ///
    /// None of them is lost if the caller stops waiting.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Scan, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let mut scanner = client.table("crashes").scan(Scan::new()).await?;
    /// if let Some(batch) = scanner.next_batch().await? {
    ///     println!("{} rows came together", batch.len());
    /// }
    /// // Where another process goes on.
    /// let token = scanner.page_token().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ends the scan.
    pub async fn next_batch(&mut self) -> Result<Option<RowBatch>> {
        if self.rows.is_over {
            return Ok(None);
        }
        // A fetch hands out the first row of a batch, which is taken back.
        if self.rows.next_row().await?.is_none() {
            return Ok(None);
        }
        Ok(self.rows.rows.as_mut().and_then(|rows| {
            rows.give_back();
            rows.take_batch()
        }))
    }

    /// Returns what another process needs to go on behind the rows that were returned, as
    /// [`crate::Scanner::page_token`]; waits for a fetch that is under way.
    ///
    /// # Errors
    ///
    /// The error that ended the fetch, and with it the scan.
    pub async fn page_token(&mut self) -> Result<Option<PageToken>> {
        let came = self.rows.settle().await?;
        let Some(rows) = self.rows.rows.as_mut() else { return Ok(None) };
        if came.is_some() {
            rows.give_back();
        }
        Ok(rows.page_token())
    }

    /// Reads all rows that are left and counts them (results, where [`Scan::batch`](crate::Scan::batch) splits
    /// rows).
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Scan, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let rows = client.table("crashes").scan(Scan::new()).await?.count_rows().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub async fn count_rows(self) -> Result<u64> {
        self.rows.count().await
    }
}

/// The rows behind all salts, or of all regions, in no particular order, as [`crate::UnionScan`].
///
/// A [`Stream`] of `Result<Row>`, which ends after the first error. A caller that stops waiting for a row gets
/// the same row the next time.
///
/// ```no_run
/// # use hbase_thrift_client::{Scan, aio::Client};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let crashes = client.table("crashes");
/// let mut rows = crashes.scan_union(["0", "1", "2"], Scan::new().prefix("120508")).await?;
/// if let Some(first) = rows.next_row().await? {
///     println!("the first is {}, {} follow", first.key().escape_ascii(), rows.count_rows().await?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct UnionScan {
    rows: RowStream<UnionRows>,
}

impl UnionScan {
    pub(super) fn new(rows: UnionRows) -> Self {
        Self { rows: RowStream::new(rows) }
    }

    /// Returns the next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// The error that ends the scan.
    #[inline]
    pub fn next_row(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send {
        self.rows.next_row()
    }

    /// Counts the rows that are left.
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub async fn count_rows(self) -> Result<u64> {
        self.rows.count().await
    }
}

/// The rows behind all salts in the order of their keys without the salt, as [`crate::MergeScan`].
///
/// A [`Stream`] of `Result<Row>`, which ends after the first error. A caller that stops waiting for a row gets
/// the same row the next time.
///
/// ```no_run
/// # use hbase_thrift_client::{Scan, aio::Client};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let crashes = client.table("crashes");
/// let mut rows = crashes.scan_merge(["0", "1", "2"], Scan::new().prefix("120508")).await?;
/// if let Some(first) = rows.next_row().await? {
///     println!("the first is {}, {} follow", first.key().escape_ascii(), rows.count_rows().await?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct MergeScan {
    rows: RowStream<MergeRows>,
}

impl MergeScan {
    pub(super) fn new(rows: MergeRows) -> Self {
        Self { rows: RowStream::new(rows) }
    }

    /// Returns the next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// The error that ends the scan.
    #[inline]
    pub fn next_row(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send {
        self.rows.next_row()
    }

    /// Counts the rows that are left.
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub async fn count_rows(self) -> Result<u64> {
        self.rows.count().await
    }
}

/// The rows of a scan whose regions are read ahead of one another, in order, as [`crate::RegionScan`].
///
/// A [`Stream`] of `Result<Row>`, which ends after the first error. A caller that stops waiting for a row gets
/// the same row the next time.
///
/// ```no_run
/// # use hbase_thrift_client::{Scan, aio::Client};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let crashes = client.table("crashes");
/// let mut rows = crashes.scan_regions_in_order(Scan::new()).await?;
/// if let Some(first) = rows.next_row().await? {
///     println!("the first is {}, {} follow", first.key().escape_ascii(), rows.count_rows().await?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct RegionScan {
    rows: RowStream<RegionRows>,
}

impl RegionScan {
    pub(super) fn new(rows: RegionRows) -> Self {
        Self { rows: RowStream::new(rows) }
    }

    /// Returns the next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// The error that ends the scan.
    #[inline]
    pub fn next_row(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send {
        self.rows.next_row()
    }

    /// Counts the rows that are left.
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub async fn count_rows(self) -> Result<u64> {
        self.rows.count().await
    }
}

/// The rows of a [`RowSet`](crate::RowSet), in order, as [`crate::RowSetScan`].
///
/// A [`Stream`] of `Result<Row>`, which ends after the first error. A caller that stops waiting for a row gets
/// the same row the next time.
///
/// ```no_run
/// # use hbase_thrift_client::{RowSet, Scan, aio::Client};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let crashes = client.table("crashes");
/// let mut rows = crashes.scan_rows(RowSet::new().prefix("a").prefix("c"), Scan::new()).await?;
/// if let Some(first) = rows.next_row().await? {
///     println!("the first is {}, {} follow", first.key().escape_ascii(), rows.count_rows().await?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct RowSetScan {
    rows: RowStream<RowSetRows>,
}

impl RowSetScan {
    pub(super) fn new(rows: RowSetRows) -> Self {
        Self { rows: RowStream::new(rows) }
    }

    /// Returns the next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// The error that ends the scan.
    #[inline]
    pub fn next_row(&mut self) -> impl Future<Output = Result<Option<Row>>> + Send {
        self.rows.next_row()
    }

    /// Counts the rows that are left.
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub async fn count_rows(self) -> Result<u64> {
        self.rows.count().await
    }
}

macro_rules! streams {
    ($($name:ident)+) => {
        $(
            impl Stream for $name {
                type Item = Result<Row>;

                fn poll_next(
                    self: Pin<&mut Self>,
                    cx: &mut Context<'_>,
                ) -> Poll<Option<Result<Row>>> {
                    self.get_mut().rows.poll_next(cx)
                }
            }

            impl FusedStream for $name {
                fn is_terminated(&self) -> bool {
                    self.rows.is_over
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )+
    };
}

streams! { Scanner UnionScan MergeScan RegionScan RowSetScan }
