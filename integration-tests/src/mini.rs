//! A mini-hbase of one test's own, with a gateway of each flavour that it has.
//!
//! It starts in milliseconds, so no test shares it, and each may kill it. It gives timestamps as
//! HBase does ([`HBaseTiming::Exact`]), so that a test which leans on kinder ones fails here too.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use mini_hbase::{Builder, HBaseTiming, MiniHBase, Protocol, Transport};
use xtask::gateway::{Endpoint, Flavour, Interface};

use crate::gateways;

const FREE_PORT: &str = "127.0.0.1:0";

/// A server that can end and come back with the same ports and tables.
pub(crate) struct Mini {
    /// In the order of `gateways::all`.
    endpoints: Vec<Endpoint>,
    folder: std::path::PathBuf,
    limit: Option<usize>,
    running: Mutex<Option<MiniHBase>>,
    // Deleted last: fields are dropped in their order.
    _temporary: tempfile::TempDir,
}

impl Mini {
    /// With HBase's limits for cells and frames, or with another for both, in bytes.
    pub(crate) fn start(limit: Option<usize>) -> Result<Self> {
        let temporary = tempfile::tempdir().context("no folder for mini-hbase's tables")?;
        let folder = temporary.path().join("store");
        let server = listening(&vec![FREE_PORT.to_owned(); gateways::all().len()], limit)
            .store(&folder)
            .start()?;
        let urls = server.urls();
        let endpoints = urls.iter().map(|url| Endpoint::from_url(url)).collect::<Result<_>>()?;
        Ok(Self {
            endpoints,
            folder,
            limit,
            running: Mutex::new(Some(server)),
            _temporary: temporary,
        })
    }

    /// In the order of `gateways::all`.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Ends the server and starts it again, with what is in its folder.
    pub(crate) fn restart(&self) -> Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        drop(running.take());
        let addresses: Vec<_> = self
            .endpoints
            .iter()
            .map(|gateway| format!("{}:{}", gateway.host, gateway.port))
            .collect();
        *running = Some(listening(&addresses, self.limit).store(&self.folder).start()?);
        Ok(())
    }
}

fn listening(addresses: &[String], limit: Option<usize>) -> Builder {
    let mut builder = MiniHBase::builder().timing(HBaseTiming::Exact);
    if let Some(bytes) = limit {
        builder = builder.max_cell_size(bytes).max_message_size(bytes);
    }
    for (place, (address, gateway)) in addresses.iter().zip(gateways::all()).enumerate() {
        let (transport, protocol) = speech(gateway.flavour);
        builder = match (gateway.interface, place) {
            (Interface::Thrift1, 0) => {
                builder.listen(address).transport(transport).protocol(protocol)
            }
            (Interface::Thrift1, _) => builder.also_listen(address, transport, protocol),
            (Interface::Thrift2, _) => builder.thrift2(address, transport, protocol),
        };
    }
    builder
}

/// What a flavour of HBase's gateways speaks, however it works inside.
fn speech(flavour: Flavour) -> (Transport, Protocol) {
    match flavour {
        Flavour::Threadpool => (Transport::Buffered, Protocol::Binary),
        Flavour::Compact => (Transport::Buffered, Protocol::Compact),
        Flavour::FramedCompact => (Transport::Framed, Protocol::Compact),
        Flavour::Http => (Transport::Http, Protocol::Binary),
        Flavour::Nonblocking | Flavour::Hsha | Flavour::Threadedselector | Flavour::Framed => {
            (Transport::Framed, Protocol::Binary)
        }
    }
}
