//! Seeds: tables, families and rows as lines of JSON, with which a server begins.
//!
//! ```text
//! {"table": "crashes", "families": ["raw", {"name": "meta", "max_versions": 1, "time_to_live": 60}]}
//! {"table": "crashes", "row": "a1", "cells": {"raw:json": "{}", "meta:n": {"counter": 5}}}
//! {"table": "crashes", "row": {"hex": "00ff"}, "cells": {"meta:x": {"value": "v", "timestamp": 7}}}
//! {"table": "crashes", "row": "b", "cells": [{"column": {"hex": "7261773aff"}, "value": {"hex": "00"}}]}
//! ```
//!
//! A text stands for its UTF-8; `hex` for any bytes, `counter` for the eight bytes that an increment
//! reads. The rows of a table follow its own line.

use std::collections::{BTreeMap, BTreeSet};

use hbase_thrift_api::{
    AlreadyExists, BatchMutation, ColumnDescriptor, HbaseSyncHandler, IOError, IllegalArgument,
    Mutation,
};
use serde::Deserialize;

use crate::budget::Share;

/// As many rows are put in one call at most.
const BATCH: usize = 500;
/// And no more when they have taken this much memory.
const BATCH_BYTES: usize = 256 << 10;
/// What a value of JSON takes at most while its line is read, beside its bytes.
const VALUE: usize = 256;

