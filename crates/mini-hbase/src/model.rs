//! What a table consists of: families with their options, and cells.
//!
//! How they are kept is left to `store`, how they are asked for to `query`.

use serde::{Deserialize, Serialize};

/// The timestamp with which HBase's interface says "now".
pub(crate) const LATEST: i64 = i64::MAX;

/// A family's options, as `createTable` sets and `getColumnDescriptors` tells them.
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

/// One version of one column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The place of its family among its table's.
    pub(crate) family: u16,
    pub(crate) qualifier: Vec<u8>,
    pub(crate) timestamp: i64,
    pub(crate) value: Vec<u8>,
}

/// A row's key and those of its cells that were asked for, in HBase's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: Vec<u8>,
    pub(crate) cells: Vec<Cell>,
}

/// A family and, after the colon, a qualifier: nothing behind the colon is the empty qualifier, no
/// colon is the whole family (`CellUtil.parseColumn`).
pub(crate) fn parse_column(column: &[u8]) -> (&[u8], Option<&[u8]>) {
    match column.iter().position(|&byte| byte == b':') {
        Some(colon) => (&column[..colon], Some(&column[colon + 1..])),
        None => (column, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_colon_divides_a_column() {
        assert_eq!(parse_column(b"f"), (&b"f"[..], None));
        assert_eq!(parse_column(b"f:"), (&b"f"[..], Some(&b""[..])));
        assert_eq!(parse_column(b"f:a:b"), (&b"f"[..], Some(&b"a:b"[..])));
    }
}
