//! This workspace's client, with its defaults.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use hbase_thrift_client::{Client as HBase, Config, Get, Put, Row, Scan as HBaseScan};

use super::{Client, Tally, key, work};
use crate::shape::Table;
use crate::task::Scan;

pub(super) struct Own(HBase);

impl Own {
    pub(super) fn connect(server: SocketAddr) -> Result<Self> {
        let config = Config::new(server.ip().to_string(), server.port());
        Ok(Self(HBase::connect(config)?))
    }
}

impl Client for Own {
    fn scan(&mut self, scan: &Scan, table: Table) -> Result<Tally> {
        let request = HBaseScan::new().caching(scan.batch).read_ahead(scan.read_ahead);
        let mut tally = Tally::default();
        for row in self.0.table(table.to_string()).scan(request)? {
            add(&mut tally, &row?);
            if tally.rows.is_multiple_of(u64::from(scan.batch)) {
                work(scan.work);
            }
        }
        Ok(tally)
    }

    fn get(&mut self, table: Table) -> Result<Tally> {
        let handle = self.0.table(table.to_string());
        let mut tally = Tally::default();
        for call in 0..table.rows {
            let row = handle.get(&Get::new(key(call)))?.context("no row")?;
            add(&mut tally, &row);
        }
        Ok(tally)
    }

    fn put(&mut self, table: Table) -> Result<()> {
        let handle = self.0.table(table.to_string());
        let value = vec![b'v'; table.shape.value_size()];
        for call in 0..table.rows {
            handle.put(&Put::new(key(call)).column(table.shape.column(0), value.clone()))?;
        }
        Ok(())
    }

    fn put_in_flights(&mut self, table: Table, size: u32) -> Result<()> {
        let handle = self.0.table(table.to_string());
        let value = vec![b'v'; table.shape.value_size()];
        for first in (0..table.rows).step_by(size as usize) {
            let mut flight = self.0.flight();
            for call in first..table.rows.min(first + u64::from(size)) {
                let put = Put::new(key(call)).column(table.shape.column(0), value.clone());
                flight.put(&handle, put)?;
            }
            flight.send().all()?;
        }
        Ok(())
    }
}

fn add(tally: &mut Tally, row: &Row) {
    tally.row(row.key());
    for cell in row.cells() {
        tally.cell(cell.column(), cell.value());
    }
}
