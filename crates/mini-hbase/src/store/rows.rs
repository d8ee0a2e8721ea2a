//! Walks over the rows of a table, up or down, and gathers the cells that a query is about.
//!
//! The values of other cells aren't touched, and a run of them is jumped over: a small family
//! beside a large one is read at the small one's price.

use fjall::{Guard, Iter, Readable as _, Snapshot, UserKey, UserValue};

use super::{Error, Limits, Result, Table, keys, value};
use crate::model::{Cell, Row};
use crate::query::Query;

/// How many unwanted cells in a row are passed one by one before the walk jumps.
const PATIENCE: usize = 24;

/// The part of a table that is still to be walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    from: Vec<u8>,
    to: Vec<u8>,
    reversed: bool,
}

impl Cursor {
    /// From `start` on and without `stop`; empty ones are the table's ends. The same row as both
    /// is that row (`Scan.setStopRow`).
    pub(crate) fn new(start: &[u8], stop: &[u8], reversed: bool) -> Self {
        let (first, last) = keys::all_cells();
        if !start.is_empty() && start == stop {
            return Self { reversed, ..Self::of_row(start) };
        }
        let (low, high) = if reversed { (stop, start) } else { (start, stop) };
        // Downwards, the start's own row belongs to the walk and the stop's doesn't.
        let bound = |row: &[u8]| {
            let prefix = keys::row(row);
            if reversed { keys::after_row(&prefix) } else { prefix }
        };
        let from = if low.is_empty() { first } else { bound(low) };
        let to = if high.is_empty() { last } else { bound(high) };
        Self { from, to, reversed }
    }

    /// The rows that begin so, up.
    pub(crate) fn with_prefix(prefix: &[u8]) -> Self {
        let (from, to) = keys::rows_with_prefix(prefix);
        Self { from, to, reversed: false }
    }

    /// One row.
    pub(crate) fn of_row(row: &[u8]) -> Self {
        let prefix = keys::row(row);
        Self { to: keys::after_row(&prefix), from: prefix, reversed: false }
    }

    /// Leaves out a row that was walked, and all before it.
    pub(crate) fn pass(&mut self, row: &[u8]) {
        let prefix = keys::row(row);
        if self.reversed {
            self.to = prefix;
        } else {
            self.from = keys::after_row(&prefix);
        }
    }
}

/// A walk under way, on one state of the store.
pub(crate) struct Rows<'a> {
    table: &'a Table,
    snapshot: &'a Snapshot,
    query: &'a Query,
    /// How many versions of a column are gathered, for each family.
    versions: Vec<usize>,
    /// The oldest timestamp that is alive, for each family.
    oldest: Vec<i64>,
    now: i64,
    to: Vec<u8>,
    reversed: bool,
    iter: Iter,
    /// Read already, but of the next row.
    pending: Option<Item>,
}

type Item = (UserKey, Option<UserValue>);

impl<'a> Rows<'a> {
    /// With a filter, all versions that the family keeps are gathered: how many of them are
    /// wanted is counted behind the filter (HBASE-17125).
    pub(crate) fn new(
        table: &'a Table,
        snapshot: &'a Snapshot,
        cursor: &Cursor,
        query: &'a Query,
        filtered: bool,
        now: i64,
    ) -> Self {
        let versions = table.families.iter().map(|family| {
            let kept = family.kept_versions();
            if filtered { kept } else { kept.min(query.versions) }
        });
        let oldest = table.families.iter().map(|family| family.oldest_alive(now));
        Self {
            table,
            snapshot,
            query,
            versions: versions.collect(),
            oldest: oldest.collect(),
            now,
            to: cursor.to.clone(),
            reversed: cursor.reversed,
            iter: range(table, snapshot, &cursor.from, &cursor.to),
            pending: None,
        }
    }

