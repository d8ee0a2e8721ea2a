//! Scans over a key space that is split by a salt: the same range behind each of several prefixes.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;

use itertools::Itertools;

use crate::error::Result;
use crate::request::Scan;
use crate::row::Row;
use crate::scanner::Scanner;

/// The rows behind all salts in no particular order: [`Table::scan_union`](crate::Table::scan_union).
///
/// Ends after the first error.
pub struct UnionScan {
    waiting: VecDeque<Scanner>,
    running: VecDeque<Scanner>,
    left: u64,
}

/// The rows behind all salts in the order of their keys without the salt:
/// [`Table::scan_merge`](crate::Table::scan_merge).
///
/// Ends after the first error.
pub struct MergeScan {
    state: Merge,
    left: u64,
}

enum Merge {
    NotStarted { scanners: Vec<Salted>, reversed: bool },
    Running(Box<dyn Iterator<Item = Result<SaltedRow>> + Send>),
}

/// A scanner with the length of its salt.
struct Salted {
    scanner: Scanner,
    salt: usize,
}

struct SaltedRow {
    row: Row,
    salt: usize,
}

/// How many salts of a union are read at once.
const SCANNERS_AT_ONCE: usize = 4;

impl UnionScan {
    pub(crate) fn new(scanners: impl Iterator<Item = Scanner>, limit: Option<u64>) -> Self {
        let waiting = scanners.collect();
        Self { waiting, running: VecDeque::new(), left: limit.unwrap_or(u64::MAX) }
    }

    fn next_row(&mut self) -> Option<Result<Row>> {
        while self.left > 0 {
            while self.running.len() < SCANNERS_AT_ONCE
                && let Some(scanner) = self.waiting.pop_front()
            {
                self.running.push_back(scanner);
            }
            let scanner = self.running.front_mut()?;
            match scanner.next() {
                Some(Ok(row)) => {
                    self.left -= 1;
                    if scanner.is_batch_empty() {
                        // Its next batch is on the way while the others are read.
                        self.running.rotate_left(1);
                    }
                    return Some(Ok(row));
                }
                Some(Err(error)) => {
                    self.left = 0;
                    return Some(Err(error));
                }
                None => drop(self.running.pop_front()),
            }
        }
        None
    }
}

impl Iterator for UnionScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        let row = self.next_row();
        if self.left == 0 {
            self.running.clear();
            self.waiting.clear();
        }
        row
    }
}

impl MergeScan {
    /// Each scanner comes with the length of its salt.
    pub(crate) fn new(scanners: impl Iterator<Item = (usize, Scanner)>, scan: &Scan) -> Self {
        let scanners = scanners.map(|(salt, scanner)| Salted { scanner, salt }).collect();
        let state = Merge::NotStarted { scanners, reversed: scan.reversed };
        Self { state, left: scan.limit.unwrap_or(u64::MAX) }
    }

    fn end(&mut self) {
        self.left = 0;
        self.state = Merge::Running(Box::new(std::iter::empty()));
    }
}

impl Iterator for MergeScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        if self.left == 0 {
            self.end();
            return None;
        }
        // Merging begins with reading, so not before a row is asked for.
        if let Merge::NotStarted { scanners, reversed } = &mut self.state {
            let (scanners, reversed) = (std::mem::take(scanners), *reversed);
            let merged = scanners.into_iter().kmerge_by(move |a, b| comes_first(a, b, reversed));
            self.state = Merge::Running(Box::new(merged));
        }
        let Merge::Running(rows) = &mut self.state else { return None };
        let row = rows.next();
        self.left -= 1;
        if !matches!(row, Some(Ok(_))) {
            self.end();
        }
        row.map(|row| row.map(|salted| salted.row))
    }
}

impl Iterator for Salted {
    type Item = Result<SaltedRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let salt = self.salt;
        self.scanner.next().map(|row| row.map(|row| SaltedRow { row, salt }))
    }
}

impl SaltedRow {
    fn key(&self) -> &[u8] {
        self.row.key().get(self.salt..).unwrap_or_default()
    }
}

/// An error comes before every row, so that no row is handed out whose turn it may not be.
fn comes_first(a: &Result<SaltedRow>, b: &Result<SaltedRow>, reversed: bool) -> bool {
    match (a, b) {
        (Err(_), _) => true,
        (_, Err(_)) => false,
        (Ok(a), Ok(b)) => {
            let order = a.key().cmp(b.key());
            order == if reversed { Ordering::Greater } else { Ordering::Less }
        }
    }
}

impl fmt::Debug for UnionScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnionScan").finish_non_exhaustive()
    }
}

impl fmt::Debug for MergeScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergeScan").finish_non_exhaustive()
    }
}
