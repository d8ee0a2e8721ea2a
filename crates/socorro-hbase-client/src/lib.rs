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
mod counters;
mod endpoints;
mod error;
mod export;
mod import;
mod layout;
mod lifecycle;
mod limits;
mod model;
mod pipeline;
mod store;

pub use check::{Check, CheckOptions, CheckPosition, CheckPositionError, CheckProgress};
pub use counters::SubmissionCounters;
pub use endpoints::{
    Claim, Claims, Counted, CrashScan, Description, HangHalf, IndexEntry, ProcessingState, Queue,
    QueueStatistics, Queued, RawReport, Recounted, Reindexed, SchemaOptions, SchemaReport,
    SearchEntry, SearchScan, StoredPart, TimeIndex,
};
pub use error::{Effect, Error, ErrorKind, Part, Result, Written};
pub use export::{ArchiveFormat, Export, ExportOutcome, Exported, Selection};
pub use import::{CrashFolder, FoundCrash, ImportedCrash, ooid_of_files, read_archive};
pub use layout::{FamilySchema, SEARCH_TABLE, SearchColumn, TABLES, TableSchema};
pub use lifecycle::{
    NewReport, Problem, ProblemKind, QueueForProcessing, RepairOutcome, Submission, Worker,
    WorkerError,
};
pub use model::{
    Annotations, CrashId, CrashIdError, CrashMetadata, DumpName, DumpNameError, Dumps, HangId,
    HangIdError, LegacyProcessing, MetadataError, Ooid, OoidError, Period, PeriodError,
    ProcessType, ProcessTypeError, ProcessedCrash, ProcessedError, SubmittedTimestamp, TimeRange,
    TimestampError,
};
pub use store::CrashStore;
/// The crate whose dates are part of this API.
pub use time;

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
