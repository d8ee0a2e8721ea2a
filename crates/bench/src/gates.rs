//! What has to hold.

use serde::Serialize;

use crate::results::{Line, Results};
use crate::values::Values;
use crate::workload::{
    ASYNC, AT_ONCE, CALLER, EIGHT_THREADS, FEW_ROWS, Id, LARGE_ROWS, MANY_ROWS, ONE_BY_ONE, OTHER,
    OWN, PIPELINES, RAW, READ_AHEAD, SMALL_ROWS, WHEN_NEEDED, WHOLE, WRITER,
};

/// One condition.
pub(crate) struct Gate {
    workload: Id,
    what: &'static str,
    value: Value,
    limit: Limit,
}

/// What is measured for it.
enum Value {
    /// How many times what the second one takes the first one takes.
    Ratio(&'static str, &'static str),
    /// The median of what is measured itself.
    Median(&'static str),
    Instructions,
    /// How many times this client's instructions the other's are.
    FewerInstructions,
    Allocations,
    /// How many more the first one has than the second one.
    MoreInstructions(&'static str, &'static str),
    MoreAllocations(&'static str, &'static str),
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// What became of a gate whose workload was run.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) workload: Id,
    pub(crate) what: &'static str,
    /// `None` where it couldn't be measured here.
    pub(crate) measured: Option<f64>,
    pub(crate) limit: Limit,
    pub(crate) holds: Option<bool>,
}

const fn gate(workload: Id, what: &'static str, value: Value, limit: Limit) -> Gate {
    Gate { workload, what, value, limit }
}

const TIME: &str = "time, x raw drain";
const SPEED: &str = "times as fast as hbase-thrift 1.2.0";
const INSTRUCTIONS: &str = "instructions a row";
const FEWER: &str = "times fewer instructions than hbase-thrift 1.2.0";
const ALLOCATIONS: &str = "allocations a row";

/// All gates.
pub(crate) const GATES: &[Gate] = &[
    gate(Id::W1, TIME, Value::Ratio(OWN, RAW), Limit::AtMost(1.3)),
    gate(Id::W1, SPEED, Value::Ratio(OTHER, OWN), Limit::AtLeast(10.0)),
    gate(Id::W1, INSTRUCTIONS, Value::Instructions, Limit::AtMost(400.0)),
    gate(Id::W1, FEWER, Value::FewerInstructions, Limit::AtLeast(10.0)),
    gate(Id::W1, ALLOCATIONS, Value::Allocations, Limit::AtMost(0.01)),
    gate(Id::W2, TIME, Value::Ratio(OWN, RAW), Limit::AtMost(1.3)),
    gate(Id::W2, SPEED, Value::Ratio(OTHER, OWN), Limit::AtLeast(9.0)),
    gate(Id::W2, INSTRUCTIONS, Value::Instructions, Limit::AtMost(2_200.0)),
    gate(Id::W2, FEWER, Value::FewerInstructions, Limit::AtLeast(10.0)),
    gate(Id::W2, ALLOCATIONS, Value::Allocations, Limit::AtMost(0.01)),
    // Of the clients beside ours, none speaks it.
    gate(Id::W1Thrift2, TIME, Value::Ratio(OWN, RAW), Limit::AtMost(1.3)),
    gate(Id::W1Thrift2, INSTRUCTIONS, Value::Instructions, Limit::AtMost(400.0)),
    gate(Id::W1Thrift2, ALLOCATIONS, Value::Allocations, Limit::AtMost(0.01)),
    gate(Id::W2Thrift2, TIME, Value::Ratio(OWN, RAW), Limit::AtMost(1.3)),
    gate(Id::W2Thrift2, INSTRUCTIONS, Value::Instructions, Limit::AtMost(2_200.0)),
    gate(Id::W2Thrift2, ALLOCATIONS, Value::Allocations, Limit::AtMost(0.01)),
    gate(Id::W3, "processor time, x raw read", Value::Ratio(OWN, WHOLE), Limit::AtMost(1.1)),
    gate(Id::W4, TIME, Value::Ratio(OWN, RAW), Limit::AtMost(1.1)),
    gate(
        Id::Threads,
        "calls, x those of raw connections",
        Value::Ratio(RAW, OWN),
        Limit::AtLeast(0.9),
    ),
    gate(Id::W1Async, "time, x the blocking front", Value::Ratio(ASYNC, OWN), Limit::AtMost(1.15)),
    gate(
        Id::W1Async,
        "allocations a row, more than the blocking front",
        Value::MoreAllocations(ASYNC, OWN),
        Limit::AtMost(0.01),
    ),
    gate(
        Id::AtOnce,
        "calls, x those of eight threads",
        Value::Ratio(EIGHT_THREADS, AT_ONCE),
        Limit::AtLeast(3.0),
    ),
    gate(
        Id::W5,
        "time, x one after the other",
        Value::Ratio(PIPELINES, ONE_BY_ONE),
        Limit::AtMost(1.0 / 20.0),
    ),
    gate(
        Id::ReadAhead,
        "time, x asking when needed",
        Value::Ratio(READ_AHEAD, WHEN_NEEDED),
        Limit::AtMost(0.6),
    ),
    gate(
        Id::Memory,
        "peak with 10 times the rows, x",
        Value::Ratio(MANY_ROWS, FEW_ROWS),
        Limit::AtMost(1.1),
    ),
    // Twice the bytes of key, column and value, and 200.
    gate(
        Id::Kept,
        "bytes for a row of 60",
        Value::Median(SMALL_ROWS),
        Limit::AtMost((2 * 60 + 200) as f64),
    ),
    gate(
        Id::Kept,
        "bytes for a row of 1 MiB",
        Value::Median(LARGE_ROWS),
        Limit::AtMost((2 * ((1 << 20) + 29) + 200) as f64),
    ),
    gate(
        Id::Writer,
        "instructions a row, the caller's apart",
        Value::MoreInstructions(WRITER, CALLER),
        Limit::AtMost(600.0),
    ),
    gate(
        Id::Writer,
        "allocations a row, the caller's apart",
        Value::MoreAllocations(WRITER, CALLER),
        Limit::AtMost(0.01),
    ),
];

/// Holds the results against the gates of the workloads that were run.
pub(crate) fn judge(gates: &[Gate], results: &Results) -> Vec<Verdict> {
    let ran = |gate: &&Gate| results.lines.iter().any(|line| line.workload.id == gate.workload);
    gates.iter().filter(ran).map(|gate| verdict(gate, results)).collect()
}

fn verdict(gate: &Gate, results: &Results) -> Verdict {
    let line = |label| results.line(gate.workload, label);
    let instructions = |label| line(label).and_then(|line| line.counts.instructions);
    let allocations = |label| line(label).and_then(|line| line.counts.allocations);
    let values = |label| line(label).map(|line: &Line| &line.values);
    let over = |(above, below): (f64, f64)| above / below;
    let apart = |(more, less): (f64, f64)| more - less;
    let measured = match gate.value {
        Value::Ratio(above, below) => {
            values(above).zip(values(below)).and_then(|(above, below)| above.times(below))
        }
        Value::Median(label) => values(label).and_then(Values::median),
        Value::Instructions => instructions(OWN),
        Value::FewerInstructions => instructions(OTHER).zip(instructions(OWN)).map(over),
        Value::Allocations => allocations(OWN),
        Value::MoreInstructions(more, less) => {
            instructions(more).zip(instructions(less)).map(apart)
        }
        Value::MoreAllocations(more, less) => allocations(more).zip(allocations(less)).map(apart),
    };
    let holds = measured.map(|measured| match gate.limit {
        Limit::AtMost(limit) => measured <= limit,
        Limit::AtLeast(limit) => measured >= limit,
    });
    Verdict { workload: gate.workload, what: gate.what, measured, limit: gate.limit, holds }
}

impl Verdict {
    /// In words, if the gate is missed.
    pub(crate) fn miss(&self) -> Option<String> {
        let measured = self.measured.filter(|_| self.holds == Some(false))?;
        let limit = self.limit.words();
        Some(format!("{}, {}: {measured:.3}, to be {limit}", self.workload, self.what))
    }
}

impl Limit {
    pub(crate) fn words(self) -> String {
        match self {
            Self::AtMost(limit) => format!("at most {}", (limit * 1e4).round() / 1e4),
            Self::AtLeast(limit) => format!("at least {limit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;
    use crate::workload::WORKLOADS;

    /// Every time and every count is the same.
    fn results() -> Results {
        let counts = Counts { allocations: Some(8.0), instructions: Some(8.0) };
        let lines = WORKLOADS.iter().flat_map(|workload| {
            workload.series.iter().map(move |series| {
                let values = Values::of(&[8.0]);
                Line { workload, series, values, ratio: Some(1.0), counts }
            })
        });
        Results { lines: lines.collect() }
    }

    #[test]
    fn every_gate_is_about_something_that_is_measured() {
        let verdicts = judge(GATES, &results());
        assert_eq!(verdicts.len(), GATES.len());
        assert!(verdicts.iter().all(|verdict| verdict.measured.is_some()), "{verdicts:?}");
    }

    #[test]
    fn a_gate_that_is_missed_is_told_with_its_workload() {
        let verdicts = judge(GATES, &results());
        let misses: Vec<String> = verdicts.iter().filter_map(Verdict::miss).collect();
        assert!(misses.contains(&"W1, allocations a row: 8.000, to be at most 0.01".to_owned()));
        assert!(!misses.iter().any(|miss| miss.starts_with("W3")), "{misses:?}");
    }
}
