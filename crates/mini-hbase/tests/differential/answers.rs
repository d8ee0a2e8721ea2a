//! Makes calls, and shows what a server says to them in a form that can be compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hbase_thrift_api::{
    BatchMutation, IOError, IllegalArgument, Mutation, TAppend, TCell, THbaseSyncClient,
    TIncrement, TRowResult, TScan, Text,
};

use super::calls::{Call, Change, Column, Opened, Scan};
use super::names::{self, FAMILIES, Names, QUALIFIERS, VALUES};

/// Makes a call, and says what came of it, of an exception its class; `pause` lets a few milliseconds
/// pass.
///
/// # Errors
/// If there is no answer.
pub(crate) fn answer(
    call: &Call,
    client: &mut impl THbaseSyncClient,
    table: &[u8],
    names: &Names,
    pause: &dyn Fn(),
) -> thrift::Result<String> {
    match try_call(call, client, table, names, pause) {
        Err(error @ thrift::Error::Transport(_)) => Err(error),
        said => Ok(said.unwrap_or_else(|error| show_error(&error))),
    }
}

/// Makes a call, and says what it returns.
///
/// # Errors
/// What it throws, or if there is no answer.
pub(crate) fn try_call(
    call: &Call,
    client: &mut impl THbaseSyncClient,
    table: &[u8],
    names: &Names,
    pause: &dyn Fn(),
) -> thrift::Result<String> {
    if call.is_stamped() {
        // Nothing else happens in its millisecond.
        pause();
    }
    let said = make(call, client, table.to_vec(), names);
    if call.is_stamped() {
        pause();
    }
    said
}

fn make(
    call: &Call,
    client: &mut impl THbaseSyncClient,
    table: Text,
    names: &Names,
) -> thrift::Result<String> {
    let none = BTreeMap::new;
    let done = || Ok("done".to_owned());
    let row = |row: &usize| names.row(*row);
    match call {
        Call::Mutate { row: number, changes, time, ttl } => {
            let attributes = ttl.iter().map(|ttl| (b"_ttl".to_vec(), ttl.to_be_bytes().to_vec()));
            let attributes = attributes.collect();
            let changes = changes.iter().map(mutation).collect();
            match time {
                Some(time) => {
                    let time = names.time(*time);
                    client.mutate_row_ts(table, row(number), changes, time, attributes)?;
                }
                None => client.mutate_row(table, row(number), changes, attributes)?,
            }
            done()
        }
        Call::MutateRows { rows, time } => {
            let batch = rows.iter().map(|(number, changes)| {
                let changes = changes.iter().map(mutation).collect();
                BatchMutation { row: Some(row(number)), mutations: Some(changes) }
            });
            client.mutate_rows_ts(table, batch.collect(), names.time(*time), none())?;
            done()
        }
        Call::DeleteAll { row: number, column, time } => {
            match time {
                Some(time) => {
                    let time = names.time(*time);
                    client.delete_all_ts(table, row(number), text(*column), time, none())?;
                }
                None => client.delete_all(table, row(number), text(*column), none())?,
            }
            done()
        }
        Call::DeleteRow { row: number, time } => {
            match time {
                Some(time) => {
                    client.delete_all_row_ts(table, row(number), names.time(*time), none())?;
                }
                None => client.delete_all_row(table, row(number), none())?,
            }
            done()
        }
        Call::Increment { row: number, column: (family, qualifier), by } => {
            let column = text((*family, Some(*qualifier)));
            Ok(client.atomic_increment(table, row(number), column, *by)?.to_string())
        }
        Call::IncrementRows { all } => {
            let increments = all.iter().map(|(number, (family, qualifier), by)| {
                let column = text((*family, Some(*qualifier)));
                TIncrement::new(table.clone(), row(number), column, *by)
            });
            client.increment_rows(increments.collect())?;
            done()
        }
        Call::Append { row: number, columns } => {
            let names_of: Vec<_> =
                columns.iter().map(|(family, name, _)| text((*family, Some(*name)))).collect();
            let values: Vec<_> = columns.iter().map(|(_, _, number)| value(*number)).collect();
            let append = TAppend::new(table, row(number), names_of, values);
            Ok(show_cells(&client.append(append)?, names))
        }
        Call::Check { row: number, column: (family, qualifier), value: expected, put } => {
            let column = text((*family, Some(*qualifier)));
            let (family, qualifier, new) = *put;
            let put = mutation(&Change::Put((family, Some(qualifier)), new));
            let expected = value(*expected);
            let made = client.check_and_put(table, row(number), column, expected, put, none())?;
            Ok(made.to_string())
        }
        Call::Get { row: number, column, before, versions } => {
            let (row, column) = (row(number), text(*column));
            let cells = match (versions, before) {
                (None, _) => client.get(table, row, column, none())?,
                (Some(versions), None) => client.get_ver(table, row, column, *versions, none())?,
                (Some(versions), Some(before)) => {
                    let before = names.time(*before);
                    client.get_ver_ts(table, row, column, before, *versions, none())?
                }
            };
            Ok(show_cells(&cells, names))
        }
        Call::GetRows { rows, columns, before } => {
            let rows = rows.iter().map(row).collect();
            let columns: Vec<_> = columns.iter().map(|column| text(*column)).collect();
            let found = match before {
                Some(before) => {
                    let before = names.time(*before);
                    client.get_rows_with_columns_ts(table, rows, columns, before, none())?
                }
                None => client.get_rows_with_columns(table, rows, columns, none())?,
            };
            Ok(show_rows(&found, names))
        }
        Call::Scan(scan) => scan_all(scan, client, table, names),
    }
}

