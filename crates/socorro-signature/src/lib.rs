//! Crash signatures as Socorro makes them.
//!
//! A signature is a short text that crashes of one cause share: the names of the frames at the top
//! of the crashing stack, without those that say nothing, with prefixes such as `OOM | small` that
//! annotations ask for. This crate makes the same signatures as Mozilla's Python package `siggen`,
//! and says step by step how each came about.
//!
//! ```
//! use serde_json::json;
//! use socorro_signature::{Crash, Generator, Lists};
//!
//! let processed = json!({
//!     "abort_message": "the cache is corrupt",
//!     "json_dump": {
//!         "crash_info": {"crashing_thread": 0},
//!         "threads": [{"frames": [
//!             {"function": "abort"},
//!             {"function": "void Cache<int>::check(int) const", "file": "/src/cache.cpp"},
//!         ]}],
//!     },
//! });
//! let generator = Generator::new(Lists::built_in());
//! let signature = generator.generate(&Crash::from_processed(&processed));
//! assert_eq!(signature.text(), "Abort | the cache is corrupt | abort | Cache<T>::check");
//! for step in signature.steps() {
//!     println!("{step}");
//! }
//! ```
//!
//! [`Crash`] is what a signature is made of, [`Lists`] says which frames count, [`Generator`] does
//! the work. Nothing here opens a socket; a file is read by [`Lists::from_folder`] alone.

mod crash;
mod explanation;
mod generator;
mod java;
mod json;
mod lists;
mod name;
mod pattern;
mod python;
mod rules;
mod shutdown;
mod signature;
mod stack;
mod text;

pub use crash::{Crash, Frame, Inline, Thread};
pub use explanation::{NameSource, Rule, Step, Verdict};
pub use generator::Generator;
pub use lists::{ListError, Lists};
pub use signature::Signature;

/// The most characters a signature has.
pub const MAX_LENGTH: usize = 255;

/// The most frames of a stack that are looked at, inlined ones included.
pub const MAX_FRAMES: usize = 40;

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
