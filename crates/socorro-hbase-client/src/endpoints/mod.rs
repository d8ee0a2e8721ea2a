//! The endpoints of the store, each a thin layer over the lifecycle and reads.

mod create;
mod describe;
mod index;
mod metrics;
mod noted;
mod process;
mod queue;
mod read;
mod read_many;
mod remove;
mod scan;
mod search;
mod submit;

pub use create::{SchemaOptions, SchemaReport};
pub use describe::{Description, Queued, StoredPart};
pub use index::{HangHalf, TimeIndex};
pub use metrics::Recounted;
pub use queue::{Claim, Claims, Queue, QueueStatistics};
pub use read::{ProcessingState, RawReport};
pub use remove::Counted;
pub use scan::{CrashScan, IndexEntry};
pub use search::{Reindexed, SearchEntry, SearchScan};

pub(crate) use queue::QueueSize;
pub(crate) use read::{metadata_of, processed_of};
pub(crate) use scan::not_scanned;
