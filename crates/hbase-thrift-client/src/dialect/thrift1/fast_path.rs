//! Usual rows of this interface (see [`lookahead`](crate::dialect::lookahead)): a map, or a list, of columns.

use super::form::CellForm;
use crate::dialect::lookahead::{self, Lookahead, UsualRows, is_same, repeat};
use crate::row::{BatchIndex, CellIndex, Span};
use crate::wire::Cursor;

// What precedes a value, in the binary protocol. A zero at the end is the first byte of a length:
// keys and values of 16 MiB are unusual.
const LENGTH: &[u8] = &[0];
const STRING_1: &[u8] = &[11, 0, 1, 0];
const MAP_2_OF_STRUCTS: &[u8] = &[13, 0, 2, 11, 12, 0];
const LIST_3_OF_STRUCTS: &[u8] = &[15, 0, 3, 12, 0];
const STRUCT_2_WITH_STRING_1: &[u8] = &[12, 0, 2, 11, 0, 1, 0];
const I64_2: &[u8] = &[10, 0, 2];
const STOP: u8 = 0;

const BEFORE_NAME: usize = STRING_1.len() + 3;
const AFTER_NAME: usize = STRUCT_2_WITH_STRING_1.len() - 1;

/// Moves the cursor over at most `count` rows; returns how many it left.
pub(super) fn rows(cursor: &mut Cursor<'_>, count: usize, index: &mut BatchIndex) -> usize {
    lookahead::rows::<Usual>(cursor, count, index)
}

/// Moves the cursor over at most `count` cells; returns how many it left.
pub(super) fn cells(
    cursor: &mut Cursor<'_>,
    form: CellForm,
    count: usize,
    into: &mut Vec<CellIndex>,
) -> usize {
    repeat(cursor, count, |ahead| {
        into.push(match form {
            CellForm::Map => map_cell(ahead)?,
            CellForm::List => list_cell(ahead)?,
        });
        Some(())
    })
}

struct Usual;

impl UsualRows for Usual {
    type Head<'a> = &'a [u8];

    /// Only lists can be compared.
    #[inline]
    fn row(ahead: &mut Lookahead<'_>, cells: &mut Vec<CellIndex>) -> Option<(Span, bool)> {
        let key = ahead.bytes::<7>(STRING_1)?;
        let is_list = if let Some(count) = ahead.number::<8>(LIST_3_OF_STRUCTS) {
            for _ in 0..count {
                cells.push(list_cell(ahead)?);
            }
            true
        } else {
            for _ in 0..ahead.number::<9>(MAP_2_OF_STRUCTS)? {
                cells.push(map_cell(ahead)?);
            }
            false
        };
        stop(ahead)?;
        Some((key, is_list))
    }

    #[inline]
    fn row_alike(
        ahead: &mut Lookahead<'_>,
        heads: &[&[u8]],
        cells: &mut Vec<CellIndex>,
    ) -> Option<(Span, bool)> {
        let key = ahead.bytes::<7>(STRING_1)?;
        let count = ahead.number::<8>(LIST_3_OF_STRUCTS)?;
        let usual = usual_cells(ahead, heads, count, cells);
        for _ in usual..count {
            cells.push(list_cell(ahead)?);
        }
        stop(ahead)?;
        Some((key, usual == count))
    }

    fn head(cell: CellIndex, bytes: &[u8]) -> Option<&[u8]> {
        cell.around(BEFORE_NAME, AFTER_NAME, bytes)
    }
}

/// The end of a struct.
#[inline]
fn stop(ahead: &mut Lookahead<'_>) -> Option<()> {
    (*ahead.array()? == [STOP]).then_some(())
}

/// Reads the first of `count` cells of a list, as long as they have these heads; returns how many those are.
// By itself it needs no more registers than there are.
#[inline(never)]
fn usual_cells(
    ahead: &mut Lookahead<'_>,
    heads: &[&[u8]],
    count: usize,
    cells: &mut Vec<CellIndex>,
) -> usize {
    let (mut rest, before) = (ahead.rest, cells.len());
    for head in &heads[..heads.len().min(count)] {
        let Some((found, after_head)) = rest.split_at_checked(head.len()) else { break };
        let Some((length, values)) = after_head.split_first_chunk() else { break };
        let length = u32::from_be_bytes(*length) as usize;
        let Some(tail) = values.get(length..) else { break };
        let Some((tail, after)) = tail.split_first_chunk::<13>() else { break };
        let timestamp = tail.strip_prefix(I64_2).and_then(|tail| tail.first_chunk());
        let (Some(timestamp), Some([STOP, STOP])) = (timestamp, tail.last_chunk()) else {
            break;
        };
        let timestamp = i64::from_be_bytes(*timestamp);
        if !is_same(found, head) {
            break;
        }
        let name = ahead.end - rest.len() + BEFORE_NAME;
        let value = ahead.end - values.len();
        let name = name..value - 4 - AFTER_NAME;
        cells.push(CellIndex::of_whole(name.into(), (value..value + length).into(), timestamp));
        rest = after;
    }
    ahead.rest = rest;
    cells.len() - before
}

/// A key and a value of the map.
#[inline]
fn map_cell(ahead: &mut Lookahead<'_>) -> Option<CellIndex> {
    let column = ahead.bytes::<4>(LENGTH)?;
    let value = ahead.bytes::<7>(STRING_1)?;
    let (timestamp, [STOP]) = timestamp(ahead)? else { return None };
    Some(CellIndex::of_whole(column, value, timestamp))
}

/// A `TColumn` with the `TCell` within.
#[inline]
fn list_cell(ahead: &mut Lookahead<'_>) -> Option<CellIndex> {
    let column = ahead.bytes::<7>(STRING_1)?;
    let value = ahead.bytes::<10>(STRUCT_2_WITH_STRING_1)?;
    let (timestamp, [STOP, STOP]) = timestamp(ahead)? else { return None };
    Some(CellIndex::of_whole(column, value, timestamp))
}

/// The last field of a `TCell`, and `N` bytes after it.
#[inline]
fn timestamp<const N: usize>(ahead: &mut Lookahead<'_>) -> Option<(i64, [u8; N])> {
    let head = ahead.array::<11>()?;
    let stops = ahead.array()?;
    let timestamp = head.strip_prefix(I64_2)?.first_chunk()?;
    Some((i64::from_be_bytes(*timestamp), *stops))
}
