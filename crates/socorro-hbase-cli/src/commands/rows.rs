//! `row`, `scan`: rows as they are stored.
//!
//! For looking beneath the endpoints, at cells that may hold anything. What they mean is left to
//! the reader.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hbase_thrift_client::{Cell, Get, Row};
use indicatif::BinaryBytes;
use serde_json::{Value, json};

use crate::{
    args::{Common, GetRow, Order, Scan},
    failure::{NotFound, WrongCommandLine},
    listing::Listing,
    stop,
    store::Opened,
};

const CELLS: &[(&str, usize)] = &[("column", 34), ("written", 24), ("value", 0)];
const ROWS: &[(&str, usize)] = &[("row", 72), ("cells", 0)];

/// Longer values are cut in text; JSON has all of them.
const SHOWN: usize = 120;

pub(super) fn row(arguments: &GetRow, common: &Common) -> Result<()> {
    let key = unescape(&arguments.key)?;
    let json = common.json;
    let store = Opened::open(common)?;
    let row = store.client().table(&arguments.table).get(&Get::new(key))?;
    let Some(row) = row else {
        let message = format!("table {} has no row {}", arguments.table, arguments.key);
        return Err(NotFound(message).into());
    };
    if json {
        let mut listing = Listing::new(ROWS, true);
        print_row(&mut listing, &row)?;
        return listing.finish();
    }
    let mut listing = Listing::new(CELLS, false);
    for cell in row.cells() {
        let column = json!(escape(&cell.column().to_vec()));
        listing.line([column, json!(time(cell.timestamp())), json!(summary(&cell))])?;
    }
    listing.finish()
}

pub(super) fn scan(arguments: &Scan, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let json = common.json;
    let store = Opened::open(common)?;
    let (table, prefix) = (arguments.table.as_str(), arguments.prefix.as_str());
    let columns = arguments.columns.iter().map(String::as_str);
    let rows: Box<dyn Iterator<Item = Result<Row>>> = match arguments.order {
        Order::Union => {
            Box::new(store.scan_union(table, prefix, columns)?.map(|row| row.map_err(Into::into)))
        }
        Order::Merge => {
            Box::new(store.scan_merge(table, prefix, columns)?.map(|row| row.map_err(Into::into)))
        }
        Order::Key => {
            let scan = hbase_thrift_client::Scan::new().prefix(unescape(prefix)?).columns(columns);
            Box::new(store.client().table(table).scan(scan)?.map(|row| row.map_err(Into::into)))
        }
    };
    let mut listing = Listing::new(ROWS, json);
    for row in rows.take(arguments.limit.unwrap_or(usize::MAX)) {
        print_row(&mut listing, &row?)?;
    }
    listing.finish()
}

fn print_row(listing: &mut Listing, row: &Row) -> Result<()> {
    let key = json!(escape(row.key()));
    if listing.is_json() {
        let cells: serde_json::Map<_, _> =
            row.cells().map(|cell| (escape(&cell.column().to_vec()), value(&cell))).collect();
        return listing.line([key, cells.into()]);
    }
    let cells: Vec<_> = row
        .cells()
        .map(|cell| format!("{}={}", escape(&cell.column().to_vec()), summary(&cell)))
        .collect();
    listing.line([key, json!(cells.join(" "))])
}

/// A cell for a program: text as text, a counter as a number, other bytes as base64.
fn value(cell: &Cell) -> Value {
    let timestamp = cell.timestamp();
    if let Some(number) = counter(cell) {
        return json!({"number": number, "timestamp": timestamp});
    }
    match str::from_utf8(cell.value()) {
        Ok(text) => json!({"text": text, "timestamp": timestamp}),
        Err(_) => json!({"base64": BASE64.encode(cell.value()), "timestamp": timestamp}),
    }
}

/// A cell for a person.
fn summary(cell: &Cell) -> String {
    if let Some(number) = counter(cell) {
        return number.to_string();
    }
    let bytes = cell.value();
    if bytes.len() <= SHOWN {
        return escape(bytes);
    }
    // Its size goes first: a terminal cuts the end.
    format!("({}) {}…", BinaryBytes(bytes.len() as u64), escape(&bytes[..SHOWN]))
}

/// A cell's time, which may be any number.
pub(super) fn time(milliseconds: i64) -> String {
    const LAST: u64 = 253_402_300_799_999;
    match u64::try_from(milliseconds) {
        Ok(since @ ..=LAST) => {
            let time = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
            humantime::format_rfc3339_millis(time).to_string()
        }
        _ => milliseconds.to_string(),
    }
}

fn counter(cell: &Cell) -> Option<i64> {
    let bytes = cell.value().try_into().ok()?;
    (cell.family() == b"counters").then(|| i64::from_be_bytes(bytes))
}

/// Text as it is; bytes that are no text as \xNN.
fn escape(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}

fn unescape(text: &str) -> Result<Vec<u8>, WrongCommandLine> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let Some(byte) = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok())
        else {
            return Err(WrongCommandLine(format!(
                "a byte of a key is written as \\x and two hexadecimal digits, unlike \\x{part}"
            )));
        };
        bytes.push(byte);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_for_people_where_it_is_one() {
        assert_eq!(time(1_336_510_250_123), "2012-05-08T20:50:50.123Z");
        assert_eq!(time(253_402_300_800_000), "253402300800000");
        assert_eq!((time(-1), time(i64::MAX)), ("-1".into(), "9223372036854775807".into()));
    }

    #[test]
    fn a_key_may_have_any_byte() {
        assert_eq!(unescape("a\\x00\\xFFb").unwrap(), b"a\x00\xffb");
        assert!(unescape("a\\xg0").is_err());
        assert_eq!(escape(b"a\xff"), "a\\xff");
    }
}
