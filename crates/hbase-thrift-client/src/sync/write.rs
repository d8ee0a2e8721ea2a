//! Sends what the buffered writer holds, by one thread at a time, and hands back what failed.
//!
//! Threads that want to send meanwhile stand in line. Each has its deadline from when it came, so those
//! before it are done by then: nobody waits for one time-out after the other.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::environment::Signal;
use super::executor::Executor;
use crate::dialect::{Call, Dialect};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{FailedRow, Segment, WriteQueue, WriteStep};
use crate::request::Mutation;

/// What a writer holds, and who sends it.
pub(crate) struct WriteDriver {
    executor: Executor,
    table: Vec<u8>,
    state: Mutex<State>,
    /// Something was pushed or sent, or the writer ended; for its own thread.
    changed: Condvar,
}

struct State {
    queue: WriteQueue,
    /// Since when something waits.
    oldest: Option<Instant>,
    sending: bool,
    /// Those that send next, in the order in which they came.
    line: VecDeque<Arc<Signal>>,
    ended: bool,
}

/// Nothing, or the rows that could not be written.
type HandedBack = std::result::Result<(), Vec<FailedRow>>;

/// Who stands in line looks after this time whether it still does.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// What a call has beside its mutations.
const CALL_OVERHEAD: usize = 4 * 1024;

