//! The contenders: each does the same jobs in the way its users would.

mod generated;
mod own;
mod raw;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;

use crate::shape::{KEY_SIZE, Shape, Table};
use crate::task::{Job, Scan};

/// Who does a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Contender {
    /// Reads and discards the same bytes; the limit
    RawDrain,
    /// The crate of this workspace
    HbaseThriftClient,
    /// The crate hbase-thrift 1.2.0
    HbaseThrift,
    /// The generated code of this workspace alone
    GeneratedCode,
}

/// A contender that is connected.
trait Client {
    /// Reads so many rows.
    fn scan(&mut self, scan: &Scan, table: Table) -> Result<Tally>;
    /// Reads so many rows, each with a call of its own.
    fn get(&mut self, table: Table) -> Result<Tally>;
    /// Writes so many rows, each with a call of its own.
    fn put(&mut self, table: Table) -> Result<()>;
    /// Writes so many rows, several of them in a round trip.
    fn put_in_flights(&mut self, _table: Table, _flight: u32) -> Result<()> {
        bail!("this contender has one call under way at most")
    }
}

/// What was read; looked at, so that reading it can't be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    rows: u64,
    cells: u64,
    bytes: u64,
    touched: u64,
}

impl Tally {
    /// What so many rows come to.
    fn of(rows: u64, shape: Shape) -> Self {
        let cells = rows * shape.cells() as u64;
        let columns: usize = (0..shape.cells()).map(|cell| shape.column(cell).len()).sum();
        let row = KEY_SIZE + columns + shape.cells() * shape.value_size();
        // The first bytes of the prepared keys and values.
        let touched = rows * u64::from(b'r') + cells * u64::from(b'0');
        Self { rows, cells, bytes: rows * row as u64, touched }
    }

    fn row(&mut self, key: &[u8]) {
        self.rows += 1;
        self.look_at(key);
    }

    fn cell(&mut self, column: &[u8], value: &[u8]) {
        self.cells += 1;
        self.bytes += column.len() as u64;
        self.look_at(value);
    }

    fn look_at(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.touched += bytes.first().copied().map_or(0, u64::from);
    }
}

/// The caller's own work on a batch.
fn work(duration: Duration) {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// A connected contender and its job; [`run`](Self::run) is what is measured.
pub(crate) struct Task {
    client: Box<dyn Client>,
    job: Job,
    units: u64,
}

impl Task {
    pub(crate) fn new(
        contender: Contender,
        job: Job,
        units: u64,
        server: SocketAddr,
    ) -> Result<Self> {
        let client: Box<dyn Client> = match contender {
            Contender::RawDrain => Box::new(raw::Raw::connect(server, job)?),
            Contender::HbaseThriftClient => Box::new(own::Own::connect(server)?),
            Contender::HbaseThrift => Box::new(generated::HbaseThrift::connect(server)?),
            Contender::GeneratedCode => Box::new(generated::GeneratedCode::connect(server)?),
        };
        Ok(Self { client, job, units })
    }

    /// Does the job and checks that all of it was done.
    pub(crate) fn run(&mut self) -> Result<()> {
        let (shape, rows) = (self.job.shape(), self.units);
        let table = |delay| Table { shape, rows, delay };
        let tally = match self.job {
            Job::Scan(scan) => self.client.scan(&scan, table(scan.delay))?,
            Job::Get { .. } => self.client.get(table(Duration::ZERO))?,
            Job::Put { delay, flight: None } => return self.client.put(table(delay)),
            Job::Put { delay, flight: Some(flight) } => {
                return self.client.put_in_flights(table(delay), flight);
            }
        };
        ensure!(tally == Tally::of(rows, shape), "not all was read, but {tally:?}");
        Ok(())
    }
}

/// The key of the row that a call is about.
fn key(call: u64) -> Vec<u8> {
    format!("row-{call:012}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server;
    use crate::task;

    const ALL: &[Contender] = &[
        Contender::RawDrain,
        Contender::HbaseThriftClient,
        Contender::HbaseThrift,
        Contender::GeneratedCode,
    ];

    fn done(contender: Contender, task: task::Task, units: u64, server: SocketAddr) {
        let mut task = Task::new(contender, task.job(), units, server).unwrap();
        task.run().unwrap();
    }

    #[test]
    fn every_contender_reads_all_rows_and_cells() {
        let server = server::listen().unwrap();
        for contender in ALL {
            done(*contender, task::Task::ScanNarrow, 3_000, server);
            done(*contender, task::Task::ScanWide, 2_000, server);
            done(*contender, task::Task::ScanRowByRow, 3, server);
            done(*contender, task::Task::ScanSlowly, 1_000, server);
            done(*contender, task::Task::GetLarge, 2, server);
            done(*contender, task::Task::GetSmall, 3, server);
            done(*contender, task::Task::PutOneByOne, 3, server);
        }
    }

    #[test]
    fn a_flight_waits_once_for_the_gateway() {
        let server = server::listen().unwrap();
        let start = Instant::now();
        done(Contender::HbaseThriftClient, task::Task::PutInFlights, 58, server);
        assert!(start.elapsed() >= Duration::from_millis(1));
    }
}
