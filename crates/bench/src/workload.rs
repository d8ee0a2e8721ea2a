//! The workloads: which contenders do which tasks, and what of it is compared.

use std::fmt;

use clap::ValueEnum;
use serde::{Serialize, Serializer};

use crate::client::Contender;
use crate::task::Task;

/// The names of the workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Id {
    #[value(name = "W1")]
    W1,
    #[value(name = "W2")]
    W2,
    #[value(name = "W1-thrift2")]
    W1Thrift2,
    #[value(name = "W2-thrift2")]
    W2Thrift2,
    #[value(name = "W3")]
    W3,
    #[value(name = "W4")]
    W4,
    #[value(name = "W5")]
    W5,
    #[value(name = "W6")]
    W6,
    #[value(name = "threads")]
    Threads,
    #[value(name = "W1-async")]
    W1Async,
    #[value(name = "at-once")]
    AtOnce,
    #[value(name = "read-ahead")]
    ReadAhead,
    #[value(name = "memory")]
    Memory,
    #[value(name = "kept")]
    Kept,
    #[value(name = "writer")]
    Writer,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One comparison.
pub(crate) struct Workload {
    pub(crate) id: Id,
    pub(crate) about: &'static str,
    pub(crate) metric: Metric,
    /// The first is what the others are compared with.
    pub(crate) series: &'static [Series],
    /// Of how many rows allocations and instructions are counted, where they are.
    pub(crate) counted_rows: Option<u64>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    /// Time for each row or call.
    Wall,
    /// Processor time in the program and, for it, in the kernel, for each row or call.
    Cpu,
    /// The most memory that the process had.
    PeakMemory,
    /// Memory that is in use for each row while the rows are kept.
    KeptMemory,
    /// What is counted in any case, and nothing else.
    Counts,
}

/// One line of a comparison.
pub(crate) struct Series {
    /// Unique in its workload.
    pub(crate) label: &'static str,
    pub(crate) task: Task,
    pub(crate) contender: Contender,
    /// Rows or calls.
    pub(crate) units: u64,
}

pub(crate) const RAW: &str = "raw drain";
pub(crate) const WHOLE: &str = "raw read into one buffer";
pub(crate) const OWN: &str = "hbase-thrift-client";
pub(crate) const OTHER: &str = "hbase-thrift 1.2.0";
const GENERATED: &str = "generated code, thrift 0.25";

pub(crate) const ASYNC: &str = "its async front";
pub(crate) const EIGHT_THREADS: &str = "eight threads, one by one each";
pub(crate) const AT_ONCE: &str = "a thousand tasks, eight connections";
pub(crate) const ONE_BY_ONE: &str = "one after the other";
pub(crate) const PIPELINES: &str = "in pipelines of 29";
const BATCHES: &str = "1,000 rows a round trip";
const SINGLE_ROWS: &str = "one row a round trip";
pub(crate) const WHEN_NEEDED: &str = "asked for when needed";
pub(crate) const READ_AHEAD: &str = "read ahead";
pub(crate) const FEW_ROWS: &str = "100,000 rows";
pub(crate) const MANY_ROWS: &str = "1,000,000 rows";
pub(crate) const SMALL_ROWS: &str = "rows of one 36-byte cell";
pub(crate) const LARGE_ROWS: &str = "rows of one 1 MiB cell";
pub(crate) const CALLER: &str = "making the puts";
pub(crate) const WRITER: &str = "making and writing them";

const fn series(label: &'static str, task: Task, contender: Contender, units: u64) -> Series {
    Series { label, task, contender, units }
}

