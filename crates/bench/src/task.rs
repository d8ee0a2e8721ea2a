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
    /// Scan rows of one cell of 36 bytes, one a batch
    ScanRowByRow,
    /// Get rows of one cell of 1 MiB
    GetLarge,
    /// Get rows of one cell of 36 bytes
    GetSmall,
    /// Put rows of one cell, each after the other, on a gateway 0.5 ms away
    PutOneByOne,
    /// The same rows in flights of 29
    PutInFlights,
    /// Scan as `scan-narrow`, with 0.5 ms a batch on both sides, the next batch asked for early
    ScanSlowlyAhead,
    /// The same, the next batch asked for when it is needed
    ScanSlowly,
}

/// A task in terms of calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job {
    Scan(Scan),
    Get { shape: Shape },
    Put { delay: Duration, flight: Option<u32> },
}

/// Reading rows in batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    pub(crate) shape: Shape,
    pub(crate) batch: u32,
    /// How long the gateway takes for a batch.
    pub(crate) delay: Duration,
    /// How long the caller takes for a batch.
    pub(crate) work: Duration,
    pub(crate) read_ahead: bool,
}

const HALF_A_MILLISECOND: Duration = Duration::from_micros(500);
/// What Socorro's own client takes for a crash, one after the other.
const FLIGHT: u32 = 29;

impl Task {
    pub(crate) fn job(self) -> Job {
        let scan = Scan {
            shape: Shape::Narrow,
            batch: 1_000,
            delay: Duration::ZERO,
            work: Duration::ZERO,
            read_ahead: true,
        };
        let slow = Scan { delay: HALF_A_MILLISECOND, work: HALF_A_MILLISECOND, ..scan };
        match self {
            Self::ScanNarrow => Job::Scan(scan),
            Self::ScanWide => Job::Scan(Scan { shape: Shape::Wide, ..scan }),
            Self::ScanRowByRow => Job::Scan(Scan { batch: 1, ..scan }),
            Self::GetLarge => Job::Get { shape: Shape::Large },
            Self::GetSmall => Job::Get { shape: Shape::Narrow },
            Self::PutOneByOne => Job::Put { delay: HALF_A_MILLISECOND, flight: None },
            Self::PutInFlights => Job::Put { delay: HALF_A_MILLISECOND, flight: Some(FLIGHT) },
            Self::ScanSlowlyAhead => Job::Scan(slow),
            Self::ScanSlowly => Job::Scan(Scan { read_ahead: false, ..slow }),
        }
    }
}

impl Job {
    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::Scan(scan) => scan.shape,
            Self::Get { shape } => shape,
            Self::Put { .. } => Shape::Narrow,
        }
    }
}
