//! Scans over a key space that is split by a salt: the same range behind each of several prefixes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::iter::FusedIterator;

use super::scanner::Scanner;
use crate::error::Result;
use crate::request::Scan;
use crate::row::Row;

/// The rows behind all salts, or of all regions, in no particular order:
/// [`Table::scan_union`](crate::Table::scan_union),
/// [`Table::scan_regions`](crate::Table::scan_regions).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crash_reports");
/// let salts = "0123456789abcdef".chars().map(String::from);
/// for row in table.scan_union(salts, Scan::new().prefix("120508"))? {
///     println!("{}", row?.key().escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct UnionScan {
    waiting: VecDeque<Scanner>,
    running: VecDeque<Scanner>,
    left: u64,
}

/// The rows behind all salts in the order of their keys without the salt:
/// [`Table::scan_merge`](crate::Table::scan_merge).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crash_reports");
/// let salts = "0123456789abcdef".chars().map(String::from);
/// let mut rows = table.scan_merge(salts, Scan::new().prefix("120508").reversed())?;
/// if let Some(newest) = rows.next().transpose()? {
///     println!("the newest is {}", newest.key().escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct MergeScan {
    scanners: Vec<Salted>,
    /// A row of each scanner that has one.
    fronts: BinaryHeap<Front>,
    /// Scanners whose next row has to be known before another row is handed out. It is not asked for
    /// earlier, so that no row waits for the one after it.
    behind: Vec<usize>,
    reversed: bool,
    left: u64,
}

/// A scanner with the length of its salt.
struct Salted {
    scanner: Scanner,
    salt: usize,
}

/// A row whose turn has not come.
struct Front {
    row: Row,
    salt: usize,
    scanner: usize,
    reversed: bool,
}

/// How many salts of a union are read at once.
const SCANNERS_AT_ONCE: usize = 4;

impl UnionScan {
    pub(crate) fn new(scanners: impl Iterator<Item = Scanner>, limit: Option<u64>) -> Self {
        let waiting = scanners.collect();
        Self { waiting, running: VecDeque::new(), left: limit.unwrap_or(u64::MAX) }
    }

    /// Counts the rows that are left.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crash_reports");
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// let rows = table.scan_union(salts, Scan::new().prefix("120508"))?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub fn count_rows(mut self) -> Result<u64> {
        self.try_fold(0, |rows, row| row.map(|_| rows + 1))
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

impl FusedIterator for UnionScan {}

impl MergeScan {
    /// Each scanner comes with the length of its salt.
    pub(crate) fn new(scanners: impl Iterator<Item = (usize, Scanner)>, scan: &Scan) -> Self {
        let scanners: Vec<_> = scanners.map(|(salt, scanner)| Salted { scanner, salt }).collect();
        Self {
            // Merging begins with reading, so not before a row is asked for.
            behind: (0..scanners.len()).rev().collect(),
            fronts: BinaryHeap::with_capacity(scanners.len()),
            scanners,
            reversed: scan.reversed,
            left: scan.limit.unwrap_or(u64::MAX),
        }
    }

    /// Counts the rows that are left.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crash_reports");
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// let rows = table.scan_merge(salts, Scan::new().prefix("120508"))?.count_rows()?;
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
        while let Some(behind) = self.behind.pop() {
            let Salted { scanner, salt } = &mut self.scanners[behind];
            if let Some(row) = scanner.next().transpose()? {
                let (salt, reversed) = (*salt, self.reversed);
                self.fronts.push(Front { row, salt, scanner: behind, reversed });
            }
        }
        Ok(self.fronts.pop().map(|Front { row, scanner, .. }| {
            self.behind.push(scanner);
            row
        }))
    }

    fn end(&mut self) {
        self.left = 0;
        self.fronts.clear();
        self.behind.clear();
        self.scanners.clear();
    }
}

impl Iterator for MergeScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        let row = if self.left > 0 { self.next_row().transpose() } else { None };
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || !matches!(row, Some(Ok(_))) {
            self.end();
        }
        row
    }
}

impl FusedIterator for MergeScan {}

impl Front {
    fn key(&self) -> &[u8] {
        self.row.key().get(self.salt..).unwrap_or_default()
    }
}

/// The greatest comes first; equal keys come in the order of their salts.
impl Ord for Front {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = self.key().cmp(other.key());
        let keys = if self.reversed { keys } else { keys.reverse() };
        keys.then_with(|| other.scanner.cmp(&self.scanner))
    }
}

impl PartialOrd for Front {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Front {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Front {}

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
