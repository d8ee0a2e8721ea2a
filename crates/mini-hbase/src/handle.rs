//! A running server, as its users hold it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::fault::Faults;
use crate::server::{Doorkeeper, Shared};
#[cfg(feature = "fuzzing")]
use crate::service::Service;
use crate::temporary::Temporary;
use crate::wire::{Interface, Speech};
use crate::{Fault, Protocol, StartError, Transport, When};

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
    pub(crate) ports: Vec<(SocketAddr, Speech)>,
    pub(crate) control_address: Option<SocketAddr>,
    pub(crate) doorkeeper: Doorkeeper,
    pub(crate) shared: Arc<Shared>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) folder: PathBuf,
    /// Deleted with the server, after everything in it is closed.
    pub(crate) _temporary: Option<Temporary>,
}

impl MiniHBase {
    /// Where the server is, as `hbase://host:port`, with `?transport=framed` and
    /// `protocol=compact` where it speaks so, or `http://host:port/`.
    pub fn url(&self) -> String {
        self.ports.first().map(url).unwrap_or_default()
    }

    /// Where Thrift 2's calls are answered, if there is such a port
    /// ([`Builder::thrift2`](crate::Builder::thrift2)): as [`url`](Self::url), with `interface=2`.
    pub fn thrift2_url(&self) -> Option<String> {
        let has = |(_, speech): &&(SocketAddr, Speech)| speech.interface == Interface::Thrift2;
        self.ports.iter().find(has).map(url)
    }

    /// The URL of Thrift 1's port that speaks this way, if there is one ([`Builder::also_listen`](crate::Builder::also_listen)).
    pub fn url_of(&self, transport: Transport, protocol: Protocol) -> Option<String> {
        let speaks = |(_, speech): &&(SocketAddr, Speech)| {
            let Speech { interface, transport: its_transport, protocol: its_protocol } = *speech;
            interface == Interface::Thrift1
                && (its_transport, its_protocol) == (transport, protocol)
        };
        self.ports.iter().find(speaks).map(url)
    }

    /// The URLs of all ports, in the order in which they were asked for, those of Thrift 2 last.
    pub fn urls(&self) -> Vec<String> {
        self.ports.iter().map(url).collect()
    }

    /// The address that is listened on.
    ///
    /// # Panics
    /// Never: a server that has started listens.
    pub fn address(&self) -> SocketAddr {
        self.ports[0].0
    }

    /// The folder with the tables; an empty path if they are in memory.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Returns where control calls go, if there is such an address ([`Builder::control`](crate::Builder::control)).
    pub fn control_url(&self) -> Option<String> {
        self.control_address.map(|address| format!("http://{address}/"))
    }

    /// Makes everything as it was at the start: no tables but those of the seeds, no open scanner,
    /// the faults and the time of the beginning. Connections stay.
    ///
    /// # Errors
    /// When the storage fails, or a seed is refused; in words.
    pub fn reset(&self) -> Result<(), StartError> {
        self.shared.control.reset().map_err(StartError::Seed)
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
        self.shared.service.expire_scanners();
    }

    /// Returns how many bytes the calls in flight and the open scanners take at present ([`Builder::max_memory`](crate::Builder::max_memory)).
    pub fn memory_taken(&self) -> usize {
        self.shared.budget.taken()
    }

    /// Returns how often the disk was flushed for writes that waited for it
    /// ([`Durability::PowerCut`](crate::Durability::PowerCut)).
    pub fn flushes(&self) -> u64 {
        self.shared.service.flushes()
    }

    /// How often a method, named as in the interface, has been called.
    pub fn calls(&self, method: &str) -> u64 {
        self.faults.calls(method)
    }

    /// Returns what carries the calls out.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn service(&self) -> Arc<Service> {
        Arc::clone(&self.shared.service)
    }

    /// Stops the server and returns when nothing of it runs any more; dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for MiniHBase {
    fn drop(&mut self) {
        self.doorkeeper.stop(&self.shared);
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

pub(crate) fn url((address, speech): &(SocketAddr, Speech)) -> String {
    let is_http = speech.transport == Transport::Http;
    let parameters = [
        (speech.interface == Interface::Thrift2, "interface=2"),
        (speech.transport == Transport::Framed, "transport=framed"),
        (speech.protocol == Protocol::Compact && !is_http, "protocol=compact"),
    ];
    let parameters: Vec<_> =
        parameters.iter().filter(|(is_said, _)| *is_said).map(|(_, text)| *text).collect();
    let (scheme, path) = if is_http { ("http", "/") } else { ("hbase", "") };
    let query = if parameters.is_empty() { "" } else { "?" };
    format!("{scheme}://{address}{path}{query}{}", parameters.join("&"))
}
