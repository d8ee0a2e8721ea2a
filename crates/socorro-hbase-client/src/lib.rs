//! Socorro's crash storage on Apache HBase.
//!
//! Mozilla's crash-report system kept its crashes in HBase, behind a Python module named
//! `hbaseClient.py`. This crate does that module's work: it knows the tables, row keys, columns
//! and counters that Socorro's programs share, so that both can use one cluster at the same time.
//! How a gateway is spoken to is left to [`hbase_thrift_client`].

mod fields;
mod keys;
mod metadata;
mod ooid;
mod python_json;
mod schema;
mod timestamp;

pub use fields::{HangId, LegacyProcessing, ProcessType, ProcessTypeError};
pub use metadata::{CrashMetadata, MetadataError};
pub use ooid::{Ooid, OoidError};
pub use schema::{FamilySchema, TABLES, TableSchema};
/// The crate whose dates are part of this API.
pub use time;
pub use timestamp::{SubmittedTimestamp, TimestampError};
