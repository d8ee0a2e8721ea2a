//! A family's options: how many versions of a column it keeps, and for how long.

use serde::{Deserialize, Serialize};

/// A family's options, as `createTable` sets and `getColumnDescriptors` returns them.
///
/// Compression, Bloom filter, in-memory and block cache are remembered and change nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Family {
    pub(crate) name: Vec<u8>,
    pub(crate) max_versions: i32,
    /// In seconds; [`i32::MAX`] for ever.
    pub(crate) time_to_live: i32,
    pub(crate) compression: String,
    pub(crate) bloom_filter: String,
    pub(crate) in_memory: bool,
    pub(crate) block_cache: bool,
}

impl Family {
    /// How many versions of a column it keeps.
    pub(crate) fn kept_versions(&self) -> usize {
        usize::try_from(self.max_versions).unwrap_or(1).max(1)
    }

    /// The oldest timestamp that is still alive at `now`.
    pub(crate) fn oldest_alive(&self, now: i64) -> i64 {
        if self.time_to_live == i32::MAX {
            return i64::MIN;
        }
        now.saturating_sub(i64::from(self.time_to_live) * 1_000)
    }
}
