//! Connections to the gateways, lent one caller at a time.
//!
//! Bounded, with a bounded wait; spreads callers over the gateways, leaves out one that is down and
//! tries it again later, and retires a connection before the gateway would. What a connection is
//! used for, and when to try again, is left to the executor.

mod connect;
mod health;

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::{Config, Endpoint};
use crate::connection::{Connection, Line};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::Dialer;
use connect::Caller;
pub(crate) use connect::probe;
use health::Health;

/// The pool; clones share it.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    config: Config,
    dialer: Dialer,
    gateways: Vec<Gateway>,
    state: Mutex<State>,
    returned: Condvar,
}

struct Gateway {
    endpoint: Endpoint,
    name: Arc<str>,
}

struct State {
    /// Connections nobody uses, the longest unused first.
    idle: Vec<Idle>,
    /// Connections that exist or are being opened, idle ones included.
    open: usize,
    /// The lines of those on loan.
    lent: Vec<Line>,
    /// Callers that wait for a connection to come back.
    waiting: usize,
    health: Vec<Health>,
}

struct Idle {
    gateway: usize,
    connection: Connection,
}

/// A connection on loan. It goes back when dropped, if the next reply would belong to the next
/// call, and is closed otherwise.
pub(crate) struct Lease {
    /// Absent only while the lease is dropped.
    connection: Option<Connection>,
    gateway: usize,
    pool: Arc<Shared>,
}

/// A connection unused for so long is looked at before it is lent: the gateway may have closed it.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// What to do for a caller, decided under the lock and done outside of it.
enum Turn {
    Use(Box<Idle>),
    Open(usize),
    Wait,
}

impl Pool {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let dialer = Dialer::new(&config)?;
        let gateways: Vec<Gateway> = config
            .endpoints()
            .iter()
            .map(|endpoint| Gateway {
                endpoint: endpoint.clone(),
                name: endpoint.to_string().into(),
            })
            .collect();
        let health = gateways.iter().map(|_| Health::default()).collect();
        let state =
            Mutex::new(State { idle: Vec::new(), open: 0, lent: Vec::new(), waiting: 0, health });
        Ok(Self(Arc::new(Shared { config, dialer, gateways, state, returned: Condvar::new() })))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// Whether there is another gateway to go to.
    pub(crate) fn has_alternatives(&self) -> bool {
        self.0.gateways.len() > 1
    }

    /// Lends a connection, opening one where none is free and the limit allows it.
    pub(crate) fn checkout(&self, deadline: Instant) -> Result<Lease> {
        let shared = &self.0;
        let patience = shared.patience(deadline);
        loop {
            match shared.turn(patience)? {
                Turn::Use(mut idle) => {
                    let unused = idle.connection.idle_for(Instant::now());
                    if unused < LOOK_AFTER || idle.connection.is_quiet() {
                        return Ok(shared.lend(idle.gateway, idle.connection));
                    }
                    shared.closed();
                }
                Turn::Open(first) => return shared.open(first, deadline),
                Turn::Wait => {}
            }
        }
    }

    /// Lends the connection that is on this line, waiting while it is on loan; nothing where it is
    /// no more.
    pub(crate) fn checkout_line(&self, line: Line, deadline: Instant) -> Option<Lease> {
        let shared = &self.0;
        let patience = shared.patience(deadline);
        let mut state = shared.lock();
        loop {
            let idle = state.idle.iter().position(|idle| idle.connection.line() == line);
            if let Some(position) = idle {
                let mut idle = state.idle.remove(position);
                drop(state);
                if idle.connection.is_quiet() {
                    return Some(shared.lend(idle.gateway, idle.connection));
                }
                shared.closed();
                return None;
            }
            let now = Instant::now();
            if !state.lent.contains(&line) || now >= patience {
                return None;
            }
            state = shared.wait(state, patience.saturating_duration_since(now));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.config.pool_timeout())
    }

