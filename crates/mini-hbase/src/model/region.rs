//! Rows of a table as reads see them: up or down, family by family, in the steps of HBase's
//! `RegionScannerImpl` and `StoreScanner`.
//!
//! In HBase each family has a scanner of its own, which a filter can end on its own, and those that
//! a filter doesn't need are read only for rows that it lets pass. Filters see that, so it is kept,
//! although all families of a row lie in one place here.

use super::cell::Row;
use super::content::Content;
use super::filter::Filter;
use super::keys::{self, Parts};
use super::matcher::{Matcher, Step, Wanted};
use super::position::{FamilyScanner, Plan, Position};
use super::request::Choice;
use super::storage::Snapshot;
use super::walker::{Item, Walker};
use super::{Error, Limits, Result, Table};

/// A read's choice of a table's cells, and where it stands.
pub(super) struct Reader<'a> {
    table: &'a Table,
    snapshot: &'a dyn Snapshot,
    matchers: Vec<Matcher>,
    store_limit: usize,
    store_offset: usize,
    pub(super) position: Position,
    walker: Option<Walker<'a>>,
    /// The first of the rows just passed that seem to be dead, and how many they are.
    dead: (Vec<u8>, usize),
    wants_all: bool,
    /// Whether the row that is read begins with a delete.
    begins_with_delete: bool,
    pub(super) limits: &'a mut Limits,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Row,
    /// A row, and no other after it.
    LastRow,
    End,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        table: &'a Table,
        snapshot: &'a dyn Snapshot,
        plan: &Plan,
        position: Position,
        limits: &'a mut Limits,
    ) -> Self {
        let matchers = table.families.iter().zip(&plan.choices).map(|(family, choice)| {
            let columns = match choice {
                Choice::Columns(columns) => Some(columns.clone()),
                Choice::All | Choice::Nothing => None,
            };
            let wanted = Wanted {
                columns,
                time: plan.query.time_of(&family.name),
                versions: plan.query.versions,
                is_filtered: plan.is_filtered,
            };
            Matcher::new(family, wanted, plan.now)
        });
        Self {
            table,
            snapshot,
            matchers: matchers.collect(),
            store_limit: plan.query.store_limit.unwrap_or(usize::MAX),
            store_offset: plan.query.store_offset,
            position,
            walker: None,
            dead: (Vec::new(), 0),
            wants_all: plan.query.wants_all(),
            begins_with_delete: false,
            limits,
        }
    }

    /// Reads the next row that has something to return.
    pub(super) fn next(
        &mut self,
        filter: Option<&mut (dyn Filter + 'static)>,
        row: &mut Row,
    ) -> Result<Found> {
        match filter {
            Some(filter) => self.next_filtered(filter, row),
            None => self.next_unfiltered(row),
        }
    }

    fn next_unfiltered(&mut self, row: &mut Row) -> Result<Found> {
        while let Some(prefix) = self.next_row()? {
            row.begin(&keys::plain_row(&prefix));
            self.read(&prefix, FamilyScanner::Open, None, Some(row))?;
            self.position.pass(&prefix);
            if !row.is_empty() {
                return Ok(Found::Row);
            }
            // What isn't wanted may be there all the same; after a delete of the row it seldom is.
            if self.wants_all || self.begins_with_delete {
                if self.dead.1 == 0 {
                    self.dead.0 = prefix;
                }
                self.dead.1 += 1;
            }
        }
        Ok(Found::End)
    }

    /// How many rows that seem to be dead were passed since this was asked last, from a key on.
    pub(super) fn take_dead(&mut self) -> (Vec<u8>, usize) {
        std::mem::take(&mut self.dead)
    }

    fn next_filtered(
        &mut self,
        filter: &mut (dyn Filter + 'static),
        row: &mut Row,
    ) -> Result<Found> {
        while let Some(prefix) = self.next_row()? {
            row.begin(&keys::plain_row(&prefix));
            if filter.is_done() || filter.excludes_key(&row.key) {
                if filter.is_done() {
                    return Ok(Found::End);
                }
                // HBase passes the row cell by cell, and the filter sees each of them.
                if !self.position.reversed {
                    self.read(&prefix, FamilyScanner::Open, Some(filter), None)?;
                }
            } else {
                self.read(&prefix, FamilyScanner::Open, Some(filter), Some(row))?;
                self.judge_row(&prefix, filter, row)?;
            }
            self.position.pass(&prefix);
            filter.reset();
            if !row.is_empty() {
                return Ok(if filter.is_done() { Found::LastRow } else { Found::Row });
            }
        }
        Ok(Found::End)
    }

    /// Empties a row that the filter leaves out; to another one come the families that it doesn't
    /// need.
    fn judge_row(
        &mut self,
        prefix: &[u8],
        filter: &mut (dyn Filter + 'static),
        row: &mut Row,
    ) -> Result<()> {
        if row.is_empty() {
            return Ok(());
        }
        let excludes = if filter.judges_rows() {
            filter.prune(&self.table.families, row);
            // A row without cells is not asked about any more, but may still get some.
            !row.is_empty() && filter.excludes_row()
        } else {
            filter.excludes_row()
        };
        if excludes {
            row.clear();
            return Ok(());
        }
        if self.position.scanners.contains(&FamilyScanner::OnDemand) {
            let item = self.walker.take();
            self.read(prefix, FamilyScanner::OnDemand, Some(filter), Some(row))?;
            self.walker = item;
            row.sort_by_family();
        }
        Ok(())
    }

    /// Finds the next row with a cell, of whatever kind, in an open family.
    fn next_row(&mut self) -> Result<Option<Vec<u8>>> {
        self.limits.check()?;
        if self.position.is_over() {
            return Ok(None);
        }
        if self.position.reversed { self.row_below() } else { self.row_above() }
    }

    fn row_above(&mut self) -> Result<Option<Vec<u8>>> {
        if self.walker.is_none() {
            let wants = |cell: &Parts<'_>| wants(&self.matchers, &self.position, cell, None);
            let walker =
                Walker::new(self.snapshot, &self.position.from, &self.position.to, &wants)?;
            self.walker = Some(walker);
        }
        loop {
            let Some(item) = self.item() else { return Ok(None) };
            let parts = item.parts()?;
            if self.position.scanners.get(usize::from(parts.family)) == Some(&FamilyScanner::Open) {
                return Ok(Some(parts.row_prefix.to_vec()));
            }
            let target = self.next_family(&parts, FamilyScanner::Open);
            self.seek(&target, None)?;
        }
    }

    fn row_below(&mut self) -> Result<Option<Vec<u8>>> {
        self.walker = None;
        let from = &self.position.from;
        let mut to = self.position.to.clone();
        loop {
            let Some(key) = self.snapshot.last_key(from, &to)? else { return Ok(None) };
            let parts = keys::parse(&key).ok_or(Error::Damaged("a cell's key"))?;
            let upto = &self.position.scanners[..=usize::from(parts.family)];
            match upto.iter().rposition(|scanner| *scanner == FamilyScanner::Open) {
                Some(open) if open == usize::from(parts.family) => {
                    return Ok(Some(parts.row_prefix.to_vec()));
                }
                Some(open) => to = keys::after(&keys::family(parts.row_prefix, open as u16)),
                None => to = parts.row_prefix.to_vec(),
            }
        }
    }

    /// Reads the families of a row that are in this state; without a row to fill, only the filter
    /// gets to see the cells.
    fn read(
        &mut self,
        prefix: &[u8],
        which: FamilyScanner,
        mut filter: Option<&mut (dyn Filter + 'static)>,
        mut row: Option<&mut Row>,
    ) -> Result<()> {
        if self.walker.is_none() {
            let wants = |cell: &Parts<'_>| wants(&self.matchers, &self.position, cell, None);
            let to = keys::after_row(prefix);
            self.walker = Some(Walker::new(self.snapshot, prefix, &to, &wants)?);
        }
        let (mut is_first, mut begins_with_delete) = (true, false);
        while let Some(item) = self.item()
            && item.row_prefix() == prefix
        {
            let parts = item.parts()?;
            if std::mem::take(&mut is_first) {
                begins_with_delete = parts.kind.is_delete();
            }
            if self.position.scanners.get(usize::from(parts.family)) == Some(&which) {
                let family = parts.family;
                let (filter, row) = (filter.as_deref_mut(), row.as_deref_mut());
                self.read_family(prefix, family, filter, row)?;
            } else {
                let target = self.next_family(&parts, which);
                self.seek(&target, None)?;
            }
        }
        self.begins_with_delete = begins_with_delete;
        Ok(())
    }

    fn read_family(
        &mut self,
        prefix: &[u8],
        family: u16,
        mut filter: Option<&mut (dyn Filter + 'static)>,
        mut row: Option<&mut Row>,
    ) -> Result<()> {
        let place = usize::from(family);
        let present = Some((place, prefix));
        let behind = || keys::after(&keys::family(prefix, family));
        self.matchers[place].begin_row();
        let mut included = 0;
        while let Some(item) = self.take_item(prefix, family)? {
            self.limits.check()?;
            if filter.as_ref().is_some_and(|filter| filter.is_done()) {
                self.seek(&behind(), None)?;
                break;
            }
            let cell = item.parts()?;
            let content = Content::new(self.table, &cell, item.value.as_deref())?;
            let matcher = &mut self.matchers[place];
            let mut step = matcher.check(&cell, content.stored.as_ref());
            if let Some(filter) = filter.as_deref_mut()
                && step.includes()
            {
                step = matcher.filter(&cell, &content.view(), step, filter);
            }
            if step.includes() {
                included += 1;
                if let Some(row) = row.as_deref_mut()
                    && included > self.store_offset
                {
                    content.push(family, filter.as_deref(), row, self.limits)?;
                }
                if included >= self.store_limit.saturating_add(self.store_offset) {
                    return self.seek(&behind(), None);
                }
            }
            match step {
                Step::Include | Step::Skip => self.step(present)?,
                Step::IncludeAndNextColumn | Step::NextColumn => {
                    let target = matcher.next_column(&cell);
                    self.seek(&target, present)?;
                }
                Step::IncludeAndNextRow | Step::NextRow => self.seek(&behind(), None)?,
                Step::Seek => match self.hint(&cell, &content, filter.as_deref()) {
                    Some(target) => self.seek(&target, present)?,
                    None => self.step(present)?,
                },
            }
        }
        // A scanner that goes on to the next row finds out that the filter is done.
        if filter.is_some_and(|filter| filter.is_done()) {
            self.position.scanners[place] = FamilyScanner::Closed;
        }
        Ok(())
    }

    /// Where the filter wants to go on, if that is ahead; down, HBase takes no hints.
    fn hint(
        &self,
        cell: &Parts<'_>,
        content: &Content<'_>,
        filter: Option<&(dyn Filter + 'static)>,
    ) -> Option<Vec<u8>> {
        if self.position.reversed {
            return None;
        }
        let hint = filter?.hint(&content.view())?;
        let is_ahead = *hint > *content.qualifier;
        is_ahead.then(|| keys::column(cell.row_prefix, cell.family, &hint))
    }

    fn item(&self) -> Option<&Item> {
        self.walker.as_ref()?.item()
    }

    /// The cell that the walk stands at, if it is of this family and row.
    fn take_item(&mut self, prefix: &[u8], family: u16) -> Result<Option<Item>> {
        let Some(walker) = &mut self.walker else { return Ok(None) };
        match walker.item() {
            Some(item) if item.row_prefix() == prefix && item.parts()?.family == family => {
                Ok(walker.take_item())
            }
            _ => Ok(None),
        }
    }

    /// The key of the next family of the row that is in a state, or of the next row.
    fn next_family(&self, from: &Parts<'_>, which: FamilyScanner) -> Vec<u8> {
        let behind = usize::from(from.family) + 1;
        let next = self.position.scanners.iter().skip(behind).position(|scanner| *scanner == which);
        match next {
            Some(next) => keys::family(from.row_prefix, (behind + next) as u16),
            None => keys::after_row(from.row_prefix),
        }
    }

    /// Goes on to a key, from a family of a row whose deletes are known.
    fn seek(&mut self, target: &[u8], present: Option<Present<'_>>) -> Result<()> {
        let Self { matchers, position, walker, .. } = self;
        let Some(walker) = walker else { return Ok(()) };
        walker.seek(target, &|cell| wants(matchers, position, cell, present))
    }

    fn step(&mut self, present: Option<Present<'_>>) -> Result<()> {
        let Self { matchers, position, walker, .. } = self;
        let Some(walker) = walker else { return Ok(()) };
        walker.next(&|cell| wants(matchers, position, cell, present))
    }
}

/// A family's place, and what its row's cells begin with.
type Present<'a> = (usize, &'a [u8]);

/// Whether the value of a cell may be needed.
fn wants(
    matchers: &[Matcher],
    position: &Position,
    cell: &Parts<'_>,
    present: Option<Present<'_>>,
) -> bool {
    let family = usize::from(cell.family);
    let is_of_present_row =
        || present.is_some_and(|(place, row)| place == family && row == cell.row_prefix);
    position.scanners.get(family).is_some_and(|scanner| *scanner != FamilyScanner::Closed)
        && matchers.get(family).is_some_and(|matcher| matcher.may_include(cell, is_of_present_row))
}