fn scan_all(
    scan: &Scan,
    client: &mut impl THbaseSyncClient,
    table: Text,
    names: &Names,
) -> thrift::Result<String> {
    let scanner = open(scan, client, table, names)?;
    let mut said = String::new();
    loop {
        let rows = match client.scanner_get_list(scanner, scan.fetch) {
            Ok(rows) => rows,
            Err(error @ thrift::Error::Transport(_)) => return Err(error),
            Err(error) => {
                said += &show_error(&error);
                break;
            }
        };
        if rows.is_empty() {
            break;
        }
        said += &show_rows(&rows, names);
    }
    client.scanner_close(scanner)?;
    Ok(said)
}

fn open(
    scan: &Scan,
    client: &mut impl THbaseSyncClient,
    table: Text,
    names: &Names,
) -> thrift::Result<i32> {
    let columns = scan.columns.iter().map(|column| text(*column)).collect();
    let (low, high) =
        (names.row(scan.start), scan.stop.map_or_else(|| names.end(), |row| names.row(row)));
    let (before, none) = (scan.before.map(|before| names.time(before)), BTreeMap::new());
    match (&scan.opened, before) {
        (Opened::Prefix, _) => client.scanner_open_with_prefix(table, low, columns, none),
        (Opened::Simply, None) => client.scanner_open_with_stop(table, low, high, columns, none),
        (Opened::Simply, Some(before)) => {
            client.scanner_open_with_stop_ts(table, low, high, columns, before, none)
        }
        (Opened::Scan { reversed, sorted, batch, caching, filter }, before) => {
            let (start, stop) = if *reversed { (high, low) } else { (low, high) };
            let scan = TScan {
                start_row: Some(start),
                stop_row: Some(stop),
                timestamp: before,
                columns: Some(columns),
                caching: *caching,
                filter_string: filter.as_ref().map(|filter| names::bytes(&filter.text(names))),
                batch_size: *batch,
                sort_columns: Some(*sorted),
                reversed: Some(*reversed),
                cache_blocks: None,
            };
            client.scanner_open_with_scan(table, scan, none)
        }
    }
}

fn mutation(change: &Change) -> Mutation {
    let (is_delete, column, value) = match change {
        Change::Put(column, number) => (false, column, Some(value(*number))),
        Change::Delete(column) => (true, column, None),
    };
    Mutation {
        is_delete: Some(is_delete),
        column: Some(text(*column)),
        value,
        write_to_w_a_l: Some(true),
    }
}

fn value(number: usize) -> Text {
    names::bytes(VALUES[number])
}

fn text((family, qualifier): Column) -> Text {
    let family = FAMILIES.get(family).unwrap_or(&"none");
    names::bytes(&qualifier.map_or_else(
        || (*family).to_owned(),
        |qualifier| format!("{family}:{}", QUALIFIERS[qualifier]),
    ))
}

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn show_cells(cells: &[TCell], names: &Names) -> String {
    let cell = |cell: &TCell| {
        let time = names.show_time(cell.timestamp.unwrap_or_default());
        format!("{}@{time}", show(cell.value.as_deref().unwrap_or_default()))
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(" ")
}

fn show_rows(rows: &[TRowResult], names: &Names) -> String {
    let mut said = String::new();
    for row in rows {
        let key = row.row.as_deref().unwrap_or_default();
        let key = key.strip_prefix(names.prefix.as_bytes()).unwrap_or(key);
        let _ = write!(said, "\n  {:?}:", show(key));
        for (name, cell) in row.columns.iter().flatten() {
            let _ =
                write!(said, " {}={}", show(name), show_cells(std::slice::from_ref(cell), names));
        }
        for column in row.sorted_columns.iter().flatten() {
            let name = column.column_name.as_deref().unwrap_or_default();
            let cell = column.cell.as_slice();
            let _ = write!(said, " {}={}", show(name), show_cells(cell, names));
        }
    }
    said
}

/// The type and the class of an exception.
fn show_error(error: &thrift::Error) -> String {
    let thrift::Error::User(exception) = error else { return format!("{error:?}") };
    if let Some(error) = exception.downcast_ref::<IOError>() {
        let message = error.message.as_deref().unwrap_or_default();
        let class = message.split([':', '\n']).next().unwrap_or_default();
        return format!("IOError {class}, can retry {:?}", error.can_retry);
    }
    if exception.downcast_ref::<IllegalArgument>().is_some() {
        return "IllegalArgument".to_owned();
    }
    format!("{error:?}")
}
