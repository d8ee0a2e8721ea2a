//! Keys and ranges of keys in one stream.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::vec;

use super::get_rows::get_rows;
use super::scanner::Scanner;
use crate::error::Result;
use crate::request::{GetRows, KeyRange, Scan, StorePage};
use crate::row::Row;
use crate::sync::Executor;

/// The rows of a [`RowSet`](crate::RowSet), in order: [`Table::scan_rows`](crate::Table::scan_rows).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::{Result, RowSet, Scan};
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crashes");
/// let rows: RowSet = ["row1", "row7"].into_iter().collect();
/// let rows = table.scan_rows(rows, Scan::new())?.collect::<Result<Vec<_>>>()?;
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct RowSetScan {
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
    Range(Box<Scanner>),
    /// Rows that were read by their keys.
    Rows(vec::IntoIter<Option<Row>>),
}

impl RowSetScan {
    /// The ranges are in order and don't touch one another.
    pub(super) fn new(
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

    /// Counts the rows that are left (results, where [`Scan::batch`] splits rows).
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{RowSet, Scan};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes");
    /// let rows = crashes.scan_rows(RowSet::new().prefix("a").prefix("c"), Scan::new())?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub fn count_rows(mut self) -> Result<u64> {
        self.try_fold(0, |rows, row| row.map(|_| rows + 1))
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        while self.left > 0 {
            let next = match &mut self.running {
                Running::Nothing => None,
                Running::Range(scanner) => scanner.next().transpose()?,
                Running::Rows(rows) => rows.flatten().next(),
            };
            if next.is_some() {
                self.left -= 1;
                return Ok(next);
            }
            if !self.begin_next()? {
                break;
            }
        }
        Ok(None)
    }

    fn begin_next(&mut self) -> Result<bool> {
        let keys = self.next_keys();
        self.running = if keys.is_empty() {
            let Some(range) = self.waiting.pop_front() else { return Ok(false) };
            let mut scan = self.scan.of_keys(range);
            scan.limit = self.scan.limit.map(|_| self.left);
            let scanner = Scanner::new(self.executor.clone(), self.table.clone(), scan);
            Running::Range(Box::new(scanner))
        } else {
            let (selection, page) = (self.scan.selection.clone(), StorePage::default());
            let get = GetRows { rows: keys, selection, page };
            Running::Rows(get_rows(&self.executor, &self.table, &get)?.into_iter())
        };
        Ok(true)
    }

    /// Takes the keys that come next, if it is more than one and they can be read together: reading by
    /// keys knows no filter and no times of single families, and splits no row.
    fn next_keys(&mut self) -> Vec<Vec<u8>> {
        let Scan { filter, batch, family_times, .. } = &self.scan;
        if filter.is_some() || batch.is_some() || !family_times.is_empty() {
            return Vec::new();
        }
        let most = self.left.min(u64::from(self.scan.caching)) as usize;
        let keys = self.waiting.iter().take(most).map_while(KeyRange::only_key);
        let keys: Vec<Vec<u8>> = keys.map(<[u8]>::to_vec).collect();
        if keys.len() > 1 {
            self.waiting.drain(..keys.len());
            keys
        } else {
            Vec::new()
        }
    }

    fn end(&mut self) {
        self.left = 0;
        self.running = Running::Nothing;
        self.waiting.clear();
    }
}

impl Iterator for RowSetScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        let row = self.next_row().transpose();
        if !matches!(row, Some(Ok(_))) {
            self.end();
        }
        row
    }
}

impl FusedIterator for RowSetScan {}

impl fmt::Debug for RowSetScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowSetScan").field("scan", &self.scan).finish_non_exhaustive()
    }
}
