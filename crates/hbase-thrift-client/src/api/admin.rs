//! Creates, deletes and describes tables.

mod families;
mod namespaces;

use std::fmt;
use std::time::Duration;

use crate::drive::{AdminDriver, CancellationToken, Executor};
use crate::error::Result;
use crate::request::{ColumnFamily, Region};
use crate::sync::blocking;

/// Calls on the cluster's tables. Names are used with the configured table prefix before them.
///
/// These calls change the schema, so none is repeated when its fate is unknown. They take seconds on
/// a loaded cluster; the operation time-out covers them too.
///
/// ```no_run
/// # use hbase_thrift_client::ColumnFamily;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let admin = client.admin();
/// if !admin.table_exists("crash_reports")? {
///     admin.create_table("crash_reports", &[ColumnFamily::new("ids")])?;
/// }
/// for (name, is_enabled) in admin.table_states()? {
///     println!("{}: {is_enabled}", name.escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Admin {
    driver: AdminDriver,
}

impl Admin {
    pub(crate) fn new(executor: Executor) -> Self {
        Self { driver: AdminDriver::new(executor) }
    }

    /// Returns the same with another operation time-out than the configured one.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let admin = client.admin().with_timeout(Duration::from_secs(300));
    /// admin.disable_and_delete_table("crash_reports")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self::new(self.driver.executor().with_timeout(timeout))
    }

    /// Returns the same with calls that the token ends. What was begun on the cluster goes on there.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::CancellationToken;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let token = CancellationToken::new();
    /// let admin = client.admin().with_cancellation(&token);
    /// let deleting = std::thread::spawn(move || admin.disable_and_delete_table("crash_reports"));
    /// token.cancel();
    /// # drop(deleting);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self::new(self.driver.executor().with_cancellation(token))
    }

    /// Creates a table in one region. [`create_table_with_splits`](Self::create_table_with_splits) makes
    /// several.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists),
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for families that can't be,
    /// [`Server`](crate::ErrorKind::Server) for a compression that the server lacks.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, ColumnFamily, Config};
    /// # let client = Client::connect(Config::new("localhost", 9090))?;
    /// let families = [ColumnFamily::new("ids"), ColumnFamily::new("raw_data").max_versions(3)];
    /// client.admin().create_table("crash_reports", &families)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn create_table(&self, name: impl AsRef<[u8]>, families: &[ColumnFamily]) -> Result<()> {
        blocking(self.driver.create_table(name.as_ref(), families, &[]))
    }

    /// Creates a table in several regions: each of these keys is the first one of a region, and the first
    /// region has what is before them.
    ///
    /// Thrift 1 has no such call. A framed gateway of Thrift 2 would split the table at other keys, so it isn't
    /// asked to.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::ColumnFamily;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// // Keys begin with a salt of one digit.
    /// let splits = "123456789abcdef".chars().map(String::from);
    /// client.admin().create_table_with_splits("crashes", &[ColumnFamily::new("ids")], splits)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`create_table`](Self::create_table); [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a framed gateway and for keys that are empty or there
    /// twice.
    #[doc(alias = "createTable")]
    pub fn create_table_with_splits<K: Into<Vec<u8>>>(
        &self,
        name: impl AsRef<[u8]>,
        families: &[ColumnFamily],
        split_keys: impl IntoIterator<Item = K>,
    ) -> Result<()> {
        let splits: Vec<Vec<u8>> = split_keys.into_iter().map(Into::into).collect();
        blocking(self.driver.create_table(name.as_ref(), families, &splits))
    }

    /// Deletes a table, which has to be disabled first.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let admin = client.admin();
    /// if !admin.is_table_enabled("crash_reports")? {
    ///     admin.delete_table("crash_reports")?;
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotDisabled`](crate::ErrorKind::TableNotDisabled),
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn delete_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.delete_table(name.as_ref()))
    }

    /// Deletes a table, in service or not, with all that is in it.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// client.admin().disable_and_delete_table("crash_reports")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound). A table that couldn't be deleted may be disabled.
    pub fn disable_and_delete_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.disable_and_delete_table(name.as_ref()))
    }

    /// Deletes all rows of a table, which has to be disabled first and is in service again afterwards. It has
    /// one region then.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let admin = client.admin();
    /// admin.disable_table("crash_reports")?;
    /// admin.truncate_table("crash_reports")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotDisabled`](crate::ErrorKind::TableNotDisabled), [`TableNotFound`](crate::ErrorKind::TableNotFound),
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1.
    #[doc(alias = "truncateTable")]
    pub fn truncate_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.truncate_table(name.as_ref(), false))
    }

    /// As [`truncate_table`](Self::truncate_table), and the regions stay as they are.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let admin = client.admin();
    /// admin.disable_table("crash_reports")?;
    /// admin.truncate_table_preserving_splits("crash_reports")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`truncate_table`](Self::truncate_table).
    pub fn truncate_table_preserving_splits(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.truncate_table(name.as_ref(), true))
    }

    /// Takes a table out of service.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let admin = client.admin();
    /// admin.disable_table("crash_reports")?;
    /// assert!(!admin.is_table_enabled("crash_reports")?);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableDisabled`](crate::ErrorKind::TableDisabled) where it is already,
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn disable_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.disable_table(name.as_ref()))
    }

    /// Puts a table into service again.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::ErrorKind;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// match client.admin().enable_table("crash_reports") {
    ///     Err(error) if error.kind() == ErrorKind::TableNotDisabled => {}
    ///     result => result?,
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotDisabled`](crate::ErrorKind::TableNotDisabled) where it is in service,
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn enable_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.enable_table(name.as_ref()))
    }

    /// Whether a table is in service.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// if !client.admin().is_table_enabled("crash_reports")? {
    ///     println!("calls on it fail until it is enabled again");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn is_table_enabled(&self, name: impl AsRef<[u8]>) -> Result<bool> {
        blocking(self.driver.is_table_enabled(name.as_ref()))
    }

    /// Whether a table exists.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// if client.admin().table_exists("crash_reports")? {
    ///     println!("it may still be disabled");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What any call can meet (see [`ErrorKind`](crate::ErrorKind)).
    pub fn table_exists(&self, name: impl AsRef<[u8]>) -> Result<bool> {
        blocking(self.driver.table_exists(name.as_ref()))
    }

    /// The names of all tables that begin with the table prefix, without it, in order.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for name in client.admin().table_names()? {
    ///     println!("{}", String::from_utf8_lossy(&name));
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What any call can meet (see [`ErrorKind`](crate::ErrorKind)).
    pub fn table_names(&self) -> Result<Vec<Vec<u8>>> {
        blocking(self.driver.table_names())
    }

    /// As [`table_names`](Self::table_names), each with whether it is in service.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let states = client.admin().table_states()?;
    /// let disabled = states.iter().filter(|(_, is_enabled)| !is_enabled).count();
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What any call can meet (see [`ErrorKind`](crate::ErrorKind)).
    pub fn table_states(&self) -> Result<Vec<(Vec<u8>, bool)>> {
        blocking(self.driver.table_states())
    }

    /// The column families of a table, in order of their names.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let families = client.admin().column_families("crash_reports")?;
    /// println!("{} families, the first is {:?}", families.len(), families.first());
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn column_families(&self, name: impl AsRef<[u8]>) -> Result<Vec<ColumnFamily>> {
        blocking(self.driver.column_families(name.as_ref()))
    }

    /// The regions of a table, in order of their keys.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crash_reports");
    /// assert_eq!(client.admin().regions(crashes.name())?, crashes.regions()?);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound), which the gateway itself does not say.
    pub fn regions(&self, name: impl AsRef<[u8]>) -> Result<Vec<Region>> {
        blocking(self.driver.regions(name.as_ref()))
    }

    /// Returns the region that a row is in, or would be in.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let region = client.admin().region_of("crash_reports", "a120508")?;
    /// println!("{:?} serves it", region.server);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    #[doc(alias = "getRegionLocation")]
    pub fn region_of(&self, name: impl AsRef<[u8]>, row: impl AsRef<[u8]>) -> Result<Region> {
        blocking(self.driver.region_of(name.as_ref(), row.as_ref()))
    }

    /// Asks for a compaction of all regions of a table; it runs on after the answer.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// client.admin().compact("crash_reports")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn compact(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.compact(name.as_ref()))
    }

    /// Asks for a compaction of one region; it runs on after the answer.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for region in client.table("crash_reports").regions()? {
    ///     client.admin().compact_region(&region)?;
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Any that a call can meet (see [`ErrorKind`](crate::ErrorKind)).
    pub fn compact_region(&self, region: &Region) -> Result<()> {
        blocking(self.driver.compact_region(region))
    }

    /// Asks for a major compaction of all regions of a table. The gateway of HBase 2.6 runs a minor
    /// one instead.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// client.admin().major_compact("crash_reports")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound).
    pub fn major_compact(&self, name: impl AsRef<[u8]>) -> Result<()> {
        blocking(self.driver.major_compact(name.as_ref()))
    }

    /// The cluster's id, a UUID.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// println!("connected to the cluster {}", client.admin().cluster_id()?);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the gateway is too old.
    pub fn cluster_id(&self) -> Result<String> {
        blocking(self.driver.cluster_id())
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
