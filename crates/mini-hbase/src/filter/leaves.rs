//! Filters that look at keys, names and times, or count.

use std::collections::BTreeSet;

use super::compare::Comparison;
use super::{Filter, Verdict, View};

/// Values are left out, or replaced by their length.
pub(super) struct KeyOnly {
    length_as_value: bool,
}

impl KeyOnly {
    pub(super) fn new(length_as_value: bool) -> Self {
        Self { length_as_value }
    }
}

impl Filter for KeyOnly {
    fn excludes_key(&mut self, _row: &[u8]) -> bool {
        false
    }

    fn transform(&self, value: &mut Vec<u8>) {
        let length = (value.len() as u32).to_be_bytes();
        value.clear();
        if self.length_as_value {
            value.extend(length);
        }
    }
}

/// The first cell of each row.
#[derive(Default)]
pub(super) struct FirstKeyOnly {
    has_found: bool,
}

impl Filter for FirstKeyOnly {
    fn reset(&mut self) {
        self.has_found = false;
    }

    fn judge(&mut self, _cell: View<'_>) -> Verdict {
        if std::mem::replace(&mut self.has_found, true) {
            Verdict::NextRow
        } else {
            Verdict::Include
        }
    }
}

/// Rows that begin so. Until a key was seen, nothing passes.
pub(super) struct Prefix {
    start: Vec<u8>,
    reversed: bool,
    is_past: bool,
    excludes: bool,
}

impl Prefix {
    pub(super) fn new(prefix: &[u8], reversed: bool) -> Self {
        Self { start: prefix.to_vec(), reversed, is_past: false, excludes: true }
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

    fn judge(&mut self, _cell: View<'_>) -> Verdict {
        if self.excludes { Verdict::NextRow } else { Verdict::Include }
    }

    fn excludes_row(&mut self) -> bool {
        self.excludes
    }
}

/// Rows up to and with one.
pub(super) struct InclusiveStop {
    stop: Vec<u8>,
    reversed: bool,
    is_past: bool,
}

impl InclusiveStop {
    pub(super) fn new(stop: &[u8], reversed: bool) -> Self {
        Self { stop: stop.to_vec(), reversed, is_past: false }
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
}

/// Rows whose key compares well.
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
        self.excludes = !self.comparison.holds(row);
        self.excludes
    }

    fn judge(&mut self, _cell: View<'_>) -> Verdict {
        if self.excludes { Verdict::NextRow } else { Verdict::Include }
    }

    fn excludes_row(&mut self) -> bool {
        self.excludes
    }
}

/// So many rows. Behind other filters of a list it counts only what they let pass.
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

    fn excludes_key(&mut self, _row: &[u8]) -> bool {
        false
    }

    fn excludes_row(&mut self) -> bool {
        self.accepted += 1;
        self.accepted > self.size
    }

    fn judges_rows(&self) -> bool {
        true
    }
}

/// Families whose name compares well.
pub(super) struct Family(Comparison);

impl Family {
    pub(super) fn new(comparison: Comparison) -> Self {
        Self(comparison)
    }
}

impl Filter for Family {
    fn judge(&mut self, cell: View<'_>) -> Verdict {
        if self.0.holds(cell.family) { Verdict::Include } else { Verdict::NextRow }
    }
}

/// Columns whose qualifier compares well.
pub(super) struct Qualifier(Comparison);

impl Qualifier {
    pub(super) fn new(comparison: Comparison) -> Self {
        Self(comparison)
    }
}

impl Filter for Qualifier {
    fn judge(&mut self, cell: View<'_>) -> Verdict {
        if self.0.holds(cell.qualifier) { Verdict::Include } else { Verdict::Skip }
    }
}

/// Columns whose qualifier begins so.
pub(super) struct ColumnPrefix(Vec<u8>);

impl ColumnPrefix {
    pub(super) fn new(prefix: &[u8]) -> Self {
        Self(prefix.to_vec())
    }
}

impl Filter for ColumnPrefix {
    fn judge(&mut self, cell: View<'_>) -> Verdict {
        if cell.qualifier.starts_with(&self.0) {
            Verdict::Include
        } else if cell.qualifier < self.0.as_slice() {
            Verdict::Seek
        } else {
            Verdict::NextRow
        }
    }
}

