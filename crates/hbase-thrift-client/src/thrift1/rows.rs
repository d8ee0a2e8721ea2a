//! Calls on rows: reads, writes, counters.

use thrift::protocol::TOutputProtocol;

use super::call::{Call, Effect};
use super::encode::{boolean, bytes, bytes_list, no_attributes, number64, struct_list};
use crate::request::{Delete, Get, Increment, Put};
use crate::row::RowBatch;

type Written = thrift::Result<()>;

/// Reads a row with the four methods that differ in their arguments only.
pub(crate) fn get_row<'a>(
    table: &'a [u8],
    get: &'a Get,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, RowBatch> {
    let method = match (get.columns.is_empty(), get.before.is_none()) {
        (true, true) => "getRow",
        (true, false) => "getRowTs",
        (false, true) => "getRowWithColumns",
        (false, false) => "getRowWithColumnsTs",
    };
    Call::new(method, Effect::Read, move |protocol| {
        bytes(protocol, 1, table)?;
        bytes(protocol, 2, &get.row)?;
        let mut next = 3;
        if !get.columns.is_empty() {
            bytes_list(protocol, next, &get.columns)?;
            next += 1;
        }
        if let Some(before) = get.before {
            number64(protocol, next, before)?;
            next += 1;
        }
        no_attributes(protocol, next)
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
            mutation(protocol, column, Some(value))
        })?;
        timestamp_and_attributes(protocol, 4, put.timestamp)
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
            return timestamp_and_attributes(protocol, 3, delete.timestamp);
        }
        struct_list(protocol, 3, &delete.columns, |protocol, column| {
            mutation(protocol, column, None)
        })?;
        timestamp_and_attributes(protocol, 4, delete.timestamp)
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

/// A `Mutation`: a put with a value, a delete without.
fn mutation(protocol: &mut dyn TOutputProtocol, column: &[u8], value: Option<&[u8]>) -> Written {
    boolean(protocol, 1, value.is_none())?;
    bytes(protocol, 2, column)?;
    if let Some(value) = value {
        bytes(protocol, 3, value)?;
    }
    boolean(protocol, 4, true)
}

fn timestamp_and_attributes(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    timestamp: Option<i64>,
) -> Written {
    match timestamp {
        Some(timestamp) => {
            number64(protocol, id, timestamp)?;
            no_attributes(protocol, id + 1)
        }
        None => no_attributes(protocol, id),
    }
}
