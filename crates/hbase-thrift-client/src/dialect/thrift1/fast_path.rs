//! Rows in the layout in which gateways write them, read with a few comparisons.
//!
//! HBase's Java writes a struct's fields in the order of their ids and, in a row, always the same
//! ones. So nearly all bytes between keys, columns and values are known beforehand. What is laid
//! out otherwise, is longer than usual or hasn't come whole is left to the general decoder, which
//! says what is wrong with it: nothing here fails.
//!
//! Most rows of a table have the columns of the row before. So what surrounds a cell's value is first
//! compared with what surrounded that cell's in an earlier row: one comparison tells that all of it is as it
//! should be, what the column is, and that the row's columns are in order.

use super::form::Form;
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

/// Moves the cursor over at most `count` rows; returns how many it left.
pub(super) fn rows(cursor: &mut Cursor<'_>, count: usize, index: &mut BatchIndex) -> usize {
    let bytes = cursor.bytes();
    let (mut several, mut left) = (None, count);
    repeat(cursor, count, |ahead| {
        if several.is_some() {
            return None;
        }
        let first = index.cells.len();
        let Some((key, form)) = ahead.row(&mut index.cells) else {
            index.cells.truncate(first);
            return None;
        };
        index.end_row(key, first, bytes);
        left -= 1;
        if form == Form::List && index.cells.len() - first > 1 {
            several = Some(first);
        }
        Some(())
    });
    // A row of one column is read sooner by itself, and one row alone, as of a get, is like no other.
    match several {
        Some(first) if left > 0 => rows_alike(cursor, left, first, index),
        _ => left,
    }
}

/// As [`rows`], after a row of several columns whose cells begin at `first`.
// By itself neither loop needs more registers than there are.
#[inline(never)]
fn rows_alike(
    cursor: &mut Cursor<'_>,
    count: usize,
    first: usize,
    index: &mut BatchIndex,
) -> usize {
    let bytes = cursor.bytes();
    let mut heads = Heads::default();
    heads.set(bytes, &index.cells[first..]);
    repeat(cursor, count, |ahead| {
        let first = index.cells.len();
        let Some((key, is_alike)) = ahead.row_alike(heads.known(), &mut index.cells) else {
            index.cells.truncate(first);
            return None;
        };
        if is_alike {
            index.end_sorted_row(key, first);
        } else {
            index.end_row(key, first, bytes);
            heads.set(bytes, &index.cells[first..]);
        }
        Some(())
    })
}

/// Moves the cursor over at most `count` cells; returns how many it left.
pub(super) fn cells(
    cursor: &mut Cursor<'_>,
    form: Form,
    count: usize,
    into: &mut Vec<CellIndex>,
) -> usize {
    repeat(cursor, count, |ahead| {
        into.push(match form {
            Form::Map => ahead.map_cell()?,
            Form::List => ahead.list_cell()?,
        });
        Some(())
    })
}

#[inline]
fn repeat<'a>(
    cursor: &mut Cursor<'a>,
    count: usize,
    mut read: impl FnMut(&mut Lookahead<'a>) -> Option<()>,
) -> usize {
    let mut ahead = Lookahead::of(cursor);
    let (mut position, mut left) = (ahead.position(), count);
    while left > 0 && read(&mut ahead).is_some() {
        position = ahead.position();
        left -= 1;
    }
    cursor.move_to(position);
    left
}

/// What comes before the values in the list of an earlier row, in HBase's order of columns: of each cell up to the
/// length of its value.
struct Heads<'a> {
    heads: [&'a [u8]; MOST_HEADS],
    known: usize,
}

/// Of rows with more columns, the rest is read as if nothing were known of it.
const MOST_HEADS: usize = 64;

impl Default for Heads<'_> {
    fn default() -> Self {
        Self { heads: [&[]; MOST_HEADS], known: 0 }
    }
}

impl<'a> Heads<'a> {
    const BEFORE_NAME: usize = STRING_1.len() + 3;
    const AFTER_NAME: usize = STRUCT_2_WITH_STRING_1.len() - 1;

    fn set(&mut self, bytes: &'a [u8], cells: &[CellIndex]) {
        self.known = 0;
        for (head, cell) in self.heads.iter_mut().zip(cells) {
            let around = cell.around(Self::BEFORE_NAME, Self::AFTER_NAME, bytes);
            let Some(around) = around else { return };
            *head = around;
            self.known += 1;
        }
    }

    fn known(&self) -> &[&'a [u8]] {
        &self.heads[..self.known]
    }
}

/// Whether two pieces of the same length have the same bytes; of short ones, without a call.
#[inline]
fn is_same(some: &[u8], others: &[u8]) -> bool {
    const HALF: usize = 16;
    if some.len() < HALF || some.len() > 2 * HALF {
        return some == others;
    }
    some.first_chunk::<HALF>() == others.first_chunk()
        && some.last_chunk::<HALF>() == others.last_chunk()
}

