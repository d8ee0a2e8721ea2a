//! A scan on its way: fetches batches ahead of the caller, hands out rows, goes on elsewhere when a
//! gateway fails, and closes the server's side.

use std::cmp::Ordering;
use std::time::Instant;

use tracing::Span;

use crate::connection::Line;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Executor;
use crate::pool::Lease;
use crate::request::Scan;
use crate::row::{Row, RowBatch};
use crate::{thrift1, trace};

/// The rows of a [`Scan`], in order.
///
/// An iterator of `Result<Row>`; [`next_batch`](Self::next_batch) hands out whole batches instead.
/// Every row comes exactly once, in order: when the gateway fails, is restarted or forgets the
/// scanner, another one is opened after the last row that was delivered. What can't be mended ends
/// the scan with an error that names that row ([`Error::last_row`]).
///
/// The rows are those of the moment when each is read; HBase's scans are no snapshot. The server's
/// side is closed when the scan ends or is dropped. While the next batch is being asked for, the
/// scanner has a connection of its own; otherwise it takes one for each fetch.
pub struct Scanner {
    executor: Executor,
    table: Vec<u8>,
    scan: Scan,
    state: State,
    place: Place,
    batch: RowBatch,
    next_in_batch: usize,
}

enum State {
    /// To be opened at its place.
    Closed,
    Open(OpenScanner),
    Done,
}

/// A scanner of one gateway process, told by a number that another process may give to another
/// scanner.
struct OpenScanner {
    id: i32,
    /// The only line on which the number means this scanner.
    line: Line,
    /// The connection on which the next batch was asked for, and for how many rows.
    asked: Option<(Box<Lease>, u32)>,
}

/// How far the caller has come.
#[derive(Default)]
struct Place {
    fetched: u64,
    last_row: Option<Vec<u8>>,
    /// The last column of that row that came, where rows are split.
    last_column: Vec<u8>,
}

impl Scanner {
    pub(crate) fn new(executor: Executor, table: Vec<u8>, scan: Scan) -> Self {
        Self {
            executor,
            table,
            scan,
            state: State::Closed,
            place: Place::default(),
            batch: RowBatch::default(),
            next_in_batch: 0,
        }
    }

    /// The rows that are at hand, or the next ones that the server has; `None` at the end.
    ///
    /// # Errors
    ///
    /// As the iterator's items.
    pub fn next_batch(&mut self) -> Result<Option<RowBatch>> {
        let at_hand = std::mem::take(&mut self.batch);
        let from = std::mem::take(&mut self.next_in_batch);
        if from < at_hand.len() {
            let all = at_hand.len();
            return Ok(Some(at_hand.slice(from..all)));
        }
        let batch = self.fetch()?;
        Ok((!batch.is_empty()).then_some(batch))
    }

    /// Whether the next row has to be fetched.
    pub(crate) fn is_batch_empty(&self) -> bool {
        self.next_in_batch >= self.batch.len()
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        if self.is_batch_empty() {
            // Dropped first, so that its memory is there for the next.
            self.batch = RowBatch::default();
            self.batch = self.fetch()?;
            self.next_in_batch = 0;
        }
        let row = self.batch.get(self.next_in_batch);
        self.next_in_batch += 1;
        Ok(row)
    }

    /// The next rows of the scan; none at the end, whatever it takes to get them.
    fn fetch(&mut self) -> Result<RowBatch> {
        if matches!(self.state, State::Done) {
            return Ok(RowBatch::default());
        }
        let span = self.executor.span("scannerGetList");
        let _entered = span.enter();
        let deadline = self.executor.deadline();
        let mut failures = 0;
        loop {
            if matches!(self.state, State::Done) {
                return Ok(RowBatch::default());
            }
            match self.try_fetch(&span, deadline) {
                // Nothing of the batch belongs to the scan, but the next one may.
                Ok(batch) if batch.is_empty() && !matches!(self.state, State::Done) => {}
                Ok(batch) => return Ok(batch),
                Err(error) => {
                    failures += 1;
                    let recovered = self.recover(error, failures, deadline);
                    recovered.inspect_err(|error| trace::failure(&span, error))?;
                }
            }
        }
    }

    fn try_fetch(&mut self, span: &Span, deadline: Instant) -> Result<RowBatch> {
        let wanted = self.wanted();
        if wanted == 0 {
            self.close(None);
            return Ok(RowBatch::default());
        }
        if matches!(self.state, State::Closed) {
            self.open(deadline)?;
        }
        let State::Open(scanner) = &mut self.state else { return Ok(RowBatch::default()) };
        let (batch, lease, asked) = scanner.receive(&self.executor, wanted, deadline)?;
        self.executor.tell_gateway(span, &lease);
        // The gateway answers with fewer rows only where there are no more.
        let is_last = (batch.len() as u64) < u64::from(asked);
        let NewRows { rows, ended } = self.place.new_rows(&self.scan, batch);
        self.place.advance(&self.scan, &rows);
        if is_last || ended || self.wanted() == 0 {
            self.close(Some(lease));
        } else if self.scan.read_ahead {
            self.ask_ahead(lease);
        }
        Ok(rows)
    }

    fn open(&mut self, deadline: Instant) -> Result<()> {
        let (start, stop) = self.place.bounds(&self.scan);
        let call = thrift1::scanner_open(&self.table, &self.scan, &start, &stop);
        let mut lease = Box::new(self.executor.checkout(deadline)?);
        let id = call.run(&mut lease, deadline)?;
        drop(call);
        self.state = State::Open(OpenScanner { id, line: lease.line(), asked: None });
        self.ask_ahead(lease);
        Ok(())
    }

