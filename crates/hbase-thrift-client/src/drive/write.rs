//! Sends what the buffered writer holds, by one thread at a time, and hands back what failed.
//!
//! Threads that want to send meanwhile stand in line. Each has its deadline from when it came, so those
//! before it are done by then: nobody waits for one time-out after the other.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::environment::Signal;
use super::executor::Executor;
use crate::dialect::{Call, Dialect, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Answered, FailedRow, Segment, WriteQueue, WriteStep, Written, settle};
use crate::request::Mutation;

/// What a writer holds, and who sends it.
pub(crate) struct WriteDriver {
    executor: Executor,
    table: Vec<u8>,
    state: Mutex<WriterState>,
    /// Something was pushed or sent, or the writer ended; for the thread or task that sends what is due.
    changed: Arc<Signal>,
}

struct WriterState {
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
/// Who sends what is due looks after this time whether anything is.
const NOTHING_IS_DUE: Duration = Duration::from_secs(3_600);
/// What a call has beside its mutations.
const CALL_OVERHEAD: usize = 4 * 1024;

impl WriteDriver {
    /// For this table, with calls of at most this many bytes.
    pub(crate) fn new(executor: Executor, table: Vec<u8>, max_call_bytes: usize) -> Self {
        let limit = executor.config().get_max_request_size().saturating_sub(CALL_OVERHEAD);
        let queue = WriteQueue::new(limit.min(max_call_bytes).max(1));
        let line = VecDeque::new();
        let state = WriterState { queue, oldest: None, sending: false, line, ended: false };
        Self { executor, table, state: Mutex::new(state), changed: Arc::default() }
    }

    /// Takes a mutation. `None` where the queue then holds as much as `is_full` says: it has to be flushed, so
    /// that memory is bounded.
    #[inline]
    pub(crate) fn push(
        &self,
        mutation: &Mutation,
        is_full: impl Fn(usize, usize) -> bool,
    ) -> Option<HandedBack> {
        let size = match self.executor.check_mutation(&self.table, mutation) {
            Ok(size) => size,
            Err(error) => return Some(Err(refused(mutation, error))),
        };
        let mut state = self.lock();
        state.queue.push(mutation, size);
        if state.oldest.is_none() {
            self.begin_to_wait(&mut state);
        }
        if is_full(state.queue.mutations(), state.queue.bytes()) {
            return None;
        }
        Some(state.written())
    }

    /// How many mutations wait to be sent.
    #[cfg(feature = "tokio")]
    pub(crate) fn held(&self) -> usize {
        self.lock().queue.mutations()
    }

    #[cold]
    fn begin_to_wait(&self, state: &mut WriterState) {
        state.oldest = Some(self.executor.environment().now());
        self.changed.raise();
    }

    /// Sends all that is held, or waits until somebody else has. What was under way when its future is dropped
    /// is handed back as unknown.
    pub(crate) async fn flush(&self) -> HandedBack {
        self.send().await;
        self.lock().written()
    }

    /// Sends what is held for so long, until the writer ends; for a thread or a task of its own.
    pub(crate) async fn send_when_due(&self, age: Duration) {
        let environment = self.executor.environment();
        loop {
            let due = {
                let state = self.lock();
                if state.ended {
                    return;
                }
                state.oldest.map(|oldest| oldest + age)
            };
            let now = environment.now();
            match due {
                Some(due) if due <= now => self.send().await,
                due => {
                    let until = due.unwrap_or(now + NOTHING_IS_DUE);
                    environment.wait(&self.changed, until).await;
                }
            }
        }
    }

    /// Ends the thread or task.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.raise();
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody sends who came before.
    async fn begin_to_send(&self) -> SendTurn<'_> {
        let turn = SendTurn { driver: self, signal: Arc::default() };
        {
            let mut state = self.lock();
            if !std::mem::replace(&mut state.sending, true) {
                return turn;
            }
            state.line.push_back(Arc::clone(&turn.signal));
        }
        let environment = self.executor.environment();
        while turn.place(&self.lock()).is_some() {
            environment.wait(&turn.signal, environment.now() + LOOK_AGAIN).await;
        }
        turn
    }

    /// Lets the next in line send.
    fn end_to_send(&self, state: &mut WriterState) {
        if state.queue.mutations() > 0 && state.oldest.is_none() {
            state.oldest = Some(self.executor.environment().now());
        }
        match state.line.pop_front() {
            Some(next) => next.raise(),
            None => state.sending = false,
        }
        self.changed.raise();
    }

