//! Scans over rows that nobody changes: every row once, in order, or an error at its place.

use super::caller::{Caller, Kind, SLACK};
use super::table::Row;
use crate::error::Result;
use crate::request::Scan;
use crate::row::Row as Found;
use crate::sync::blocking;

/// What a scan has to return, and what it returned so far.
struct Expected {
    rows: Vec<Row>,
    found: Vec<Row>,
    /// How many of them are known to be in their places.
    checked: usize,
    is_split: bool,
    /// How much of a key says nothing of its place: rows of several salts may stand in any order
    /// where the rest of their keys is equal.
    salt: usize,
    /// Rows may be missing.
    has_gaps: bool,
}

impl Expected {
    /// Takes a row, or a part of one.
    fn take(&mut self, row: &Found) -> std::result::Result<(), String> {
        let key = row.key();
        let cells = row.cells().map(|cell| (cell.column().to_vec(), cell.value().to_vec()));
        match self.found.last_mut() {
            Some((last, columns)) if last == key && self.is_split => {
                for (column, value) in cells {
                    if columns.insert(column, value).is_some() {
                        return Err(format!("{} has a cell twice", key.escape_ascii()));
                    }
                }
            }
            _ => self.found.push((key.to_vec(), cells.collect())),
        }
        if self.has_gaps {
            return self.take_with_gaps();
        }
        // The last one may not be whole yet.
        let whole = self.found.len() - usize::from(self.is_split);
        let is_out_of_place = |(found, expected): (&Row, &Row)| {
            found.0[self.salt..] != expected.0[self.salt..] || (self.salt == 0 && found != expected)
        };
        let mut pairs = self.found[..whole].iter().zip(&self.rows).skip(self.checked);
        if self.found.len() > self.rows.len() || pairs.any(is_out_of_place) {
            let keys: Vec<_> =
                self.found.iter().map(|(key, _)| key.escape_ascii().to_string()).collect();
            return Err(format!("rows are missing, doubled or out of order: {keys:?}"));
        }
        self.checked = whole;
        Ok(())
    }

    /// Each row is one of those that have to come, and after the one before.
    fn take_with_gaps(&self) -> std::result::Result<(), String> {
        let place = |(key, _): &Row| self.rows.iter().position(|(other, _)| other == key);
        let places: Vec<_> = self.found.iter().map(place).collect();
        let is_before = |a: &Option<usize>, b: &Option<usize>| match (a, b) {
            // Equal but for their salts.
            (Some(a), Some(b)) => {
                a < b || (a != b && self.rows[*a].0[self.salt..] == self.rows[*b].0[self.salt..])
            }
            _ => false,
        };
        if places.is_sorted_by(is_before) && places.iter().all(Option::is_some) {
            return Ok(());
        }
        let keys: Vec<_> =
            self.found.iter().map(|(key, _)| key.escape_ascii().to_string()).collect();
        Err(format!("rows are doubled, out of order or of another scan: {keys:?}"))
    }

    fn end(&self) -> std::result::Result<(), String> {
        let (found, all) = (self.found.len(), self.rows.len());
        let sorted = |rows: &[Row]| {
            let mut rows = rows.to_vec();
            rows.sort();
            rows
        };
        if self.has_gaps || found == all && sorted(&self.found) == sorted(&self.rows) {
            return Ok(());
        }
        Err(format!("a scan ended without an error after {found} of {all} rows"))
    }
}

/// A step of a scan is dropped twice at most.
const FETCHES_WITH_DROPS: u32 = 3;

impl Caller {
    fn random_scan(&mut self) -> Scan {
        let caching = self.luck.choice([1, 3, 10, 200]).unwrap_or(1);
        Scan::new().caching(caching).read_ahead(self.luck.u8(0..4) > 0)
    }

    pub(super) fn scan(&mut self) {
        let mut scan = self.random_scan();
        let mut rows = self.plan.rows();
        if self.luck.bool() || rows.is_empty() {
            scan = scan.prefix("s");
        } else {
            let start = rows[self.luck.usize(0..rows.len())].0.clone();
            let stop = b"t".to_vec();
            scan = scan.start(start.clone()).stop(stop);
            rows.retain(|(key, _)| *key >= start);
            if self.luck.bool() {
                // Backwards the scan begins at its start.
                rows = self.plan.rows();
                rows.retain(|(key, _)| *key <= start);
                rows.reverse();
                scan = Scan { reversed: true, ..scan.clone() }.stop("s");
            }
        }
        let is_split = self.luck.u8(0..4) == 0;
        if is_split {
            scan = scan.batch(self.luck.u32(1..=3));
        } else if self.luck.bool() {
            let limit = self.luck.usize(0..=rows.len() + 1);
            scan = scan.limit(limit as u64);
            // Where rows are missing, others fill the limit.
            if !self.plan.mixes_up_scanners() {
                rows.truncate(limit);
            }
        }
        let has_gaps = self.plan.mixes_up_scanners();
        let expected =
            Expected { rows, found: Vec::new(), checked: 0, is_split, salt: 0, has_gaps };
        if self.plan.has_drops {
            let found = blocking(self.table_driver().scan(scan)).expect("a scan");
            let scanner = self.with_drops(found);
            return self.read(scanner, expected, FETCHES_WITH_DROPS);
        }
        let scanner = self.table.scan(scan).expect("a scan");
        self.read(scanner, expected, 1);
    }

