//! Answers calls from the table, with HBase's exceptions.

use super::message::{Call, Reply, Value};
use super::state::{Faults, Scanner, State};
use super::table::{Bytes, Columns};

/// Why the server does not return a result.
struct Refusal(i16, Value);

type Answer = Result<Option<Value>, Refusal>;

/// Rows whose reply is larger than what the client takes.
pub(super) const HUGE: usize = 40_000;

/// Carries out the call and returns the reply's message. `is_left` says that nobody waits for it.
pub(super) fn answer(
    state: &mut State,
    gateway: usize,
    process: usize,
    call: &Call,
    is_left: bool,
) -> Reply {
    let answer = Server { state, gateway, process, is_left }.call(call);
    call.reply(match answer {
        Ok(None) => None,
        Ok(Some(value)) => Some((0, value)),
        Err(Refusal(field, exception)) => Some((field, exception)),
    })
}

struct Server<'a> {
    state: &'a mut State,
    gateway: usize,
    process: usize,
    is_left: bool,
}

fn io_error(message: &str) -> Refusal {
    let message = (1, Value::bytes(message.as_bytes()));
    Refusal(1, Value::structure([message, (2, Value::Bool(true))]))
}

const BUSY: &str = "org.apache.hadoop.hbase.RegionTooBusyException: over the limit";
const BUSY_AFTER_RETRIES: &str = "org.apache.hadoop.hbase.client.RetriesExhaustedException: \
     failed\nCaused by: org.apache.hadoop.hbase.RegionTooBusyException: over the limit";
const FAILED: &str = "java.io.IOException: something";
const DISABLED: &str = "org.apache.hadoop.hbase.TableNotEnabledException: t";
const TOO_LARGE: &str = "org.apache.hadoop.hbase.DoNotRetryIOException: \
     the answer would have more than 1000 bytes";

