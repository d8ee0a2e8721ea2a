//! Filters around filters: AND, OR, SKIP, WHILE.

use super::{Filter, Verdict, View};
use crate::model::{Cell, Family};

type Inner = Box<dyn Filter>;

/// What all of its filters let pass; it goes as far ahead as the one that goes farthest
/// (`FilterListWithAND`).
pub(super) struct And {
    filters: Vec<Inner>,
    /// Whose change of the last cell counts.
    included: Vec<bool>,
}

impl And {
    pub(super) fn new(filters: Vec<Inner>) -> Self {
        Self { included: vec![false; filters.len()], filters }
    }
}

impl Filter for And {
    fn reset(&mut self) {
        self.filters.iter_mut().for_each(|filter| filter.reset());
    }

    fn is_done(&self) -> bool {
        self.filters.iter().any(|filter| filter.is_done())
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        // All of them are asked: some remember the answer for the row's cells.
        let mut excludes = false;
        for filter in &mut self.filters {
            excludes |= filter.is_done() || filter.excludes_key(row);
        }
        excludes
    }

    fn judge(&mut self, cell: View<'_>) -> Verdict {
        self.included.fill(false);
        let mut all = Verdict::Include;
        for (filter, included) in self.filters.iter_mut().zip(&mut self.included) {
            if filter.is_done() {
                return Verdict::NextRow;
            }
            let one = filter.judge(cell);
            *included = one.includes();
            all = farther(all, one);
        }
        all
    }

    fn transform(&self, value: &mut Vec<u8>) {
        transform(&self.filters, &self.included, value);
    }

    fn prune(&mut self, families: &[Family], cells: &mut Vec<Cell>) {
        self.filters.iter_mut().for_each(|filter| filter.prune(families, cells));
    }

    fn excludes_row(&mut self) -> bool {
        // In order, and no further than the first that says so: a PageFilter behind it must not
        // count the row.
        self.filters.iter_mut().any(|filter| filter.excludes_row())
    }

    fn judges_rows(&self) -> bool {
        self.filters.iter().any(|filter| filter.judges_rows())
    }
}

/// What any of its filters lets pass; it goes as little ahead as the one that goes least
/// (`FilterListWithOR`).
pub(super) struct Or {
    filters: Vec<Inner>,
    included: Vec<bool>,
    /// What each filter said last, and of which column: one that wanted to go ahead isn't asked
    /// again before it would have been.
    last: Vec<Option<Said>>,
}

struct Said {
    verdict: Verdict,
    family: Vec<u8>,
    qualifier: Vec<u8>,
}

impl Said {
    /// What it stands for at a further cell of the row.
    fn still(&self, cell: View<'_>) -> Option<Verdict> {
        match self.verdict {
            Verdict::Include | Verdict::Skip | Verdict::Seek => None,
            Verdict::NextColumn | Verdict::IncludeAndNextColumn => {
                let same = self.family == cell.family && self.qualifier == cell.qualifier;
                same.then_some(Verdict::NextColumn)
            }
            Verdict::NextRow => (self.family == cell.family).then_some(Verdict::NextRow),
        }
    }
}

impl Or {
    pub(super) fn new(filters: Vec<Inner>) -> Self {
        let last = filters.iter().map(|_| None).collect();
        Self { included: vec![false; filters.len()], last, filters }
    }
}

impl Filter for Or {
    fn reset(&mut self) {
        self.filters.iter_mut().for_each(|filter| filter.reset());
        self.last.fill_with(|| None);
    }

    fn is_done(&self) -> bool {
        self.filters.iter().all(|filter| filter.is_done())
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        let mut excludes = true;
        for filter in &mut self.filters {
            if !filter.is_done() && !filter.excludes_key(row) {
                excludes = false;
            }
        }
        excludes
    }

    fn judge(&mut self, cell: View<'_>) -> Verdict {
        self.included.fill(false);
        let mut any: Option<Verdict> = None;
        let parts = self.filters.iter_mut().zip(&mut self.included).zip(&mut self.last);
        for ((filter, included), last) in parts {
            if filter.is_done() {
                continue;
            }
            let still = last.as_ref().and_then(|said| said.still(cell));
            let one = still.unwrap_or_else(|| filter.judge(cell));
            *included = one.includes();
            *last = match one {
                Verdict::Include | Verdict::Skip => None,
                verdict => Some(Said {
                    verdict,
                    family: cell.family.to_vec(),
                    qualifier: cell.qualifier.to_vec(),
                }),
            };
            any = Some(any.map_or(one, |any| nearer(any, one)));
        }
        any.unwrap_or(Verdict::Skip)
    }

