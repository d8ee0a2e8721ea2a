//! A table's handle; what is done with rows is in its parts.

mod rows;
mod scans;

use std::fmt;
use std::time::Duration;

use super::admin::Admin;
use super::writer::{BufferedWriter, WriterOptions};
use crate::drive::{CancellationToken, Executor, TableDriver};
use crate::error::Result;
use crate::request::{ColumnFamily, Region};

/// A handle on one table. Cheap to clone; holds no connection between calls.
#[derive(Clone)]
pub struct Table {
    driver: TableDriver,
}

impl Table {
    pub(crate) fn new(executor: &Executor, name: Vec<u8>) -> Self {
        Self { driver: TableDriver::new(executor, name) }
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
        self.driver.name()
    }

    /// Returns the table's whole name on the server, prefix included.
    pub fn full_name(&self) -> &[u8] {
        self.driver.full_name()
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
        Self { driver: self.driver.with(|executor| executor.with_timeout(timeout)) }
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
        Self { driver: self.driver.with(|executor| executor.with_cancellation(token)) }
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
        Admin::new(self.driver.executor().clone()).regions(self.name())
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
        Admin::new(self.driver.executor().clone()).column_families(self.name())
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
