//! Runs calls: takes a connection, sends, receives, and does what the attempts decide.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tracing::Span;

use super::cancel::{Cancellation, CancellationToken, Watched};
use super::environment::{Environment, Signal};
use super::pool::{Ahead, Lease, Lent, Pool, SharedLoss, SharedReply, Taken};
use crate::config::{Config, Transport};
use crate::dialect::{Call, Dialect, Effect, Reply, Request, Shape};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Answered, Attempts, ConnectionId, Loss, Policy, Verdict, Written, settle};
use crate::request::Mutation;
use crate::trace::{self, in_span};

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
    pub(crate) fn new(config: Config, environment: Arc<dyn Environment>) -> Self {
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
    pub(crate) async fn connect(&self) -> Result<()> {
        self.checkout(self.deadline()).await.map(drop)
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
    pub(crate) async fn check(&self, request: &Request<'_>) -> Result<()> {
        self.check_by(request, self.deadline()).await
    }

    async fn check_by(&self, request: &Request<'_>, deadline: Instant) -> Result<()> {
        let max_cell_size = self.config().get_max_cell_size();
        if let Some(dialect) = self.pool.dialect() {
            return self.check_in(dialect, request);
        }
        // Where the interfaces agree, it need not be known yet which one it is.
        let checked = Dialect::ALL.map(|dialect| dialect.check(request, max_cell_size));
        match checked {
            [Ok(()), Ok(())] => Ok(()),
            [Err(error), Err(_)] => Err(error),
            // Seldom, and large: every call would carry it with it.
            _ => self.check_in(Box::pin(self.dialect_by(deadline)).await?, request),
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
    pub(crate) async fn dialect_by(&self, deadline: Instant) -> Result<Dialect> {
        if let Some(dialect) = self.pool.dialect() {
            return Ok(dialect);
        }
        let now = self.environment().now();
        match self.run_unchecked(&Call::server_type(), now, deadline).await {
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => Ok(self.dialect()),
        }
    }

    /// Asks one gateway for a sign of life.
    pub(crate) async fn run_ping(&self) -> Result<()> {
        match self.run(&Call::server_type()).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
            result => result.map(drop),
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
    pub(crate) async fn run<R: Reply>(&self, call: &Call<'_, R>) -> Result<R> {
        let now = self.environment().now();
        self.run_between(call, now, self.deadline_from(now)).await
    }

    /// As [`run`](Self::run), until this time.
    pub(crate) async fn run_until<R: Reply>(
        &self,
        call: &Call<'_, R>,
        deadline: Instant,
    ) -> Result<R> {
        self.run_between(call, self.environment().now(), deadline).await
    }

    async fn run_between<R: Reply>(
        &self,
        call: &Call<'_, R>,
        now: Instant,
        deadline: Instant,
    ) -> Result<R> {
        self.check_by(&call.request, deadline).await?;
        self.run_unchecked(call, now, deadline).await
    }

    async fn run_unchecked<R: Reply>(
        &self,
        call: &Call<'_, R>,
        now: Instant,
        deadline: Instant,
    ) -> Result<R> {
        let span = self.span(self.method(&call.request));
        if span.is_disabled() {
            // Mostly so, and one large future less to be moved.
            return self.run_in(&span, call, now, deadline).await;
        }
        in_span(&span, self.run_in(&span, call, now, deadline)).await
    }

    async fn run_in<R: Reply>(
        &self,
        span: &Span,
        call: &Call<'_, R>,
        mut now: Instant,
        deadline: Instant,
    ) -> Result<R> {
        let (method, effect) = (self.method(&call.request), self.effect(&call.request));
        let mut attempts = self.attempts(deadline);
        loop {
            let mut shared = None;
            let error = match self.attempt(call, effect, span, &attempts, now, &mut shared).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error.in_method(method),
            };
            match self.judge_shared(&mut attempts, error, effect, shared) {
                Verdict::Again { pause, error } => {
                    tracing::debug!(attempt = error.attempts(), %error, ?pause, "trying again");
                    self.pause(pause).await;
                    now = self.environment().now();
                }
                Verdict::GiveUp(error) => {
                    trace::failure(span, &error);
                    return Err(error);
                }
            }
        }
    }

    async fn attempt<R: Reply>(
        &self,
        call: &Call<'_, R>,
        effect: Effect,
        span: &Span,
        attempts: &Attempts,
        now: Instant,
        shared: &mut Option<SharedLoss>,
    ) -> Result<R> {
        let deadline = attempts.attempt_deadline(effect, self.pool.gateways(), now);
        let mut lease = match (&call.request, R::shape()) {
            (Request::Get(table, get), Shape::Rows(convert)) if self.shares_reads() => {
                let lent =
                    self.pool.checkout_to_read(now, deadline, &self.cancellation, (table, get));
                match Box::pin(lent).await? {
                    Lent::Connection(lease) => lease,
                    Lent::Read(SharedReply { gateway, rows, loss }) => {
                        *shared = Some(loss);
                        trace::gateway(span, self.pool.endpoint(gateway));
                        return rows.map(convert);
                    }
                }
            }
            _ => self.pool.checkout(now, deadline, &self.cancellation).await?,
        };
        self.record_gateway(span, &lease);
        let result = lease.call(call, deadline, self.pool.environment()).await;
        match &result {
            Ok(_) => lease.succeeded(),
            Err(error) => lease.blame(error),
        }
        result
    }

    /// Whether reads may share connections: by tasks, and in pipelines.
    fn shares_reads(&self) -> bool {
        self.config().get_transport() != Transport::Http && self.environment().has_tasks()
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
    pub(crate) async fn checkout(&self, deadline: Instant) -> Result<Lease> {
        self.pool.checkout(self.environment().now(), deadline, &self.cancellation).await
    }

    /// Lends this connection again; `None` if it is gone.
    pub(super) async fn checkout_again(
        &self,
        connection: ConnectionId,
        deadline: Instant,
    ) -> Result<Option<Lease>> {
        self.pool.checkout_again(connection, deadline, &self.cancellation).await
    }

    /// Lends another connection to a gateway, if it is still the process that answered at this time.
    pub(super) async fn checkout_process(
        &self,
        gateway: usize,
        answered: Instant,
        deadline: Instant,
    ) -> Option<Lease> {
        let lease = self.pool.checkout_process(gateway, answered, deadline).await?;
        Some(lease.watched_by(&self.cancellation))
    }

    /// Takes back rows that were asked for ahead.
    pub(super) async fn take_ahead(&self, ahead: Ahead, deadline: Instant) -> Result<Taken> {
        self.pool.take_ahead(ahead, deadline, &self.cancellation).await
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

    /// As [`judge`](Self::judge), for a call that was made on a connection together with others.
    fn judge_shared(
        &self,
        attempts: &mut Attempts,
        error: Error,
        effect: Effect,
        shared: Option<SharedLoss>,
    ) -> Verdict {
        match shared {
            None => self.judge(attempts, error, effect),
            Some(loss) => {
                let mut loss = loss.lock().unwrap_or_else(PoisonError::into_inner);
                self.judge_together(attempts, error, effect, &mut loss)
            }
        }
    }

    /// Fails if the calls were cancelled or the client was closed.
    pub(super) fn check_ended(&self) -> Result<()> {
        self.pool.check_ended(&self.cancellation)
    }

    /// Waits for this long, or until the call is cancelled.
    pub(super) async fn pause(&self, time: Duration) {
        if self.cancellation.is_none() {
            return self.environment().sleep(time).await;
        }
        let signal = Arc::new(Signal::default());
        let _watch = self.cancellation.watch(|| Some(Watched::Signal(Arc::clone(&signal))));
        self.environment().wait(&signal, self.environment().now() + time).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Get;
    use crate::sync::System;

    /// What is seldom needed is in boxes: each call would be made, and moved, with room for it.
    #[test]
    fn the_future_of_a_call_is_small() {
        let config: Config = "hbase://localhost".parse().unwrap();
        let system = System::new(&config).unwrap();
        let executor = Executor::new(config, Arc::new(system));
        let get = Get::new("r");
        let call = Call::get(b"t", &get);
        assert!(size_of_val(&executor.run(&call)) < 2_500);
    }
}
