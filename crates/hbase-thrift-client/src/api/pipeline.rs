//! Several independent calls in one round trip.

use std::fmt;

use super::table::Table;
use crate::drive::{Executor, OwnedRequest, PipelineDriver, PipelineResults, Queued};
use crate::error::Result;
use crate::request::{
    Batch, CheckAndMutate, CheckAndPut, Delete, Get, Increment, Put, RowMutations,
};
use crate::row::Row;
use crate::sync::blocking;

/// Independent calls that are sent together on one connection: one round trip instead of one each.
///
/// The gateway runs them one after the other, and each has a result of its own. Those that may be
/// repeated are, as any other call is, so they have to be independent: after a failure a later one
/// may run before an earlier one.
///
/// A write whose outcome is [`Unknown`](crate::Outcome::Unknown), or that was made again after its connection
/// was lost, may still be carried out later, as with [`Table::put`](crate::Table::put).
///
/// ```no_run
/// # use hbase_thrift_client::{Client, Config, Get, Put};
/// # let client = Client::connect(Config::new("localhost", 9090))?;
/// let (crashes, queue) = (client.table("crashes"), client.table("queue"));
/// let mut pipeline = client.pipeline();
/// pipeline.put(&queue, Put::new("row1").column("ids:ooid", "1"))?;
/// let state = pipeline.get(&crashes, Get::new("row1").column("flags:processed"))?;
/// let mut results = pipeline.send();
/// let row = results.take(state)?;
/// results.all()?;
/// # let _ = row;
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct Pipeline {
    driver: PipelineDriver,
}

impl Pipeline {
    pub(crate) fn new(executor: Executor) -> Self {
        Self { driver: PipelineDriver::new(executor) }
    }

    /// Adds a call as [`Table::put`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Put;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// pipeline.put(&table, Put::new("row1").column("f:a", "1"))?;
    /// pipeline.send().all()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) and
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for a request that is refused by itself, or for a
    /// table of another client. Nothing is sent yet.
    pub fn put(&mut self, table: &Table, put: Put) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::Put(put))
    }

    /// Adds a call as [`Table::delete`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Delete;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// pipeline.delete(&table, Delete::row("row1"))?;
    /// pipeline.send().all()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn delete(&mut self, table: &Table, delete: Delete) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::Delete(delete))
    }

    /// Adds a call as [`Table::batch`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Batch, Put};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let puts = (0..100).map(|number| Put::new(format!("row{number}")).column("f:a", "1"));
    /// pipeline.batch(&table, puts.collect::<Batch>())?;
    /// pipeline.send().all()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn batch(&mut self, table: &Table, batch: Batch) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::Batch(batch))
    }

    /// Adds a call as [`Table::get`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Get;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let row = pipeline.get(&table, Get::new("row1"))?;
    /// assert!(pipeline.send().take(row)?.is_some());
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn get(&mut self, table: &Table, get: Get) -> Result<Queued<Option<Row>>> {
        self.add(table, OwnedRequest::Get(get))
    }

    /// Adds a call as [`Table::exists`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Get;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let is_processed = pipeline.exists(&table, Get::new("row1").column("flags:processed"))?;
    /// println!("{}", pipeline.send().take(is_processed)?);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn exists(&mut self, table: &Table, get: Get) -> Result<Queued<bool>> {
        self.add(table, OwnedRequest::Exists(get))
    }

    /// Adds a call as [`Table::increment`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Increment;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let visits = pipeline.increment(&table, Increment::new("row1", "f:visits", 1))?;
    /// println!("{} visits", pipeline.send().take(visits)?);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn increment(&mut self, table: &Table, increment: Increment) -> Result<Queued<i64>> {
        self.add(table, OwnedRequest::Increment(increment))
    }

    /// Adds a call as [`Table::increment_rows`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Increment;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let days = ["2012-05-08", "2012-05"].map(|row| Increment::new(row, "f:visits", 1));
    /// pipeline.increment_rows(&table, days.to_vec())?;
    /// pipeline.send().all()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn increment_rows(
        &mut self,
        table: &Table,
        increments: Vec<Increment>,
    ) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::IncrementRows(increments))
    }

    /// Adds a call as [`Table::check_and_put`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::CheckAndPut;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let claim = CheckAndPut::if_absent("row1", "claims:taker").put("claims:taker", "me");
    /// let claim = pipeline.check_and_put(&table, claim)?;
    /// if pipeline.send().take(claim)? {
    ///     println!("it is ours");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn check_and_put(&mut self, table: &Table, check: CheckAndPut) -> Result<Queued<bool>> {
        self.add(table, OwnedRequest::CheckAndPut(check))
    }

    /// Adds a call as [`Table::check_and_mutate`].
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{CheckAndMutate, Delete, RowMutations};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost/?interface=2")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let release = RowMutations::new("row1").delete(Delete::row("row1").family("claims"));
    /// let release = CheckAndMutate::if_equal("row1", "claims:taker", "me").mutate(release);
    /// let release = pipeline.check_and_mutate(&table, release)?;
    /// let was_ours = pipeline.send().take(release)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), and [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1.
    pub fn check_and_mutate(
        &mut self,
        table: &Table,
        check: CheckAndMutate,
    ) -> Result<Queued<bool>> {
        self.add(table, OwnedRequest::CheckAndMutate(check))
    }

    /// Adds a call as [`Table::mutate_row`]; one that names nothing to do is refused here.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Delete, Put, RowMutations};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost/?interface=2")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// for row in ["row1", "row2"] {
    ///     let done = Put::new(row).column("flags:processed", "Y");
    ///     let claim = Delete::row(row).family("claims");
    ///     pipeline.mutate_row(&table, RowMutations::new(row).put(done).delete(claim))?;
    /// }
    /// pipeline.send().all()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`check_and_mutate`](Self::check_and_mutate).
    pub fn mutate_row(&mut self, table: &Table, mutations: RowMutations) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::MutateRow(mutations))
    }

    /// Returns how many calls there are.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Put;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// assert!(pipeline.is_empty());
    /// pipeline.put(&table, Put::new("row1").column("f:a", "1"))?;
    /// assert_eq!(pipeline.len(), 1);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.driver.len()
    }

    /// Returns whether there is none.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// assert!(client.pipeline().is_empty());
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.driver.len() == 0
    }

    /// Sends all calls and waits for their results, within one operation time-out. Where the client
    /// stamps its writes, it does so here.
    ///
    /// What goes out at once is limited to 64 KiB, and a larger call goes out by itself: a gateway
    /// that can't write its replies stops reading requests. More takes several round trips.
    pub fn send(self) -> PipelineResults {
        blocking(self.driver.send())
    }

    fn add<T>(&mut self, table: &Table, request: OwnedRequest) -> Result<Queued<T>> {
        blocking(self.driver.add(table.driver(), request))
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("calls", &self.len()).finish_non_exhaustive()
    }
}
