//! Several independent calls in one flight: written together, answered one by one.
//!
//! What a flight may carry is decided here, how it is flown by the executor.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::time::Instant;

use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Executor;
use crate::request::{Batch, CheckAndPut, Delete, Get, Increment, Put};
use crate::row::Row;
use crate::table::Table;
use crate::thrift1;

/// Independent calls that are sent together on one connection: one round trip instead of one each.
///
/// The gateway runs them one after the other, and each has a result of its own. Those that may be
/// repeated are, as in any other call, so they have to be independent: after a failure a later one
/// may run before an earlier one.
///
/// ```no_run
/// # use hbase_thrift_client::{Client, Config, Get, Put};
/// # let client = Client::connect(Config::new("localhost", 9090))?;
/// let (crashes, queue) = (client.table("crashes"), client.table("queue"));
/// let mut flight = client.flight();
/// flight.put(&queue, Put::new("row1").column("ids:ooid", "1"))?;
/// let state = flight.get(&crashes, Get::new("row1").column("flags:processed"))?;
/// let mut landed = flight.send();
/// let row = landed.take(state)?;
/// landed.all()?;
/// # let _ = row;
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct Flight {
    executor: Executor,
    calls: Vec<Box<dyn Passenger>>,
}

/// The place of one call's result in its flight.
#[derive(Debug)]
pub struct Ticket<T> {
    index: usize,
    result: PhantomData<fn() -> T>,
}

/// The results of a flight.
pub struct Landed {
    results: Vec<Option<Result<Box<dyn Any + Send>>>>,
}

impl Flight {
    pub(crate) fn new(executor: Executor) -> Self {
        Self { executor, calls: Vec::new() }
    }

    /// As [`Table::put`].
    ///
    /// # Errors
    ///
    /// What the request itself is refused for; nothing is sent yet.
    pub fn put(&mut self, table: &Table, put: Put) -> Result<Ticket<()>> {
        put.check(self.executor.config().max_cell_size())?;
        Ok(self.board(table, put))
    }

    /// As [`Table::delete`].
    ///
    /// # Errors
    ///
    /// What the request itself is refused for; nothing is sent yet.
    pub fn delete(&mut self, table: &Table, delete: Delete) -> Result<Ticket<()>> {
        delete.check()?;
        Ok(self.board(table, delete))
    }

    /// As [`Table::batch`].
    ///
    /// # Errors
    ///
    /// What the request itself is refused for; nothing is sent yet.
    pub fn batch(&mut self, table: &Table, batch: Batch) -> Result<Ticket<()>> {
        batch.check(self.executor.config().max_cell_size())?;
        Ok(self.board(table, batch))
    }

    /// As [`Table::get`].
    ///
    /// # Errors
    ///
    /// What the request itself is refused for; nothing is sent yet.
    pub fn get(&mut self, table: &Table, get: Get) -> Result<Ticket<Option<Row>>> {
        get.check()?;
        Ok(self.board(table, get))
    }

    /// As [`Table::increment`].
    ///
    /// # Errors
    ///
    /// What the request itself is refused for; nothing is sent yet.
    pub fn increment(&mut self, table: &Table, increment: Increment) -> Result<Ticket<i64>> {
        increment.check()?;
        Ok(self.board(table, increment))
    }

    /// As [`Table::increment_rows`].
    ///
    /// # Errors
    ///
    /// What the request itself is refused for; nothing is sent yet.
    pub fn increment_rows(
        &mut self,
        table: &Table,
        increments: Vec<Increment>,
    ) -> Result<Ticket<()>> {
        increments.iter().try_for_each(Increment::check)?;
        Ok(self.board(table, increments))
    }

    /// As [`Table::check_and_put`].
    ///
    /// # Errors
    ///
    /// What the request itself is refused for; nothing is sent yet.
    pub fn check_and_put(&mut self, table: &Table, check: CheckAndPut) -> Result<Ticket<bool>> {
        check.check(self.executor.config().max_cell_size())?;
        Ok(self.board(table, check))
    }

    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Sends all calls and waits for their results, within one operation time-out.
    ///
    /// Requests of over 64 KiB together are sent in several goes.
    pub fn send(self) -> Landed {
        let results = self.executor.fly(&self.calls);
        Landed { results: results.into_iter().map(Some).collect() }
    }

    fn board<Q, T>(&mut self, table: &Table, request: Q) -> Ticket<T>
    where
        Boarded<Q>: Passenger + 'static,
    {
        self.calls.push(Box::new(Boarded { table: table.name().to_vec(), request }));
        Ticket { index: self.calls.len() - 1, result: PhantomData }
    }
}

impl Landed {
    /// The result of one call. A ticket is for its own flight.
    ///
    /// # Errors
    ///
    /// Why that call failed, and what is known of its fate.
    pub fn take<T: 'static>(&mut self, ticket: Ticket<T>) -> Result<T> {
        let result = self.results.get_mut(ticket.index).and_then(Option::take);
        let wrong = || Error::new(ErrorKind::InvalidRequest, "the ticket is not of this flight");
        let value = result.ok_or_else(wrong)??;
        value.downcast::<T>().map(|value| *value).map_err(|_| wrong())
    }

    /// Checks all results that were not taken.
    ///
    /// # Errors
    ///
    /// Why the first call failed that did.
    pub fn all(self) -> Result<()> {
        self.results.into_iter().flatten().try_for_each(|result| result.map(drop))
    }

    /// The results that were not taken, in the order of the calls, without their values.
    pub fn into_results(self) -> impl Iterator<Item = Result<()>> {
        self.results.into_iter().flatten().map(|result| result.map(drop))
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("calls", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Landed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Landed").field("results", &self.results.len()).finish_non_exhaustive()
    }
}

/// A call in a flight, whatever it is.
pub(crate) trait Passenger: Send {
    fn queue(&self, connection: &mut Connection) -> Result<()>;
    fn receive(
        &self,
        connection: &mut Connection,
        deadline: Instant,
    ) -> Result<Box<dyn Any + Send>>;
    /// Adds to an error of the flight what this call knows of itself.
    fn complete(&self, error: Error) -> Error;
}

/// A request with the table that it is for.
struct Boarded<Q> {
    table: Vec<u8>,
    request: Q,
}

macro_rules! passenger {
    ($request:ty, $call:path, $convert:expr) => {
        impl Passenger for Boarded<$request> {
            fn queue(&self, connection: &mut Connection) -> Result<()> {
                $call(&self.table, &self.request).queue(connection)
            }

            fn receive(
                &self,
                connection: &mut Connection,
                deadline: Instant,
            ) -> Result<Box<dyn Any + Send>> {
                let reply = $call(&self.table, &self.request).receive(connection, deadline)?;
                Ok(Box::new($convert(reply)))
            }

            fn complete(&self, error: Error) -> Error {
                $call(&self.table, &self.request).complete(error)
            }
        }
    };
}

passenger!(Put, thrift1::put, std::convert::identity);
passenger!(Delete, thrift1::delete, std::convert::identity);
passenger!(Batch, thrift1::batch, std::convert::identity);
passenger!(Get, thrift1::get_row, |rows: crate::row::RowBatch| rows.get(0));
passenger!(Increment, thrift1::increment, std::convert::identity);
passenger!(Vec<Increment>, thrift1::increment_rows, std::convert::identity);
passenger!(CheckAndPut, thrift1::check_and_put, std::convert::identity);
