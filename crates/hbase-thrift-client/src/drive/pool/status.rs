//! What a pool has at a moment, and its end.

use std::sync::atomic::Ordering;

use super::Pool;
use crate::config::Endpoint;
use crate::error::{Error, ErrorKind, Result};

/// The connections of a client at a moment, as [`Client::pool_status`](crate::Client::pool_status)
/// returns them.
///
/// ```no_run
/// # use hbase_thrift_client::PoolStatus;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let PoolStatus { connections, in_use, waiting, .. } = client.pool_status();
/// println!("{in_use} of {connections} connections in use, {waiting} calls wait");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// Connections that are open or being opened.
    pub connections: usize,
    /// Those that a call uses, or that are being opened.
    pub in_use: usize,
    /// How many may be open at once ([`Config::max_connections`](crate::Config::max_connections)).
    pub max_connections: usize,
    /// Calls that wait for a connection.
    pub waiting: usize,
    /// The gateways, in the order of the configuration.
    pub gateways: Vec<GatewayStatus>,
}

/// A gateway's part of a [`PoolStatus`].
///
/// ```no_run
/// # use hbase_thrift_client::GatewayStatus;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// for GatewayStatus { endpoint, connections, is_available, .. } in client.pool_status().gateways {
///     println!("{endpoint}: {connections} connections, available: {is_available}");
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewayStatus {
    /// Its address.
    pub endpoint: Endpoint,
    /// Connections to it that are open or being opened.
    pub connections: usize,
    /// Those that a call uses, or that are being opened.
    pub in_use: usize,
    /// False for a gateway that failed, and that one call tries again now and then.
    pub is_available: bool,
}

impl Pool {
    pub(crate) fn status(&self) -> PoolStatus {
        let state = self.lock();
        let balancer = &state.balancer;
        let gateway = |(index, gateway): (usize, &super::Gateway)| {
            let (connections, in_use) = balancer.connections_to(index);
            let endpoint = gateway.endpoint.clone();
            let is_available = !balancer.is_left_out(index);
            GatewayStatus { endpoint, connections, in_use, is_available }
        };
        let gateways: Vec<_> = self.0.gateways.iter().enumerate().map(gateway).collect();
        PoolStatus {
            connections: gateways.iter().map(|gateway| gateway.connections).sum(),
            in_use: gateways.iter().map(|gateway| gateway.in_use).sum(),
            max_connections: self.config().get_max_connections(),
            waiting: balancer.waiting(),
            gateways,
        }
    }

    /// Closes the connections that nobody uses, and the others when they come back. No call is begun
    /// from now on, and those that wait for a connection end.
    pub(crate) fn close(&self) {
        let now = self.environment().now();
        // Before the lock is taken: who keeps a connection later sees it.
        self.0.is_closed.store(true, Ordering::SeqCst);
        let mut state = self.lock();
        let unused = state.balancer.close_unused(now);
        let unused: Vec<_> = unused.iter().filter_map(|id| state.kept.remove(*id)).collect();
        state.signals.values().for_each(|signal| signal.raise());
        drop(state);
        // Closing takes a system call each.
        drop(unused);
        self.0.gateways.iter().for_each(super::Gateway::dismiss_witness);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed.load(Ordering::SeqCst)
    }

    pub(super) fn check_open(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Error::new(ErrorKind::Closed, "the client was closed"));
        }
        Ok(())
    }
}
