//! Cells: what is stored under a row, a family and a qualifier, and the rows that reads return.

use std::ops::Range;

/// The timestamp that stands for "now" in HBase's interface.
pub(crate) const LATEST: i64 = i64::MAX;

/// What a cell says about its coordinates (`KeyValue.Type`).
///
/// The order is HBase's: of two cells with one timestamp, the delete comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum CellType {
    Put = 4,
    /// Hides the version with exactly its timestamp.
    Delete = 8,
    /// Hides the versions of all columns of the family with exactly its timestamp.
    DeleteFamilyVersion = 10,
    /// Hides the versions of its column up to its timestamp.
    DeleteColumn = 12,
    /// Hides the versions of all columns of the family up to its timestamp.
    DeleteFamily = 14,
}

impl CellType {
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        [Self::Put, Self::Delete, Self::DeleteFamilyVersion, Self::DeleteColumn, Self::DeleteFamily]
            .into_iter()
            .find(|kind| *kind as u8 == code)
    }

    pub(crate) fn is_delete(self) -> bool {
        self != Self::Put
    }
}

/// A cell of a row, borrowed from where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    /// The place of its family among its table's.
    pub(crate) family: u16,
    pub(crate) qualifier: &'a [u8],
    pub(crate) timestamp: i64,
    pub(crate) value: &'a [u8],
}

/// A row's key and its cells in HBase's order, in two buffers, however many cells there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) key: Vec<u8>,
    bytes: Vec<u8>,
    cells: Vec<Span>,
}

/// Where a cell lies in its row's buffer.
#[derive(Clone, Debug)]
struct Span {
    family: u16,
    timestamp: i64,
    qualifier: Range<usize>,
    value: Range<usize>,
}

impl Row {
    /// Forgets the cells and becomes another row.
    pub(crate) fn begin(&mut self, key: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.clear();
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
    }

    pub(crate) fn push(&mut self, cell: Cell<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(cell.qualifier);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(cell.value);
        self.cells.push(Span {
            family: cell.family,
            timestamp: cell.timestamp,
            qualifier: start..middle,
            value: middle..self.bytes.len(),
        });
    }

    /// How many bytes it takes.
    pub(crate) fn memory(&self) -> usize {
        self.key.capacity() + self.bytes.capacity() + self.cells.capacity() * size_of::<Span>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cells from one place on, in their order.
    pub(crate) fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'_>> {
        self.cells.iter().map(|span| self.cell(span))
    }

    /// Removes the cells that don't pass.
    pub(crate) fn retain(&mut self, mut passes: impl FnMut(Cell<'_>) -> bool) {
        let bytes = &self.bytes;
        self.cells.retain(|span| passes(cell(bytes, span)));
    }

    /// Puts the cells into the order of their families; those of one family keep theirs.
    pub(crate) fn sort_by_family(&mut self) {
        self.cells.sort_by_key(|span| span.family);
    }

    fn cell(&self, span: &Span) -> Cell<'_> {
        cell(&self.bytes, span)
    }
}

fn cell<'a>(bytes: &'a [u8], span: &Span) -> Cell<'a> {
    Cell {
        family: span.family,
        qualifier: &bytes[span.qualifier.clone()],
        timestamp: span.timestamp,
        value: &bytes[span.value.clone()],
    }
}
