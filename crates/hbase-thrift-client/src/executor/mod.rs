//! Runs calls: the only place where a call is repeated; `fly` does it for several at once.
//!
//! Whether an error may heal and whether a repeat does harm is known to the error; which connection
//! to take, to the pool.

mod fly;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use thrift::protocol::TOutputProtocol;
use tracing::Span;

use crate::config::Config;
use crate::connection::Line;
use crate::error::{Error, Outcome, Result};
use crate::pool::{Lease, Pool};
use crate::thrift1::{Call, Reply};
use crate::trace;

/// Runs calls on the pool's connections; clones share the pool.
#[derive(Clone)]
pub(crate) struct Executor {
    pool: Pool,
    /// The table that the calls are for, where they are for one: spans name it.
    table: Option<Arc<[u8]>>,
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Executor {
    pub(crate) fn new(config: Config) -> Result<Self> {
        Ok(Self { pool: Pool::new(config)?, table: None })
    }

    /// The same for calls on this table.
    pub(crate) fn on_table(&self, name: &[u8]) -> Self {
        Self { pool: self.pool.clone(), table: Some(name.into()) }
    }

    pub(crate) fn config(&self) -> &Config {
        self.pool.config()
    }

    /// Opens a connection, which proves itself, and leaves it in the pool.
    ///
    /// Not repeated: who starts up wants to know at once.
    pub(crate) fn connect(&self) -> Result<()> {
        self.pool.checkout(self.deadline()).map(drop)
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
        let method = call.method();
        let span = self.span(method);
        let _entered = span.enter();
        let deadline = self.deadline();
        let mut pauses = self.pauses();
        let mut attempt = 1;
        let mut outcome = Outcome::NotApplied;
        loop {
            let error = match self.attempt(call, &span, deadline) {
                Ok(reply) => return Ok(reply),
                Err(error) => error.in_method(method).with_attempts(attempt).after(outcome),
            };
            outcome = error.outcome();
            match next_pause(&error, pauses.next(), deadline, Instant::now()) {
                Some(pause) => {
                    tracing::debug!(attempt, %error, ?pause, "trying again");
                    thread::sleep(pause);
                    attempt += 1;
                }
                None => {
                    trace::failure(&span, &error);
                    return Err(error);
                }
            }
        }
    }

    /// A span for an operation of this name on the table.
    pub(crate) fn span(&self, operation: &'static str) -> Span {
        trace::operation(operation, self.table.as_deref())
    }

    fn attempt<W, R>(&self, call: &Call<W, R>, span: &Span, deadline: Instant) -> Result<R>
    where
        W: Fn(&mut dyn TOutputProtocol) -> thrift::Result<()>,
        R: Reply,
    {
        let deadline =
            if call.is_repeatable() { self.attempt_deadline(deadline) } else { deadline };
        let lent = self.pool.checkout(deadline);
        let mut lease = lent.map_err(|error| call.complete(error))?;
        self.tell_gateway(span, &lease);
        let result = call.run(&mut lease, deadline);
        if lease.is_broken() {
            lease.report_failure();
        }
        result
    }

    /// A gateway that hangs must not use up the time that another would answer in.
    fn attempt_deadline(&self, deadline: Instant) -> Instant {
        if !self.pool.has_alternatives() {
            return deadline;
        }
        let now = Instant::now();
        now + deadline.saturating_duration_since(now) / 2
    }

    /// Tells an operation's span where it goes.
    pub(crate) fn tell_gateway(&self, span: &Span, lease: &Lease) {
        trace::gateway(span, self.config().endpoints().get(lease.gateway_index()));
    }

    /// Lends a connection for as long as the caller wants.
    pub(crate) fn checkout(&self, deadline: Instant) -> Result<Lease> {
        self.pool.checkout(deadline)
    }

    /// Lends the connection on a certain line, as long as there is one.
    pub(crate) fn checkout_line(&self, line: Line, deadline: Instant) -> Option<Lease> {
        self.pool.checkout_line(line, deadline)
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
    use crate::error::ErrorKind;

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
