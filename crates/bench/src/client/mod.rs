//! The contenders: each does the same jobs in the way its users would.

mod generated;
mod own;
mod own_async;
mod raw;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;

use crate::server::over_thrift2;
use crate::shape::{KEY_SIZE, Shape, Table};
use crate::task::{Job, Scan};

/// Who does a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Contender {
    /// Reads and discards the same bytes; the limit
    RawDrain,
    /// Reads each reply into one buffer of its size: the limit of who hands out whole cells
    RawWhole,
    /// The crate of this workspace
    HbaseThriftClient,
    /// Its async front, on one thread
    HbaseThriftClientAsync,
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
    /// The same from several threads, or tasks, which share the rows.
    fn get_in_threads(&mut self, _table: Table, _threads: u32) -> Result<Tally> {
        bail!("this contender has one thread")
    }
    /// Reads so many rows, each with a call of its own, and keeps them as long as itself.
    fn keep(&mut self, _table: Table) -> Result<Tally> {
        bail!("this contender keeps nothing")
    }
    /// Writes so many rows, each with a call of its own.
    fn put(&mut self, table: Table) -> Result<()>;
    /// Writes so many rows, several of them in a round trip.
    fn put_in_pipelines(&mut self, _table: Table, _pipeline: u32) -> Result<()> {
        bail!("this contender has one call under way at most")
    }
    /// Makes the puts of so many rows, as its users do, and drops them.
    fn make(&mut self, _table: Table) -> Result<()> {
        bail!("this contender has no puts")
    }
    /// Makes the same puts, and writes them in calls of many.
    fn write(&mut self, _table: Table) -> Result<()> {
        bail!("this contender has no writer")
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

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            rows: sum.rows + tally.rows,
            cells: sum.cells + tally.cells,
            bytes: sum.bytes + tally.bytes,
            touched: sum.touched + tally.touched,
        })
    }
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

    fn cell(&mut self, column_length: usize, value: &[u8]) {
        self.cells += 1;
        self.bytes += column_length as u64;
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

/// The rows that one of several threads reads.
fn part(table: Table, thread: u32, threads: u32) -> std::ops::Range<u64> {
    let first = |thread: u32| table.rows * u64::from(thread) / u64::from(threads);
    first(thread)..first(thread + 1)
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
        let server = match job {
            Job::Scan(Scan { is_thrift2: true, .. }) => over_thrift2(server)?,
            _ => server,
        };
        let client: Box<dyn Client> = match contender {
            Contender::RawDrain => Box::new(raw::Raw::draining(server, job)?),
            Contender::RawWhole => Box::new(raw::Raw::reading_whole(server, job)?),
            Contender::HbaseThriftClient => Box::new(own::Own::connect(server)?),
            Contender::HbaseThriftClientAsync => Box::new(own_async::OwnAsync::connect(server)?),
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
            Job::Get { threads: 1, .. } => self.client.get(table(Duration::ZERO))?,
            Job::Get { threads, .. } => {
                self.client.get_in_threads(table(Duration::ZERO), threads)?
            }
            Job::Keep { .. } => self.client.keep(table(Duration::ZERO))?,
            Job::Make => return self.client.make(table(Duration::ZERO)),
            Job::Write => return self.client.write(table(Duration::ZERO)),
            Job::Put { delay, pipeline: None } => return self.client.put(table(delay)),
            Job::Put { delay, pipeline: Some(pipeline) } => {
                return self.client.put_in_pipelines(table(delay), pipeline);
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
        Contender::RawWhole,
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
            if matches!(contender, Contender::RawDrain | Contender::HbaseThriftClient) {
                done(*contender, task::Task::ScanNarrow2, 3_000, server);
                done(*contender, task::Task::ScanWide2, 2_000, server);
            }
            done(*contender, task::Task::ScanSlowly, 1_000, server);
            done(*contender, task::Task::GetLarge, 2, server);
            done(*contender, task::Task::GetSmall, 3, server);
            done(*contender, task::Task::PutOneByOne, 3, server);
        }
    }

    #[test]
    fn threads_read_all_rows_between_them() {
        let server = server::listen().unwrap();
        for contender in [Contender::RawDrain, Contender::HbaseThriftClient] {
            done(contender, task::Task::GetInThreads, 32, server);
        }
    }

    #[test]
    fn the_async_front_reads_all_rows() {
        let server = server::listen().unwrap();
        let contender = Contender::HbaseThriftClientAsync;
        done(contender, task::Task::ScanNarrow, 3_000, server);
        done(contender, task::Task::GetSmall, 3, server);
        done(contender, task::Task::GetAtOnce, 3_000, server);
        done(Contender::HbaseThriftClient, task::Task::GetInEight, 3_000, server);
    }

    #[test]
    fn this_client_keeps_rows_and_writes_many_at_once() {
        let server = server::listen().unwrap();
        for (task, units) in [
            (task::Task::KeepSmall, 20),
            (task::Task::KeepLarge, 2),
            (task::Task::MakePuts, 10),
            (task::Task::WritePuts, 2_500),
        ] {
            done(Contender::HbaseThriftClient, task, units, server);
        }
    }

    #[test]
    fn a_pipeline_waits_once_for_the_gateway() {
        let server = server::listen().unwrap();
        let start = Instant::now();
        done(Contender::HbaseThriftClient, task::Task::PutInPipelines, 58, server);
        assert!(start.elapsed() >= Duration::from_millis(1));
    }
}