// All answers are of one type, whether or not they can be a refusal.
#[allow(clippy::unnecessary_wraps)]
impl Server<'_> {
    fn happens(&mut self, percent: fn(&Faults) -> f64) -> bool {
        self.state.is_wrong(percent)
    }

    fn call(&mut self, call: &Call) -> Answer {
        let arguments = &call.arguments;
        // A gateway that tried several times does not know whether one of them came through.
        let mut afterwards = None;
        if call.method != "getThriftServerType" && self.happens(|faults| faults.refuses) {
            match self.state.luck.u8(0..4) {
                0 => return Err(io_error(BUSY)),
                1 => afterwards = Some(BUSY_AFTER_RETRIES),
                2 => return Err(io_error(BUSY_AFTER_RETRIES)),
                _ => afterwards = Some(FAILED),
            }
        }
        let answer = match call.method.as_str() {
            "getThriftServerType" => Ok(Some(Value::I32(1))),
            "getRow" => self.get(arguments.blob(2)),
            "mutateRow" => self.mutate_row(arguments, None, 4),
            "mutateRowTs" => self.mutate_row(arguments, arguments.number(4), 5),
            "mutateRows" => self.mutate_rows(arguments, None, 3),
            "mutateRowsTs" => self.mutate_rows(arguments, arguments.number(3), 4),
            "deleteAllRow" => self.delete_row(arguments, None, 3),
            "deleteAllRowTs" => self.delete_row(arguments, arguments.number(3), 4),
            "atomicIncrement" => {
                let by = arguments.number(4).expect("a number");
                let sum = self.add(arguments.blob(2), arguments.blob(3), by);
                Ok(Some(Value::I64(sum)))
            }
            "incrementRows" => self.increment_rows(arguments),
            "scannerOpenWithScan" => self.open(arguments.field(2).expect("a scan")),
            "scannerGetList" => self.fetch(arguments),
            "scannerClose" => {
                let key = (self.process, scanner(arguments));
                self.scanners().remove(&key).map(|_| None).ok_or_else(unknown_scanner)
            }
            other => panic!("no gateway of the simulation has {other}"),
        };
        match afterwards {
            Some(message) => Err(io_error(message)),
            None => answer,
        }
    }

    /// Takes note of a step. The first eight bytes of a caller's number make a change known.
    fn carry_out(&mut self, change: Option<&[u8]>, step: usize, row: &[u8]) {
        if self.is_left {
            self.state.gateways.late_rows.insert(row.to_vec());
        }
        if let Some(change) = change {
            let number = usize::from_be_bytes(change.try_into().expect("a number"));
            self.carry_out_number(number, step);
        }
    }

    fn carry_out_number(&mut self, number: usize, step: usize) {
        let now = self.state.now;
        if let Err(wrong) = self.state.gateways.ledger.carried_out(number, step, now) {
            self.state.violation(wrong);
        }
    }

    fn get(&mut self, key: &[u8]) -> Answer {
        let columns = self.state.gateways.table.row(key);
        let rows = if columns.is_empty() { Vec::new() } else { vec![row(key, &columns)] };
        Ok(Some(Value::List(rows)))
    }

    fn mutate_row(&mut self, arguments: &Value, time: Option<i64>, attributes: i16) -> Answer {
        let key = arguments.blob(2);
        self.carry_out(arguments.attribute(attributes, b"change"), 0, key);
        self.mutate(key, arguments.list(3), time);
        Ok(None)
    }

    fn mutate_rows(&mut self, arguments: &Value, time: Option<i64>, attributes: i16) -> Answer {
        let rows = arguments.list(2);
        let steps = self.steps(rows.len());
        for (step, row) in rows.iter().enumerate().take(steps) {
            self.carry_out(arguments.attribute(attributes, b"change"), step, row.blob(1));
            self.mutate(row.blob(1), row.list(2), time);
        }
        if steps < rows.len() { Err(io_error(DISABLED)) } else { Ok(None) }
    }

    fn delete_row(&mut self, arguments: &Value, time: Option<i64>, attributes: i16) -> Answer {
        let key = arguments.blob(2);
        self.carry_out(arguments.attribute(attributes, b"change"), 0, key);
        let (at, time) = (self.state.now, time.unwrap_or(self.state.millis()));
        self.state.gateways.table.delete(at, key, None, time);
        Ok(None)
    }

    /// At the caller's time, or else at the server's.
    fn mutate(&mut self, key: &[u8], mutations: &[Value], time: Option<i64>) {
        let (at, time) = (self.state.now, time.unwrap_or(self.state.millis()));
        let table = &mut self.state.gateways.table;
        for mutation in mutations {
            let column = mutation.blob(2);
            if mutation.flag(1) {
                table.delete(at, key, Some(column), time);
            } else {
                table.put(at, key, column, time, mutation.blob(3));
            }
        }
    }

    /// How many of so many steps are carried out before the table is disabled.
    fn steps(&mut self, all: usize) -> usize {
        if self.happens(|faults| faults.stops_midway) { self.state.luck.usize(0..all) } else { all }
    }

    fn add(&mut self, key: &[u8], column: &[u8], by: i64) -> i64 {
        let number = usize::try_from(by).expect("a number");
        self.carry_out_number(number / STEPS, number % STEPS);
        let (at, time) = (self.state.now, self.state.millis());
        self.state.gateways.table.add(at, key, column, time, by)
    }

    fn increment_rows(&mut self, arguments: &Value) -> Answer {
        let increments = arguments.list(1);
        let steps = self.steps(increments.len());
        for one in &increments[..steps] {
            self.add(one.blob(2), one.blob(3), one.number(4).expect("a number"));
        }
        if steps < increments.len() { Err(io_error(DISABLED)) } else { Ok(None) }
    }

    fn scanners(&mut self) -> &mut std::collections::BTreeMap<(usize, i32), Scanner> {
        &mut self.state.gateways.each[self.gateway].scanners
    }

    fn open(&mut self, scan: &Value) -> Answer {
        let rows = self.state.gateways.table.range(scan.blob(1), scan.blob(2), scan.flag(9));
        let most = scan.number(7).map_or(usize::MAX, |cells| usize::try_from(cells).expect("few"));
        let parts = rows.iter().flat_map(|(key, columns)| parts(key, columns, most)).collect();
        let gateway = &mut self.state.gateways.each[self.gateway];
        let number = gateway.next_scanner[self.process];
        gateway.next_scanner[self.process] += 1;
        gateway.scanners.insert((self.process, number), Scanner { parts });
        Ok(Some(Value::I32(number)))
    }

    fn fetch(&mut self, arguments: &Value) -> Answer {
        let number = (self.process, scanner(arguments));
        if self.happens(|faults| faults.loses_scanner) {
            self.scanners().remove(&number);
        }
        let asked = usize::try_from(arguments.number(2).expect("a number")).expect("a count");
        let Some(left) = self.scanners().get(&number).map(|found| found.parts.len()) else {
            return Err(unknown_scanner());
        };
        let mut count = asked.min(left);
        let Faults { most_rows, short_batch, .. } = self.state.gateways.faults;
        if most_rows.is_some_and(|most| count > most as usize) {
            return Err(io_error(TOO_LARGE));
        }
        if count > 1 && self.state.chance(short_batch) {
            count = self.state.luck.usize(1..count);
        }
        let found = self.scanners().get_mut(&number).map(|found| found.parts.drain(..count));
        let rows = found.into_iter().flatten().collect();
        Ok(Some(Value::List(rows)))
    }
}

/// An increment adds its change's number times this, and the number of the step.
pub(super) const STEPS: usize = 16;

fn scanner(arguments: &Value) -> i32 {
    i32::try_from(arguments.number(1).expect("a scanner")).expect("a scanner")
}

fn unknown_scanner() -> Refusal {
    Refusal(2, Value::structure([(1, Value::bytes(b"scanner ID is invalid"))]))
}

fn cell(time: i64, value: &[u8]) -> Value {
    Value::structure([(1, Value::bytes(value)), (2, Value::I64(time))])
}

fn row(key: &[u8], columns: &Columns) -> Value {
    let cells = columns.iter();
    let cells = cells.map(|(name, (time, value))| (Value::bytes(name), cell(*time, value)));
    Value::structure([(1, Value::bytes(key)), (2, Value::Map(cells.collect()))])
}

/// A row with its cells in order, in parts of at most so many cells.
fn parts(key: &[u8], columns: &Columns, most: usize) -> Vec<Value> {
    let cells: Vec<(&Bytes, &(i64, Bytes))> = columns.iter().collect();
    let part = |cells: &[(&Bytes, &(i64, Bytes))]| {
        let cells = cells.iter().map(|(name, (time, value))| {
            Value::structure([(1, Value::bytes(name)), (2, cell(*time, value))])
        });
        Value::structure([(1, Value::bytes(key)), (3, Value::List(cells.collect()))])
    };
    cells.chunks(most.max(1)).map(part).collect()
}
