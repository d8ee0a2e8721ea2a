//! A scan on its way: fetches batches, hands out rows, and closes the server's side.

use std::time::Instant;

use crate::error::{ErrorKind, Result};
use crate::executor::Executor;
use crate::pool::Lease;
use crate::request::Scan;
use crate::row::{Row, RowBatch};
use crate::thrift1;

/// The rows of a [`Scan`], in order.
///
/// An iterator of `Result<Row>` that ends after the first error. It takes one connection of the pool
/// from the first row until it ends or is dropped; it is then closed on the server too.
pub struct Scanner {
    executor: Executor,
    table: Vec<u8>,
    scan: Scan,
    state: State,
    batch: RowBatch,
    next_in_batch: usize,
    delivered: u64,
}

enum State {
    NotOpened,
    Open { lease: Box<Lease>, id: i32 },
    Done,
}

impl Scanner {
    pub(crate) fn new(executor: Executor, table: Vec<u8>, scan: Scan) -> Self {
        Self {
            executor,
            table,
            scan,
            state: State::NotOpened,
            batch: RowBatch::default(),
            next_in_batch: 0,
            delivered: 0,
        }
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        if self.scan.limit.is_some_and(|limit| self.delivered >= limit) {
            self.close();
            return Ok(None);
        }
        if self.next_in_batch >= self.batch.len() {
            self.batch = self.fetch()?;
            self.next_in_batch = 0;
        }
        let row = self.batch.get(self.next_in_batch);
        if row.is_some() {
            self.next_in_batch += 1;
            self.delivered += 1;
        } else {
            self.close();
        }
        Ok(row)
    }

    fn fetch(&mut self) -> Result<RowBatch> {
        if let State::NotOpened = self.state {
            let open = thrift1::scanner_open(&self.table, &self.scan, &self.scan.start);
            let (lease, id) = self.executor.run_keeping(&open)?;
            self.state = State::Open { lease: Box::new(lease), id };
        }
        let State::Open { lease, id } = &mut self.state else { return Ok(RowBatch::default()) };
        let left = self.scan.limit.map_or(u64::MAX, |limit| limit - self.delivered);
        let rows = u64::from(self.scan.caching).min(left) as u32;
        let deadline = self.executor.deadline();
        thrift1::scanner_get_list(*id, rows).run(lease, deadline)
    }

    fn close(&mut self) {
        self.batch = RowBatch::default();
        self.next_in_batch = 0;
        let State::Open { mut lease, id } = std::mem::replace(&mut self.state, State::Done) else {
            return;
        };
        if !lease.is_in_step() {
            return;
        }
        // The rows are delivered: that an expired scanner is gone already is none of the caller's
        // concern, and the lease ends by itself otherwise.
        let deadline = Instant::now() + self.executor.config().connect_timeout();
        if let Err(error) = thrift1::scanner_close(id).run(&mut lease, deadline)
            && error.kind() != ErrorKind::IllegalArgument
        {
            tracing::debug!(%error, "a scanner was left to its lease");
        }
    }
}

impl Iterator for Scanner {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        let row = self.next_row();
        if row.is_err() {
            self.close();
        }
        row.transpose()
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.close();
    }
}
