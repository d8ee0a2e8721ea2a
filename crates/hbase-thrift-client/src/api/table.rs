//! Reads and writes of one table.

use std::fmt;
use std::time::Duration;

use super::admin::Admin;
use super::by_region::{self, RegionScan};
use super::get_rows::get_rows;
use super::row_set::RowSetScan;
use super::salted::{MergeScan, UnionScan};
use super::scanner::Scanner;
use super::writer::{BufferedWriter, WriterOptions};
use crate::dialect::{Call, Request, ScanBounds};
use crate::error::{Error, Result};
use crate::request::{
    Append, Batch, CheckAndPut, ColumnFamily, Delete, Get, GetRows, GetVersions, Increment, Put,
    Region, RowSet, Scan, Version,
};
use crate::row::{Column, OwnedCell, Row, ToCell};
use crate::sync::{CancellationToken, Executor, stamped, unusable_result};

/// A handle on one table. Cheap to clone; holds no connection between calls.
#[derive(Clone)]
pub struct Table {
    executor: Executor,
    name: Vec<u8>,
}

impl Table {
    pub(crate) fn new(executor: &Executor, name: Vec<u8>) -> Self {
        Self { executor: executor.on_table(&name), name }
    }

    /// Returns the table's name, without the configured table prefix.
    ///
    /// ```no_run
    /// let client = hbase_thrift_client::Client::connect("hbase://localhost/?table_prefix=test_")?;
    /// let crashes = client.table("crashes");
    /// assert_eq!((crashes.name(), crashes.full_name()), (&b"crashes"[..], &b"test_crashes"[..]));
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn name(&self) -> &[u8] {
        &self.name[self.executor.config().get_table_prefix().len()..]
    }

    /// Returns the table's whole name on the server, prefix included.
    pub fn full_name(&self) -> &[u8] {
        &self.name
    }

