//! The arguments of calls on rows: reads, writes, counters.

use std::collections::BTreeMap;

use thrift::protocol::TOutputProtocol;

use super::packed::{MutationView, PackedBatch};
use crate::dialect::encode::{
    Encoded, attributes, boolean, bytes, bytes_list, inner, number32, number64, struct_iter,
    struct_list,
};
use crate::request::{
    Append, Attributes, Batch, CheckAndPut, Delete, Durability, Get, GetRows, GetVersions,
    Increment, Put, Selection,
};

pub(super) fn get(protocol: &mut dyn TOutputProtocol, table: &[u8], get: &Get) -> Encoded {
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &get.row)?;
    selection(protocol, &get.selection)
}

pub(super) fn get_rows(protocol: &mut dyn TOutputProtocol, table: &[u8], get: &GetRows) -> Encoded {
    bytes(protocol, 1, table)?;
    bytes_list(protocol, 2, &get.rows)?;
    selection(protocol, &get.selection)
}

pub(super) fn get_versions(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    get: &GetVersions,
) -> Encoded {
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &get.row)?;
    bytes(protocol, 3, &get.column)?;
    let mut next = 4;
    if let Some(before) = get.times.before() {
        number64(protocol, next, before)?;
        next += 1;
    }
    number32(protocol, next, get.max_versions.cast_signed())?;
    attributes(protocol, next + 1, &get.attributes)
}

pub(super) fn put(protocol: &mut dyn TOutputProtocol, table: &[u8], put: &Put) -> Encoded {
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &put.row)?;
    struct_list(protocol, 3, &put.cells, |protocol, (column, value)| {
        mutation(protocol, column, Some(value), put.durability)
    })?;
    timestamp_and_attributes(protocol, 4, put.timestamp, &put.attributes)
}

pub(super) fn delete(protocol: &mut dyn TOutputProtocol, table: &[u8], delete: &Delete) -> Encoded {
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &delete.row)?;
    if delete.columns.is_empty() {
        return timestamp_and_attributes(protocol, 3, delete.timestamp, &delete.attributes);
    }
    struct_list(protocol, 3, &delete.columns, |protocol, column| {
        mutation(protocol, column, None, delete.durability)
    })?;
    timestamp_and_attributes(protocol, 4, delete.timestamp, &delete.attributes)
}

/// Puts and deletes on several rows; the gateway runs all puts before all deletes.
pub(super) fn batch(protocol: &mut dyn TOutputProtocol, table: &[u8], batch: &Batch) -> Encoded {
    bytes(protocol, 1, table)?;
    struct_list(protocol, 2, &by_row(batch), |protocol, row| {
        bytes(protocol, 1, row.row)?;
        struct_list(protocol, 2, &row.mutations, |protocol, cell| {
            mutation(protocol, cell.column, cell.value, cell.durability)
        })
    })?;
    match batch.attributes() {
        Some(set) => timestamp_and_attributes(protocol, 3, batch.timestamp(), set),
        None => timestamp_and_attributes(protocol, 3, batch.timestamp(), &Attributes::default()),
    }
}

/// As [`batch`], for mutations of which each row has only puts or only deletes. A row that comes more
/// than once is written more than once; the gateway keeps their order.
pub(super) fn packed_batch(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    batch: &PackedBatch,
    timestamp: Option<i64>,
) -> Encoded {
    bytes(protocol, 1, table)?;
    struct_iter(protocol, 2, batch.iter(), |protocol, row: MutationView<'_>| {
        bytes(protocol, 1, row.row)?;
        struct_iter(protocol, 2, row.cells(), |protocol, (column, value)| {
            mutation(protocol, column, row.is_put.then_some(value), row.durability)
        })
    })?;
    timestamp_and_attributes(protocol, 3, timestamp, batch.attributes())
}

pub(super) fn increment(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    increment: &Increment,
) -> Encoded {
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &increment.row)?;
    bytes(protocol, 3, &increment.column)?;
    number64(protocol, 4, increment.amount)
}

pub(super) fn increment_rows(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    increments: &[Increment],
) -> Encoded {
    struct_list(protocol, 1, increments, |protocol, one| increment(protocol, table, one))
}

