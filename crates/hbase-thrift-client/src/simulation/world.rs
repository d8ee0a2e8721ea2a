//! Time, luck and the order of things: callers are threads of which one runs at a time, until it
//! waits; then the next event happens.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::gateway::{accept, begin_trial, end_trial};
use super::state::{Event, Gateways, State, Trial, Waiting};
use super::time::Time;
use crate::config::Endpoint;
use crate::drive::{Environment, LEASES_HELD, Signal, Stream, Waits};

pub(super) struct World {
    base: Instant,
    state: Mutex<State>,
    main: Thread,
}

thread_local! {
    static CALLER: Cell<usize> = const { Cell::new(usize::MAX) };
    /// Whether the caller drives a future: a wait returns then, and says until when it lasts.
    static IS_DRIVEN: Cell<bool> = const { Cell::new(false) };
    static WAITS_UNTIL: Cell<Time> = const { Cell::new(0) };
    /// Whether the caller drops a future.
    static IS_DROPPING: Cell<bool> = const { Cell::new(false) };
}

/// A run that takes more events than this does not end.
const MOST_EVENTS: u64 = 300_000;

/// After a panic of the world itself nobody would run any more.
struct Fatal(u64);

impl Drop for Fatal {
    fn drop(&mut self) {
        if thread::panicking() {
            // Not through the test's captured output, which nobody would print.
            let seed = self.0;
            let _ = writeln!(io::stderr(), "the simulation of seed {seed} can't go on");
            std::process::abort();
        }
    }
}

impl State {
    /// Lets things happen until it is a caller's turn, or nothing is left.
    fn go_on(&mut self) {
        for caller in 0..self.callers.len() {
            let signal = self.callers[caller].signal.as_ref();
            if signal.is_some_and(|signal| signal.is_raised()) {
                self.callers[caller].signal = None;
                self.wake(caller);
            }
        }
        self.running = None;
        let _fatal = Fatal(self.seed);
        while let Some(((time, _, number), event)) = self.events.pop_first() {
            assert!(number < MOST_EVENTS, "the simulation does not end");
            self.now = time;
            match event {
                Event::Wake { caller, wait } => {
                    let woken = &mut self.callers[caller];
                    if woken.waits == wait && !woken.is_done {
                        woken.signal = None;
                        self.trace = self.trace.wrapping_mul(31) ^ time ^ caller as u64;
                        self.running = Some(caller);
                        return;
                    }
                }
                event => super::gateway::happen(self, event),
            }
        }
    }
}

impl World {
    pub(super) fn new(seed: u64, gateways: Gateways) -> Arc<Self> {
        let state = State::new(seed, gateways);
        // An instant far from the clock's origin, so that times before the beginning exist.
        let base = Instant::now() + Duration::from_secs(3_600);
        Arc::new(Self { base, state: Mutex::new(state), main: thread::current() })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs all callers to their ends, then what still happens at the gateways.
    pub(super) fn run(self: &Arc<Self>, callers: Vec<Box<dyn FnOnce() + Send>>) {
        thread::scope(|scope| {
            for (number, call) in callers.into_iter().enumerate() {
                self.state().callers.push(Waiting::default());
                let thread = scope.spawn(move || {
                    CALLER.set(number);
                    drop(self.pause_until_turn());
                    let result = panic::catch_unwind(AssertUnwindSafe(call));
                    self.end(number, result.is_err());
                });
                let mut state = self.state();
                state.callers[number].thread = Some(thread.thread().clone());
                state.wake(number);
            }
            let mut state = self.state();
            state.go_on();
            self.hand_over(state);
            while self.state().running.is_some() {
                thread::park();
            }
        });
    }

    fn hand_over(&self, state: MutexGuard<'_, State>) {
        let next = state.running.map(|caller| state.callers[caller].thread.clone());
        drop(state);
        match next {
            Some(thread) => thread.iter().for_each(Thread::unpark),
            None => self.main.unpark(),
        }
    }

    fn pause_until_turn(&self) -> MutexGuard<'_, State> {
        loop {
            let state = self.state();
            if state.running == Some(CALLER.get()) {
                return state;
            }
            drop(state);
            thread::park();
        }
    }

    /// Waits until woken, or until this time.
    fn wait<'a>(&'a self, mut state: MutexGuard<'a, State>, until: Time) -> MutexGuard<'a, State> {
        let caller = CALLER.get();
        state.callers[caller].waits += 1;
        let wait = state.callers[caller].waits;
        state.schedule(until, Event::Wake { caller, wait });
        state.go_on();
        if state.running == Some(caller) {
            return state;
        }
        self.hand_over(state);
        self.pause_until_turn()
    }

    fn end(&self, caller: usize, has_panicked: bool) {
        let mut state = self.state();
        if has_panicked {
            state.violation("a caller panicked");
        }
        state.callers[caller].is_done = true;
        state.go_on();
        self.hand_over(state);
    }

    pub(super) fn instant(&self, time: Time) -> Instant {
        self.base + Duration::from_nanos(time)
    }

    fn time(&self, instant: Instant) -> Time {
        let since = instant.saturating_duration_since(self.base).as_nanos();
        Time::try_from(since).unwrap_or(Time::MAX / 2)
    }

    async fn sleep_until(&self, until: Time) {
        while self.state().now < until {
            self.pause(until).await;
        }
    }

