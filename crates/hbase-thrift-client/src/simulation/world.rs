//! Time, luck and the order of things: callers are threads of which one runs at a time, until it
//! waits; then the next event happens.

use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::gateway::{accept, begin_trial, end_trial};
use super::state::{Event, Gateways, State, Trial, Waiting};
use super::time::Time;
use crate::config::Endpoint;
use crate::sync::{Environment, LEASES_HELD, Signal, Stream};

pub(super) struct World {
    base: Instant,
    state: Mutex<State>,
    main: Thread,
}

thread_local! {
    static CALLER: Cell<usize> = const { Cell::new(usize::MAX) };
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

    fn sleep_until(&self, until: Time) {
        let mut state = self.state();
        while state.now < until {
            state = self.wait(state, until);
        }
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

    fn connect(
        &self,
        gateway: usize,
        trial: Trial,
        arrives: Time,
        deadline: Time,
    ) -> io::Result<usize> {
        self.0.sleep_until(arrives.min(deadline));
        if arrives < deadline {
            let accepted = accept(&mut self.0.state(), gateway, trial);
            if let Some(accepted) = accepted {
                return accepted.map_err(io::Error::from);
            }
        }
        self.0.sleep_until(deadline);
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

    fn sleep(&self, time: Duration) {
        self.check_hands("sleeps");
        let until = self.0.state().now + Time::try_from(time.as_nanos()).unwrap_or(Time::MAX / 2);
        self.0.sleep_until(until);
    }

    fn wait(&self, signal: &Arc<Signal>, until: Instant) {
        self.check_hands("waits for a connection");
        let until = self.0.time(until);
        let mut state = self.0.state();
        while !signal.is_raised() && state.now < until {
            state.callers[CALLER.get()].signal = Some(Arc::clone(signal));
            state = self.0.wait(state, until);
        }
        signal.lower();
    }

    fn dial(&self, endpoint: &Endpoint, deadline: Instant) -> io::Result<Box<dyn Stream>> {
        let deadline = self.0.time(deadline);
        let gateway = usize::from(endpoint.port());
        let mut state = self.0.state();
        let trial = Trial { caller: CALLER.get(), began: state.now };
        begin_trial(&mut state, gateway, trial);
        let arrives = state.now + state.latency();
        drop(state);
        let dialed = self.connect(gateway, trial, arrives, deadline);
        end_trial(&mut self.0.state(), gateway, trial, dialed.is_err());
        Ok(Box::new(Line { world: Arc::clone(&self.0), connection: dialed? }))
    }

    fn luck(&self) -> u32 {
        self.0.state().luck.u32(..)
    }
}

struct Line {
    world: Arc<World>,
    connection: usize,
}

impl Stream for Line {
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

    fn is_quiet(&mut self) -> bool {
        self.world.state().gateways.connection(self.connection).is_quiet()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        super::gateway::leave(&mut self.world.state(), self.connection);
    }
}
