//! Reads and writes of rows by their keys.

use super::Table;
use crate::dialect::Call;
use crate::error::Result;
use crate::request::{
    Append, Batch, CheckAndMutate, CheckAndPut, Delete, Get, GetRows, GetVersions, Increment, Put,
    RowMutations, Version,
};
use crate::row::{OwnedCell, Row};

impl Table {
    /// Reads one row; `None` where it has no such cells.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Get, GetRows, GetVersions, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("crashes");
    /// let row = table.get(&Get::new("row1").column("ids:ooid")).await?;
    /// let rows = table.get_rows(&GetRows::new(["row1", "row7"])).await?;
    /// let versions = table.get_versions(&GetVersions::new("row1", "ids:ooid", 3)).await?;
    /// let is_there = table.exists(&Get::new("row1")).await?;
    /// let are_there = table.exists_all(&GetRows::new(["row1", "row7"])).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Table::get`].
    pub async fn get(&self, get: &Get) -> Result<Option<Row>> {
        self.driver.get(get).await
    }

    /// Reads rows by their keys, each in its place; in several calls where one would be too large.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::get_rows`].
    pub async fn get_rows(&self, get: &GetRows) -> Result<Vec<Option<Row>>> {
        self.driver.executor().run_get_rows(self.driver.full_name(), get).await
    }

    /// Whether a row has any of the cells that a get would return.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::exists`].
    pub async fn exists(&self, get: &Get) -> Result<bool> {
        self.driver
            .executor()
            .run(&Call::exists(self.driver.full_name(), get))
            .await
            .map(|existence| existence.0)
    }

    /// Which of several rows there are.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::exists_all`].
    pub async fn exists_all(&self, get: &GetRows) -> Result<Vec<bool>> {
        self.driver.executor().run_exists_all(self.driver.full_name(), get).await
    }

    /// Reads several versions of one cell, newest first.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::get_versions`].
    pub async fn get_versions(&self, get: &GetVersions) -> Result<Vec<Version>> {
        self.driver.executor().run(&Call::get_versions(self.driver.full_name(), get)).await
    }

    /// Writes cells of one row.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Batch, Delete, Put, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("crashes");
    /// table.put(&Put::new("row1").column("flags:processed", "N")).await?;
    /// table.delete(&Delete::row("row2")).await?;
    /// let batch = Batch::new().put(Put::new("row3").column("flags:processed", "N"));
    /// table.batch(&batch).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Table::put`].
    pub async fn put(&self, put: &Put) -> Result<()> {
        self.driver.put(put).await
    }

    /// Deletes cells of one row, or all of it.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::delete`].
    pub async fn delete(&self, delete: &Delete) -> Result<()> {
        self.driver.delete(delete).await
    }

    /// Runs puts and deletes of several rows; some may be carried out and others not.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::batch`].
    pub async fn batch(&self, batch: &Batch) -> Result<()> {
        self.driver.batch(batch).await
    }

    /// Changes one row, all at once or not at all (Thrift 2).
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{CheckAndMutate, CheckAndPut, Delete, Put, RowMutations, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("crashes");
    /// let done = RowMutations::new("row1")
    ///     .put(Put::new("row1").column("flags:processed", "Y"))
    ///     .delete(Delete::row("row1").family("claims"));
    /// table.mutate_row(&done).await?;
    /// let release = RowMutations::new("row1").delete(Delete::row("row1").family("claims"));
    /// let release = CheckAndMutate::if_equal("row1", "claims:taker", "me").mutate(release);
    /// let was_ours = table.check_and_mutate(&release).await?;
    /// let claim = CheckAndPut::if_absent("row1", "claims:taker").put("claims:taker", "me");
    /// let is_ours = table.check_and_put(&claim).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Table::mutate_row`].
    pub async fn mutate_row(&self, mutations: &RowMutations) -> Result<()> {
        self.driver.mutate_row(mutations).await
    }

    /// Changes one row if a cell compares so (Thrift 2); returns whether it did.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::check_and_mutate`].
    pub async fn check_and_mutate(&self, check: &CheckAndMutate) -> Result<bool> {
        self.driver.check_and_mutate(check).await
    }

    /// Appends to cells of a row; returns what they are then.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Append, Increment, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("counters");
    /// let cells = table.append(&Append::new("row1").column("f:log", "once more")).await?;
    /// let visits = table.increment(&Increment::new("row1", "f:visits", 1)).await?;
    /// table.counter_set("row2", "f:visits", visits).await?;
    /// println!("{visits}, {}", table.counter_get("row2", "f:visits").await?);
    /// let both = ["row1", "row2"].map(|row| Increment::new(row, "f:visits", 1));
    /// table.increment_rows(&both).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Table::append`].
    pub async fn append(&self, append: &Append) -> Result<Vec<OwnedCell>> {
        self.driver.append(append).await
    }

    /// Puts a cell if another one is as expected; returns whether it did.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::check_and_put`].
    pub async fn check_and_put(&self, check: &CheckAndPut) -> Result<bool> {
        self.driver.executor().run(&Call::check_and_put(self.driver.full_name(), check)).await
    }

    /// Adds to a counter; returns what it is then.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::increment`].
    pub async fn increment(&self, increment: &Increment) -> Result<i64> {
        self.driver.executor().run(&Call::increment(self.driver.full_name(), increment)).await
    }

    /// Returns what a counter is; 0 where there is none.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::counter_get`].
    pub async fn counter_get(
        &self,
        row: impl Into<Vec<u8>>,
        column: impl Into<Vec<u8>>,
    ) -> Result<i64> {
        self.driver.counter_get(row.into(), column.into()).await
    }

    /// Sets a counter, whatever it is.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::counter_set`].
    pub async fn counter_set(
        &self,
        row: impl Into<Vec<u8>>,
        column: impl Into<Vec<u8>>,
        value: i64,
    ) -> Result<()> {
        self.driver.counter_set(row.into(), column.into(), value).await
    }

    /// Adds to counters of any rows; some may be counted and others not.
    ///
    /// Dropped midway, nobody knows whether it was carried out.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::increment_rows`].
    pub async fn increment_rows(&self, increments: &[Increment]) -> Result<()> {
        self.driver.increment_rows(increments).await
    }
}
