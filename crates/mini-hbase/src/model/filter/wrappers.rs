//! Filters around one filter: SKIP and WHILE.

use std::borrow::Cow;

use super::lists::Inner;
use super::{Filter, Verdict, View};

/// A filter around another one, which remembers whether that one let something fail.
#[derive(Clone)]
pub(super) struct Around {
    inner: Inner,
    has_failed: bool,
    scope: Scope,
}

/// What is left out when something fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The row. The inner filter doesn't get to see keys.
    Row,
    /// All that comes after the key, cell or row.
    Rest,
}

impl Around {
    /// Whole rows, if all of their cells pass: SKIP.
    pub(super) fn row(inner: Inner) -> Self {
        Self { inner, has_failed: false, scope: Scope::Row }
    }

    /// What comes before the first key, cell or row that doesn't pass: WHILE.
    pub(super) fn rest(inner: Inner) -> Self {
        Self { inner, has_failed: false, scope: Scope::Rest }
    }
}

impl Filter for Around {
    fn reset(&mut self) {
        self.inner.reset();
        self.has_failed &= self.scope == Scope::Rest;
    }

    fn is_done(&self) -> bool {
        self.scope == Scope::Rest && (self.has_failed || self.inner.is_done())
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        if self.scope == Scope::Row {
            return false;
        }
        self.has_failed = self.is_done() || self.inner.excludes_key(row);
        self.has_failed
    }

    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        let verdict = self.inner.judge(cell);
        self.has_failed |= verdict != Verdict::Include;
        verdict
    }

    fn transform(&self, value: &mut Cow<'_, [u8]>) {
        self.inner.transform(value);
    }

    fn needs_family(&self, family: &[u8]) -> bool {
        self.inner.needs_family(family)
    }

    fn excludes_row(&mut self) -> bool {
        if self.scope == Scope::Row {
            return self.has_failed;
        }
        let excludes = self.inner.excludes_row();
        self.has_failed |= excludes;
        excludes
    }

    fn judges_rows(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}
