//! Drives a scan: opens and closes scanners, fetches ahead of the caller, goes on elsewhere when a
//! gateway fails.

mod ahead;

use std::task::Poll;
use std::time::{Duration, Instant};

use tracing::Span;

use super::environment::at_once;
use super::executor::Executor;
use super::pool::{Ahead, Lease};
use crate::dialect::{Call, Effect, FetchRows, Request, ScanBounds};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{
    Attempts, Behind, ConnectionId, Leave, ScanFailure, ScanState, ScanStep, Verdict,
};
use crate::request::{PagePlace, Scan};
use crate::row::RowBatch;
use crate::trace::{self, in_span};

/// A scan and what it has at the gateways.
pub(crate) struct ScanDriver {
    executor: Executor,
    table: Vec<u8>,
    state: ScanState,
    home: Option<Home>,
    ahead: Option<AskedAhead>,
    /// A fetch has begun and was not over: its future may have been dropped.
    is_fetching: bool,
}

/// Where the scanner is. Its number is one gateway process's: on any other connection it may mean
/// another scanner, of a gateway that was restarted or of another one behind the same address.
#[derive(Clone, Copy)]
struct Home {
    connection: ConnectionId,
    gateway: usize,
    /// When it last replied to this scan.
    answered: Instant,
}

impl Home {
    /// Where the scanner has just replied.
    fn of(lease: &Lease) -> Option<Self> {
        let answered = lease.last_answer()?;
        Some(Self { connection: lease.id(), gateway: lease.gateway(), answered })
    }
}

/// Rows that were asked for before the caller needed them.
struct AskedAhead {
    ahead: Ahead,
    asked: Asked,
}

/// What was asked of a gateway.
#[derive(Clone, Copy)]
enum Asked {
    /// The next rows of a scanner, and what went out behind that.
    Fetch(FetchRows, Behind),
    /// A page.
    Page,
}

/// The table of all regions, which is in the order of their tables and first keys.
const CATALOG: &[u8] = b"hbase:meta";

/// For a request that fits into the socket's buffer.
const SOON: Duration = Duration::from_millis(50);

impl ScanDriver {
    pub(crate) fn new(executor: Executor, table: Vec<u8>, scan: Scan) -> Self {
        let state = ScanState::new(scan);
        let state = if table == CATALOG { state.of_catalog() } else { state };
        Self { executor, table, state, home: None, ahead: None, is_fetching: false }
    }

    /// The same from behind the rows that another scan of these returned.
    pub(crate) fn behind(mut self, place: PagePlace) -> Self {
        self.state.go_on_behind(place);
        self
    }

    /// Behind which row the scan goes on.
    pub(crate) fn place(&self) -> PagePlace {
        self.state.place()
    }

    /// Whether it is known that no row follows, whatever the limit.
    pub(crate) fn is_at_end(&self) -> bool {
        self.state.is_at_end()
    }

    pub(crate) fn table(&self) -> &[u8] {
        &self.table
    }

    pub(crate) fn scan(&self) -> &Scan {
        self.state.scan()
    }

    /// The next rows; none at the end. After an error the scan is over. A fetch whose future is dropped loses
    /// nothing: the next one goes on behind the rows that were returned last.
    pub(crate) async fn fetch(&mut self) -> Result<RowBatch> {
        if std::mem::replace(&mut self.is_fetching, true) {
            // How far the scanner has moved is not known: another one brings the rows.
            self.leave_scanner();
            self.state.dropped();
        }
        // Nothing is waited for between rows that come and their return.
        let rows = self.fetch_next().await;
        self.is_fetching = false;
        rows
    }

    async fn fetch_next(&mut self) -> Result<RowBatch> {
        if self.state.is_done() {
            return Ok(RowBatch::default());
        }
        let method = self.method();
        let span = self.executor.span(method);
        in_span(&span, self.fetch_in(&span)).await
    }

