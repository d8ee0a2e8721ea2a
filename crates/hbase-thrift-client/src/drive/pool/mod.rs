//! The connections that the balancer decides about: opened, lent to one caller at a time, and kept.
//!
//! What was asked for ahead stays with the pool, on a parked connection: its scanner takes it back
//! when it needs the rows, unless somebody else needed the connection first and took the rows in for
//! it.

mod ahead;
mod checkout;
mod drop_safe;
mod gateway;
mod kept;
mod lease;
mod shared;
mod slot;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::cancel::{Cancellation, Watched};
use super::connection::Connection;
use super::environment::{Environment, Signal};
use super::spoken::Spoken;
use crate::config::{Config, Endpoint, Transport};
use crate::dialect::{Dialect, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{
    Attempts, Balancer, BalancerLimits, Budget, ConnectionId, Loss, Turn, Verdict, WaiterId,
};
use crate::row::Recycler;
pub(crate) use ahead::Taken;
use checkout::{Checkout, CheckoutStep, Granted};
use drop_safe::{Opening, PlaceInLine};
use gateway::Gateway;
use kept::{Awaited, Kept, KeptConnections};
use lease::FAIR_TIME;
#[cfg(test)]
pub(crate) use lease::LEASES_HELD;
pub(crate) use lease::Lease;
use shared::SharedRead;
pub(crate) use shared::{Lent, SharedLoss, SharedReply};
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
    state: Mutex<PoolState>,
    is_closed: AtomicBool,
}

