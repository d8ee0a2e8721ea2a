//! A gateway, and whether it leaves its HTTP connections open.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::super::environment::at_once;
use super::kept::Kept;
use crate::config::Endpoint;

pub(super) struct Gateway {
    pub(super) endpoint: Endpoint,
    pub(super) name: Arc<str>,
    /// It closes connections after each reply without a word, so that none is used twice.
    closes: AtomicBool,
    /// A connection that is not used any more while it does: one that stays open shows that it does
    /// so no longer.
    witness: Mutex<Option<Witness>>,
}

struct Witness {
    kept: Box<Kept>,
    since: Instant,
}

/// A gateway that closes connections after each reply has done so by then.
const LEFT_OPEN_FOR: Duration = Duration::from_secs(1);

impl Gateway {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.clone(),
            name: endpoint.to_string().into(),
            closes: AtomicBool::new(false),
            witness: Mutex::new(None),
        }
    }

    /// Takes note that it closes connections after each reply without a word.
    pub(super) fn closes_after_replies(&self) {
        if !self.closes.swap(true, Ordering::Relaxed) {
            tracing::debug!(gateway = %self.name, "connections are closed after each reply");
        }
    }

    /// Whether connections to it take one call each.
    pub(super) fn is_used_once(&self, now: Instant) -> bool {
        if !self.closes.load(Ordering::Relaxed) {
            return false;
        }
        let is_due =
            |witness: &mut Witness| now.saturating_duration_since(witness.since) >= LEFT_OPEN_FOR;
        let witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner).take_if(is_due);
        if let Some(mut witness) = witness
            && matches!(at_once(witness.kept.connection.is_usable(now)), Poll::Ready(true))
        {
            tracing::debug!(gateway = %self.name, "connections are left open again");
            self.closes.store(false, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Closes the connection that is kept to see whether it stays open.
    pub(super) fn dismiss_witness(&self) {
        drop(self.witness.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Keeps a connection that took its one call, to see whether it stays open; one is enough.
    pub(super) fn watch(&self, kept: Box<Kept>, now: Instant) {
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        if witness.is_none() {
            *witness = Some(Witness { kept, since: now });
        }
    }
}
