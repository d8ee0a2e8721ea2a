//! How a row of Thrift 2 is laid out: a list of cells with family and qualifier apart.

use super::fast_path;
use crate::row::{BatchIndex, CellIndex, Span};
use crate::wire::{Cursor, Field, RowLayout, Step, Stop, WireProtocol, WireType, skip_field};

/// `TResult`.
pub(crate) struct Thrift2Rows;

// Field ids of the interface.
const ROW_CELLS: i16 = 2;
const CELL_FAMILY: i16 = 1;
const CELL_QUALIFIER: i16 = 2;
const CELL_VALUE: i16 = 3;
const CELL_TIMESTAMP: i16 = 4;

impl RowLayout for Thrift2Rows {
    /// There is one way.
    type Form = ();

    const ROW_KEY: i16 = 1;
    const MAY_STAND_ALONE: bool = true;
    const MAY_BE_ABSENT: bool = true;

    fn cells<P: WireProtocol>(cursor: &mut Cursor<'_>, field: Field) -> Step<Option<((), usize)>> {
        match (field.id, field.wire_type) {
            (ROW_CELLS, WireType::List) => {
                let (element, cells) = P::list(cursor)?;
                if cells > 0 && element != WireType::Struct {
                    return Err(Stop::Bad("a list of something that is no cell"));
                }
                Ok(Some(((), cells)))
            }
            _ => Ok(None),
        }
    }

    /// A `TColumnValue`.
    fn cell<P: WireProtocol>(cursor: &mut Cursor<'_>, (): ()) -> Step<CellIndex> {
        let (mut family, mut qualifier, mut value) =
            (Span::default(), Span::default(), Span::default());
        let (mut timestamp, mut last_id) = (0, 0);
        while let Some(field) = P::field(cursor, &mut last_id)? {
            match (field.id, field.wire_type) {
                (CELL_FAMILY, WireType::Bytes) => family = P::bytes(cursor)?.into(),
                (CELL_QUALIFIER, WireType::Bytes) => qualifier = P::bytes(cursor)?.into(),
                (CELL_VALUE, WireType::Bytes) => value = P::bytes(cursor)?.into(),
                (CELL_TIMESTAMP, WireType::I64) => timestamp = P::i64(cursor)?,
                _ => skip_field::<P>(cursor, field)?,
            }
        }
        Ok(CellIndex::of_parts(family, qualifier, value, timestamp))
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
        (): (),
        count: usize,
        into: &mut Vec<CellIndex>,
    ) -> usize {
        if P::HAS_FIXED_SIZES { fast_path::cells(cursor, count, into) } else { count }
    }
}
