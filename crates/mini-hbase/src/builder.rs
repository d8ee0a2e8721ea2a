//! How a server is set up and started.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::budget::Budget;
use crate::clock::Clock;
use crate::control::{Control, Start};
use crate::fault::Faults;
use crate::handle::{MiniHBase, url};
use crate::model::{Place, Store};
use crate::scanners::{Scanners, THRIFT1_LEASE, THRIFT2_LEASE};
use crate::server::{Bounds, Doorkeeper, Port, Purpose, Shared};
use crate::service::{Service, Settings};
use crate::temporary::Temporary;
use crate::wire::{Hosts, Interface, Speech, Terms};
use crate::{Durability, Fault, HBaseTiming, Protocol, StartError, Transport, VirtualClock, When};

const MEBIBYTE: usize = 1 << 20;
/// `hbase.thrift.server.socket.read.timeout`.
const IDLE: Duration = Duration::from_mins(1);
const TRANSFER: Duration = Duration::from_mins(1);
const CONNECTIONS: usize = 200;
const SCANNERS: usize = 1_000;
/// `hbase.client.keyvalue.maxsize`.
const CELL: usize = 10 * MEBIBYTE;
const ANSWER: usize = 256 * MEBIBYTE;
/// Ten cells of the largest size, and the calls around them.
const MESSAGE: usize = 100 * MEBIBYTE;
/// `hbase.regionserver.thrift.framed.max_frame_size_in_mb`.
const FRAME: usize = 2 * MEBIBYTE;
/// A few of the largest messages and answers at once.
const MEMORY: usize = 1_024 * MEBIBYTE;

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
    thrift2_ports: Vec<(String, Transport, Protocol)>,
    folder: Option<PathBuf>,
    in_memory: bool,
    durability: Durability,
    timing: HBaseTiming,
    clock: Clock,
    connections: usize,
    scanners: usize,
    memory: usize,
    hosts: Hosts,
    control: Option<String>,
    seeds: Vec<String>,
    message: Option<usize>,
    cell: usize,
    answer: usize,
    namespaces: BTreeSet<String>,
    idle: Duration,
    transfer: Duration,
    lease: Option<Duration>,
    faults: Vec<(When, Fault)>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".to_owned(),
            transport: Transport::default(),
            protocol: Protocol::default(),
            more_ports: Vec::new(),
            thrift2_ports: Vec::new(),
            folder: None,
            in_memory: false,
            durability: Durability::default(),
            timing: HBaseTiming::default(),
            clock: Clock::default(),
            connections: CONNECTIONS,
            scanners: SCANNERS,
            memory: MEMORY,
            hosts: Hosts::default(),
            control: None,
            seeds: Vec::new(),
            message: None,
            cell: CELL,
            answer: ANSWER,
            namespaces: BTreeSet::new(),
            idle: IDLE,
            transfer: TRANSFER,
            lease: None,
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

    /// Answers the calls of Thrift 2 here, on the same tables, as `host:port`; port 0 is a free one,
    /// which [`MiniHBase::thrift2_url`] tells. Said again, it is one more port.
    ///
    /// ```
    /// use mini_hbase::{MiniHBase, Protocol, Transport};
    ///
    /// # fn main() -> Result<(), mini_hbase::StartError> {
    /// let builder = MiniHBase::builder();
    /// let server =
    ///     builder.thrift2("127.0.0.1:0", Transport::Buffered, Protocol::Binary).start()?;
    /// assert!(server.thrift2_url().is_some_and(|url| url.ends_with("?interface=2")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn thrift2(
        mut self,
        address: impl Into<String>,
        transport: Transport,
        protocol: Protocol,
    ) -> Self {
        self.thrift2_ports.push((address.into(), transport, protocol));
        self
    }

    /// Keeps the tables in this folder, which is made if need be, and where they are found again.
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Keeps the tables in memory instead of in a folder: they are gone with the server.
    pub fn in_memory(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// Sets what a put without a timestamp gets in the millisecond of an earlier write.
    pub fn timing(mut self, timing: HBaseTiming) -> Self {
        self.timing = timing;
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

    /// How many bytes all calls in flight may take together, requests and replies, decoded and
    /// encoded, and the scanners that are open: 1 GiB by default. A call that finds no memory is refused with
    /// `CallQueueTooBigException`, one that needs more than all of it with `DoNotRetryIOException`.
    pub fn max_memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Lets HTTP requests be for a host of this name, or of any name if it is `*`. Addresses,
    /// `localhost` and the name of [`listen`](Self::listen) are always admitted; other names are
    /// refused, because a web page can have its own name point here.
    pub fn admit_host(mut self, name: &str) -> Self {
        self.hosts.admit(name);
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

    /// Sets how many bytes of a table one answer may hold, 256 MiB by default. A fetch of more is
    /// refused and leaves its scanner where it was, so that fewer rows can be asked for.
    pub fn max_answer_size(mut self, bytes: usize) -> Self {
        self.answer = bytes;
        self
    }

    /// Lets tables be created in this namespace, as `namespace:table`; the interface itself can't
    /// create namespaces.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespaces.insert(name.into());
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

    /// How long a scanner is kept without use: by default two minutes, and one of Thrift 2.
    pub fn scanner_lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Makes something go wrong at some calls; [`MiniHBase::fault`] does so later.
    pub fn fault(mut self, when: When, fault: Fault) -> Self {
        self.faults.push((when, fault));
        self
    }

    /// Begins with these tables and rows, unless the tables are in the store already: lines of JSON
    /// as the workspace's `docs/mini-hbase.md` has them.
    ///
    /// ```
    /// # fn main() -> Result<(), mini_hbase::StartError> {
    /// let lines = r#"
    ///     {"table": "t", "families": ["f"]}
    ///     {"table": "t", "row": "r", "cells": {"f:x": "v", "f:n": {"counter": 5}}}
    /// "#;
    /// let server = mini_hbase::MiniHBase::builder().seed(lines).start()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn seed(mut self, lines: impl Into<String>) -> Self {
        self.seeds.push(lines.into());
        self
    }

    /// Listens for control calls here, as `host:port`: faults, clock, seeds, reset as HTTP calls
    /// with JSON, for tests in other languages. Whoever reaches it may do all of that.
    pub fn control(mut self, address: impl Into<String>) -> Self {
        self.control = Some(address.into());
        self
    }

    /// Starts the server; calls are answered when this returns.
    ///
    /// # Errors
    /// When an address can't be listened on, or the store can't be used.
    pub fn start(self) -> Result<MiniHBase, StartError> {
        let listeners = self.listeners()?;
        let (folder, temporary) = match &self.folder {
            Some(_) if self.in_memory => {
                let text = "tables can't be kept both in memory and in a folder";
                return Err(StartError::Settings(text.to_owned()));
            }
            Some(folder) => (folder.clone(), None),
            None if self.in_memory => (PathBuf::new(), None),
            None => {
                let made = Temporary::make();
                let made = made.map_err(|source| StartError::Folder {
                    folder: std::env::temp_dir(),
                    source,
                })?;
                (made.store(), Some(made))
            }
        };
        // A clock that the control address can move; it shows the system's time until then.
        let clock = match self.clock {
            Clock::System if self.control.is_some() => Clock::Virtual(VirtualClock::running()),
            clock => clock,
        };
        let moved = match &clock {
            Clock::System => None,
            Clock::Virtual(clock) => Some((clock.clone(), clock.stands_at())),
        };
        let place =
            if self.in_memory { Place::Memory } else { Place::Folder(&folder, self.durability) };
        let store = Store::open(place, self.timing, clock)?;
        let settings =
            Settings { max_cell: self.cell, max_answer: self.answer, namespaces: self.namespaces };
        let scanners = |lease| Scanners::new(self.scanners, self.lease.unwrap_or(lease));
        let service =
            Service::new(store, scanners(THRIFT1_LEASE), scanners(THRIFT2_LEASE), settings);
        let (service, faults) = (Arc::new(service), Arc::<Faults>::default());
        let budget = Budget::new(self.memory);
        let bounds =
            Bounds { connections: self.connections, idle: self.idle, transfer: self.transfer };
        let start = Start { faults: self.faults, seeds: self.seeds, clock: moved };
        let (to_service, to_faults) = (Arc::clone(&service), Arc::clone(&faults));
        let control = Control::new(to_service, to_faults, Arc::clone(&budget), start);
        control.begin().map_err(StartError::Seed)?;
        let shared = Arc::new(Shared::new(service, Arc::clone(&faults), control, bounds, budget));
        let (mut ports, mut control_address) = (Vec::new(), None);
        for Port { address, purpose, .. } in &listeners {
            match purpose {
                Purpose::Calls(speech) => ports.push((*address, *speech)),
                Purpose::Control => control_address = Some(*address),
            }
        }
        // It is new, so nobody has set them.
        let _ = shared.control.urls.set(ports.iter().map(url).collect());
        let doorkeeper = Doorkeeper::start(listeners, &shared).map_err(StartError::Thread)?;
        Ok(MiniHBase {
            ports,
            control_address,
            doorkeeper,
            shared,
            faults,
            folder,
            _temporary: temporary,
        })
    }

    fn listeners(&self) -> Result<Vec<Port>, StartError> {
        let calls = |interface, transport, protocol| {
            Purpose::Calls(Speech { interface, transport, protocol })
        };
        let main = (&self.address, calls(Interface::Thrift1, self.transport, self.protocol));
        let thrift1 = self.more_ports.iter().map(|port| (Interface::Thrift1, port));
        let thrift2 = self.thrift2_ports.iter().map(|port| (Interface::Thrift2, port));
        let more = thrift1.chain(thrift2).map(|(interface, (address, transport, protocol))| {
            (address, calls(interface, *transport, *protocol))
        });
        let control = self.control.iter().map(|address| (address, Purpose::Control));
        std::iter::once(main)
            .chain(more)
            .chain(control)
            .map(|(address, purpose)| self.port(address, purpose))
            .collect()
    }

    fn port(&self, address: &str, purpose: Purpose) -> Result<Port, StartError> {
        let failed = |source| StartError::Listen { address: address.to_owned(), source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let limit = self.message.unwrap_or(match purpose {
            Purpose::Calls(Speech { transport: Transport::Framed, .. }) => FRAME,
            Purpose::Calls(_) | Purpose::Control => MESSAGE,
        });
        let mut hosts = self.hosts.clone();
        if let Some((name, _)) = address.rsplit_once(':') {
            hosts.admit(name);
        }
        let address = listener.local_addr().map_err(failed)?;
        Ok(Port { listener, address, purpose, terms: Terms { limit, hosts } })
    }
}

impl MiniHBase {
    /// Starts a server with the default settings: a free port, and a folder that lives as long.
    ///
    /// # Errors
    /// When there is no free port or no room for temporary files.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Starts a server with tables in memory, and otherwise the default settings.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn in_memory() -> Result<Self, StartError> {
        Self::builder().in_memory().start()
    }

    /// Settings to change before the start.
    pub fn builder() -> Builder {
        Builder::default()
    }
}