    /// The next row with a cell in one of the families that the query is about; none of its cells
    /// may be wanted.
    pub(crate) fn next(&mut self, limits: &mut Limits) -> Result<Option<Row>> {
        let Some(first) = self.next_item()? else { return Ok(None) };
        let prefix = parts(&first.0)?.row_prefix.to_vec();
        let key = keys::plain_row(&prefix);
        let mut cells = Vec::new();
        let mut item = Some(first);
        let mut unwanted = 0;
        let mut visible = false;
        while let Some((key, stored)) = item {
            if !key.starts_with(&prefix) {
                self.pending = Some((key, stored));
                break;
            }
            limits.check()?;
            let parts = behind(&key, prefix.len())?;
            visible |= self.query.selection.has_family(parts.family);
            match stored {
                Some(stored) => {
                    unwanted = 0;
                    self.gather(&parts, &stored, &mut cells, limits)?;
                }
                None => {
                    unwanted += 1;
                    if unwanted >= PATIENCE && !self.reversed {
                        unwanted = 0;
                        self.jump(&parts);
                    }
                }
            }
            item = self.next_item()?;
        }
        if self.reversed {
            cells.reverse();
        }
        if !visible {
            // A row without a cell in the chosen families doesn't exist for this query.
            cells.clear();
        }
        self.keep_versions(&mut cells);
        Ok(Some(Row { key, cells }))
    }

    fn next_item(&mut self) -> Result<Option<Item>> {
        if let Some(item) = self.pending.take() {
            return Ok(Some(item));
        }
        let guard = if self.reversed { self.iter.next_back() } else { self.iter.next() };
        guard.map(|guard| self.load(guard)).transpose()
    }

    /// Loads the value too, if the cell is wanted by what its key says.
    fn load(&self, guard: Guard) -> Result<Item> {
        Ok(guard.into_inner_if(|key| {
            keys::parse(key).is_some_and(|parts| {
                let oldest = self.oldest.get(usize::from(parts.family)).copied();
                self.query.selection.has(parts.family, parts.escaped_qualifier)
                    && parts.timestamp < self.query.before
                    && oldest.is_some_and(|oldest| parts.timestamp >= oldest)
            })
        })?)
    }

    fn gather(
        &self,
        parts: &keys::Parts<'_>,
        stored: &[u8],
        cells: &mut Vec<Cell>,
        limits: &mut Limits,
    ) -> Result<()> {
        let stored = value::decode(stored)?;
        if stored.is_over(parts.timestamp, self.now) {
            return Ok(());
        }
        limits.take(stored.value.len() + parts.escaped_qualifier.len())?;
        cells.push(Cell {
            family: parts.family,
            qualifier: keys::unescape(parts.escaped_qualifier),
            timestamp: parts.timestamp,
            value: stored.value.to_vec(),
        });
        Ok(())
    }

    /// Goes on at the next place of the row where something wanted may be.
    fn jump(&mut self, from: &keys::Parts<'_>) {
        let key = |family, escaped: &[u8]| {
            keys::column(from.row_prefix, family, &keys::unescape(escaped))
        };
        let here = key(from.family, from.escaped_qualifier);
        let target = if !self.query.selection.has(from.family, from.escaped_qualifier) {
            let next = self.query.selection.next_place(from.family, from.escaped_qualifier);
            match next {
                Some((family, escaped)) => key(family, &escaped),
                None => keys::after_row(from.row_prefix),
            }
        } else if from.timestamp >= self.query.before {
            keys::cell(&here, self.query.before.saturating_sub(1).max(0))
        } else {
            keys::after(&here)
        };
        self.iter = range(self.table, self.snapshot, &target, &self.to);
    }

    fn keep_versions(&self, cells: &mut Vec<Cell>) {
        let mut count = 0;
        let mut last: Option<(u16, Vec<u8>)> = None;
        cells.retain(|cell| {
            let same = last.as_ref().is_some_and(|(family, qualifier)| {
                *family == cell.family && *qualifier == cell.qualifier
            });
            if same {
                count += 1;
            } else {
                count = 1;
                last = Some((cell.family, cell.qualifier.clone()));
            }
            count <= self.versions.get(usize::from(cell.family)).copied().unwrap_or(1)
        });
    }
}

fn range(table: &Table, snapshot: &Snapshot, from: &[u8], to: &[u8]) -> Iter {
    // An upside-down range has nothing in it, and is no range to the storage.
    let to = if to < from { from } else { to };
    snapshot.range(&table.cells, from..to)
}

fn parts(key: &[u8]) -> Result<keys::Parts<'_>> {
    keys::parse(key).ok_or(Error::Damaged("a cell's key"))
}

fn behind(key: &[u8], row_end: usize) -> Result<keys::Parts<'_>> {
    keys::parse_behind(key, row_end).ok_or(Error::Damaged("a cell's key"))
}
