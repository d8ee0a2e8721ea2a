//! Calls on rows: reads, writes, counters.

use thrift::protocol::TOutputProtocol;

use super::call::{Call, Effect};
use super::encode::{
    attributes, boolean, bytes, bytes_list, inner, number32, number64, struct_list,
};
use crate::request::{
    Append, Attributes, Batch, CheckAndPut, Delete, Get, GetRows, GetVersions, Increment, Put,
    Selection, Version,
};
use crate::row::RowBatch;

type Written = thrift::Result<()>;

/// Reads a row with the four methods that differ in their arguments only.
pub(crate) fn get_row<'a>(
    table: &'a [u8],
    get: &'a Get,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, RowBatch> {
    let method = match (get.selection.columns.is_empty(), get.selection.before.is_none()) {
        (true, true) => "getRow",
        (true, false) => "getRowTs",
        (false, true) => "getRowWithColumns",
        (false, false) => "getRowWithColumnsTs",
    };
    Call::new(method, Effect::Read, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &get.row)?;
        selection(protocol, &get.selection)
    })
}

/// Reads several rows; missing ones are left out of the reply.
pub(crate) fn get_rows<'a>(
    table: &'a [u8],
    get: &'a GetRows,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, RowBatch> {
    let method = match (get.selection.columns.is_empty(), get.selection.before.is_none()) {
        (true, true) => "getRows",
        (true, false) => "getRowsTs",
        (false, true) => "getRowsWithColumns",
        (false, false) => "getRowsWithColumnsTs",
    };
    Call::new(method, Effect::Read, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes_list(protocol, 2, &get.rows)?;
        selection(protocol, &get.selection)
    })
}

/// Reads versions of one column.
pub(crate) fn get_versions<'a>(
    table: &'a [u8],
    get: &'a GetVersions,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, Vec<Version>> {
    let method = if get.before.is_none() { "getVer" } else { "getVerTs" };
    Call::new(method, Effect::Read, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &get.row)?;
        bytes(protocol, 3, &get.column)?;
        let mut next = 4;
        if let Some(before) = get.before {
            number64(protocol, next, before)?;
            next += 1;
        }
        number32(protocol, next, get.max_versions.cast_signed())?;
        attributes(protocol, next + 1, &get.attributes)
    })
}

/// Puts cells of one row.
pub(crate) fn put<'a>(
    table: &'a [u8],
    put: &'a Put,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, ()> {
    let method = if put.timestamp.is_none() { "mutateRow" } else { "mutateRowTs" };
    Call::new(method, Effect::Write, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &put.row)?;
        struct_list(protocol, 3, &put.cells, |protocol, (column, value)| {
            mutation(protocol, column, Some(value), put.write_to_wal)
        })?;
        timestamp_and_attributes(protocol, 4, put.timestamp, &put.attributes)
    })
}

/// Deletes a row, or columns and families of it.
pub(crate) fn delete<'a>(
    table: &'a [u8],
    delete: &'a Delete,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, ()> {
    let whole_row = delete.columns.is_empty();
    let method = match (whole_row, delete.timestamp.is_none()) {
        (true, true) => "deleteAllRow",
        (true, false) => "deleteAllRowTs",
        (false, true) => "mutateRow",
        (false, false) => "mutateRowTs",
    };
    Call::new(method, Effect::Write, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &delete.row)?;
        if whole_row {
            return timestamp_and_attributes(protocol, 3, delete.timestamp, &delete.attributes);
        }
        struct_list(protocol, 3, &delete.columns, |protocol, column| {
            mutation(protocol, column, None, delete.write_to_wal)
        })?;
        timestamp_and_attributes(protocol, 4, delete.timestamp, &delete.attributes)
    })
}

