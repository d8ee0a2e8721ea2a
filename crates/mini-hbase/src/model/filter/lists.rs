//! Lists of filters: AND and OR.

use std::borrow::Cow;

use super::{Filter, Verdict, View};
use crate::model::cell::Row;
use crate::model::family::Family;

pub(super) type Inner = Box<dyn Filter>;

impl Clone for Inner {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// What all of its filters let pass; it goes as far ahead as the one that goes farthest
/// (`FilterListWithAND`).
pub(super) type And = List<All>;

/// What any of its filters lets pass; it goes as little ahead as the one that goes least
/// (`FilterListWithOR`).
pub(super) type Or = List<Any>;

impl And {
    pub(super) fn new(filters: Vec<Inner>) -> Self {
        Self { filters, reversed: false, rule: All::default() }
    }
}

impl Or {
    pub(super) fn new(filters: Vec<Inner>) -> Self {
        let last = filters.iter().map(|_| None).collect();
        let rule = Any { included: vec![false; filters.len()], last };
        Self { filters, reversed: false, rule }
    }
}

/// Filters, and how what they say becomes one word.
#[derive(Clone)]
pub(super) struct List<R> {
    filters: Vec<Inner>,
    reversed: bool,
    rule: R,
}

/// In which AND and OR differ.
trait Rule: Clone + Send + 'static {
    fn reset(&mut self);
    fn is_done(filters: &[Inner]) -> bool;
    fn excludes_key(filters: &mut [Inner], row: &[u8]) -> bool;
    fn judge(&mut self, filters: &mut [Inner], reversed: bool, cell: &View<'_>) -> Verdict;
    fn hint(&self, filters: &[Inner], reversed: bool, cell: &View<'_>) -> Option<Vec<u8>>;
    fn transform(&self, filters: &[Inner], value: &mut Cow<'_, [u8]>);
    fn excludes_row(filters: &mut [Inner]) -> bool;
}

impl<R: Rule> Filter for List<R> {
    fn reset(&mut self) {
        self.filters.iter_mut().for_each(|filter| filter.reset());
        self.rule.reset();
    }

    fn is_done(&self) -> bool {
        R::is_done(&self.filters)
    }

    fn excludes_key(&mut self, row: &[u8]) -> bool {
        R::excludes_key(&mut self.filters, row)
    }

    fn judge(&mut self, cell: &View<'_>) -> Verdict {
        self.rule.judge(&mut self.filters, self.reversed, cell)
    }

    fn hint(&self, cell: &View<'_>) -> Option<Vec<u8>> {
        self.rule.hint(&self.filters, self.reversed, cell)
    }

    fn transform(&self, value: &mut Cow<'_, [u8]>) {
        self.rule.transform(&self.filters, value);
    }

    fn prune(&mut self, families: &[Family], row: &mut Row) {
        self.filters.iter_mut().for_each(|filter| filter.prune(families, row));
    }

    fn excludes_row(&mut self) -> bool {
        R::excludes_row(&mut self.filters)
    }

    fn judges_rows(&self) -> bool {
        self.filters.iter().any(|filter| filter.judges_rows())
    }

    fn needs_family(&self, family: &[u8]) -> bool {
        self.filters.iter().any(|filter| filter.needs_family(family))
    }

    fn reverse(&mut self) {
        self.reversed = true;
        self.filters.iter_mut().for_each(|filter| filter.reverse());
    }

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// The rule of [`And`].
#[derive(Clone, Default)]
pub(super) struct All {
    /// The filters that wanted to seek at the last cell.
    seeking: Vec<usize>,
}

impl Rule for All {
    fn reset(&mut self) {
        self.seeking.clear();
    }

    fn is_done(filters: &[Inner]) -> bool {
        filters.iter().any(|filter| filter.is_done())
    }

    fn excludes_key(filters: &mut [Inner], row: &[u8]) -> bool {
        let (mut excludes, mut may_hint) = (false, false);
        for filter in filters {
            if filter.is_done() {
                return true;
            }
            // The others are asked all the same: some remember what they said for the row's cells.
            if filter.excludes_key(row) {
                excludes = true;
            } else {
                may_hint |= filter.is_hinting();
            }
        }
        excludes && !may_hint
    }

    fn judge(&mut self, filters: &mut [Inner], _: bool, cell: &View<'_>) -> Verdict {
        self.seeking.clear();
        let mut all = Verdict::Include;
        let mut filters = filters.iter_mut().enumerate();
        // No further than the first one that excludes the cell (HBASE-20565).
        for (place, filter) in filters.by_ref() {
            if filter.is_done() {
                all = Verdict::NextRow;
                break;
            }
            let one = filter.judge(cell);
            if one == Verdict::Seek {
                self.seeking.push(place);
            }
            all = farther(all, one);
            if !all.includes() {
                break;
            }
        }
        for (place, filter) in filters {
            if filter.is_hinting() && filter.judge(cell) == Verdict::Seek {
                self.seeking.push(place);
            }
        }
        if self.seeking.is_empty() { all } else { Verdict::Seek }
    }

    fn hint(&self, filters: &[Inner], reversed: bool, cell: &View<'_>) -> Option<Vec<u8>> {
        let seeking = self.seeking.iter().filter_map(|&place| filters.get(place));
        let hints = seeking.filter(|filter| !filter.is_done()).filter_map(|one| one.hint(cell));
        if reversed { hints.min() } else { hints.max() }
    }

    fn transform(&self, filters: &[Inner], value: &mut Cow<'_, [u8]>) {
        for filter in filters {
            filter.transform(value);
        }
    }

    fn excludes_row(filters: &mut [Inner]) -> bool {
        // In order, and no further than the first that says so: a PageFilter behind it must not
        // count the row.
        filters.iter_mut().any(|filter| filter.excludes_row())
    }
}

/// The rule of [`Or`].
#[derive(Clone)]
pub(super) struct Any {
    /// Whose change of the last cell counts.
    included: Vec<bool>,
    /// What each filter said last, and of which column: one that wanted to go ahead isn't asked
    /// again before it would have been.
    last: Vec<Option<Said>>,
}

#[derive(Clone)]
struct Said {
    verdict: Verdict,
    family: Vec<u8>,
    qualifier: Vec<u8>,
    timestamp: i64,
}

impl Said {
    /// What it stands for at a further cell of the row.
    fn still(&self, filter: &dyn Filter, reversed: bool, cell: &View<'_>) -> Option<Verdict> {
        match self.verdict {
            Verdict::Include | Verdict::Skip => None,
            Verdict::NextColumn | Verdict::IncludeAndNextColumn => {
                let same = self.family == cell.family && self.qualifier == cell.qualifier;
                same.then_some(Verdict::NextColumn)
            }
            Verdict::NextRow => (self.family == cell.family).then_some(Verdict::NextRow),
            Verdict::Seek => {
                let (family, qualifier, timestamp) =
                    (&*self.family, &*self.qualifier, self.timestamp);
                let hint = filter.hint(&View { family, qualifier, timestamp, value: &[] })?;
                // A hint is the place before all versions of its column.
                let is_before = (cell.family, cell.qualifier) < (family, &hint);
                (is_before != reversed).then_some(Verdict::Seek)
            }
        }
    }
}

impl Rule for Any {
    fn reset(&mut self) {
        self.included.fill(false);
        self.last.fill_with(|| None);
    }

    fn is_done(filters: &[Inner]) -> bool {
        filters.iter().all(|filter| filter.is_done())
    }

    fn excludes_key(filters: &mut [Inner], row: &[u8]) -> bool {
        let mut excludes = true;
        for filter in filters {
            if !filter.is_done() && !filter.excludes_key(row) {
                excludes = false;
            }
        }
        excludes
    }

    fn judge(&mut self, filters: &mut [Inner], reversed: bool, cell: &View<'_>) -> Verdict {
        let mut any: Option<Verdict> = None;
        let parts = filters.iter_mut().zip(&mut self.included).zip(&mut self.last);
        for ((filter, included), last) in parts {
            *included = false;
            if filter.is_done() {
                continue;
            }
            let still = last.as_ref().and_then(|said| said.still(&**filter, reversed, cell));
            let one = still.unwrap_or_else(|| filter.judge(cell));
            *included = one.includes();
            *last = match one {
                Verdict::Include | Verdict::Skip => None,
                verdict => Some(Said {
                    verdict,
                    family: cell.family.to_vec(),
                    qualifier: cell.qualifier.to_vec(),
                    timestamp: cell.timestamp,
                }),
            };
            any = Some(any.map_or(one, |any| nearer(any, one)));
        }
        any.unwrap_or(Verdict::Skip)
    }

    fn hint(&self, filters: &[Inner], reversed: bool, cell: &View<'_>) -> Option<Vec<u8>> {
        let mut nearest: Option<Vec<u8>> = None;
        for filter in filters.iter().filter(|filter| !filter.is_done()) {
            let hint = filter.hint(cell)?;
            let is_nearer = nearest.as_ref().is_none_or(|nearest| (hint < *nearest) != reversed);
            if is_nearer {
                nearest = Some(hint);
            }
        }
        nearest
    }

    fn transform(&self, filters: &[Inner], value: &mut Cow<'_, [u8]>) {
        for (filter, included) in filters.iter().zip(&self.included) {
            if *included {
                filter.transform(value);
            }
        }
    }

    fn excludes_row(filters: &mut [Inner]) -> bool {
        filters.iter_mut().all(|filter| filter.excludes_row())
    }
}

/// What two filters of an AND say together, as far as both include the cell or the second doesn't.
fn farther(before: Verdict, one: Verdict) -> Verdict {
    match (before, one) {
        (Verdict::IncludeAndNextColumn, Verdict::Include) => before,
        (Verdict::IncludeAndNextColumn, Verdict::Skip) => Verdict::NextColumn,
        (_, one) => one,
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
