//! Going through the rows of a batch.

use std::iter::FusedIterator;
use std::ops::Range;

use super::{Row, RowBatch};

/// The rows of a [`RowBatch`] in its order, as its `into_iter` returns them.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let mut scanner = client.table("crashes").scan(Scan::new())?;
/// if let Some(batch) = scanner.next_batch()? {
///     for row in batch.into_iter().rev().take(10) {
///         println!("{}", row.key().escape_ascii());
///     }
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
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
