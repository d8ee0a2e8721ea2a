//! Scans over a key space that is split by a salt: the same range behind each of several prefixes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use super::{Rows, ScanRows};
use crate::error::Result;
use crate::request::Scan;
use crate::row::Row;

/// The rows of several scans, in no order.
pub(crate) struct UnionRows {
    waiting: VecDeque<ScanRows>,
    running: VecDeque<ScanRows>,
    left: u64,
}

/// The rows of several scans, in order of their keys behind the salts.
pub(crate) struct MergeRows {
    scans: Vec<Salted>,
    fronts: BinaryHeap<Front>,
    /// Scans whose next row is not among the fronts.
    behind: Vec<usize>,
    reversed: bool,
    left: u64,
}

struct Salted {
    rows: ScanRows,
    salt: usize,
}

/// The next row of one scan.
struct Front {
    row: Row,
    /// How many bytes of its key are the salt.
    salt: usize,
    scan: usize,
    reversed: bool,
}

/// How many scans of a union have rows at hand or under way.
const SCANS_AT_ONCE: usize = 4;

impl UnionRows {
    pub(crate) fn new(scans: impl Iterator<Item = ScanRows>, limit: Option<u64>) -> Self {
        let waiting = scans.collect();
        Self { waiting, running: VecDeque::new(), left: limit.unwrap_or(u64::MAX) }
    }

    fn took_one(&mut self) {
        self.left -= 1;
        if self.running.front().is_some_and(ScanRows::is_batch_empty) {
            // Its next batch is on the way while the others are read.
            self.running.rotate_left(1);
        }
        if self.left == 0 {
            self.end();
        }
    }
}

impl Rows for UnionRows {
    fn at_hand(&mut self) -> Option<Row> {
        if self.left == 0 {
            return None;
        }
        let row = self.running.front_mut()?.at_hand()?;
        self.took_one();
        Some(row)
    }

    async fn find(&mut self) -> Result<Option<Row>> {
        while self.left > 0 {
            while self.running.len() < SCANS_AT_ONCE
                && let Some(scan) = self.waiting.pop_front()
            {
                self.running.push_back(scan);
            }
            let Some(scan) = self.running.front_mut() else { break };
            if let Some(row) = scan.next_row().await? {
                self.took_one();
                return Ok(Some(row));
            }
            self.running.pop_front();
        }
        Ok(None)
    }

    fn end(&mut self) {
        self.left = 0;
        self.running.clear();
        self.waiting.clear();
    }
}

impl MergeRows {
    pub(crate) fn new(scans: impl Iterator<Item = (usize, ScanRows)>, scan: &Scan) -> Self {
        let scans: Vec<_> = scans.map(|(salt, rows)| Salted { rows, salt }).collect();
        Self {
            // Merging begins with reading, so not before a row is asked for.
            behind: (0..scans.len()).rev().collect(),
            fronts: BinaryHeap::with_capacity(scans.len()),
            scans,
            reversed: scan.reversed,
            left: scan.limit.unwrap_or(u64::MAX),
        }
    }

    /// The scan that is behind last has this row, or has ended.
    fn came(&mut self, scan: usize, row: Option<Row>) {
        self.behind.pop();
        if let Some(row) = row {
            let (salt, reversed) = (self.scans[scan].salt, self.reversed);
            self.fronts.push(Front { row, salt, scan, reversed });
        }
    }

    fn foremost(&mut self) -> Option<Row> {
        let Front { row, scan, .. } = self.fronts.pop()?;
        self.behind.push(scan);
        self.left -= 1;
        if self.left == 0 {
            self.end();
        }
        Some(row)
    }
}

impl Rows for MergeRows {
    fn at_hand(&mut self) -> Option<Row> {
        while let Some(scan) = self.behind.last().copied() {
            let row = self.scans[scan].rows.at_hand()?;
            self.came(scan, Some(row));
        }
        self.foremost()
    }

    async fn find(&mut self) -> Result<Option<Row>> {
        if self.left == 0 {
            return Ok(None);
        }
        // Taken out once its row is there, so that who stops waiting loses none.
        while let Some(scan) = self.behind.last().copied() {
            let row = self.scans[scan].rows.next_row().await?;
            self.came(scan, row);
        }
        Ok(self.foremost())
    }

    fn end(&mut self) {
        self.left = 0;
        self.fronts.clear();
        self.behind.clear();
        self.scans.clear();
    }
}

impl Front {
    fn key(&self) -> &[u8] {
        self.row.key().get(self.salt..).unwrap_or_default()
    }
}

// The heap hands out the greatest first: the lowest key or, backwards, the highest; of equal ones, the
// first scan's.
impl Ord for Front {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = self.key().cmp(other.key());
        let keys = if self.reversed { keys } else { keys.reverse() };
        keys.then_with(|| other.scan.cmp(&self.scan))
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
