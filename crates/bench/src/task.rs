//! What a contender is given to do, apart from how often.

use std::time::Duration;

use clap::ValueEnum;

use crate::shape::Shape;

/// The tasks; each is half of a line of the result, a contender being the other half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Task {
    /// Scan rows of one cell of 36 bytes, 1,000 a batch
    ScanNarrow,
    /// Scan rows of ten cells of 100 bytes, 1,000 a batch
    ScanWide,
    /// Scan as `scan-narrow`, over Thrift 2
    ScanNarrow2,
    /// Scan as `scan-wide`, over Thrift 2
    ScanWide2,
    /// Scan rows of one cell of 36 bytes, one a batch
    ScanRowByRow,
    /// Get rows of one cell of 1 MiB
    GetLarge,
    /// Get rows of one cell of 36 bytes
    GetSmall,
    /// The same from sixteen threads
    GetInThreads,
    /// The same from eight threads
    GetInEight,
    /// The same, a thousand at once
    GetAtOnce,
    /// Get rows of one cell of 36 bytes and keep them, a row of 1 MiB before each sixteenth of them
    KeepSmall,
    /// Get rows of one cell of 1 MiB and keep them
    KeepLarge,
    /// Put rows of one cell, each after the other, on a gateway 0.5 ms away
    PutOneByOne,
    /// The same rows in pipelines of 29
    PutInPipelines,
    /// Make puts of one cell of 36 bytes, and drop them
    MakePuts,
    /// Make the same puts, and give them to a buffered writer
    WritePuts,
    /// Scan as `scan-narrow`, with 0.5 ms a batch on both sides, the next batch asked for early
    ScanSlowlyAhead,
    /// The same, the next batch asked for when it is needed
    ScanSlowly,
}

/// A task in terms of calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job {
    Scan(Scan),
    Get { shape: Shape, threads: u32 },
    Keep { shape: Shape },
    Put { delay: Duration, pipeline: Option<u32> },
    Make,
    Write,
}

/// Reading rows in batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    pub(crate) shape: Shape,
    pub(crate) is_thrift2: bool,
    pub(crate) batch: u32,
    /// How long the gateway takes for a batch.
    pub(crate) delay: Duration,
    /// How long the caller takes for a batch.
    pub(crate) work: Duration,
    pub(crate) read_ahead: bool,
}

const HALF_A_MILLISECOND: Duration = Duration::from_micros(500);
/// What Socorro's own client takes for a crash, one after the other.
const PIPELINE: u32 = 29;
/// As many as a client has connections by default.
const THREADS: u32 = 16;
/// As many threads as the async front has connections, and as many gets as share those.
pub(crate) const CONNECTIONS: u32 = 8;
const AT_ONCE: u32 = 1_000;

impl Task {
    pub(crate) fn job(self) -> Job {
        let scan = Scan {
            shape: Shape::Narrow,
            is_thrift2: false,
            batch: 1_000,
            delay: Duration::ZERO,
            work: Duration::ZERO,
            read_ahead: true,
        };
        let slow = Scan { delay: HALF_A_MILLISECOND, work: HALF_A_MILLISECOND, ..scan };
        match self {
            Self::ScanNarrow => Job::Scan(scan),
            Self::ScanWide => Job::Scan(Scan { shape: Shape::Wide, ..scan }),
            Self::ScanNarrow2 => Job::Scan(Scan { is_thrift2: true, ..scan }),
            Self::ScanWide2 => Job::Scan(Scan { shape: Shape::Wide, is_thrift2: true, ..scan }),
            Self::ScanRowByRow => Job::Scan(Scan { batch: 1, ..scan }),
            Self::GetLarge => Job::Get { shape: Shape::Large, threads: 1 },
            Self::GetSmall => Job::Get { shape: Shape::Narrow, threads: 1 },
            Self::GetInThreads => Job::Get { shape: Shape::Narrow, threads: THREADS },
            Self::GetInEight => Job::Get { shape: Shape::Narrow, threads: CONNECTIONS },
            Self::GetAtOnce => Job::Get { shape: Shape::Narrow, threads: AT_ONCE },
            Self::KeepSmall => Job::Keep { shape: Shape::Narrow },
            Self::KeepLarge => Job::Keep { shape: Shape::Large },
            Self::PutOneByOne => Job::Put { delay: HALF_A_MILLISECOND, pipeline: None },
            Self::PutInPipelines => {
                Job::Put { delay: HALF_A_MILLISECOND, pipeline: Some(PIPELINE) }
            }
            Self::MakePuts => Job::Make,
            Self::WritePuts => Job::Write,
            Self::ScanSlowlyAhead => Job::Scan(slow),
            Self::ScanSlowly => Job::Scan(Scan { read_ahead: false, ..slow }),
        }
    }
}

impl Job {
    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::Scan(scan) => scan.shape,
            Self::Get { shape, .. } | Self::Keep { shape } => shape,
            Self::Put { .. } | Self::Make | Self::Write => Shape::Narrow,
        }
    }
}
