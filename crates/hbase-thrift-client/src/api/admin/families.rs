//! Changes of a table's column families.

use super::Admin;
use crate::error::Result;
use crate::request::ColumnFamily;
use crate::sync::blocking;

/// Changes of a table's column families, which Thrift 1 has no calls for. Tables may be in service meanwhile.
///
/// A change sends all settings of a table or a family. Those that a [`ColumnFamily`] has no place for (block
/// size, replication, a table's durability and others) are read first and sent as they are, so that they stay.
/// Somebody else who changes the same table between the two undoes one of both changes.
///
/// Framed gateways of Thrift 2 can't read what such changes send, so they aren't asked to: only families can
/// be added there.
impl Admin {
    /// Adds a family to a table.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::ColumnFamily;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// client.admin().add_column_family("crash_reports", &ColumnFamily::new("raw_data"))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound), [`Server`](crate::ErrorKind::Server) where the table
    /// has such a family, [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1.
    #[doc(alias = "addColumnFamily")]
    pub fn add_column_family(&self, table: impl AsRef<[u8]>, family: &ColumnFamily) -> Result<()> {
        blocking(self.driver.add_column_family(table.as_ref(), family))
    }

    /// Gives a family of a table these settings.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let admin = client.admin();
    /// for family in admin.column_families("crash_reports")? {
    ///     admin.modify_column_family("crash_reports", &family.max_versions(3))?;
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNotFound`](crate::ErrorKind::TableNotFound),
    /// [`NoSuchColumnFamily`](crate::ErrorKind::NoSuchColumnFamily),
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a framed gateway.
    #[doc(alias = "modifyColumnFamily")]
    pub fn modify_column_family(
        &self,
        table: impl AsRef<[u8]>,
        family: &ColumnFamily,
    ) -> Result<()> {
        blocking(self.driver.modify_column_family(table.as_ref(), family))
    }

    /// Deletes a family of a table, with all that is in it.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// client.admin().delete_column_family("crash_reports", "raw_data")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`modify_column_family`](Self::modify_column_family).
    #[doc(alias = "deleteColumnFamily")]
    pub fn delete_column_family(
        &self,
        table: impl AsRef<[u8]>,
        family: impl AsRef<[u8]>,
    ) -> Result<()> {
        blocking(self.driver.delete_column_family(table.as_ref(), family.as_ref()))
    }

    /// Gives a table these families and no others, in one step: it adds those that the table doesn't have,
    /// changes those that it has, and **deletes the others with all that is in them**.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{ColumnFamily, Compression};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let admin = client.admin();
    /// let families = admin.column_families("crash_reports")?.into_iter();
    /// let mut families: Vec<_> = families.map(|f| f.compression(Compression::Snappy)).collect();
    /// families.push(ColumnFamily::new("counters"));
    /// admin.modify_table("crash_reports", &families)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`modify_column_family`](Self::modify_column_family).
    #[doc(alias = "modifyTable")]
    pub fn modify_table(&self, name: impl AsRef<[u8]>, families: &[ColumnFamily]) -> Result<()> {
        blocking(self.driver.modify_table(name.as_ref(), families))
    }
}
