//! Namespaces.

use super::Admin;
use crate::error::Result;
use crate::request::Namespace;
use crate::sync::blocking;

/// Namespaces, which Thrift 1 has no calls for. The table prefix is no part of their names.
impl Admin {
    /// Creates a namespace.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{ColumnFamily, Namespace};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// client.admin().create_namespace(&Namespace::new("crashes"))?;
    /// client.admin().create_table("crashes:reports", &[ColumnFamily::new("ids")])?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists),
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1.
    #[doc(alias = "createNamespace")]
    pub fn create_namespace(&self, namespace: &Namespace) -> Result<()> {
        blocking(self.driver.create_namespace(namespace))
    }

    /// Gives a namespace these settings and no others.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let namespace = client.admin().namespace("crashes")?;
    /// let limited = namespace.configuration("hbase.namespace.quota.maxtables", "20");
    /// client.admin().modify_namespace(&limited)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`namespace`](Self::namespace).
    #[doc(alias = "modifyNamespace")]
    pub fn modify_namespace(&self, namespace: &Namespace) -> Result<()> {
        blocking(self.driver.modify_namespace(namespace))
    }

    /// Deletes a namespace without tables.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// client.admin().delete_namespace("crashes")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`namespace`](Self::namespace), and [`Server`](crate::ErrorKind::Server) where there are tables in it.
    #[doc(alias = "deleteNamespace")]
    pub fn delete_namespace(&self, name: &str) -> Result<()> {
        blocking(self.driver.delete_namespace(name))
    }

    /// Returns a namespace with its settings.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for (name, value) in client.admin().namespace("crashes")?.get_configuration() {
    ///     println!("{name}: {value}");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NamespaceNotFound`](crate::ErrorKind::NamespaceNotFound),
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1.
    #[doc(alias = "getNamespaceDescriptor")]
    pub fn namespace(&self, name: &str) -> Result<Namespace> {
        blocking(self.driver.namespace(name))
    }

    /// Returns all namespaces with their settings, in order of their names. HBase's own are `default` and
    /// `hbase`.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for namespace in client.admin().namespaces()? {
    ///     println!("{}", namespace.get_name());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on Thrift 1.
    #[doc(alias = "listNamespaceDescriptors", alias = "listNamespaces")]
    pub fn namespaces(&self) -> Result<Vec<Namespace>> {
        blocking(self.driver.namespaces())
    }
}