    async fn fetch_in(&mut self, span: &Span) -> Result<RowBatch> {
        let mut attempts = self.executor.attempts(self.executor.deadline());
        loop {
            let error = match self.step(span, &attempts).await {
                // Nothing of the batch belongs to the scan, but the next one may.
                Ok(rows) if rows.is_empty() && !self.state.is_done() => {
                    if self.executor.environment().now() < attempts.deadline() {
                        continue;
                    }
                    let message = "no further row was found in time";
                    Error::new(ErrorKind::Timeout, message)
                }
                Ok(rows) => {
                    self.executor.pool().succeeded();
                    return Ok(rows);
                }
                Err(error) => error.of_table(&self.table),
            };
            match self.state.failed(error) {
                ScanFailure::AskForLess(error) => {
                    tracing::debug!(%error, "the scan goes on with fewer rows a fetch");
                }
                ScanFailure::Error(error) => self.recover(error, &mut attempts, span).await?,
            }
        }
    }

    /// What brings the rows, as far as it is known.
    fn method(&mut self) -> &'static str {
        self.state.speak(self.executor.has_pages());
        self.executor.method(&if self.state.goes_by_pages() {
            let bounds = ScanBounds { start: &[], stop: &[], rows: 0 };
            Request::Page(&self.table, self.state.scan(), bounds)
        } else {
            Request::FetchRows(FetchRows { scanner: 0, rows: 0 })
        })
    }

    /// Waits and leaves the scan to be opened again, or gives up.
    async fn recover(&mut self, error: Error, attempts: &mut Attempts, span: &Span) -> Result<()> {
        match self.executor.judge(attempts, error, Effect::ReadOnce) {
            Verdict::Again { pause, error } => {
                tracing::debug!(%error, ?pause, "the scan goes on with another scanner");
                self.executor.pause(pause).await;
                Ok(())
            }
            Verdict::GiveUp(error) => {
                self.state.abandon();
                trace::failure(span, &error);
                Err(error)
            }
        }
    }

    async fn step(&mut self, span: &Span, attempts: &Attempts) -> Result<RowBatch> {
        let deadline = self.executor.attempt_deadline(attempts, Effect::ReadOnce);
        if let Some(asked) = self.ahead.take() {
            return self.take_ahead(asked, span, deadline).await;
        }
        match self.state.next() {
            ScanStep::Open { .. } | ScanStep::Page { .. } => {
                let lease = self.executor.checkout(deadline).await?;
                self.executor.record_gateway(span, &lease);
                self.begin_on(lease, deadline).await
            }
            ScanStep::Fetch { .. } => {
                let lease = self.checkout_home(deadline).await?;
                self.executor.record_gateway(span, &lease);
                self.fetch_on(lease, deadline).await
            }
            ScanStep::Close(scanner) => {
                self.close(scanner);
                self.state.closed();
                Ok(RowBatch::default())
            }
            ScanStep::End => {
                self.state.finish();
                Ok(RowBatch::default())
            }
        }
    }

    /// Asks for the first rows from here on. A lent connection knows what its gateway speaks, which decides
    /// how.
    async fn begin_on(&mut self, mut lease: Lease, deadline: Instant) -> Result<RowBatch> {
        self.state.speak(self.executor.has_pages());
        match self.state.next() {
            ScanStep::Page { scan, start, stop, rows } => {
                let bounds = ScanBounds { start: &start, stop: &stop, rows };
                lease.session().queue(&Call::page(&self.table, &scan, bounds).request)?;
                let sent = lease.send(deadline, self.executor.environment()).await;
                sent.inspect_err(|error| lease.blame(error))?;
                self.receive_page(lease, deadline).await
            }
            ScanStep::Open { start, stop, rows } => {
                let bounds = ScanBounds { start: &start, stop: &stop, rows };
                let call = Call::open_scanner(&self.table, self.state.scan(), bounds);
                let opened = lease.call(&call, deadline, self.executor.environment()).await;
                self.state.opened(opened.inspect_err(|error| lease.blame(error))?);
                self.home = Home::of(&lease);
                if !self.stays(&mut lease).await {
                    drop(lease);
                    lease = self.checkout_home(deadline).await?;
                }
                self.fetch_on(lease, deadline).await
            }
            ScanStep::Fetch { .. } | ScanStep::Close(_) | ScanStep::End => Ok(RowBatch::default()),
        }
    }

    /// Whether the connection takes another request: an HTTP server may close it after each reply.
    async fn stays(&self, lease: &mut Lease) -> bool {
        lease.session().pipelines() || lease.is_usable(self.executor.environment().now()).await
    }

    /// As [`stays`](Self::stays), as far as it is known without waiting.
    pub(super) fn stays_now(&self, lease: &mut Lease) -> bool {
        matches!(at_once(self.stays(lease)), Poll::Ready(true))
    }

    /// Asks for rows and waits for them.
    async fn fetch_on(&mut self, mut lease: Lease, deadline: Instant) -> Result<RowBatch> {
        let ScanStep::Fetch { fetch, close } = self.state.next() else {
            return Ok(RowBatch::default());
        };
        let behind = queue_fetch(&mut lease, fetch, close)?;
        let sent = lease.send(deadline, self.executor.environment()).await;
        sent.inspect_err(|error| lease.blame(error))?;
        self.receive(lease, fetch, behind, deadline).await
    }

    /// Sends a fetch, and behind it, if it can be, the closing of the scanner; for later, without waiting.
    fn ask(&self, lease: &mut Lease, fetch: FetchRows, close: bool) -> Result<Behind> {
        let behind = queue_fetch(lease, fetch, close)?;
        self.send_soon(lease)?;
        Ok(behind)
    }

    fn send_soon(&self, lease: &mut Lease) -> Result<()> {
        let environment = self.executor.environment();
        let sent = lease.send_at_once(environment.now() + SOON, environment);
        sent.inspect_err(|error| lease.blame(error))
    }

    /// Waits for rows that were asked for on this connection, then asks for the next ones.
    async fn receive(
        &mut self,
        mut lease: Lease,
        fetch: FetchRows,
        behind: Behind,
        deadline: Instant,
    ) -> Result<RowBatch> {
        let rows = match lease.receive::<RowBatch>(deadline, self.executor.environment()).await {
            Ok(rows) => {
                self.home = Home::of(&lease);
                self.state.fetched(rows, fetch.rows, behind == Behind::Close)
            }
            Err(error) => {
                lease.blame(&error);
                Err(error)
            }
        };
        match &rows {
            Ok(_) => {
                let how = self.state.leave(behind);
                self.leave(lease, how);
            }
            Err(error) => {
                let how = self.state.leave_failed(fetch.scanner, behind, error);
                let session = lease.session();
                // Behind the answer may come what others have asked for, which is theirs.
                if session.is_in_step() || (session.is_awaiting_reply() && !session.is_broken()) {
                    self.leave(lease, how);
                }
            }
        }
        rows
    }

    /// Waits for a page that was asked for on this connection, then asks for the next one.
    async fn receive_page(&mut self, mut lease: Lease, deadline: Instant) -> Result<RowBatch> {
        let rows = match lease.receive::<RowBatch>(deadline, self.executor.environment()).await {
            Ok(rows) => self.state.page_came(rows),
            Err(error) => {
                lease.blame(&error);
                Err(error)
            }
        };
        match &rows {
            Ok(_) if self.state.scan().read_ahead && self.stays_now(&mut lease) => {
                self.ask_page_ahead(lease);
            }
            Ok(_) => lease.give_back(),
            // Behind the answer may come what others have asked for, which is theirs.
            Err(_) if lease.session().is_in_step() || lease.session().is_awaiting_reply() => {
                lease.give_back();
            }
            Err(_) => {}
        }
        rows
    }

    /// Leaves the connection; what fails here shows when the next rows are needed.
    fn leave(&mut self, mut lease: Lease, how: Leave) {
        let soon = self.executor.environment().now() + SOON;
        match how {
            Leave::Idle => lease.give_back(),
            Leave::Ask { fetch, close } => {
                if self.state.scan().read_ahead && self.stays_now(&mut lease) {
                    self.ask_ahead(lease, fetch, close);
                }
            }
            Leave::Await { fetch, close } => {
                let is_closed = close && lease.send_close(fetch.scanner, soon).is_ok();
                if is_closed || !close {
                    let behind = if is_closed { Behind::Close } else { Behind::Nothing };
                    self.await_ahead(lease, fetch, behind);
                }
            }
            Leave::AwaitUnwanted(scanner) => lease.park_for_unwanted_rows(scanner, soon),
            Leave::Close(scanner) => lease.park_for_close(scanner, soon),
            Leave::AwaitClosed => lease.park_after_close(),
        }
    }

    /// The connection that the scanner is asked on.
    async fn checkout_home(&self, deadline: Instant) -> Result<Lease> {
        if let Some(lease) = self.find_home(deadline).await? {
            return Ok(lease);
        }
        // What ends this scan may just have ended the call that the connection was lent to.
        self.executor.check_ended()?;
        let message = "the connection that the scanner was opened on is gone";
        // The scanner can't be asked any more, whether or not it is still there.
        Err(Error::new(ErrorKind::UnknownScanner, message))
    }

    async fn find_home(&self, deadline: Instant) -> Result<Option<Lease>> {
        let Some(home) = self.home else { return Ok(None) };
        match self.executor.checkout_again(home.connection, deadline).await {
            Ok(Some(lease)) => return Ok(Some(lease)),
            Ok(None) => {}
            // Another scanner needs no certain connection.
            Err(error) if error.kind() == ErrorKind::PoolTimeout => return Ok(None),
            Err(error) => return Err(error),
        }
        if self.executor.config().get_transport() == crate::config::Transport::Http {
            // An HTTP server in between may close the connection after each reply.
            let (gateway, answered) = (home.gateway, home.answered);
            return Ok(self.executor.checkout_process(gateway, answered, deadline).await);
        }
        Ok(None)
    }

    /// Closes the scanner without waiting for a reply, if nobody else has its connection.
    fn close(&self, scanner: i32) {
        if let Some(lease) = self.home.and_then(|home| self.take_free_home(home)) {
            lease.park_for_close(scanner, self.executor.environment().now() + SOON);
        }
    }

    fn take_free_home(&self, home: Home) -> Option<Lease> {
        self.executor.pool().take_free(home.connection)
    }
}

