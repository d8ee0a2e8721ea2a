//! Reading many rows by their keys, in as many calls as their size needs.

use std::collections::HashMap;

use crate::dialect::Call;
use crate::error::{ErrorKind, Result};
use crate::request::GetRows;
use crate::row::{Row, RowBatch};
use crate::sync::Executor;

/// What a call has beside its keys and columns, and a key or column beside its bytes.
const CALL_OVERHEAD: usize = 1024;
const KEY_OVERHEAD: usize = 5;

/// Reads the rows in calls that don't go over the limits of requests and replies, all of them within
/// one operation time-out; each has its place.
pub(super) fn get_rows(
    executor: &Executor,
    table: &[u8],
    get: &GetRows,
) -> Result<Vec<Option<Row>>> {
    let deadline = executor.deadline();
    let room = executor.config().get_max_request_size().saturating_sub(size_without_keys(get));
    let mut rows = Vec::with_capacity(get.rows.len());
    // Fewer after a reply that was too large.
    let mut most = usize::MAX;
    while rows.len() < get.rows.len() {
        let left = &get.rows[rows.len()..];
        let keys = keys_within(left, room).min(most);
        let part;
        let call = if keys == get.rows.len() {
            get
        } else {
            part = GetRows { rows: left[..keys].to_vec(), selection: get.selection.clone() };
            &part
        };
        match executor.run_until(&Call::get_rows(table, call), deadline) {
            Ok(found) => rows.extend(by_key(&call.rows, &found)),
            Err(error) if error.kind() == ErrorKind::TooLarge && keys > 1 => {
                tracing::debug!(%error, keys, "the rows are read in smaller parts");
                most = keys.div_ceil(2);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

fn size_without_keys(get: &GetRows) -> usize {
    let columns = get.selection.columns.iter().map(|column| KEY_OVERHEAD + column.len());
    let attributes = get.selection.attributes.iter();
    let attributes = attributes.map(|(name, value)| 2 * KEY_OVERHEAD + name.len() + value.len());
    CALL_OVERHEAD + columns.sum::<usize>() + attributes.sum::<usize>()
}

/// How many of the keys fit into this many bytes; at least one.
fn keys_within(keys: &[Vec<u8>], room: usize) -> usize {
    let sizes = keys.iter().scan(0, |size, key| {
        *size += KEY_OVERHEAD + key.len();
        Some(*size)
    });
    sizes.take_while(|size| *size <= room).count().max(1)
}

/// The rows that were found, each at its key's place; a key may be asked for twice.
fn by_key(keys: &[Vec<u8>], found: &RowBatch) -> Vec<Option<Row>> {
    let found: HashMap<Vec<u8>, Row> = found.iter().map(|row| (row.key().to_vec(), row)).collect();
    keys.iter().map(|key| found.get(key).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_by_their_bytes_and_always_one() {
        let keys: Vec<Vec<u8>> = vec![vec![0; 10]; 4];
        assert_eq!(keys_within(&keys, 14), 1);
        assert_eq!(keys_within(&keys, 45), 3);
        assert_eq!(keys_within(&keys, 1000), 4);
    }
}
