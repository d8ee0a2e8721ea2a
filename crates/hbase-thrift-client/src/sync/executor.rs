//! Runs calls: takes a connection, sends, receives, and does what the attempts decide.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use tracing::Span;

use super::environment::{Environment, System};
use super::pool::{Lease, Pool};
use crate::config::Config;
use crate::dialect::{Call, Dialect, Effect, Reply, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Answered, Attempts, Policy, Verdict, Written, settle};
use crate::request::Mutation;
use crate::trace;

/// Runs calls on the pool's connections; clones share the pool.
#[derive(Clone)]
pub(crate) struct Executor {
    pool: Pool,
    /// The table that the calls are for, where they are for one: spans name it.
    table: Option<Arc<[u8]>>,
    stamps: Arc<AtomicI64>,
}

impl Executor {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let system = System::new(&config)?;
        Ok(Self::with_environment(config, Arc::new(system)))
    }

    /// In a world of one's own.
    pub(crate) fn with_environment(config: Config, environment: Arc<dyn Environment>) -> Self {
        let pool = Pool::new(config, environment);
        Self { pool, table: None, stamps: Arc::default() }
    }

    /// The same for calls on this table.
    pub(crate) fn on_table(&self, name: &[u8]) -> Self {
        Self { table: Some(name.into()), ..self.clone() }
    }

    pub(crate) fn config(&self) -> &Config {
        self.pool.config()
    }

    pub(super) fn pool(&self) -> &Pool {
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
        self.pool.checkout(self.deadline()).map(drop)
    }

    /// The deadline of an operation that begins now.
    pub(crate) fn deadline(&self) -> Instant {
        self.environment().now() + self.config().get_operation_timeout()
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
        DIALECT.check(request, self.config().get_max_cell_size())
    }

    /// As [`check`](Self::check), of what is to be written to a table; returns how many bytes
    /// of a request it takes.
    #[inline]
    pub(super) fn check_mutation(&self, table: &[u8], mutation: &Mutation) -> Result<usize> {
        DIALECT.check_mutation(table, mutation, self.config().get_max_cell_size())
    }

    /// Checks the call, then runs it until it succeeds, may not or need not be repeated, or its time
    /// is up.
    pub(crate) fn run<R: Reply>(&self, call: &Call<'_, R>) -> Result<R> {
        self.run_until(call, self.deadline())
    }

    /// As [`run`](Self::run), until this time.
    pub(crate) fn run_until<R: Reply>(&self, call: &Call<'_, R>, deadline: Instant) -> Result<R> {
        self.check(&call.request)?;
        let (method, effect) = (DIALECT.method(&call.request), DIALECT.effect(&call.request));
        let span = self.span(method);
        let _entered = span.enter();
        let mut attempts = self.attempts(deadline);
        loop {
            let error = match self.attempt(call, effect, &span, &attempts) {
                Ok(reply) => {
                    self.pool.succeeded();
                    return Ok(reply);
                }
                Err(error) => error.in_method(method),
            };
            match self.pool.judge(&mut attempts, error, effect) {
                Verdict::Again { pause, error } => {
                    tracing::debug!(attempt = error.attempts(), %error, ?pause, "trying again");
                    self.environment().sleep(pause);
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
    ) -> Result<R> {
        let deadline = self.attempt_deadline(attempts, effect);
        let mut lease = self.pool.checkout(deadline)?;
        self.record_gateway(span, &lease);
        let result = lease.call(call, deadline, self.pool.environment());
        if let Err(error) = &result {
            lease.blame(error);
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
        self.pool.checkout(deadline)
    }

    /// What a request does to the data.
    pub(super) fn effect(request: &Request<'_>) -> Effect {
        DIALECT.effect(request)
    }

    /// Completes an error that ended a call before it was sent.
    pub(super) fn unsent(error: &Error, request: &Request<'_>) -> Error {
        error.clone().in_method(DIALECT.method(request))
    }
}

/// The interface that all gateways are spoken to in.
const DIALECT: Dialect = Dialect::Thrift1;

/// The error for a result that came and can't be made use of.
pub(crate) fn unusable_result(message: &str, request: &Request<'_>) -> Error {
    let error = Error::new(ErrorKind::Protocol, message).in_method(DIALECT.method(request));
    settle(error, DIALECT.effect(request), Written::Whole, Answered::Result)
}