    /// Waits for some connection to come back.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>, wait: Duration) -> MutexGuard<'a, State> {
        state.waiting += 1;
        let waited = self.returned.wait_timeout(state, wait);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
        state
    }

    /// Decides; waits at most once for a connection to come back.
    fn turn(&self, patience: Instant) -> Result<Turn> {
        let mut state = self.lock();
        let now = Instant::now();
        let retired = state.retire(now, self.config.idle_timeout());
        let gateway = health::choose(&state.health, now);
        let of_gateway = state.idle.iter().rposition(|idle| idle.gateway == gateway);
        let turn = match of_gateway {
            Some(position) => Turn::Use(Box::new(state.idle.remove(position))),
            None if state.open < self.config.max_connections() => {
                state.open += 1;
                Turn::Open(gateway)
            }
            None => match state.idle.pop() {
                Some(idle) => Turn::Use(Box::new(idle)),
                None if now >= patience => return Err(self.exhausted()),
                None => {
                    drop(self.wait(state, patience.saturating_duration_since(now)));
                    return Ok(Turn::Wait);
                }
            },
        };
        drop(state);
        drop(retired);
        Ok(turn)
    }

    fn exhausted(&self) -> Error {
        let limit = self.config.max_connections();
        let waited = humantime::format_duration(self.config.pool_timeout());
        Error::new(
            ErrorKind::PoolTimeout,
            format!(
                "all {limit} connections stayed in use for up to {waited}: \
                 drop scanners that are done, or raise max_connections"
            ),
        )
    }

    /// Opens a connection to the gateway of choice, or to the next that answers.
    fn open(self: &Arc<Self>, first: usize, deadline: Instant) -> Result<Lease> {
        let count = self.gateways.len();
        let mut failure = None;
        for gateway in (0..count).map(|offset| (first + offset) % count) {
            let Gateway { endpoint, name } = &self.gateways[gateway];
            let known = self.lock().health[gateway].has_answered();
            let caller = Caller { config: &self.config, dialer: &self.dialer, endpoint, name };
            match caller.open(known, deadline) {
                Ok(connection) => {
                    self.lock().health[gateway].succeeded();
                    return Ok(self.lend(gateway, connection));
                }
                Err(error) => {
                    tracing::debug!(gateway = %name, %error, "gateway left out for a while");
                    self.lock().health[gateway].failed(Instant::now());
                    // The gateway of choice says most about what is wrong.
                    failure.get_or_insert(error);
                }
            }
        }
        self.closed();
        Err(failure.unwrap_or_else(|| Error::new(ErrorKind::Config, "no gateway is configured")))
    }

    fn lend(self: &Arc<Self>, gateway: usize, connection: Connection) -> Lease {
        let mut state = self.lock();
        state.health[gateway].in_use += 1;
        state.lent.push(connection.line());
        drop(state);
        Lease { connection: Some(connection), gateway, pool: Arc::clone(self) }
    }

    /// A connection that was counted is gone.
    fn closed(&self) {
        let mut state = self.lock();
        state.open -= 1;
        self.tell(&state);
    }

    /// Wakes those that wait, each of whom may wait for another one; a system call that is saved
    /// where nobody does.
    fn tell(&self, state: &State) {
        if state.waiting > 0 {
            self.returned.notify_all();
        }
    }
}

impl State {
    /// Takes out what was unused for too long; closing it is left to the caller.
    fn retire(&mut self, now: Instant, idle_timeout: Duration) -> Vec<Idle> {
        let fresh = self.idle.iter().position(|idle| idle.connection.idle_for(now) < idle_timeout);
        let retired: Vec<Idle> = self.idle.drain(..fresh.unwrap_or(self.idle.len())).collect();
        self.open -= retired.len();
        retired
    }
}

impl Lease {
    /// Tells that the gateway broke a call off, so that the next one rather goes elsewhere.
    pub(crate) fn report_failure(&self) {
        self.pool.lock().health[self.gateway].failed(Instant::now());
    }

    /// Which of the pool's gateways the connection goes to.
    pub(crate) fn gateway_index(&self) -> usize {
        self.gateway
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        connection.bind(false);
        let mut state = self.pool.lock();
        state.health[self.gateway].in_use -= 1;
        state.lent.retain(|line| !line.is_of(&connection));
        if connection.is_in_step() {
            state.idle.push(Idle { gateway: self.gateway, connection });
            self.pool.tell(&state);
        } else {
            drop(state);
            self.pool.closed();
        }
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("a lease has its connection until it is dropped"),
        }
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("a lease has its connection until it is dropped"),
        }
    }
}