impl WriteDriver {
    /// For this table, with calls of at most this many bytes.
    pub(crate) fn new(executor: Executor, table: Vec<u8>, max_call_bytes: usize) -> Self {
        let limit = executor.config().get_max_request_size().saturating_sub(CALL_OVERHEAD);
        let queue = WriteQueue::new(limit.min(max_call_bytes).max(1));
        let line = VecDeque::new();
        let state = State { queue, oldest: None, sending: false, line, ended: false };
        Self { executor, table, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes a mutation. Where the queue then holds as much as `is_full` says, sends it, or waits
    /// until somebody else has, so that memory is bounded.
    pub(crate) fn write(
        &self,
        mutation: &Mutation,
        is_full: impl Fn(usize, usize) -> bool,
    ) -> HandedBack {
        let size = match self.executor.check_mutation(&self.table, mutation) {
            Ok(size) => size,
            Err(error) => return Err(refused(mutation, error)),
        };
        let mut state = self.lock();
        state.queue.push(mutation, size);
        if state.oldest.is_none() {
            self.begin_to_wait(&mut state);
        }
        if is_full(state.queue.mutations(), state.queue.bytes()) {
            state = self.send(state);
        }
        state.written()
    }

    #[cold]
    fn begin_to_wait(&self, state: &mut State) {
        state.oldest = Some(self.executor.environment().now());
        self.changed.notify_all();
    }

    /// Sends all that is held.
    pub(crate) fn flush(&self) -> HandedBack {
        self.send(self.lock()).written()
    }

    /// Sends what is held for so long, until the writer ends; for a thread of its own.
    pub(crate) fn send_when_due(&self, age: Duration) {
        let mut state = self.lock();
        while !state.ended {
            let now = self.executor.environment().now();
            let wait = state.oldest.map(|oldest| (oldest + age).saturating_duration_since(now));
            state = match wait {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(wait) if wait.is_zero() => self.send(state),
                Some(wait) => {
                    let waited = self.changed.wait_timeout(state, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Ends the thread.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody sends who came before; returns the deadline for what follows.
    fn begin_to_send<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> (MutexGuard<'a, State>, Instant) {
        let deadline = self.executor.deadline();
        if !std::mem::replace(&mut state.sending, true) {
            return (state, deadline);
        }
        let turn = Arc::new(Signal::default());
        state.line.push_back(Arc::clone(&turn));
        while state.line.iter().any(|other| Arc::ptr_eq(other, &turn)) {
            drop(state);
            let environment = self.executor.environment();
            environment.wait(&turn, environment.now() + LOOK_AGAIN);
            state = self.lock();
        }
        (state, deadline)
    }

    /// Lets the next in line send.
    fn end_to_send(&self, state: &mut State) {
        match state.line.pop_front() {
            Some(next) => next.raise(),
            None => state.sending = false,
        }
        self.changed.notify_all();
    }

    /// Sends until nothing is left or the time is up; one deadline for all of it. Others may add to
    /// the queue meanwhile. What could not be sent in time is handed back.
    fn send<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let (mut state, deadline) = self.begin_to_send(state);
        // What is added from now on is not this flush's, or it might never end.
        let mut left = state.queue.mutations();
        state.oldest = None;
        while left > 0 {
            let now = self.executor.environment().now();
            if now >= deadline {
                let message = "not sent: there was no time left after the calls before it";
                state.queue.abandon(&Error::new(ErrorKind::Timeout, message));
                break;
            }
            match state.queue.next(now) {
                WriteStep::Idle => break,
                WriteStep::WaitUntil(until) => {
                    drop(state);
                    self.executor.environment().sleep(until.saturating_duration_since(now));
                    state = self.lock();
                }
                WriteStep::Send(segment) => {
                    drop(state);
                    let mixes = self.mixes(&segment, deadline);
                    if let Ok(false) = mixes {
                        state = self.lock();
                        state.queue.separate(&segment);
                        continue;
                    }
                    let result = mixes.and_then(|_| self.send_segment(&segment, deadline));
                    let sent = segment.batch.len();
                    state = self.lock();
                    match result {
                        Ok(()) => {
                            state.queue.written(segment, self.executor.environment().now());
                            left = left.saturating_sub(sent);
                        }
                        Err(error) => {
                            let is_sought = state.queue.failed(&segment, &error);
                            // What is handed back may be of others, so this may be too many.
                            left = if is_sought { left } else { left.saturating_sub(sent) };
                        }
                    }
                }
            }
        }
        if state.queue.mutations() > 0 && state.oldest.is_none() {
            state.oldest = Some(self.executor.environment().now());
        }
        self.end_to_send(&mut state);
        state
    }

    /// Whether the segment can be one call.
    fn mixes(&self, segment: &Segment, deadline: Instant) -> Result<bool> {
        if !segment.is_mixed() {
            return Ok(true);
        }
        self.executor.dialect_by(deadline).map(Dialect::has_mixed_batches)
    }

    fn send_segment(&self, segment: &Segment, deadline: Instant) -> Result<()> {
        let stamp = self.executor.stamp();
        let (executor, table) = (&self.executor, self.table.as_slice());
        let mut alone = segment.batch.unpack();
        match (alone.next(), segment.batch.len()) {
            (Some(Mutation::Put(put)), 1) => {
                let put = stamped(&put, stamp, |put| &mut put.timestamp);
                executor.run_until(&Call::put(table, &put), deadline)
            }
            (Some(Mutation::Delete(delete)), 1) => {
                let delete = stamped(&delete, stamp, |delete| &mut delete.timestamp);
                executor.run_until(&Call::delete(table, &delete), deadline)
            }
            _ => {
                let stamp = segment.batch.timestamp().or(stamp);
                executor.run_until(&Call::packed_batch(table, &segment.batch, stamp), deadline)
            }
        }
    }
}

impl State {
    #[inline]
    fn written(&mut self) -> HandedBack {
        let failed = self.queue.take_failed();
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }
}

#[cold]
fn refused(mutation: &Mutation, error: Error) -> Vec<FailedRow> {
    vec![FailedRow { mutations: vec![mutation.clone()], error }]
}

/// The request with the client's time, where it has none.
pub(crate) fn stamped<T: Clone>(
    request: &T,
    stamp: Option<i64>,
    timestamp: impl Fn(&mut T) -> &mut Option<i64>,
) -> Cow<'_, T> {
    match stamp {
        None => Cow::Borrowed(request),
        Some(_) => {
            let mut request = request.clone();
            let own = timestamp(&mut request);
            *own = own.or(stamp);
            Cow::Owned(request)
        }
    }
}
