//! Sends the calls of a pipeline together, and again those that may be repeated.

use std::time::Instant;

use tracing::Span;

use super::executor::Executor;
use super::pool::Lease;
use crate::dialect::{Effect, Existence, Request};
use crate::error::Result;
use crate::proto::{Attempts, Loss, Verdict};
use crate::request::{
    Batch, CheckAndMutate, CheckAndPut, Delete, Get, Increment, Put, RowMutations,
};
use crate::row::{Row, RowBatch};
use crate::trace;

/// A call of a pipeline, with all that it needs.
#[derive(Debug)]
pub(crate) struct OwnedCall {
    pub(crate) table: Vec<u8>,
    pub(crate) request: OwnedRequest,
}

/// What the call asks for.
#[derive(Debug)]
pub(crate) enum OwnedRequest {
    Get(Get),
    Exists(Get),
    Put(Put),
    Delete(Delete),
    Batch(Batch),
    Increment(Increment),
    IncrementRows(Vec<Increment>),
    CheckAndPut(CheckAndPut),
    CheckAndMutate(CheckAndMutate),
    MutateRow(RowMutations),
}

/// What a call of a pipeline returns.
#[derive(Debug)]
pub(crate) enum CallValue {
    Unit,
    Row(Option<Row>),
    Counter(i64),
    Done(bool),
}

/// What is sent before replies are read has to fit into the sockets' buffers: a gateway that can't
/// write its replies stops reading requests. A call that is larger goes out by itself.
const WINDOW: usize = 64 * 1024;

impl OwnedCall {
    pub(crate) fn request(&self) -> Request<'_> {
        let table = self.table.as_slice();
        match &self.request {
            OwnedRequest::Get(get) => Request::Get(table, get),
            OwnedRequest::Exists(get) => Request::Exists(table, get),
            OwnedRequest::Put(put) => Request::Put(table, put),
            OwnedRequest::Delete(delete) => Request::Delete(table, delete),
            OwnedRequest::Batch(batch) => Request::Batch(table, batch),
            OwnedRequest::Increment(increment) => Request::Increment(table, increment),
            OwnedRequest::IncrementRows(list) => Request::IncrementRows(table, list),
            OwnedRequest::CheckAndPut(check) => Request::CheckAndPut(table, check),
            OwnedRequest::CheckAndMutate(check) => Request::CheckAndMutate(table, check),
            OwnedRequest::MutateRow(row) => Request::MutateRow(table, row),
        }
    }

    /// Gives a write this timestamp, where it has none.
    pub(crate) fn stamp(&mut self, stamp: Option<i64>) {
        match &mut self.request {
            OwnedRequest::Put(put) => put.timestamp = put.timestamp.or(stamp),
            OwnedRequest::Delete(delete) => delete.timestamp = delete.timestamp.or(stamp),
            OwnedRequest::Batch(batch) => batch.stamp(stamp),
            OwnedRequest::MutateRow(row) => row.stamp(stamp),
            OwnedRequest::CheckAndMutate(check) => check.mutations.stamp(stamp),
            OwnedRequest::Get(_)
            | OwnedRequest::Exists(_)
            | OwnedRequest::Increment(_)
            | OwnedRequest::IncrementRows(_)
            | OwnedRequest::CheckAndPut(_) => {}
        }
    }

    fn receive(
        &self,
        lease: &mut Lease,
        executor: &Executor,
        deadline: Instant,
    ) -> Result<CallValue> {
        let environment = executor.environment();
        Ok(match &self.request {
            OwnedRequest::Get(_) => {
                let rows: RowBatch = lease.receive(deadline, environment)?;
                CallValue::Row(rows.get(0))
            }
            OwnedRequest::Exists(_) => {
                let Existence(exists) = lease.receive(deadline, environment)?;
                CallValue::Done(exists)
            }
            OwnedRequest::Put(_)
            | OwnedRequest::Delete(_)
            | OwnedRequest::Batch(_)
            | OwnedRequest::MutateRow(_)
            | OwnedRequest::IncrementRows(_) => {
                lease.receive::<()>(deadline, environment)?;
                CallValue::Unit
            }
            OwnedRequest::Increment(_) => CallValue::Counter(lease.receive(deadline, environment)?),
            OwnedRequest::CheckAndPut(_) | OwnedRequest::CheckAndMutate(_) => {
                CallValue::Done(lease.receive(deadline, environment)?)
            }
        })
    }
}

/// A call with its attempts and, once it is over, its result.
struct Job<'a> {
    call: &'a OwnedCall,
    effect: Effect,
    attempts: Attempts,
    result: Option<Result<CallValue>>,
}

impl Executor {
    /// Sends independent calls together; each has a result of its own.
    pub(crate) fn run_pipeline(&self, calls: &[OwnedCall]) -> Vec<Result<CallValue>> {
        self.run_pipeline_until(calls, self.deadline())
    }

