//! The way in: a client for one cluster, and handles on its tables.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::admin::Admin;
use super::pipeline::Pipeline;
use super::table::Table;
use super::world::Tokio;
use crate::config::{Config, Interface, IntoConfig};
use crate::dialect::Dialect;
use crate::drive::{self, CancellationToken, Executor, PoolStatus, Probe};
use crate::error::Result;

/// A client for one HBase cluster, as [`crate::Client`]. Cheap to clone; clones share one pool of connections.
///
/// ```no_run
/// use hbase_thrift_client::aio::Client;
/// use hbase_thrift_client::Get;
///
/// # async fn example() -> hbase_thrift_client::Result<()> {
/// let client = Client::connect("hbase://localhost:9090").await?;
/// let row = client.table("crash_reports").get(&Get::new("row1")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    executor: Executor,
}

impl Client {
    /// Connects to the first gateway that answers, as [`crate::Client::connect`].
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As there, and [`ErrorKind::Config`](crate::ErrorKind::Config) outside of a runtime.
    pub async fn connect(config: impl IntoConfig) -> Result<Self> {
        let client = Self::lazy(config)?;
        client.executor.connect().await?;
        Ok(client)
    }

    /// Returns a client that connects when it is first used, as [`crate::Client::lazy`].
    ///
    /// ```no_run
    /// use hbase_thrift_client::aio::Client;
    ///
    /// let client = Client::lazy("hbase://gateway-1,gateway-2/?transport=framed")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a configuration that can't work.
    pub fn lazy(config: impl IntoConfig) -> Result<Self> {
        let config = config.into_config()?;
        config.check()?;
        let world = Arc::new(Tokio::new(&config)?);
        Ok(Self { executor: Executor::new(config, world) })
    }

    /// Finds out what the gateway speaks, as [`crate::Client::probe`].
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Config, aio::Client};
    /// # async fn example() -> hbase_thrift_client::Result<()> {
    /// println!("{}", Client::probe(&Config::new("localhost", 9090)).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn probe(config: &Config) -> Result<Probe> {
        config.check()?;
        drive::probe(config, &Tokio::new(config)?).await
    }

    /// Which Thrift interface the gateways have, as far as it is known; as [`crate::Client::interface`].
    pub fn interface(&self) -> Option<Interface> {
        self.executor.pool().dialect().map(Dialect::interface)
    }

    /// A handle on a table, as [`crate::Client::table`].
    pub fn table(&self, name: impl AsRef<[u8]>) -> Table {
        let prefix = self.config().get_table_prefix().as_bytes();
        Table::new(&self.executor, [prefix, name.as_ref()].concat())
    }

    /// Creates, deletes and describes tables.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::aio::Client;
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// for name in client.admin().table_names().await? {
    ///     println!("{}", String::from_utf8_lossy(&name));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn admin(&self) -> Admin {
        Admin::new(self.executor.clone())
    }

    /// Returns a pipeline: independent calls to be sent together, in one round trip.
    pub fn pipeline(&self) -> Pipeline {
        Pipeline::new(self.executor.clone())
    }

    /// Returns the same client with another operation time-out, for its tables and pipelines too.
    /// They share their connections.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use hbase_thrift_client::{CancellationToken, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let patient = client.with_timeout(Duration::from_secs(300));
    /// let token = CancellationToken::new();
    /// patient.with_cancellation(&token).admin().disable_and_delete_table("crashes").await?;
    /// println!("{:?} of {}, {:?}", client.pool_status(), client.config(), client.interface());
    /// client.ping().await?;
    /// client.close();
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { executor: self.executor.with_timeout(timeout) }
    }

    /// Returns the same client with calls that the token ends, those of its tables and pipelines
    /// too. They share their connections.
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self { executor: self.executor.with_cancellation(token) }
    }

    /// Returns how many connections there are, in use and not, and to which gateways.
    pub fn pool_status(&self) -> PoolStatus {
        self.executor.pool().status()
    }

    /// Closes the client with all its clones, tables and scanners, as [`crate::Client::close`].
    pub fn close(&self) {
        self.executor.pool().close();
    }

    /// The configuration in use.
    pub fn config(&self) -> &Config {
        self.executor.config()
    }

    /// Asks one gateway for a sign of life. HBase behind it is not asked.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    pub async fn ping(&self) -> Result<()> {
        self.executor.run_ping().await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", self.config()).finish_non_exhaustive()
    }
}
