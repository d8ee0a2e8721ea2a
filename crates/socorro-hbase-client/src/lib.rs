//! Socorro's crash storage on Apache HBase.
//!
//! Mozilla's crash-report system kept its crashes in HBase, behind a Python module named
//! `hbaseClient.py`. This crate does that module's work: it knows the tables, row keys, columns
//! and counters that Socorro's programs share, so that both can use one cluster at the same time.
//! How a gateway is spoken to is left to [`hbase_thrift_client`].
//!
//! [`CrashStore`] has the endpoints. An [`Ooid`] names a crash; [`CrashMetadata`] is what the
//! collector received about it, checked before anything is written.

mod create;
mod error;
mod fields;
mod keys;
mod metadata;
mod ooid;
mod python_json;
mod read;
mod schema;
mod store;
mod submit;
mod timestamp;

pub use create::{SchemaOptions, SchemaReport};
pub use error::{Error, ErrorKind, Result, Stored};
pub use fields::{HangId, LegacyProcessing, ProcessType, ProcessTypeError};
pub use metadata::{CrashMetadata, MetadataError};
pub use ooid::{Ooid, OoidError};
pub use read::RawReport;
pub use schema::{FamilySchema, TABLES, TableSchema};
pub use store::CrashStore;
pub use submit::QueueForProcessing;
/// The crate whose dates are part of this API.
pub use time;
pub use timestamp::{SubmittedTimestamp, TimestampError};

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
