//! Reads that share a connection, where more are made at once than there are connections.
//!
//! A read that has to wait says what it reads. A caller that gets a connection to read with takes along the reads
//! that wait next, and a task carries all of them: it sends their requests together, hands out the replies in order, and
//! goes on with the reads that wait by then. Nobody else needs to be polled for that, and a read that is
//! given up meanwhile leaves its reply to be taken in and dropped. Writes, and reads of many rows, stand in the
//! same line and get a connection to themselves.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::checkout::{Checkout, CheckoutStep};
use super::{Lease, Pool};
use crate::dialect::{Effect, Request};
use crate::drive::cancel::{Cancellation, Watched};
use crate::drive::environment::Signal;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Answered, Loss, WaiterId, Written, settle};
use crate::request::Get;
use crate::row::RowBatch;

/// A read that waits for a connection, or that somebody carries.
pub(super) struct SharedRead {
    table: Vec<u8>,
    get: Get,
    deadline: Instant,
    signal: Arc<Signal>,
    is_taken: AtomicBool,
    reply: Mutex<Option<SharedReply>>,
}

/// What a caller gets that wants to read.
pub(crate) enum Lent {
    Connection(Lease),
    Read(SharedReply),
}

/// What became of a read that was carried, and by which gateway.
pub(crate) struct SharedReply {
    pub(crate) gateway: usize,
    pub(crate) rows: Result<RowBatch>,
    /// Of all reads that were on the connection.
    pub(crate) loss: SharedLoss,
}

/// A loss that several callers have to do with.
pub(crate) type SharedLoss = Arc<Mutex<Loss>>;

/// Requests that are on the way together have to fit into the sockets' buffers: a gateway that can't write its
/// replies stops reading requests.
const WINDOW: usize = 64 * 1024;
/// Reads that are on the way together, on one connection.
const MOST: usize = 64;

impl SharedRead {
    fn new(table: &[u8], get: &Get, deadline: Instant) -> Arc<Self> {
        Arc::new(Self {
            table: table.to_vec(),
            get: get.clone(),
            deadline,
            signal: Arc::default(),
            is_taken: AtomicBool::new(false),
            reply: Mutex::default(),
        })
    }

    fn request(&self) -> Request<'_> {
        Request::Get(&self.table, &self.get)
    }

    /// Whether somebody carries it, or has.
    fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Acquire)
    }

    /// What became of it, once that is known.
    fn take_reply(&self) -> Option<SharedReply> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn ends(&self, reply: SharedReply) {
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
        self.signal.raise();
    }
}

impl Pool {
    /// A read that waits under this number may be carried by others.
    fn offer_read(&self, id: WaiterId, read: &Arc<SharedRead>) {
        let mut state = self.lock();
        if state.balancer.may_share(id) {
            state.signals.insert(id, Arc::clone(&read.signal));
            state.reads.insert(id, Arc::clone(read));
        }
    }

    /// Takes the reads that wait next, as many as these at most.
    fn take_reads(&self, most: usize) -> Vec<Arc<SharedRead>> {
        let mut state = self.lock();
        let ids = state.balancer.take_sharing(most);
        let mut take = |id: &WaiterId| {
            state.signals.remove(id);
            let read = state.reads.remove(id)?;
            read.is_taken.store(true, Ordering::Release);
            Some(read)
        };
        ids.iter().filter_map(&mut take).collect()
    }

    /// Lends a connection to read with, or has somebody else read who has one.
    pub(crate) async fn checkout_to_read(
        &self,
        now: Instant,
        deadline: Instant,
        cancellation: &Cancellation,
        (table, get): (&[u8], &Get),
    ) -> Result<Lent> {
        let mut checkout = Checkout::new(self, now, deadline, cancellation);
        let mut shared: Option<Arc<SharedRead>> = None;
        let mut step = match checkout.first_turn()? {
            Ok(lease) => CheckoutStep::Lent(lease),
            Err(granted) => checkout.take(granted).await?,
        };
        loop {
            match step {
                CheckoutStep::Lent(lease) => {
                    let others = self.take_reads(MOST - 1);
                    if others.is_empty() {
                        return Ok(Lent::Connection(lease));
                    }
                    let own = shared.get_or_insert_with(|| SharedRead::new(table, get, deadline));
                    own.is_taken.store(true, Ordering::Release);
                    let carrier = Carrier::new(self.clone(), lease, Arc::clone(own), others);
                    self.environment().spawn(Box::pin(carrier.carry()));
                    return self.carried(own, cancellation).await.map(Lent::Read);
                }
                CheckoutStep::Wait(id) => {
                    let own = shared.get_or_insert_with(|| SharedRead::new(table, get, deadline));
                    self.offer_read(id, own);
                    self.wait(id, checkout.patience, cancellation).await?;
                }
                CheckoutStep::Again => {}
            }
            if let Some(read) = shared.as_ref().filter(|read| read.is_taken()) {
                return self.carried(read, cancellation).await.map(Lent::Read);
            }
            step = checkout.turn().await?;
        }
    }