    /// Returns the same table with another operation time-out than the configured one.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use hbase_thrift_client::{Client, Get};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let hurried = client.table("crashes").with_timeout(Duration::from_millis(200));
    /// let row = hurried.get(&Get::new("row1"))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { executor: self.executor.with_timeout(timeout), name: self.name.clone() }
    }

    /// Returns the same table with calls, scans and writers that the token ends.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{CancellationToken, Scan};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let token = CancellationToken::new();
    /// let crashes = client.table("crashes").with_cancellation(&token);
    /// for row in crashes.scan(Scan::new())? {
    ///     if row?.key().starts_with(b"b") {
    ///         // Ends what other threads do with this token, too.
    ///         token.cancel();
    ///     }
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self { executor: self.executor.with_cancellation(token), name: self.name.clone() }
    }

    /// Returns the regions of the table, in order of their keys; as [`Admin::regions`].
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for region in client.table("crashes").regions()? {
    ///     println!("{} on {:?}", region.start_key.escape_ascii(), region.server);
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn regions(&self) -> Result<Vec<Region>> {
        Admin::new(self.executor.clone()).regions(self.name())
    }

    /// Returns the column families of the table, in order of their names; as
    /// [`Admin::column_families`].
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for family in client.table("crashes").families()? {
    ///     println!("{}: {} versions", family.get_name().escape_ascii(), family.get_max_versions());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn families(&self) -> Result<Vec<ColumnFamily>> {
        Admin::new(self.executor.clone()).column_families(self.name())
    }

    /// Reads a row; `None` where it, or every column asked for, is absent.
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound),
    /// [`NoSuchColumnFamily`](crate::ErrorKind::NoSuchColumnFamily), and what any call can meet
    /// (see [`ErrorKind`](crate::ErrorKind)). Repeated while it may heal within the operation
    /// time-out.
    pub fn get(&self, get: &Get) -> Result<Option<Row>> {
        let rows = self.executor.run(&Call::get(&self.name, get))?;
        Ok(rows.get(0))
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
        get_rows(&self.executor, &self.name, get)
    }

    /// Reads versions of a column, newest first; none where it is absent.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_versions(&self, get: &GetVersions) -> Result<Vec<Version>> {
        self.executor.run(&Call::get_versions(&self.name, get))
    }

    /// Writes cells of a row.
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
        let put = stamped(put, self.executor.stamp(), |put| &mut put.timestamp);
        self.executor.run(&Call::put(&self.name, &put))
    }

    /// Deletes a row or some of its columns; deleting what is absent is no error.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn delete(&self, delete: &Delete) -> Result<()> {
        let delete = stamped(delete, self.executor.stamp(), |delete| &mut delete.timestamp);
        self.executor.run(&Call::delete(&self.name, &delete))
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
        if batch.is_empty() {
            return Ok(());
        }
        match self.executor.stamp() {
            None => self.executor.run(&Call::batch(&self.name, batch)),
            stamp => {
                let mut batch = batch.clone();
                batch.stamp(stamp);
                self.executor.run(&Call::batch(&self.name, &batch))
            }
        }
    }

    /// Adds to the end of cells and answers their new values.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub fn append(&self, append: &Append) -> Result<Vec<OwnedCell>> {
        let call = Call::append(&self.name, append);
        let values = self.executor.run(&call)?;
        // The reply has no columns; it is in their order.
        let mut columns = append.columns.clone();
        columns.sort_by(|a, b| Column::parse(a).cmp(&Column::parse(b)));
        if columns.len() != values.len() {
            let message = "the append returned another number of values than it has columns";
            return Err(unusable_result(message, &call.request));
        }
        let owned = |(column, Version { value, timestamp })| OwnedCell { column, value, timestamp };
        Ok(columns.into_iter().zip(values).map(owned).collect())
    }

    /// Puts a cell if another has a certain value, in one atomic step; answers whether it did.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub fn check_and_put(&self, check: &CheckAndPut) -> Result<bool> {
        self.executor.run(&Call::check_and_put(&self.name, check))
    }

    /// Adds to a counter and answers its new value.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), but never repeated when its fate is unknown:
    /// [`Error::outcome`](crate::Error::outcome) is then
    /// [`Unknown`](crate::Outcome::Unknown), and the counter may still change later.
    pub fn increment(&self, increment: &Increment) -> Result<i64> {
        self.executor.run(&Call::increment(&self.name, increment))
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
        let column = column.into();
        let row = self.get(&Get::new(row).column(column.clone()))?;
        Ok(row.map(|row| row.try_get(&column)).transpose()?.flatten().unwrap_or(0))
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
        self.put(&Put::new(row).column(column, value.to_cell()?))
    }

    /// Adds to several counters in one round trip. The server adds one after the other, and stops
    /// where one fails.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment); some of the counters may have been added to.
    pub fn increment_rows(&self, increments: &[Increment]) -> Result<()> {
        if increments.is_empty() {
            return Ok(());
        }
        self.executor.run(&Call::increment_rows(&self.name, increments))
    }

    /// Reads the rows of a range in order, a batch at a time.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) at once; everything else comes from the
    /// scanner, whose first request is sent when its first row is asked for.
    pub fn scan(&self, scan: Scan) -> Result<Scanner> {
        self.check_scan(&scan)?;
        Ok(Scanner::new(self.executor.clone(), self.name.clone(), scan))
    }

    fn check_scan(&self, scan: &Scan) -> Result<()> {
        let bounds = ScanBounds { start: &[], stop: &[], rows: scan.caching };
        self.executor.check(&Request::OpenScanner(&self.name, scan, bounds))
    }

    /// Counts the rows of a scan. The server sends no more than the keys of their cells; without a
    /// filter, no more than one cell of each row.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Scan};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes").count_rows(Scan::new().prefix("a1205"))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan), and the error that ended the scan.
    pub fn count_rows(&self, scan: Scan) -> Result<u64> {
        self.scan(scan.for_counting())?.count_rows()
    }

    /// Reads a set of rows in the order of their keys: several keys in one round trip, each range as
    /// a scan. Everything else is the scan's: columns, filter, limit, direction.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, RowSet, Scan};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let rows = RowSet::new().row("a1").row("b7").range("d", "f");
    /// for row in client.table("crashes").scan_rows(rows, Scan::new().family("ids"))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan); [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a scan that
    /// has a range of its own.
    pub fn scan_rows(&self, rows: RowSet, scan: Scan) -> Result<RowSetScan> {
        if !scan.is_of_whole_table() {
            return Err(Error::invalid("the scan of a set of rows has a range of its own"));
        }
        let ranges = rows.into_ranges()?;
        // What is wrong is said at once, whichever range it is in.
        let scans = ranges.iter().map(|range| scan.of_keys(range.clone()));
        scans.chain([scan.clone()]).try_for_each(|scan| self.check_scan(&scan))?;
        Ok(RowSetScan::new(self.executor.clone(), self.name.clone(), scan, ranges))
    }

    /// Runs a scan on several of the table's regions at once and hands out the rows in no particular
    /// order. The limit is for all regions together.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Scan};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let rows = client.table("crashes").scan_regions(Scan::new())?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan) and [`regions`](Self::regions).
    pub fn scan_regions(&self, scan: Scan) -> Result<UnionScan> {
        let limit = scan.limit;
        Ok(UnionScan::new(self.by_region(&scan)?.into_iter(), limit))
    }

    /// As [`scan_regions`](Self::scan_regions), in the order of the keys: while the rows of a region
    /// are read, a batch of each of the next three is on the way.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for row in client.table("crashes").scan_regions_in_order(Scan::new().family("ids"))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan_regions`](Self::scan_regions).
    pub fn scan_regions_in_order(&self, scan: Scan) -> Result<RegionScan> {
        let limit = scan.limit;
        Ok(RegionScan::new(self.by_region(&scan)?.into_iter(), limit))
    }

    fn by_region(&self, scan: &Scan) -> Result<Vec<Scanner>> {
        self.check_scan(scan)?;
        let parts = by_region::parts(scan, &self.regions()?);
        parts.into_iter().map(|part| self.scan(part)).collect()
    }

    /// Runs a scan behind each of several salts (leading bytes that spread the keys over regions)
    /// and hands out the rows in no particular order, a few salts at once. The scan's keys are those
    /// after the salt; its limit is for all salts together.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Config, Scan};
    /// # let client = Client::connect(Config::new("localhost", 9090))?;
    /// # let table = client.table("crash_reports");
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// for row in table.scan_union(salts, Scan::new().prefix("120508").limit(100))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan).
    pub fn scan_union<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: Scan,
    ) -> Result<UnionScan> {
        let limit = scan.limit;
        let scanners = self.salted(salts, &scan)?;
        Ok(UnionScan::new(scanners.into_iter().map(|(_, scanner)| scanner), limit))
    }

    /// As [`scan_union`](Self::scan_union), in the byte order of the keys without their salt. All
    /// salts are read at once, a batch of rows each in memory.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// for row in client.table("crash_reports").scan_merge(salts, Scan::new().prefix("120508"))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan).
    pub fn scan_merge<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: Scan,
    ) -> Result<MergeScan> {
        let salts: Vec<Vec<u8>> = salts.into_iter().map(Into::into).collect();
        let scanners = self.salted(salts, &scan)?;
        Ok(MergeScan::new(scanners.into_iter(), &scan))
    }

    /// A scanner for each salt, with the salt's length.
    fn salted<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: &Scan,
    ) -> Result<Vec<(usize, Scanner)>> {
        let salted = |salt: S| {
            let salt = salt.into();
            Ok((salt.len(), self.scan(scan.behind(&salt))?))
        };
        salts.into_iter().map(salted).collect()
    }

    /// Gathers puts and deletes and sends them in large calls.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Put, WriterOptions};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let writer = client.table("crashes").writer(WriterOptions::new().max_mutations(2_000));
    /// writer.write(Put::new("row1").column("f:a", "1"))?;
    /// writer.close()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn writer(&self, options: WriterOptions) -> BufferedWriter {
        BufferedWriter::new(self.executor.clone(), self.name.clone(), options)
    }

    pub(super) fn executor(&self) -> &Executor {
        &self.executor
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name.escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}
