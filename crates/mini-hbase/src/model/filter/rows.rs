//! Filters that look at the keys of rows, or count rows.

use super::compare::Comparison;
use super::{Filter, Verdict, View};

/// Rows that begin so. Until a key was seen, nothing passes.
#[derive(Clone)]
pub(super) struct Prefix {
    start: Vec<u8>,
    reversed: bool,
    is_past: bool,
    excludes: bool,
}

impl Prefix {
    pub(super) fn new(prefix: &[u8]) -> Self {
        Self { start: prefix.to_vec(), reversed: false, is_past: false, excludes: true }
    }
}

impl Filter for Prefix {
    fn reset(&mut self) {
        self.excludes = true;
    }

    fn is_done(&self) -> bool {
        self.is_past
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        if self.is_past {
            return true;
        }
        let Some(start) = row.get(..self.start.len()) else { return true };
        let ordering = start.cmp(&self.start);
        self.is_past = if self.reversed { ordering.is_lt() } else { ordering.is_gt() };
        self.excludes = ordering.is_ne();
        self.excludes
    }

    fn judge(&mut self, _cell: &View<'_>) -> Verdict {
        if self.excludes { Verdict::NextRow } else { Verdict::Include }
    }

    fn excludes_row(&mut self) -> bool {
        self.excludes
    }

    fn reverse(&mut self) {
        self.reversed = true;
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Rows up to and with one.
#[derive(Clone)]
pub(super) struct InclusiveStop {
    stop: Vec<u8>,
    reversed: bool,
    is_past: bool,
}

impl InclusiveStop {
    pub(super) fn new(stop: &[u8]) -> Self {
        Self { stop: stop.to_vec(), reversed: false, is_past: false }
    }
}

impl Filter for InclusiveStop {
    fn is_done(&self) -> bool {
        self.is_past
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        if !self.is_past {
            let ordering = row.cmp(&self.stop);
            self.is_past = if self.reversed { ordering.is_lt() } else { ordering.is_gt() };
        }
        self.is_past
    }

    fn judge(&mut self, _cell: &View<'_>) -> Verdict {
        if self.is_past { Verdict::NextRow } else { Verdict::Include }
    }

    fn reverse(&mut self) {
        self.reversed = true;
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Rows whose key compares well.
#[derive(Clone)]
pub(super) struct RowKey {
    comparison: Comparison,
    excludes: bool,
}

impl RowKey {
    pub(super) fn new(comparison: Comparison) -> Self {
        Self { comparison, excludes: false }
    }
}

impl Filter for RowKey {
    fn reset(&mut self) {
        self.excludes = false;
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        self.excludes |= !self.comparison.holds(row);
        self.excludes
    }

    fn judge(&mut self, _cell: &View<'_>) -> Verdict {
        if self.excludes { Verdict::NextRow } else { Verdict::Include }
    }

    fn excludes_row(&mut self) -> bool {
        self.excludes
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// A number of rows. Behind other filters of a list it counts only what they let pass.
#[derive(Clone)]
pub(super) struct Page {
    size: u64,
    accepted: u64,
}

impl Page {
    pub(super) fn new(size: u64) -> Self {
        Self { size, accepted: 0 }
    }
}

impl Filter for Page {
    fn is_done(&self) -> bool {
        self.accepted >= self.size
    }

    fn excludes_row(&mut self) -> bool {
        self.accepted += 1;
        self.accepted > self.size
    }

    fn judges_rows(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}
