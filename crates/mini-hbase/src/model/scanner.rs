//! Scanners: a place in a table that calls come back to, for as long as its lease lasts.
//!
//! A scanner sees the table as it was at its first fetch. It keeps at most one row, and a fetch that
//! fails leaves it where it was, so that no row is lost.

use std::ops::Range;
use std::sync::Arc;

use super::cell::Row;
use super::compact::MANY_DEAD_ROWS;
use super::filter::Filter;
use super::position::{Plan, Position};
use super::read::{Limits, Snapshot};
use super::region::{Found, Reader};
use super::request::Scan;
use super::{Error, Result, Store, Table};
use crate::budget::Share;

/// An open scanner.
pub(crate) struct Scanner {
    scan: Scan,
    /// The memory of what it holds between two fetches.
    share: Share,
    /// What it takes without the rest of a row.
    own: usize,
    walk: Option<Walk>,
}

/// What is known only when the first row is asked for: HBase opens a scanner no earlier, so a
/// missing table or family is a failure of the fetch.
struct Walk {
    table: Arc<Table>,
    snapshot: Snapshot,
    plan: Plan,
    place: Place,
}

/// Where a scan stands.
#[derive(Clone)]
struct Place {
    position: Position,
    filter: Option<Box<dyn Filter>>,
    /// The rest of a row that is returned in parts.
    rest: Option<(Arc<Row>, usize)>,
    /// How many more rows may be read.
    rows_left: usize,
    is_over: bool,
}

/// Takes in some cells of a row; the table says which families they are of. If it fails, so does the
/// fetch.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&Table, &Row, Range<usize>) -> Result<()>;

impl Scanner {
    /// A scanner whose share has taken what the scan needs.
    pub(crate) fn new(scan: Scan, share: Share) -> Self {
        let own = share.taken();
        Self { scan, share, own, walk: None }
    }

    /// Hands out the next results, at most `count`, and none at the end.
    ///
    /// # Errors
    /// If one is returned, what the sink got counts for nothing, and the scanner stands where it
    /// stood.
    pub(crate) fn fetch(
        &mut self,
        store: &Store,
        count: usize,
        limits: &mut Limits,
        sink: Sink<'_>,
    ) -> Result<()> {
        if count == 0 {
            // HBase asks no region then, so that nothing is refused.
            return Ok(());
        }
        check(&self.scan)?;
        let walk = match &mut self.walk {
            Some(walk) => walk,
            none => none.insert(Walk::begin(store, &self.scan)?),
        };
        drop(walk.table.in_use()?);
        limits.share().stand_beside(self.share.taken());
        let mut place = walk.place.clone();
        let dead = walk.fetch(&mut place, self.scan.batch, count, limits, sink)?;
        let rest = place.rest.as_ref().map_or(0, |(row, _)| row.memory());
        self.share.stand_beside(limits.share().taken());
        let resized = self.share.resize(self.own + rest);
        self.share.stand_beside(0);
        resized.map_err(Error::NoMemory)?;
        walk.place = place;
        if let Some((from, to)) = dead {
            // On a disk that is full they stay: a read needs no room.
            let _ = store.remove_dead_rows(&walk.table, &from, &to);
        }
        Ok(())
    }
}

/// HBase's region server refuses this combination too, but the gateway tries it for minutes.
fn check(scan: &Scan) -> Result<()> {
    let judges_rows = scan.filter.as_ref().is_some_and(|filter| filter.judges_rows());
    if scan.batch.is_some() && judges_rows {
        return Err(Error::DoNotRetry(
            "org.apache.hadoop.hbase.filter.IncompatibleFilterException: Cannot set batch on a \
             scan using a filter that returns true for filter.hasFilterRow"
                .to_owned(),
        ));
    }
    Ok(())
}

impl Walk {
    fn begin(store: &Store, scan: &Scan) -> Result<Self> {
        let table = store.table(&scan.table)?;
        let mut filter = scan.filter.clone();
        if scan.reversed
            && let Some(filter) = &mut filter
        {
            filter.reverse();
        }
        let snapshot = store.snapshot(&table);
        let (plan, position) = Plan::new(
            &table,
            &scan.query,
            &scan.rows,
            scan.reversed,
            filter.as_deref(),
            store.now(),
        )?;
        let place = Place {
            position,
            filter,
            rest: None,
            rows_left: scan.limit.unwrap_or(usize::MAX),
            is_over: false,
        };
        Ok(Self { table, snapshot, plan, place })
    }

    /// Returns a range of keys in which there seem to be many rows without cells.
    fn fetch(
        &self,
        place: &mut Place,
        batch: Option<usize>,
        count: usize,
        limits: &mut Limits,
        sink: Sink<'_>,
    ) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let Place { position, filter, rest, rows_left, is_over } = place;
        let mut found = 0;
        let mut hand_out = |limits: &mut Limits, row: &Row, cells| {
            // Each result has the key of its row.
            limits.take(row.key.len())?;
            sink(&self.table, row, cells)
        };
        if let Some((row, from)) = rest.take() {
            *rest = split(row, from, batch, count, &mut found, &mut |row, cells| {
                hand_out(limits, row, cells)
            })?;
        }
        let mut reader =
            Reader::new(&self.table, &*self.snapshot.cells, &self.plan, position.clone(), limits);
        let mut row = Row::default();
        let mut dead = None;
        // A rest is left only when there are as many results as were asked for.
        while found < count && !*is_over {
            let next = reader.next(filter.as_deref_mut(), &mut row)?;
            let (first, count_of_dead) = reader.take_dead();
            if count_of_dead >= MANY_DEAD_ROWS {
                dead = Some(reader.position.passed_since(&first));
            }
            *is_over = next != Found::Row;
            if next == Found::End {
                break;
            }
            *rows_left = rows_left.saturating_sub(1);
            *is_over |= *rows_left == 0;
            match batch {
                None => {
                    found += 1;
                    hand_out(reader.limits, &row, 0..row.len())?;
                }
                Some(_) => {
                    let whole = Arc::new(std::mem::take(&mut row));
                    *rest = split(whole, 0, batch, count, &mut found, &mut |row, cells| {
                        hand_out(reader.limits, row, cells)
                    })?;
                }
            }
        }
        *position = reader.position;
        Ok(dead)
    }
}

/// Hands out a row in results of at most `batch` cells, and returns what is left of it.
fn split(
    row: Arc<Row>,
    mut from: usize,
    batch: Option<usize>,
    count: usize,
    found: &mut usize,
    sink: &mut dyn FnMut(&Row, Range<usize>) -> Result<()>,
) -> Result<Option<(Arc<Row>, usize)>> {
    while from < row.len() {
        if *found == count {
            return Ok(Some((row, from)));
        }
        let to = batch.map_or(row.len(), |batch| row.len().min(from.saturating_add(batch)));
        sink(&row, from..to)?;
        *found += 1;
        from = to;
    }
    Ok(None)
}
