//! An embedded HBase for tests, demos and laptops: the Thrift 1 gateway's protocol and HBase's
//! semantics, on disk, in milliseconds, without a JVM.
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
//! From the wire to the disk: `server` (sockets, threads), `wire` (messages as bytes), `fault`
//! (what is to go wrong), `service` (the calls), `scanner`, `filter`, `query`, and `store` (tables
//! and cells on an ordered store).

mod builder;
mod clock;
mod error;
mod fault;
mod filter;
mod model;
mod query;
mod scanner;
mod server;
mod service;
mod store;
mod wire;

pub use builder::{Builder, MiniHBase};
pub use clock::VirtualClock;
pub use error::StartError;
pub use fault::{Exception, Fault, When};
pub use store::Durability;
pub use wire::{Protocol, Transport};
