//! The clients on connections: which of them is waited for, and how much it brought lately.
//!
//! What clients hold is limited: connections, memory. When it has run out and somebody else needs some of it,
//! the client that brings least is let go. So nobody keeps others off by being silent or slow, whatever
//! address it has: behind a load balancer all have one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Context,
    time::{Duration, Instant},
};

use futures_util::task::AtomicWaker;

/// The client of one connection.
#[derive(Debug)]
pub(crate) struct Client {
    state: Mutex<State>,
    waker: AtomicWaker,
}

#[derive(Debug)]
struct State {
    came: Instant,
    /// Whether it is its turn: to send something, or to take what is sent to it.
    is_waited_for: bool,
    /// Bytes that it sent or took, of which half is forgotten in [`HALF`], as of a moment.
    flow: f64,
    at: Instant,
    is_let_go: bool,
}

const HALF: Duration = Duration::from_secs(1);
/// Between two warnings.
const QUIET: Duration = Duration::from_mins(1);

impl Client {
    pub(crate) fn new() -> Arc<Self> {
        let now = Instant::now();
        let state = State { came: now, is_waited_for: true, flow: 0.0, at: now, is_let_go: false };
        Arc::new(Self { state: Mutex::new(state), waker: AtomicWaker::new() })
    }

    /// It is its turn. Whether it is waited for no longer: its connection ends then.
    pub(crate) fn waits(&self, context: &Context<'_>) -> bool {
        self.waker.register(context.waker());
        let mut state = self.lock();
        state.is_waited_for = true;
        state.is_let_go
    }

    /// It has sent or taken so many bytes.
    pub(crate) fn moves(&self, bytes: usize) {
        let now = Instant::now();
        let mut state = self.lock();
        state.flow = state.flow_at(now) + f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
        state.at = now;
        state.is_waited_for = false;
    }

    /// Whether its connection ends as soon as it is its turn.
    pub(crate) fn is_let_go(&self) -> bool {
        self.lock().is_let_go
    }

    /// What it brings, if it may be let go: it is its turn, and it has been there for some time.
    fn flow(&self, now: Instant, grace: Duration) -> Option<f64> {
        let state = self.lock();
        let may_go = state.is_waited_for
            && !state.is_let_go
            && now.saturating_duration_since(state.came) >= grace;
        may_go.then(|| state.flow_at(now))
    }

    fn let_go(&self) {
        self.lock().is_let_go = true;
        self.waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn flow_at(&self, now: Instant) -> f64 {
        let halves = now.saturating_duration_since(self.at).as_secs_f64() / HALF.as_secs_f64();
        self.flow * (-halves).exp2()
    }
}

/// Those who hold something of which there is a limit.
#[derive(Debug)]
pub(crate) struct Holders {
    table: Mutex<Table>,
    /// Nobody is let go who came later.
    grace: Duration,
    what: &'static str,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    clients: HashMap<u64, Arc<Client>>,
    let_go: u64,
    warned: Option<Instant>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Holder {
    holders: Arc<Holders>,
    number: u64,
}

impl Holders {
    pub(crate) fn new(what: &'static str, grace: Duration) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), grace, what })
    }

    pub(crate) fn add(self: &Arc<Self>, client: Arc<Client>) -> Holder {
        let mut table = self.lock();
        let number = table.next;
        table.next += 1;
        table.clients.insert(number, client);
        Holder { holders: Arc::clone(self), number }
    }

    /// Lets the client go that brings least, of several the one that came first, if there is any that is
    /// waited for.
    pub(crate) fn let_go_slowest(&self) {
        let now = Instant::now();
        let mut table = self.lock();
        let may_go = table.clients.iter().filter_map(|(number, client)| {
            client.flow(now, self.grace).map(|flow| (flow, *number, client))
        });
        let slowest = may_go
            .min_by(|(flow, number, _), other| flow.total_cmp(&other.0).then(number.cmp(&other.1)));
        let Some((_, _, slowest)) = slowest else { return };
        slowest.let_go();
        table.let_go += 1;
        if table.warned.is_none_or(|warned| now.saturating_duration_since(warned) >= QUIET) {
            let (what, let_go) = (self.what, table.let_go);
            tracing::warn!(let_go, "clients hold all {what}: the slowest are let go for others");
            table.warned = Some(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.holders.lock().clients.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::{task::Waker, thread};

    use super::*;

    /// Clients that came one after the other, each with what it brought.
    fn clients(brought: &[usize]) -> (Arc<Holders>, Vec<(Arc<Client>, Holder)>) {
        let holders = Holders::new("connections", Duration::ZERO);
        let add = |bytes: &usize| {
            let client = Client::new();
            client.moves(*bytes);
            client.waits(&Context::from_waker(Waker::noop()));
            (Arc::clone(&client), holders.add(client))
        };
        let clients = brought.iter().map(add).collect();
        (holders, clients)
    }

    fn let_go(clients: &[(Arc<Client>, Holder)]) -> Vec<usize> {
        let gone = clients.iter().enumerate().filter(|(_, (client, _))| client.is_let_go());
        gone.map(|(number, _)| number).collect()
    }

    #[test]
    fn the_slowest_goes_first_and_of_silent_ones_the_oldest() {
        let (holders, clients) = clients(&[50_000, 0, 10, 0]);
        for expected in [&[1][..], &[1, 3], &[1, 2, 3], &[0, 1, 2, 3], &[0, 1, 2, 3]] {
            holders.let_go_slowest();
            assert_eq!(let_go(&clients), expected);
        }
    }

    #[test]
    fn what_was_brought_long_ago_counts_less_than_what_was_brought_just_now() {
        let (holders, clients) = clients(&[50_000, 0]);
        clients[0].0.lock().at -= Duration::from_secs(20);
        clients[1].0.moves(1);
        clients[1].0.waits(&Context::from_waker(Waker::noop()));
        holders.let_go_slowest();
        assert_eq!(let_go(&clients), [0]);
    }

    #[test]
    fn nobody_is_let_go_whose_turn_it_is_not_or_who_has_just_come() {
        let (holders, clients) = clients(&[0]);
        clients[0].0.moves(0);
        holders.let_go_slowest();
        assert_eq!(let_go(&clients), [0_usize; 0]);
        let patient = Holders::new("connections", Duration::from_mins(1));
        let client = Client::new();
        let _holder = patient.add(Arc::clone(&client));
        patient.let_go_slowest();
        assert!(!client.is_let_go());
    }

    #[test]
    fn who_is_let_go_hears_of_it_and_who_left_is_forgotten() {
        struct Woken(Mutex<bool>);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                *self.0.lock().unwrap() = true;
            }
        }
        let (holders, clients) = clients(&[0]);
        let woken = Arc::new(Woken(Mutex::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        assert!(!clients[0].0.waits(&Context::from_waker(&waker)));
        thread::scope(|scope| {
            scope.spawn(|| holders.let_go_slowest());
        });
        assert!(*woken.0.lock().unwrap());
        assert!(clients[0].0.waits(&Context::from_waker(&waker)));
        drop(clients);
        assert!(holders.lock().clients.is_empty());
    }
}
