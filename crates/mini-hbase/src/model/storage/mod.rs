//! Where keys and values are kept: on disk, or in memory for as long as the server runs.
//!
//! A storage is a set of spaces, each an ordered map of bytes that is read from snapshots and
//! written in batches. What the bytes mean is left to the rest of the model.

mod buffers;
mod commit;
mod disk;
mod format;
mod group;
mod long_keys;
mod memory;

use std::sync::Arc;

use super::Result;

pub use commit::Durability;
pub(super) use disk::{explain, open};
pub(super) use format::{Making, damaged};
pub(super) use memory::Memory;

/// Bytes that are cheap to clone.
pub(super) type Bytes = fjall::Slice;
/// What a batch writes, `None` to remove a key.
pub(super) type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Ordered maps by name.
pub(super) trait Storage: Send + Sync {
    /// Opens a space, which is made if need be.
    fn space(&self, name: &str) -> Result<Arc<dyn Space>>;

    /// Removes a space and all that is in it.
    fn remove_space(&self, name: &str) -> Result<()>;

    fn space_names(&self) -> Vec<String>;

    /// How often the disk was flushed for writes that waited for it.
    fn flushes(&self) -> u64;
}

/// One ordered map.
pub(super) trait Space: Send + Sync {
    /// Its state at this moment, which later writes don't change.
    fn snapshot(&self) -> Box<dyn Snapshot>;

    /// Writes a batch, all or nothing; [`Space::wait`] then waits for what was returned.
    fn write(&self, batch: Batch) -> Result<u64>;

    /// Waits until a written batch survives what it has to.
    fn wait(&self, written: u64) -> Result<()>;

    /// Puts everything that was written on the disk.
    fn flush(&self) -> Result<()>;

    /// Makes room of what was removed.
    fn compact(&self) -> Result<()>;
}

/// The state of a space at a moment.
pub(super) trait Snapshot: Send {
    /// Walks up from a key to the one before `to`; an empty `to` is the end.
    fn walk(&self, from: &[u8], to: &[u8]) -> Box<dyn Walk>;

    /// The last key in the range, if there is one.
    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Bytes>>;
}

/// A key, and its value if it was wanted.
pub(super) type Entry = (Bytes, Option<Bytes>);

/// A walk over keys in their order.
pub(super) trait Walk: Send {
    /// The next key; its value is loaded only if `wants` says so.
    fn next(&mut self, wants: &dyn Fn(&[u8]) -> bool) -> Result<Option<Entry>>;
}