/// Queues a fetch, and behind it, if it can be, the closing of the scanner.
fn queue_fetch(lease: &mut Lease, fetch: FetchRows, close: bool) -> Result<Behind> {
    let closes = close && lease.session().pipelines();
    lease.session().queue(&Call::fetch_rows(fetch).request)?;
    if closes {
        lease.session().queue(&Call::close_scanner(fetch.scanner).request)?;
    }
    Ok(if closes { Behind::Close } else { Behind::Nothing })
}

impl ScanDriver {
    /// Closes the server's side without waiting for a reply.
    fn leave_scanner(&mut self) {
        let pool = self.executor.pool();
        // Without a scanner, what is still to come on that connection has to stay with it.
        let scanner = self.state.scanner();
        let home = self.home.filter(|_| scanner.is_some());
        let asked = self.ahead.take();
        let free_home = || home.and_then(|home| self.take_free_home(home));
        let lease = match asked {
            Some(AskedAhead { ahead, asked }) => match pool.drop_ahead(&ahead) {
                Some(lease) if matches!(asked, Asked::Fetch(_, Behind::Close) | Asked::Page) => {
                    lease.park_again();
                    return;
                }
                Some(lease) => Some(lease),
                None => free_home(),
            },
            None => free_home(),
        };
        match (lease, scanner) {
            (Some(lease), Some(scanner)) => {
                lease.park_for_close(scanner, self.executor.environment().now() + SOON);
            }
            (Some(lease), None) => lease.park_again(),
            (None, _) => {}
        }
    }
}

impl Drop for ScanDriver {
    fn drop(&mut self) {
        self.leave_scanner();
    }
}