/// The line that failed, counted from 1 on, and why.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct Failed {
    line: usize,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    table: String,
    families: Option<Vec<NamedFamily>>,
    row: Option<Data>,
    cells: Option<Cells>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NamedFamily {
    Name(String),
    Options(NewFamily),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFamily {
    name: String,
    max_versions: Option<i32>,
    /// In seconds.
    time_to_live: Option<i32>,
    compression: Option<String>,
    bloom_filter: Option<String>,
    in_memory: Option<bool>,
    block_cache: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    Text(String),
    Bytes(Bytes),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Bytes {
    Hex(String),
    Counter(i64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Cells {
    ByName(BTreeMap<String, Value>),
    List(Vec<Cell>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Plain(Data),
    Stamped(Stamped),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stamped {
    value: Data,
    timestamp: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cell {
    column: Data,
    value: Data,
    timestamp: Option<i64>,
}

impl Data {
    fn bytes(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Bytes(Bytes::Counter(number)) => Ok(number.to_be_bytes().to_vec()),
            Self::Bytes(Bytes::Hex(digits)) => from_hex(&digits)
                .ok_or_else(|| format!("'{digits}' is no even number of hexadecimal digits")),
        }
    }
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let [high, low] = pair else { return None };
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            u8::try_from(digit(high)? << 4 | digit(low)?).ok()
        })
        .collect()
}

/// Puts in what the lines say, but nothing of the tables that are to be left as they are.
///
/// # Errors
/// When a line can't be read, what it says is refused, or there is no memory for it; what stood before
/// it is there.
pub(crate) fn plant(
    handler: &impl HbaseSyncHandler,
    share: Share,
    lines: &str,
    left_out: &BTreeSet<String>,
) -> Result<(), Failed> {
    let mut planter = Planter { handler, share, left_out, batch: Batch::default() };
    for (number, line) in (1..).zip(lines.lines()) {
        let result = if line.trim().is_empty() { Ok(()) } else { planter.line(line) };
        result.map_err(|reason| Failed { line: number, reason })?;
    }
    planter.put().map_err(|reason| Failed { line: lines.lines().count(), reason })
}

/// Whether [`plant`] would put something in; what it would refuse counts too.
pub(crate) fn is_needed(lines: &str, left_out: &BTreeSet<String>) -> bool {
    #[derive(Deserialize)]
    struct Named {
        table: String,
    }
    lines.lines().filter(|line| !line.trim().is_empty()).any(|line| {
        let named = serde_json::from_str::<Named>(line);
        named.map_or(true, |Named { table }| !left_out.contains(plain(&table)))
    })
}

/// A table's name without `default:`.
fn plain(table: &str) -> &str {
    table.strip_prefix("default:").unwrap_or(table)
}

struct Planter<'a, H> {
    handler: &'a H,
    /// For the rows that wait to be put, and the line that is read.
    share: Share,
    left_out: &'a BTreeSet<String>,
    batch: Batch,
}

/// Rows of one table that are put together.
#[derive(Default)]
struct Batch {
    table: String,
    rows: usize,
    by_time: BTreeMap<Option<i64>, Vec<BatchMutation>>,
}

impl<H: HbaseSyncHandler> Planter<'_, H> {
    fn line(&mut self, line: &str) -> Result<(), String> {
        self.share.take(memory(line)).map_err(|exhausted| exhausted.to_string())?;
        let Line { table, families, row, cells } =
            serde_json::from_str(line).map_err(|error| error.to_string())?;
        if self.left_out.contains(plain(&table)) {
            return Ok(());
        }
        match (families, row, cells) {
            (Some(families), None, None) => self.table(table, families),
            (None, Some(row), Some(cells)) => self.row(table, row, cells),
            _ => Err("a line has a table and its families, or a table, a row and cells".to_owned()),
        }
    }

    /// A table may have been there, or be said twice: its rows are put all the same.
    fn table(&mut self, table: String, families: Vec<NamedFamily>) -> Result<(), String> {
        self.put()?;
        let families = families.into_iter().map(descriptor).collect();
        match self.handler.handle_create_table(table.into_bytes(), families) {
            Err(thrift::Error::User(error)) if error.is::<AlreadyExists>() => Ok(()),
            created => created.map_err(reason),
        }
    }

    fn row(&mut self, table: String, row: Data, cells: Cells) -> Result<(), String> {
        let row = row.bytes()?;
        let mut by_time: BTreeMap<Option<i64>, Vec<Mutation>> = BTreeMap::new();
        for (column, value, time) in listed(cells) {
            let mutation = Mutation::new(false, column.bytes()?, value.bytes()?, true);
            by_time.entry(time).or_default().push(mutation);
        }
        if self.batch.table != table {
            self.put()?;
            // A batch of rows doesn't say that their table is missing.
            let found = self.handler.handle_get_column_descriptors(table.clone().into_bytes());
            found.map_err(reason)?;
            self.batch.table = table;
        }
        for (time, mutations) in by_time {
            let rows = self.batch.by_time.entry(time).or_default();
            rows.push(BatchMutation::new(row.clone(), mutations));
        }
        self.batch.rows += 1;
        if self.batch.rows >= BATCH || self.share.taken() >= BATCH_BYTES {
            self.put()?;
        }
        Ok(())
    }

    fn put(&mut self) -> Result<(), String> {
        let Batch { table, by_time, .. } = std::mem::take(&mut self.batch);
        for (time, rows) in by_time {
            let (table, none) = (table.clone().into_bytes(), BTreeMap::new());
            match time {
                Some(time) => self.handler.handle_mutate_rows_ts(table, rows, time, none),
                None => self.handler.handle_mutate_rows(table, rows, none),
            }
            .map_err(reason)?;
        }
        self.share.give_back();
        Ok(())
    }
}

/// How much memory a line takes at most while it is read, and what was read until it is put.
fn memory(line: &str) -> usize {
    let values = line.bytes().filter(|byte| b",:[{".contains(byte)).count();
    2 * line.len() + VALUE * values
}

fn listed(cells: Cells) -> Vec<(Data, Data, Option<i64>)> {
    match cells {
        Cells::List(cells) => {
            cells.into_iter().map(|cell| (cell.column, cell.value, cell.timestamp)).collect()
        }
        Cells::ByName(cells) => cells
            .into_iter()
            .map(|(column, value)| match value {
                Value::Plain(value) => (Data::Text(column), value, None),
                Value::Stamped(Stamped { value, timestamp }) => {
                    (Data::Text(column), value, timestamp)
                }
            })
            .collect(),
    }
}

fn descriptor(family: NamedFamily) -> ColumnDescriptor {
    let family = match family {
        NamedFamily::Name(name) => NewFamily {
            name,
            max_versions: None,
            time_to_live: None,
            compression: None,
            bloom_filter: None,
            in_memory: None,
            block_cache: None,
        },
        NamedFamily::Options(family) => family,
    };
    ColumnDescriptor {
        name: Some(family.name.into_bytes()),
        max_versions: family.max_versions,
        compression: family.compression,
        in_memory: family.in_memory,
        bloom_filter_type: family.bloom_filter,
        bloom_filter_vector_size: None,
        bloom_filter_nb_hashes: None,
        block_cache_enabled: family.block_cache,
        time_to_live: family.time_to_live,
    }
}

/// The first line of what a call fails with.
fn reason(error: thrift::Error) -> String {
    let text = match &error {
        thrift::Error::User(user) => {
            let io = user.downcast_ref::<IOError>().and_then(|error| error.message.clone());
            let illegal = || user.downcast_ref::<IllegalArgument>()?.message.clone();
            io.or_else(illegal).unwrap_or_else(|| error.to_string())
        }
        other => other.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_text_digits_or_a_counter() {
        let data = |json: &str| serde_json::from_str::<Data>(json).unwrap().bytes();
        assert_eq!(data(r#""é""#).unwrap(), "é".as_bytes());
        assert_eq!(data(r#"{"hex": "00fF"}"#).unwrap(), [0, 255]);
        assert_eq!(data(r#"{"counter": 258}"#).unwrap(), [0, 0, 0, 0, 0, 0, 1, 2]);
        for bad in ["0", "0g", "+1", "é"] {
            data(&format!(r#"{{"hex": "{bad}"}}"#)).unwrap_err();
        }
    }
}
