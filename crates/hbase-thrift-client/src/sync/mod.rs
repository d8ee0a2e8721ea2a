//! The blocking drivers of `proto`: sockets, TLS, waiting.
//!
//! They carry bytes, time and decisions to and fro, and decide nothing themselves.

mod cancel;
mod connect;
mod connection;
mod environment;
mod executor;
mod parts;
mod pipeline;
mod pool;
mod probe;
mod scan;
mod spoken;
mod stream;
mod write;

pub use cancel::CancellationToken;
pub(crate) use connect::probe;
#[cfg(test)]
pub(crate) use environment::{Environment, Signal};
pub(crate) use executor::Executor;
pub(crate) use pipeline::{CallValue, OwnedCall, OwnedRequest};
#[cfg(test)]
pub(crate) use pool::LEASES_HELD;
#[cfg(feature = "generated")]
pub(crate) use pool::Lease;
pub use pool::{GatewayStatus, PoolStatus};
pub use probe::Probe;
pub(crate) use scan::ScanDriver;
#[cfg(test)]
pub(crate) use stream::Stream;
pub(crate) use write::{WriteDriver, stamped};