struct PoolState {
    balancer: Balancer,
    budget: Budget,
    kept: KeptConnections,
    signals: BTreeMap<WaiterId, Arc<Signal>>,
    /// What waiters read who may share a connection.
    reads: BTreeMap<WaiterId, Arc<SharedRead>>,
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
        let state = PoolState {
            balancer: Balancer::new(limits, gateways.len(), first),
            budget: Budget::new(config.get_max_connections(), environment.now()),
            kept: KeptConnections::default(),
            signals: BTreeMap::new(),
            reads: BTreeMap::new(),
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
    pub(crate) async fn checkout(
        &self,
        now: Instant,
        deadline: Instant,
        cancellation: &Cancellation,
    ) -> Result<Lease> {
        let mut checkout = Checkout::new(self, now, deadline, cancellation);
        // Mostly a connection is there, and nothing has to be waited for.
        match checkout.first_turn()? {
            Ok(lease) => Ok(lease),
            Err(turn) => Box::pin(self.checkout_after(checkout, turn)).await,
        }
    }

    async fn checkout_after(&self, mut checkout: Checkout<'_>, first: Granted) -> Result<Lease> {
        let mut step = checkout.take(first).await?;
        loop {
            step = match step {
                CheckoutStep::Lent(lease) => return Ok(lease),
                CheckoutStep::Wait(id) => {
                    self.wait(id, checkout.patience, checkout.cancellation).await?;
                    checkout.turn().await?
                }
                CheckoutStep::Again => checkout.turn().await?,
            };
        }
    }

    /// Lends this connection, waiting while somebody else has it; `None` where it is gone.
    pub(crate) async fn checkout_again(
        &self,
        connection: ConnectionId,
        deadline: Instant,
        cancellation: &Cancellation,
    ) -> Result<Option<Lease>> {
        let mut now = self.environment().now();
        let patience = self.patience(deadline, now);
        let mut waiter = PlaceInLine::new(self);
        loop {
            self.check_ended(cancellation)?;
            match self.decide(now, |balancer| balancer.turn_for(waiter.id(), connection)) {
                Turn::Use(id) => {
                    let Some(lease) = self.take_kept(id, now) else { return Ok(None) };
                    let lease = lease.if_usable(now).await;
                    return Ok(lease.map(|lease| lease.watched_by(cancellation)));
                }
                Turn::Drain(id) => {
                    // Another scanner that is closed late is no reason to open the caller's anew, unless
                    // that takes too long.
                    let most = patience.saturating_duration_since(now) / 2;
                    let Some(kept) = self.take_kept(id, now) else { return Ok(None) };
                    let kept = kept.watched_by(cancellation);
                    return Ok(kept.settle_within(patience, most).await);
                }
                Turn::Wait(id) => self.wait(waiter.waits(id), patience, cancellation).await?,
                Turn::Open { .. } | Turn::NoneLeft | Turn::Gone => return Ok(None),
            }
            now = self.environment().now();
        }
    }

    /// Lends another connection to a gateway, if it is still the process that answered at this time.
    pub(crate) async fn checkout_process(
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
            Turn::Use(id) => self.take_kept(id, now)?.if_usable(now).await,
            Turn::Open { connection, gateway, within, .. } => {
                self.open(connection, gateway, within).await.ok()
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

    fn lock(&self) -> MutexGuard<'_, PoolState> {
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
    fn decide_state<T>(&self, now: Instant, ask: impl FnOnce(&mut PoolState) -> T) -> T {
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

    /// Fails if the call was cancelled, or the client closed.
    pub(in crate::drive) fn check_ended(&self, cancellation: &Cancellation) -> Result<()> {
        cancellation.check()?;
        self.check_open()
    }

    /// Waits until the balancer has something for this waiter, or the call is cancelled.
    async fn wait(
        &self,
        id: WaiterId,
        patience: Instant,
        cancellation: &Cancellation,
    ) -> Result<()> {
        if self.environment().now() >= patience {
            return Err(self.exhausted());
        }
        let signal = {
            let mut state = self.lock();
            if !state.balancer.is_waiting(id) || self.is_closed() {
                return Ok(());
            }
            Arc::clone(state.signals.entry(id).or_default())
        };
        let watch = cancellation.watch(|| Some(Watched::Signal(Arc::clone(&signal))));
        self.environment().wait(&signal, patience).await;
        drop(watch);
        self.lock().signals.remove(&id);
        Ok(())
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

    async fn open(&self, id: ConnectionId, gateway: usize, within: Duration) -> Result<Lease> {
        let began = self.environment().now();
        let opening = Opening::new(self, id);
        // Seldom, and large: every call would carry it with it.
        match Box::pin(self.connect(gateway, began + within)).await {
            Ok((connection, has_proved)) => {
                let now = self.environment().now();
                opening.end(|balancer| balancer.opened(id, has_proved, now));
                let kept = Box::new(Kept { gateway, connection, awaited: Awaited::default() });
                Ok(self.lend(id, kept, now))
            }
            Err(error) => {
                // A header that can't be made is not the gateway's fault, nor is a caller in a hurry.
                let is_fault = error.kind() != ErrorKind::Config && within >= FAIR_TIME;
                let name = self.0.gateways.get(gateway).map_or("", |gateway| &gateway.name);
                tracing::debug!(gateway = name, %error, is_fault, "no connection was opened");
                if is_fault {
                    let now = self.environment().now();
                    opening.end(|balancer| balancer.open_failed(id, began, now));
                }
                Err(error)
            }
        }
    }

    /// A connection to this gateway, and whether it has proved itself.
    async fn connect(&self, gateway: usize, deadline: Instant) -> Result<(Connection, bool)> {
        let Shared { config, spoken, recycler, gateways, .. } = &*self.0;
        let Some(Gateway { endpoint, name, .. }) = gateways.get(gateway) else {
            return Err(no_gateway());
        };
        let (known, trusted) = {
            let balancer = &self.lock().balancer;
            (balancer.has_answered(gateway), balancer.is_trusted(gateway))
        };
        let environment = self.environment();
        let caller = Caller { config, spoken, environment, endpoint, name, recycler };
        // A server that closes HTTP connections after each reply would have to be asked twice for
        // each call. One that was proved has proved that it speaks HTTP, which says what it refuses.
        let is_http = config.get_transport() == Transport::Http;
        if is_http && trusted {
            return Ok((caller.dial(deadline).await?, false));
        }
        let mut proved = caller.open(known, deadline).await?;
        let now = environment.now();
        if is_http && (self.is_used_once(gateway, now) || !proved.is_usable(now).await) {
            proved = caller.dial(deadline).await?;
        }
        Ok((proved, true))
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

impl PoolState {
    fn wake(&mut self) {
        for id in self.balancer.take_woken() {
            if let Some(signal) = self.signals.get(&id) {
                signal.raise();
            }
        }
    }
}
