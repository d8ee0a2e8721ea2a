//! The arguments of calls on rows: reads, writes, counters.

use std::collections::BTreeMap;

use thrift::protocol::TOutputProtocol;

use super::mutations::DeletePart;
use crate::dialect::encode::{
    Encoded, attributes, bytes, inner, number32, number64, struct_iter, struct_list,
};
use crate::dialect::thrift1::PackedBatch;
use crate::dialect::thrift1::packed::MutationView;
use crate::request::{
    Append, Attributes, Batch, CheckAndPut, Get, GetRows, GetVersions, Increment, Put, Selection,
};

/// `TDurability`. What Thrift 1 says without being asked is said here too, so that a write which was
/// acknowledged is in the log, whatever the table's own setting is.
const SKIP_WAL: i32 = 1;
const SYNC_WAL: i32 = 3;

/// Family and qualifier; no qualifier where a whole family is meant.
pub(super) fn parts(column: &[u8]) -> (&[u8], Option<&[u8]>) {
    match column.iter().position(|byte| *byte == b':') {
        Some(colon) => (&column[..colon], Some(&column[colon + 1..])),
        None => (column, None),
    }
}

/// A `TColumn`.
pub(super) fn column(protocol: &mut dyn TOutputProtocol, column: &[u8]) -> Encoded {
    let (family, qualifier) = parts(column);
    bytes(protocol, 1, family)?;
    qualifier.map_or(Ok(()), |qualifier| bytes(protocol, 2, qualifier))
}

/// A `TTimeRange`: the times before this one.
pub(super) fn times_before(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    before: Option<i64>,
) -> Encoded {
    let Some(before) = before else { return Ok(()) };
    inner(protocol, id, |protocol| {
        number64(protocol, 1, 0)?;
        number64(protocol, 2, before)
    })
}

/// The map of attributes, where there are any.
pub(super) fn some_attributes(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    set: &Attributes,
) -> Encoded {
    if set.is_empty() { Ok(()) } else { attributes(protocol, id, set) }
}

/// A `TGet`.
struct Read<'a> {
    row: &'a [u8],
    columns: &'a [Vec<u8>],
    before: Option<i64>,
    max_versions: Option<u32>,
    attributes: &'a Attributes,
}

impl<'a> Read<'a> {
    /// The newest version of each cell.
    fn newest(row: &'a [u8], selection: &'a Selection) -> Self {
        Self {
            row,
            columns: &selection.columns,
            before: selection.before,
            max_versions: None,
            attributes: &selection.attributes,
        }
    }

    fn write(&self, protocol: &mut dyn TOutputProtocol) -> Encoded {
        bytes(protocol, 1, self.row)?;
        if !self.columns.is_empty() {
            struct_list(protocol, 2, self.columns, |protocol, name| column(protocol, name))?;
        }
        times_before(protocol, 4, self.before)?;
        if let Some(versions) = self.max_versions {
            number32(protocol, 5, versions.cast_signed())?;
        }
        some_attributes(protocol, 7, self.attributes)
    }
}

pub(super) fn get(protocol: &mut dyn TOutputProtocol, table: &[u8], get: &Get) -> Encoded {
    bytes(protocol, 1, table)?;
    let Get { row, selection } = get;
    inner(protocol, 2, |protocol| Read::newest(row, selection).write(protocol))
}

pub(super) fn get_rows(protocol: &mut dyn TOutputProtocol, table: &[u8], get: &GetRows) -> Encoded {
    bytes(protocol, 1, table)?;
    let GetRows { rows, selection } = get;
    struct_list(protocol, 2, rows, |protocol, row| Read::newest(row, selection).write(protocol))
}

pub(super) fn get_versions(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    get: &GetVersions,
) -> Encoded {
    bytes(protocol, 1, table)?;
    let read = Read {
        row: &get.row,
        columns: std::slice::from_ref(&get.column),
        before: get.before,
        max_versions: Some(get.max_versions),
        attributes: &get.attributes,
    };
    inner(protocol, 2, |protocol| read.write(protocol))
}

/// A `TColumnValue`.
fn cell(protocol: &mut dyn TOutputProtocol, column: &[u8], value: &[u8]) -> Encoded {
    let (family, qualifier) = parts(column);
    bytes(protocol, 1, family)?;
    bytes(protocol, 2, qualifier.unwrap_or_default())?;
    bytes(protocol, 3, value)
}

/// A `TPut` of these cells.
fn put_of<'a>(
    protocol: &mut dyn TOutputProtocol,
    row: &[u8],
    cells: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    common: &Common<'_>,
) -> Encoded {
    bytes(protocol, 1, row)?;
    struct_iter(protocol, 2, cells, |protocol, (column, value)| cell(protocol, column, value))?;
    if let Some(timestamp) = common.timestamp {
        number64(protocol, 3, timestamp)?;
    }
    some_attributes(protocol, 5, common.attributes)?;
    common.durability(protocol, 6)
}

