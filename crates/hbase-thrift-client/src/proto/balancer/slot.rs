//! The places of connections, and which of several is taken first.

use std::cmp::Reverse;
use std::time::Instant;

/// A connection, from its opening on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(super) u64);

/// A place among the connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionSlot {
    pub(super) gateway: usize,
    pub(super) state: SlotState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotState {
    Opening,
    InUse,
    Idle {
        since: Instant,
    },
    /// A reply is still to come. `soon` says that nothing long is.
    Parked {
        since: Instant,
        soon: bool,
    },
    /// Idle or parked, and promised to a waiter.
    Promised {
        parked: bool,
    },
}

impl ConnectionSlot {
    pub(super) fn is_parked(&self) -> bool {
        matches!(self.state, SlotState::Parked { .. } | SlotState::Promised { parked: true })
    }

    /// Whether it can be taken, if need be after a wait for its reply.
    pub(super) fn is_free(&self) -> bool {
        self.free_since().is_some()
    }

    /// Since when it can be taken.
    pub(super) fn free_since(&self) -> Option<Instant> {
        match self.state {
            SlotState::Idle { since } | SlotState::Parked { since, .. } => Some(since),
            SlotState::Opening | SlotState::InUse | SlotState::Promised { .. } => None,
        }
    }

    /// Whether it can be taken without a long wait.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, SlotState::Idle { .. } | SlotState::Parked { soon: true, .. })
    }

    /// Which of several is taken first: idle ones, the last used first; then those whose reply comes
    /// soon; then those parked longest.
    pub(super) fn worth(&self) -> (u8, Option<Instant>, Option<Reverse<Instant>>) {
        match self.state {
            SlotState::Idle { since } => (3, Some(since), None),
            SlotState::Parked { since, soon: true } => (2, None, Some(Reverse(since))),
            SlotState::Parked { since, soon: false } => (1, None, Some(Reverse(since))),
            SlotState::Opening | SlotState::InUse | SlotState::Promised { .. } => (0, None, None),
        }
    }
}
