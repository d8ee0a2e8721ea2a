//! What the chores of this workspace and its integration tests have in common: which HBase releases
//! there are, and how to reach and probe a Thrift gateway.
//!
//! The chores themselves are the binary's; the client that users get is the crate
//! `hbase-thrift-client`, on which nothing here depends.

pub mod gateway;
pub mod versions;