    fn ask_ahead(&mut self, mut lease: Box<Lease>) {
        let wanted = self.wanted();
        let deadline = self.executor.deadline();
        let State::Open(scanner) = &mut self.state else { return };
        // A failure shows when the rows are asked for.
        if scanner.ask(&mut lease, wanted, deadline).is_ok() {
            scanner.asked = Some((lease, wanted));
        }
    }

    /// How many rows to ask for: a fetch's worth, or what the limit leaves.
    fn wanted(&self) -> u32 {
        let left =
            self.scan.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.place.fetched));
        u64::from(self.scan.caching).min(left) as u32
    }

    /// Gives up, or waits and leaves the scan to be opened again.
    fn recover(&mut self, error: Error, failures: u32, deadline: Instant) -> Result<()> {
        let reopens = error.kind() == ErrorKind::UnknownScanner || error.may_heal();
        self.state = State::Done;
        match self.executor.pause_after(failures, deadline).filter(|_| reopens) {
            Some(pause) => {
                tracing::debug!(%error, ?pause, "the scan goes on with another scanner");
                std::thread::sleep(pause);
                self.state = State::Closed;
                Ok(())
            }
            None => Err(error.with_last_row(self.place.last_row.clone())),
        }
    }

    /// Closes the server's side, on this connection if there is one.
    fn close(&mut self, lease: Option<Box<Lease>>) {
        let State::Open(scanner) = std::mem::replace(&mut self.state, State::Done) else { return };
        let deadline = Instant::now() + self.executor.config().connect_timeout();
        if let Err(error) = scanner.close(&self.executor, lease, deadline)
            && error.kind() != ErrorKind::UnknownScanner
        {
            // The rows are delivered; the lease ends by itself.
            tracing::debug!(%error, "a scanner was left to its lease");
        }
    }
}

impl OpenScanner {
    fn ask(&self, lease: &mut Lease, rows: u32, deadline: Instant) -> Result<()> {
        lease.bind(true);
        if lease.line() != self.line {
            return Err(gone());
        }
        thrift1::scanner_get_list(self.id, rows).queue(lease)?;
        lease.flush(deadline)
    }

    /// The rows that were asked for before, or now; with the connection and how many were wanted.
    fn receive(
        &mut self,
        executor: &Executor,
        wanted: u32,
        deadline: Instant,
    ) -> Result<(RowBatch, Box<Lease>, u32)> {
        let (mut lease, rows) = match self.asked.take() {
            Some(asked) => asked,
            None => {
                let mut lease = executor.checkout_line(self.line, deadline).ok_or_else(gone)?;
                self.ask(&mut lease, wanted, deadline)?;
                (Box::new(lease), wanted)
            }
        };
        match thrift1::scanner_get_list(self.id, rows).receive(&mut lease, deadline) {
            Ok(batch) => Ok((batch, lease, rows)),
            Err(error) => {
                if lease.is_in_step() && error.kind() != ErrorKind::UnknownScanner {
                    // Another one will be opened; that this one may be of no use is no failure.
                    let _ = thrift1::scanner_close(self.id).run(&mut lease, deadline);
                }
                Err(error)
            }
        }
    }

    fn close(
        mut self,
        executor: &Executor,
        lease: Option<Box<Lease>>,
        deadline: Instant,
    ) -> Result<()> {
        let mut lease = match (lease, self.asked.take()) {
            (Some(lease), _) => lease,
            (None, Some((mut lease, rows))) => {
                // The reply has to be read before the connection can be used.
                thrift1::scanner_get_list(self.id, rows).receive(&mut lease, deadline)?;
                lease
            }
            (None, None) => Box::new(executor.checkout_line(self.line, deadline).ok_or_else(gone)?),
        };
        lease.bind(true);
        thrift1::scanner_close(self.id).run(&mut lease, deadline)
    }
}

/// The scanner can't be asked any more, whether or not it is still there.
fn gone() -> Error {
    let message = "the connection that the scanner was opened on is gone";
    Error::new(ErrorKind::UnknownScanner, message)
}

/// What of a batch is new to the caller, and whether nothing can follow.
struct NewRows {
    rows: RowBatch,
    ended: bool,
}

impl Place {
    /// Where a scanner has to be opened to go on from here.
    fn bounds(&self, scan: &Scan) -> (Vec<u8>, Vec<u8>) {
        let (start, stop) = scan.bounds();
        match &self.last_row {
            None => (start, stop),
            // There is no key directly before another, and a split row may not have come whole:
            // what was delivered comes again and is left out.
            Some(last) if scan.reversed || scan.batch.is_some() => (last.clone(), stop),
            Some(last) => ([last.as_slice(), &[0]].concat(), stop),
        }
    }

    /// Leaves out what was delivered before and, backwards, what the bounds have too much: a prefix
    /// has no exact ones there.
    fn new_rows(&self, scan: &Scan, batch: RowBatch) -> NewRows {
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
            Ordering::Less => !scan.reversed,
            Ordering::Greater => scan.reversed,
        }
    }

    fn advance(&mut self, scan: &Scan, batch: &RowBatch) {
        self.fetched += batch.len() as u64;
        let Some(last) = batch.len().checked_sub(1).and_then(|last| batch.get(last)) else {
            return;
        };
        self.last_row = Some(last.key().to_vec());
        if scan.batch.is_some() {
            self.last_column =
                last.cells().next_back().map(|cell| cell.column().to_vec()).unwrap_or_default();
        }
    }
}

impl Iterator for Scanner {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        self.next_row().transpose()
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.close(None);
    }
}
