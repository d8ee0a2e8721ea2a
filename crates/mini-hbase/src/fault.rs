//! Faults on demand: what a client has to survive, made to happen at the n-th call of a method.
//!
//! They work on whole calls, between the wire and the service, so that no call knows of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hbase_thrift_api::thrift2::{TIOError, TIllegalArgument};
use hbase_thrift_api::{AlreadyExists, IOError, IllegalArgument};
use thrift::{ApplicationError, ApplicationErrorKind};

use crate::service::Service;
use crate::wire::Interface;

/// What goes wrong at a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The call is carried out this much later, in real time.
    Delay(Duration),
    /// The connection is closed, and nothing was done.
    DropBefore,
    /// The call is carried out, and the connection closed without an answer.
    DropAfter,
    /// The connection is closed after so many bytes of the answer; the call was carried out.
    CutReply(usize),
    /// The answer is this exception, and nothing was done.
    Throw(Exception),
    /// All scanners are forgotten before the call is carried out.
    ExpireScanners,
}

/// An exception to answer with; for a method that declares none of its type, a client may see an
/// empty result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exception {
    /// `IOError` with this message, whose first line is best a Java class, a colon and a text.
    Io {
        /// The whole message.
        message: String,
        /// What the server says about another attempt.
        can_retry: Option<bool>,
    },
    /// `IllegalArgument` with this message.
    IllegalArgument(String),
    /// `AlreadyExists` with this message.
    AlreadyExists(String),
    /// What the gateway makes of an exception that it doesn't expect.
    Internal(String),
}

/// Which calls a fault is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    method: Option<String>,
    first: u64,
    last: u64,
}

impl When {
    /// Every call of a method, named as in the interface (`mutateRow`).
    pub fn every(method: &str) -> Self {
        Self { method: Some(method.to_owned()), first: 1, last: u64::MAX }
    }

    /// The n-th call of a method, counted from 1 on since the fault was set.
    pub fn nth(method: &str, n: u64) -> Self {
        Self { method: Some(method.to_owned()), first: n, last: n }
    }

    /// The first n calls of a method since the fault was set.
    pub fn first(method: &str, n: u64) -> Self {
        Self { method: Some(method.to_owned()), first: 1, last: n }
    }

    /// The calls from the `first` to the `last` of a method, or of any.
    pub(crate) fn calls(method: Option<String>, first: u64, last: u64) -> Self {
        Self { method, first, last }
    }

    /// Every call of every method.
    pub fn always() -> Self {
        Self { method: None, first: 1, last: u64::MAX }
    }

    /// The n-th call of any method.
    pub fn nth_call(n: u64) -> Self {
        Self { method: None, first: n, last: n }
    }
}

/// What is to be done with a call.
pub(crate) enum Outcome {
    Answer,
    Throw(thrift::Error),
    DropBefore,
    DropAfter,
    Cut(usize),
}

/// The faults that are set, and the calls counted so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct State {
    set: Vec<Set>,
    refuse: bool,
    stopping: bool,
    calls: HashMap<String, u64>,
}

#[derive(Debug)]
struct Set {
    when: When,
    fault: Fault,
    seen: u64,
}

impl Faults {
    pub(crate) fn add(&self, when: When, fault: Fault) {
        self.state().set.push(Set { when, fault, seen: 0 });
    }

    /// Sets a fault, unless as many are set already.
    pub(crate) fn add_to_at_most(
        &self,
        max: usize,
        when: When,
        fault: Fault,
    ) -> Result<(), String> {
        let mut state = self.state();
        if state.set.len() >= max {
            return Err(format!("{max} faults are set; take them back first (DELETE /faults)"));
        }
        state.set.push(Set { when, fault, seen: 0 });
        Ok(())
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.set.clear();
        state.refuse = false;
    }

    pub(crate) fn refuse(&self, refuse: bool) {
        self.state().refuse = refuse;
    }

    pub(crate) fn refuses(&self) -> bool {
        self.state().refuse
    }

    /// How often a method has been called.
    pub(crate) fn calls(&self, method: &str) -> u64 {
        self.state().calls.get(method).copied().unwrap_or(0)
    }

    /// How often each method has been called that was.
    pub(crate) fn all_calls(&self) -> BTreeMap<String, u64> {
        self.state().calls.iter().map(|(method, calls)| (method.clone(), *calls)).collect()
    }

    /// Ends all delays.
    pub(crate) fn stop(&self) {
        self.state().stopping = true;
        self.stopped.notify_all();
    }

    /// Counts a call of one of HBase's methods, waits if it has to, and says what else is to be done; nothing if the server
    /// stops meanwhile.
    pub(crate) fn outcome(
        &self,
        method: &str,
        interface: Interface,
        service: &Service,
    ) -> Option<Outcome> {
        let mut outcome = Outcome::Answer;
        for fault in self.due(method) {
            match fault {
                Fault::Delay(time) => self.wait(time)?,
                Fault::ExpireScanners => service.expire_scanners(),
                Fault::DropBefore => outcome = Outcome::DropBefore,
                Fault::DropAfter => outcome = Outcome::DropAfter,
                Fault::CutReply(length) => outcome = Outcome::Cut(length),
                Fault::Throw(exception) => outcome = Outcome::Throw(thrown(exception, interface)),
            }
        }
        Some(outcome)
    }

    fn due(&self, method: &str) -> Vec<Fault> {
        let mut state = self.state();
        *state.calls.entry(method.to_owned()).or_default() += 1;
        let mut due = Vec::new();
        for set in &mut state.set {
            if set.when.method.as_deref().is_some_and(|name| name != method) {
                continue;
            }
            set.seen += 1;
            if (set.when.first..=set.when.last).contains(&set.seen) {
                due.push(set.fault.clone());
            }
        }
        due
    }

    fn wait(&self, time: Duration) -> Option<()> {
        let end = Instant::now().checked_add(time)?;
        let mut state = self.state();
        loop {
            if state.stopping {
                return None;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(());
            }
            let waited = self.stopped.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn thrown(exception: Exception, interface: Interface) -> thrift::Error {
    let is_thrift2 = interface == Interface::Thrift2;
    match exception {
        Exception::Io { message, can_retry } if is_thrift2 => {
            thrift::Error::User(Box::new(TIOError::new(message, can_retry)))
        }
        Exception::IllegalArgument(message) if is_thrift2 => {
            thrift::Error::User(Box::new(TIllegalArgument::new(message)))
        }
        // Thrift 2 has no exception of its own for it.
        Exception::AlreadyExists(message) if is_thrift2 => {
            thrift::Error::User(Box::new(TIOError::new(message, false)))
        }
        Exception::Io { message, can_retry } => {
            thrift::Error::User(Box::new(IOError::new(message, can_retry)))
        }
        Exception::IllegalArgument(message) => {
            thrift::Error::User(Box::new(IllegalArgument::new(message)))
        }
        Exception::AlreadyExists(message) => {
            thrift::Error::User(Box::new(AlreadyExists::new(message)))
        }
        Exception::Internal(message) => thrift::Error::Application(ApplicationError::new(
            ApplicationErrorKind::InternalError,
            message,
        )),
    }
}
