//! Answers calls from the table, with HBase's exceptions.

use std::collections::VecDeque;

use super::message::{GatewayReply, ReceivedCall, Value};
use super::state::{Faults, Scanner, State};
use super::table::{Bytes, Columns};
use crate::config::Interface;

/// Why the server does not return a result.
pub(super) enum Refusal {
    /// An exception, and the field of the result that holds it.
    Exception(i16, Value),
    /// It has no such method.
    Unknown,
}

pub(super) type Answer = Result<Option<Value>, Refusal>;

/// Rows whose reply is larger than what the client takes.
pub(super) const HUGE: usize = 40_000;

/// Carries out the call and returns the reply's message. `is_left` says that nobody waits for it.
pub(super) fn answer(
    state: &mut State,
    gateway: usize,
    process: usize,
    call: &ReceivedCall,
    is_left: bool,
) -> GatewayReply {
    let answer = Server { state, gateway, process, is_left }.call(call);
    match answer {
        Ok(value) => call.reply(value.map(|value| (0, value))),
        Err(Refusal::Exception(field, exception)) => call.reply(Some((field, exception))),
        Err(Refusal::Unknown) => call.unknown_method(),
    }
}

pub(super) struct Server<'a> {
    pub(super) state: &'a mut State,
    gateway: usize,
    pub(super) process: usize,
    is_left: bool,
}

