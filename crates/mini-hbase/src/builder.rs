//! How a server is set up and started, and its handle.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::scanner::Scanners;
use crate::server::{self, Bounds, Listening, Shared};
use crate::service::Service;
use crate::store::Store;
use crate::wire::Speech;
use crate::{Durability, Fault, Protocol, StartError, Transport, VirtualClock, When};

const MEBIBYTE: usize = 1 << 20;
/// `hbase.thrift.server.socket.read.timeout`.
const IDLE: Duration = Duration::from_mins(1);
const TRANSFER: Duration = Duration::from_mins(1);
const CONNECTIONS: usize = 200;
const SCANNERS: usize = 1_000;
/// `hbase.client.keyvalue.maxsize`.
const CELL: usize = 10 * MEBIBYTE;
/// Ten cells of the largest size, and the calls around them.
const MESSAGE: usize = 100 * MEBIBYTE;
/// `hbase.regionserver.thrift.framed.max_frame_size_in_mb`.
const FRAME: usize = 2 * MEBIBYTE;

/// The settings of a server that is to be started.
///
/// Every setting has a default: a free port of the loopback interface, a temporary folder, buffered
/// transport, binary protocol, the gateway's limits.
///
/// ```
/// use mini_hbase::{MiniHBase, Transport};
///
/// # fn main() -> Result<(), mini_hbase::StartError> {
/// let server = MiniHBase::builder().transport(Transport::Framed).start()?;
/// assert!(server.url().ends_with("?transport=framed"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server starts with start()"]
pub struct Builder {
    address: String,
    transport: Transport,
    protocol: Protocol,
    more_ports: Vec<(String, Transport, Protocol)>,
    folder: Option<PathBuf>,
    durability: Durability,
    clock: Clock,
    connections: usize,
    scanners: usize,
    message: Option<usize>,
    cell: usize,
    idle: Duration,
    transfer: Duration,
    lease: Duration,
    faults: Vec<(When, Fault)>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".to_owned(),
            transport: Transport::default(),
            protocol: Protocol::default(),
            more_ports: Vec::new(),
            folder: None,
            durability: Durability::default(),
            clock: Clock::default(),
            connections: CONNECTIONS,
            scanners: SCANNERS,
            message: None,
            cell: CELL,
            idle: IDLE,
            transfer: TRANSFER,
            lease: crate::scanner::LEASE,
            faults: Vec::new(),
        }
    }
}

impl Builder {
    /// Listens here, as `host:port`; port 0 is a free one. There is no authentication, so an
    /// address that others can reach lets them in.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// How messages are told apart on the port.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// How messages are encoded on the port.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Serves the same tables on one more port, in another way; [`MiniHBase::url_of`] tells where.
    pub fn also_listen(
        mut self,
        address: impl Into<String>,
        transport: Transport,
        protocol: Protocol,
    ) -> Self {
        self.more_ports.push((address.into(), transport, protocol));
        self
    }

    /// Keeps the tables in this folder, which is made if need be, and where they are found again.
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// What a write survives once it is acknowledged.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Goes by this clock instead of the system's: for timestamps, times to live, and leases.
    pub fn clock(mut self, clock: VirtualClock) -> Self {
        self.clock = Clock::Virtual(clock);
        self
    }

