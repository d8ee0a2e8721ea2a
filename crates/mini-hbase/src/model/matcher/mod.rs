//! Which cells of a family of a row a read returns, and where it goes on after each of them.
//!
//! Cells come in their order, with all that is stored: several versions, deletes, cells that are
//! past their time. The steps are those of HBase's `ScanQueryMatcher` and `UserScanQueryMatcher`,
//! in their order: time to live, deletes, time range, columns, versions, filter, and versions again.

mod columns;
mod deletes;

use std::sync::Arc;

use super::family::Family;
use super::filter::{Filter, Verdict, View};
use super::keys::{self, Parts};
use super::request::TimeRange;
use super::value::Stored;
use columns::Columns;
use deletes::{Deletes, Hidden};

/// What becomes of a cell, and where the read goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Include,
    IncludeAndNextColumn,
    IncludeAndNextRow,
    Skip,
    NextColumn,
    /// Nothing more of this family in the row.
    NextRow,
    /// At the place that the filter names.
    Seek,
}

impl Step {
    pub(super) fn includes(self) -> bool {
        matches!(self, Self::Include | Self::IncludeAndNextColumn | Self::IncludeAndNextRow)
    }
}

/// A read's way through one family of a row at a time.
pub(super) struct Matcher {
    columns: Columns,
    deletes: Deletes,
    time: TimeRange,
    /// The oldest timestamp that is alive.
    oldest: i64,
    now: i64,
    /// How many versions of a column a filter may see, or are returned if there is none.
    max_checked: usize,
    /// How many versions of a column are returned.
    max_returned: usize,
    returned: Returned,
}

/// The versions that a filter let pass.
#[derive(Default)]
struct Returned {
    qualifier: Option<Vec<u8>>,
    count: usize,
}

/// What a read asks of a family.
pub(super) struct Wanted {
    /// Escaped, in their order; `None` for the whole family.
    pub(super) columns: Option<Arc<[Vec<u8>]>>,
    pub(super) time: TimeRange,
    pub(super) versions: usize,
    pub(super) is_filtered: bool,
}

impl Matcher {
    pub(super) fn new(family: &Family, wanted: Wanted, now: i64) -> Self {
        let kept = family.kept_versions();
        let max_returned = kept.min(wanted.versions);
        Self {
            columns: Columns::new(wanted.columns),
            deletes: Deletes::default(),
            time: wanted.time,
            oldest: family.oldest_alive(now),
            now,
            // How many are wanted is counted behind the filter (HBASE-17125).
            max_checked: if wanted.is_filtered { kept } else { max_returned },
            max_returned,
            returned: Returned::default(),
        }
    }

    /// Begins a row.
    pub(super) fn begin_row(&mut self) {
        self.columns.clear();
        self.deletes.clear();
        self.returned.qualifier = None;
    }

    /// Whether a cell's value has to be looked at, by what its key says; versions and deletes that
    /// were met count only if the cell is of the present row.
    pub(super) fn may_include(
        &self,
        cell: &Parts<'_>,
        is_of_present_row: impl Fn() -> bool,
    ) -> bool {
        // A delete may have a time to live.
        if cell.kind.is_delete() {
            return true;
        }
        self.time.has(cell.timestamp)
            && cell.timestamp >= self.oldest
            && self.columns.may_want(cell.escaped_qualifier)
            && !(self.is_passed_over(cell) && is_of_present_row())
    }

    /// Whether cells of the present row before this one keep it from being returned.
    fn is_passed_over(&self, cell: &Parts<'_>) -> bool {
        self.columns.has_all(cell.escaped_qualifier, self.max_checked)
            || self.deletes.hide(cell).is_some()
    }

    /// Whether a cell is past its family's time to live, or its own.
    pub(super) fn is_over(&self, cell: &Parts<'_>, stored: Option<&Stored<'_>>) -> bool {
        cell.timestamp < self.oldest
            || stored.is_some_and(|stored| stored.is_over(cell.timestamp, self.now))
    }