    pub(super) fn salted(&mut self) {
        let mut scan = self.random_scan();
        let mut rows = self.plan.rows();
        let salts = self.plan.salts();
        let count = u32::try_from(salts.len()).expect("few");
        if self.luck.bool() {
            if self.plan.has_drops {
                let found = blocking(self.table_driver().scan_union(salts, scan));
                let scanner = self.with_drops(found.expect("a scan"));
                return self.read_in_any_order(scanner, rows, FETCHES_WITH_DROPS * count);
            }
            let scanner = self.table.scan_union(salts, scan).expect("a scan");
            return self.read_in_any_order(scanner, rows, count);
        }
        let is_reversed = self.luck.bool();
        // By what stands behind the salt; equals come in the order of their salts.
        rows.sort_by(|(a, _), (b, _)| {
            let order = a[2..].cmp(&b[2..]);
            if is_reversed { order.reverse() } else { order }
        });
        if is_reversed {
            scan = scan.reversed();
        }
        let (found, has_gaps) = (Vec::new(), self.plan.mixes_up_scanners());
        let expected = Expected { rows, found, checked: 0, is_split: false, salt: 2, has_gaps };
        if self.plan.has_drops {
            let found = blocking(self.table_driver().scan_merge(salts, scan));
            let scanner = self.with_drops(found.expect("a scan"));
            return self.read(scanner, expected, FETCHES_WITH_DROPS * count);
        }
        let scanner = self.table.scan_merge(salts, scan).expect("a scan");
        self.read(scanner, expected, count);
    }

    fn read(
        &mut self,
        mut scanner: impl Iterator<Item = Result<Found>>,
        mut expected: Expected,
        mut fetches: u32,
    ) {
        let stops_after = if self.luck.u8(0..4) == 0 { self.luck.usize(0..10) } else { usize::MAX };
        let is_slow = self.luck.u8(0..4) == 0;
        for _ in 0..stops_after {
            let limit = (self.limit() + SLACK) * fetches;
            match self.within("a step of a scan", limit, |_| scanner.next()) {
                Some(Ok(row)) => {
                    // Only the first row needs one behind each salt.
                    fetches = if self.plan.has_drops { FETCHES_WITH_DROPS } else { 1 };
                    if let Err(wrong) = expected.take(&row) {
                        return self.violation(wrong);
                    }
                }
                Some(Err(error)) => {
                    self.check_failure(Kind::Read, &error);
                    break;
                }
                None => {
                    if let Err(wrong) = expected.end() {
                        self.violation(wrong);
                    }
                    break;
                }
            }
            if is_slow {
                self.pause();
            }
        }
        self.within("to drop a scan", SLACK, |_| drop(scanner));
    }

    fn read_in_any_order(
        &mut self,
        scanner: impl Iterator<Item = Result<Found>>,
        rows: Vec<Row>,
        fetches: u32,
    ) {
        let limit = self.limit() * fetches;
        let mut found: Vec<Vec<u8>> = Vec::new();
        let mut scanner = scanner;
        loop {
            match self.within("a step of a union", limit + SLACK * fetches, |_| scanner.next()) {
                Some(Ok(row)) => found.push(row.key().to_vec()),
                Some(Err(error)) => {
                    self.check_failure(Kind::Read, &error);
                    let came = found.len();
                    found.sort();
                    found.dedup();
                    if came != found.len() {
                        self.violation("a union returned rows twice");
                    }
                    return;
                }
                None => break,
            }
        }
        found.sort();
        let mut keys: Vec<Vec<u8>> = rows.into_iter().map(|(key, _)| key).collect();
        keys.sort();
        if self.plan.mixes_up_scanners() {
            let came = found.len();
            found.dedup();
            if came != found.len() || !found.iter().all(|key| keys.binary_search(key).is_ok()) {
                self.violation("a union returned rows twice, or of another scan");
            }
            return;
        }
        if found != keys {
            let (found, all) = (found.len(), keys.len());
            self.violation(format!("a union returned {found} of {all} rows"));
        }
    }
}
