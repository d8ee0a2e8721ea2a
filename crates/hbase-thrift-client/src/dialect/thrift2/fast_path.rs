//! Usual rows of this interface (see [`lookahead`](crate::dialect::lookahead)): a list of cells whose family and
//! qualifier are apart.

use crate::dialect::lookahead::{self, Lookahead, UsualRows, is_same, repeat};
use crate::row::{BatchIndex, CellIndex, Span};
use crate::wire::Cursor;

// What precedes a value, in the binary protocol. A zero at the end is the first byte of a length:
// keys and values of 16 MiB are unusual.
const STRING_1: &[u8] = &[11, 0, 1, 0];
const STRING_2: &[u8] = &[11, 0, 2, 0];
const STRING_3: &[u8] = &[11, 0, 3];
const LIST_2_OF_STRUCTS: &[u8] = &[15, 0, 2, 12, 0];
const I64_4: &[u8] = &[10, 0, 4];
const I8_6: &[u8] = &[3, 0, 6];
// A byte of each value behind them.
const BOOL_3_AND_BOOL_4: u64 = u64::from_be_bytes([2, 0, 3, 0, 2, 0, 4, 0]);
const BOOLS_WITHOUT_VALUES: u64 = u64::from_be_bytes([255, 255, 255, 0, 255, 255, 255, 0]);
const STOP: u8 = 0;

/// What precedes each of a cell's strings, with its length.
const HEAD: usize = 7;
/// What follows a cell's value: its time, its type, and the end.
const CELL_END: usize = 3 + 8 + 3 + 1 + 1;
/// What follows a row's cells: whether it is stale, whether more of it comes, and the end.
const ROW_END: usize = 4 + 4 + 1;

/// Moves the cursor over at most `count` rows; returns how many it left.
pub(super) fn rows(cursor: &mut Cursor<'_>, count: usize, index: &mut BatchIndex) -> usize {
    lookahead::rows::<Usual>(cursor, count, index)
}

/// Moves the cursor over at most `count` cells; returns how many it left.
pub(super) fn cells(cursor: &mut Cursor<'_>, count: usize, into: &mut Vec<CellIndex>) -> usize {
    repeat(cursor, count, |ahead| {
        into.push(cell(ahead)?);
        Some(())
    })
}

struct Usual;

impl UsualRows for Usual {
    /// With the length of the family's name.
    type Head<'a> = (&'a [u8], usize);

    #[inline]
    fn row(ahead: &mut Lookahead<'_>, cells: &mut Vec<CellIndex>) -> Option<(Span, bool)> {
        let key = ahead.bytes::<HEAD>(STRING_1)?;
        for _ in 0..ahead.number::<8>(LIST_2_OF_STRUCTS)? {
            cells.push(cell(ahead)?);
        }
        end(ahead)?;
        Some((key, true))
    }

    #[inline]
    fn row_alike(
        ahead: &mut Lookahead<'_>,
        heads: &[(&[u8], usize)],
        cells: &mut Vec<CellIndex>,
    ) -> Option<(Span, bool)> {
        let key = ahead.bytes::<HEAD>(STRING_1)?;
        let count = ahead.number::<8>(LIST_2_OF_STRUCTS)?;
        let usual = usual_cells(ahead, heads, count, cells);
        for _ in usual..count {
            cells.push(cell(ahead)?);
        }
        end(ahead)?;
        Some((key, usual == count))
    }

    fn head(cell: CellIndex, bytes: &[u8]) -> Option<(&[u8], usize)> {
        cell.before_value(HEAD, STRING_3.len(), bytes)
    }
}

/// The end of a row.
#[inline]
fn end(ahead: &mut Lookahead<'_>) -> Option<()> {
    let [values @ .., stop] = ahead.array::<ROW_END>()?;
    let heads = u64::from_be_bytes(*values) & BOOLS_WITHOUT_VALUES;
    (heads == BOOL_3_AND_BOOL_4 && *stop == STOP).then_some(())
}

/// Reads the first of `count` cells, as long as they have these heads; returns how many those are.
// By itself it needs no more registers than there are.
#[inline(never)]
fn usual_cells(
    ahead: &mut Lookahead<'_>,
    heads: &[(&[u8], usize)],
    count: usize,
    cells: &mut Vec<CellIndex>,
) -> usize {
    let (mut rest, before) = (ahead.rest, cells.len());
    for (head, family) in &heads[..heads.len().min(count)] {
        let Some((found, after_head)) = rest.split_at_checked(head.len()) else { break };
        let Some((length, values)) = after_head.split_first_chunk() else { break };
        let length = u32::from_be_bytes(*length) as usize;
        let Some(tail) = values.get(length..) else { break };
        let Some((tail, after)) = tail.split_first_chunk::<CELL_END>() else { break };
        let Some(timestamp) = timestamp_in(tail) else { break };
        if !is_same(found, head) {
            break;
        }
        let first = ahead.end - rest.len() + HEAD;
        let value = ahead.end - values.len();
        let qualifier = first + family + HEAD;
        cells.push(CellIndex::of_parts(
            (first..first + family).into(),
            (qualifier..value - 4 - STRING_3.len()).into(),
            (value..value + length).into(),
            timestamp,
        ));
        rest = after;
    }
    ahead.rest = rest;
    cells.len() - before
}

/// A `TColumnValue`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call takes a tenth of what a row of one column takes")]
fn cell(ahead: &mut Lookahead<'_>) -> Option<CellIndex> {
    let family = ahead.position() + HEAD;
    let family = family..family + ahead.length::<HEAD>(STRING_1)?;
    let qualifier = family.end + HEAD;
    let qualifier = qualifier..qualifier + ahead.length::<HEAD>(STRING_2)?;
    let value = qualifier.end + HEAD;
    let value = value..value + ahead.length::<HEAD>(STRING_3)?;
    let timestamp = timestamp_in(ahead.array()?)?;
    Some(CellIndex::of_parts(family.into(), qualifier.into(), value.into(), timestamp))
}

/// The time in what follows a value, if that is as gateways write it.
#[inline]
fn timestamp_in(end: &[u8; CELL_END]) -> Option<i64> {
    let timestamp = end.strip_prefix(I64_4).and_then(|rest| rest.first_chunk())?;
    let is_end = end[11..].starts_with(I8_6) && end[CELL_END - 1] == STOP;
    is_end.then(|| i64::from_be_bytes(*timestamp))
}
