//! How far a scan has come: where it goes on, and which of the rows that came are new.

use std::cmp::Ordering;

use crate::request::{PagePlace, Scan};
use crate::row::{Row, RowBatch};

/// How far the caller has come.
#[derive(Default)]
pub(super) struct Place {
    /// The server said that there are no more rows.
    pub(super) ended: bool,
    pub(super) fetched: u64,
    pub(super) last_row: Option<Vec<u8>>,
    /// The last column of that row that came, where rows are split.
    pub(super) last_column: Vec<u8>,
    /// Keys say nothing of the order.
    pub(super) is_catalog: bool,
}

/// What of a batch is new to the caller, and whether nothing can follow.
pub(super) struct NewRows {
    pub(super) rows: RowBatch,
    pub(super) ended: bool,
}

/// What a page of a scan is asked with.
pub(super) struct PageBounds {
    pub(super) start: Vec<u8>,
    pub(super) stop: Vec<u8>,
    /// The key to begin at is not wanted itself.
    pub(super) start_is_excluded: bool,
}

impl Place {
    /// Where a page that ended there is followed by the next.
    pub(super) fn go_on_behind(&mut self, PagePlace { last_row, last_column }: PagePlace) {
        (self.last_row, self.last_column) = (last_row, last_column);
    }

    /// Where the page after the rows that were delivered begins.
    pub(super) fn page(&self) -> PagePlace {
        PagePlace { last_row: self.last_row.clone(), last_column: self.last_column.clone() }
    }

    /// The bounds of the page from here on; `None` where no row can follow.
    pub(super) fn page_bounds(&self, scan: &Scan) -> Option<PageBounds> {
        let (start, stop) = self.bounds(scan)?;
        // Backwards there is no key directly behind another. Unlike a scanner, a page that had nothing but
        // the row at which it begins would never come any further.
        let start_is_excluded = scan.reversed
            && !start.is_empty()
            && (self.last_row.is_some() || scan.side(&start).is_gt());
        Some(PageBounds { start, stop, start_is_excluded })
    }

    /// Where a scanner has to be opened to go on from here; `None` where no row can follow.
    pub(super) fn bounds(&self, scan: &Scan) -> Option<(Vec<u8>, Vec<u8>)> {
        let (start, stop) = scan.bounds();
        let start = match &self.last_row {
            None => start,
            // There is no key directly before another, and a split row may not have come whole:
            // what was delivered comes again and is left out.
            Some(last) if scan.reversed || scan.batch.is_some() => last.clone(),
            Some(last) => [last.as_slice(), &[0]].concat(),
        };
        // HBase takes a scan whose ends are equal for a get of that row, which is excluded.
        let is_empty = !start.is_empty() && start == stop;
        (!is_empty).then_some((start, stop))
    }

    /// Whether these can be the next rows: within the bounds, not before what was delivered, and none in
    /// parts where rows are whole. The last row may come again where another scanner was opened at it.
    /// The rows of one reply are all of one scanner, whose order they have, so only the ends are compared.
    pub(super) fn is_followed_by(
        &self,
        scan: &Scan,
        (start, stop): &(Vec<u8>, Vec<u8>),
        batch: &RowBatch,
        is_page: bool,
    ) -> bool {
        let (Some(first), Some(last)) = (batch.keys().next(), batch.keys().next_back()) else {
            return true;
        };
        if self.is_catalog {
            return true;
        }
        let is_before = |a: &[u8], b: &[u8]| if scan.reversed { a > b } else { a < b };
        let is_split = scan.batch.is_some();
        let comes_again = (is_split || scan.reversed) && !is_page;
        let follows = |delivered: &Vec<u8>| {
            is_before(delivered, first) || (comes_again && delivered.as_slice() == first)
        };
        self.last_row.as_ref().is_none_or(follows)
            && (start.is_empty() || !is_before(first, start))
            && (stop.is_empty() || is_before(last, stop))
            && (batch.len() == 1 || is_before(first, last) || (is_split && first == last))
            && (is_split || !batch.keys().zip(batch.keys().skip(1)).any(is_one_key))
    }

    /// Leaves out what was delivered before and, backwards, what the bounds have too much: a prefix
    /// has no exact ones there.
    pub(super) fn new_rows(&self, scan: &Scan, batch: RowBatch) -> NewRows {
        let is_over = |row: &Row| self.was_delivered(scan, row) || scan.side(row.key()).is_gt();
        let first = batch.iter().position(|row| !is_over(&row)).unwrap_or(batch.len());
        let end = if scan.reversed {
            batch.iter().position(|row| scan.side(row.key()).is_lt()).unwrap_or(batch.len())
        } else {
            batch.len()
        };
        let ended = end < batch.len();
        let mut rows = batch.slice(first..end.max(first));
        if scan.batch.is_some()
            && let Some(row) = rows.get(0)
            && self.last_row.as_deref() == Some(row.key())
            && let Some(part) = row.after_column(&self.last_column)
        {
            rows = rows.with_first(&part);
        }
        NewRows { rows, ended }
    }

    /// Whether an earlier scanner handed out all of this row, or of this part of a row.
    fn was_delivered(&self, scan: &Scan, row: &Row) -> bool {
        let Some(last) = &self.last_row else { return false };
        match row.key().cmp(last) {
            Ordering::Equal => {
                scan.batch.is_none() || row.after_column(&self.last_column).is_none()
            }
            Ordering::Less => !scan.reversed && !self.is_catalog,
            Ordering::Greater => scan.reversed && !self.is_catalog,
        }
    }

    pub(super) fn advance(&mut self, scan: &Scan, batch: &RowBatch) {
        self.fetched += batch.len() as u64;
        let Some(last) = batch.len().checked_sub(1).and_then(|last| batch.get(last)) else {
            return;
        };
        self.last_row = Some(last.key().to_vec());
        if scan.batch.is_some() {
            self.last_column = last.last_column();
        }
    }
}

/// Whether two keys are the same; nearly all differ at their ends.
fn is_one_key((a, b): (&[u8], &[u8])) -> bool {
    a.last_chunk::<8>() == b.last_chunk() && a == b
}
