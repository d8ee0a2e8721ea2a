//! This workspace's client, with its defaults.

use std::hint::black_box;
use std::net::SocketAddr;
use std::ops::Range;
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, anyhow};
use hbase_thrift_client::{
    Client as HBase, Config, Get, Put, Row, Scan as HBaseScan, Table as Handle, WriterOptions,
};

use super::{Client, Tally, key, part, work};
use crate::shape::{Shape, Table};
use crate::task::Scan;

pub(super) struct Own {
    hbase: HBase,
    kept: Vec<Row>,
}

/// After how many rows that are kept a large one is read and dropped.
const KEPT_AT_ONCE: u64 = 16;

impl Own {
    pub(super) fn connect(server: SocketAddr) -> Result<Self> {
        let config = Config::new(server.ip().to_string(), server.port());
        Ok(Self { hbase: HBase::connect(config)?, kept: Vec::new() })
    }
}

impl Client for Own {
    fn scan(&mut self, scan: &Scan, table: Table) -> Result<Tally> {
        let request = HBaseScan::new().caching(scan.batch).read_ahead(scan.read_ahead);
        let mut tally = Tally::default();
        for row in self.hbase.table(table.to_string()).scan(request)? {
            add(&mut tally, &row?);
            if tally.rows.is_multiple_of(u64::from(scan.batch)) {
                work(scan.work);
            }
        }
        Ok(tally)
    }

    fn get(&mut self, table: Table) -> Result<Tally> {
        get(&self.hbase.table(table.to_string()), 0..table.rows)
    }

    fn get_in_threads(&mut self, table: Table, threads: u32) -> Result<Tally> {
        let handle = self.hbase.table(table.to_string());
        thread::scope(|scope| {
            let handle = &handle;
            let threads: Vec<_> = (0..threads)
                .map(|thread| scope.spawn(move || get(handle, part(table, thread, threads))))
                .collect();
            let joined = threads.into_iter().map(ScopedJoinHandle::join);
            joined.map(|tally| tally.map_err(|_| anyhow!("a thread panicked"))?).sum()
        })
    }

    fn keep(&mut self, table: Table) -> Result<Tally> {
        let handle = self.hbase.table(table.to_string());
        let large = self.hbase.table(Table { shape: Shape::Large, ..table }.to_string());
        let mut tally = Tally::default();
        self.kept.reserve_exact(table.rows as usize);
        for call in 0..table.rows {
            if call % KEPT_AT_ONCE == 0 {
                large.get(&Get::new(key(call)))?.context("no row")?;
            }
            let row = handle.get(&Get::new(key(call)))?.context("no row")?;
            add(&mut tally, &row);
            self.kept.push(row);
        }
        Ok(tally)
    }

    fn put(&mut self, table: Table) -> Result<()> {
        let handle = self.hbase.table(table.to_string());
        puts(table).try_for_each(|put| Ok(handle.put(&put)?))
    }

    fn make(&mut self, table: Table) -> Result<()> {
        puts(table).for_each(|put| drop(black_box(put)));
        Ok(())
    }

    fn write(&mut self, table: Table) -> Result<()> {
        let writer = self.hbase.table(table.to_string()).writer(WriterOptions::new());
        puts(table).try_for_each(|put| writer.write(put))?;
        Ok(writer.close()?)
    }

    fn put_in_pipelines(&mut self, table: Table, size: u32) -> Result<()> {
        let handle = self.hbase.table(table.to_string());
        let mut puts = puts(table).peekable();
        while puts.peek().is_some() {
            let mut pipeline = self.hbase.pipeline();
            for put in puts.by_ref().take(size as usize) {
                pipeline.put(&handle, put)?;
            }
            pipeline.send().all()?;
        }
        Ok(())
    }
}

fn get(handle: &Handle, calls: Range<u64>) -> Result<Tally> {
    let mut tally = Tally::default();
    for call in calls {
        let row = handle.get(&Get::new(key(call)))?.context("no row")?;
        add(&mut tally, &row);
    }
    Ok(tally)
}

/// As a caller makes them: each with copies of its own.
fn puts(table: Table) -> impl Iterator<Item = Put> {
    let value = vec![b'v'; table.shape.value_size()];
    (0..table.rows).map(move |call| put(table.shape, call, &value))
}

/// A function of its own, so that it is the same code wherever puts are made.
#[inline(never)]
fn put(shape: Shape, call: u64, value: &[u8]) -> Put {
    Put::new(key(call)).column(shape.column(0), value)
}

pub(super) fn add(tally: &mut Tally, row: &Row) {
    tally.row(row.key());
    for cell in row.cells() {
        tally.cell(cell.column().len(), cell.value());
    }
}
