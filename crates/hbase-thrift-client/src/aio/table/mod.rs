//! A table's handle; what is done with rows is in its parts.

mod rows;
mod scans;

use std::fmt;
use std::time::Duration;

use super::writer::BufferedWriter;
use crate::api::WriterOptions;
use crate::drive::{AdminDriver, CancellationToken, Executor, TableDriver};
use crate::error::Result;
use crate::request::{ColumnFamily, Region};

/// A handle on one table, as [`crate::Table`]. Cheap to clone; holds no connection between calls.
///
/// ```no_run
/// # use std::time::Duration;
/// # use hbase_thrift_client::{CancellationToken, WriterOptions, aio::{Client, Table}};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let token = CancellationToken::new();
/// let crashes: Table = client.table("crashes").with_timeout(Duration::from_secs(5));
/// let crashes = crashes.with_cancellation(&token);
/// println!("{:?} is {:?} on the server", crashes.name(), crashes.full_name());
/// println!("{} regions, {} families", crashes.regions().await?.len(), crashes.families().await?.len());
/// let writer = crashes.writer(WriterOptions::new());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Table {
    driver: TableDriver,
}

impl Table {
    pub(super) fn new(executor: &Executor, name: Vec<u8>) -> Self {
        Self { driver: TableDriver::new(executor, name) }
    }

    /// Returns the table's name, without the configured table prefix.
    pub fn name(&self) -> &[u8] {
        self.driver.name()
    }

    /// Returns the table's whole name on the server, prefix included.
    pub fn full_name(&self) -> &[u8] {
        self.driver.full_name()
    }

    /// Returns the same table with another operation time-out than the configured one.
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { driver: self.driver.with(|executor| executor.with_timeout(timeout)) }
    }

    /// Returns the same table with calls, scans and writers that the token ends.
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self { driver: self.driver.with(|executor| executor.with_cancellation(token)) }
    }

    /// Returns the regions of the table, in order of their keys.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::regions`].
    pub async fn regions(&self) -> Result<Vec<Region>> {
        AdminDriver::new(self.driver.executor().clone()).regions(self.name()).await
    }

    /// Returns the column families of the table, in order of their names.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::families`].
    pub async fn families(&self) -> Result<Vec<ColumnFamily>> {
        AdminDriver::new(self.driver.executor().clone()).column_families(self.name()).await
    }

    /// Gathers puts and deletes and sends them in large calls.
    pub fn writer(&self, options: WriterOptions) -> BufferedWriter {
        let executor = self.driver.executor().clone();
        BufferedWriter::new(executor, self.full_name().to_vec(), options)
    }

    pub(super) fn driver(&self) -> &TableDriver {
        &self.driver
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.full_name().escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}
