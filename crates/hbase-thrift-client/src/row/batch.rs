//! The memory behind rows: a reply's bytes, an index into them, and how both are used again.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::order::column_order;
use super::{Column, Row};

/// The rows of one reply, in its order.
///
/// ```
/// use hbase_thrift_client::RowBatch;
///
/// let rows = RowBatch::default();
/// assert!(rows.is_empty());
/// assert_eq!(rows.iter().count(), 0);
/// ```
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let mut scanner = client.table("crashes").scan(Scan::new())?;
/// if let Some(batch) = scanner.next_batch()? {
///     println!("{} rows, the last is {:?}", batch.len(), batch.get(batch.len() - 1));
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct RowBatch {
    batch: Arc<BatchMemory>,
    /// The rows that are shown, of those that came.
    range: Range<u32>,
    /// Cells of the first of them that are not.
    skipped_in_first: u32,
}

impl RowBatch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a position.
    #[inline]
    pub fn get(&self, position: usize) -> Option<Row> {
        (position < self.len()).then(|| self.row(self.range.start + position as u32))
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row> + DoubleEndedIterator + '_ {
        self.range.clone().map(|index| self.row(index))
    }

    /// The rows' keys in order.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator {
        let rows = &self.batch.index.rows[self.range.start as usize..self.range.end as usize];
        let message = self.batch.message();
        rows.iter().map(|row| row.key.of(message))
    }

    /// About how many bytes the reply had.
    pub(crate) fn extent(&self) -> usize {
        self.batch.index.cells.last().map_or(0, |cell| cell.value.end as usize)
    }

    /// Rows of a message that begins at `base` of `bytes`; the index counts from there. The memory
    /// is used again once the last row is dropped.
    pub(crate) fn new(bytes: Vec<u8>, base: usize, index: BatchIndex, recycler: Recycler) -> Self {
        Self::of(BatchMemory { bytes, base, index, recycler: Some(recycler) })
    }

    /// As [`new`](Self::new), of a message that may be kept for long: what the memory has beyond it is
    /// given back, unless it is little.
    pub(crate) fn fitted(
        mut bytes: Vec<u8>,
        message: Range<usize>,
        mut index: BatchIndex,
        recycler: Recycler,
    ) -> Self {
        bytes.truncate(message.end);
        fit(&mut bytes);
        fit(&mut index.rows);
        fit(&mut index.cells);
        Self::new(bytes, message.start, index, recycler)
    }

    /// Rows in memory of their own, no more of it than they need: few of them may be kept for long.
    pub(crate) fn compact(message: &[u8], mut index: BatchIndex) -> Self {
        index.rows.shrink_to_fit();
        index.cells.shrink_to_fit();
        Self::of(BatchMemory { bytes: message.to_vec(), base: 0, index, recycler: None })
    }

    fn of(batch: BatchMemory) -> Self {
        let range = 0..batch.index.rows.len() as u32;
        Self { batch: Arc::new(batch), range, skipped_in_first: 0 }
    }

    /// The rows at these positions.
    pub(crate) fn slice(mut self, positions: Range<usize>) -> Self {
        let start = self.range.start;
        if positions.start > 0 {
            self.skipped_in_first = 0;
        }
        self.range = start + positions.start as u32..start + positions.end as u32;
        self
    }

    /// The same rows with less of the first one.
    pub(crate) fn with_first(mut self, row: &Row) -> Self {
        self.skipped_in_first = row.skipped;
        self
    }

    #[inline]
    fn row(&self, index: u32) -> Row {
        let skipped = if index == self.range.start { self.skipped_in_first } else { 0 };
        Row { batch: Arc::clone(&self.batch), index, skipped }
    }
}

fn fit<T>(memory: &mut Vec<T>) {
    const FEW: usize = 16;
    if memory.capacity() > memory.len() + memory.len() / 4 + FEW {
        memory.shrink_to_fit();
    }
}

impl fmt::Debug for RowBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Where something is in the reply's bytes; a reply is limited to 2 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl From<Range<usize>> for Span {
    #[inline]
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start as u32, end: range.end as u32 }
    }
}

impl Span {
    #[inline]
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..self.end as usize]
    }

    /// In place of a part that does not stand alone; no reply has such an offset.
    const NONE: Self = Self { start: u32::MAX, end: u32::MAX };

    #[inline]
    fn is_none(self) -> bool {
        self.start == u32::MAX
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowIndex {
    pub(crate) key: Span,
    pub(crate) first_cell: u32,
    pub(crate) cells: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CellIndex {
    pub(crate) family: Span,
    pub(crate) qualifier: Span,
    pub(crate) value: Span,
    pub(crate) timestamp: i64,
}

impl CellIndex {
    /// A cell whose column came as one piece, `family:qualifier`. It is split when it is asked for
    /// its parts: most readers ask for the whole.
    #[inline]
    pub(crate) fn of_whole(column: Span, value: Span, timestamp: i64) -> Self {
        Self { family: column, qualifier: Span::NONE, value, timestamp }
    }

    /// A cell whose column came as two pieces.
    #[inline]
    pub(crate) fn of_parts(family: Span, qualifier: Span, value: Span, timestamp: i64) -> Self {
        Self { family, qualifier, value, timestamp }
    }

    /// Of a column that came as two pieces: what there is from this many bytes before the family's name
    /// to this many after the qualifier, and how long the family's name is.
    pub(crate) fn before_value(
        self,
        before: usize,
        after: usize,
        bytes: &[u8],
    ) -> Option<(&[u8], usize)> {
        let (start, end) = (self.family.start as usize, self.qualifier.end as usize);
        let around = bytes.get(start.checked_sub(before)?..end.checked_add(after)?)?;
        Some((around, (self.family.end - self.family.start) as usize))
    }

    /// The name of a column that came as one piece, with this many bytes before and after it.
    pub(crate) fn around(self, before: usize, after: usize, bytes: &[u8]) -> Option<&[u8]> {
        let Span { start, end } = self.family;
        bytes.get((start as usize).checked_sub(before)?..end as usize + after)
    }

    /// The column in the message that the index is of.
    #[inline]
    pub(crate) fn column(self, message: &[u8]) -> Column<'_> {
        let first = self.family.of(message);
        if self.qualifier.is_none() {
            Column::of_whole(first)
        } else {
            Column::of_parts(first, self.qualifier.of(message))
        }
    }
}

/// Offsets of all rows and cells; each row's cells are sorted by column.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchIndex {
    pub(crate) rows: Vec<RowIndex>,
    pub(crate) cells: Vec<CellIndex>,
}

