//! The drivers of `proto`: they carry bytes, time and decisions to and fro, and decide nothing themselves.
//!
//! Written once, as futures, for all worlds (`environment`): the blocking one of `sync`, where each future is over
//! when it is polled first, tokio's of `aio`, and the simulation's. A future may be dropped at any of its
//! waits: what it holds says in its `Drop` what that leaves.

mod admin;
mod caller;
mod cancel;
mod connect;
mod connection;
mod environment;
mod executor;
mod get_rows;
mod parts;
mod pipeline;
mod pool;
mod probe;
mod rows;
mod scan;
mod spoken;
mod stream;
mod table;
mod write;

pub(crate) use admin::AdminDriver;
pub use cancel::CancellationToken;
pub(crate) use connect::probe;
pub(crate) use environment::{Environment, Signal, Waits, at_once, wall_clock};
pub(crate) use executor::Executor;
pub(crate) use pipeline::{CallValue, OwnedRequest, PipelineDriver};
pub use pipeline::{PipelineResults, PipelineValue, Queued};
#[cfg(test)]
pub(crate) use pool::LEASES_HELD;
#[cfg(feature = "generated")]
pub(crate) use pool::Lease;
pub use pool::{GatewayStatus, PoolStatus};
pub use probe::Probe;
pub(crate) use rows::{MergeRows, RegionRows, RowSetRows, Rows, ScanRows, UnionRows};
#[cfg(feature = "tokio")]
pub(crate) use stream::Refusal;
pub(crate) use stream::{Interrupt, Interrupter, SHORTEST, Secure, Stream, first_of};
pub(crate) use table::TableDriver;
pub(crate) use write::WriteDriver;
