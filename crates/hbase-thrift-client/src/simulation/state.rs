//! All that is simulated: the time, what happens next, the gateways and the cluster.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;

use super::ledger::Ledger;
use super::message::{ReceivedCall, Value};
use super::speech::Speech;
use super::table::Table;
use super::time::{MILLI, Time};
use crate::drive::Signal;

pub(super) struct State {
    pub(super) seed: u64,
    pub(super) now: Time,
    pub(super) luck: fastrand::Rng,
    pub(super) gateways: Gateways,
    /// By time; events of one time happen in any order.
    pub(super) events: BTreeMap<(Time, u32, u64), Event>,
    event_count: u64,
    pub(super) callers: Vec<Waiting>,
    pub(super) running: Option<usize>,
    /// Rows that callers wrote with the writer that they share.
    pub(super) written_together: Vec<Vec<u8>>,
    /// What must not have happened.
    pub(super) violations: Vec<String>,
    /// Of all that happened, to compare runs.
    pub(super) trace: u64,
}

/// A caller's thread, and what it waits for.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) thread: Option<Thread>,
    /// How often it waited; an older event to wake it is void.
    pub(super) waits: u64,
    pub(super) signal: Option<Arc<Signal>>,
    pub(super) is_done: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Wake {
        caller: usize,
        wait: u64,
    },
    Mood {
        gateway: usize,
        mood: Mood,
    },
    /// The oldest request of the connection is looked at.
    Execute(usize),
    /// The oldest reply of the connection arrives.
    Deliver(usize),
}

impl State {
    pub(super) fn new(seed: u64, gateways: Gateways) -> Self {
        Self {
            seed,
            now: 0,
            luck: fastrand::Rng::with_seed(seed),
            gateways,
            events: BTreeMap::new(),
            event_count: 0,
            callers: Vec::new(),
            running: None,
            written_together: Vec::new(),
            violations: Vec::new(),
            trace: seed,
        }
    }

    pub(super) fn schedule(&mut self, time: Time, event: Event) {
        self.event_count += 1;
        let order = self.luck.u32(..);
        self.events.insert((time.max(self.now), order, self.event_count), event);
    }

    /// The server's clock.
    pub(super) fn millis(&self) -> i64 {
        1_700_000_000_000 + (self.now / MILLI).cast_signed()
    }

    pub(super) fn violation(&mut self, text: impl Into<String>) {
        let seconds = Duration::from_nanos(self.now).as_secs_f64();
        self.violations.push(format!("at {seconds:.4} s: {}", text.into()));
    }

    pub(super) fn between(&mut self, least: Time, most: Time) -> Time {
        self.luck.u64(least..=most)
    }

    /// How long something is on its way.
    pub(super) fn latency(&mut self) -> Time {
        let (least, most) = self.gateways.faults.latency;
        self.between(least, most)
    }

    /// Happens so often in a hundred.
    pub(super) fn chance(&mut self, percent: f64) -> bool {
        self.luck.f64() * 100.0 < percent
    }

    /// Has the caller that waits look again.
    pub(super) fn wake(&mut self, caller: usize) {
        let wait = self.callers[caller].waits;
        self.schedule(self.now, Event::Wake { caller, wait });
    }

    /// Whether a fault of this kind happens to a call now.
    pub(super) fn is_wrong(&mut self, percent: fn(&Faults) -> f64) -> bool {
        let percent = percent(&self.gateways.faults);
        self.now < self.gateways.faults.until && self.chance(percent)
    }
}

/// All gateways of a cluster, and the cluster.
pub(super) struct Gateways {
    pub(super) speech: Speech,
    pub(super) each: Vec<Gateway>,
    pub(super) connections: Vec<Connection>,
    pub(super) table: Table,
    pub(super) ledger: Ledger,
    pub(super) faults: Faults,
    /// The first one works whatever happens.
    pub(super) has_steadfast: bool,
    /// Rows that were changed by a call that nobody waited for any more.
    pub(super) late_rows: BTreeSet<Vec<u8>>,
}

