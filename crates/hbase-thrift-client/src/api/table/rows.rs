//! Reads and writes of rows by their keys.

use super::Table;
use crate::dialect::Call;
use crate::error::Result;
use crate::request::{
    Append, Batch, CheckAndMutate, CheckAndPut, Delete, Get, GetRows, GetVersions, Increment, Put,
    RowMutations, Version,
};
use crate::row::{OwnedCell, Row};
use crate::sync::blocking;

impl Table {
    /// Reads a row; `None` where it, or every column asked for, is absent.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Get;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// match table.get(&Get::new("row1").column("flags:processed"))? {
    ///     Some(row) => println!("{:?}", row.get("flags:processed")),
    ///     None => println!("there is no such row, or it has no such column"),
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound),
    /// [`NoSuchColumnFamily`](crate::ErrorKind::NoSuchColumnFamily), and what any call can meet
    /// (see [`ErrorKind`](crate::ErrorKind)). Repeated while it may heal within the operation
    /// time-out.
    pub fn get(&self, get: &Get) -> Result<Option<Row>> {
        blocking(self.driver.get(get))
    }

    /// Reads several rows in as few round trips as their size allows, mostly one. The answer has a
    /// place for each key, in their order, `None` if the row, or every column asked for, is absent.
    ///
    /// Keys that don't fit into one request go into several, and rows that don't fit into one reply
    /// are asked for again in smaller parts, all within one operation time-out.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, GetRows};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let rows = client.table("crashes").get_rows(&GetRows::new(["row1", "row2"]).family("ids"))?;
    /// assert_eq!(rows.len(), 2);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`TooLarge`](crate::ErrorKind::TooLarge) for one row over the limit.
    pub fn get_rows(&self, get: &GetRows) -> Result<Vec<Option<Row>>> {
        blocking(self.driver.executor().run_get_rows(self.driver.full_name(), get))
    }

    /// Returns whether a get would return anything. Over Thrift 2 the row itself stays where it is; over
    /// Thrift 1 it is read.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Get;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// if client.table("crashes").exists(&Get::new("row1").column("flags:processed"))? {
    ///     println!("it is processed");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn exists(&self, get: &Get) -> Result<bool> {
        blocking(self.driver.executor().run(&Call::exists(self.driver.full_name(), get)))
            .map(|existence| existence.0)
    }

    /// As [`exists`](Self::exists), for several rows, in as few round trips as
    /// [`get_rows`](Self::get_rows) takes: for each key, in their order, whether there is such a row.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::GetRows;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let exist = client.table("crashes").exists_all(&GetRows::new(["row1", "row2"]).family("ids"))?;
    /// println!("{} of them exist", exist.iter().filter(|exists| **exists).count());
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_rows`](Self::get_rows).
    pub fn exists_all(&self, get: &GetRows) -> Result<Vec<bool>> {
        blocking(self.driver.executor().run_exists_all(self.driver.full_name(), get))
    }

    /// Reads versions of a column, newest first; none where it is absent.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::GetVersions;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// for version in table.get_versions(&GetVersions::new("row1", "flags:processed", 3))? {
    ///     println!("{}: {}", version.timestamp, version.value.escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_versions(&self, get: &GetVersions) -> Result<Vec<Version>> {
        blocking(self.driver.executor().run(&Call::get_versions(self.driver.full_name(), get)))
    }

    /// Writes cells of a row.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Put;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// table.put(&Put::new("row1").column("flags:processed", "N").column("ids:ooid", "11cb72f5"))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) and
    /// [`TooLarge`](crate::ErrorKind::TooLarge) before anything is sent; otherwise as
    /// [`get`](Self::get). Repeated while it may heal: a put that took effect twice leaves a second
    /// version with the same value. One whose outcome is [`Unknown`](crate::Outcome::Unknown), or of
    /// which an attempt lost its connection, may still be carried out later by the gateway that has
    /// it, and then hides what was written in between;
    /// [`Config::client_timestamps`](crate::Config::client_timestamps) rules that out.
    pub fn put(&self, put: &Put) -> Result<()> {
        blocking(self.driver.put(put))
    }

    /// Deletes a row or some of its columns; deleting what is absent is no error.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Delete;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// table.delete(&Delete::row("row1").column("flags:processed"))?;
    /// table.delete(&Delete::row("row2"))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), but never repeated when its fate is unknown if it names a
    /// [newest version](Delete::newest_version). [`Unsupported`](crate::ErrorKind::Unsupported) for
    /// single versions on Thrift 1.
    pub fn delete(&self, delete: &Delete) -> Result<()> {
        blocking(self.driver.delete(delete))
    }

    /// Puts and deletes on any rows in one call; an empty batch sends nothing.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Batch, Put};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let puts = (0..100).map(|number| Put::new(format!("row{number}")).column("f:a", "1"));
    /// client.table("crashes").batch(&puts.collect::<Batch>())?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put). The gateway answers one error for the whole batch, of which some rows
    /// may have been written: [`Error::outcome`](crate::Error::outcome) is then
    /// [`Unknown`](crate::Outcome::Unknown), and sending it again does no harm.
    pub fn batch(&self, batch: &Batch) -> Result<()> {
        blocking(self.driver.batch(batch))
    }

    /// Puts to a row and deletes from it in one step, all or nothing; sends nothing if there is nothing
    /// to do. On a Thrift 2 gateway.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Delete, Put, RowMutations};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost/?interface=2")?;
    /// let done = RowMutations::new("row1")
    ///     .put(Put::new("row1").column("flags:processed", "Y"))
    ///     .delete(Delete::row("row1").family("claims"));
    /// client.table("crashes").mutate_row(&done)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if a delete would
    /// hide what is put, [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1.
    pub fn mutate_row(&self, mutations: &RowMutations) -> Result<()> {
        blocking(self.driver.mutate_row(mutations))
    }

    /// Changes a row if one of its cells is as expected, in one atomic step; answers whether it did. On
    /// a Thrift 2 gateway.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{CheckAndMutate, CompareOp, Put, RowMutations};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost/?interface=2")?;
    /// let newer = Put::new("row1").column("doc:text", "…").column("doc:version", 7_u64.to_be_bytes());
    /// let check = CheckAndMutate::if_matches("row1", "doc:version", CompareOp::Less, 7_u64.to_be_bytes())
    ///     .mutate(RowMutations::new("row1").put(newer));
    /// if !client.table("docs").check_and_mutate(&check)? {
    ///     println!("there is no such row, or it has this version already");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment); [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1,
    /// which has [`check_and_put`](Self::check_and_put).
    pub fn check_and_mutate(&self, check: &CheckAndMutate) -> Result<bool> {
        blocking(self.driver.check_and_mutate(check))
    }

    /// Adds to the end of cells and answers their new values.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Append;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let values = table.append(&Append::new("row1").column("log:text", "one more line\n"))?;
    /// println!("the log has {} bytes", values[0].value.len());
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub fn append(&self, append: &Append) -> Result<Vec<OwnedCell>> {
        blocking(self.driver.append(append))
    }

    /// Puts a cell if another has a certain value, in one atomic step; answers whether it did.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::CheckAndPut;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let claim = CheckAndPut::if_absent("row1", "claims:taker").put("claims:taker", "processor-7");
    /// if table.check_and_put(&claim)? {
    ///     println!("it is ours");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub fn check_and_put(&self, check: &CheckAndPut) -> Result<bool> {
        blocking(self.driver.executor().run(&Call::check_and_put(self.driver.full_name(), check)))
    }

    /// Adds to a counter and answers its new value.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Increment, Outcome};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// match table.increment(&Increment::new("2012-05-08", "counters:visits", 1)) {
    ///     Ok(visits) => println!("{visits} visits"),
    ///     // Sending it again might count twice.
    ///     Err(error) if error.outcome() == Outcome::Unknown => eprintln!("counted or not: {error}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), but never repeated when its fate is unknown:
    /// [`Error::outcome`](crate::Error::outcome) is then
    /// [`Unknown`](crate::Outcome::Unknown), and the counter may still change later.
    pub fn increment(&self, increment: &Increment) -> Result<i64> {
        blocking(self.driver.executor().run(&Call::increment(self.driver.full_name(), increment)))
    }

    /// Reads a counter; 0 if it is absent.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Increment};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let table = client.table("counters");
    /// table.counter_set("visits", "f:today", 0)?;
    /// table.increment(&Increment::new("visits", "f:today", 1))?;
    /// assert_eq!(table.counter_get("visits", "f:today")?, 1);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`Value`](crate::ErrorKind::Value) for a cell that isn't 8 bytes long.
    pub fn counter_get(&self, row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>) -> Result<i64> {
        blocking(self.driver.counter_get(row.into(), column.into()))
    }

    /// Sets a counter to a value. Increments of others at the same time may be lost.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let counters = client.table("counters");
    /// counters.counter_set("visits", "f:today", 0)?;
    /// assert_eq!(counters.counter_get("visits", "f:today")?, 0);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn counter_set(
        &self,
        row: impl Into<Vec<u8>>,
        column: impl Into<Vec<u8>>,
        value: i64,
    ) -> Result<()> {
        blocking(self.driver.counter_set(row.into(), column.into(), value))
    }

    /// Adds to several counters in one round trip. Over Thrift 1 the server adds one after the other,
    /// and stops where one fails; over Thrift 2 those of a row are added to in one step.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Increment;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let days = ["2012-05-08", "2012-05"].map(|row| Increment::new(row, "counters:visits", 1));
    /// table.increment_rows(&days)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment); some of the counters may have been added to, unless they are
    /// of one row and the gateway is Thrift 2's.
    pub fn increment_rows(&self, increments: &[Increment]) -> Result<()> {
        blocking(self.driver.increment_rows(increments))
    }
}
