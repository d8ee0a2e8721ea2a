//! The control address: what a test in another language does to the server, as HTTP calls with
//! JSON.
//!
//! | call | body | does |
//! |---|---|---|
//! | `GET /` | | describes the server: version, ports, tables, calls so far, time |
//! | `GET /health` | | says that it runs |
//! | `POST /faults` | `{"method": "getRow", "nth": 2, "fault": "drop_before"}` | sets a fault |
//! | `DELETE /faults` | | takes back all faults |
//! | `POST /connections` | `{"refuse": true}` | refuses new connections, or no longer |
//! | `POST /scanners/expire` | | forgets all scanners |
//! | `POST /clock` | `{"advance_ms": 1000}`, `{"set_ms": 5}`, `{"run": true}` | moves, stops or starts the clock |
//! | `POST /seed` | lines of JSON | creates tables and puts rows |
//! | `POST /reset` | | everything as at the start |
//!
//! A fault is `"drop_before"`, `"drop_after"`, `"expire_scanners"`, `{"delay_ms": 50}`,
//! `{"cut_reply": 10}` or `{"throw": …}` with `{"io": {"message": "…", "can_retry": true}}`,
//! `{"illegal_argument": "…"}`, `{"already_exists": "…"}` or `{"internal": "…"}`. It is for every
//! call of the method, for the `nth` from now on, or for the `first` ones; without a method, for
//! calls of any. Sockets are left to `server`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::budget::{Budget, Share};
use crate::fault::Faults;
use crate::seed;
use crate::service::Service;
use crate::thrift1::Handler;
use crate::wire;
use crate::{Exception, Fault, VirtualClock, When};

/// The server, as its control address and its handle see it.
pub(crate) struct Control {
    service: Arc<Service>,
    faults: Arc<Faults>,
    budget: Arc<Budget>,
    start: Start,
    /// Held by a reset: one at a time.
    resetting: Mutex<()>,
    /// Where the ports are, once they are open.
    pub(crate) urls: OnceLock<Vec<String>>,
}

/// What a server began with, and what a reset makes of it again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) faults: Vec<(When, Fault)>,
    pub(crate) seeds: Vec<String>,
    /// A clock that can be moved, and the time that it showed unless it ran.
    pub(crate) clock: Option<(VirtualClock, Option<i64>)>,
}

