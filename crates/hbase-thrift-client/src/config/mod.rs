//! How to reach the gateways and how long to wait: one type, its defaults written on it.
//!
//! A leaf. The grammar of the URL is in `url`, which reads it, and `shown`, which writes it; what only TLS
//! or HTTP has is in `tls` and `http`. What the values mean on the wire is left to the layers that use
//! them.

mod endpoint;
mod http;
mod into_config;
#[cfg(any(test, fuzzing))]
mod read_back;
mod shown;
mod speech;
#[cfg(test)]
mod tests;
mod tls;
mod url;

use std::collections::HashSet;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result, beginning};
pub use endpoint::Endpoint;
use endpoint::is_ipv6;
#[cfg(feature = "http")]
pub(crate) use http::MadeHeader;
pub(crate) use http::{Credentials, HttpSettings};
pub use into_config::IntoConfig;
#[cfg(any(fuzzing, all(test, feature = "http")))]
pub(crate) use read_back::assert_reads_back;
pub use speech::{Interface, Protocol, Transport};
#[cfg(feature = "tls")]
pub(crate) use tls::Pem;
pub(crate) use tls::TlsSettings;

/// A text as an error shows it: in one line, and no more of it than helps to find it.
fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let beginning = beginning(text, MOST);
    let more = if beginning.len() < text.len() { "…" } else { "" };
    format!("{}{more}", beginning.escape_debug())
}

/// How to reach HBase: gateways, protocol, time-outs and limits.
///
/// Built in code, or from a URL that a service can take from its environment:
///
/// ```text
/// hbase://host1:9090,host2:9090/?transport=framed&protocol=compact&operation_timeout=10s
/// ```
///
/// The scheme says what is around the messages:
///
/// | scheme | gateway | port where none is given |
/// |---|---|---|
/// | `hbase://` | plain TCP | 9090 |
/// | `hbases://` | behind a TLS proxy (feature `tls`) | 9090 |
/// | `http://` | `hbase.regionserver.thrift.http=true` (feature `http`) | 80 |
/// | `https://` | the same with TLS (features `http` and `tls`) | 443 |
///
/// `http` and `https` take a path and, for basic authentication, `user:password@` before the hosts,
/// escaped as in any URL (`http://me:p%40ss@host1:9090,host2:9090/thrift`). Every other setting is a
/// query parameter:
///
/// | parameter | meaning | default |
/// |---|---|---|
/// | `transport` | `buffered` or `framed`; not with HTTP | `buffered` |
/// | `protocol` | `binary` or `compact`; not with HTTP | `binary` |
/// | `interface` | `1` or `2`, that of Thrift | what the first gateway has |
/// | `connect_timeout` | opening a connection, the first answer included | `5s` |
/// | `operation_timeout` | a call with all its attempts | `30s` |
/// | `pool_timeout` | waiting for a free connection | `10s` |
/// | `idle_timeout` | closes a connection that was unused for so long | `45s` |
/// | `max_attempts` | attempts of a call that can be repeated | `10` |
/// | `max_connections` | open at once, over all gateways | `16` |
/// | `client_timestamps` | stamp writes with the client's clock | `false` |
/// | `max_request_size` | bytes of a request | `2MiB` framed, `100MiB` otherwise |
/// | `max_reply_size` | bytes of a reply | `128MiB` |
/// | `max_cell_size` | bytes of a cell with its key | `10MiB` |
/// | `table_prefix` | put before every table name | none |
/// | `ca_file` | PEM file with the root certificates to trust; TLS only | the system's |
/// | `client_cert_file` | PEM file with the client's certificate chain; TLS only | none |
/// | `client_key_file` | PEM file with the private key to it; TLS only | none |
/// | `server_name` | the name in the gateway's certificate; TLS only | the host |
/// | `do_as` | the user to act as (header `doAs`); HTTP only | none |
///
/// Durations are written `500ms`, `10s`, `2m`; sizes in bytes, or with `KiB`, `MiB`, `GiB`. No
/// duration is longer than [`Config::MAX_TIMEOUT`]. Each parameter is given at most once, IPv6
/// addresses are in brackets (`[::1]:9090`), and an `@` anywhere but after the password is written
/// `%40`, so that no part of a password is taken for something else. Headers and certificates in
/// memory can be given in code only.
///
/// `Display` is the URL, with `***` for a password and without what has no place in a URL; `Debug`
/// hides passwords and the values of headers too.
///
/// ```
/// use std::time::Duration;
/// use hbase_thrift_client::{Config, Transport};
///
/// let config: Config = "hbase://gateway-1,gateway-2/?transport=framed".parse()?;
/// assert_eq!(config.get_transport(), Transport::Framed);
///
/// let config = Config::new("gateway-1", 9090).operation_timeout(Duration::from_secs(5));
/// assert_eq!(config.to_string(), "hbase://gateway-1:9090/?operation_timeout=5s");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
///
/// A setting has its name, and is read with `get_` before it.
///
/// ```
/// use std::time::Duration;
/// use hbase_thrift_client::{Config, Endpoint, Interface, Protocol, Transport};
///
/// let config = Config::new("gateway-1", 9090)
///     .endpoint("gateway-2", 9090)
///     .transport(Transport::Framed)
///     .protocol(Protocol::Compact)
///     .interface(Interface::Two)
///     .connect_timeout(Duration::from_secs(2))
///     .pool_timeout(Duration::from_secs(1))
///     .idle_timeout(Duration::from_secs(30))
///     .max_attempts(3)
///     .max_connections(32)
///     .max_request_size(8 << 20)
///     .max_reply_size(64 << 20)
///     .max_cell_size(1 << 20)
///     .client_timestamps(true)
///     .table_prefix("test_");
/// assert_eq!(config.get_endpoints()[1], Endpoint::new("gateway-2", 9090));
/// assert_eq!(config.get_protocol(), Protocol::Compact);
/// assert_eq!(config.get_interface(), Some(Interface::Two));
/// assert_eq!(config.get_connect_timeout(), Duration::from_secs(2));
/// assert_eq!(config.get_pool_timeout(), Duration::from_secs(1));
/// assert_eq!(config.get_idle_timeout(), Duration::from_secs(30));
/// assert_eq!((config.get_max_attempts(), config.get_max_connections()), (3, 32));
/// assert_eq!((config.get_max_request_size(), config.get_max_reply_size()), (8 << 20, 64 << 20));
/// assert_eq!(config.get_max_cell_size(), 1 << 20);
/// assert!(config.get_client_timestamps());
/// assert_eq!(config.get_table_prefix(), "test_");
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    endpoints: Vec<Endpoint>,
    transport: Transport,
    protocol: Protocol,
    interface: Option<Interface>,
    connect_timeout: Duration,
    operation_timeout: Duration,
    pool_timeout: Duration,
    idle_timeout: Duration,
    max_attempts: u32,
    max_connections: usize,
    client_timestamps: bool,
    max_request_size: Option<usize>,
    max_reply_size: usize,
    max_cell_size: usize,
    table_prefix: String,
    tls: Option<TlsSettings>,
    http: HttpSettings,
}

