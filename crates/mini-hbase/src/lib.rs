//! An embedded HBase for tests, demos and laptops: the protocols of the Thrift 1 and Thrift 2 gateways
//! and HBase's semantics, on disk, in milliseconds, without a JVM.
//!
//! ```
//! # fn main() -> Result<(), mini_hbase::StartError> {
//! let server = mini_hbase::MiniHBase::start()?;
//! println!("any client of HBase's Thrift 1 gateway can work on {}", server.url());
//! # Ok(())
//! # }
//! ```
//!
//! The server stops when it is dropped, and its folder goes with it unless one was named
//! ([`Builder::store`]). Where it differs from HBase is listed in the workspace's
//! `docs/mini-hbase.md`.
//!
//! From the wire to the disk: `server` (sockets, threads), `wire` (messages as bytes), `budget` (the
//! memory of calls), `fault` (what is to go wrong), `control` and `seed` (what tests ask for), `thrift1` and `thrift2` (the calls of each interface, and what is odd in
//! them), `service`, `scanners`, `names` and `edits` (what both have in common),
//! and `model` (tables, cells, reads, writes and filters as HBase has them, on an ordered store).

mod budget;
mod builder;
mod clock;
mod control;
mod edits;
mod error;
mod exceptions;
mod fault;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod model;
mod names;
mod scanners;
mod seed;
mod server;
mod service;
mod temporary;
mod thrift1;
mod thrift2;
mod wire;

pub use builder::Builder;
pub use clock::VirtualClock;
pub use error::StartError;
pub use fault::{Exception, Fault, When};
pub use handle::MiniHBase;
pub use model::{Durability, HBaseTiming};
pub use wire::{Protocol, Transport};
