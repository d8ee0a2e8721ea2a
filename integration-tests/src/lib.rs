//! What the integration tests share: the server that they run on, tables that clean up after
//! themselves, and the raw generated client to look behind the crates under test.
//!
//! Expectations are left to the tests.

mod gateways;
mod java;
mod mini;
mod raw;
mod server;
mod table;
mod test;

pub use raw::{RawClient, RawThrift2, connect_to, connect_to_thrift2};
pub use server::{ExpendableGateway, GATEWAY_VARIABLE, Server};
pub use table::{TestTable, family, unique_name};
pub use test::Test;
pub use xtask::gateway::{Endpoint, Flavour};

/// Runs what the workspace's README shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