/// What each interface says of a failure, and whether it says that another attempt may help.
pub(super) struct Failures {
    busy: (&'static str, bool),
    busy_after_retries: (&'static str, bool),
    failed: (&'static str, bool),
    /// Of a call in steps.
    disabled: (&'static str, bool),
    too_large: (&'static str, bool),
}

const THRIFT_1: Failures = Failures {
    busy: ("org.apache.hadoop.hbase.RegionTooBusyException: over the limit", true),
    busy_after_retries: (
        "org.apache.hadoop.hbase.client.RetriesExhaustedException: failed\nCaused by: \
         org.apache.hadoop.hbase.RegionTooBusyException: over the limit",
        true,
    ),
    failed: ("java.io.IOException: something", true),
    disabled: ("org.apache.hadoop.hbase.TableNotEnabledException: t", true),
    too_large: (
        "org.apache.hadoop.hbase.DoNotRetryIOException: the answer would have more than 1000 bytes",
        true,
    ),
};

/// The class is left out unless a region server threw it.
const THRIFT_2: Failures = Failures {
    busy: ("org.apache.hadoop.hbase.RegionTooBusyException: over the limit", true),
    busy_after_retries: (
        "Failed after attempts=16, exceptions:\n\
         org.apache.hadoop.hbase.RegionTooBusyException: over the limit",
        true,
    ),
    failed: ("something", true),
    disabled: ("Failed 1 action: org.apache.hadoop.hbase.TableNotEnabledException: t", true),
    too_large: ("the answer would have more than 1000 bytes", false),
};

// All answers are of one type, whether or not they can be a refusal.
#[allow(clippy::unnecessary_wraps)]
impl Server<'_> {
    fn happens(&mut self, percent: fn(&Faults) -> f64) -> bool {
        self.state.is_wrong(percent)
    }

    fn call(&mut self, call: &ReceivedCall) -> Answer {
        if !self.has(&call.method) {
            return Err(Refusal::Unknown);
        }
        // A gateway that tried several times does not know whether one of them came through.
        let mut afterwards = None;
        if call.method != "getThriftServerType" && self.happens(|faults| faults.refuses) {
            let failures = self.failures();
            match self.state.luck.u8(0..4) {
                0 => return Err(io_error(failures.busy)),
                1 => afterwards = Some(failures.busy_after_retries),
                2 => return Err(io_error(failures.busy_after_retries)),
                _ => afterwards = Some(failures.failed),
            }
        }
        let answer = match self.state.gateways.speech.interface {
            Interface::One => self.call_thrift1(call),
            Interface::Two => self.call_thrift2(call),
        };
        match afterwards {
            Some(failure) => Err(io_error(failure)),
            None => answer,
        }
    }

    /// Whether the gateway knows the method, one of those that tell the interfaces apart.
    fn has(&self, method: &str) -> bool {
        let speech = self.state.gateways.speech;
        match method {
            "getThriftServerType" => speech.says_interface,
            "scannerClose" => speech.interface == Interface::One,
            _ => true,
        }
    }

    fn failures(&self) -> &'static Failures {
        match self.state.gateways.speech.interface {
            Interface::One => &THRIFT_1,
            Interface::Two => &THRIFT_2,
        }
    }

    pub(super) fn disabled(&self) -> Refusal {
        io_error(self.failures().disabled)
    }

    fn call_thrift1(&mut self, call: &ReceivedCall) -> Answer {
        let arguments = &call.arguments;
        match call.method.as_str() {
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
        }
    }

    /// Takes note of a step. The first eight bytes of a caller's number make a change known.
    pub(super) fn carry_out(&mut self, change: Option<&[u8]>, row: &[u8]) {
        if self.is_left {
            self.state.gateways.late_rows.insert(row.to_vec());
        }
        if let Some(change) = change {
            let number = usize::from_be_bytes(change.try_into().expect("a number"));
            let step = self.state.gateways.ledger.step_of(number, row);
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
        self.carry_out(arguments.attribute(attributes, b"change"), key);
        self.mutate(key, arguments.list(3), time);
        Ok(None)
    }

    fn mutate_rows(&mut self, arguments: &Value, time: Option<i64>, attributes: i16) -> Answer {
        let rows = arguments.list(2);
        let steps = self.steps(rows.len());
        for row in &rows[..steps] {
            self.carry_out(arguments.attribute(attributes, b"change"), row.blob(1));
            self.mutate(row.blob(1), row.list(2), time);
        }
        if steps < rows.len() { Err(self.disabled()) } else { Ok(None) }
    }

    fn delete_row(&mut self, arguments: &Value, time: Option<i64>, attributes: i16) -> Answer {
        let key = arguments.blob(2);
        self.carry_out(arguments.attribute(attributes, b"change"), key);
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
    pub(super) fn steps(&mut self, all: usize) -> usize {
        if self.happens(|faults| faults.stops_midway) { self.state.luck.usize(0..all) } else { all }
    }

    pub(super) fn add(&mut self, key: &[u8], column: &[u8], by: i64) -> i64 {
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
        if steps < increments.len() { Err(self.disabled()) } else { Ok(None) }
    }

    pub(super) fn scanners(&mut self) -> &mut std::collections::BTreeMap<(usize, i32), Scanner> {
        &mut self.state.gateways.each[self.gateway].scanners
    }

    fn open(&mut self, scan: &Value) -> Answer {
        let rows = self.state.gateways.table.range(scan.blob(1), scan.blob(2), scan.flag(9));
        let most = scan.number(7).map_or(usize::MAX, |cells| usize::try_from(cells).expect("few"));
        let parts = rows.iter().flat_map(|(key, columns)| parts(key, columns, most)).collect();
        self.open_over(parts)
    }

    /// A scanner over these rows, or parts of rows.
    pub(super) fn open_over(&mut self, parts: VecDeque<Value>) -> Answer {
        let gateway = &mut self.state.gateways.each[self.gateway];
        let number = gateway.next_scanner[self.process];
        gateway.next_scanner[self.process] += 1;
        gateway.scanners.insert((self.process, number), Scanner { parts });
        Ok(Some(Value::I32(number)))
    }

    /// The first of these, as many as are asked for.
    pub(super) fn page(&mut self, mut parts: VecDeque<Value>, asked: i64) -> Answer {
        parts.truncate(usize::try_from(asked).expect("a count"));
        let most_rows = self.state.gateways.faults.most_rows;
        if most_rows.is_some_and(|most| parts.len() > most as usize) {
            return Err(io_error(self.failures().too_large));
        }
        Ok(Some(Value::List(parts.into())))
    }

    pub(super) fn fetch(&mut self, arguments: &Value) -> Answer {
        let number = (self.process, scanner(arguments));
        if self.happens(|faults| faults.loses_scanner) {
            self.scanners().remove(&number);
        }
        let asked = usize::try_from(arguments.number(2).expect("a number")).expect("a count");
        let Some(left) = self.scanners().get(&number).map(|found| found.parts.len()) else {
            return Err(match self.state.gateways.speech.interface {
                Interface::One => unknown_scanner(),
                Interface::Two => illegal_argument("Invalid scanner Id"),
            });
        };
        let mut count = asked.min(left);
        let Faults { most_rows, short_batch, .. } = self.state.gateways.faults;
        if most_rows.is_some_and(|most| count > most as usize) {
            return Err(io_error(self.failures().too_large));
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

fn io_error((message, can_retry): (&str, bool)) -> Refusal {
    let message = (1, Value::bytes(message.as_bytes()));
    Refusal::Exception(1, Value::structure([message, (2, Value::Bool(can_retry))]))
}

fn illegal_argument(message: &str) -> Refusal {
    Refusal::Exception(2, Value::structure([(1, Value::bytes(message.as_bytes()))]))
}

pub(super) fn scanner(arguments: &Value) -> i32 {
    i32::try_from(arguments.number(1).expect("a scanner")).expect("a scanner")
}

fn unknown_scanner() -> Refusal {
    illegal_argument("scanner ID is invalid")
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
