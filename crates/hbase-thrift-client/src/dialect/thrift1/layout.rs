//! How a row of Thrift 1 is laid out: a map, or a sorted list, of columns named `family:qualifier`.

use super::fast_path;
use super::form::CellForm;
use crate::row::{BatchIndex, CellIndex, Span};
use crate::wire::{Cursor, Field, RowLayout, Step, Stop, WireProtocol, WireType, skip_field};

/// `TRowResult`.
pub(crate) struct Thrift1Rows;

// Field ids of the interface.
const ROW_COLUMNS: i16 = 2;
const ROW_SORTED_COLUMNS: i16 = 3;
const COLUMN_NAME: i16 = 1;
const COLUMN_CELL: i16 = 2;
const CELL_VALUE: i16 = 1;
const CELL_TIMESTAMP: i16 = 2;

impl RowLayout for Thrift1Rows {
    type Form = CellForm;

    const ROW_KEY: i16 = 1;

    fn cells<P: WireProtocol>(
        cursor: &mut Cursor<'_>,
        field: Field,
    ) -> Step<Option<(CellForm, usize)>> {
        match (field.id, field.wire_type) {
            (ROW_COLUMNS, WireType::Map) => {
                let (key, value, cells) = P::map(cursor)?;
                if cells > 0 && (key, value) != (WireType::Bytes, WireType::Struct) {
                    return Err(Stop::Bad("a map of something that is no cell"));
                }
                Ok(Some((CellForm::Map, cells)))
            }
            (ROW_SORTED_COLUMNS, WireType::List) => {
                let (element, cells) = P::list(cursor)?;
                if cells > 0 && element != WireType::Struct {
                    return Err(Stop::Bad("a list of something that is no column"));
                }
                Ok(Some((CellForm::List, cells)))
            }
            _ => Ok(None),
        }
    }

    fn cell<P: WireProtocol>(cursor: &mut Cursor<'_>, form: CellForm) -> Step<CellIndex> {
        match form {
            CellForm::Map => {
                let column = P::bytes(cursor)?.into();
                let (value, timestamp) = cell::<P>(cursor)?;
                Ok(CellIndex::of_whole(column, value, timestamp))
            }
            CellForm::List => column::<P>(cursor),
        }
    }

    fn usual_rows<P: WireProtocol>(
        cursor: &mut Cursor<'_>,
        count: usize,
        into: &mut BatchIndex,
    ) -> usize {
        if P::HAS_FIXED_SIZES { fast_path::rows(cursor, count, into) } else { count }
    }

    fn usual_cells<P: WireProtocol>(
        cursor: &mut Cursor<'_>,
        form: CellForm,
        count: usize,
        into: &mut Vec<CellIndex>,
    ) -> usize {
        if P::HAS_FIXED_SIZES { fast_path::cells(cursor, form, count, into) } else { count }
    }
}

/// A `TColumn`.
fn column<P: WireProtocol>(cursor: &mut Cursor<'_>) -> Step<CellIndex> {
    let (mut column, mut value, mut timestamp) = (Span::default(), Span::default(), 0);
    let mut last_id = 0;
    while let Some(field) = P::field(cursor, &mut last_id)? {
        match (field.id, field.wire_type) {
            (COLUMN_NAME, WireType::Bytes) => column = P::bytes(cursor)?.into(),
            (COLUMN_CELL, WireType::Struct) => (value, timestamp) = cell::<P>(cursor)?,
            _ => skip_field::<P>(cursor, field)?,
        }
    }
    Ok(CellIndex::of_whole(column, value, timestamp))
}

/// A `TCell`.
#[inline]
fn cell<P: WireProtocol>(cursor: &mut Cursor<'_>) -> Step<(Span, i64)> {
    let mut value = Span::default();
    let mut timestamp = 0;
    let mut last_id = 0;
    while let Some(field) = P::field(cursor, &mut last_id)? {
        match (field.id, field.wire_type) {
            (CELL_VALUE, WireType::Bytes) => value = P::bytes(cursor)?.into(),
            (CELL_TIMESTAMP, WireType::I64) => timestamp = P::i64(cursor)?,
            _ => skip_field::<P>(cursor, field)?,
        }
    }
    Ok((value, timestamp))
}