/// The gateway's limit for a frame, `hbase.regionserver.thrift.framed.max_frame_size_in_mb`.
const DEFAULT_FRAME_LIMIT: usize = 2 * 1024 * 1024;
/// libthrift's limit for a message of any kind.
const DEFAULT_MESSAGE_LIMIT: usize = 100 * 1024 * 1024;
/// Offsets into a reply are kept in 32 bits, and a frame says its length in as many.
const LARGEST_MESSAGE: usize = i32::MAX as usize;

impl Config {
    /// The longest time-out, 30 days. A longer one, [`Duration::MAX`] for example, means this one,
    /// so that every moment that follows from a time-out can be computed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hbase_thrift_client::Config;
    ///
    /// let config = Config::new("gateway-1", 9090).operation_timeout(Duration::MAX);
    /// assert_eq!(config.get_operation_timeout(), Config::MAX_TIMEOUT);
    /// ```
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// The defaults for one gateway.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self::for_endpoints(vec![Endpoint::new(host, port)])
    }

    fn for_endpoints(endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints,
            transport: Transport::Buffered,
            protocol: Protocol::Binary,
            interface: None,
            connect_timeout: Duration::from_secs(5),
            operation_timeout: Duration::from_secs(30),
            pool_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(45),
            max_attempts: 10,
            max_connections: 16,
            client_timestamps: false,
            max_request_size: None,
            max_reply_size: 128 * 1024 * 1024,
            max_cell_size: 10 * 1024 * 1024,
            table_prefix: String::new(),
            tls: None,
            http: HttpSettings::default(),
        }
    }

    /// One more gateway of the same cluster.
    pub fn endpoint(mut self, host: impl Into<String>, port: u16) -> Self {
        self.endpoints.push(Endpoint::new(host, port));
        self
    }

    /// Framed or buffered (default) messages, or HTTP.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Compact or binary (default) values.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Which Thrift interface the gateways have. If it isn't given, the first gateway that answers says
    /// it. All gateways of a client have the same; one that says it has another is refused.
    pub fn interface(mut self, interface: Interface) -> Self {
        self.interface = Some(interface);
        self
    }

    /// How long opening a connection may take, the gateway's first answer and, where it does not
    /// come, finding out what the gateway speaks instead included; 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.min(Self::MAX_TIMEOUT);
        self
    }

    /// How long one call may take with all its attempts and waits; 30 s.
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout.min(Self::MAX_TIMEOUT);
        self
    }

    /// How long a call waits for a free connection; 10 s.
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout.min(Self::MAX_TIMEOUT);
        self
    }

    /// After which time without use a connection is closed; 45 s. The gateway closes it without a
    /// word after 60 s (`hbase.thrift.server.socket.read.timeout`).
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout.min(Self::MAX_TIMEOUT);
        self
    }

    /// How often a call is tried at most, where repeating it does no harm; 10.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Whether the client stamps puts and deletes that have no timestamp with its own clock; no.
    ///
    /// With it, a write that hangs at one gateway may be sent to another early, as reads are: should
    /// the first gateway still carry it out later, that is the same version. Without it, a write is
    /// never given up early, since a late duplicate with the server's time would hide what was
    /// written meanwhile.
    ///
    /// The clocks of all clients have to agree: HBase shows the version with the greatest time, so
    /// what a client writes whose clock is behind is not seen, and a delete by one whose clock is
    /// ahead hides later puts. Two writes of one client never get the same time. Increments, appends
    /// and check-and-puts keep the server's time.
    pub fn client_timestamps(mut self, client_timestamps: bool) -> Self {
        self.client_timestamps = client_timestamps;
        self
    }

    /// How many connections may be open at once, over all gateways; 16.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// The largest request in bytes. By default 2 MiB on framed transport, which is the gateway's
    /// own limit (`hbase.regionserver.thrift.framed.max_frame_size_in_mb`), and 100 MiB otherwise.
    pub fn max_request_size(mut self, bytes: usize) -> Self {
        self.max_request_size = Some(bytes);
        self
    }

    /// The largest reply in bytes, without the length of its frame or what HTTP adds; 128 MiB. The
    /// index of a reply's cells, 24 bytes or more a cell, may take as many once more.
    pub fn max_reply_size(mut self, bytes: usize) -> Self {
        self.max_reply_size = bytes;
        self
    }

    /// The largest cell in bytes, with its key; 10 MiB, as at the gateway
    /// (`hbase.client.keyvalue.maxsize`) and at the region servers (`hbase.server.keyvalue.maxsize`),
    /// which both have to allow more.
    pub fn max_cell_size(mut self, bytes: usize) -> Self {
        self.max_cell_size = bytes;
        self
    }

    /// Put before every table name, for clusters that several installations share; empty.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// The gateways.
    pub fn get_endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Framed or buffered messages, or HTTP.
    pub fn get_transport(&self) -> Transport {
        self.transport
    }

    /// Compact or binary values.
    pub fn get_protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns which Thrift interface the gateways have to have; `None` where they say it.
    pub fn get_interface(&self) -> Option<Interface> {
        self.interface
    }

    /// How long opening a connection may take.
    pub fn get_connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// How long one call may take with all its attempts.
    pub fn get_operation_timeout(&self) -> Duration {
        self.operation_timeout
    }

    /// How long a call waits for a free connection.
    pub fn get_pool_timeout(&self) -> Duration {
        self.pool_timeout
    }

    /// After which time without use a connection is closed.
    pub fn get_idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// How often a call is tried at most.
    pub fn get_max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Whether the client stamps its writes.
    pub fn get_client_timestamps(&self) -> bool {
        self.client_timestamps
    }

    /// How many connections may be open at once.
    pub fn get_max_connections(&self) -> usize {
        self.max_connections
    }

    /// The largest request in bytes.
    pub fn get_max_request_size(&self) -> usize {
        self.max_request_size.unwrap_or(match self.transport {
            Transport::Framed => DEFAULT_FRAME_LIMIT,
            Transport::Buffered | Transport::Http => DEFAULT_MESSAGE_LIMIT,
        })
    }

    /// The largest reply in bytes.
    pub fn get_max_reply_size(&self) -> usize {
        self.max_reply_size
    }

    /// The largest value of a cell in bytes.
    pub fn get_max_cell_size(&self) -> usize {
        self.max_cell_size
    }

    /// Put before every table name.
    pub fn get_table_prefix(&self) -> &str {
        &self.table_prefix
    }

    /// Refuses what could never work, before it costs a time-out.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::Config, message));
        if self.endpoints.is_empty() {
            return wrong("no gateway is configured");
        }
        self.endpoints.iter().try_for_each(Endpoint::check)?;
        let mut gateways = HashSet::new();
        for Endpoint { host, port } in &self.endpoints {
            if !gateways.insert((host.to_ascii_lowercase(), *port)) {
                // It would be tried again in its own place when it fails.
                return wrong(&format!("the gateway {host}:{port} is named twice"));
            }
        }
        let waits =
            [self.connect_timeout, self.operation_timeout, self.pool_timeout, self.idle_timeout];
        if waits.iter().any(Duration::is_zero) {
            return wrong("a time-out of zero leaves no time for anything: use at least 1ms");
        }
        if self.max_attempts == 0 || self.max_connections == 0 {
            return wrong("max_attempts and max_connections have to be at least 1");
        }
        let sizes = [self.get_max_request_size(), self.max_reply_size];
        if sizes.iter().any(|size| *size == 0 || *size > LARGEST_MESSAGE) {
            return wrong(
                "max_request_size and max_reply_size have to be between 1 byte and 2 GiB",
            );
        }
        if self.max_cell_size == 0 {
            return wrong("max_cell_size has to be at least 1 byte");
        }
        self.check_tls()?;
        self.check_http()
    }
}
