//! The Thrift 1 interface of Apache HBase's gateway: generated code, and nothing else.
//!
//! Made by `cargo xtask codegen` from `thrift-idl/Hbase.thrift`; never edited by hand. It knows the
//! names, field ids and types that go over the wire. What the calls mean, time-outs, retries and
//! errors are left to the crate `hbase-thrift-client`.

// The Thrift compiler's style is not ours to correct.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::unwrap_used)]

mod hbase;

pub use hbase::*;