    fn transform(&self, value: &mut Vec<u8>) {
        transform(&self.filters, &self.included, value);
    }

    fn prune(&mut self, families: &[Family], cells: &mut Vec<Cell>) {
        self.filters.iter_mut().for_each(|filter| filter.prune(families, cells));
    }

    fn excludes_row(&mut self) -> bool {
        self.filters.iter_mut().all(|filter| filter.excludes_row())
    }

    fn judges_rows(&self) -> bool {
        self.filters.iter().any(|filter| filter.judges_rows())
    }
}

fn transform(filters: &[Inner], included: &[bool], value: &mut Vec<u8>) {
    for (filter, included) in filters.iter().zip(included) {
        if *included {
            filter.transform(value);
        }
    }
}

/// The table in `FilterListWithAND.mergeReturnCode`.
fn farther(before: Verdict, one: Verdict) -> Verdict {
    use Verdict::{Include, IncludeAndNextColumn, NextColumn, NextRow, Seek, Skip};
    match (before, one) {
        (Seek, _) | (_, Seek) => Seek,
        (NextRow, _) | (_, NextRow) => NextRow,
        (NextColumn, _)
        | (_, NextColumn)
        | (IncludeAndNextColumn, Skip)
        | (Skip, IncludeAndNextColumn) => NextColumn,
        (IncludeAndNextColumn, _) | (_, IncludeAndNextColumn) => IncludeAndNextColumn,
        (Skip, _) | (_, Skip) => Skip,
        (Include, Include) => Include,
    }
}

/// The table in `FilterListWithOR.mergeReturnCode`.
fn nearer(before: Verdict, one: Verdict) -> Verdict {
    use Verdict::{Include, IncludeAndNextColumn, NextColumn, NextRow, Seek, Skip};
    match (before, one) {
        (Include, _)
        | (_, Include)
        | (IncludeAndNextColumn, Skip | Seek)
        | (Skip | Seek, IncludeAndNextColumn) => Include,
        (IncludeAndNextColumn, _) | (_, IncludeAndNextColumn) => IncludeAndNextColumn,
        (Seek, Seek) => Seek,
        (Skip | Seek, _) | (_, Skip | Seek) => Skip,
        (NextColumn, _) | (_, NextColumn) => NextColumn,
        (NextRow, NextRow) => NextRow,
    }
}

/// Whole rows, if all of their cells pass. The inner filter doesn't get to see keys.
pub(super) struct Skip {
    inner: Inner,
    excludes: bool,
}

impl Skip {
    pub(super) fn new(inner: Inner) -> Self {
        Self { inner, excludes: false }
    }
}

impl Filter for Skip {
    fn reset(&mut self) {
        self.inner.reset();
        self.excludes = false;
    }

    fn excludes_key(&mut self, _row: &[u8]) -> bool {
        false
    }

    fn judge(&mut self, cell: View<'_>) -> Verdict {
        let verdict = self.inner.judge(cell);
        self.excludes |= verdict != Verdict::Include;
        verdict
    }

    fn transform(&self, value: &mut Vec<u8>) {
        self.inner.transform(value);
    }

    fn excludes_row(&mut self) -> bool {
        self.excludes
    }

    fn judges_rows(&self) -> bool {
        true
    }
}

/// What comes before the first key, cell or row that doesn't pass.
pub(super) struct While {
    inner: Inner,
    is_over: bool,
}

impl While {
    pub(super) fn new(inner: Inner) -> Self {
        Self { inner, is_over: false }
    }
}

impl Filter for While {
    fn reset(&mut self) {
        self.inner.reset();
    }

    fn is_done(&self) -> bool {
        self.is_over || self.inner.is_done()
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        if self.is_done() {
            return true;
        }
        let excludes = self.inner.excludes_key(row);
        self.is_over |= excludes;
        excludes
    }

    fn judge(&mut self, cell: View<'_>) -> Verdict {
        let verdict = self.inner.judge(cell);
        self.is_over |= verdict != Verdict::Include;
        verdict
    }

    fn transform(&self, value: &mut Vec<u8>) {
        self.inner.transform(value);
    }

    fn excludes_row(&mut self) -> bool {
        let excludes = self.inner.excludes_row();
        self.is_over |= excludes;
        excludes
    }

    fn judges_rows(&self) -> bool {
        true
    }
}