/// A look at what comes after the cursor. What comes after a `None` means nothing.
struct Lookahead<'a> {
    rest: &'a [u8],
    /// Where `rest` ends, counted as the cursor counts.
    end: usize,
}

impl<'a> Lookahead<'a> {
    fn of(cursor: &Cursor<'a>) -> Self {
        let rest = cursor.rest();
        Self { rest, end: cursor.position() + rest.len() }
    }

    fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// Reads a row; returns its key, and how its columns came.
    #[inline]
    fn row(&mut self, cells: &mut Vec<CellIndex>) -> Option<(Span, Form)> {
        let key = self.bytes::<7>(STRING_1)?;
        let form = if let Some(count) = self.number::<8>(LIST_3_OF_STRUCTS) {
            for _ in 0..count {
                cells.push(self.list_cell()?);
            }
            Form::List
        } else {
            for _ in 0..self.number::<9>(MAP_2_OF_STRUCTS)? {
                cells.push(self.map_cell()?);
            }
            Form::Map
        };
        self.stop()?;
        Some((key, form))
    }

    /// Reads a row whose columns are a list; returns its key, and whether they have these heads, or the first of
    /// these.
    #[inline]
    fn row_alike(&mut self, heads: &[&[u8]], cells: &mut Vec<CellIndex>) -> Option<(Span, bool)> {
        let key = self.bytes::<7>(STRING_1)?;
        let count = self.number::<8>(LIST_3_OF_STRUCTS)?;
        let usual = self.usual_cells(heads, count, cells);
        for _ in usual..count {
            cells.push(self.list_cell()?);
        }
        self.stop()?;
        Some((key, usual == count))
    }

    /// The end of a struct.
    #[inline]
    fn stop(&mut self) -> Option<()> {
        let (stop, rest) = self.rest.split_first()?;
        self.rest = rest;
        (*stop == STOP).then_some(())
    }

    /// Reads the first of `count` cells of a list, as long as they have these heads; returns how many those are.
    // By itself it needs no more registers than there are.
    #[inline(never)]
    fn usual_cells(&mut self, heads: &[&[u8]], count: usize, cells: &mut Vec<CellIndex>) -> usize {
        let (mut rest, before) = (self.rest, cells.len());
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
            let name = self.end - rest.len() + Heads::BEFORE_NAME;
            let value = self.end - values.len();
            let name = name..value - 4 - Heads::AFTER_NAME;
            cells.push(CellIndex::of_whole(name.into(), (value..value + length).into(), timestamp));
            rest = after;
        }
        self.rest = rest;
        cells.len() - before
    }

    /// A key and a value of the map.
    #[inline]
    fn map_cell(&mut self) -> Option<CellIndex> {
        let column = self.bytes::<4>(LENGTH)?;
        let value = self.bytes::<7>(STRING_1)?;
        let (timestamp, [STOP]) = self.timestamp()? else { return None };
        Some(CellIndex::of_whole(column, value, timestamp))
    }

    /// A `TColumn` with the `TCell` within.
    #[inline]
    fn list_cell(&mut self) -> Option<CellIndex> {
        let column = self.bytes::<7>(STRING_1)?;
        let value = self.bytes::<10>(STRUCT_2_WITH_STRING_1)?;
        let (timestamp, [STOP, STOP]) = self.timestamp()? else { return None };
        Some(CellIndex::of_whole(column, value, timestamp))
    }

    /// The last field of a `TCell`, and `N` bytes after it.
    #[inline]
    fn timestamp<const N: usize>(&mut self) -> Option<(i64, [u8; N])> {
        let (head, rest) = self.rest.split_first_chunk::<11>()?;
        let (stops, rest) = rest.split_first_chunk()?;
        self.rest = rest;
        let timestamp = head.strip_prefix(I64_2)?.first_chunk()?;
        Some((i64::from_be_bytes(*timestamp), *stops))
    }

    /// Bytes after a head of `N` bytes, which ends with their length.
    #[inline]
    fn bytes<const N: usize>(&mut self, head: &[u8]) -> Option<Span> {
        let length = self.number::<N>(head)?;
        let start = self.position();
        self.rest = self.rest.get(length..)?;
        Some(Span::from(start..start + length))
    }

    /// The number at the end of a head of `N` bytes, of which all but the last three are given.
    #[inline]
    fn number<const N: usize>(&mut self, head: &[u8]) -> Option<usize> {
        let (found, rest) = self.rest.split_first_chunk::<N>()?;
        let number = found.last_chunk().filter(|_| found.starts_with(head))?;
        self.rest = rest;
        Some(u32::from_be_bytes(*number) as usize)
    }
}