    /// Waits for a read that somebody carries.
    async fn carried(&self, read: &SharedRead, cancellation: &Cancellation) -> Result<SharedReply> {
        let environment = self.environment();
        loop {
            if let Some(reply) = read.take_reply() {
                return Ok(reply);
            }
            self.check_ended(cancellation)?;
            if environment.now() >= read.deadline {
                let error = Error::new(ErrorKind::Timeout, "no reply came in time");
                return Err(settled(error));
            }
            let _watch = cancellation.watch(|| Some(Watched::Signal(Arc::clone(&read.signal))));
            environment.wait(&read.signal, read.deadline).await;
        }
    }
}

/// The error of a read to which no reply came.
fn settled(error: Error) -> Error {
    settle(error, Effect::Read, Written::Whole, Answered::Nothing)
}

/// Carries reads on one connection. However it ends, nobody waits in vain.
struct Carrier {
    pool: Pool,
    lease: Lease,
    /// Those whose requests are not queued.
    waiting: VecDeque<Arc<SharedRead>>,
    /// Those whose replies are to come, each with the size of its request.
    under_way: VecDeque<(Arc<SharedRead>, usize)>,
    loss: SharedLoss,
}

impl Carrier {
    fn new(pool: Pool, lease: Lease, first: Arc<SharedRead>, others: Vec<Arc<SharedRead>>) -> Self {
        // A token of the first one's caller must not end the others' reads.
        let lease = lease.watched_by_nobody();
        let waiting = [first].into_iter().chain(others).collect();
        Self { pool, lease, waiting, under_way: VecDeque::new(), loss: SharedLoss::default() }
    }

    async fn carry(mut self) {
        loop {
            self.queue();
            if self.under_way.is_empty() {
                return;
            }
            let latest = self.under_way.iter().map(|(read, _)| read.deadline).max();
            let Some(deadline) = latest else { return };
            let environment = self.pool.environment();
            let sent = self.lease.send(deadline, environment).await;
            let rows = match sent {
                Ok(()) => self.lease.receive::<RowBatch>(deadline, environment).await,
                Err(error) => Err(error),
            };
            self.came(rows);
            if self.lease.session().is_broken() {
                // Each has an error of its own.
                while let Some(error) = self.lease.session().abandon() {
                    self.came(Err(error));
                }
                return;
            }
        }
    }

    /// Queues requests, once half of those that were on the way are answered: many go out together.
    fn queue(&mut self) {
        if self.under_way.len() > MOST / 2 {
            return;
        }
        loop {
            let on_the_way: usize = self.under_way.iter().map(|(_, size)| size).sum();
            let room = MOST - self.under_way.len();
            if room == 0 || on_the_way >= WINDOW {
                return;
            }
            if self.waiting.is_empty() {
                self.waiting = self.pool.take_reads(room).into();
            }
            let Some(read) = self.waiting.pop_front() else { return };
            let before = self.lease.session().outgoing().len();
            match self.lease.session().queue(&read.request()) {
                Ok(()) => {
                    let size = self.lease.session().outgoing().len() - before;
                    self.under_way.push_back((read, size));
                }
                Err(error) => read.ends(self.reply(Err(error))),
            }
        }
    }

    /// The oldest read is over.
    fn came(&mut self, rows: Result<RowBatch>) {
        match &rows {
            Ok(_) => self.pool.succeeded(),
            Err(error) => self.lease.blame(error),
        }
        if let Some((read, _)) = self.under_way.pop_front() {
            read.ends(self.reply(rows));
        }
    }

    fn reply(&self, rows: Result<RowBatch>) -> SharedReply {
        SharedReply { gateway: self.lease.gateway(), rows, loss: Arc::clone(&self.loss) }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let under_way = std::mem::take(&mut self.under_way).into_iter().map(|(read, _)| read);
        for read in under_way.chain(std::mem::take(&mut self.waiting)) {
            let message = "the connection ended before the read that shared it was over";
            let error = Error::new(ErrorKind::ConnectionLost, message);
            read.ends(self.reply(Err(settled(error))));
        }
    }
}
