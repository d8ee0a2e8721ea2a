//! Rows as the interface has them (`ThriftUtilities.resultFromHBase`).

use std::ops::Range;

use hbase_thrift_api::thrift2::{TColumnValue, TResult};

use crate::budget::Share;
use crate::model::{Cell, CellType, Error, Result, Row, Table};

/// What a result takes beside its cells, and what each of these does beside its bytes.
const RESULT: usize = size_of::<TResult>() + 64;
const CELL: usize = size_of::<TColumnValue>() + 96;

/// A result of no cells, which has no row either.
pub(super) fn empty() -> TResult {
    TResult { row: None, column_values: Vec::new(), stale: Some(false), partial: Some(false) }
}

/// Some cells of a row; the share takes what they need beside what a read takes for their values.
pub(super) fn result(
    table: &Table,
    row: &Row,
    cells: Range<usize>,
    share: &Share,
) -> Result<TResult> {
    if row.is_empty() {
        return Ok(empty());
    }
    let names: usize = row
        .cells()
        .skip(cells.start)
        .take(cells.len())
        .map(|one| family(table, one.family).len())
        .sum();
    share.take(RESULT + row.key.len() + CELL * cells.len() + names).map_err(Error::NoMemory)?;
    // The rest of what goes over the wire.
    share.set_aside(names + RESULT).map_err(Error::NoMemory)?;
    let partial = cells.end < row.len();
    let values = row.cells().skip(cells.start).take(cells.len());
    let column_values = values.map(|cell| value(table, cell)).collect();
    Ok(TResult {
        row: Some(row.key.clone()),
        column_values,
        stale: Some(false),
        partial: Some(partial),
    })
}

/// A cell with its column, as a call that wrote it returns it as well.
pub(super) fn value(table: &Table, cell: Cell<'_>) -> TColumnValue {
    TColumnValue {
        family: family(table, cell.family).to_vec(),
        qualifier: cell.qualifier.to_vec(),
        value: cell.value.to_vec(),
        timestamp: Some(cell.timestamp),
        tags: None,
        type_: Some(CellType::Put as i8),
    }
}

fn family(table: &Table, place: u16) -> &[u8] {
    table.families.get(usize::from(place)).map(|family| family.name.as_slice()).unwrap_or_default()
}
