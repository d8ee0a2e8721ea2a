//! A connection on loan, and what is still to come on it when it goes back.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::super::cancel::{Cancellation, Watch, Watched};
use super::super::connection::Connection;
use super::kept::{Awaited, Kept};
use super::slot::{Ahead, RowsSlot, SlotPlace};
use super::{Pool, PoolState};
use crate::dialect::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{ConnectionId, End, Session};
use crate::row::RowBatch;

/// A connection on loan. It goes back when dropped, if the next reply would belong to the next
/// call, and is closed otherwise.
pub(crate) struct Lease {
    /// Absent only while the lease is dropped.
    kept: Option<Box<Kept>>,
    id: ConnectionId,
    gateway: usize,
    pool: Pool,
    /// Since when it is lent, and whether the gateway is to blame for its end.
    since: Instant,
    to_blame: bool,
    /// Whether an operation succeeded with it.
    has_succeeded: bool,
    /// Ends what is waited for.
    watch: Watch,
}

/// How long replies are waited for that hold up others and take a gateway no time.
const SOON: Duration = Duration::from_millis(100);
/// A gateway that takes longer to answer may be left out by all calls. One that was given less time is not
/// judged: the caller was in a hurry.
pub(super) const FAIR_TIME: Duration = Duration::from_millis(20);
#[cfg(test)]
thread_local! {
    /// How many connections this thread has on loan; the simulation sees to it that it is none when
    /// the thread waits for one.
    pub(crate) static LEASES_HELD: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Pool {
    pub(super) fn lend(&self, id: ConnectionId, kept: Box<Kept>, since: Instant) -> Lease {
        #[cfg(test)]
        LEASES_HELD.set(LEASES_HELD.get() + 1);
        Lease {
            gateway: kept.gateway,
            kept: Some(kept),
            id,
            pool: self.clone(),
            since,
            to_blame: false,
            has_succeeded: false,
            watch: Watch::default(),
        }
    }
}

impl Lease {
    pub(crate) fn id(&self) -> ConnectionId {
        self.id
    }

    /// Which of the pool's gateways the connection goes to.
    pub(crate) fn gateway(&self) -> usize {
        self.gateway
    }

    /// Has the tokens end what is waited for on the connection, as long as it is lent.
    pub(crate) fn watched_by(mut self, cancellation: &Cancellation) -> Self {
        if !cancellation.is_none() {
            self.watch = cancellation.watch(|| self.interrupter().map(Watched::Stream));
        }
        self
    }

    /// Lets no token end what is waited for on the connection from now on.
    pub(super) fn watched_by_nobody(mut self) -> Self {
        self.leave_watch();
        self
    }

    /// The operation that the connection is lent for has succeeded, which earns repeats once it comes back.
    pub(crate) fn succeeded(&mut self) {
        self.has_succeeded = true;
    }

    /// The gateway is to blame if the connection is broken when it comes back.
    pub(crate) fn blame(&mut self, error: &Error) {
        if self.watch.was_ended() {
            return;
        }
        if self.session().ended_between_replies() {
            return self.pool.closes_after_replies(self.gateway);
        }
        if error.kind() == ErrorKind::Timeout && !self.had_time() {
            return;
        }
        self.to_blame |= matches!(
            error.kind(),
            ErrorKind::Timeout
                | ErrorKind::ConnectionLost
                | ErrorKind::Connect
                | ErrorKind::Protocol
                | ErrorKind::WrongProtocol
                | ErrorKind::Tls
        );
    }

    /// Leaves the connection with the pool while rows, and `closes` replies to closed scanners, are
    /// still to come.
    pub(crate) fn park_for_rows(mut self, closes: u32) -> Ahead {
        let slot = Arc::new(RowsSlot::default());
        let ahead = Ahead { slot: Arc::clone(&slot), connection: self.id };
        // While the caller took in the rows before these, others may have closed their scanners on
        // the parked connection.
        let awaited = self.awaited();
        awaited.closes_before = std::mem::replace(&mut awaited.closes, closes);
        awaited.rows = Some(slot);
        self.park(false);
        ahead
    }

    /// Leaves the connection with the pool while only replies to closed scanners are to come; where
    /// requests wait for the reply before, the scanner is closed later.
    pub(crate) fn park_for_close(mut self, scanner: i32, soon: Instant) {
        let has_rows = self.awaited().rows.is_some();
        if self.session().pipelines() || self.session().can_queue() {
            if self.send_close(scanner, soon).is_err() {
                // The scanner's lease ends by itself.
                return;
            }
            self.awaited().closes += 1;
        } else {
            self.awaited().then_close.push(scanner);
        }
        self.park(!has_rows);
    }

    /// Leaves the connection with the pool while rows that nobody wants are to come, and closes their scanner
    /// if it is named.
    pub(crate) fn park_for_unwanted_rows(mut self, scanner: Option<i32>, soon: Instant) {
        if let Some(scanner) = scanner
            && self.send_close(scanner, soon).is_err()
        {
            return;
        }
        let ahead = self.park_for_rows(u32::from(scanner.is_some()));
        ahead.slot.put(SlotPlace::Dropped);
    }

    /// Asks for a scanner to be closed; the reply is still to come.
    pub(crate) fn send_close(&mut self, scanner: i32, soon: Instant) -> Result<()> {
        let pool = self.pool.clone();
        self.session().queue(&Call::close_scanner(scanner).request)?;
        self.send_at_once(soon, pool.environment())
    }

    /// The caller takes the rows of a parked connection in by itself, and then what was closed with
    /// them; takes in here what comes before.
    pub(crate) async fn reach_rows(&mut self, deadline: Instant) -> Result<()> {
        let pool = self.pool.clone();
        while self.awaited().closes_before > 0 {
            match self.receive::<()>(deadline, pool.environment()).await {
                Err(error) if self.session().is_broken() => return Err(error),
                // A scanner whose lease has ended is closed.
                Ok(()) | Err(_) => self.awaited().closes_before -= 1,
            }
        }
        self.awaited().rows = None;
        Ok(())
    }

    /// Leaves the connection with the pool as it was.
    pub(crate) fn park_again(mut self) {
        let has_rows = self.awaited().rows.is_some();
        self.park(!has_rows);
    }

    /// Leaves the connection with the pool once its call is over. Replies to scanners that others have closed
    /// on it may be still to come.
    pub(crate) fn give_back(mut self) {
        if !self.awaited().is_empty() && !self.session().is_broken() {
            self.park_again();
        }
    }

    /// Leaves the connection with the pool while the reply to a scanner that was closed is to come.
    pub(crate) fn park_after_close(mut self) {
        self.awaited().closes = self.awaited().closes.max(1);
        self.park(true);
    }

    /// Takes in what is still to come until this time; `None` where it does not come, or the
    /// connection did not survive it. Rows that do not come end the connection, so that another can
    /// take its place; a reply that was to come soon and does not is left for later.
    pub(crate) async fn settle(self, until: Instant) -> Option<Self> {
        self.settle_within(until, SOON).await
    }

    /// As [`settle`](Self::settle), with this much time for what takes a gateway none.
    pub(crate) async fn settle_within(mut self, until: Instant, most: Duration) -> Option<Self> {
        let pool = self.pool.clone();
        let environment = pool.environment();
        while self.awaited().closes_before > 0 && !self.session().is_broken() {
            match self.receive_until(until, environment, Session::poll::<()>).await {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => {
                    self.give_up();
                    return None;
                }
                Err(error) => self.blame(&error),
            }
            self.awaited().closes_before -= 1;
        }
        if self.awaited().rows.is_some() {
            let rows = self.receive_until(until, environment, Session::poll::<RowBatch>).await;
            let rows = match rows {
                Ok(Poll::Ready(rows)) => Ok(rows),
                Ok(Poll::Pending) => {
                    self.give_up();
                    return None;
                }
                Err(error) => {
                    self.blame(&error);
                    Err(error)
                }
            };
            if let Some(slot) = self.awaited().rows.take() {
                slot.put(SlotPlace::Here(rows));
            }
        }
        let soon = until.min(environment.now() + most);
        let mut settled = self.settle_closes(soon).await?;
        settled.awaited().late = false;
        settled.if_usable(environment.now()).await
    }

    /// Takes in the replies to scanners that were closed, after the rows, and closes those that had to wait.
    async fn settle_closes(mut self, soon: Instant) -> Option<Self> {
        let pool = self.pool.clone();
        let environment = pool.environment();
        loop {
            while self.awaited().closes > 0 && !self.session().is_broken() {
                match self.receive_until(soon, environment, Session::poll::<()>).await {
                    Ok(Poll::Ready(())) => {}
                    Ok(Poll::Pending) if self.awaited().late => {
                        self.give_up();
                        return None;
                    }
                    Ok(Poll::Pending) => {
                        self.awaited().late = true;
                        self.park(false);
                        return None;
                    }
                    // A scanner whose lease has ended is closed.
                    Err(error) => self.blame(&error),
                }
                self.awaited().closes -= 1;
            }
            let Some(scanner) = self.awaited().then_close.pop() else { break };
            if self.session().is_in_step() {
                match self.send_close(scanner, soon) {
                    Ok(()) => self.awaited().closes += 1,
                    Err(error) => {
                        self.blame(&error);
                        tracing::debug!(%error, "a scanner was left to its lease");
                    }
                }
            }
        }
        Some(self)
    }

    /// Closes the connection to a gateway that does not answer in time.
    fn give_up(&mut self) {
        self.to_blame = self.had_time();
        self.session().closed();
    }

    /// Whether the connection was lent for so long that a gateway which is well would have answered.
    fn had_time(&self) -> bool {
        self.pool.environment().now().saturating_duration_since(self.since) >= FAIR_TIME
    }

    /// Whether the connection can take another call.
    pub(crate) async fn is_usable(&mut self, now: Instant) -> bool {
        !self.is_spent(now) && Connection::is_usable(self, now).await
    }

    /// Whether the connection took its one call, to a gateway that closes it after that.
    fn is_spent(&self, now: Instant) -> bool {
        self.last_answer().is_some() && self.pool.is_used_once(self.gateway, now)
    }

    pub(super) async fn if_usable(mut self, now: Instant) -> Option<Self> {
        if self.is_usable(now).await {
            return Some(self);
        }
        // In step or not, it is of no use to anybody.
        self.session().closed();
        None
    }

    /// Whether it can take another call; `None` where something has to be waited for first. One that can't is of
    /// no use to anybody.
    pub(super) fn is_usable_now(&mut self, now: Instant) -> Option<bool> {
        if self.session().has_tail() {
            return None;
        }
        let is_usable = !self.is_spent(now) && Connection::is_usable_now(self, now);
        if !is_usable {
            self.session().closed();
        }
        Some(is_usable)
    }

    /// Ends the lease, and leaves the connection in use.
    pub(super) fn take_back(mut self) -> Option<Box<Kept>> {
        self.kept.take()
    }

    pub(super) fn awaited(&mut self) -> &mut Awaited {
        match &mut self.kept {
            Some(kept) => &mut kept.awaited,
            None => unreachable!("a lease has its connection until it is dropped"),
        }
    }

    /// Nobody ends what is waited for from now on. A connection that was ended takes no other call.
    fn leave_watch(&mut self) {
        if !self.watch.is_none()
            && std::mem::take(&mut self.watch).leave()
            && let Some(kept) = &mut self.kept
        {
            kept.connection.session().closed();
        }
    }

    fn earn(&self, state: &mut PoolState) {
        if self.has_succeeded {
            state.budget.succeeded();
        }
    }

    pub(super) fn park(&mut self, soon: bool) {
        self.leave_watch();
        let Some(mut kept) = self.kept.take() else { return };
        let now = self.pool.environment().now();
        kept.connection.leave_unread(now);
        let answered = kept.connection.last_answer().filter(|last| *last >= self.since);
        let mut state = self.pool.lock();
        self.earn(&mut state);
        let left = if self.pool.is_closed() {
            state.balancer.closed(self.id, End::Quiet { answered }, now);
            Some(kept)
        } else {
            state.kept.insert(self.id, kept);
            state.balancer.parked(self.id, soon, answered, now);
            None
        };
        state.wake();
        drop(state);
        drop(left);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        #[cfg(test)]
        LEASES_HELD.set(LEASES_HELD.get() - 1);
        self.leave_watch();
        if self.kept.is_none() {
            return;
        }
        let answered = self.last_answer().filter(|last| *last >= self.since);
        // A call that succeeded is over with its reply.
        let over = if self.has_succeeded { answered } else { None };
        let now = over.unwrap_or_else(|| self.pool.environment().now());
        let is_spent = self.is_spent(now);
        let Some(mut kept) = self.kept.take() else { return };
        let is_in_step = kept.connection.session().is_in_step() && kept.awaited.is_empty();
        let is_kept = is_in_step && !is_spent;
        let mut state = self.pool.lock();
        self.earn(&mut state);
        let left = if is_kept && !self.pool.is_closed() {
            state.kept.insert(self.id, kept);
            state.balancer.returned(self.id, answered, now);
            None
        } else {
            let end = if self.to_blame {
                End::Fault { since: self.since }
            } else {
                End::Quiet { answered }
            };
            state.balancer.closed(self.id, end, now);
            Some(kept)
        };
        state.wake();
        // Closing takes a system call.
        drop(state);
        if let Some(kept) = left
            && is_in_step
        {
            self.pool.watch(self.gateway, kept, now);
        }
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.kept {
            Some(kept) => &kept.connection,
            None => unreachable!("a lease has its connection until it is dropped"),
        }
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        match &mut self.kept {
            Some(kept) => &mut kept.connection,
            None => unreachable!("a lease has its connection until it is dropped"),
        }
    }
}
