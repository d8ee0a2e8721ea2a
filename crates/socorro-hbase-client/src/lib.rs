//! Socorro's crash storage on Apache HBase.
//!
//! Mozilla's crash-report system kept its crashes in HBase, behind a Python module named
//! `hbaseClient.py`. This crate does that module's work: it knows the tables, row keys, columns
//! and counters that Socorro's programs share, so that both can use one cluster at the same time.
//! How a gateway is spoken to is left to [`hbase_thrift_client`].
//!
//! [`CrashStore`] has the endpoints. An [`Ooid`] names a crash; [`CrashMetadata`] is what the
//! collector received about it, checked before anything is written.

mod check;
mod create;
mod dumps;
mod error;
mod export;
mod fields;
mod files;
mod flight;
mod hang;
mod index;
mod keys;
mod limits;
mod metadata;
mod metrics;
mod ooid;
mod period;
mod process;
mod processed;
mod python_json;
mod queue;
mod range;
mod read;
mod read_many;
mod remove;
mod scan;
mod schema;
mod store;
mod submit;
mod timestamp;
mod traces;

pub use check::{
    Check, CheckOptions, CheckPosition, CheckPositionError, CheckProgress, Finding, FindingKind,
};
pub use create::{SchemaOptions, SchemaReport};
pub use dumps::{DumpName, DumpNameError, Dumps};
pub use error::{Error, ErrorKind, Result, Stored};
pub use export::{Export, Exported, Selection};
pub use fields::{HangId, LegacyProcessing, ProcessType, ProcessTypeError};
pub use hang::HangHalf;
pub use index::TimeIndex;
pub use metadata::{CrashMetadata, MetadataError};
pub use metrics::SubmissionCounters;
pub use ooid::{Ooid, OoidError};
pub use period::{Period, PeriodError};
pub use processed::{ProcessedCrash, ProcessedError};
pub use queue::{Claim, Claims, Queue, QueueStatistics, Taker, TakerError};
pub use range::TimeRange;
pub use read::{ProcessingState, RawReport};
pub use scan::{CrashScan, IndexEntry};
pub use schema::{FamilySchema, TABLES, TableSchema};
pub use store::CrashStore;
pub use submit::{QueueForProcessing, Submission};
/// The crate whose dates are part of this API.
pub use time;
pub use timestamp::{SubmittedTimestamp, TimestampError};

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
