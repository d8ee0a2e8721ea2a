//! The way in: a client for one cluster, and handles on its tables.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::admin::Admin;
#[cfg(feature = "generated")]
use super::generated::{self, GeneratedClient};
use super::pipeline::Pipeline;
use super::table::Table;
use crate::config::{Config, Interface, IntoConfig};
use crate::dialect::Dialect;
use crate::drive::{self, CancellationToken, Executor, PoolStatus, Probe};
use crate::error::Result;
use crate::sync::{System, blocking};

/// A client for one HBase cluster. Cheap to clone; clones share one pool of connections.
///
/// ```no_run
/// use hbase_thrift_client::{Client, Get, Put};
///
/// let client = Client::connect("hbase://localhost:9090")?;
/// let table = client.table("crash_reports");
/// table.put(&Put::new("row1").column("flags:processed", "N"))?;
/// let row = table.get(&Get::new("row1"))?.expect("the row was just written");
/// assert_eq!(row.get("flags:processed"), Some(&b"N"[..]));
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    executor: Executor,
}

impl Client {
    /// Connects to the first gateway that answers, so that a wrong address or transport shows here
    /// and not at the first call. Takes a [`Config`], or the text of its URL.
    ///
    /// ```no_run
    /// use hbase_thrift_client::Client;
    ///
    /// let client = Client::connect("hbase://gateway-1,gateway-2/?transport=framed")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a configuration that can't work,
    /// [`Connect`](crate::ErrorKind::Connect) when no gateway can be reached,
    /// [`WrongProtocol`](crate::ErrorKind::WrongProtocol) when what answers speaks something else;
    /// the error says what (see [`probe`](Self::probe)). Every gateway is given the connect
    /// time-out at most, all of them together the operation time-out.
    pub fn connect(config: impl IntoConfig) -> Result<Self> {
        let client = Self::lazy(config)?;
        blocking(client.executor.connect())?;
        Ok(client)
    }

