//! Going through the rows of a batch.

use std::iter::FusedIterator;
use std::ops::Range;

use super::{Row, RowBatch};

/// The rows of a [`RowBatch`] in its order, as its `into_iter` returns them.
#[derive(Clone, Debug)]
pub struct RowBatchIter {
    batch: RowBatch,
    left: Range<usize>,
}

impl Iterator for RowBatchIter {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.batch.get(self.left.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl DoubleEndedIterator for RowBatchIter {
    fn next_back(&mut self) -> Option<Row> {
        self.batch.get(self.left.next_back()?)
    }
}

impl ExactSizeIterator for RowBatchIter {}

impl FusedIterator for RowBatchIter {}

/// ```
/// use hbase_thrift_client::RowBatch;
///
/// for row in RowBatch::default() {
///     println!("{}", row.key().escape_ascii());
/// }
/// ```
impl IntoIterator for RowBatch {
    type Item = Row;
    type IntoIter = RowBatchIter;

    fn into_iter(self) -> RowBatchIter {
        let left = 0..self.len();
        RowBatchIter { batch: self, left }
    }
}

impl IntoIterator for &RowBatch {
    type Item = Row;
    type IntoIter = RowBatchIter;

    fn into_iter(self) -> RowBatchIter {
        self.clone().into_iter()
    }
}
