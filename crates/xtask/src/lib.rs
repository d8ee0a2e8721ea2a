//! What the chores of this workspace and its integration tests have in common: which HBase releases
//! there are, how to reach and probe a Thrift gateway, and the program's services under load.
//!
//! The chores themselves are the binary's; the client that users get is the crate
//! `hbase-thrift-client`, on which nothing here depends.

pub mod gateway;
pub mod services;
pub mod versions;
