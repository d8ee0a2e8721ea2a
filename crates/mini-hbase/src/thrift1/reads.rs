//! Reads of cells and rows, and how results are handed out.

use std::sync::Arc;

use hbase_thrift_api::{TCell, TRowResult, Text};

use super::column;
use crate::budget::Share;
use crate::model::{Cell, Error, LATEST, Query, Result, Row, Table, TimeRange};
use crate::names;
use crate::service::Service;

/// What a row takes as a result of the generated code's, beside its bytes, and what each cell does.
const ROW: usize = 1_024;
const CELL: usize = 192;
/// What a column takes that is asked for, beside its name.
const COLUMN: usize = 256;
/// How often its name is there then.
const COPIES: usize = 3;

impl Service {
    /// The versions of a column, or of all columns of a family, without their names.
    pub(super) fn cells(
        &self,
        share: &Arc<Share>,
        table: &[u8],
        row: &[u8],
        column: Text,
        before: Option<i64>,
        versions: i32,
    ) -> Result<Vec<TCell>> {
        let table = self.table(table)?;
        names::check_row(row)?;
        let query = query(share, &[column], before, versions)?;
        let mut found = Row::default();
        self.store.get(&table, row, &query, &mut self.limits(share), &mut found)?;
        Ok(found.cells().map(cell).collect())
    }

    /// The rows that are there, in the order in which they were asked for.
    pub(super) fn rows(
        &self,
        share: &Arc<Share>,
        table: &[u8],
        rows: &[Text],
        columns: &[Text],
        before: Option<i64>,
    ) -> Result<Vec<TRowResult>> {
        names::table(table)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        for row in rows {
            names::check_row(row)?;
        }
        let query = query(share, columns, before, 1)?;
        // Several gets are a batch, whose failures the gateway puts together.
        let fail = |error: Error| if rows.len() > 1 { error.of_batch(rows.len()) } else { error };
        let table = self.table(table).map_err(fail)?;
        let mut limits = self.limits(share);
        let mut found = Vec::new();
        let mut row = Row::default();
        for key in rows {
            self.store.get(&table, key, &query, &mut limits, &mut row).map_err(fail)?;
            if !row.is_empty() {
                limits.take(row.key.len())?;
                share.take(ROW + CELL * row.len()).map_err(Error::NoMemory)?;
                found.push(result(&table, &row));
            }
        }
        Ok(found)
    }
}

/// What a read wants, with the interface's columns and its bound of time, which is exclusive.
pub(super) fn query(
    share: &Share,
    columns: &[Text],
    before: Option<i64>,
    versions: i32,
) -> Result<Query> {
    let names: usize = columns.iter().map(Vec::len).sum();
    share.take(COPIES * names + COLUMN * columns.len()).map_err(Error::NoMemory)?;
    let columns = columns.iter().map(|column| {
        let (family, qualifier) = column::parse(column);
        (family.to_vec(), qualifier.map(<[u8]>::to_vec))
    });
    Query::new(columns.collect(), TimeRange::new(0, before.unwrap_or(LATEST))?, versions)
}

/// A row as the interface has it.
fn result(table: &Table, row: &Row) -> TRowResult {
    let columns = row.cells().map(|found| (name(table, &found), cell(found))).collect();
    TRowResult { row: Some(row.key.clone()), columns: Some(columns), sorted_columns: None }
}

fn name(table: &Table, cell: &Cell<'_>) -> Text {
    let family = table.families.get(usize::from(cell.family));
    let family = family.map(|family| family.name.as_slice()).unwrap_or_default();
    let mut name = Vec::with_capacity(family.len() + 1 + cell.qualifier.len());
    name.extend(family);
    name.push(b':');
    name.extend(cell.qualifier);
    name
}

fn cell(cell: Cell<'_>) -> TCell {
    TCell { value: Some(cell.value.to_vec()), timestamp: Some(cell.timestamp) }
}
