//! The memory behind rows: a reply's bytes, an index into them, and how both are used again.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Row, column_order};

/// The rows of one reply, in its order.
///
/// ```
/// use hbase_thrift_client::RowBatch;
///
/// let rows = RowBatch::default();
/// assert!(rows.is_empty());
/// assert_eq!(rows.iter().count(), 0);
/// ```
#[derive(Clone, Default)]
pub struct RowBatch {
    batch: Arc<Batch>,
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
    pub fn get(&self, position: usize) -> Option<Row> {
        (position < self.len()).then(|| self.row(self.range.start + position as u32))
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row> + DoubleEndedIterator + '_ {
        self.range.clone().map(|index| self.row(index))
    }

    /// Rows of a message that begins at `base` of `bytes`; the index counts from there.
    pub(crate) fn new(bytes: Vec<u8>, base: usize, index: BatchIndex, recycler: Recycler) -> Self {
        let range = 0..index.rows.len() as u32;
        let batch = Arc::new(Batch { bytes, base, index, recycler: Some(recycler) });
        Self { batch, range, skipped_in_first: 0 }
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

    fn row(&self, index: u32) -> Row {
        let skipped = if index == self.range.start { self.skipped_in_first } else { 0 };
        Row { batch: Arc::clone(&self.batch), index, skipped }
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
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowIndex {
    pub(crate) key: Span,
    pub(crate) first_cell: u32,
    pub(crate) cells: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CellIndex {
    pub(crate) column: Span,
    pub(crate) value: Span,
    pub(crate) timestamp: i64,
}

/// Offsets of all rows and cells; each row's cells are sorted by column.
#[derive(Debug, Default)]
pub(crate) struct BatchIndex {
    pub(crate) rows: Vec<RowIndex>,
    pub(crate) cells: Vec<CellIndex>,
}

impl BatchIndex {
    /// Makes a row of the cells from `first` on; what they are offsets into is only looked at.
    #[inline]
    pub(crate) fn end_row(&mut self, key: Span, first: usize, bytes: &[u8]) {
        let cells = &mut self.cells[first..];
        let columns = cells.iter().map(|cell| cell.column.of(bytes));
        if cells.len() > 1 && !columns.is_sorted_by(|a, b| column_order(a, b).is_le()) {
            // The gateway orders a map's columns by signed bytes.
            cells.sort_by(|a, b| column_order(a.column.of(bytes), b.column.of(bytes)));
        }
        let (first_cell, cells) = (first as u32, cells.len() as u32);
        self.rows.push(RowIndex { key, first_cell, cells });
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.cells.clear();
    }
}

#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    base: usize,
    index: BatchIndex,
    recycler: Option<Recycler>,
}

impl Batch {
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

impl Drop for Batch {
    fn drop(&mut self) {
        if let Some(recycler) = &self.recycler {
            recycler.give(std::mem::take(&mut self.bytes), std::mem::take(&mut self.index));
        }
    }
}

/// Memory of batches whose last row was dropped, waiting for the next reply.
///
/// Giving whole batches back to the allocator costs a page fault a page on the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recycler(Arc<Mutex<Vec<Memory>>>);

/// A buffer and an index, both without meaning.
type Memory = (Vec<u8>, BatchIndex);

/// One batch is read while another is being filled.
const KEPT_BATCHES: usize = 2;
/// Larger buffers are not worth holding between replies.
const LARGEST_KEPT: usize = 8 * 1024 * 1024;

impl Recycler {
    /// Memory for the next batch; the bytes are whatever they were.
    pub(crate) fn take(&self) -> Memory {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn give(&self, bytes: Vec<u8>, mut index: BatchIndex) {
        if bytes.capacity() > LARGEST_KEPT {
            return;
        }
        index.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_BATCHES {
            kept.push((bytes, index));
        }
    }
}
