//! What a random scan asks for, and what the naive list returns for it.

use super::naive::{Naive, Passes, Seen};
use super::{Bound, Query};
use crate::model::filter::Operator;

/// What a scan asks for.
pub(super) struct Asked {
    pub(super) start: Bound,
    pub(super) stop: Bound,
    pub(super) prefix: Option<Vec<u8>>,
    pub(super) reversed: bool,
    pub(super) query: Query,
    pub(super) batch: Option<usize>,
    pub(super) limit: Option<usize>,
    pub(super) filter: Option<(Operator, Vec<u8>)>,
}

impl Asked {
    /// All that the scan returns.
    pub(super) fn results(&self, naive: &Naive) -> Vec<(Vec<u8>, Vec<Seen>)> {
        let mut rows: Vec<_> = naive.rows().into_iter().filter(|row| self.has(row)).collect();
        if self.reversed {
            rows.reverse();
        }
        let passes = self.filter.as_ref().map(|(operator, value)| {
            // What is in the cell stands left of the operator.
            move |found: &[u8]| compares(*operator, found, value)
        });
        let mut results = Vec::new();
        let mut rows_left = self.limit.unwrap_or(usize::MAX);
        for row in rows {
            if rows_left == 0 {
                break;
            }
            let passes = passes.as_ref().map(|passes| passes as Passes<'_>);
            let cells = naive.read(&row, &self.query, passes);
            rows_left -= usize::from(!cells.is_empty());
            for part in cells.chunks(self.batch.unwrap_or(usize::MAX)) {
                results.push((row.clone(), part.to_vec()));
            }
        }
        results
    }

    fn has(&self, row: &[u8]) -> bool {
        if let Some(prefix) = &self.prefix {
            return row.starts_with(prefix);
        }
        let (low, high) =
            if self.reversed { (&self.stop, &self.start) } else { (&self.start, &self.stop) };
        let is_at = |bound: &Bound| bound.inclusive && row == bound.row;
        let is_above = low.row.is_empty() || row > &*low.row || is_at(low);
        let is_below = high.row.is_empty() || row < &*high.row || is_at(high);
        is_above && is_below
    }
}

pub(super) fn compares(operator: Operator, left: &[u8], right: &[u8]) -> bool {
    match operator {
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::GreaterOrEqual => left >= right,
        Operator::Greater => left > right,
    }
}
