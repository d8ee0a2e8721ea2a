//! What the user says: the client, its tables, and what is done with them.

mod admin;
mod by_region;
mod client;
#[cfg(feature = "generated")]
mod generated;
mod pipeline;
mod row_set;
mod salted;
mod scanner;
mod table;
mod write_error;
mod writer;

pub use admin::Admin;
pub use by_region::RegionScan;
pub use client::Client;
#[cfg(feature = "generated")]
pub use generated::GeneratedClient;
pub use pipeline::Pipeline;
pub use row_set::RowSetScan;
pub use salted::{MergeScan, UnionScan};
pub use scanner::Scanner;
pub use table::Table;
pub use write_error::{RowFailure, WriteError};
pub use writer::{BufferedWriter, WriterOptions};
