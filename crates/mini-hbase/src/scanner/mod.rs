//! Scanners: a place in a table that calls come back to, for as long as its lease lasts.
//!
//! A scanner sees the table as it was at its first fetch. Memory is bounded: a scanner keeps at
//! most one row, there are only so many scanners, and an answer ends early when it grows large.

mod leases;

use std::collections::VecDeque;
use std::sync::Arc;

use fjall::Snapshot;

use crate::filter::{self, Filter, Judged};
use crate::model::{Cell, Row};
use crate::query::Query;
use crate::store::{Cursor, Error, Limits, Result, Rows, Store, Table};

pub(crate) use leases::{LEASE, Scanners};

/// What `scannerOpen…` asks for.
pub(crate) struct Request {
    pub(crate) table: String,
    pub(crate) start: Vec<u8>,
    pub(crate) stop: Vec<u8>,
    /// Instead of `stop`: only rows that begin like `start`.
    pub(crate) is_prefix: bool,
    pub(crate) columns: Vec<Vec<u8>>,
    pub(crate) before: Option<i64>,
    pub(crate) reversed: bool,
    /// How many cells a result may have; a row may come as several results.
    pub(crate) batch: Option<usize>,
    pub(crate) sorted: bool,
    pub(crate) filter: Option<Box<dyn Filter>>,
}

impl Request {
    /// HBase's region server refuses this combination too, but the gateway tries it for minutes.
    fn check(&self) -> Result<()> {
        let of_whole_rows = self.filter.as_ref().is_some_and(|filter| filter.judges_rows());
        if self.batch.is_some() && of_whole_rows {
            return Err(Error::DoNotRetry(
                "org.apache.hadoop.hbase.filter.IncompatibleFilterException: Cannot set batch on a \
                 scan using a filter that returns true for filter.hasFilterRow"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// An open scanner.
pub(crate) struct Scanner {
    request: Request,
    walk: Option<Walk>,
    /// The rest of a row that is handed out in parts.
    parts: VecDeque<Row>,
}

/// What is known only when the first row is asked for: HBase opens a scanner no earlier, so a
/// missing table or family is a failure of the fetch.
struct Walk {
    table: Arc<Table>,
    snapshot: Snapshot,
    query: Query,
    cursor: Cursor,
    is_over: bool,
}

impl Scanner {
    pub(crate) fn new(request: Request) -> Self {
        Self { request, walk: None, parts: VecDeque::new() }
    }

    /// Whether columns go into the result's list instead of its map.
    pub(crate) fn is_sorted(&self) -> bool {
        self.request.sorted
    }

    /// The next results, at most `count`, and none at the end.
    pub(crate) fn fetch(
        &mut self,
        store: &Store,
        count: usize,
        limits: &mut Limits,
    ) -> Result<(Arc<Table>, Vec<Row>)> {
        self.request.check()?;
        let walk = match &mut self.walk {
            Some(walk) => walk,
            none => none.insert(Walk::begin(store, &self.request)?),
        };
        drop(walk.table.in_use()?);
        let mut found = Vec::new();
        let filter = &mut self.request.filter;
        let mut rows = Rows::new(
            &walk.table,
            &walk.snapshot,
            &walk.cursor,
            &walk.query,
            filter.is_some(),
            store.now(),
        );
        while found.len() < count && !limits.is_half_used() {
            if let Some(part) = self.parts.pop_front() {
                found.push(part);
                continue;
            }
            if walk.is_over {
                break;
            }
            let Some(row) = rows.next(limits)? else {
                walk.is_over = true;
                break;
            };
            walk.cursor.pass(&row.key);
            let cells = match filter {
                Some(filter) => match filter::judge(&mut **filter, &walk.table, row, &walk.query) {
                    Judged::Row(row) => row,
                    Judged::Last(row) => {
                        walk.is_over = true;
                        row
                    }
                    Judged::LeftOut => continue,
                    Judged::End => {
                        walk.is_over = true;
                        continue;
                    }
                },
                None => row,
            };
            split(cells, self.request.batch, &mut self.parts);
        }
        drop(rows);
        Ok((Arc::clone(&walk.table), found))
    }
}

impl Walk {
    fn begin(store: &Store, request: &Request) -> Result<Self> {
        let table = store.table(&request.table)?;
        let query = Query::new(&table, &request.columns, request.before, 1)?;
        let cursor = if request.is_prefix {
            Cursor::with_prefix(&request.start)
        } else {
            Cursor::new(&request.start, &request.stop, request.reversed)
        };
        Ok(Self { snapshot: store.snapshot(), table, query, cursor, is_over: false })
    }
}

/// Cuts a row into results of at most `batch` cells; a row without cells is none.
fn split(row: Row, batch: Option<usize>, parts: &mut VecDeque<Row>) {
    if row.cells.is_empty() {
        return;
    }
    let Some(batch) = batch else {
        parts.push_back(row);
        return;
    };
    let mut cells = row.cells.into_iter().peekable();
    while cells.peek().is_some() {
        let cells: Vec<Cell> = cells.by_ref().take(batch).collect();
        parts.push_back(Row { key: row.key.clone(), cells });
    }
}