    /// Waits until woken, or until this time: here, or wherever the future is driven.
    async fn pause(&self, until: Time) {
        if !IS_DRIVEN.get() {
            return drop(self.wait(self.state(), until));
        }
        let mut has_waited = false;
        poll_fn(|_| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(());
            }
            WAITS_UNTIL.set(until);
            Poll::Pending
        })
        .await;
    }

    /// Has a future go on until it is over, or until it has waited this often: it is dropped then.
    pub(super) fn drive<T>(&self, future: impl Future<Output = T>, most_waits: usize) -> Option<T> {
        let mut future = Box::pin(future);
        for waits in 0.. {
            IS_DRIVEN.set(true);
            let poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            IS_DRIVEN.set(false);
            match poll {
                Poll::Ready(value) => return Some(value),
                Poll::Pending if waits == most_waits => break,
                Poll::Pending => drop(self.wait(self.state(), WAITS_UNTIL.get())),
            }
        }
        // What its `Drop`s do must not wait, as nothing may that a future does.
        IS_DRIVEN.set(true);
        IS_DROPPING.set(true);
        drop(future);
        IS_DROPPING.set(false);
        IS_DRIVEN.set(false);
        None
    }
}

/// The world as the client sees it.
pub(super) struct Simulated(pub(super) Arc<World>);

impl Simulated {
    fn check_hands(&self, doing: &str) {
        let held = LEASES_HELD.get();
        if held > 0 {
            self.0.state().violation(format!("a caller {doing} while it holds {held} connections"));
        }
    }

    /// When a connection that is asked for now arrives.
    fn begin_to_dial(&self, gateway: usize) -> (Trial, Time) {
        let mut state = self.0.state();
        let trial = Trial { caller: CALLER.get(), began: state.now };
        begin_trial(&mut state, gateway, trial);
        let arrives = state.now + state.latency();
        (trial, arrives)
    }

    async fn connect(
        &self,
        gateway: usize,
        trial: Trial,
        arrives: Time,
        deadline: Time,
    ) -> io::Result<usize> {
        self.0.sleep_until(arrives.min(deadline)).await;
        if arrives < deadline {
            let accepted = accept(&mut self.0.state(), gateway, trial);
            if let Some(accepted) = accepted {
                return accepted.map_err(io::Error::from);
            }
        }
        self.0.sleep_until(deadline).await;
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Environment for Simulated {
    fn now(&self) -> Instant {
        self.0.instant(self.0.state().now)
    }

    fn wall_clock(&self) -> i64 {
        self.0.state().millis()
    }

    fn sleep(&self, time: Duration) -> Waits<'_, ()> {
        Box::pin(async move {
            self.check_hands("sleeps");
            let time = Time::try_from(time.as_nanos()).unwrap_or(Time::MAX / 2);
            let until = self.0.state().now + time;
            self.0.sleep_until(until).await;
        })
    }

    fn wait<'a>(&'a self, signal: &'a Arc<Signal>, until: Instant) -> Waits<'a, ()> {
        Box::pin(async move {
            self.check_hands("waits for a connection");
            let until = self.0.time(until);
            while !signal.is_raised() && self.0.state().now < until {
                self.0.state().callers[CALLER.get()].signal = Some(Arc::clone(signal));
                self.0.pause(until).await;
            }
            signal.lower();
        })
    }

    fn dial<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        deadline: Instant,
    ) -> Waits<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let deadline = self.0.time(deadline);
            let gateway = usize::from(endpoint.port());
            let (trial, arrives) = self.begin_to_dial(gateway);
            let mut dialing = Dialing { world: &self.0, gateway, trial, has_failed: false };
            let dialed = self.connect(gateway, trial, arrives, deadline).await;
            dialing.has_failed = dialed.is_err();
            drop(dialing);
            let stream: Box<dyn Stream> =
                Box::new(Line { world: Arc::clone(&self.0), connection: dialed? });
            Ok(stream)
        })
    }

    fn luck(&self) -> u32 {
        self.0.state().luck.u32(..)
    }
}

/// A connection that is being opened.
struct Dialing<'a> {
    world: &'a World,
    gateway: usize,
    trial: Trial,
    has_failed: bool,
}

impl Drop for Dialing<'_> {
    fn drop(&mut self) {
        end_trial(&mut self.world.state(), self.gateway, self.trial, self.has_failed);
    }
}

struct Line {
    world: Arc<World>,
    connection: usize,
}

impl Stream for Line {
    fn poll_read(
        &mut self,
        _: &mut Context<'_>,
        into: &mut [u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        if IS_DRIVEN.get() {
            return self.read_if_there(into, deadline);
        }
        Poll::Ready(self.read(into, deadline))
    }

    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        bytes: &[u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes, deadline))
    }

    fn is_quiet(&mut self) -> bool {
        self.world.state().gateways.connection(self.connection).is_quiet()
    }
}

impl Line {
    fn read_if_there(&mut self, into: &mut [u8], deadline: Instant) -> Poll<io::Result<usize>> {
        let deadline = self.world.time(deadline);
        let mut state = self.world.state();
        if state.now >= deadline {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let connection = state.gateways.connection(self.connection);
        if let Some(read) = connection.read(into) {
            return Poll::Ready(read);
        }
        connection.reader = Some(CALLER.get());
        WAITS_UNTIL.set(deadline);
        Poll::Pending
    }

    fn read(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let deadline = self.world.time(deadline);
        let mut state = self.world.state();
        loop {
            if state.now >= deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let connection = state.gateways.connection(self.connection);
            if let Some(read) = connection.read(into) {
                return read;
            }
            connection.reader = Some(CALLER.get());
            state = self.world.wait(state, deadline);
        }
    }

    fn write(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        let mut state = self.world.state();
        if state.now >= self.world.time(deadline) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        super::gateway::receive(&mut state, self.connection, bytes)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        super::gateway::leave(&mut self.world.state(), self.connection, !IS_DROPPING.get());
    }
}
