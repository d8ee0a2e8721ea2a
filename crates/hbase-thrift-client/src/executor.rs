//! Runs calls: the only place where a call is repeated.
//!
//! Whether an error may heal and whether a repeat does harm is known to the error; which connection
//! to take, to the pool.

use std::any::Any;
use std::thread;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use thrift::protocol::TOutputProtocol;

use crate::config::Config;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::flight::Passenger;
use crate::pool::{Lease, Pool};
use crate::thrift1::{Call, Reply};

/// Runs calls on the pool's connections; clones share the pool.
#[derive(Clone)]
pub(crate) struct Executor {
    pool: Pool,
}

/// What a call of a flight came to.
pub(crate) type FlightResult = Result<Box<dyn Any + Send>>;

/// What is sent before replies are read. It has to fit into the sockets' buffers: a gateway that
/// can't write its replies stops reading requests.
const WINDOW: usize = 64 * 1024;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Executor {
    pub(crate) fn new(config: Config) -> Self {
        Self { pool: Pool::new(config) }
    }

    pub(crate) fn config(&self) -> &Config {
        self.pool.config()
    }

    /// Opens a connection, which proves itself, and leaves it in the pool.
    ///
    /// Not repeated: who starts up wants to know at once.
    pub(crate) fn connect(&self) -> Result<()> {
        self.pool.checkout(None, self.deadline()).map(drop)
    }

    /// The deadline of an operation that begins now.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.config().operation_timeout()
    }

    /// Runs a call until it succeeds, may not or need not be repeated, or its time is up.
    pub(crate) fn run<W, R>(&self, call: &Call<W, R>) -> Result<R>
    where
        W: Fn(&mut dyn TOutputProtocol) -> thrift::Result<()>,
        R: Reply,
    {
        self.repeat(call.method(), self.deadline(), |lease, deadline| call.run(lease, deadline))
            .map(|(_, reply)| reply)
    }

    /// Sends independent calls together; each has a result of its own.
    pub(crate) fn fly(&self, calls: &[Box<dyn Passenger>]) -> Vec<FlightResult> {
        let deadline = self.deadline();
        let mut results: Vec<Option<FlightResult>> = calls.iter().map(|_| None).collect();
        let mut waiting: Vec<usize> = (0..calls.len()).collect();
        let mut pauses = self.pauses();
        let mut attempt = 1;
        while !waiting.is_empty() {
            let flown = self.fly_once(calls, &waiting, deadline);
            for (index, result) in waiting.drain(..).zip(flown) {
                results[index] = Some(result.map_err(|error| error.with_attempts(attempt)));
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
        deadline: Instant,
    ) -> Vec<FlightResult> {
        let mut lease = match self.pool.checkout(None, deadline) {
            Ok(lease) => lease,
            Err(error) => {
                return waiting.iter().map(|i| Err(calls[*i].complete(error.echo()))).collect();
            }
        };
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

    /// Lends a connection for as long as the caller wants, to a certain gateway where one is named.
    pub(crate) fn checkout(&self, gateway: Option<usize>, deadline: Instant) -> Result<Lease> {
        self.pool.checkout(gateway, deadline)
    }

    /// Repeats what `run` does, each time on a connection from the pool; answers with the last one.
    pub(crate) fn repeat<R>(
        &self,
        method: &'static str,
        deadline: Instant,
        mut run: impl FnMut(&mut Lease, Instant) -> Result<R>,
    ) -> Result<(Lease, R)> {
        let span =
            tracing::debug_span!("hbase", "db.system.name" = "hbase", "db.operation.name" = method);
        let _entered = span.enter();
        let mut pauses = self.pauses();
        let mut attempt = 1;
        loop {
            let error = match self.attempt(deadline, &mut run) {
                Ok(done) => return Ok(done),
                Err(error) => error.in_method(method).with_attempts(attempt),
            };
            match next_pause(&error, pauses.next(), deadline, Instant::now()) {
                Some(pause) => {
                    tracing::debug!(attempt, %error, ?pause, "trying again");
                    thread::sleep(pause);
                    attempt += 1;
                }
                None => return Err(error),
            }
        }
    }

    /// How long to wait after so many failures in a row, if there is time for another attempt.
    pub(crate) fn pause_after(&self, failures: u32, deadline: Instant) -> Option<Duration> {
        let pause = self.pauses().nth(failures.saturating_sub(1) as usize);
        pause.filter(|pause| Instant::now() + *pause < deadline)
    }

    fn pauses(&self) -> impl Iterator<Item = Duration> + use<> {
        ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.config().max_attempts() as usize - 1)
            .with_jitter()
            .build()
    }

    fn attempt<R>(
        &self,
        deadline: Instant,
        run: impl FnOnce(&mut Lease, Instant) -> Result<R>,
    ) -> Result<(Lease, R)> {
        let mut lease = self.pool.checkout(None, deadline)?;
        let reply = run(&mut lease, deadline)?;
        Ok((lease, reply))
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
        if lease.queued_bytes() > WINDOW {
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

/// How long to wait before the next attempt, if there should be one.
fn next_pause(
    error: &Error,
    pause: Option<Duration>,
    deadline: Instant,
    now: Instant,
) -> Option<Duration> {
    pause.filter(|pause| error.is_retryable() && now + *pause < deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(10);

    fn pause_after(error: &Error, time_left: Duration) -> Option<Duration> {
        let now = Instant::now();
        next_pause(error, Some(PAUSE), now + time_left, now)
    }

    #[test]
    fn a_refused_connection_is_tried_again() {
        let error = Error::new(ErrorKind::Connect, "refused");
        assert_eq!(pause_after(&error, PAUSE * 2), Some(PAUSE));
    }

    #[test]
    fn nothing_is_tried_again_past_the_deadline() {
        let error = Error::new(ErrorKind::Connect, "refused");
        assert_eq!(pause_after(&error, PAUSE), None);
    }

    #[test]
    fn an_atomic_call_with_unknown_fate_is_never_repeated() {
        let error = Error::new(ErrorKind::ConnectionLost, "gone").with_outcome(Outcome::Unknown);
        assert_eq!(pause_after(&error, PAUSE * 2), None);
        assert_eq!(pause_after(&error.with_repeatable(true), PAUSE * 2), Some(PAUSE));
    }

    #[test]
    fn what_time_cannot_heal_is_not_tried_again() {
        let error = Error::new(ErrorKind::TableNotFound, "no such table").with_repeatable(true);
        assert_eq!(pause_after(&error, PAUSE * 2), None);
    }
}
