//! Scanners opened, fetched from, closed.

use std::sync::PoisonError;

use hbase_thrift_api::{ScannerID, TRowResult, TScan, Text};

use super::failure::{Throws, internal, invalid_scanner, thrown};
use super::{Service, names, reads};
use crate::filter;
use crate::scanner::{Request, Scanner};
use crate::store::{Error, Result};

/// A scan from a row on.
pub(super) fn from(start: Text, columns: Vec<Text>) -> TScan {
    TScan {
        start_row: Some(start),
        stop_row: None,
        timestamp: None,
        columns: Some(columns),
        caching: None,
        filter_string: None,
        batch_size: None,
        sort_columns: None,
        reversed: None,
        cache_blocks: None,
    }
}

impl Service {
    pub(super) fn open(&self, table: &[u8], scan: TScan) -> Result<ScannerID> {
        let reversed = scan.reversed.unwrap_or(false);
        let filter = match &scan.filter_string {
            Some(text) => Some(filter::parse(text, reversed).map_err(Error::Illegal)?),
            None => None,
        };
        self.add(Request {
            table: names::table(table)?,
            start: scan.start_row.unwrap_or_default(),
            stop: scan.stop_row.unwrap_or_default(),
            is_prefix: false,
            columns: scan.columns.unwrap_or_default(),
            before: scan.timestamp,
            reversed,
            batch: scan.batch_size.and_then(|size| usize::try_from(size).ok()).filter(|&n| n > 0),
            sorted: scan.sort_columns.unwrap_or(false),
            filter,
        })
    }

    pub(super) fn open_prefix(
        &self,
        table: &[u8],
        prefix: Text,
        columns: Vec<Text>,
    ) -> Result<ScannerID> {
        self.add(Request {
            table: names::table(table)?,
            start: prefix,
            stop: Vec::new(),
            is_prefix: true,
            columns,
            before: None,
            reversed: false,
            batch: None,
            sorted: false,
            filter: None,
        })
    }

    pub(super) fn fetch(
        &self,
        method: &str,
        id: ScannerID,
        count: i32,
    ) -> thrift::Result<Vec<TRowResult>> {
        let found = self.scanners.find(id, self.store.now());
        let scanner = found.ok_or_else(invalid_scanner)?;
        // A fetch that panicked elsewhere leaves a scanner that at worst repeats itself.
        let mut scanner = scanner.lock().unwrap_or_else(PoisonError::into_inner);
        // No array has a negative length, in Java either.
        let count = usize::try_from(count).map_err(|_| internal(method))?;
        let fetched = scanner.fetch(&self.store, count, &mut self.limits());
        // A long fetch doesn't count against the lease.
        self.scanners.find(id, self.store.now());
        let (table, rows) = fetched.map_err(|error| thrown(method, Throws::Io, error))?;
        let sorted = scanner.is_sorted();
        Ok(rows.into_iter().map(|row| reads::result(&table, row, sorted)).collect())
    }

    pub(super) fn close(&self, id: ScannerID) -> thrift::Result<()> {
        if self.scanners.remove(id, self.store.now()) { Ok(()) } else { Err(invalid_scanner()) }
    }

    fn add(&self, request: Request) -> Result<ScannerID> {
        if let Some(before) = request.before
            && before < 0
        {
            return Err(Error::Illegal(format!("Timestamp cannot be negative: {before}")));
        }
        self.scanners.add(Scanner::new(request), self.store.now()).ok_or_else(|| {
            let max = self.scanners.max();
            Error::Io(format!(
                "there are {max} open scanners, which is mini-hbase's limit; close some"
            ))
        })
    }
}