/// Columns whose qualifier begins with one of some prefixes; of those that are not greater than
/// it, only the greatest counts.
pub(super) struct MultipleColumnPrefix(BTreeSet<Vec<u8>>);

impl MultipleColumnPrefix {
    pub(super) fn new(prefixes: BTreeSet<Vec<u8>>) -> Self {
        Self(prefixes)
    }
}

impl Filter for MultipleColumnPrefix {
    fn judge(&mut self, cell: View<'_>) -> Verdict {
        let qualifier = cell.qualifier.to_vec();
        let before = self.0.range(..=qualifier.clone()).next_back();
        if before.is_some_and(|prefix| qualifier.starts_with(prefix)) {
            Verdict::Include
        } else if self.0.last().is_some_and(|last| *last > qualifier) {
            Verdict::Seek
        } else {
            Verdict::NextRow
        }
    }
}

/// Columns between two qualifiers; an empty one is no bound.
pub(super) struct ColumnRange {
    min: (Vec<u8>, bool),
    max: (Vec<u8>, bool),
}

impl ColumnRange {
    pub(super) fn new(min: (&[u8], bool), max: (&[u8], bool)) -> Self {
        Self { min: (min.0.to_vec(), min.1), max: (max.0.to_vec(), max.1) }
    }
}

impl Filter for ColumnRange {
    fn judge(&mut self, cell: View<'_>) -> Verdict {
        let (min, min_inclusive) = &self.min;
        if !min.is_empty() {
            if cell.qualifier < min.as_slice() {
                return Verdict::Seek;
            }
            if !min_inclusive && cell.qualifier == min.as_slice() {
                return Verdict::NextColumn;
            }
        }
        let (max, max_inclusive) = &self.max;
        let ordering = cell.qualifier.cmp(max.as_slice());
        if max.is_empty() || ordering.is_lt() || (*max_inclusive && ordering.is_eq()) {
            Verdict::Include
        } else {
            Verdict::NextRow
        }
    }
}

/// So many columns of the first row that has more; made for reads of one row.
pub(super) struct ColumnCountGet {
    limit: u64,
    count: u64,
}

impl ColumnCountGet {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, count: 0 }
    }
}

impl Filter for ColumnCountGet {
    fn reset(&mut self) {
        self.count = 0;
    }

    fn is_done(&self) -> bool {
        self.count > self.limit
    }

    fn judge(&mut self, _cell: View<'_>) -> Verdict {
        self.count += 1;
        if self.is_done() { Verdict::NextColumn } else { Verdict::IncludeAndNextColumn }
    }
}

/// So many columns of each row, after so many others.
pub(super) struct ColumnPagination {
    limit: u64,
    offset: u64,
    count: u64,
}

impl ColumnPagination {
    pub(super) fn new(limit: u64, offset: u64) -> Self {
        Self { limit, offset, count: 0 }
    }
}

impl Filter for ColumnPagination {
    fn reset(&mut self) {
        self.count = 0;
    }

    fn excludes_key(&mut self, _row: &[u8]) -> bool {
        false
    }

    fn judge(&mut self, _cell: View<'_>) -> Verdict {
        if self.count >= self.offset + self.limit {
            return Verdict::NextRow;
        }
        let passes = self.count >= self.offset;
        self.count += 1;
        if passes { Verdict::IncludeAndNextColumn } else { Verdict::NextColumn }
    }
}

/// Versions with exactly these times.
pub(super) struct Timestamps(BTreeSet<i64>);

impl Timestamps {
    pub(super) fn new(times: Vec<i64>) -> Self {
        Self(times.into_iter().collect())
    }
}

impl Filter for Timestamps {
    fn judge(&mut self, cell: View<'_>) -> Verdict {
        if self.0.contains(&cell.timestamp) {
            Verdict::Include
        } else if self.0.first().is_none_or(|&first| cell.timestamp < first) {
            Verdict::NextColumn
        } else {
            Verdict::Skip
        }
    }
}