    /// The number of the last write that hides a put, if deletes that were met do.
    pub(super) fn hidden_since(&self, put: &Parts<'_>) -> Option<u64> {
        self.deletes.hidden_since(put)
    }

    /// What becomes of the next cell. `stored` is missing only for one that can't be included.
    pub(super) fn check(&mut self, cell: &Parts<'_>, stored: Option<&Stored<'_>>) -> Step {
        if self.columns.is_done() {
            return Step::NextRow;
        }
        let qualifier = cell.escaped_qualifier;
        if cell.timestamp < self.oldest {
            return self.columns.leave(qualifier);
        }
        if stored.is_some_and(|stored| stored.is_over(cell.timestamp, self.now)) {
            return Step::Skip;
        }
        if cell.kind.is_delete() {
            if cell.timestamp >= self.time.from {
                self.deletes.add(cell);
            }
            return Step::Skip;
        }
        match self.deletes.hide(cell) {
            Some(Hidden::Column) => return self.columns.leave(qualifier),
            Some(Hidden::Version) => return Step::Skip,
            None => {}
        }
        if self.time.ends_before(cell.timestamp) {
            return Step::Skip;
        }
        if cell.timestamp < self.time.from {
            return self.columns.leave(qualifier);
        }
        self.columns.check(qualifier, cell.timestamp, self.max_checked)
    }

    /// What a filter makes of a cell that [`Self::check`] would include (`mergeFilterResponse`).
    pub(super) fn filter(
        &mut self,
        cell: &Parts<'_>,
        view: &View<'_>,
        checked: Step,
        filter: &mut dyn Filter,
    ) -> Step {
        let qualifier = cell.escaped_qualifier;
        let mut step = match (filter.judge(view), checked) {
            (Verdict::Skip, Step::Include) => return Step::Skip,
            (Verdict::Skip, Step::IncludeAndNextColumn) => return Step::NextColumn,
            (Verdict::Skip | Verdict::NextRow, _)
            | (Verdict::NextColumn, Step::IncludeAndNextRow) => return Step::NextRow,
            (Verdict::NextColumn, _) => return self.columns.leave(qualifier),
            (Verdict::Seek, _) => return Step::Seek,
            (Verdict::IncludeAndNextColumn, Step::Include) => Step::IncludeAndNextColumn,
            (Verdict::Include | Verdict::IncludeAndNextColumn, checked) => checked,
        };
        if self.returned.is_too_many(qualifier, self.max_returned) {
            step = match step {
                Step::IncludeAndNextRow => Step::NextRow,
                _ => Step::NextColumn,
            };
        }
        if matches!(step, Step::IncludeAndNextColumn | Step::NextColumn) {
            self.columns.finish(qualifier);
        }
        step
    }

    /// The key to go on at behind the column of a cell.
    pub(super) fn next_column(&self, cell: &Parts<'_>) -> Vec<u8> {
        let here = || {
            let qualifier = keys::unescape(cell.escaped_qualifier);
            keys::column(cell.row_prefix, cell.family, &qualifier)
        };
        if cell.escaped_qualifier.is_empty() {
            // Between its versions lie the deletes of the whole family.
            return keys::after_version(&here(), cell.timestamp, cell.kind);
        }
        match self.columns.next_wanted() {
            Some(wanted) => keys::column(cell.row_prefix, cell.family, &keys::unescape(wanted)),
            None => keys::after(&here()),
        }
    }
}

impl Returned {
    fn is_too_many(&mut self, qualifier: &[u8], max: usize) -> bool {
        if self.qualifier.as_deref() != Some(qualifier) {
            let buffer = self.qualifier.get_or_insert_default();
            buffer.clear();
            buffer.extend_from_slice(qualifier);
            self.count = 0;
        }
        self.count += 1;
        self.count > max
    }
}
