//! Runs calls: takes a connection, sends, receives, and does what the attempts decide.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tracing::Span;

use super::cancel::{Cancellation, CancellationToken, Watched};
use super::environment::{Environment, Signal, System};
use super::pool::{Ahead, Lease, Pool, Taken};
use crate::config::{Config, Transport};
use crate::dialect::{Call, Dialect, Effect, Reply, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Answered, Attempts, ConnectionId, Loss, Policy, Verdict, Written, settle};
use crate::request::Mutation;
use crate::trace;

/// Runs calls on the pool's connections; clones share the pool.
#[derive(Clone)]
pub(crate) struct Executor {
    pool: Pool,
    /// The table that the calls are for, where they are for one: spans name it.
    table: Option<Arc<[u8]>>,
    stamps: Arc<AtomicI64>,
    /// Instead of the configured operation time-out.
    timeout: Option<Duration>,
    cancellation: Cancellation,
}

impl Executor {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let system = System::new(&config)?;
        Ok(Self::with_environment(config, Arc::new(system)))
    }

    /// In a world of one's own.
    pub(crate) fn with_environment(config: Config, environment: Arc<dyn Environment>) -> Self {
        let pool = Pool::new(config, environment);
        let cancellation = Cancellation::default();
        Self { pool, table: None, stamps: Arc::default(), timeout: None, cancellation }
    }

    /// The same for calls on this table.
    pub(crate) fn on_table(&self, name: &[u8]) -> Self {
        Self { table: Some(name.into()), ..self.clone() }
    }

    /// The same with another operation time-out.
    pub(crate) fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout.min(Config::MAX_TIMEOUT)), ..self.clone() }
    }

    /// The same with calls that this token ends too.
    pub(crate) fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self { cancellation: self.cancellation.and(token), ..self.clone() }
    }

    pub(crate) fn config(&self) -> &Config {
        self.pool.config()
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn environment(&self) -> &dyn Environment {
        self.pool.environment()
    }

    /// Whether both use the same connections, and so the same cluster.
    pub(crate) fn shares_pool(&self, other: &Self) -> bool {
        self.pool.is_same(&other.pool)
    }

    /// Opens a connection, which proves itself, and leaves it in the pool.
    ///
    /// Not repeated: who starts up wants to know at once.
    pub(crate) fn connect(&self) -> Result<()> {
        self.checkout(self.deadline()).map(drop)
    }

    /// The deadline of an operation that begins now.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline_from(self.environment().now())
    }

    fn deadline_from(&self, now: Instant) -> Instant {
        now + self.timeout.unwrap_or(self.config().get_operation_timeout())
    }

    /// The time for a write, where the client stamps its writes: later than any that it gave before.
    pub(crate) fn stamp(&self) -> Option<i64> {
        if !self.config().get_client_timestamps() {
            return None;
        }
        let now = self.environment().wall_clock();
        let next = |last: i64| Some(now.max(last.saturating_add(1)));
        match self.stamps.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(last) | Err(last) => Some(now.max(last.saturating_add(1))),
        }
    }

    /// Refuses a request that the gateway would reject or would carry out otherwise than it says.
    pub(crate) fn check(&self, request: &Request<'_>) -> Result<()> {
        self.check_by(request, self.deadline())
    }

    fn check_by(&self, request: &Request<'_>, deadline: Instant) -> Result<()> {
        let max_cell_size = self.config().get_max_cell_size();
        if let Some(dialect) = self.pool.dialect() {
            return self.check_in(dialect, request);
        }
        // Where the interfaces agree, it need not be known yet which one it is.
        let checked = Dialect::ALL.map(|dialect| dialect.check(request, max_cell_size));
        match checked {
            [Ok(()), Ok(())] => Ok(()),
            [Err(error), Err(_)] => Err(error),
            _ => self.check_in(self.dialect_by(deadline)?, request),
        }
    }

    fn check_in(&self, dialect: Dialect, request: &Request<'_>) -> Result<()> {
        dialect.check(request, self.config().get_max_cell_size())?;
        if self.config().get_transport() == Transport::Framed {
            dialect.check_framed(request)?;
        }
        Ok(())
    }

    /// Which interface the gateways have; asks one of them if that isn't known yet.
    pub(crate) fn dialect_by(&self, deadline: Instant) -> Result<Dialect> {
        if let Some(dialect) = self.pool.dialect() {
            return Ok(dialect);
        }
        match self.run_until(&Call::server_type(), deadline) {
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => Ok(self.dialect()),
        }
    }

    /// The interface as far as it is known. Nothing is sent before it is.
    fn dialect(&self) -> Dialect {
        self.pool.dialect().unwrap_or(Dialect::Thrift1)
    }

    /// Whether a page of a scan can be one call. Known once a connection was lent.
    pub(super) fn has_pages(&self) -> bool {
        self.dialect().has_pages()
    }

    /// The name of the method that a request calls.
    pub(super) fn method(&self, request: &Request<'_>) -> &'static str {
        self.dialect().method(request)
    }

    /// What a request may do to the data.
    pub(super) fn effect(&self, request: &Request<'_>) -> Effect {
        self.dialect().effect(request)
    }

    /// As [`check`](Self::check), of what is to be written to a table; returns how many bytes
    /// of a request it takes.
    #[inline]
    pub(super) fn check_mutation(&self, table: &[u8], mutation: &Mutation) -> Result<usize> {
        Dialect::check_mutation(table, mutation, self.config().get_max_cell_size())
    }

    /// Checks the call, then runs it until it succeeds, may not or need not be repeated, or its time
    /// is up.
    pub(crate) fn run<R: Reply>(&self, call: &Call<'_, R>) -> Result<R> {
        let now = self.environment().now();
        self.run_between(call, now, self.deadline_from(now))
    }

    /// As [`run`](Self::run), until this time.
    pub(crate) fn run_until<R: Reply>(&self, call: &Call<'_, R>, deadline: Instant) -> Result<R> {
        self.run_between(call, self.environment().now(), deadline)
    }

    fn run_between<R: Reply>(
        &self,
        call: &Call<'_, R>,
        mut now: Instant,
        deadline: Instant,
    ) -> Result<R> {
        self.check_by(&call.request, deadline)?;
        let (method, effect) = (self.method(&call.request), self.effect(&call.request));
        let span = self.span(method);
        let _entered = span.enter();
        let mut attempts = self.attempts(deadline);
        loop {
            let error = match self.attempt(call, effect, &span, &attempts, now) {
                Ok(reply) => return Ok(reply),
                Err(error) => error.in_method(method),
            };
            match self.judge(&mut attempts, error, effect) {
                Verdict::Again { pause, error } => {
                    tracing::debug!(attempt = error.attempts(), %error, ?pause, "trying again");
                    self.pause(pause);
                    now = self.environment().now();
                }
                Verdict::GiveUp(error) => {
                    trace::failure(&span, &error);
                    return Err(error);
                }
            }
        }
    }

    fn attempt<R: Reply>(
        &self,
        call: &Call<'_, R>,
        effect: Effect,
        span: &Span,
        attempts: &Attempts,
        now: Instant,
    ) -> Result<R> {
        let deadline = attempts.attempt_deadline(effect, self.pool.gateways(), now);
        let mut lease = self.pool.checkout(now, deadline, &self.cancellation)?;
        self.record_gateway(span, &lease);
        let result = lease.call(call, deadline, self.pool.environment());
        match &result {
            Ok(_) => lease.succeeded(),
            Err(error) => lease.blame(error),
        }
        result
    }

    /// Attempts at an operation that has to end by this time.
    pub(super) fn attempts(&self, deadline: Instant) -> Attempts {
        let config = self.config();
        let policy = Policy {
            max_attempts: config.get_max_attempts(),
            writes_may_move: config.get_client_timestamps(),
        };
        Attempts::new(policy, deadline)
    }

    pub(super) fn attempt_deadline(&self, attempts: &Attempts, effect: Effect) -> Instant {
        let now = self.environment().now();
        attempts.attempt_deadline(effect, self.pool.gateways(), now)
    }

    /// A span for an operation of this name on the table.
    pub(super) fn span(&self, operation: &'static str) -> Span {
        trace::operation(operation, self.table.as_deref())
    }

    /// Adds to an operation's span where it goes.
    pub(super) fn record_gateway(&self, span: &Span, lease: &Lease) {
        trace::gateway(span, self.pool.endpoint(lease.gateway()));
    }

    /// Lends a connection for as long as the caller wants.
    pub(crate) fn checkout(&self, deadline: Instant) -> Result<Lease> {
        self.pool.checkout(self.environment().now(), deadline, &self.cancellation)
    }

    /// Lends this connection again; `None` if it is gone.
    pub(super) fn checkout_again(
        &self,
        connection: ConnectionId,
        deadline: Instant,
    ) -> Result<Option<Lease>> {
        self.pool.checkout_again(connection, deadline, &self.cancellation)
    }

    /// Lends another connection to a gateway, if it is still the process that answered at this time.
    pub(super) fn checkout_process(
        &self,
        gateway: usize,
        answered: Instant,
        deadline: Instant,
    ) -> Option<Lease> {
        let lease = self.pool.checkout_process(gateway, answered, deadline)?;
        Some(lease.watched_by(&self.cancellation))
    }

    /// Takes back rows that were asked for ahead.
    pub(super) fn take_ahead(&self, ahead: Ahead, deadline: Instant) -> Result<Taken> {
        self.pool.take_ahead(ahead, deadline, &self.cancellation)
    }

    /// Has the attempts decide about a failure.
    pub(super) fn judge(&self, attempts: &mut Attempts, error: Error, effect: Effect) -> Verdict {
        self.judge_together(attempts, error, effect, &mut Loss::default())
    }

    /// As [`judge`](Self::judge), for a call that may have been lost with others.
    pub(super) fn judge_together(
        &self,
        attempts: &mut Attempts,
        error: Error,
        effect: Effect,
        loss: &mut Loss,
    ) -> Verdict {
        self.pool.judge(attempts, self.cancellation.explain(error), effect, loss)
    }

    /// Fails if the calls were cancelled or the client was closed.
    pub(super) fn check_ended(&self) -> Result<()> {
        self.cancellation.check()?;
        self.pool.check_open()
    }

    /// Waits for this long, or until the call is cancelled.
    pub(super) fn pause(&self, time: Duration) {
        if self.cancellation.is_none() {
            return self.environment().sleep(time);
        }
        let signal = Arc::new(Signal::default());
        let _watch = self.cancellation.watch(|| Some(Watched::Signal(Arc::clone(&signal))));
        self.environment().wait(&signal, self.environment().now() + time);
    }

    /// Completes an error that ended a call before it was sent.
    pub(super) fn unsent(&self, error: &Error, request: &Request<'_>) -> Error {
        error.clone().in_method(self.method(request))
    }

    /// The error for a result that came and can't be made use of.
    pub(crate) fn unusable_result(&self, message: &str, request: &Request<'_>) -> Error {
        let error = Error::new(ErrorKind::Protocol, message).in_method(self.method(request));
        settle(error, self.effect(request), Written::Whole, Answered::Result)
    }
}
