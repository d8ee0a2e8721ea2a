//! The calls of Thrift 2, answered from the table.

use std::collections::VecDeque;

use super::message::{ReceivedCall, Value};
use super::server::{Answer, Server, scanner};
use super::table::{Bytes, Columns};

/// All versions of a column, and all of a family or row.
const COLUMNS: i64 = 1;

// All answers are of one type, whether or not they can be a refusal.
#[allow(clippy::unnecessary_wraps)]
impl Server<'_> {
    pub(super) fn call_thrift2(&mut self, call: &ReceivedCall) -> Answer {
        let arguments = &call.arguments;
        let inner = || arguments.field(2).expect("a second argument");
        match call.method.as_str() {
            "getThriftServerType" => Ok(Some(Value::I32(2))),
            "get" => {
                let key = inner().blob(1);
                let columns = self.state.gateways.table.row(key);
                Ok(Some(row(key, &columns.iter().collect::<Vec<_>>(), false)))
            }
            "put" => self.each(std::slice::from_ref(inner()), Self::put),
            "putMultiple" => self.each(arguments.list(2), Self::put),
            "deleteSingle" => self.each(std::slice::from_ref(inner()), Self::delete),
            "deleteMultiple" => {
                self.each(arguments.list(2), Self::delete)?;
                // Whatever became of them.
                Ok(Some(Value::List(Vec::new())))
            }
            "increment" => self.increment(inner()),
            "openScanner" => {
                let parts = self.scanned(inner());
                self.open_over(parts)
            }
            "getScannerRows" => self.fetch(arguments),
            "getScannerResults" => {
                let parts = self.scanned(inner());
                self.page(parts, arguments.number(3).expect("a number"))
            }
            "closeScanner" => {
                let key = (self.process, scanner(arguments));
                self.scanners().remove(&key);
                Ok(None)
            }
            other => panic!("no Thrift 2 gateway of the simulation has {other}"),
        }
    }

    /// Carries out some of these, or all. One alone is not carried out in part.
    fn each(&mut self, all: &[Value], carry_out: fn(&mut Self, &Value)) -> Answer {
        let steps = if all.len() > 1 { self.steps(all.len()) } else { all.len() };
        all[..steps].iter().for_each(|one| carry_out(self, one));
        if steps < all.len() { Err(self.disabled()) } else { Ok(None) }
    }

    fn put(&mut self, put: &Value) {
        let key = put.blob(1);
        self.carry_out(put.attribute(5, b"change"), key);
        let (at, now) = (self.state.now, self.state.millis());
        for cell in put.list(2) {
            let time = cell.number(4).or(put.number(3)).unwrap_or(now);
            self.state.gateways.table.put(at, key, &column(cell), time, cell.blob(3));
        }
    }

    /// Of columns their own times count.
    fn delete(&mut self, delete: &Value) {
        let key = delete.blob(1);
        self.carry_out(delete.attribute(6, b"change"), key);
        let (at, now) = (self.state.now, self.state.millis());
        let table = &mut self.state.gateways.table;
        let columns = delete.list(2);
        if columns.is_empty() {
            table.delete(at, key, None, delete.number(3).unwrap_or(now));
        }
        for one in columns {
            assert_eq!(delete.number(4), Some(COLUMNS), "nothing else is deleted here");
            table.delete(at, key, Some(&column(one)), one.number(3).unwrap_or(now));
        }
    }

    fn increment(&mut self, increment: &Value) -> Answer {
        let key = increment.blob(1);
        let mut sums = Columns::new();
        for one in increment.list(2) {
            let name = column(one);
            let sum = self.add(key, &name, one.number(3).expect("an amount"));
            sums.insert(name, (self.state.millis(), sum.to_be_bytes().to_vec()));
        }
        Ok(Some(row(key, &sums.iter().collect::<Vec<_>>(), false)))
    }

    /// The rows of a scan, or parts of rows.
    fn scanned(&self, scan: &Value) -> VecDeque<Value> {
        let (start, stop, reversed) = (scan.blob(1), scan.blob(2), scan.flag(11));
        let table = &self.state.gateways.table;
        let rows = if !start.is_empty() && start == stop {
            // It is taken for a scan of that row.
            table.range(start, &[start, &[0]].concat(), false)
        } else {
            table.range(start, stop, reversed)
        };
        let most = scan.number(8).map_or(usize::MAX, |cells| usize::try_from(cells).expect("few"));
        let left_out = left_out(scan.blob(7));
        let rows = rows.iter().filter(|(key, _)| Some(key) != left_out.as_ref());
        rows.flat_map(|(key, columns)| parts(key, columns, most)).collect()
    }
}

/// The row at which a page begins backwards and which is not wanted again, from the filter that says so.
fn left_out(filter: &[u8]) -> Option<Bytes> {
    let text = String::from_utf8_lossy(filter);
    if text.is_empty() {
        return None;
    }
    let row = text.strip_prefix("RowFilter(<, 'binary:").and_then(|rest| rest.strip_suffix("')"));
    Some(row.unwrap_or_else(|| panic!("no scan here has the filter {text}")).as_bytes().to_vec())
}

/// Family and qualifier, from a column or a cell.
fn column(value: &Value) -> Bytes {
    [value.blob(1), b":", value.blob(2)].concat()
}

/// A row, or a part of one; of no cells, that there is none.
fn row(key: &[u8], cells: &[(&Bytes, &(i64, Bytes))], is_partial: bool) -> Value {
    const PUT: i8 = 4;
    let key = (!cells.is_empty()).then(|| (1, Value::bytes(key)));
    let cell = |(name, (time, value)): &(&Bytes, &(i64, Bytes))| {
        let colon = name.iter().position(|byte| *byte == b':').expect("a column");
        Value::structure([
            (1, Value::bytes(&name[..colon])),
            (2, Value::bytes(&name[colon + 1..])),
            (3, Value::bytes(value)),
            (4, Value::I64(*time)),
            (6, Value::I8(PUT)),
        ])
    };
    let cells = Value::List(cells.iter().map(cell).collect());
    let flags = [(3, Value::Bool(false)), (4, Value::Bool(is_partial))];
    Value::structure(key.into_iter().chain([(2, cells)]).chain(flags))
}

fn parts(key: &[u8], columns: &Columns, most: usize) -> VecDeque<Value> {
    let cells: Vec<(&Bytes, &(i64, Bytes))> = columns.iter().collect();
    cells.chunks(most.max(1)).map(|part| row(key, part, part.len() == most)).collect()
}