impl BatchIndex {
    /// An index with room for this many rows and cells before it grows.
    pub(crate) fn with_room(rows: usize, cells: usize) -> Self {
        Self { rows: Vec::with_capacity(rows), cells: Vec::with_capacity(cells) }
    }

    /// How many cells all rows have.
    pub(crate) fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Makes a row of the cells from `first` on, in order; what they are offsets into is only looked at.
    #[inline]
    pub(crate) fn end_row(&mut self, key: Span, first: usize, bytes: &[u8]) {
        if self.cells.len() - first > 1 {
            sort(&mut self.cells[first..], bytes);
        }
        self.end_sorted_row(key, first);
    }

    /// As [`end_row`](Self::end_row), of cells that are known to be in order.
    #[inline]
    pub(crate) fn end_sorted_row(&mut self, key: Span, first: usize) {
        let (first_cell, cells) = (first as u32, (self.cells.len() - first) as u32);
        self.rows.push(RowIndex { key, first_cell, cells });
    }

    /// The memory that it fills, in bytes.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.rows.len() * size_of::<RowIndex>() + self.cells.len() * size_of::<CellIndex>()
    }

    /// The memory that it holds, in bytes.
    fn capacity(&self) -> usize {
        self.rows.capacity() * size_of::<RowIndex>()
            + self.cells.capacity() * size_of::<CellIndex>()
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.cells.clear();
    }
}

/// Puts cells in the order of their columns.
// A row of one cell has no use for it, and is read faster where this is not part of the loop.
#[inline(never)]
fn sort(cells: &mut [CellIndex], bytes: &[u8]) {
    // Of whole names one after the other, each is looked up once.
    let names = cells.iter().map(|cell| cell.family.of(bytes));
    let is_whole = cells.first().is_none_or(|cell| cell.qualifier.is_none());
    let is_sorted = if is_whole {
        names.is_sorted_by(|a, b| column_order(a, b).is_le())
    } else {
        cells.is_sorted_by(|a, b| a.column(bytes) <= b.column(bytes))
    };
    if !is_sorted {
        // The gateway orders a map's columns by signed bytes.
        cells.sort_by(|a, b| a.column(bytes).cmp(&b.column(bytes)));
    }
}

#[derive(Default)]
pub(super) struct BatchMemory {
    bytes: Vec<u8>,
    base: usize,
    index: BatchIndex,
    recycler: Option<Recycler>,
}

impl BatchMemory {
    /// What spans are offsets into.
    #[inline]
    pub(super) fn message(&self) -> &[u8] {
        &self.bytes[self.base..]
    }

    #[inline]
    pub(super) fn slice(&self, span: Span) -> &[u8] {
        span.of(self.message())
    }

    #[inline]
    pub(super) fn row(&self, index: u32) -> RowIndex {
        self.index.rows[index as usize]
    }

    #[inline]
    pub(super) fn cells(&self, row: RowIndex) -> &[CellIndex] {
        &self.index.cells[row.first_cell as usize..][..row.cells as usize]
    }
}

impl Drop for BatchMemory {
    fn drop(&mut self) {
        if let Some(recycler) = &self.recycler {
            recycler.give(std::mem::take(&mut self.bytes), std::mem::take(&mut self.index));
        }
    }
}

/// Memory of batches whose last row was dropped, waiting for the next reply. All connections of a
/// client share it.
///
/// Giving whole batches back to the allocator costs a page fault a page on the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recycler(Arc<Mutex<Vec<Memory>>>);

/// A buffer and an index, both without meaning.
type Memory = (Vec<u8>, BatchIndex);

/// All that is kept for a client, in bytes; of each scan a batch is read while another is filled.
const MOST_KEPT: usize = 16 * 1024 * 1024;
/// Larger ones are not worth holding between replies.
const LARGEST_KEPT: usize = MOST_KEPT / 4;

impl Recycler {
    /// Memory for the next batch; the bytes are whatever they were.
    pub(crate) fn take(&self) -> Memory {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn give(&self, bytes: Vec<u8>, mut index: BatchIndex) {
        index.clear();
        let size = |bytes: &Vec<u8>, index: &BatchIndex| bytes.capacity() + index.capacity();
        let given = size(&bytes, &index);
        if given > LARGEST_KEPT {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if given + kept.iter().map(|(bytes, index)| size(bytes, index)).sum::<usize>() <= MOST_KEPT
        {
            kept.push((bytes, index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_may_be_kept_has_no_memory_of_others() {
        let index =
            BatchIndex { rows: Vec::with_capacity(4_000), cells: Vec::with_capacity(4_000) };
        let bytes = vec![0; 100_000];
        let rows = RowBatch::fitted(bytes, 10..60_000, index, Recycler::default());
        let BatchMemory { bytes, base, index, .. } = &*rows.batch;
        assert_eq!((bytes.len(), *base), (60_000, 10));
        assert!(bytes.capacity() + index.capacity() < 80_000);
    }
}
