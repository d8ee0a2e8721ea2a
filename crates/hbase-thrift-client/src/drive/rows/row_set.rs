//! Keys and ranges of keys in one stream.

use std::collections::VecDeque;
use std::vec;

use super::{Rows, ScanRows};
use crate::drive::executor::Executor;
use crate::error::Result;
use crate::request::{GetRows, KeyRange, Scan, StorePage};
use crate::row::Row;

/// The rows of a set, in order.
pub(crate) struct RowSetRows {
    executor: Executor,
    table: Vec<u8>,
    scan: Scan,
    /// In the direction of the scan.
    waiting: VecDeque<KeyRange>,
    running: Running,
    left: u64,
}

enum Running {
    Nothing,
    Range(Box<ScanRows>),
    /// Rows that were read by their keys.
    Rows(vec::IntoIter<Option<Row>>),
}

impl RowSetRows {
    pub(crate) fn new(
        executor: Executor,
        table: Vec<u8>,
        scan: Scan,
        ranges: Vec<KeyRange>,
    ) -> Self {
        let mut waiting = VecDeque::from(ranges);
        if scan.reversed {
            waiting.make_contiguous().reverse();
        }
        let left = scan.limit.unwrap_or(u64::MAX);
        Self { executor, table, scan, waiting, running: Running::Nothing, left }
    }

    pub(crate) fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Goes on with what comes next: keys that follow one another are read together.
    async fn begin_next(&mut self) -> Result<bool> {
        let keys = self.next_keys();
        self.running = if keys.is_empty() {
            let Some(range) = self.waiting.pop_front() else { return Ok(false) };
            let mut scan = self.scan.of_keys(range);
            scan.limit = self.scan.limit.map(|_| self.left);
            let scan = ScanRows::new(self.executor.clone(), self.table.clone(), scan);
            Running::Range(Box::new(scan))
        } else {
            let (selection, page) = (self.scan.selection.clone(), StorePage::default());
            let read = keys.len();
            let get = GetRows { rows: keys, selection, page };
            let rows = self.executor.run_get_rows(&self.table, &get).await?;
            // Not before they are there, so that who stops waiting loses none.
            self.waiting.drain(..read);
            Running::Rows(rows.into_iter())
        };
        Ok(true)
    }

    /// The keys that are to be read together, where that is the same as scanning each.
    fn next_keys(&self) -> Vec<Vec<u8>> {
        let Scan { filter, batch, family_times, .. } = &self.scan;
        if filter.is_some() || batch.is_some() || !family_times.is_empty() {
            return Vec::new();
        }
        let most = self.left.min(u64::from(self.scan.caching)) as usize;
        let keys = self.waiting.iter().take(most).map_while(KeyRange::only_key);
        let keys: Vec<Vec<u8>> = keys.map(<[u8]>::to_vec).collect();
        if keys.len() > 1 { keys } else { Vec::new() }
    }
}

impl Rows for RowSetRows {
    fn at_hand(&mut self) -> Option<Row> {
        if self.left == 0 {
            return None;
        }
        let row = match &mut self.running {
            Running::Nothing => None,
            Running::Range(scan) => scan.at_hand(),
            Running::Rows(rows) => rows.flatten().next(),
        }?;
        self.left -= 1;
        Some(row)
    }

    async fn find(&mut self) -> Result<Option<Row>> {
        while self.left > 0 {
            let next = match &mut self.running {
                Running::Nothing => None,
                Running::Range(scan) => scan.next_row().await?,
                Running::Rows(rows) => rows.flatten().next(),
            };
            if next.is_some() {
                self.left -= 1;
                return Ok(next);
            }
            if !self.begin_next().await? {
                break;
            }
        }
        Ok(None)
    }

    fn end(&mut self) {
        self.left = 0;
        self.running = Running::Nothing;
        self.waiting.clear();
    }
}
