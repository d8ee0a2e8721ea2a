//! Reads of cells and rows, and how results are handed out.

use std::collections::BTreeMap;

use hbase_thrift_api::{TCell, TColumn, TRowResult, Text};

use super::{Service, names};
use crate::model::{Cell, Row};
use crate::query::Query;
use crate::store::{Result, Table};

impl Service {
    /// The versions of a column, or of all columns of a family, without their names.
    pub(super) fn cells(
        &self,
        table: &[u8],
        row: &[u8],
        column: Text,
        before: Option<i64>,
        versions: i32,
    ) -> Result<Vec<TCell>> {
        let table = self.table(table)?;
        names::check_row(row)?;
        let query = Query::new(&table, &[column], before, versions)?;
        let row = self.store.get(&table, row, &query, &mut self.limits())?;
        Ok(row.cells.into_iter().map(cell).collect())
    }

    /// The rows that are there, in the order in which they were asked for.
    pub(super) fn rows(
        &self,
        table: &[u8],
        rows: &[Text],
        columns: &[Text],
        before: Option<i64>,
    ) -> Result<Vec<TRowResult>> {
        let table = self.table(table)?;
        for row in rows {
            names::check_row(row)?;
        }
        let query = Query::new(&table, columns, before, 1)?;
        let mut limits = self.limits();
        let mut found = Vec::new();
        for row in rows {
            let row = self.store.get(&table, row, &query, &mut limits)?;
            if !row.cells.is_empty() {
                found.push(result(&table, row, false));
            }
        }
        Ok(found)
    }
}

/// A row as the interface has it: columns in a map, or, when asked for, in a list.
pub(super) fn result(table: &Table, row: Row, sorted: bool) -> TRowResult {
    let cells = row.cells.into_iter().map(|found| (name(table, &found), cell(found)));
    let mut result = TRowResult { row: Some(row.key), columns: None, sorted_columns: None };
    if sorted {
        let column = |(name, cell)| TColumn { column_name: Some(name), cell: Some(cell) };
        result.sorted_columns = Some(cells.map(column).collect());
    } else {
        let mut columns = BTreeMap::new();
        for (name, cell) in cells {
            columns.insert(name, cell);
        }
        result.columns = Some(columns);
    }
    result
}

fn name(table: &Table, cell: &Cell) -> Text {
    let family = table.families.get(usize::from(cell.family));
    let family = family.map(|family| family.name.as_slice()).unwrap_or_default();
    let mut name = Vec::with_capacity(family.len() + 1 + cell.qualifier.len());
    name.extend(family);
    name.push(b':');
    name.extend(&cell.qualifier);
    name
}

pub(super) fn cell(cell: Cell) -> TCell {
    TCell { value: Some(cell.value), timestamp: Some(cell.timestamp) }
}
