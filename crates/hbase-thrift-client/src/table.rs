//! Reads and writes of one table.

use std::fmt;

use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::request::{Delete, Get, Increment, Put, Scan};
use crate::row::Row;
use crate::scanner::Scanner;
use crate::thrift1;

/// A handle on one table. Cheap to clone; holds no connection between calls.
#[derive(Clone)]
pub struct Table {
    executor: Executor,
    name: Vec<u8>,
}

impl Table {
    pub(crate) fn new(executor: Executor, name: Vec<u8>) -> Self {
        Self { executor, name }
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
        Ok(Scanner::new(self.executor.clone(), self.name.clone(), scan))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name.escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}