/// All workloads, in the order in which they are reported.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload {
        id: Id::W1,
        about: "1,000,000 rows of one 36-byte cell, scanned in batches of 1,000",
        metric: Metric::Wall,
        series: &[
            series(RAW, Task::ScanNarrow, Contender::RawDrain, 1_000_000),
            series(OWN, Task::ScanNarrow, Contender::HbaseThriftClient, 1_000_000),
            series(OTHER, Task::ScanNarrow, Contender::HbaseThrift, 1_000_000),
            series(GENERATED, Task::ScanNarrow, Contender::GeneratedCode, 1_000_000),
        ],
        counted_rows: Some(20_000),
    },
    Workload {
        id: Id::W2,
        about: "100,000 rows of ten 100-byte cells, scanned in batches of 1,000",
        metric: Metric::Wall,
        series: &[
            series(RAW, Task::ScanWide, Contender::RawDrain, 100_000),
            series(OWN, Task::ScanWide, Contender::HbaseThriftClient, 100_000),
            series(OTHER, Task::ScanWide, Contender::HbaseThrift, 100_000),
            series(GENERATED, Task::ScanWide, Contender::GeneratedCode, 100_000),
        ],
        counted_rows: Some(5_000),
    },
    Workload {
        id: Id::W1Thrift2,
        about: "W1 over Thrift 2",
        metric: Metric::Wall,
        series: &[
            series(RAW, Task::ScanNarrow2, Contender::RawDrain, 1_000_000),
            series(OWN, Task::ScanNarrow2, Contender::HbaseThriftClient, 1_000_000),
        ],
        counted_rows: Some(20_000),
    },
    Workload {
        id: Id::W2Thrift2,
        about: "W2 over Thrift 2",
        metric: Metric::Wall,
        series: &[
            series(RAW, Task::ScanWide2, Contender::RawDrain, 100_000),
            series(OWN, Task::ScanWide2, Contender::HbaseThriftClient, 100_000),
        ],
        counted_rows: Some(5_000),
    },
    Workload {
        id: Id::W3,
        about: "200 gets of a 1 MiB cell, one after the other",
        metric: Metric::Cpu,
        series: &[
            series(WHOLE, Task::GetLarge, Contender::RawWhole, 200),
            series(OWN, Task::GetLarge, Contender::HbaseThriftClient, 200),
            series(OTHER, Task::GetLarge, Contender::HbaseThrift, 200),
            series(GENERATED, Task::GetLarge, Contender::GeneratedCode, 200),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::W4,
        about: "10,000 gets of a row of one 36-byte cell, one after the other",
        metric: Metric::Wall,
        series: &[
            series(RAW, Task::GetSmall, Contender::RawDrain, 10_000),
            series(OWN, Task::GetSmall, Contender::HbaseThriftClient, 10_000),
            series(OTHER, Task::GetSmall, Contender::HbaseThrift, 10_000),
            series(GENERATED, Task::GetSmall, Contender::GeneratedCode, 10_000),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::Threads,
        about: "80,000 gets of a row of one 36-byte cell by sixteen threads",
        metric: Metric::Wall,
        series: &[
            series(RAW, Task::GetInThreads, Contender::RawDrain, 80_000),
            series(OWN, Task::GetInThreads, Contender::HbaseThriftClient, 80_000),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::W1Async,
        about: "W1 by hbase-thrift-client's async front",
        metric: Metric::Wall,
        series: &[
            series(OWN, Task::ScanNarrow, Contender::HbaseThriftClient, 1_000_000),
            series(ASYNC, Task::ScanNarrow, Contender::HbaseThriftClientAsync, 1_000_000),
        ],
        counted_rows: Some(20_000),
    },
    Workload {
        id: Id::AtOnce,
        about: "80,000 gets of a row of one 36-byte cell, by threads and by the async front",
        metric: Metric::Wall,
        series: &[
            series(EIGHT_THREADS, Task::GetInEight, Contender::HbaseThriftClient, 80_000),
            series(AT_ONCE, Task::GetAtOnce, Contender::HbaseThriftClientAsync, 80_000),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::W5,
        about: "puts of one 36-byte cell by hbase-thrift-client, the gateway 0.5 ms away",
        metric: Metric::Wall,
        series: &[
            series(ONE_BY_ONE, Task::PutOneByOne, Contender::HbaseThriftClient, 290),
            series(PIPELINES, Task::PutInPipelines, Contender::HbaseThriftClient, 2_900),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::W6,
        about: "rows of one 36-byte cell, scanned by hbase-thrift-client",
        metric: Metric::Wall,
        series: &[
            series(BATCHES, Task::ScanNarrow, Contender::HbaseThriftClient, 1_000_000),
            series(SINGLE_ROWS, Task::ScanRowByRow, Contender::HbaseThriftClient, 10_000),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::ReadAhead,
        about: "batches of 1,000 narrow rows; gateway and caller take 0.5 ms for each",
        metric: Metric::Wall,
        series: &[
            series(WHEN_NEEDED, Task::ScanSlowly, Contender::HbaseThriftClient, 200_000),
            series(READ_AHEAD, Task::ScanSlowlyAhead, Contender::HbaseThriftClient, 200_000),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::Memory,
        about: "rows of one 36-byte cell, scanned by hbase-thrift-client in batches of 1,000",
        metric: Metric::PeakMemory,
        series: &[
            series(FEW_ROWS, Task::ScanNarrow, Contender::HbaseThriftClient, 100_000),
            series(MANY_ROWS, Task::ScanNarrow, Contender::HbaseThriftClient, 1_000_000),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::Kept,
        about: "rows that were got by hbase-thrift-client, one in sixteen after a row of 1 MiB",
        metric: Metric::KeptMemory,
        series: &[
            series(SMALL_ROWS, Task::KeepSmall, Contender::HbaseThriftClient, 10_000),
            series(LARGE_ROWS, Task::KeepLarge, Contender::HbaseThriftClient, 32),
        ],
        counted_rows: None,
    },
    Workload {
        id: Id::Writer,
        about: "puts of one 36-byte cell, made, and given to hbase-thrift-client's writer",
        metric: Metric::Counts,
        series: &[
            series(CALLER, Task::MakePuts, Contender::HbaseThriftClient, 20_000),
            series(WRITER, Task::WritePuts, Contender::HbaseThriftClient, 20_000),
        ],
        counted_rows: Some(20_000),
    },
];