/// The new values come back in HBase's order of columns.
pub(super) fn append(protocol: &mut dyn TOutputProtocol, table: &[u8], append: &Append) -> Encoded {
    inner(protocol, 1, |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &append.row)?;
        bytes_list(protocol, 3, &append.columns)?;
        bytes_list(protocol, 4, &append.values)
    })
}

pub(super) fn check_and_put(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    check: &CheckAndPut,
) -> Encoded {
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &check.row)?;
    bytes(protocol, 3, &check.column)?;
    if let Some(expected) = &check.expected {
        bytes(protocol, 5, expected)?;
    }
    inner(protocol, 6, |protocol| match &check.cell {
        Some((column, value)) => mutation(protocol, column, Some(value), Durability::SyncWal),
        None => Ok(()),
    })?;
    attributes(protocol, 7, &check.attributes)
}

/// The last arguments of the calls that read rows.
fn selection(protocol: &mut dyn TOutputProtocol, selection: &Selection) -> Encoded {
    let mut next = 3;
    if !selection.columns.is_empty() {
        bytes_list(protocol, next, &selection.columns)?;
        next += 1;
    }
    timestamp_and_attributes(protocol, next, selection.times.before(), &selection.attributes)
}

/// A `Mutation`: a put with a value, a delete without.
fn mutation(
    protocol: &mut dyn TOutputProtocol,
    column: &[u8],
    value: Option<&[u8]>,
    durability: Durability,
) -> Encoded {
    boolean(protocol, 1, value.is_none())?;
    bytes(protocol, 2, column)?;
    if let Some(value) = value {
        bytes(protocol, 3, value)?;
    }
    boolean(protocol, 4, durability != Durability::SkipWal)
}

pub(super) fn timestamp_and_attributes(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    timestamp: Option<i64>,
    set: &Attributes,
) -> Encoded {
    match timestamp {
        Some(timestamp) => {
            number64(protocol, id, timestamp)?;
            attributes(protocol, id + 1, set)
        }
        None => attributes(protocol, id, set),
    }
}

/// All that a batch does to one row.
struct BatchRow<'a> {
    row: &'a [u8],
    mutations: Vec<CellMutation<'a>>,
}

/// A put with a value, a delete without.
struct CellMutation<'a> {
    column: &'a [u8],
    value: Option<&'a [u8]>,
    durability: Durability,
}

/// The batch's mutations by row, rows in the order of their first one.
fn by_row(batch: &Batch) -> Vec<BatchRow<'_>> {
    let mut rows: Vec<BatchRow<'_>> = Vec::with_capacity(batch.len());
    let mut positions: BTreeMap<&[u8], usize> = BTreeMap::new();
    for put in &batch.puts {
        for (column, value) in &put.cells {
            let durability = put.durability;
            let mutation = CellMutation { column, value: Some(value), durability };
            add(&mut rows, &mut positions, &put.row, mutation);
        }
    }
    for delete in &batch.deletes {
        for column in &delete.columns {
            let durability = delete.durability;
            let mutation = CellMutation { column, value: None, durability };
            add(&mut rows, &mut positions, &delete.row, mutation);
        }
    }
    rows
}

fn add<'a>(
    rows: &mut Vec<BatchRow<'a>>,
    positions: &mut BTreeMap<&'a [u8], usize>,
    row: &'a [u8],
    mutation: CellMutation<'a>,
) {
    match rows.last_mut() {
        // Most batches have each row once, or a row's mutations beside each other.
        Some(last) if last.row == row => last.mutations.push(mutation),
        _ => {
            let position = *positions.entry(row).or_insert_with(|| {
                rows.push(BatchRow { row, mutations: Vec::new() });
                rows.len() - 1
            });
            rows[position].mutations.push(mutation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_written_row_by_row() {
        let batch = Batch::new()
            .put(Put::new("r").column("f:a", "1"))
            .put(Put::new("s").column("f:b", "1"))
            .put(Put::new("r").column("f:c", "1"))
            .delete(Delete::row("r").column("f:b").family("g"))
            .delete(Delete::row("t").column("f:a"));
        let rows: Vec<_> =
            by_row(&batch).iter().map(|row| (row.row.to_vec(), row.mutations.len())).collect();
        assert_eq!(rows, [(b"r".to_vec(), 4), (b"s".to_vec(), 1), (b"t".to_vec(), 1)]);
    }
}
