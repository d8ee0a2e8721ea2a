//! Rows that a scan asks for before its caller needs them.

use std::time::{Duration, Instant};

use tracing::Span;

use super::super::environment::Environment;
use super::super::pool::{Lease, Taken};
use super::{AskedAhead, Home, SOON, ScanDriver};
use crate::dialect::{Call, FetchRows, ScanBounds};
use crate::error::{ErrorKind, Result};
use crate::proto::ScanStep;
use crate::row::RowBatch;

impl ScanDriver {
    /// Opens the scanner and asks for its first rows, if that takes no longer than this. What fails is
    /// done again when the rows are needed, which then says why; returns whether it did not.
    pub(crate) fn begin(&mut self, within: Duration) -> bool {
        let ScanStep::Open { start, stop, rows } = self.state.next() else { return true };
        if !self.state.scan().read_ahead {
            return true;
        }
        let deadline = self.executor.deadline().min(self.executor.environment().now() + within);
        let bounds = ScanBounds { start: &start, stop: &stop, rows };
        let Ok(mut lease) = self.executor.checkout(deadline) else { return false };
        let call = Call::open_scanner(&self.table, self.state.scan(), bounds);
        // The gateway is not to blame: it may take longer than there is time here.
        match lease.call(&call, deadline, self.executor.environment()) {
            Ok(scanner) => self.state.opened(scanner),
            Err(_) => return false,
        }
        self.home = Home::of(&lease);
        if let ScanStep::Fetch { fetch, close } = self.state.next()
            && self.stays(&mut lease)
        {
            self.ask_ahead(lease, fetch, close);
        }
        true
    }

    /// Takes in what was asked for ahead.
    pub(super) fn take_ahead(
        &mut self,
        asked: AskedAhead,
        span: &Span,
        deadline: Instant,
    ) -> Result<RowBatch> {
        let AskedAhead { ahead, fetch, closed } = asked;
        match self.executor.take_ahead(ahead, deadline)? {
            Taken::Awaited(mut lease) => {
                self.executor.record_gateway(span, &lease);
                lease.reach_rows(deadline).inspect_err(|error| lease.blame(error))?;
                let next = if closed { None } else { self.ask_second(&mut lease, fetch) };
                match next {
                    Some(next) => self.receive_first(lease, fetch, next, deadline),
                    None => self.receive(lease, fetch, closed, deadline),
                }
            }
            Taken::Here(rows) => self.state.fetched(rows?, fetch.rows, closed),
        }
    }

    /// Asks for the rows after those that are under way, so that the gateway doesn't wait for the next
    /// request while these are taken in. A failure shows when they are.
    fn ask_second(&self, lease: &mut Lease, fetch: FetchRows) -> Option<FetchRows> {
        let next = self.state.next_after(fetch).filter(|_| lease.session().pipelines())?;
        let soon = self.executor.environment().now() + SOON;
        self.ask(lease, next, false, soon).is_ok().then_some(next)
    }

    /// Waits for rows that others were asked for behind.
    fn receive_first(
        &mut self,
        mut lease: Lease,
        fetch: FetchRows,
        next: FetchRows,
        deadline: Instant,
    ) -> Result<RowBatch> {
        let environment = self.executor.environment();
        let soon = |environment: &dyn Environment| environment.now() + SOON;
        let rows = match lease.receive::<RowBatch>(deadline, environment) {
            Ok(rows) => {
                self.home = Home::of(&lease);
                match self.state.fetched(rows, fetch.rows, false) {
                    Ok(rows) => rows,
                    // The number means another scanner here, which is not this scan's to close.
                    Err(error) => {
                        lease.park_for_unwanted_rows(None, soon(environment));
                        return Err(error);
                    }
                }
            }
            Err(error) => {
                lease.blame(&error);
                // The scanner may move on with the second fetch, though the first one failed.
                self.state.strayed();
                if !lease.session().is_broken() {
                    let is_lost = error.kind() == ErrorKind::UnknownScanner;
                    let scanner = (!is_lost).then_some(fetch.scanner);
                    lease.park_for_unwanted_rows(scanner, soon(environment));
                }
                return Err(error);
            }
        };
        match self.state.next() {
            ScanStep::Fetch { close, .. } => {
                let closed = close && lease.send_close(next.scanner, soon(environment)).is_ok();
                if closed || !close {
                    let ahead = lease.park_for_rows(u32::from(closed));
                    self.ahead = Some(AskedAhead { ahead, fetch: next, closed });
                }
            }
            _ => {
                lease.park_for_unwanted_rows(Some(next.scanner), soon(environment));
                self.state.closed();
            }
        }
        Ok(rows)
    }

    /// Asks for the next rows while the caller reads these. A failure shows when they are needed.
    pub(super) fn ask_ahead(&mut self, mut lease: Lease, fetch: FetchRows, close: bool) {
        let soon = self.executor.environment().now() + SOON;
        if let Ok(closed) = self.ask(&mut lease, fetch, close, soon) {
            let ahead = lease.park_for_rows(u32::from(closed));
            self.ahead = Some(AskedAhead { ahead, fetch, closed });
        }
    }
}
