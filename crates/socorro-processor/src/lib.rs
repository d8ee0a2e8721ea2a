//! Minidumps and metadata of crashes, processed as Socorro does it.
//!
//! A [`Processor`] makes a [`ProcessedCrash`](socorro_hbase_client::ProcessedCrash) of a [`RawCrash`]:
//! each minidump is walked by rust-minidump, the crash gets a signature, and the fields that Socorro's
//! readers know. A crash whose dump can't be processed is processed too, without success and with a
//! note that says why, so that no crash comes back for ever.
//!
//! A dump is a stranger's: it is walked in a child process of the same program, with [`Limits`] of
//! memory, time and output. So a program that processes crashes begins with [`walk_if_asked`]:
//!
//! ```no_run
//! use socorro_hbase_client::Ooid;
//! use socorro_processor::{Limits, Processor, RawCrash, SymbolSources, walk_if_asked};
//!
//! fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
//!     if let Some(done) = walk_if_asked() {
//!         return Ok(done);
//!     }
//!     let processor = Processor::new(SymbolSources::default(), Limits::default())?;
//!     let crash = RawCrash::new("6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse::<Ooid>()?)
//!         .with_metadata(std::fs::read("crash.json")?)
//!         .with_dump("upload_file_minidump".parse()?, std::fs::read("crash.dmp")?);
//!     let processed = processor.process(&crash)?;
//!     println!("{}", processed.crash().signature());
//!     Ok(std::process::ExitCode::SUCCESS)
//! }
//! ```

mod child;
mod dump;
mod fields;
mod lenient;
mod limits;
mod metadata;
mod processor;
mod protocol;
mod raw;
mod shorten;
mod symbols;
mod walk;

pub use limits::Limits;
pub use processor::{Processed, Processor};
pub use raw::RawCrash;
pub use symbols::{SymbolAddError, SymbolError, SymbolSources, SymbolTally, add_symbol_file};
pub use walk::walk_if_asked;

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
