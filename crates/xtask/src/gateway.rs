//! How to reach a Thrift 1 gateway of each flavour, and how to tell that it answers.
//!
//! Just enough for chores and test harness, on the thrift crate alone: no pool, no retries, no
//! knowledge of HBase's calls beyond the one that [`wait_until_ready`] makes.

mod endpoint;
mod http;
mod probe;
mod protocol;
mod tcp;

pub use endpoint::{Endpoint, Flavour, Gateway, Interface};
pub use probe::{probe, wait_until_ready};
pub use protocol::{InputProtocol, OutputProtocol, connect};
