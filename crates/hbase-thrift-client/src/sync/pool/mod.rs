//! The connections that the balancer decides about: opened, lent to one caller at a time, and kept.
//!
//! What was asked for ahead stays with the pool, on a parked connection: its scanner takes it back
//! when it needs the rows, unless somebody else needed the connection first and took the rows in for
//! it.

mod ahead;
mod gateway;
mod kept;
mod lease;
mod slot;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::cancel::{Cancellation, Watched};
use super::connect::Caller;
use super::environment::{Environment, Signal};
use super::spoken::Spoken;
use crate::config::{Config, Endpoint, Transport};
use crate::dialect::{Dialect, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{
    Attempts, Balancer, BalancerLimits, Budget, ConnectionId, End, Loss, Session, Turn, Verdict,
    WaiterId,
};
use crate::row::Recycler;
pub(crate) use ahead::Taken;
use gateway::Gateway;
use kept::{Awaited, Kept, KeptConnections};
use lease::FAIR_TIME;
#[cfg(test)]
pub(crate) use lease::LEASES_HELD;
pub(crate) use lease::Lease;
pub(crate) use slot::Ahead;
pub use status::{GatewayStatus, PoolStatus};

/// The pool; clones share it.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    config: Config,
    environment: Arc<dyn Environment>,
    gateways: Vec<Gateway>,
    spoken: Spoken,
    recycler: Recycler,
    state: Mutex<State>,
    is_closed: AtomicBool,
}

struct State {
    balancer: Balancer,
    budget: Budget,
    kept: KeptConnections,
    signals: BTreeMap<WaiterId, Arc<Signal>>,
}

impl Pool {
    pub(crate) fn new(config: Config, environment: Arc<dyn Environment>) -> Self {
        let gateways: Vec<Gateway> = config.get_endpoints().iter().map(Gateway::new).collect();
        let limits = BalancerLimits {
            max_connections: config.get_max_connections(),
            idle_timeout: config.get_idle_timeout(),
            connect_timeout: config.get_connect_timeout(),
        };
        // Clients begin at different gateways, so that they spread.
        let first = environment.luck() as usize;
        let state = State {
            balancer: Balancer::new(limits, gateways.len(), first),
            budget: Budget::new(config.get_max_connections(), environment.now()),
            kept: KeptConnections::default(),
            signals: BTreeMap::new(),
        };
        let state = Mutex::new(state);
        let recycler = Recycler::default();
        let spoken = Spoken::of(&config);
        let is_closed = AtomicBool::new(false);
        Self(Arc::new(Shared { config, environment, gateways, spoken, recycler, state, is_closed }))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn environment(&self) -> &dyn Environment {
        &*self.0.environment
    }

    /// Whether both share their connections.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn endpoint(&self, gateway: usize) -> Option<&Endpoint> {
        self.0.gateways.get(gateway).map(|gateway| &gateway.endpoint)
    }

    /// How many gateways there are.
    pub(crate) fn gateways(&self) -> usize {
        self.0.gateways.len()
    }

    /// Which interface the gateways have, once it is known.
    pub(crate) fn dialect(&self) -> Option<Dialect> {
        self.0.spoken.get()
    }

    /// Takes note of a success, which earns repeats.
    pub(crate) fn succeeded(&self) {
        self.lock().budget.succeeded();
    }

    /// Has the attempts decide about a failure of a call that may have been lost with others.
    pub(crate) fn judge(
        &self,
        attempts: &mut Attempts,
        error: Error,
        effect: Effect,
        loss: &mut Loss,
    ) -> Verdict {
        let (now, luck) = (self.environment().now(), self.environment().luck());
        attempts.failed(error, effect, now, luck, &mut self.lock().budget, loss)
    }

    /// Lends a connection, opening one where none is free and the limit allows it.
    pub(crate) fn checkout(
        &self,
        mut now: Instant,
        deadline: Instant,
        cancellation: &Cancellation,
    ) -> Result<Lease> {
        let patience = self.patience(deadline, now);
        let (mut waiter, mut tried, mut failure) = (None, Vec::new(), None);
        loop {
            self.check(waiter, cancellation)?;
            let time_left = deadline.saturating_duration_since(now);
            if time_left.is_zero() && waiter.is_none() {
                return Err(failure.unwrap_or_else(no_time));
            }
            let (turn, kept) = self.decide_state(now, |state| {
                let turn = state.balancer.turn(waiter, &tried, time_left, now);
                let kept = if let Turn::Use(id) = turn { state.kept.remove(id) } else { None };
                (turn, kept)
            });
            match turn {
                Turn::Use(id) => {
                    let lease = kept.map(|kept| self.lend(id, kept, now));
                    if let Some(lease) = lease.and_then(|lease| lease.if_usable(now)) {
                        return Ok(lease.watched_by(cancellation));
                    }
                }
                Turn::Drain(id) => {
                    let time = patience.saturating_duration_since(now);
                    if time.is_zero() {
                        if let Some(lease) = self.take_kept(id, now) {
                            lease.park_again();
                        }
                        return Err(self.exhausted());
                    }
                    // A gateway that hangs must not use up the time in which another would answer.
                    let until = if self.gateways() > 1 { now + time / 2 } else { patience };
                    let kept = self.take_kept(id, now).map(|kept| kept.watched_by(cancellation));
                    if let Some(lease) = kept.and_then(|kept| kept.settle(until)) {
                        return Ok(lease);
                    }
                }
                Turn::Open { connection, gateway, within, close } => {
                    drop(close.and_then(|id| self.lock().kept.remove(id)));
                    match self.open(connection, gateway, within) {
                        Ok(lease) => return Ok(lease.watched_by(cancellation)),
                        Err(error) => {
                            tried.push(gateway);
                            // The gateway of choice says most about what is wrong.
                            failure.get_or_insert(error);
                        }
                    }
                }
                Turn::Wait(id) => waiter = Some(self.wait(id, patience, cancellation)?),
                Turn::NoneLeft => return Err(failure.unwrap_or_else(no_gateway)),
                Turn::Gone => {}
            }
            now = self.environment().now();
        }
    }

