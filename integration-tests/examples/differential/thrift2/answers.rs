//! Makes calls of Thrift 2, and shows what a server says to them in a form that can be compared.

use std::fmt::Write as _;

use hbase_thrift_api::thrift2::{
    TIOError, TIllegalArgument, TResult, TScan, TTHBaseServiceSyncClient as _,
};
use integration_tests::RawThrift2;

use super::calls::{Call, Condition};
use crate::differential::names::Names;

/// Makes a call, and says what came of it.
///
/// # Errors
/// If there is no answer.
pub(crate) fn answer(
    call: &Call,
    client: &mut RawThrift2,
    table: &[u8],
    names: &Names,
) -> thrift::Result<String> {
    match make(call.clone(), client, table.to_vec(), names) {
        Err(error @ thrift::Error::Transport(_)) => Err(error),
        said => Ok(said.unwrap_or_else(|error| show_error(&error, names))),
    }
}

fn make(
    call: Call,
    client: &mut RawThrift2,
    table: Vec<u8>,
    names: &Names,
) -> thrift::Result<String> {
    let done = |()| "done".to_owned();
    Ok(match call {
        Call::Exists(get) => client.exists(table, get)?.to_string(),
        Call::ExistsAll(gets) => format!("{:?}", client.exists_all(table, gets)?),
        Call::Get(get) => show(&[client.get(table, get)?], names),
        Call::GetMultiple(gets) => show(&client.get_multiple(table, gets)?, names),
        Call::Put(put) => client.put(table, put).map(done)?,
        Call::PutMultiple(puts) => client.put_multiple(table, puts).map(done)?,
        Call::Delete(delete) => client.delete_single(table, delete).map(done)?,
        Call::DeleteMultiple(deletes) => {
            format!("{:?}", client.delete_multiple(table, deletes)?)
        }
        Call::Mutate(mutations) => client.mutate_row(table, mutations).map(done)?,
        Call::CheckAndPut(Condition { row, family, qualifier, value }, put) => {
            client.check_and_put(table, row, family, qualifier, value, put)?.to_string()
        }
        Call::CheckAndDelete(Condition { row, family, qualifier, value }, delete) => {
            client.check_and_delete(table, row, family, qualifier, value, delete)?.to_string()
        }
        Call::CheckAndMutate(Condition { row, family, qualifier, value }, op, mutations) => client
            .check_and_mutate(table, row, family, qualifier, op, value, mutations)?
            .to_string(),
        Call::Increment(increment) => show(&[client.increment(table, increment)?], names),
        Call::Append(append) => show(&[client.append(table, append)?], names),
        Call::Page(scan, count) if scan.batch_size.is_some() => {
            show(&without_partial(client.get_scanner_results(table, scan, count)?), names)
        }
        Call::Page(scan, count) => show(&client.get_scanner_results(table, scan, count)?, names),
        Call::Scan(scan, count) => scan_all(scan, count, client, table, names)?,
    })
}

fn scan_all(
    scan: TScan,
    count: i32,
    client: &mut RawThrift2,
    table: Vec<u8>,
    names: &Names,
) -> thrift::Result<String> {
    let is_split = scan.batch_size.is_some();
    let scanner = client.open_scanner(table, scan)?;
    let mut said = String::new();
    loop {
        let rows = match client.get_scanner_rows(scanner, count) {
            Ok(rows) => rows,
            Err(error @ thrift::Error::Transport(_)) => return Err(error),
            Err(error) => {
                said += &show_error(&error, names);
                break;
            }
        };
        if rows.is_empty() {
            break;
        }
        let rows = if is_split { without_partial(rows) } else { rows };
        said += &show(&rows, names);
    }
    client.close_scanner(scanner)?;
    Ok(said)
}

/// HBase says that more of a row may come also where deletes or old versions lie behind it.
fn without_partial(mut results: Vec<TResult>) -> Vec<TResult> {
    for result in &mut results {
        result.partial = None;
    }
    results
}

fn show(results: &[TResult], names: &Names) -> String {
    let mut said = String::new();
    for TResult { row, column_values, stale, partial } in results {
        let key = row.as_deref().map(|row| {
            row.strip_prefix(names.prefix.as_bytes()).unwrap_or(row).escape_ascii().to_string()
        });
        let _ = write!(said, "\n  {key:?} {stale:?} {partial:?}:");
        for cell in column_values {
            let (family, qualifier) = (cell.family.escape_ascii(), cell.qualifier.escape_ascii());
            let time = names.show_time(cell.timestamp.unwrap_or_default());
            let (value, kind) = (cell.value.escape_ascii(), cell.type_);
            let _ = write!(said, " {family}:{qualifier}={value}@{time}/{kind:?}");
        }
    }
    said
}

/// Of a text, what both servers know: neither the region nor the stack.
fn show_error(error: &thrift::Error, names: &Names) -> String {
    let thrift::Error::User(exception) = error else { return format!("{error:?}") };
    if let Some(error) = exception.downcast_ref::<TIOError>() {
        let message = error.message.as_deref().unwrap_or_default();
        let mut text = message.lines().next().unwrap_or_default();
        for end in [" in region ", " in the table ", ": 1 time", ": 2 times", ": 3 times"] {
            text = text.split_once(end).map_or(text, |(text, _)| text);
        }
        let text = text.replace(&names.prefix, "");
        return format!("TIOError {:?}, can retry {:?}", text.trim_end(), error.can_retry);
    }
    if let Some(error) = exception.downcast_ref::<TIllegalArgument>() {
        return format!("TIllegalArgument {:?}", error.message);
    }
    format!("{error:?}")
}
