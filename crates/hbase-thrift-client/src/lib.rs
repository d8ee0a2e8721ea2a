//! A client for Apache HBase's Thrift gateways: time-outs, safe retries, streaming scans, and errors
//! that say what happened.
//!
//! ```no_run
//! use hbase_thrift_client::{Client, ColumnFamily, Get, Put, Scan};
//!
//! let client = Client::connect("hbase://localhost:9090")?;
//! client.admin().create_table("crashes", &[ColumnFamily::new("ids")])?;
//!
//! let crashes = client.table("crashes");
//! crashes.put(&Put::new("row1").column("ids:ooid", "11cb72f5-eb28-41e1-a8e4-849982120611"))?;
//! if let Some(row) = crashes.get(&Get::new("row1"))? {
//!     println!("{:?}", row.get("ids:ooid"));
//! }
//! for row in crashes.scan(Scan::new().prefix("row"))? {
//!     println!("{}", row?.key().escape_ascii());
//! }
//! # Ok::<(), hbase_thrift_client::Error>(())
//! ```
//!
//! # What to know
//!
//! - **Columns** are named `family:qualifier`, as bytes.
//! - **Absence is `None`**, not an error; a missing table or column family is an error with its own
//!   [`ErrorKind`].
//! - **Every wait has a bound** (see [`Config`]), and every call that can be repeated without harm
//!   is, within the operation time-out.
//! - **An error says what became of the call** ([`Error::outcome`]): a lost reply to an increment
//!   leaves it [`Outcome::Unknown`], and it is never sent again behind the caller's back.
//! - **TLS and HTTP** are cargo features (`tls`, `http`) that are off by default: most gateways are
//!   plain TCP inside a cluster. `tokio` adds the async client (`aio`), `json` cells that are read and written through serde, `generated`
//!   the generated API for calls that this crate has no method for.
//! - **`tracing`** gets a span for each operation, at debug level and under OpenTelemetry's names for
//!   databases, and an event for each repeat. Neither has anything of what is in rows, nor
//!   credentials; an error that names a row's key does so wherever it is logged.
//! - **More is in [`guide`]**: a [cookbook](guide::cookbook), and pages on [retries](guide::retries), on
//!   [writes within one millisecond](guide::milliseconds), on [connections](guide::connections), on
//!   [logging](guide::logging), and on [calling it from async code](guide::async_code).
//! - **A [`Row`] is a view** into the reply that brought it, and keeps that reply in memory.

#[cfg(feature = "tokio")]
pub mod aio;
mod api;
mod config;
mod dialect;
mod drive;
mod error;
mod filter;
// What fuzzes sets `fuzzing`; the tests build it too, so that it stays whole.
#[cfg(any(fuzzing, all(test, feature = "http")))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guide;
mod proto;
mod request;
mod row;
#[cfg(test)]
mod simulation;
mod sync;
mod trace;
mod wire;

#[cfg(feature = "generated")]
pub use api::GeneratedClient;
pub use api::{
    Admin, BufferedWriter, Client, MergeScan, Pipeline, RegionScan, RowFailure, RowSetScan,
    Scanner, Table, UnionScan, WriteError, WriterOptions,
};
pub use config::{Config, Endpoint, Interface, IntoConfig, Protocol, Transport};
pub use drive::{
    CancellationToken, GatewayStatus, PipelineResults, PipelineValue, PoolStatus, Probe, Queued,
};
pub use error::{Error, ErrorKind, Outcome, Result, ServerException};
pub use filter::{Comparator, CompareOp, DependentColumn, Filter, SingleColumnValue};
#[cfg(feature = "generated")]
pub use hbase_thrift_api;
pub use request::{
    Append, Batch, BloomFilter, CheckAndMutate, CheckAndPut, ColumnFamily, Compression, Condition,
    Delete, Durability, Get, GetRows, GetVersions, Increment, Mutation, Namespace, PageToken, Put,
    Region, RowMutations, RowSet, Scan, TimeRange, Version,
};
#[cfg(feature = "json")]
pub use row::Json;
pub use row::{
    Cell, Column, FromCell, FromRow, OwnedCell, OwnedRow, Row, RowBatch, RowBatchIter, ToCell,
};