    /// Returns a client that connects when it is first used: for a service that starts while its gateways
    /// may be away, and waits for them. A wrong address or transport shows at the first call.
    ///
    /// ```no_run
    /// use hbase_thrift_client::Client;
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
        let system = Arc::new(System::new(&config)?);
        Ok(Self { executor: Executor::new(config, system) })
    }

    /// Finds out what the gateway speaks, whatever transport and protocol are configured: tries
    /// those first, then the others. Reports the first gateway that can be made out.
    ///
    /// TLS is used as configured: a probe never sends in the clear what is meant to be encrypted.
    ///
    /// ```no_run
    /// use hbase_thrift_client::{Client, Config};
    ///
    /// let found = Client::probe(&Config::new("localhost", 9090))?;
    /// println!("{} speaks {found}: {}", found.gateway(), found.url());
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect), when nothing known was spoken. Every way to speak gets
    /// an equal share of the connect time-out (1 s by default).
    pub fn probe(config: &Config) -> Result<Probe> {
        config.check()?;
        blocking(drive::probe(config, &System::new(config)?))
    }

    /// Which Thrift interface the gateways have, as far as it is known: configured, or said by the first of
    /// them.
    ///
    /// ```no_run
    /// use hbase_thrift_client::{Client, Interface};
    ///
    /// let client = Client::connect("hbase://localhost")?;
    /// assert_eq!(client.interface(), Some(Interface::One));
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn interface(&self) -> Option<Interface> {
        self.executor.pool().dialect().map(Dialect::interface)
    }

    /// A handle on a table, existing or not; costs nothing. The configured table prefix is put
    /// before the name.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes");
    /// assert_eq!(crashes.name(), b"crashes");
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn table(&self, name: impl AsRef<[u8]>) -> Table {
        Table::new(&self.executor, self.full_name(name.as_ref()))
    }

    /// Creates, deletes and describes tables.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for name in client.admin().table_names()? {
    ///     println!("{}", String::from_utf8_lossy(&name));
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn admin(&self) -> Admin {
        Admin::new(self.executor.clone())
    }

    /// Returns a pipeline: independent calls to be sent together, in one round trip.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Put;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// pipeline.put(&table, Put::new("row1").column("f:a", "1"))?;
    /// pipeline.put(&table, Put::new("row2").column("f:a", "2"))?;
    /// pipeline.send().all()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn pipeline(&self) -> Pipeline {
        Pipeline::new(self.executor.clone())
    }

    /// Lends the generated client (`hbase_thrift_api`; feature `generated`) on a connection of the pool, for calls that
    /// this crate has no method for. They share one operation time-out and are never repeated; table
    /// names are used as they are.
    ///
    /// The connection is lent until the closure returns. Calls of the client itself within it need
    /// another one: where `max_connections` is 1, they fail after the pool time-out.
    ///
    /// ```no_run
    /// use hbase_thrift_api::THbaseSyncClient;
    /// # use hbase_thrift_client::{Client, Config};
    /// # let client = Client::connect(Config::new("localhost", 9090))?;
    /// let region = client.with_generated(|api| api.get_region_info(b"crashes,,".to_vec()))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When no connection can be had. What the calls return is the closure's own.
    #[cfg(feature = "generated")]
    pub fn with_generated<R>(&self, calls: impl FnOnce(&mut GeneratedClient) -> R) -> Result<R> {
        let deadline = self.executor.deadline();
        let lease = blocking(self.executor.checkout(deadline))?;
        Ok(calls(&mut generated::client(&self.executor, lease, deadline)))
    }

    /// Returns the same client with another operation time-out, for its tables and pipelines too.
    /// They share their connections.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let patient = client.with_timeout(Duration::from_secs(300));
    /// patient.admin().disable_and_delete_table("crash_reports")?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { executor: self.executor.with_timeout(timeout) }
    }

    /// Returns the same client with calls that the token ends, those of its tables and pipelines
    /// too. They share their connections.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::CancellationToken;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let token = CancellationToken::new();
    /// let patient = client.with_cancellation(&token);
    /// let deleting = std::thread::spawn(move || patient.admin().disable_and_delete_table("crashes"));
    /// token.cancel();
    /// if let Ok(Err(error)) = deleting.join() {
    ///     println!("{error}, {}", error.outcome());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self { executor: self.executor.with_cancellation(token) }
    }

    /// Returns how many connections there are, in use and not, and to which gateways.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let status = client.pool_status();
    /// println!("{} of {} connections in use", status.in_use, status.max_connections);
    /// for gateway in status.gateways.iter().filter(|gateway| !gateway.is_available) {
    ///     println!("{} is left out", gateway.endpoint);
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn pool_status(&self) -> PoolStatus {
        self.executor.pool().status()
    }

    /// Closes the client with all its clones, tables and scanners: connections that no call uses at
    /// once, the others when their call ends. Later calls fail as
    /// [`Closed`](crate::ErrorKind::Closed), and so do those that wait for a connection.
    ///
    /// Without it, the connections are closed with the last clone, table and scanner.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{ErrorKind, Get};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes");
    /// client.close();
    /// let error = crashes.get(&Get::new("row1")).expect_err("no call begins any more");
    /// assert_eq!(error.kind(), ErrorKind::Closed);
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn close(&self) {
        self.executor.pool().close();
    }

    /// The configuration in use.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// println!("connected by {}", client.config());
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn config(&self) -> &Config {
        self.executor.config()
    }

    /// Asks one gateway for a sign of life. HBase behind it is not asked.
    ///
    /// ```no_run
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// if let Err(error) = client.ping() {
    ///     eprintln!("not ready: {error}");
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    pub fn ping(&self) -> Result<()> {
        blocking(self.executor.run_ping())
    }

    fn full_name(&self, name: &[u8]) -> Vec<u8> {
        [self.config().get_table_prefix().as_bytes(), name].concat()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", self.config()).finish_non_exhaustive()
    }
}
