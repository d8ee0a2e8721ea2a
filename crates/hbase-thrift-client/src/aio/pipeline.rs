//! Several independent calls in one round trip.

use std::fmt;

use super::table::Table;
use crate::drive::{Executor, OwnedRequest, PipelineDriver, PipelineResults, Queued};
use crate::error::Result;
use crate::request::{
    Batch, CheckAndMutate, CheckAndPut, Delete, Get, Increment, Put, RowMutations,
};
use crate::row::Row;

/// Independent calls that are sent together on one connection, as [`crate::Pipeline`].
///
/// Adding a call waits only while it is not known which interface the gateways have, and where that matters. A
/// write whose outcome is unknown may still be carried out later, as with [`Table::put`](crate::Table::put).
///
/// ```no_run
/// # use hbase_thrift_client::{Get, Put, aio::{Client, Pipeline}};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let crashes = client.table("crashes");
/// let mut pipeline: Pipeline = client.pipeline();
/// pipeline.put(&crashes, Put::new("row1").column("flags:processed", "N")).await?;
/// let state = pipeline.get(&crashes, Get::new("row2").column("flags:processed")).await?;
/// let mut results = pipeline.send().await;
/// println!("{:?}", results.take(state)?);
/// results.all()?;
/// # Ok(())
/// # }
/// ```
pub struct Pipeline {
    driver: PipelineDriver,
}

impl Pipeline {
    pub(super) fn new(executor: Executor) -> Self {
        Self { driver: PipelineDriver::new(executor) }
    }

    /// Adds a call as [`Table::put`](super::Table::put).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Delete, Get, Put, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// pipeline.put(&table, Put::new("row1").column("f:a", "1")).await?;
    /// pipeline.delete(&table, Delete::row("row2")).await?;
    /// let row = pipeline.get(&table, Get::new("row3")).await?;
    /// let is_there = pipeline.exists(&table, Get::new("row4")).await?;
    /// assert_eq!((pipeline.len(), pipeline.is_empty()), (4, false));
    /// let mut results = pipeline.send().await;
    /// println!("{:?}, {}", results.take(row)?, results.take(is_there)?);
    /// results.all()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::put`].
    pub async fn put(&mut self, table: &Table, put: Put) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::Put(put)).await
    }

    /// Adds a call as [`Table::delete`](super::Table::delete).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::delete`].
    pub async fn delete(&mut self, table: &Table, delete: Delete) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::Delete(delete)).await
    }

    /// Adds a call as [`Table::batch`](super::Table::batch).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Batch, CheckAndMutate, CheckAndPut, Increment, Put, RowMutations, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// let put = || Put::new("row1").column("f:a", "1");
    /// pipeline.batch(&table, Batch::new().put(put())).await?;
    /// pipeline.mutate_row(&table, RowMutations::new("row1").put(put())).await?;
    /// pipeline.increment_rows(&table, vec![Increment::new("row1", "f:n", 1)]).await?;
    /// let count = pipeline.increment(&table, Increment::new("row1", "f:n", 1)).await?;
    /// let claim = CheckAndPut::if_absent("row1", "f:taker").put("f:taker", "me");
    /// let claim = pipeline.check_and_put(&table, claim).await?;
    /// let change = CheckAndMutate::if_equal("row1", "f:taker", "me");
    /// let change = change.mutate(RowMutations::new("row1").put(put()));
    /// let change = pipeline.check_and_mutate(&table, change).await?;
    /// let mut results = pipeline.send().await;
    /// println!("{}, {}, {}", results.take(count)?, results.take(claim)?, results.take(change)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::batch`].
    pub async fn batch(&mut self, table: &Table, batch: Batch) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::Batch(batch)).await
    }

    /// Adds a call as [`Table::get`](super::Table::get).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::get`].
    pub async fn get(&mut self, table: &Table, get: Get) -> Result<Queued<Option<Row>>> {
        self.add(table, OwnedRequest::Get(get)).await
    }

    /// Adds a call as [`Table::exists`](super::Table::exists).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::exists`].
    pub async fn exists(&mut self, table: &Table, get: Get) -> Result<Queued<bool>> {
        self.add(table, OwnedRequest::Exists(get)).await
    }

    /// Adds a call as [`Table::increment`](super::Table::increment).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::increment`].
    pub async fn increment(&mut self, table: &Table, increment: Increment) -> Result<Queued<i64>> {
        self.add(table, OwnedRequest::Increment(increment)).await
    }

    /// Adds a call as [`Table::increment_rows`](super::Table::increment_rows).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::increment_rows`].
    pub async fn increment_rows(
        &mut self,
        table: &Table,
        increments: Vec<Increment>,
    ) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::IncrementRows(increments)).await
    }

    /// Adds a call as [`Table::check_and_put`](super::Table::check_and_put).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::check_and_put`].
    pub async fn check_and_put(
        &mut self,
        table: &Table,
        check: CheckAndPut,
    ) -> Result<Queued<bool>> {
        self.add(table, OwnedRequest::CheckAndPut(check)).await
    }

    /// Adds a call as [`Table::check_and_mutate`](super::Table::check_and_mutate).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::check_and_mutate`].
    pub async fn check_and_mutate(
        &mut self,
        table: &Table,
        check: CheckAndMutate,
    ) -> Result<Queued<bool>> {
        self.add(table, OwnedRequest::CheckAndMutate(check)).await
    }

    /// Adds a call as [`Table::mutate_row`](super::Table::mutate_row).
    ///
    /// Dropped midway, it adds nothing.
    ///
    /// # Errors
    ///
    /// As [`crate::Pipeline::mutate_row`].
    pub async fn mutate_row(
        &mut self,
        table: &Table,
        mutations: RowMutations,
    ) -> Result<Queued<()>> {
        self.add(table, OwnedRequest::MutateRow(mutations)).await
    }

    /// Returns how many calls there are.
    pub fn len(&self) -> usize {
        self.driver.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.driver.len() == 0
    }

    /// Sends all calls and waits for their results, within one operation time-out, as
    /// [`crate::Pipeline::send`].
    ///
    /// Dropped midway, nobody knows which of them were carried out.
    pub async fn send(self) -> PipelineResults {
        self.driver.send().await
    }

    async fn add<T>(&mut self, table: &Table, request: OwnedRequest) -> Result<Queued<T>> {
        self.driver.add(table.driver(), request).await
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("calls", &self.len()).finish_non_exhaustive()
    }
}