    /// Lends this connection, waiting while somebody else has it; `None` where it is gone.
    pub(crate) fn checkout_again(
        &self,
        connection: ConnectionId,
        deadline: Instant,
        cancellation: &Cancellation,
    ) -> Result<Option<Lease>> {
        let mut now = self.environment().now();
        let patience = self.patience(deadline, now);
        let mut waiter = None;
        loop {
            self.check(waiter, cancellation)?;
            match self.decide(now, |balancer| balancer.turn_for(waiter, connection)) {
                Turn::Use(id) => {
                    let lease = self.take_kept(id, now).and_then(|lease| lease.if_usable(now));
                    return Ok(lease.map(|lease| lease.watched_by(cancellation)));
                }
                Turn::Drain(id) => {
                    // Another scanner that is closed late is no reason to open the caller's anew, unless
                    // that takes too long.
                    let most = patience.saturating_duration_since(now) / 2;
                    let kept = self.take_kept(id, now).map(|kept| kept.watched_by(cancellation));
                    return Ok(kept.and_then(|kept| kept.settle_within(patience, most)));
                }
                Turn::Wait(id) => waiter = Some(self.wait(id, patience, cancellation)?),
                Turn::Open { .. } | Turn::NoneLeft | Turn::Gone => return Ok(None),
            }
            now = self.environment().now();
        }
    }

    /// Lends another connection to a gateway, if it is still the process that answered at this time.
    pub(crate) fn checkout_process(
        &self,
        gateway: usize,
        answered: Instant,
        deadline: Instant,
    ) -> Option<Lease> {
        let now = self.environment().now();
        let turn = self.decide(now, |balancer| {
            let time_left = deadline.saturating_duration_since(now);
            let is_same = balancer.is_same_process(gateway, answered, now);
            is_same.then(|| balancer.turn_at(gateway, time_left))
        })?;
        match turn {
            Turn::Use(id) => self.take_kept(id, now).and_then(|lease| lease.if_usable(now)),
            Turn::Open { connection, gateway, within, .. } => {
                self.open(connection, gateway, within).ok()
            }
            _ => None,
        }
    }

