//! Reads and writes of one table.

use std::collections::HashMap;
use std::fmt;

use crate::config::Config;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::executor::Executor;
use crate::request::{
    Append, Batch, CheckAndPut, Delete, Get, GetRows, GetVersions, Increment, Put, Scan, Version,
};
use crate::row::{OwnedCell, Row, RowBatch, column_order};
use crate::salted::{MergeScan, UnionScan};
use crate::scanner::Scanner;
use crate::thrift1;
use crate::writer::{BufferedWriter, WriterOptions};

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

    /// The table's whole name on the server, prefix included.
    pub fn name(&self) -> &[u8] {
        &self.name
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
        get.check()?;
        let rows = self.executor.run(&thrift1::get_row(&self.name, get))?;
        Ok(rows.get(0))
    }

    /// Reads several rows in one round trip; the answer has a place for each key, in their order,
    /// `None` where the row, or every column asked for, is absent.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_rows(&self, get: &GetRows) -> Result<Vec<Option<Row>>> {
        if get.rows.is_empty() {
            return Ok(Vec::new());
        }
        get.check()?;
        let rows = self.executor.run(&thrift1::get_rows(&self.name, get))?;
        Ok(by_key(&get.rows, &rows))
    }

    /// Reads versions of a column, newest first; none where it is absent.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_versions(&self, get: &GetVersions) -> Result<Vec<Version>> {
        get.check()?;
        self.executor.run(&thrift1::get_versions(&self.name, get))
    }

    /// Writes cells of a row.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) and
    /// [`TooLarge`](crate::ErrorKind::TooLarge) before anything is sent; otherwise as
    /// [`get`](Self::get). Repeated while it may heal: a put that took effect twice leaves a second
    /// version with the same value.
    pub fn put(&self, put: &Put) -> Result<()> {
        put.check(self.executor.config().max_cell_size())?;
        self.executor.run(&thrift1::put(&self.name, put))
    }

    /// Deletes a row or some of its columns; deleting what is absent is no error.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn delete(&self, delete: &Delete) -> Result<()> {
        delete.check()?;
        self.executor.run(&thrift1::delete(&self.name, delete))
    }

    /// Puts and deletes on any rows in one call; an empty batch sends nothing.
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
        batch.check(self.executor.config().max_cell_size())?;
        self.executor.run(&thrift1::batch(&self.name, batch))
    }

    /// Adds to the end of cells and answers their new values.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub fn append(&self, append: &Append) -> Result<Vec<OwnedCell>> {
        append.check()?;
        let values = self.executor.run(&thrift1::append(&self.name, append))?;
        // The answer has no columns; it is in their order.
        let mut columns = append.columns.clone();
        columns.sort_by(|a, b| column_order(a, b));
        if columns.len() != values.len() {
            let message = "the append was answered with another number of values than columns";
            return Err(Error::new(ErrorKind::Protocol, message).with_outcome(Outcome::Applied));
        }
        let cell = |(column, Version { value, timestamp })| OwnedCell { column, value, timestamp };
        Ok(columns.into_iter().zip(values).map(cell).collect())
    }

    /// Puts a cell if another has a certain value, in one atomic step; answers whether it did.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub fn check_and_put(&self, check: &CheckAndPut) -> Result<bool> {
        check.check(self.executor.config().max_cell_size())?;
        self.executor.run(&thrift1::check_and_put(&self.name, check))
    }

    /// Adds to a counter and answers its new value.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), but never repeated when its fate is unknown:
    /// [`Error::outcome`](crate::Error::outcome) is then
    /// [`Unknown`](crate::Outcome::Unknown), and the counter may still change later.
    pub fn increment(&self, increment: &Increment) -> Result<i64> {
        increment.check()?;
        self.executor.run(&thrift1::increment(&self.name, increment))
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
        increments.iter().try_for_each(Increment::check)?;
        self.executor.run(&thrift1::increment_rows(&self.name, increments))
    }

    /// Reads the rows of a range in order, a batch at a time.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) at once; everything else comes from the
    /// scanner, whose first request is sent when its first row is asked for.
    pub fn scan(&self, scan: Scan) -> Result<Scanner> {
        scan.check()?;
        if self.name.is_empty() {
            return Err(Error::invalid("the table's name is empty"));
        }
        Ok(self.scanner(scan))
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
    /// # Errors
    ///
    /// As [`scan`](Self::scan).
    pub fn scan_merge<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: Scan,
    ) -> Result<MergeScan> {
        let salts: Vec<Vec<u8>> = salts.into_iter().map(Into::into).collect();
        // A scanner that reads ahead keeps a connection, and others want some too.
        let affordable = salts.len() <= self.executor.config().max_connections() / 2;
        let scan = Scan { read_ahead: scan.read_ahead && affordable, ..scan };
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
    pub fn writer(&self, options: WriterOptions) -> BufferedWriter {
        BufferedWriter::new(self.clone(), options)
    }

    pub(crate) fn config(&self) -> &Config {
        self.executor.config()
    }

    fn scanner(&self, scan: Scan) -> Scanner {
        Scanner::new(self.executor.clone(), self.name.clone(), scan)
    }
}

/// The rows that were found, each at its key's place; a key may be asked for twice.
fn by_key(keys: &[Vec<u8>], found: &RowBatch) -> Vec<Option<Row>> {
    let found: HashMap<Vec<u8>, Row> = found.iter().map(|row| (row.key().to_vec(), row)).collect();
    keys.iter().map(|key| found.get(key).cloned()).collect()
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name.escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}
