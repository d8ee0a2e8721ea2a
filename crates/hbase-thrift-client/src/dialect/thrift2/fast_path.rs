//! Rows in the layout in which gateways write them, read with a few comparisons.
//!
//! As of Thrift 1: HBase's Java writes a struct's fields in the order of their ids, and always the same
//! ones, so nearly all bytes between keys, columns and values are known beforehand. What is laid out
//! otherwise, is longer than usual or hasn't come whole is left to the general decoder, which says what
//! is wrong with it: nothing here fails.
//!
//! Most rows of a table have the columns of the row before. So what precedes a cell's value is first
//! compared with what preceded that cell's in an earlier row: one comparison tells what the column is,
//! and that the row's columns are in order.

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
const BOOL_3: &[u8] = &[2, 0, 3];
const BOOL_4: &[u8] = &[2, 0, 4];
const STOP: u8 = 0;

/// What follows a cell's value: its time, its type, and the end.
const CELL_END: usize = 3 + 8 + 3 + 1 + 1;
/// What follows a row's cells: whether it is stale, whether more of it comes, and the end.
const ROW_END: usize = 4 + 4 + 1;

/// Moves the cursor over at most `count` rows; returns how many it left.
pub(super) fn rows(cursor: &mut Cursor<'_>, count: usize, index: &mut BatchIndex) -> usize {
    let bytes = cursor.bytes();
    let (mut heads, mut left) = (None, count);
    repeat(cursor, count, |ahead| {
        let first = index.cells.len();
        let known = heads.as_ref().map_or(&[][..], Heads::known);
        let Some((key, is_as_before)) = ahead.row(known, &mut index.cells) else {
            index.cells.truncate(first);
            return None;
        };
        if is_as_before {
            index.end_sorted_row(key, first);
        } else {
            index.end_row(key, first, bytes);
            // One row alone, as of a get, is like no other.
            if left > 1 {
                heads.get_or_insert_default().set(bytes, &index.cells[first..]);
            }
        }
        left -= 1;
        Some(())
    })
}

/// Moves the cursor over at most `count` cells; returns how many it left.
pub(super) fn cells(cursor: &mut Cursor<'_>, count: usize, into: &mut Vec<CellIndex>) -> usize {
    repeat(cursor, count, |ahead| {
        into.push(ahead.cell()?);
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

/// What precedes the values in an earlier row, in HBase's order of columns: of each cell up to the length
/// of its value, and how long the family's name is.
struct Heads<'a> {
    heads: [(&'a [u8], usize); MOST_HEADS],
    known: usize,
}

/// Of rows with more columns, the rest is read as if nothing were known of it.
const MOST_HEADS: usize = 64;

impl Default for Heads<'_> {
    fn default() -> Self {
        Self { heads: [(&[], 0); MOST_HEADS], known: 0 }
    }
}

impl<'a> Heads<'a> {
    const BEFORE_FAMILY: usize = STRING_1.len() + 3;
    const BEFORE_QUALIFIER: usize = STRING_2.len() + 3;

    fn set(&mut self, bytes: &'a [u8], cells: &[CellIndex]) {
        self.known = 0;
        for (head, cell) in self.heads.iter_mut().zip(cells) {
            let before = cell.before_value(Self::BEFORE_FAMILY, STRING_3.len(), bytes);
            let Some(before) = before else { return };
            *head = before;
            self.known += 1;
        }
    }

    fn known(&self) -> &[(&'a [u8], usize)] {
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

    /// Reads a row; returns its key, and whether its columns are the first ones of an earlier row, or
    /// all of them.
    #[inline]
    fn row(
        &mut self,
        heads: &[(&[u8], usize)],
        cells: &mut Vec<CellIndex>,
    ) -> Option<(Span, bool)> {
        let key = self.bytes::<7>(STRING_1)?;
        let count = self.number::<8>(LIST_2_OF_STRUCTS)?;
        let usual = self.usual_cells(heads, count, cells);
        for _ in usual..count {
            cells.push(self.cell()?);
        }
        let (end, rest) = self.rest.split_first_chunk::<ROW_END>()?;
        self.rest = rest;
        let is_end = end.starts_with(BOOL_3) && end[4..].starts_with(BOOL_4) && end[8] == STOP;
        is_end.then_some((key, usual == count))
    }

    /// Reads the first of `count` cells, as long as they have these heads; returns how many those are.
    // By itself it needs no more registers than there are.
    #[inline(never)]
    fn usual_cells(
        &mut self,
        heads: &[(&[u8], usize)],
        count: usize,
        cells: &mut Vec<CellIndex>,
    ) -> usize {
        let (mut rest, before) = (self.rest, cells.len());
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
            let first = self.end - rest.len() + Heads::BEFORE_FAMILY;
            let value = self.end - values.len();
            let qualifier = first + family + Heads::BEFORE_QUALIFIER;
            cells.push(CellIndex::of_parts(
                (first..first + family).into(),
                (qualifier..value - 4 - STRING_3.len()).into(),
                (value..value + length).into(),
                timestamp,
            ));
            rest = after;
        }
        self.rest = rest;
        cells.len() - before
    }

    /// A `TColumnValue`.
    #[inline]
    fn cell(&mut self) -> Option<CellIndex> {
        let family = self.bytes::<7>(STRING_1)?;
        let qualifier = self.bytes::<7>(STRING_2)?;
        let value = self.bytes::<7>(STRING_3)?;
        let (end, rest) = self.rest.split_first_chunk::<CELL_END>()?;
        self.rest = rest;
        Some(CellIndex::of_parts(family, qualifier, value, timestamp_in(end)?))
    }

    /// Bytes after a head of `N` bytes, which ends with their length.
    #[inline]
    fn bytes<const N: usize>(&mut self, head: &[u8]) -> Option<Span> {
        let length = self.number::<N>(head)?;
        let start = self.position();
        self.rest = self.rest.get(length..)?;
        Some(Span::from(start..start + length))
    }

    /// The number at the end of a head of `N` bytes, of which all but the last three, or four, are
    /// given.
    #[inline]
    fn number<const N: usize>(&mut self, head: &[u8]) -> Option<usize> {
        let (found, rest) = self.rest.split_first_chunk::<N>()?;
        let number = found.last_chunk().filter(|_| found.starts_with(head))?;
        self.rest = rest;
        Some(u32::from_be_bytes(*number) as usize)
    }
}

/// The time in what follows a value, if that is as gateways write it.
#[inline]
fn timestamp_in(end: &[u8; CELL_END]) -> Option<i64> {
    let timestamp = end.strip_prefix(I64_4).and_then(|rest| rest.first_chunk())?;
    let is_end = end[11..].starts_with(I8_6) && end[CELL_END - 1] == STOP;
    is_end.then(|| i64::from_be_bytes(*timestamp))
}
