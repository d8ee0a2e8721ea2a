//! Scanners opened, fetched from, closed, and pages that are one call.

use std::sync::PoisonError;

use hbase_thrift_api::thrift2::{TResult, TScan};

use super::Handler;
use super::failure::{invalid_scanner, thrown};
use super::requests;
use super::results::result;
use crate::exceptions::internal;
use crate::model::{Error, Result, Scanner};
use crate::names;
use crate::scanners::{OpenScanner, own};

impl Handler {
    pub(super) fn open(&self, table: &[u8], scan: TScan) -> Result<i32> {
        let scanner = self.scanner(table, scan)?;
        let open = OpenScanner { scanner, sorted: false };
        self.service.thrift2_scanners.add(open, self.service.now())
    }

    pub(super) fn fetch(&self, id: i32, count: i32) -> thrift::Result<Vec<TResult>> {
        const METHOD: &str = "getScannerRows";
        let scanners = &self.service.thrift2_scanners;
        let found = scanners.find(id, self.service.now()).ok_or_else(invalid_scanner)?;
        // A fetch that panicked elsewhere leaves a scanner that at worst repeats itself.
        let mut open = found.lock().unwrap_or_else(PoisonError::into_inner);
        // No array has a negative length, in Java either.
        let count = usize::try_from(count).map_err(|_| internal(METHOD))?;
        let fetched = self.results(&mut open.scanner, count);
        // A long fetch doesn't count against the lease.
        scanners.find(id, self.service.now());
        fetched.map_err(|error| thrown(METHOD, error))
    }

    /// Opens, fetches and closes; nothing is left of it.
    pub(super) fn page(&self, table: &[u8], scan: TScan, count: i32) -> Result<Vec<TResult>> {
        let mut scanner = self.scanner(table, scan)?;
        let count = usize::try_from(count);
        let count = count.map_err(|_| Error::Illegal("a negative number of rows".to_owned()))?;
        self.results(&mut scanner, count)
    }

    /// Whether there was such a scanner isn't said.
    pub(super) fn close(&self, id: i32) {
        self.service.thrift2_scanners.remove(id, self.service.now());
    }

    fn scanner(&self, table: &[u8], scan: TScan) -> Result<Scanner> {
        let table = names::table(table)?;
        let share = own(&self.share);
        let scan = requests::scan(table, scan, &share)?;
        share.stand_beside(0);
        Ok(Scanner::new(scan, share))
    }

    fn results(&self, scanner: &mut Scanner, count: usize) -> Result<Vec<TResult>> {
        let mut results = Vec::new();
        scanner.fetch(
            &self.service.store,
            count,
            &mut self.service.limits(&self.share),
            &mut |table, row, cells| {
                results.push(result(table, row, cells, &self.share)?);
                Ok(())
            },
        )?;
        Ok(results)
    }
}
