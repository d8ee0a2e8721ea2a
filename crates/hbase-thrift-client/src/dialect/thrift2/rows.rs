//! The arguments of calls on rows: reads, writes, counters.

use std::collections::BTreeMap;

use thrift::protocol::TOutputProtocol;

use super::fields::{Common, cell, column, one_put, parts, put_of, some_attributes, some_times};
use super::mutations::DeletePart;
use crate::dialect::encode::{Encoded, bytes, inner, number32, number64, struct_iter, struct_list};
use crate::dialect::thrift1::PackedBatch;
use crate::dialect::thrift1::packed::MutationView;
use crate::request::{
    Append, Attributes, Batch, CheckAndPut, Durability, Get, GetRows, GetVersions, Increment, Put,
    Selection, StorePage, TimeRange,
};

/// A `TGet`.
struct RowRead<'a> {
    row: &'a [u8],
    columns: &'a [Vec<u8>],
    times: TimeRange,
    max_versions: Option<u32>,
    attributes: &'a Attributes,
    page: StorePage,
}

impl<'a> RowRead<'a> {
    fn of(row: &'a [u8], selection: &'a Selection, page: StorePage) -> Self {
        Self {
            row,
            columns: &selection.columns,
            times: selection.times,
            max_versions: selection.max_versions,
            attributes: &selection.attributes,
            page,
        }
    }

    fn write(&self, protocol: &mut dyn TOutputProtocol) -> Encoded {
        bytes(protocol, 1, self.row)?;
        if !self.columns.is_empty() {
            struct_list(protocol, 2, self.columns, |protocol, name| column(protocol, name))?;
        }
        some_times(protocol, 4, self.times)?;
        if let Some(versions) = self.max_versions {
            number32(protocol, 5, versions.cast_signed())?;
        }
        some_attributes(protocol, 7, self.attributes)?;
        if let Some(limit) = self.page.limit {
            number32(protocol, 12, limit.cast_signed())?;
        }
        if self.page.offset > 0 {
            number32(protocol, 13, self.page.offset.cast_signed())?;
        }
        Ok(())
    }
}

/// As the arguments of `exists` too.
pub(super) fn get(protocol: &mut dyn TOutputProtocol, table: &[u8], get: &Get) -> Encoded {
    bytes(protocol, 1, table)?;
    let Get { row, selection, page } = get;
    inner(protocol, 2, |protocol| RowRead::of(row, selection, *page).write(protocol))
}

/// As the arguments of `existsAll` too.
pub(super) fn get_rows(protocol: &mut dyn TOutputProtocol, table: &[u8], get: &GetRows) -> Encoded {
    bytes(protocol, 1, table)?;
    let GetRows { rows, selection, page } = get;
    struct_list(protocol, 2, rows, |protocol, row| {
        RowRead::of(row, selection, *page).write(protocol)
    })
}

pub(super) fn get_versions(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    get: &GetVersions,
) -> Encoded {
    bytes(protocol, 1, table)?;
    let read = RowRead {
        row: &get.row,
        columns: std::slice::from_ref(&get.column),
        times: get.times,
        max_versions: Some(get.max_versions),
        attributes: &get.attributes,
        page: StorePage::default(),
    };
    inner(protocol, 2, |protocol| read.write(protocol))
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
        durability: view.durability,
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
    let durability = Durability::SyncWal;
    let common = Common { timestamp: None, attributes: &check.attributes, durability };
    let cells = check.get_put().into_iter();
    inner(protocol, 6, |protocol| put_of(protocol, &check.row, cells.clone(), &common))
}
