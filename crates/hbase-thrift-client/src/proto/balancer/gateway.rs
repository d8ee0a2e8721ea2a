//! What is known of a gateway: whether it works, is suspect, or may have been restarted.

use std::time::{Duration, Instant};

use super::slot::ConnectionId;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A gateway that answers twice within this time was not restarted in between.
const SHORTEST_RESTART: Duration = Duration::from_secs(1);

/// What is known of one gateway.
#[derive(Debug, Default)]
pub(super) struct GatewayState {
    /// Connections in use or being opened.
    pub(super) in_use: usize,
    /// The connection that came back last; whether it is idle still, or there at all, isn't known here.
    pub(super) last_returned: Option<ConnectionId>,
    /// Whether a connection to it has ever proved itself.
    pub(super) answered: bool,
    last_answer: Option<Instant>,
    /// Since when its answers have come without a pause in which it could have been restarted.
    steady_since: Option<Instant>,
    failures: u32,
    suspect: Option<Suspicion>,
}

/// A gateway that failed.
#[derive(Clone, Copy, Debug)]
struct Suspicion {
    since: Instant,
    /// When somebody may try it again.
    until: Instant,
    /// Somebody does, on this connection.
    probe: Option<ConnectionId>,
}

impl GatewayState {
    /// Somebody uses this connection to it, or opens it.
    pub(super) fn enter(&mut self, connection: ConnectionId) {
        self.in_use += 1;
        if let Some(suspicion) = &mut self.suspect {
            suspicion.probe.get_or_insert(connection);
        }
    }

    /// Somebody does no more. A call that began before the gateway failed, and ends now, is not the one
    /// that tries it again.
    pub(super) fn leave(&mut self, connection: ConnectionId) {
        self.in_use -= 1;
        if let Some(suspicion) = &mut self.suspect {
            suspicion.probe.take_if(|probe| *probe == connection);
        }
    }

    /// Takes note that it replied then.
    pub(super) fn answered(&mut self, at: Instant) {
        self.answered = true;
        // A reply from before the failure says nothing of the time since.
        if self.suspect.is_none_or(|suspicion| at > suspicion.since) {
            (self.failures, self.suspect) = (0, None);
            let is_recent = |last: Instant| at < last + SHORTEST_RESTART;
            if self.steady_since.is_none() || !self.last_answer.is_some_and(is_recent) {
                self.steady_since = Some(at);
            }
        }
        self.last_answer = self.last_answer.max(Some(at));
    }

    /// Takes note of a failure of a call. Failures of calls that began before the last failure are
    /// failures of the same moment.
    pub(super) fn failed(&mut self, began: Instant, now: Instant) {
        // It may be another process when it replies again.
        self.steady_since = None;
        if self.suspect.is_some_and(|suspicion| began <= suspicion.since) {
            return;
        }
        // It answered somebody after this call began: one call failed, not the gateway.
        if self.last_answer.is_some_and(|answer| answer > began) {
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.suspect = Some(Suspicion { since: now, until: now + pause, probe: None });
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspect.is_some()
    }

    /// Whether it is suspect and may be tried again, which nobody does yet.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.suspect.is_some_and(|suspicion| suspicion.until <= now && suspicion.probe.is_none())
    }

    /// By this the suspect are tried where none works: one that nobody is on, then the one whose
    /// pause ends first.
    pub(super) fn turn(&self) -> Option<(bool, Instant)> {
        self.suspect.map(|suspicion| (suspicion.probe.is_some(), suspicion.until))
    }

    /// Whether it is still the process that answered at this time: it has answered ever since,
    /// without a pause that is long enough for a restart.
    pub(super) fn is_same_process(&self, since: Instant, now: Instant) -> bool {
        let is_recent = |last: Instant| now < last + SHORTEST_RESTART;
        self.steady_since.is_some_and(|steady| steady <= since)
            && self.last_answer.is_some_and(is_recent)
    }
}