    /// Takes this connection if nobody has it.
    pub(crate) fn take_free(&self, connection: ConnectionId) -> Option<Lease> {
        let now = self.environment().now();
        if !self.lock().kept.contains(connection) {
            return None;
        }
        match self.decide(now, |balancer| balancer.turn_for(None, connection)) {
            Turn::Use(id) | Turn::Drain(id) => self.take_kept(id, now),
            Turn::Wait(id) => {
                self.decide(now, |balancer| balancer.give_up(id, now));
                None
            }
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a caller that came now waits for a connection.
    fn patience(&self, deadline: Instant, now: Instant) -> Instant {
        deadline.min(now + self.config().get_pool_timeout())
    }

    /// Asks the balancer, under the lock, then wakes those that it has something for.
    fn decide<T>(&self, now: Instant, ask: impl FnOnce(&mut Balancer) -> T) -> T {
        self.decide_state(now, |state| ask(&mut state.balancer))
    }

    /// As [`decide`](Self::decide), with what the balancer decides about.
    fn decide_state<T>(&self, now: Instant, ask: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let retired = state.balancer.retire(now);
        let retired: Vec<_> = retired.iter().filter_map(|id| state.kept.remove(*id)).collect();
        let decision = ask(&mut state);
        state.wake();
        drop(state);
        // Closing takes a system call each.
        drop(retired);
        decision
    }

    /// Fails if the call was cancelled, or the client closed; it then waits no longer.
    fn check(&self, waiter: Option<WaiterId>, cancellation: &Cancellation) -> Result<()> {
        cancellation.check().and_then(|()| self.check_open()).inspect_err(|_| {
            if let Some(id) = waiter {
                let now = self.environment().now();
                self.decide(now, |balancer| balancer.give_up(id, now));
            }
        })
    }

    /// Waits until the balancer has something for this waiter, or the call is cancelled.
    fn wait(
        &self,
        id: WaiterId,
        patience: Instant,
        cancellation: &Cancellation,
    ) -> Result<WaiterId> {
        let now = self.environment().now();
        if now >= patience {
            self.decide(now, |balancer| balancer.give_up(id, now));
            self.lock().signals.remove(&id);
            return Err(self.exhausted());
        }
        let signal = {
            let mut state = self.lock();
            if !state.balancer.is_waiting(id) || self.is_closed() {
                return Ok(id);
            }
            Arc::clone(state.signals.entry(id).or_default())
        };
        let watch = cancellation.watch(|| Some(Watched::Signal(Arc::clone(&signal))));
        self.environment().wait(&signal, patience);
        drop(watch);
        self.lock().signals.remove(&id);
        Ok(id)
    }

    fn exhausted(&self) -> Error {
        let limit = self.config().get_max_connections();
        let waited = humantime::format_duration(self.config().get_pool_timeout());
        Error::new(
            ErrorKind::PoolTimeout,
            format!(
                "all {limit} connections stayed in use for up to {waited}: raise max_connections, \
                 or make fewer calls at once"
            ),
        )
    }

    fn open(&self, id: ConnectionId, gateway: usize, within: Duration) -> Result<Lease> {
        let shared = &self.0;
        let Some(Gateway { endpoint, name, .. }) = shared.gateways.get(gateway) else {
            return Err(no_gateway());
        };
        let began = self.environment().now();
        let (known, trusted) = {
            let balancer = &self.lock().balancer;
            (balancer.has_answered(gateway), balancer.is_trusted(gateway))
        };
        let session =
            || Session::new(&shared.config, endpoint, Arc::clone(name), shared.recycler.clone());
        let (config, environment) = (&shared.config, self.environment());
        let caller = Caller { config, spoken: &shared.spoken, environment, endpoint, name };
        let deadline = began + within;
        // A server that closes HTTP connections after each reply would have to be asked twice for
        // each call. One that was proved has proved that it speaks HTTP, which says what it refuses.
        let is_http = shared.config.get_transport() == Transport::Http;
        let is_dialled_only = is_http && trusted;
        let opened = if is_dialled_only {
            caller.dial(session(), deadline)
        } else {
            caller.open(&session, known, deadline).and_then(|mut proved| {
                let now = self.environment().now();
                let is_over =
                    is_http && (self.is_used_once(gateway, now) || !proved.is_usable(now));
                if is_over { caller.dial(session(), deadline) } else { Ok(proved) }
            })
        };
        let now = self.environment().now();
        match opened {
            Ok(connection) => {
                self.decide(now, |balancer| balancer.opened(id, !is_dialled_only, now));
                let kept = Box::new(Kept { gateway, connection, awaited: Awaited::default() });
                Ok(self.lend(id, kept, now))
            }
            Err(error) => {
                // A header that can't be made is not the gateway's fault, nor is a caller in a hurry.
                let is_fault = error.kind() != ErrorKind::Config && within >= FAIR_TIME;
                tracing::debug!(gateway = %name, %error, is_fault, "no connection was opened");
                self.decide(now, |balancer| {
                    if is_fault {
                        balancer.open_failed(id, began, now);
                    } else {
                        balancer.closed(id, End::Quiet { answered: None }, now);
                    }
                });
                Err(error)
            }
        }
    }

    /// Takes note that a gateway closes connections after each reply without a word.
    fn closes_after_replies(&self, gateway: usize) {
        if let Some(gateway) = self.0.gateways.get(gateway) {
            gateway.closes_after_replies();
        }
    }

    /// Whether connections to a gateway take one call each.
    fn is_used_once(&self, gateway: usize, now: Instant) -> bool {
        let gateway = self.0.gateways.get(gateway);
        gateway.is_some_and(|gateway| gateway.is_used_once(now))
    }

    /// Keeps a connection that took its one call, to see whether the gateway leaves it open.
    fn watch(&self, gateway: usize, kept: Box<Kept>, now: Instant) {
        if let Some(gateway) = self.0.gateways.get(gateway) {
            gateway.watch(kept, now);
            if self.is_closed() {
                gateway.dismiss_witness();
            }
        }
    }

    /// Lends a connection that the balancer has just given.
    fn take_kept(&self, id: ConnectionId, now: Instant) -> Option<Lease> {
        let kept = self.lock().kept.remove(id);
        kept.map(|kept| self.lend(id, kept, now))
    }
}

fn no_time() -> Error {
    Error::new(ErrorKind::Timeout, "no time was left to send the call")
}

fn no_gateway() -> Error {
    Error::new(ErrorKind::Config, "no gateway is configured")
}

impl State {
    fn wake(&mut self) {
        for id in self.balancer.take_woken() {
            if let Some(signal) = self.signals.get(&id) {
                signal.raise();
            }
        }
    }
}