/// Puts and deletes on several rows; all puts run before all deletes.
pub(crate) fn batch<'a>(
    table: &'a [u8],
    batch: &'a Batch,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, ()> {
    let method = if batch.timestamp().is_none() { "mutateRows" } else { "mutateRowsTs" };
    let rows = batch.rows();
    let common = batch.attributes().cloned().unwrap_or_default();
    Call::new(method, Effect::WriteMany, move |protocol| {
        bytes(protocol, 1, table)?;
        struct_list(protocol, 2, &rows, |protocol, row| {
            bytes(protocol, 1, row.row)?;
            struct_list(protocol, 2, &row.mutations, |protocol, mutation_| {
                mutation(protocol, mutation_.column, mutation_.value, mutation_.write_to_wal)
            })
        })?;
        timestamp_and_attributes(protocol, 3, batch.timestamp(), &common)
    })
}

/// Adds to one counter and answers its new value.
pub(crate) fn increment<'a>(
    table: &'a [u8],
    increment: &'a Increment,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, i64> {
    Call::new("atomicIncrement", Effect::Once, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &increment.row)?;
        bytes(protocol, 3, &increment.column)?;
        number64(protocol, 4, increment.amount)
    })
}

/// Adds to several counters of a table, one after the other until one fails.
pub(crate) fn increment_rows<'a>(
    table: &'a [u8],
    increments: &'a [Increment],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, ()> {
    Call::new("incrementRows", Effect::OnceMany, move |protocol| {
        struct_list(protocol, 1, increments, |protocol, increment| {
            bytes(protocol, 1, table)?;
            bytes(protocol, 2, &increment.row)?;
            bytes(protocol, 3, &increment.column)?;
            number64(protocol, 4, increment.amount)
        })
    })
}

/// Appends to cells of a row and answers their new values in HBase's order of columns.
pub(crate) fn append<'a>(
    table: &'a [u8],
    append: &'a Append,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, Vec<Version>> {
    Call::new("append", Effect::Once, move |protocol| {
        inner(protocol, 1, |protocol| {
            bytes(protocol, 1, table)?;
            bytes(protocol, 2, &append.row)?;
            bytes_list(protocol, 3, &append.columns)?;
            bytes_list(protocol, 4, &append.values)
        })
    })
}

/// Puts a cell if another has a value; answers whether it did.
pub(crate) fn check_and_put<'a>(
    table: &'a [u8],
    check: &'a CheckAndPut,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, bool> {
    Call::new("checkAndPut", Effect::Once, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &check.row)?;
        bytes(protocol, 3, &check.column)?;
        if let Some(expected) = &check.expected {
            bytes(protocol, 5, expected)?;
        }
        inner(protocol, 6, |protocol| match &check.cell {
            Some((column, value)) => mutation(protocol, column, Some(value), true),
            None => Ok(()),
        })?;
        attributes(protocol, 7, &check.attributes)
    })
}

/// The last arguments of the calls that read rows.
fn selection(protocol: &mut dyn TOutputProtocol, selection: &Selection) -> Written {
    let mut next = 3;
    if !selection.columns.is_empty() {
        bytes_list(protocol, next, &selection.columns)?;
        next += 1;
    }
    timestamp_and_attributes(protocol, next, selection.before, &selection.attributes)
}

/// A `Mutation`: a put with a value, a delete without.
fn mutation(
    protocol: &mut dyn TOutputProtocol,
    column: &[u8],
    value: Option<&[u8]>,
    write_to_wal: bool,
) -> Written {
    boolean(protocol, 1, value.is_none())?;
    bytes(protocol, 2, column)?;
    if let Some(value) = value {
        bytes(protocol, 3, value)?;
    }
    boolean(protocol, 4, write_to_wal)
}

fn timestamp_and_attributes(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    timestamp: Option<i64>,
    set: &Attributes,
) -> Written {
    match timestamp {
        Some(timestamp) => {
            number64(protocol, id, timestamp)?;
            attributes(protocol, id + 1, set)
        }
        None => attributes(protocol, id, set),
    }
}
