//! Rows in the layout in which gateways write them, read with a few comparisons: what the interfaces have in
//! common of that.
//!
//! HBase's Java writes a struct's fields in the order of their ids, and always the same ones. So nearly all bytes
//! between keys, columns and values are known beforehand. What is laid out otherwise, is longer than usual or
//! hasn't come whole is left to the general decoder, which says what is wrong with it: nothing here fails.
//!
//! Most rows of a table have the columns of the row before. So what surrounds a cell's value is first
//! compared with what surrounded that cell's in the row before: one comparison tells that all of it is as it
//! should be, what the column is, and that the row's columns are in order.

use crate::row::{BatchIndex, CellIndex, Span};
use crate::wire::Cursor;

/// How an interface lays out usual rows.
pub(super) trait UsualRows {
    /// What comes before a cell's value, up to its length, and what else has to be known of it.
    type Head<'a>: Copy + Default;

    /// Reads a row; returns its key, and whether its columns came in a way that others can be compared with.
    fn row(ahead: &mut Lookahead<'_>, cells: &mut Vec<CellIndex>) -> Option<(Span, bool)>;

    /// Reads a row; returns its key, and whether its columns have these heads, or the first of these.
    fn row_alike(
        ahead: &mut Lookahead<'_>,
        heads: &[Self::Head<'_>],
        cells: &mut Vec<CellIndex>,
    ) -> Option<(Span, bool)>;

    /// The head of a cell that was read.
    fn head(cell: CellIndex, bytes: &[u8]) -> Option<Self::Head<'_>>;
}

/// Moves the cursor over at most `count` rows; returns how many it left.
#[inline]
pub(super) fn rows<U: UsualRows>(
    cursor: &mut Cursor<'_>,
    count: usize,
    index: &mut BatchIndex,
) -> usize {
    let bytes = cursor.bytes();
    let mut several = None;
    let left = repeat(cursor, count, |ahead| {
        if several.is_some() {
            return None;
        }
        let first = index.cells.len();
        let Some((key, is_comparable)) = U::row(ahead, &mut index.cells) else {
            index.cells.truncate(first);
            return None;
        };
        index.end_row(key, first, bytes);
        if is_comparable && index.cells.len() - first > 1 {
            several = Some(first);
        }
        Some(())
    });
    // A row of one column is read sooner by itself, and one row alone, as of a get, is like no other.
    match several {
        Some(first) if left > 0 => rows_alike::<U>(cursor, left, first, index),
        _ => left,
    }
}

/// As [`rows`], after a row of several columns whose cells begin at `first`.
// By itself neither loop needs more registers than there are.
#[inline(never)]
fn rows_alike<U: UsualRows>(
    cursor: &mut Cursor<'_>,
    count: usize,
    first: usize,
    index: &mut BatchIndex,
) -> usize {
    let bytes = cursor.bytes();
    let mut heads = Heads::<U::Head<'_>>::default();
    heads.set(index.cells[first..].iter().map(|cell| U::head(*cell, bytes)));
    repeat(cursor, count, |ahead| {
        let first = index.cells.len();
        let Some((key, is_alike)) = U::row_alike(ahead, heads.known(), &mut index.cells) else {
            index.cells.truncate(first);
            return None;
        };
        if is_alike {
            index.end_sorted_row(key, first);
        } else {
            index.end_row(key, first, bytes);
            heads.set(index.cells[first..].iter().map(|cell| U::head(*cell, bytes)));
        }
        Some(())
    })
}

/// Moves the cursor over what `read` reads, at most `count` times; returns how often it didn't.
#[inline]
pub(super) fn repeat<'a>(
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

/// What comes before the values in an earlier row, in HBase's order of columns.
struct Heads<H> {
    heads: [H; MOST_HEADS],
    known: usize,
}

/// Of rows with more columns, the rest is read as if nothing were known of it.
const MOST_HEADS: usize = 64;

impl<H: Copy + Default> Default for Heads<H> {
    fn default() -> Self {
        Self { heads: [H::default(); MOST_HEADS], known: 0 }
    }
}

impl<H> Heads<H> {
    /// The first of these, up to one that is not known.
    fn set(&mut self, heads: impl Iterator<Item = Option<H>>) {
        self.known = 0;
        for (head, found) in self.heads.iter_mut().zip(heads) {
            let Some(found) = found else { return };
            *head = found;
            self.known += 1;
        }
    }

    fn known(&self) -> &[H] {
        &self.heads[..self.known]
    }
}

/// Whether two pieces of the same length have the same bytes; of short ones, without a call.
#[inline]
pub(super) fn is_same(some: &[u8], others: &[u8]) -> bool {
    const HALF: usize = 16;
    if some.len() < HALF || some.len() > 2 * HALF {
        return some == others;
    }
    some.first_chunk::<HALF>() == others.first_chunk()
        && some.last_chunk::<HALF>() == others.last_chunk()
}

/// A look at what comes after the cursor. What comes after a `None` means nothing.
pub(super) struct Lookahead<'a> {
    pub(super) rest: &'a [u8],
    /// Where `rest` ends, counted as the cursor counts.
    pub(super) end: usize,
}

impl<'a> Lookahead<'a> {
    fn of(cursor: &Cursor<'a>) -> Self {
        let rest = cursor.rest();
        Self { rest, end: cursor.position() + rest.len() }
    }

    #[inline]
    pub(super) fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// The next `N` bytes.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (found, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(found)
    }

    /// Bytes after a head of `N` bytes, which ends with their length.
    #[inline]
    pub(super) fn bytes<const N: usize>(&mut self, head: &[u8]) -> Option<Span> {
        let length = self.number::<N>(head)?;
        let start = self.position();
        self.rest = self.rest.get(length..)?;
        Some(Span::from(start..start + length))
    }

    /// As [`bytes`](Self::bytes), but returns their length alone: where several follow one another, it costs less
    /// to find where each begins by it.
    #[inline]
    pub(super) fn length<const N: usize>(&mut self, head: &[u8]) -> Option<usize> {
        let length = self.number::<N>(head)?;
        self.rest = self.rest.get(length..)?;
        Some(length)
    }

    /// The number at the end of a head of `N` bytes, of which all but the last three, or four, are
    /// given. Where the head is another, nothing is moved over.
    #[inline]
    pub(super) fn number<const N: usize>(&mut self, head: &[u8]) -> Option<usize> {
        let (found, rest) = self.rest.split_first_chunk::<N>()?;
        let number = found.last_chunk().filter(|_| found.starts_with(head))?;
        self.rest = rest;
        Some(u32::from_be_bytes(*number) as usize)
    }
}
