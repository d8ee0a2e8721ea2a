//! Filters that look at the names and times of cells, or count columns.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;

use super::compare::Comparison;
use super::{Filter, Verdict, View};

/// Values are left out, or replaced by their length.
#[derive(Clone)]
pub(super) struct KeyOnly {
    length_as_value: bool,
}

impl KeyOnly {
    pub(super) fn new(length_as_value: bool) -> Self {
        Self { length_as_value }
    }
}

impl Filter for KeyOnly {
    fn transform(&self, value: &mut Cow<'_, [u8]>) {
        let length = (value.len() as u32).to_be_bytes();
        *value = Cow::Owned(if self.length_as_value { length.to_vec() } else { Vec::new() });
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// The first cell of each row.
#[derive(Clone, Default)]
pub(super) struct FirstKeyOnly {
    has_found: bool,
}

impl Filter for FirstKeyOnly {
    fn reset(&mut self) {
        self.has_found = false;
    }

    fn judge(&mut self, _cell: &View<'_>) -> Verdict {
        if std::mem::replace(&mut self.has_found, true) {
            Verdict::NextRow
        } else {
            Verdict::Include
        }
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Families whose name compares well.
#[derive(Clone)]
pub(super) struct FamilyName(Comparison);

impl FamilyName {
    pub(super) fn new(comparison: Comparison) -> Self {
        Self(comparison)
    }
}

impl Filter for FamilyName {
    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if self.0.holds(cell.family) { Verdict::Include } else { Verdict::NextRow }
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Columns whose qualifier compares well.
#[derive(Clone)]
pub(super) struct Qualifier(Comparison);

impl Qualifier {
    pub(super) fn new(comparison: Comparison) -> Self {
        Self(comparison)
    }
}

impl Filter for Qualifier {
    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if self.0.holds(cell.qualifier) { Verdict::Include } else { Verdict::Skip }
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Columns whose qualifier begins so.
#[derive(Clone)]
pub(super) struct ColumnPrefix(Vec<u8>);

impl ColumnPrefix {
    pub(super) fn new(prefix: &[u8]) -> Self {
        Self(prefix.to_vec())
    }
}

impl Filter for ColumnPrefix {
    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if cell.qualifier.starts_with(&self.0) {
            Verdict::Include
        } else if cell.qualifier < self.0.as_slice() {
            Verdict::Seek
        } else {
            Verdict::NextRow
        }
    }

    fn hint(&self, _cell: &View<'_>) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }

    fn is_hinting(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Columns whose qualifier begins with one of some prefixes; of those that are not greater than
/// it, only the greatest counts.
#[derive(Clone)]
pub(super) struct MultipleColumnPrefix {
    prefixes: BTreeSet<Vec<u8>>,
    next: Option<Vec<u8>>,
}

impl MultipleColumnPrefix {
    pub(super) fn new(prefixes: BTreeSet<Vec<u8>>) -> Self {
        Self { prefixes, next: None }
    }
}

impl Filter for MultipleColumnPrefix {
    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        let upto = (Bound::Unbounded, Bound::Included(cell.qualifier));
        let before = self.prefixes.range::<[u8], _>(upto).next_back();
        if self.prefixes.is_empty()
            || before.is_some_and(|prefix| cell.qualifier.starts_with(prefix))
        {
            return Verdict::Include;
        }
        let behind = (Bound::Excluded(cell.qualifier), Bound::Unbounded);
        match self.prefixes.range::<[u8], _>(behind).next() {
            Some(next) => {
                self.next = Some(next.clone());
                Verdict::Seek
            }
            None => Verdict::NextRow,
        }
    }

    fn hint(&self, _cell: &View<'_>) -> Option<Vec<u8>> {
        self.next.clone()
    }

    fn is_hinting(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Columns between two qualifiers; an empty one is no bound.
#[derive(Clone)]
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
    fn judge(&mut self, cell: &View<'_>) -> Verdict {
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

    fn hint(&self, _cell: &View<'_>) -> Option<Vec<u8>> {
        Some(self.min.0.clone())
    }

    fn is_hinting(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// So many columns of the first row that has more; made for reads of one row.
#[derive(Clone)]
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

    fn judge(&mut self, _cell: &View<'_>) -> Verdict {
        self.count += 1;
        if self.is_done() { Verdict::NextColumn } else { Verdict::IncludeAndNextColumn }
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// So many columns of each row, after so many others.
#[derive(Clone)]
pub(super) struct ColumnPagination {
    limit: i32,
    offset: i32,
    count: i32,
}

impl ColumnPagination {
    pub(super) fn new(limit: i32, offset: i32) -> Self {
        Self { limit, offset, count: 0 }
    }
}

impl Filter for ColumnPagination {
    fn reset(&mut self) {
        self.count = 0;
    }

    fn judge(&mut self, _cell: &View<'_>) -> Verdict {
        // Java's addition wraps around.
        if self.count >= self.offset.wrapping_add(self.limit) {
            return Verdict::NextRow;
        }
        let passes = self.count >= self.offset;
        self.count += 1;
        if passes { Verdict::IncludeAndNextColumn } else { Verdict::NextColumn }
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Versions with exactly these times.
#[derive(Clone)]
pub(super) struct Timestamps(BTreeSet<i64>);

impl Timestamps {
    pub(super) fn new(times: Vec<i64>) -> Self {
        Self(times.into_iter().collect())
    }
}

impl Filter for Timestamps {
    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if self.0.contains(&cell.timestamp) {
            Verdict::Include
        } else if self.0.first().is_none_or(|&first| cell.timestamp < first) {
            Verdict::NextColumn
        } else {
            Verdict::Skip
        }
    }
    fn is_hinting(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}
