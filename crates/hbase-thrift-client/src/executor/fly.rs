//! Runs the calls of a flight: sends them together, and again those that may be repeated.

use std::any::Any;
use std::thread;
use std::time::Instant;

use tracing::Span;

use super::Executor;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::flight::Passenger;
use crate::pool::Lease;
use crate::trace;

/// What a call of a flight came to.
pub(crate) type FlightResult = Result<Box<dyn Any + Send>>;

/// What is sent before replies are read. It has to fit into the sockets' buffers: a gateway that
/// can't write its replies stops reading requests.
const WINDOW: usize = 64 * 1024;

impl Executor {
    /// Sends independent calls together; each has a result of its own.
    pub(crate) fn fly(&self, calls: &[Box<dyn Passenger>]) -> Vec<FlightResult> {
        let span = self.span("flight");
        trace::batch_size(&span, calls.len());
        let _entered = span.enter();
        let deadline = self.deadline();
        let mut results: Vec<Option<FlightResult>> = calls.iter().map(|_| None).collect();
        let mut waiting: Vec<usize> = (0..calls.len()).collect();
        let mut pauses = self.pauses();
        let mut attempt = 1;
        while !waiting.is_empty() {
            let flown = self.fly_once(calls, &waiting, &span, deadline);
            for (index, result) in waiting.drain(..).zip(flown) {
                let before = match &results[index] {
                    Some(Err(error)) => error.outcome(),
                    _ => Outcome::NotApplied,
                };
                let told = |error: Error| error.with_attempts(attempt).after(before);
                results[index] = Some(result.map_err(told));
            }
            let repeatable = |result: &Option<FlightResult>| matches!(result, Some(Err(error)) if error.is_retryable());
            let failed = (0..calls.len()).filter(|index| repeatable(&results[*index]));
            if let Some(pause) = pauses.next().filter(|pause| Instant::now() + *pause < deadline) {
                waiting = failed.collect();
                if !waiting.is_empty() {
                    tracing::debug!(attempt, calls = waiting.len(), ?pause, "flying again");
                    thread::sleep(pause);
                    attempt += 1;
                }
            }
        }
        results.into_iter().flatten().collect()
    }

    /// One attempt at some of the calls, with a result for each.
    fn fly_once(
        &self,
        calls: &[Box<dyn Passenger>],
        waiting: &[usize],
        span: &Span,
        deadline: Instant,
    ) -> Vec<FlightResult> {
        let mut lease = match self.pool.checkout(deadline) {
            Ok(lease) => lease,
            Err(error) => {
                return waiting.iter().map(|i| Err(calls[*i].complete(error.echo()))).collect();
            }
        };
        self.tell_gateway(span, &lease);
        let mut results = Vec::with_capacity(waiting.len());
        let mut rest = waiting;
        while !rest.is_empty() {
            let (window, results_of_window) = fly_window(&mut lease, calls, rest, deadline);
            rest = &rest[window..];
            results.extend(results_of_window);
            if lease.is_broken() {
                let message = "not sent: the connection was lost before";
                let unsent = |index: &usize| {
                    let error = Error::new(ErrorKind::ConnectionLost, message);
                    Err(calls[*index].complete(error.at_gateway(lease.gateway())))
                };
                results.extend(rest.iter().map(unsent));
                break;
            }
        }
        results
    }
}

/// Sends as many calls as fit into a window and reads their replies; answers how many it took.
fn fly_window(
    lease: &mut Lease,
    calls: &[Box<dyn Passenger>],
    waiting: &[usize],
    deadline: Instant,
) -> (usize, Vec<FlightResult>) {
    let mut queued = Vec::new();
    for index in waiting {
        queued.push(calls[*index].queue(lease));
        if lease.queued_bytes() > WINDOW || !lease.takes_flights() {
            break;
        }
    }
    let mut lost = lease.flush(deadline).err();
    let mut results = Vec::with_capacity(queued.len());
    for (index, queued) in waiting.iter().zip(queued) {
        let call = &calls[*index];
        results.push(match (queued, &lost) {
            (Err(refused), _) => Err(refused),
            (Ok(()), Some(error)) => {
                let was_sent = lease.abandon_oldest();
                let outcome = if was_sent { Outcome::Unknown } else { Outcome::NotApplied };
                Err(call.complete(error.echo().with_outcome(outcome)))
            }
            (Ok(()), None) => {
                let result = call.receive(lease, deadline);
                if let Err(error) = &result
                    && lease.is_broken()
                {
                    lost = Some(error.echo());
                }
                result
            }
        });
    }
    (results.len(), results)
}
