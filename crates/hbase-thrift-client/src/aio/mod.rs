//! The same client for async code on [tokio](https://tokio.rs) (feature `tokio`): the same names, requests, errors
//! and configuration, and the same decisions, since both fronts run the same code.
//!
//! ```no_run
//! use hbase_thrift_client::aio::Client;
//! use hbase_thrift_client::{Get, Put, Scan};
//!
//! # async fn example() -> hbase_thrift_client::Result<()> {
//! let client = Client::connect("hbase://localhost:9090").await?;
//! let crashes = client.table("crashes");
//! crashes.put(&Put::new("row1").column("ids:ooid", "11cb72f5-eb28-41e1-a8e4-849982120611")).await?;
//! if let Some(row) = crashes.get(&Get::new("row1")).await? {
//!     println!("{:?}", row.get("ids:ooid"));
//! }
//! let mut rows = crashes.scan(Scan::new().prefix("row")).await?;
//! while let Some(row) = rows.next_row().await? {
//!     println!("{}", row.key().escape_ascii());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Runtimes
//!
//! Calls have to be made within one of tokio's runtimes, of one thread or of many, that has I/O and time enabled
//! (`enable_all`); outside of one, connecting fails as [`ErrorKind::Config`](crate::ErrorKind::Config). A
//! connection belongs to the runtime that it was opened in: a client that is used in several opens new ones
//! whenever that changes.
//!
//! Time-outs go by tokio's clock. While that is paused (`tokio::time::pause`) tokio moves it on whenever all
//! tasks wait, for the network too: a gateway that is not asked in vain may seem to, so pause the clock for
//! what doesn't involve one.
//!
//! # Futures that are dropped
//!
//! Each future may be dropped before it is over, by `select!` or `timeout` for instance. Then
//!
//! - **a connection** in the middle of a call is closed, and never lent to another call with a reply still to come;
//! - **a read** has no effect;
//! - **a write** that was sent may take effect or not, now or later: nobody knows, so treat it as an error of
//!   [`Outcome::Unknown`](crate::Outcome::Unknown);
//! - **a scan** goes on with the row after the last one that was returned: none is lost, and none comes twice;
//! - **a writer** hands back what it was just sending as unknown, and keeps the rest.
//!
//! A call's own time-out ([`Table::with_timeout`]) is better than dropping its future: it says what became of the
//! call, and keeps its connection where that is still of use.

mod admin;
mod client;
mod pipeline;
mod rows;
mod table;
mod world;
mod writer;

pub use admin::Admin;
pub use client::Client;
pub use pipeline::Pipeline;
pub use rows::{MergeScan, RegionScan, RowSetScan, Scanner, UnionScan};
pub use table::Table;
pub use writer::BufferedWriter;
