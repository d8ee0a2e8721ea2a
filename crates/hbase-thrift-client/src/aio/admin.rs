//! Creates, deletes and describes tables.

use std::fmt;
use std::time::Duration;

use crate::drive::{AdminDriver, CancellationToken, Executor};
use crate::error::Result;
use crate::request::{ColumnFamily, Namespace, Region};

/// Calls on the cluster's tables, as [`crate::Admin`]. Names are used with the configured table prefix before them.
///
/// ```no_run
/// # use std::time::Duration;
/// # use hbase_thrift_client::{CancellationToken, ColumnFamily, aio::{Admin, Client}};
/// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
/// let admin: Admin = client.admin().with_timeout(Duration::from_secs(300));
/// let admin = admin.with_cancellation(&CancellationToken::new());
/// if !admin.table_exists("crash_reports").await? {
///     admin.create_table("crash_reports", &[ColumnFamily::new("ids")]).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Admin {
    driver: AdminDriver,
}

impl Admin {
    pub(super) fn new(executor: Executor) -> Self {
        Self { driver: AdminDriver::new(executor) }
    }

    /// Returns the same with another operation time-out than the configured one.
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self::new(self.driver.executor().with_timeout(timeout))
    }

    /// Returns the same with calls that the token ends. What was begun on the cluster goes on there.
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self::new(self.driver.executor().with_cancellation(token))
    }

    /// Creates a table in one region.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{ColumnFamily, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let admin = client.admin();
    /// let families = [ColumnFamily::new("ids"), ColumnFamily::new("raw_data").max_versions(3)];
    /// admin.create_table("crashes", &families).await?;
    /// let splits = "123456789abcdef".chars().map(String::from);
    /// admin.create_table_with_splits("salted_crashes", &families, splits).await?;
    /// println!("{}: {:?}", admin.table_exists("crashes").await?, admin.table_states().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::create_table`].
    pub async fn create_table(
        &self,
        name: impl AsRef<[u8]>,
        families: &[ColumnFamily],
    ) -> Result<()> {
        self.driver.create_table(name.as_ref(), families, &[]).await
    }

    /// Creates a table in several regions: each of these keys is the first one of a region (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::create_table_with_splits`].
    pub async fn create_table_with_splits<K: Into<Vec<u8>>>(
        &self,
        name: impl AsRef<[u8]>,
        families: &[ColumnFamily],
        split_keys: impl IntoIterator<Item = K>,
    ) -> Result<()> {
        let splits: Vec<Vec<u8>> = split_keys.into_iter().map(Into::into).collect();
        self.driver.create_table(name.as_ref(), families, &splits).await
    }

    /// Deletes a table, which has to be disabled first.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let admin = client.admin();
    /// if admin.is_table_enabled("crashes").await? {
    ///     admin.disable_table("crashes").await?;
    /// }
    /// admin.truncate_table("crashes").await?;
    /// admin.disable_table("crashes").await?;
    /// admin.truncate_table_preserving_splits("crashes").await?;
    /// admin.disable_table("crashes").await?;
    /// admin.enable_table("crashes").await?;
    /// admin.disable_and_delete_table("crashes").await?;
    /// admin.delete_table("disabled_crashes").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::delete_table`].
    pub async fn delete_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.delete_table(name.as_ref()).await
    }

    /// Deletes a table, in service or not, with all that is in it. Dropped between its two steps it leaves the table disabled.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::disable_and_delete_table`].
    pub async fn disable_and_delete_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.disable_and_delete_table(name.as_ref()).await
    }

    /// Deletes all rows of a disabled table, which is in service again afterwards, in one region (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::truncate_table`].
    pub async fn truncate_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.truncate_table(name.as_ref(), false).await
    }

    /// As [`truncate_table`](Self::truncate_table), and the regions stay as they are.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::truncate_table_preserving_splits`].
    pub async fn truncate_table_preserving_splits(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.truncate_table(name.as_ref(), true).await
    }

    /// Takes a table out of service.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::disable_table`].
    pub async fn disable_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.disable_table(name.as_ref()).await
    }

    /// Puts a table into service again.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::enable_table`].
    pub async fn enable_table(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.enable_table(name.as_ref()).await
    }

    /// Whether a table is in service.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::is_table_enabled`].
    pub async fn is_table_enabled(&self, name: impl AsRef<[u8]>) -> Result<bool> {
        self.driver.is_table_enabled(name.as_ref()).await
    }

    /// Whether a table exists.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::table_exists`].
    pub async fn table_exists(&self, name: impl AsRef<[u8]>) -> Result<bool> {
        self.driver.table_exists(name.as_ref()).await
    }

    /// The names of all tables that begin with the table prefix, without it, in order.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::table_names`].
    pub async fn table_names(&self) -> Result<Vec<Vec<u8>>> {
        self.driver.table_names().await
    }

    /// As [`table_names`](Self::table_names), each with whether it is in service.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::table_states`].
    pub async fn table_states(&self) -> Result<Vec<(Vec<u8>, bool)>> {
        self.driver.table_states().await
    }

    /// The column families of a table, in order of their names.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{ColumnFamily, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let admin = client.admin();
    /// println!("{:?}", admin.column_families("crashes").await?);
    /// admin.add_column_family("crashes", &ColumnFamily::new("notes")).await?;
    /// admin.modify_column_family("crashes", &ColumnFamily::new("notes").max_versions(3)).await?;
    /// admin.delete_column_family("crashes", "notes").await?;
    /// admin.modify_table("crashes", &[ColumnFamily::new("ids").max_versions(2)]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::column_families`].
    pub async fn column_families(&self, name: impl AsRef<[u8]>) -> Result<Vec<ColumnFamily>> {
        self.driver.column_families(name.as_ref()).await
    }

    /// Adds a column family to a table (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::add_column_family`].
    pub async fn add_column_family(
        &self,
        table: impl AsRef<[u8]>,
        family: &ColumnFamily,
    ) -> Result<()> {
        self.driver.add_column_family(table.as_ref(), family).await
    }

    /// Changes a column family's settings (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::modify_column_family`].
    pub async fn modify_column_family(
        &self,
        table: impl AsRef<[u8]>,
        family: &ColumnFamily,
    ) -> Result<()> {
        self.driver.modify_column_family(table.as_ref(), family).await
    }

    /// Deletes a column family with all that is in it (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::delete_column_family`].
    pub async fn delete_column_family(
        &self,
        table: impl AsRef<[u8]>,
        family: impl AsRef<[u8]>,
    ) -> Result<()> {
        self.driver.delete_column_family(table.as_ref(), family.as_ref()).await
    }

    /// Changes several column families of a table in one step (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::modify_table`].
    pub async fn modify_table(
        &self,
        name: impl AsRef<[u8]>,
        families: &[ColumnFamily],
    ) -> Result<()> {
        self.driver.modify_table(name.as_ref(), families).await
    }

    /// The regions of a table, in order of their keys.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let admin = client.admin();
    /// for region in admin.regions("crashes").await? {
    ///     admin.compact_region(&region).await?;
    /// }
    /// println!("{:?}", admin.region_of("crashes", "row1").await?);
    /// admin.compact("crashes").await?;
    /// admin.major_compact("crashes").await?;
    /// println!("{}", admin.cluster_id().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::regions`].
    pub async fn regions(&self, name: impl AsRef<[u8]>) -> Result<Vec<Region>> {
        self.driver.regions(name.as_ref()).await
    }

    /// Returns the region that a row is in, or would be in.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::region_of`].
    pub async fn region_of(&self, name: impl AsRef<[u8]>, row: impl AsRef<[u8]>) -> Result<Region> {
        self.driver.region_of(name.as_ref(), row.as_ref()).await
    }

    /// Asks for a compaction of a table, and doesn't wait for it (Thrift 1).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::compact`].
    pub async fn compact(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.compact(name.as_ref()).await
    }

    /// As [`compact`](Self::compact), of one region.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::compact_region`].
    pub async fn compact_region(&self, region: &Region) -> Result<()> {
        self.driver.compact_region(region).await
    }

    /// As [`compact`](Self::compact), of all files into one.
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::major_compact`].
    pub async fn major_compact(&self, name: impl AsRef<[u8]>) -> Result<()> {
        self.driver.major_compact(name.as_ref()).await
    }

    /// The cluster's id.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::cluster_id`].
    pub async fn cluster_id(&self) -> Result<String> {
        self.driver.cluster_id().await
    }

    /// Creates a namespace (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Namespace, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let admin = client.admin();
    /// admin.create_namespace(&Namespace::new("reports")).await?;
    /// let namespace = admin.namespace("reports").await?;
    /// admin.modify_namespace(&namespace).await?;
    /// println!("{} namespaces", admin.namespaces().await?.len());
    /// admin.delete_namespace("reports").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::create_namespace`].
    pub async fn create_namespace(&self, namespace: &Namespace) -> Result<()> {
        self.driver.create_namespace(namespace).await
    }

    /// Changes a namespace's settings (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::modify_namespace`].
    pub async fn modify_namespace(&self, namespace: &Namespace) -> Result<()> {
        self.driver.modify_namespace(namespace).await
    }

    /// Deletes a namespace, which has to have no table (Thrift 2).
    ///
    /// Dropped midway, what was begun on the cluster goes on there.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::delete_namespace`].
    pub async fn delete_namespace(&self, name: &str) -> Result<()> {
        self.driver.delete_namespace(name).await
    }

    /// Returns a namespace with its settings (Thrift 2).
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::namespace`].
    pub async fn namespace(&self, name: &str) -> Result<Namespace> {
        self.driver.namespace(name).await
    }

    /// Returns all namespaces, in order of their names (Thrift 2).
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Admin::namespaces`].
    pub async fn namespaces(&self) -> Result<Vec<Namespace>> {
        self.driver.namespaces().await
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
