//! Filters that look at values, of every cell or of one column.

use std::collections::HashSet;

use super::compare::Comparison;
use super::{Filter, Verdict, View};
use crate::model::cell::{Cell, Row};
use crate::model::family::Family;

/// Cells whose value compares well.
#[derive(Clone)]
pub(super) struct Value(Comparison);

impl Value {
    pub(super) fn new(comparison: Comparison) -> Self {
        Self(comparison)
    }
}

impl Filter for Value {
    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if self.0.holds(cell.value) { Verdict::Include } else { Verdict::Skip }
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// The cells of one column whose value compares well.
#[derive(Clone)]
pub(super) struct ColumnValue {
    column: TestedColumn,
    comparison: Comparison,
    has_found: bool,
}

impl ColumnValue {
    pub(super) fn new(family: &[u8], qualifier: &[u8], comparison: Comparison) -> Self {
        Self { column: TestedColumn::new(family, qualifier), comparison, has_found: false }
    }
}

impl Filter for ColumnValue {
    fn reset(&mut self) {
        self.has_found = false;
    }

    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if !self.column.is(cell) {
            return if self.has_found { Verdict::NextRow } else { Verdict::NextColumn };
        }
        self.has_found = true;
        if self.comparison.holds(cell.value) { Verdict::Include } else { Verdict::Skip }
    }

    fn needs_family(&self, family: &[u8]) -> bool {
        self.column.family == family
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Whole rows, if one column's value compares well.
#[expect(clippy::struct_excessive_bools, reason = "three are HBase's options, two its state")]
#[derive(Clone)]
pub(super) struct SingleColumnValue {
    column: TestedColumn,
    comparison: Comparison,
    excludes_if_missing: bool,
    latest_version_only: bool,
    /// Whether the column itself is left out.
    excludes_column: bool,
    has_found: bool,
    has_matched: bool,
}

impl SingleColumnValue {
    pub(super) fn new(
        (family, qualifier): (&[u8], &[u8]),
        comparison: Comparison,
        (excludes_if_missing, latest_version_only): (bool, bool),
        excludes_column: bool,
    ) -> Self {
        Self {
            column: TestedColumn::new(family, qualifier),
            comparison,
            excludes_if_missing,
            latest_version_only,
            excludes_column,
            has_found: false,
            has_matched: false,
        }
    }
}

impl Filter for SingleColumnValue {
    fn reset(&mut self) {
        self.has_found = false;
        self.has_matched = false;
    }

    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if self.has_matched {
            return Verdict::Include;
        }
        if self.latest_version_only && self.has_found {
            return Verdict::NextRow;
        }
        if !self.column.is(cell) {
            return Verdict::Include;
        }
        self.has_found = true;
        self.has_matched = self.comparison.holds(cell.value);
        if !self.has_matched && self.latest_version_only {
            return Verdict::NextRow;
        }
        Verdict::Include
    }

    fn prune(&mut self, families: &[Family], row: &mut Row) {
        if self.excludes_column {
            row.retain(|cell| !self.column.is_of(families, &cell));
        }
    }

    fn excludes_row(&mut self) -> bool {
        if self.has_found { !self.has_matched } else { self.excludes_if_missing }
    }

    fn needs_family(&self, family: &[u8]) -> bool {
        !self.excludes_if_missing || self.column.family == family
    }

    fn judges_rows(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Cells with the time of a version of one column.
#[derive(Clone)]
pub(super) struct DependentColumn {
    column: TestedColumn,
    drops_column: bool,
    comparison: Option<Comparison>,
    times: HashSet<i64>,
}

impl DependentColumn {
    pub(super) fn new(
        family: &[u8],
        qualifier: &[u8],
        drops_column: bool,
        comparison: Option<Comparison>,
    ) -> Self {
        let column = TestedColumn::new(family, qualifier);
        Self { column, drops_column, comparison, times: HashSet::new() }
    }
}

impl Filter for DependentColumn {
    fn reset(&mut self) {
        self.times.clear();
    }

    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        if !self.column.is(cell) {
            return Verdict::Include;
        }
        if self.comparison.as_ref().is_some_and(|comparison| !comparison.holds(cell.value)) {
            return Verdict::Skip;
        }
        self.times.insert(cell.timestamp);
        if self.drops_column { Verdict::Skip } else { Verdict::Include }
    }

    fn prune(&mut self, _families: &[Family], row: &mut Row) {
        row.retain(|cell| self.times.contains(&cell.timestamp));
    }

    fn judges_rows(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// The column that a filter is about.
#[derive(Clone)]
struct TestedColumn {
    family: Vec<u8>,
    qualifier: Vec<u8>,
}

impl TestedColumn {
    fn new(family: &[u8], qualifier: &[u8]) -> Self {
        Self { family: family.to_vec(), qualifier: qualifier.to_vec() }
    }

    fn is(&self, cell: &View<'_>) -> bool {
        self.family == cell.family && self.qualifier == cell.qualifier
    }

    fn is_of(&self, families: &[Family], cell: &Cell<'_>) -> bool {
        let family = families.get(usize::from(cell.family));
        family.is_some_and(|family| family.name == self.family) && cell.qualifier == self.qualifier
    }
}