/// What puts and deletes have in common.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) timestamp: Option<i64>,
    pub(super) attributes: &'a Attributes,
    pub(super) write_to_wal: bool,
}

impl Common<'_> {
    pub(super) fn durability(&self, protocol: &mut dyn TOutputProtocol, id: i16) -> Encoded {
        number32(protocol, id, if self.write_to_wal { SYNC_WAL } else { SKIP_WAL })
    }
}

pub(super) fn one_put(protocol: &mut dyn TOutputProtocol, put: &Put) -> Encoded {
    let cells = put.cells.iter().map(|(column, value)| (column.as_slice(), value.as_slice()));
    let common = Common {
        timestamp: put.timestamp,
        attributes: &put.attributes,
        write_to_wal: put.write_to_wal,
    };
    put_of(protocol, &put.row, cells, &common)
}

pub(super) fn put(protocol: &mut dyn TOutputProtocol, table: &[u8], put: &Put) -> Encoded {
    bytes(protocol, 1, table)?;
    inner(protocol, 2, |protocol| one_put(protocol, put))
}

/// All puts, or all deletes.
pub(super) fn batch(protocol: &mut dyn TOutputProtocol, table: &[u8], batch: &Batch) -> Encoded {
    bytes(protocol, 1, table)?;
    if batch.deletes.is_empty() {
        return struct_list(protocol, 2, &batch.puts, one_put);
    }
    let parts: Vec<_> = batch.deletes.iter().flat_map(DeletePart::of).collect();
    struct_list(protocol, 2, &parts, |protocol, part| part.write(protocol))
}

/// As [`batch`].
pub(super) fn packed_batch(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    batch: &PackedBatch,
    timestamp: Option<i64>,
) -> Encoded {
    bytes(protocol, 1, table)?;
    let common = |view: &MutationView<'_>| Common {
        timestamp,
        attributes: batch.attributes(),
        write_to_wal: view.write_to_wal,
    };
    if batch.iter().all(|view| view.is_put) {
        return struct_iter(protocol, 2, batch.iter(), |protocol, view: MutationView<'_>| {
            put_of(protocol, view.row, view.cells(), &common(&view))
        });
    }
    let deletes = batch.iter().filter(|view| !view.is_put).flat_map(|view| {
        let names = view.cells().map(|(column, _)| (column, timestamp));
        DeletePart::of_all_versions(view.row, names, common(&view))
    });
    let parts: Vec<_> = deletes.collect();
    struct_list(protocol, 2, &parts, |protocol, part| part.write(protocol))
}

/// All of one row. A column that comes more than once is added to once: of two in one call, HBase would
/// forget one.
pub(super) fn increment(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    increments: &[Increment],
) -> Encoded {
    let mut sums: BTreeMap<&[u8], i64> = BTreeMap::new();
    for Increment { column, amount, .. } in increments {
        let sum = sums.entry(column).or_default();
        *sum = sum.wrapping_add(*amount);
    }
    bytes(protocol, 1, table)?;
    inner(protocol, 2, |protocol| {
        bytes(protocol, 1, increments.first().map_or(&[][..], |first| &first.row))?;
        struct_iter(protocol, 2, sums.iter(), |protocol, (column, amount)| {
            let (family, qualifier) = parts(column);
            bytes(protocol, 1, family)?;
            bytes(protocol, 2, qualifier.unwrap_or_default())?;
            number64(protocol, 3, *amount)
        })
    })
}

/// The new values come back in HBase's order of columns.
pub(super) fn append(protocol: &mut dyn TOutputProtocol, table: &[u8], append: &Append) -> Encoded {
    bytes(protocol, 1, table)?;
    inner(protocol, 2, |protocol| {
        bytes(protocol, 1, &append.row)?;
        struct_iter(protocol, 2, append.get_columns(), |protocol, (column, value)| {
            cell(protocol, column, value)
        })
    })
}

pub(super) fn check_and_put(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    check: &CheckAndPut,
) -> Encoded {
    let (family, qualifier) = parts(&check.column);
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &check.row)?;
    bytes(protocol, 3, family)?;
    bytes(protocol, 4, qualifier.unwrap_or_default())?;
    if let Some(expected) = &check.expected {
        bytes(protocol, 5, expected)?;
    }
    let common = Common { timestamp: None, attributes: &check.attributes, write_to_wal: true };
    let cells = check.get_put().into_iter();
    inner(protocol, 6, |protocol| put_of(protocol, &check.row, cells.clone(), &common))
}