/// A call's status line's end, and its JSON.
pub(crate) type Reply = (&'static str, Value);

/// What is kept of calls is bounded by this and by [`MAX_FAULTS`].
const MAX_BODY: usize = 64 << 10;
const MAX_FAULTS: usize = 1_000;
const OK: &str = "200 OK";
const BAD: &str = "400 Bad Request";

impl Control {
    pub(crate) fn new(
        service: Arc<Service>,
        faults: Arc<Faults>,
        budget: Arc<Budget>,
        start: Start,
    ) -> Self {
        for (when, fault) in &start.faults {
            faults.add(when.clone(), fault.clone());
        }
        let resetting = Mutex::default();
        Self { service, faults, budget, start, resetting, urls: OnceLock::new() }
    }

    /// Carries out a call.
    pub(crate) fn call(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        let done = match (method, path) {
            ("GET", "/") => return (OK, self.describe()),
            ("GET", "/health") => Ok(()),
            ("POST", "/faults") => parse::<NewFault>(body).and_then(|new| {
                let (when, fault) = new.read()?;
                self.faults.add_to_at_most(MAX_FAULTS, when, fault)
            }),
            ("DELETE", "/faults") => {
                self.faults.clear();
                Ok(())
            }
            ("POST", "/connections") => parse::<Connections>(body).map(|connections| {
                self.faults.refuse(connections.refuse);
            }),
            ("POST", "/scanners/expire") => {
                self.service.expire_scanners();
                Ok(())
            }
            ("POST", "/clock") => parse(body).and_then(|change| self.change_clock(&change)),
            ("POST", "/seed") => std::str::from_utf8(body)
                .map_err(|error| error.to_string())
                .and_then(|lines| self.seed(lines, &BTreeSet::new())),
            ("POST", "/reset") => self.reset(),
            _ => {
                let paths =
                    "/, /health, /faults, /connections, /scanners/expire, /clock, /seed, /reset";
                let text = format!("there is no {method} {path}; there are {paths}");
                return ("404 Not Found", json!({ "error": text }));
            }
        };
        match done {
            Ok(()) => (OK, json!({ "ok": true })),
            Err(reason) => (BAD, json!({ "error": reason })),
        }
    }

    /// Puts in what the lines say.
    ///
    /// # Errors
    /// When a line can't be read or is refused; in words.
    fn seed(&self, lines: &str, left_out: &BTreeSet<String>) -> Result<(), String> {
        let share = Share::of(&self.budget);
        seed::plant(&self.handler(), share, lines, left_out).map_err(|failed| failed.to_string())
    }

    /// Puts in what the server begins with, but nothing of the tables that are there. What an earlier
    /// start put in before it was killed is gone by now, so all of a table is put in or nothing.
    ///
    /// # Errors
    /// When a line can't be read or is refused; in words. None of the seeds is there then.
    pub(crate) fn begin(&self) -> Result<(), String> {
        let tables = self.service.tables();
        // A start that has nothing to put in writes nothing, and needs no room on the disk.
        if !self.start.seeds.iter().any(|seeds| seed::is_needed(seeds, &tables)) {
            return Ok(());
        }
        self.service.begin_tables(&tables).map_err(|error| error.to_string())?;
        self.plant_beside(&tables)
    }

    /// Puts in the seeds beside the tables that are finished, and finishes the others.
    fn plant_beside(&self, tables: &BTreeSet<String>) -> Result<(), String> {
        let seeded = self.start.seeds.iter().try_for_each(|seeds| self.seed(seeds, tables));
        if seeded.is_err() && self.service.drop_tables(tables).is_err() {
            // The next start does it.
            return seeded;
        }
        let finished = self.service.finish_tables().map_err(|error| error.to_string());
        seeded.and(finished)
    }

    /// Makes everything as it was at the start: tables, scanners, faults, clock. Calls of others may
    /// go on meanwhile; those under way end before their table goes. If the server is killed before
    /// this returns, no table is there at the next start, which puts the seeds in.
    ///
    /// # Errors
    /// When the storage fails; in words.
    pub(crate) fn reset(&self) -> Result<(), String> {
        let _one = self.resetting.lock().unwrap_or_else(PoisonError::into_inner);
        self.faults.clear();
        let none = BTreeSet::new();
        let begun = self.service.begin_tables(&none);
        let dropped = begun.and_then(|()| self.service.drop_tables(&none));
        let dropped = dropped.and_then(|()| self.service.drop_namespaces());
        dropped.map_err(|error| error.to_string())?;
        self.service.expire_scanners();
        if let Some((clock, time)) = &self.start.clock {
            match time {
                Some(time) => clock.set(*time),
                None => clock.show_system_time(),
            }
        }
        self.plant_beside(&none)?;
        for (when, fault) in &self.start.faults {
            self.faults.add(when.clone(), fault.clone());
        }
        Ok(())
    }

    fn describe(&self) -> Value {
        json!({
            "tables": self.service.tables(),
            "version": env!("CARGO_PKG_VERSION"),
            "urls": self.urls.get().cloned().unwrap_or_default(),
            "calls": self.faults.all_calls(),
            "connections_refused": self.faults.refuses(),
            "time_ms": self.service.now(),
            "memory_taken": self.budget.taken(),
        })
    }

    fn change_clock(&self, change: &ClockChange) -> Result<(), String> {
        let Some((clock, _)) = &self.start.clock else {
            return Err("the server goes by the system's clock".to_owned());
        };
        match change {
            ClockChange::AdvanceMs(by) => clock.advance(Duration::from_millis(*by)),
            ClockChange::SetMs(time) => clock.set(*time),
            ClockChange::Run(true) => clock.run(),
            ClockChange::Run(false) => clock.set(clock.now_millis()),
        }
        Ok(())
    }

    fn handler(&self) -> Handler {
        let share = Arc::new(Share::of(&self.budget));
        Handler { service: Arc::clone(&self.service), share }
    }
}

/// Reads the body of any call but the seeds'.
fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    if body.len() > MAX_BODY {
        return Err(format!("the body has more than {MAX_BODY} bytes"));
    }
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connections {
    refuse: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ClockChange {
    AdvanceMs(u64),
    SetMs(i64),
    Run(bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    method: Option<String>,
    nth: Option<u64>,
    first: Option<u64>,
    fault: NamedFault,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum NamedFault {
    DropBefore,
    DropAfter,
    ExpireScanners,
    DelayMs(u64),
    CutReply(usize),
    Throw(NamedException),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum NamedException {
    Io { message: String, can_retry: Option<bool> },
    IllegalArgument(String),
    AlreadyExists(String),
    Internal(String),
}

impl NewFault {
    fn read(self) -> Result<(When, Fault), String> {
        if let Some(method) = self.method.as_deref().filter(|method| !wire::is_method(method)) {
            return Err(format!("HBase has no method {method}"));
        }
        let when = match (self.nth, self.first) {
            (None, None) => When::calls(self.method, 1, u64::MAX),
            (Some(0), _) => return Err("calls are counted from 1 on".to_owned()),
            (Some(nth), None) => When::calls(self.method, nth, nth),
            (None, Some(first)) => When::calls(self.method, 1, first),
            (Some(_), Some(_)) => return Err("a fault has nth or first, not both".to_owned()),
        };
        let fault = match self.fault {
            NamedFault::DropBefore => Fault::DropBefore,
            NamedFault::DropAfter => Fault::DropAfter,
            NamedFault::ExpireScanners => Fault::ExpireScanners,
            NamedFault::DelayMs(time) => Fault::Delay(Duration::from_millis(time)),
            NamedFault::CutReply(length) => Fault::CutReply(length),
            NamedFault::Throw(exception) => Fault::Throw(match exception {
                NamedException::Io { message, can_retry } => Exception::Io { message, can_retry },
                NamedException::IllegalArgument(text) => Exception::IllegalArgument(text),
                NamedException::AlreadyExists(text) => Exception::AlreadyExists(text),
                NamedException::Internal(text) => Exception::Internal(text),
            }),
        };
        Ok((when, fault))
    }
}
