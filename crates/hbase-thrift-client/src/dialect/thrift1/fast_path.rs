//! Rows in the layout in which gateways write them, read with a few comparisons.
//!
//! HBase's Java writes a struct's fields in the order of their ids and, in a row, always the same
//! ones. So nearly all bytes between keys, columns and values are known beforehand. What is laid
//! out otherwise, is longer than usual or hasn't come whole is left to the general decoder, which
//! says what is wrong with it: nothing here fails.

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
    repeat(cursor, count, |ahead| {
        let first_cell = index.cells.len();
        let row = ahead.row(&mut index.cells);
        match row {
            Some(key) => index.end_row(key, first_cell, bytes),
            None => index.cells.truncate(first_cell),
        }
        row.map(drop)
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

    /// Reads a row; returns its key.
    #[inline]
    fn row(&mut self, cells: &mut Vec<CellIndex>) -> Option<Span> {
        let key = self.bytes::<7>(STRING_1)?;
        if let Some(count) = self.number::<8>(LIST_3_OF_STRUCTS) {
            for _ in 0..count {
                cells.push(self.list_cell()?);
            }
        } else {
            for _ in 0..self.number::<9>(MAP_2_OF_STRUCTS)? {
                cells.push(self.map_cell()?);
            }
        }
        let (stop, rest) = self.rest.split_first()?;
        self.rest = rest;
        (*stop == STOP).then_some(key)
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
