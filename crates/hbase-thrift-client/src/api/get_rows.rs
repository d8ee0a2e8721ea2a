//! Reading many rows by their keys, in as many calls as their size needs.

use std::collections::HashMap;
use std::time::Instant;

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
    in_parts(executor, get, executor.deadline(), |part, deadline| {
        let found = executor.run_until(&Call::get_rows(table, part), deadline)?;
        Ok(by_key(&part.rows, &found))
    })
}

/// As [`get_rows`], for whether there is each of them.
pub(super) fn exists_all(executor: &Executor, table: &[u8], get: &GetRows) -> Result<Vec<bool>> {
    let deadline = executor.deadline();
    if !executor.dialect_by(deadline)?.has_exists_all() {
        let rows = get_rows(executor, table, get)?;
        return Ok(rows.iter().map(Option::is_some).collect());
    }
    in_parts(executor, get, deadline, |part, deadline| {
        let call = Call::exists_all(table, part);
        let found = executor.run_until(&call, deadline)?;
        if found.len() != part.rows.len() {
            let message = "the reply has another number of rows than were asked for";
            return Err(executor.unusable_result(message, &call.request));
        }
        Ok(found)
    })
}

/// What a call says of each key, for keys that may need several.
fn in_parts<T>(
    executor: &Executor,
    get: &GetRows,
    deadline: Instant,
    run: impl Fn(&GetRows, Instant) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
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
            part = GetRows { rows: left[..keys].to_vec(), ..get.without_rows() };
            &part
        };
        match run(call, deadline) {
            Ok(found) => rows.extend(found),
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
