//! Sends the calls of a pipeline together, and again those that may be repeated.

use std::time::Instant;

use tracing::Span;

use super::calls::{CallValue, OwnedCall};
use crate::dialect::Effect;
use crate::drive::executor::Executor;
use crate::drive::pool::Lease;
use crate::error::Result;
use crate::proto::{Attempts, Loss, Verdict};
use crate::trace::{self, in_span};

/// What is sent before replies are read has to fit into the sockets' buffers: a gateway that can't
/// write its replies stops reading requests. A call that is larger goes out by itself.
const WINDOW: usize = 64 * 1024;

/// A call with its attempts and, once it is over, its result.
struct Job<'a> {
    call: &'a OwnedCall,
    effect: Effect,
    attempts: Attempts,
    result: Option<Result<CallValue>>,
}

impl Executor {
    /// Sends independent calls together; each has a result of its own.
    pub(crate) async fn run_pipeline(&self, calls: &[OwnedCall]) -> Vec<Result<CallValue>> {
        self.run_pipeline_until(calls, self.deadline()).await
    }

    /// As [`run_pipeline`](Self::run_pipeline), until this time.
    pub(in crate::drive) async fn run_pipeline_until(
        &self,
        calls: &[OwnedCall],
        deadline: Instant,
    ) -> Vec<Result<CallValue>> {
        let span = self.span("pipeline");
        trace::batch_size(&span, calls.len());
        in_span(&span, self.run_jobs(calls, &span, deadline)).await
    }

    async fn run_jobs(
        &self,
        calls: &[OwnedCall],
        span: &Span,
        deadline: Instant,
    ) -> Vec<Result<CallValue>> {
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
            if let Some(time) = self.send_once(&mut waiting, span).await {
                let pause = time.saturating_duration_since(self.environment().now());
                tracing::debug!(calls = waiting.len(), ?pause, "trying again");
                self.pause(pause).await;
            }
        }
        let results = jobs.into_iter().filter_map(|job| job.result).collect::<Vec<_>>();
        if let Some(error) = results.iter().find_map(|result| result.as_ref().err()) {
            trace::failure(span, error);
        }
        results
    }

    /// One attempt at some of the calls; when to go on with those that are left.
    async fn send_once(&self, jobs: &mut [&mut Job<'_>], span: &Span) -> Option<Instant> {
        // All go to one gateway, so one write keeps all of them there.
        let slowest = jobs.iter().map(|job| self.attempt_deadline(&job.attempts, job.effect)).max();
        let deadline = slowest.unwrap_or_else(|| self.deadline());
        let (mut rest, mut loss, mut again) = (&mut *jobs, Loss::default(), None);
        let mut held: Option<Lease> = None;
        while !rest.is_empty() {
            let lease = match held.take() {
                Some(lease) => Ok(lease),
                None => self.checkout(deadline).await,
            };
            let mut lease = match lease {
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
            let (sent, results) = self.send_window(&mut lease, rest, deadline).await;
            let (window, after) = rest.split_at_mut(sent);
            for (job, result) in window.iter_mut().zip(results) {
                again = again.max(self.settle(job, result, &mut loss));
            }
            rest = after;
            if lease.session().is_broken() {
                break;
            }
            // An HTTP server may close the connection after each reply.
            if lease.session().pipelines() || lease.is_usable(self.environment().now()).await {
                held = Some(lease);
            }
        }
        // What was not sent is sent with those that are repeated.
        again
    }

    /// Sends as many calls as fit into a window and reads their replies; returns how many it took.
    async fn send_window(
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
        let mut lost = lease.send(deadline, self.environment()).await.err();
        let mut results = Vec::with_capacity(queued.len());
        for (queued, job) in queued.into_iter().zip(jobs) {
            results.push(match queued {
                Err(refused) => Err(refused),
                Ok(()) => match lost.take().or_else(|| lease.session().abandon()) {
                    Some(error) => Err(error),
                    None => job.call.receive(lease, self, deadline).await,
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
