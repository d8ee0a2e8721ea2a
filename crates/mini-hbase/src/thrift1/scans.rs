//! Scanners opened, fetched from, closed.

use std::sync::{Arc, PoisonError};

use hbase_thrift_api::{ScannerID, TScan, Text};

use super::failure::{Throws, invalid_scanner, thrown};
use super::page::Page;
use super::reads;
use crate::budget::Share;
use crate::exceptions::internal;
use crate::model::filter;
use crate::model::{Bound, Result, Rows, Scan, Scanner};
use crate::names;
use crate::scanners::{OpenScanner, own, take_rows};
use crate::service::Service;

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
    pub(super) fn open(&self, share: &Share, table: &[u8], scan: TScan) -> Result<ScannerID> {
        let share = own(share);
        let filter = match &scan.filter_string {
            Some(text) => Some(filter::parse(text, &share)?),
            None => None,
        };
        let start = scan.start_row.unwrap_or_default();
        let stop = scan.stop_row.unwrap_or_default();
        take_rows(&share, &[&start, &stop])?;
        // The same row as both is that row (`Scan.setStopRow`).
        let is_one_row = !start.is_empty() && start == stop;
        let start = Bound { row: start, inclusive: true };
        let stop = Bound { row: stop, inclusive: is_one_row };
        let columns = scan.columns.unwrap_or_default();
        let query = reads::query(&share, &columns, scan.timestamp, 1)?;
        self.add(
            Scan {
                table: names::table(table)?,
                rows: Rows::Range { start, stop },
                reversed: scan.reversed.unwrap_or(false),
                query,
                batch: scan
                    .batch_size
                    .and_then(|size| usize::try_from(size).ok())
                    .filter(|&n| n > 0),
                limit: None,
                filter,
            },
            scan.sort_columns.unwrap_or(false),
            share,
        )
    }

    pub(super) fn open_prefix(
        &self,
        share: &Share,
        table: &[u8],
        prefix: Text,
        columns: Vec<Text>,
    ) -> Result<ScannerID> {
        let share = own(share);
        take_rows(&share, &[&prefix])?;
        let query = reads::query(&share, &columns, None, 1)?;
        self.add(
            Scan {
                table: names::table(table)?,
                rows: Rows::Prefix(prefix),
                reversed: false,
                query,
                batch: None,
                limit: None,
                filter: None,
            },
            false,
            share,
        )
    }

    /// Fetches the next results of a scanner.
    ///
    /// # Errors
    /// The exception that the method throws.
    pub(crate) fn fetch(
        &self,
        share: &Arc<Share>,
        method: &str,
        id: ScannerID,
        count: i32,
    ) -> thrift::Result<Page> {
        let found = self.scanners.find(id, self.store.now());
        let open = found.ok_or_else(invalid_scanner)?;
        // A fetch that panicked elsewhere leaves a scanner that at worst repeats itself.
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        // No array has a negative length, in Java either.
        let count = usize::try_from(count).map_err(|_| internal(method))?;
        let mut page = Page::new(open.sorted);
        let fetched = open.scanner.fetch(
            &self.store,
            count,
            &mut self.limits(share),
            &mut |table, row, cells| {
                page.push(table, row, cells);
                Ok(())
            },
        );
        // A long fetch doesn't count against the lease.
        self.scanners.find(id, self.store.now());
        fetched.map_err(|error| thrown(method, Throws::Io, error))?;
        Ok(page)
    }

    pub(super) fn close(&self, id: ScannerID) -> thrift::Result<()> {
        if self.scanners.remove(id, self.store.now()) { Ok(()) } else { Err(invalid_scanner()) }
    }

    fn add(&self, scan: Scan, sorted: bool, share: Share) -> Result<ScannerID> {
        share.stand_beside(0);
        let open = OpenScanner { scanner: Scanner::new(scan, share), sorted };
        self.scanners.add(open, self.store.now())
    }
}