    /// As [`run_pipeline`](Self::run_pipeline), until this time.
    pub(super) fn run_pipeline_until(
        &self,
        calls: &[OwnedCall],
        deadline: Instant,
    ) -> Vec<Result<CallValue>> {
        let span = self.span("pipeline");
        trace::batch_size(&span, calls.len());
        let _entered = span.enter();
        let mut jobs: Vec<Job<'_>> = calls
            .iter()
            .map(|call| Job {
                call,
                effect: self.effect(&call.request()),
                attempts: self.attempts(deadline),
                result: None,
            })
            .collect();
        loop {
            let waiting = jobs.iter_mut().filter(|job| job.result.is_none());
            let mut waiting: Vec<&mut Job<'_>> = waiting.collect();
            if waiting.is_empty() {
                break;
            }
            if let Some(time) = self.send_once(&mut waiting, &span) {
                let pause = time.saturating_duration_since(self.environment().now());
                tracing::debug!(calls = waiting.len(), ?pause, "trying again");
                self.pause(pause);
            }
        }
        let results = jobs.into_iter().filter_map(|job| job.result).collect::<Vec<_>>();
        if let Some(error) = results.iter().find_map(|result| result.as_ref().err()) {
            trace::failure(&span, error);
        }
        results
    }

    /// One attempt at some of the calls; when to go on with those that are left.
    fn send_once(&self, jobs: &mut [&mut Job<'_>], span: &Span) -> Option<Instant> {
        // All go to one gateway, so one write keeps all of them there.
        let slowest = jobs.iter().map(|job| self.attempt_deadline(&job.attempts, job.effect)).max();
        let deadline = slowest.unwrap_or_else(|| self.deadline());
        let (mut rest, mut loss, mut again) = (&mut *jobs, Loss::default(), None);
        let mut held: Option<Lease> = None;
        while !rest.is_empty() {
            let mut lease = match held.take().map_or_else(|| self.checkout(deadline), Ok) {
                Ok(lease) => lease,
                Err(error) => {
                    for job in rest {
                        let unsent = self.unsent(&error, &job.call.request());
                        again = again.max(self.settle(job, Err(unsent), &mut loss));
                    }
                    return again;
                }
            };
            self.record_gateway(span, &lease);
            let (sent, results) = self.send_window(&mut lease, rest, deadline);
            let (window, after) = rest.split_at_mut(sent);
            for (job, result) in window.iter_mut().zip(results) {
                again = again.max(self.settle(job, result, &mut loss));
            }
            rest = after;
            if lease.session().is_broken() {
                break;
            }
            // An HTTP server may close the connection after each reply.
            if lease.session().pipelines() || lease.is_usable(self.environment().now()) {
                held = Some(lease);
            }
        }
        // What was not sent is sent with those that are repeated.
        again
    }

    /// Sends as many calls as fit into a window and reads their replies; returns how many it took.
    fn send_window(
        &self,
        lease: &mut Lease,
        jobs: &[&mut Job<'_>],
        deadline: Instant,
    ) -> (usize, Vec<Result<CallValue>>) {
        let mut queued: Vec<Result<()>> = Vec::new();
        for job in jobs {
            let before = lease.session().outgoing().len();
            let result = lease.session().queue(&job.call.request());
            if result.is_ok() && before > 0 && lease.session().outgoing().len() > WINDOW {
                lease.session().unqueue(before);
                break;
            }
            queued.push(result);
            if !lease.session().can_queue() {
                break;
            }
        }
        let mut lost = lease.send(deadline, self.environment()).err();
        let mut results = Vec::with_capacity(queued.len());
        for (queued, job) in queued.into_iter().zip(jobs) {
            results.push(match queued {
                Err(refused) => Err(refused),
                Ok(()) => match lost.take().or_else(|| lease.session().abandon()) {
                    Some(error) => Err(error),
                    None => job.call.receive(lease, self, deadline),
                },
            });
            if let Some(Err(error)) = results.last() {
                lease.blame(error);
            }
        }
        (results.len(), results)
    }

    /// Ends the call, or says when to make it again. The calls beside it may take until then.
    fn settle(
        &self,
        job: &mut Job<'_>,
        result: Result<CallValue>,
        loss: &mut Loss,
    ) -> Option<Instant> {
        let error = match result {
            Ok(value) => {
                self.pool().succeeded();
                job.result = Some(Ok(value));
                return None;
            }
            Err(error) => error,
        };
        match self.judge_together(&mut job.attempts, error, job.effect, loss) {
            Verdict::Again { pause, .. } => Some(self.environment().now() + pause),
            Verdict::GiveUp(error) => {
                job.result = Some(Err(error));
                None
            }
        }
    }
}
