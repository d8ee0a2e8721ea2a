//! Rows that a scan asks for before its caller needs them.

use std::time::{Duration, Instant};

use tracing::Span;

use super::super::pool::{Lease, Taken};
use super::{Asked, AskedAhead, Home, ScanDriver};
use crate::dialect::{Call, FetchRows, ScanBounds};
use crate::error::Result;
use crate::proto::{Behind, Leave, ScanStep};
use crate::row::RowBatch;

impl ScanDriver {
    /// Opens the scanner and asks for its first rows, if that takes no longer than this. What fails is
    /// done again when the rows are needed, which then says why; returns whether it did not.
    pub(crate) async fn begin(&mut self, within: Duration) -> bool {
        let (ScanStep::Open { .. } | ScanStep::Page { .. }) = self.state.next() else {
            return true;
        };
        if !self.state.scan().read_ahead {
            return true;
        }
        let deadline = self.executor.deadline().min(self.executor.environment().now() + within);
        let Ok(mut lease) = self.executor.checkout(deadline).await else { return false };
        self.state.speak(self.executor.has_pages());
        let ScanStep::Open { start, stop, rows } = self.state.next() else {
            return self.ask_page_ahead(lease);
        };
        let bounds = ScanBounds { start: &start, stop: &stop, rows };
        let call = Call::open_scanner(&self.table, self.state.scan(), bounds);
        // The gateway is not to blame: it may take longer than there is time here.
        match lease.call(&call, deadline, self.executor.environment()).await {
            Ok(scanner) => self.state.opened(scanner),
            Err(_) => return false,
        }
        self.home = Home::of(&lease);
        if let ScanStep::Fetch { fetch, close } = self.state.next()
            && self.stays_now(&mut lease)
        {
            self.ask_ahead(lease, fetch, close);
        }
        true
    }

    /// Takes in what was asked for ahead.
    pub(super) async fn take_ahead(
        &mut self,
        asked: AskedAhead,
        span: &Span,
        deadline: Instant,
    ) -> Result<RowBatch> {
        let AskedAhead { ahead, asked } = asked;
        match (self.executor.take_ahead(ahead, deadline).await?, asked) {
            (Taken::Awaited(mut lease), asked) => {
                self.executor.record_gateway(span, &lease);
                let reached = lease.reach_rows(deadline).await;
                reached.inspect_err(|error| lease.blame(error))?;
                let Asked::Fetch(fetch, mut behind) = asked else {
                    return self.receive_page(lease, deadline).await;
                };
                if behind == Behind::Nothing {
                    behind = self.ask_second(&mut lease, fetch);
                }
                self.receive(lease, fetch, behind, deadline).await
            }
            (Taken::Here(rows), Asked::Page) => self.state.page_came(rows?),
            (Taken::Here(Ok(rows)), Asked::Fetch(fetch, behind)) => {
                self.state.fetched(rows, fetch.rows, behind == Behind::Close)
            }
            (Taken::Here(Err(error)), Asked::Fetch(fetch, behind)) => {
                if let Leave::Close(scanner) =
                    self.state.leave_failed(fetch.scanner, behind, &error)
                {
                    self.close(scanner);
                }
                Err(error)
            }
        }
    }

    /// Asks for the rows after those that are under way, so that the gateway doesn't wait for the next
    /// request while these are taken in. A failure shows when they are.
    fn ask_second(&self, lease: &mut Lease, fetch: FetchRows) -> Behind {
        let next = self.state.next_after(fetch).filter(|_| lease.session().pipelines());
        let asked = next.filter(|next| self.ask(lease, *next, false).is_ok());
        asked.map_or(Behind::Nothing, Behind::Fetch)
    }

    /// Asks for the next rows while the caller reads these. A failure shows when they are needed.
    pub(super) fn ask_ahead(&mut self, mut lease: Lease, fetch: FetchRows, close: bool) {
        if let Ok(behind) = self.ask(&mut lease, fetch, close) {
            self.await_ahead(lease, fetch, behind);
        }
    }

    /// Leaves the connection until these rows are needed, which were asked for on it.
    pub(super) fn await_ahead(&mut self, lease: Lease, fetch: FetchRows, behind: Behind) {
        let ahead = lease.park_for_rows(u32::from(behind == Behind::Close));
        self.ahead = Some(AskedAhead { ahead, asked: Asked::Fetch(fetch, behind) });
    }

    /// Asks for the next page while the caller reads this one, if one is wanted; returns whether it could. A
    /// failure shows when the page is needed.
    pub(super) fn ask_page_ahead(&mut self, mut lease: Lease) -> bool {
        let ScanStep::Page { scan, start, stop, rows } = self.state.next() else {
            lease.give_back();
            return true;
        };
        let bounds = ScanBounds { start: &start, stop: &stop, rows };
        let request = Call::page(&self.table, &scan, bounds).request;
        let is_asked =
            lease.session().queue(&request).is_ok() && self.send_soon(&mut lease).is_ok();
        if is_asked {
            self.ahead = Some(AskedAhead { ahead: lease.park_for_rows(0), asked: Asked::Page });
        }
        is_asked
    }
}