    /// How many connections are admitted, 200 by default; more are closed at once.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.connections = count;
        self
    }

    /// How many scanners may be open, 1,000 by default.
    pub fn max_scanners(mut self, count: usize) -> Self {
        self.scanners = count;
        self
    }

    /// How large a message may be: by default 2 MiB if it is framed, 100 MiB if not, as on a
    /// gateway with HBase's defaults. A larger one closes the connection.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.message = Some(bytes);
        self
    }

    /// How large a cell may be, row, column and value together: 10 MiB by default, as with HBase's
    /// defaults. A larger one is refused.
    pub fn max_cell_size(mut self, bytes: usize) -> Self {
        self.cell = bytes;
        self
    }

    /// How long a connection may be silent between two calls, a minute by default.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle = timeout;
        self
    }

    /// How long a message may take to arrive and a reply to be taken, a minute by default.
    pub fn transfer_timeout(mut self, timeout: Duration) -> Self {
        self.transfer = timeout;
        self
    }

    /// How long a scanner is kept without use, two minutes by default.
    pub fn scanner_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Makes something go wrong at some calls; [`MiniHBase::fault`] does so later.
    pub fn fault(mut self, when: When, fault: Fault) -> Self {
        self.faults.push((when, fault));
        self
    }

    /// Starts the server; calls are answered when this returns.
    ///
    /// # Errors
    /// When an address can't be listened on, or the store can't be used.
    pub fn start(self) -> Result<MiniHBase, StartError> {
        let listeners = self.listeners()?;
        let (folder, temporary) = match &self.folder {
            Some(folder) => (folder.clone(), None),
            None => {
                let made = tempfile::Builder::new().prefix("mini-hbase-").tempdir();
                let made = made.map_err(|source| StartError::Folder {
                    folder: std::env::temp_dir(),
                    source,
                })?;
                (made.path().to_owned(), Some(made))
            }
        };
        let store = Store::open(&folder, self.durability, self.clock)?;
        let service = Service::new(store, Scanners::new(self.scanners, self.lease), self.cell);
        let faults = Arc::<Faults>::default();
        for (when, fault) in self.faults {
            faults.add(when, fault);
        }
        let bounds =
            Bounds { connections: self.connections, idle: self.idle, transfer: self.transfer };
        let shared = Arc::new(Shared::new(Arc::new(service), Arc::clone(&faults), bounds));
        let mut server =
            MiniHBase { ports: Vec::new(), shared, faults, folder, _temporary: temporary };
        for (listener, speech) in listeners {
            let limit = self.message.unwrap_or(match speech.transport {
                Transport::Buffered | Transport::Http => MESSAGE,
                Transport::Framed => FRAME,
            });
            let port = server::listen(listener, speech, limit, &server.shared)
                .map_err(StartError::Thread)?;
            server.ports.push(port);
        }
        Ok(server)
    }

    fn listeners(&self) -> Result<Vec<(TcpListener, Speech)>, StartError> {
        let main = (self.address.clone(), self.transport, self.protocol);
        let ports = std::iter::once(&main).chain(&self.more_ports);
        ports
            .map(|(address, transport, protocol)| {
                let failed = |source| StartError::Listen { address: address.clone(), source };
                let listener = TcpListener::bind(address).map_err(failed)?;
                let speech = Speech { transport: *transport, protocol: *protocol };
                Ok((listener, speech))
            })
            .collect()
    }
}

/// A running server, which ends when this is dropped.
///
/// ```
/// # fn main() -> Result<(), mini_hbase::StartError> {
/// let server = mini_hbase::MiniHBase::start()?;
/// // Give this to any client of HBase's Thrift 1 gateway.
/// assert!(server.url().starts_with("hbase://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
pub struct MiniHBase {
    ports: Vec<Listening>,
    shared: Arc<Shared>,
    faults: Arc<Faults>,
    folder: PathBuf,
    /// Deleted with the server, after everything in it is closed.
    _temporary: Option<TempDir>,
}

impl MiniHBase {
    /// Starts a server with the default settings: a free port, and a folder that lives as long.
    ///
    /// # Errors
    /// When there is no free port or no room for temporary files.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Settings to change before the start.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the server is, as `hbase://host:port`, with `?transport=framed` and
    /// `protocol=compact` where it speaks so, or `http://host:port/`.
    pub fn url(&self) -> String {
        self.ports.first().map(url).unwrap_or_default()
    }

    /// The URL of the port that speaks this way, if there is one ([`Builder::also_listen`]).
    pub fn url_of(&self, transport: Transport, protocol: Protocol) -> Option<String> {
        let speaks = |port: &&Listening| {
            (port.speech.transport, port.speech.protocol) == (transport, protocol)
        };
        self.ports.iter().find(speaks).map(url)
    }

    /// The URLs of all ports, in the order in which they were asked for.
    pub fn urls(&self) -> Vec<String> {
        self.ports.iter().map(url).collect()
    }

    /// The address that is listened on.
    ///
    /// # Panics
    /// Never: a server that has started listens.
    pub fn address(&self) -> SocketAddr {
        self.ports[0].address
    }

    /// The folder with the tables.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Makes something go wrong at some calls from now on; several faults add up.
    pub fn fault(&self, when: When, fault: Fault) {
        self.faults.add(when, fault);
    }

    /// Closes new connections as soon as they are made, or no longer.
    pub fn refuse_connections(&self, refuse: bool) {
        self.faults.refuse(refuse);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Forgets all scanners, as if their leases had ended.
    pub fn expire_scanners(&self) {
        self.shared.service.scanners().expire_all();
    }

    /// How often a method, named as in the interface, has been called.
    pub fn calls(&self, method: &str) -> u64 {
        self.faults.calls(method)
    }

    /// Stops the server and returns when nothing of it runs any more; dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for MiniHBase {
    fn drop(&mut self) {
        server::stop(&self.shared, &mut self.ports);
    }
}

impl std::fmt::Debug for MiniHBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MiniHBase")
            .field("url", &self.url())
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

fn url(port: &Listening) -> String {
    let query = match (port.speech.transport, port.speech.protocol) {
        (Transport::Http, _) => return format!("http://{}/", port.address),
        (Transport::Buffered, Protocol::Binary) => "",
        (Transport::Framed, Protocol::Binary) => "?transport=framed",
        (Transport::Buffered, Protocol::Compact) => "?protocol=compact",
        (Transport::Framed, Protocol::Compact) => "?transport=framed&protocol=compact",
    };
    format!("hbase://{}{query}", port.address)
}
