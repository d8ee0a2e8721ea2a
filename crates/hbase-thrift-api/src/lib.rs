//! The Thrift interfaces of Apache HBase's gateways: generated code, and nothing else.
//!
//! Made by `cargo xtask codegen` from the folder `thrift-idl`; never edited by hand. It knows the names,
//! field ids and types that go over the wire: those of Thrift 1 here, those of Thrift 2 in [`thrift2`].
//! What the calls mean, time-outs, retries and errors are left to the crate `hbase-thrift-client`, which
//! talks to the gateway of Thrift 1.

// The Thrift compiler's style is not ours to correct.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::unwrap_used)]

mod thrift1;
/// The interface of the Thrift 2 gateway.
pub mod thrift2;

pub use thrift1::*;