/// What goes wrong with single calls, in a hundred, until some time.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    pub(super) until: Time,
    pub(super) late: f64,
    pub(super) closes: f64,
    pub(super) cut_reply: f64,
    pub(super) cut_request: f64,
    pub(super) refuses: f64,
    pub(super) stops_midway: f64,
    pub(super) loses_scanner: f64,
    /// An HTTP server closes the connection after a reply without a word.
    pub(super) ends: f64,
    /// A reply comes a second time, when its call is over.
    pub(super) stale: f64,
    /// Those below are no faults, and go on for ever.
    pub(super) latency: (Time, Time),
    pub(super) short_batch: f64,
    /// An HTTP server closes the connection after a reply, and says so.
    pub(super) says_end: f64,
    pub(super) most_rows: Option<u32>,
    /// Behind each address are two processes, and something that spreads requests over them.
    pub(super) spreads: bool,
}

pub(super) struct Gateway {
    pub(super) mood: Mood,
    /// Connections whose next request waits until it wakes up.
    pub(super) stuck: Vec<usize>,
    /// By their process and their number there.
    pub(super) scanners: BTreeMap<(usize, i32), Scanner>,
    pub(super) next_scanner: [i32; 2],
    /// Since when a client knows that it fails: no connection could be opened, and nothing has been
    /// heard of it since.
    pub(super) failed: Option<Time>,
    /// Those that connect to it at the moment.
    pub(super) dialing: Vec<Trial>,
    /// Since when it is as it is.
    pub(super) changed: Time,
    /// That it works again, as long as nobody has noticed.
    pub(super) recovered: Option<Recovered>,
}

/// A gateway that works since this time, after it did not for so long.
#[derive(Clone, Copy)]
pub(super) struct Recovered {
    pub(super) since: Time,
    pub(super) outage: Time,
    /// Reads since then that did not use it.
    pub(super) passed_over: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Up,
    /// Accepts and does not answer, until it is up again.
    Hung,
    /// As hung, and connections to it are not even accepted.
    Silent,
    /// The process is gone, and its connections with it.
    Down,
}

pub(super) struct Connection {
    pub(super) gateway: usize,
    pub(super) inbound: Vec<u8>,
    /// In order; nothing stands for what is no call.
    pub(super) requests: VecDeque<Option<ReceivedCall>>,
    pub(super) is_busy: bool,
    pub(super) replies: VecDeque<Vec<u8>>,
    /// Closed with the next reply, as an HTTP server may do.
    pub(super) closes: bool,
    pub(super) outbound: VecDeque<u8>,
    /// Who waits for something to read.
    pub(super) reader: Option<usize>,
    pub(super) end: Option<End>,
    /// The client has closed it.
    pub(super) is_left: bool,
    /// Who opened it, until it carries a reply.
    pub(super) trial: Option<Trial>,
}

/// Somebody who tries to get a connection.
#[derive(Clone, Copy)]
pub(super) struct Trial {
    pub(super) caller: usize,
    pub(super) began: Time,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Reset,
}

/// An open scanner's rows that are still to come, in parts where rows are split.
pub(super) struct Scanner {
    pub(super) parts: VecDeque<Value>,
}

impl Gateways {
    pub(super) fn new(speech: Speech, count: usize, faults: Faults, ledger: Ledger) -> Self {
        let gateway = || Gateway {
            mood: Mood::Up,
            stuck: Vec::new(),
            scanners: BTreeMap::new(),
            next_scanner: [0; 2],
            failed: None,
            dialing: Vec::new(),
            changed: 0,
            recovered: None,
        };
        Self {
            speech,
            each: (0..count).map(|_| gateway()).collect(),
            connections: Vec::new(),
            table: Table::default(),
            ledger,
            faults,
            has_steadfast: false,
            late_rows: BTreeSet::new(),
        }
    }

    pub(super) fn connection(&mut self, number: usize) -> &mut Connection {
        &mut self.connections[number]
    }
}

impl Connection {
    /// What a read brings now; `None` where it has to wait.
    pub(super) fn read(&mut self, into: &mut [u8]) -> Option<io::Result<usize>> {
        if self.end == Some(End::Reset) {
            return Some(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.outbound.is_empty() {
            return self.end.map(|_| Ok(0));
        }
        // As a socket does, which may have more.
        let front = self.outbound.as_slices().0;
        let count = into.len().min(front.len());
        into[..count].copy_from_slice(&front[..count]);
        self.outbound.drain(..count);
        Some(Ok(count))
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.outbound.is_empty() && self.end.is_none()
    }
}