    /// Sends until nothing is left or the time is up; one deadline for all of it. Others may add to
    /// the queue meanwhile. What could not be sent in time is handed back.
    async fn send(&self) {
        let deadline = self.executor.deadline();
        let _turn = self.begin_to_send().await;
        let environment = self.executor.environment();
        // What is added from now on is not this flush's, or it might never end.
        let mut left = {
            let mut state = self.lock();
            state.oldest = None;
            state.queue.mutations()
        };
        while left > 0 {
            let now = environment.now();
            if now >= deadline {
                let message = "not sent: there was no time left after the calls before it";
                self.lock().queue.abandon(&Error::new(ErrorKind::Timeout, message));
                break;
            }
            let step = self.lock().queue.next(now);
            match step {
                WriteStep::Idle => break,
                WriteStep::WaitUntil(until) => {
                    environment.sleep(until.saturating_duration_since(now)).await;
                }
                WriteStep::Send(segment) => {
                    left = self.send_in_time(segment, left, deadline).await;
                }
            }
        }
    }

    /// Sends a segment; returns how many mutations of the flush are left.
    async fn send_in_time(&self, segment: Segment, left: usize, deadline: Instant) -> usize {
        let under_way = UnderWay::new(self, segment);
        let segment = under_way.segment();
        let mixes = self.mixes(segment, deadline).await;
        if let Ok(false) = mixes {
            let segment = under_way.end();
            self.lock().queue.separate(&segment);
            return left;
        }
        let result = match mixes {
            Ok(_) => self.send_segment(segment, deadline).await,
            Err(error) => Err(error),
        };
        let segment = under_way.end();
        let rest = left.saturating_sub(segment.batch.len());
        let mut state = self.lock();
        match result {
            Ok(()) => {
                state.queue.written(segment, self.executor.environment().now());
                rest
            }
            // What is handed back may be of others, so this may be too many.
            Err(error) if state.queue.failed(&segment, &error) => left,
            Err(_) => rest,
        }
    }

    /// Whether the segment can be one call.
    async fn mixes(&self, segment: &Segment, deadline: Instant) -> Result<bool> {
        if !segment.is_mixed() {
            return Ok(true);
        }
        self.executor.dialect_by(deadline).await.map(Dialect::has_mixed_batches)
    }

    async fn send_segment(&self, segment: &Segment, deadline: Instant) -> Result<()> {
        let stamp = self.executor.stamp();
        let (executor, table) = (&self.executor, self.table.as_slice());
        let alone = segment.batch.unpack().next();
        match (alone, segment.batch.len()) {
            (Some(Mutation::Put(put)), 1) => {
                let put = stamped(&put, stamp, |put| &mut put.timestamp);
                executor.run_until(&Call::put(table, &put), deadline).await
            }
            (Some(Mutation::Delete(delete)), 1) => {
                let delete = stamped(&delete, stamp, |delete| &mut delete.timestamp);
                executor.run_until(&Call::delete(table, &delete), deadline).await
            }
            _ => {
                let stamp = segment.batch.timestamp().or(stamp);
                let call = Call::packed_batch(table, &segment.batch, stamp);
                executor.run_until(&call, deadline).await
            }
        }
    }
}

/// A caller's turn to send, or its place in line for it.
struct SendTurn<'a> {
    driver: &'a WriteDriver,
    signal: Arc<Signal>,
}

impl SendTurn<'_> {
    fn place(&self, state: &WriterState) -> Option<usize> {
        state.line.iter().position(|other| Arc::ptr_eq(other, &self.signal))
    }
}

impl Drop for SendTurn<'_> {
    fn drop(&mut self) {
        let mut state = self.driver.lock();
        match self.place(&state) {
            Some(place) => drop(state.line.remove(place)),
            None => self.driver.end_to_send(&mut state),
        }
    }
}

/// A segment that is being sent. If its sender stops midway, nobody knows what became of it.
struct UnderWay<'a> {
    driver: &'a WriteDriver,
    segment: Option<Segment>,
}

impl<'a> UnderWay<'a> {
    fn new(driver: &'a WriteDriver, segment: Segment) -> Self {
        Self { driver, segment: Some(segment) }
    }

    fn segment(&self) -> &Segment {
        match &self.segment {
            Some(segment) => segment,
            None => unreachable!("a segment is under way until that is over"),
        }
    }

    fn end(mut self) -> Segment {
        match self.segment.take() {
            Some(segment) => segment,
            None => unreachable!("a segment is under way until that is over"),
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Some(segment) = self.segment.take() else { return };
        let error =
            Error::new(ErrorKind::Cancelled, "the flush was dropped while it was under way");
        let error = settle(error, Effect::Write, Written::Whole, Answered::Nothing);
        self.driver.lock().queue.failed(&segment, &error);
    }
}

impl WriterState {
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
