//! What the user says: the client, its tables, and what is done with them.

mod admin;
mod client;
mod generated;
mod pipeline;
mod salted;
mod scanner;
mod table;
mod write_error;
mod writer;

pub use admin::Admin;
pub use client::Client;
pub use generated::GeneratedClient;
pub use pipeline::{Pipeline, PipelineResults, PipelineValue, Queued};
pub use salted::{MergeScan, UnionScan};
pub use scanner::Scanner;
pub use table::Table;
pub use write_error::{RowFailure, WriteError};
pub use writer::{BufferedWriter, WriterOptions};
