//! Which gateway and which connection a caller gets, and who waits, in order.
//!
//! A caller has a connection only while it is in the middle of a call; what was asked for ahead stays
//! here, as a parked connection, which whoever needs one may take in and use. So nobody waits for a
//! connection while holding another.
//!
//! A gateway that failed is suspect: after a pause one caller tries it, the others go elsewhere.

mod choice;
mod gateway;
mod slot;
#[cfg(test)]
mod tests;
mod waiters;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gateway::GatewayState;
pub(crate) use slot::ConnectionId;
use slot::{ConnectionSlot, SlotState};
pub(crate) use waiters::WaiterId;
use waiters::{Grant, Waited, Waiters};

/// The connections of one client.
#[derive(Debug)]
pub(crate) struct Balancer {
    limits: Limits,
    gateways: Vec<GatewayState>,
    connections: BTreeMap<ConnectionId, ConnectionSlot>,
    waiters: Waiters,
    next_id: u64,
    /// None that is free was unused for too long before; nothing is looked through until then.
    none_old_before: Option<Instant>,
    /// Where equal gateways are looked for first, so that clients spread.
    first: usize,
}

/// What is configured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

/// How a connection in use ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// Its gateway is to blame, which broke off a call that began then.
    Fault { since: Instant },
    /// Otherwise; the gateway last replied then.
    Quiet { answered: Option<Instant> },
}

/// What a caller has to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Use this connection, which nobody else has now.
    Use(ConnectionId),
    /// Take in what was asked for on this connection, then use it.
    Drain(ConnectionId),
    /// Open a connection to this gateway within the time, after this one was closed, if any.
    Open { connection: ConnectionId, gateway: usize, within: Duration, close: Option<ConnectionId> },
    /// Wait to be woken, then ask again with this number.
    Wait(WaiterId),
    /// Every gateway was tried.
    NoneLeft,
    /// The wanted connection is gone.
    Gone,
}

impl Balancer {
    /// Looks at gateway number `first` before its equals.
    pub(crate) fn new(limits: Limits, gateways: usize, first: usize) -> Self {
        Self {
            limits,
            gateways: (0..gateways).map(|_| GatewayState::default()).collect(),
            connections: BTreeMap::new(),
            waiters: Waiters::default(),
            next_id: 0,
            none_old_before: None,
            first: first.checked_rem(gateways).unwrap_or(0),
        }
    }

    /// Finds a connection for a caller that has tried these gateways in vain. A caller that waited
    /// comes back with its number, whatever became of what it was granted.
    pub(crate) fn turn(
        &mut self,
        waiter: Option<WaiterId>,
        tried: &[usize],
        time_left: Duration,
        now: Instant,
    ) -> Turn {
        match self.granted(waiter) {
            Err(turn) => turn,
            // Who came earlier is served first.
            Ok(None) if self.waiters.is_crowd_before(waiter) => self.wait(waiter, None),
            Ok(None) => self.find(waiter, tried, time_left, now),
            Ok(Some(Grant::Connection(connection))) => self.take(connection),
            Ok(Some(Grant::Room | Grant::Gone)) => {
                let turn = self.find(waiter, tried, time_left, now);
                // Where it did not take the room, the next one may.
                self.offer_room();
                turn
            }
        }
    }

    /// As [`turn`](Self::turn), for this connection and no other.
    pub(crate) fn turn_for(&mut self, waiter: Option<WaiterId>, connection: ConnectionId) -> Turn {
        match self.granted(waiter) {
            Err(turn) => turn,
            Ok(Some(Grant::Connection(connection))) => self.take(connection),
            Ok(Some(Grant::Room | Grant::Gone)) => Turn::Gone,
            Ok(None) => match self.connections.get(&connection) {
                Some(slot) if slot.is_free() => self.take(connection),
                Some(_) => self.wait(waiter, Some(connection)),
                None => Turn::Gone,
            },
        }
    }

    /// As [`turn`](Self::turn), for this gateway and no other, without waiting.
    pub(crate) fn turn_at(&mut self, gateway: usize, time_left: Duration) -> Turn {
        let idle = |slot: &ConnectionSlot| matches!(slot.state, SlotState::Idle { .. });
        let mut slots = self.connections.iter();
        let free = slots.find(|(_, slot)| slot.gateway == gateway && idle(slot)).map(|(id, _)| *id);
        match free {
            Some(id) => self.take(id),
            None if self.connections.len() < self.limits.max_connections => {
                self.open_to(gateway, self.limits.connect_timeout.min(time_left), None)
            }
            None => Turn::Gone,
        }
    }

    /// A caller stops waiting. What it was granted meanwhile goes to the next.
    pub(crate) fn give_up(&mut self, waiter: WaiterId, now: Instant) {
        match self.waiters.give_up(waiter) {
            Some(Grant::Connection(id)) => self.release(id, now),
            Some(Grant::Room) => self.offer_room(),
            Some(Grant::Gone) | None => {}
        }
    }

    /// What this waiter waits for can be done by somebody else who has a connection; false where it doesn't wait.
    pub(crate) fn may_share(&mut self, waiter: WaiterId) -> bool {
        self.waiters.may_share(waiter)
    }

    /// The waiters that come next and share. They wait no longer: the caller does it for them.
    pub(crate) fn take_sharing(&mut self, most: usize) -> Vec<WaiterId> {
        self.waiters.take_sharing(most)
    }

    /// A connection was opened, and `answered` says whether it proved itself; its opener uses it.
    pub(crate) fn opened(&mut self, connection: ConnectionId, answered: bool, now: Instant) {
        if let Some(slot) = self.connections.get_mut(&connection) {
            slot.state = SlotState::InUse;
            let gateway = slot.gateway;
            if answered {
                self.gateways[gateway].answered(now);
            }
        }
    }

    /// A connection could not be opened; the opening began at `began`.
    pub(crate) fn open_failed(&mut self, connection: ConnectionId, began: Instant, now: Instant) {
        self.remove(connection, Some(began), now);
    }

    /// A connection comes back in step. `answered` says when its gateway last replied on it since it
    /// was taken.
    pub(crate) fn returned(
        &mut self,
        connection: ConnectionId,
        answered: Option<Instant>,
        now: Instant,
    ) {
        let Some(slot) = self.connections.get_mut(&connection) else { return };
        slot.state = SlotState::Idle { since: now };
        let gateway = slot.gateway;
        self.left(connection, gateway, answered);
        self.gateways[gateway].last_returned = Some(connection);
        self.promise(connection, false);
    }

    /// A connection comes back with replies still to come on it.
    pub(crate) fn parked(
        &mut self,
        connection: ConnectionId,
        soon: bool,
        answered: Option<Instant>,
        now: Instant,
    ) {
        let Some(slot) = self.connections.get(&connection).copied() else { return };
        self.left(connection, slot.gateway, answered);
        let state = SlotState::Parked { since: now, soon };
        self.connections.insert(connection, ConnectionSlot { state, ..slot });
        self.promise(connection, true);
    }

    /// A connection is closed that was in use.
    pub(crate) fn closed(&mut self, connection: ConnectionId, end: End, now: Instant) {
        let failed_since = match end {
            End::Fault { since } => Some(since),
            End::Quiet { answered } => {
                if let (Some(gateway), Some(at)) = (self.gateway_of(connection), answered) {
                    self.gateways[gateway].answered(at);
                }
                None
            }
        };
        self.remove(connection, failed_since, now);
    }

    /// Connections that were unused for too long; they are forgotten here and have to be closed.
    pub(crate) fn retire(&mut self, now: Instant) -> Vec<ConnectionId> {
        if self.none_old_before.is_some_and(|time| now < time) {
            return Vec::new();
        }
        let limit = self.limits.idle_timeout;
        let free = || {
            let slots = self.connections.iter();
            slots.filter_map(|(id, slot)| slot.free_since().map(|since| (*id, since)))
        };
        let is_old = |since: Instant| now.saturating_duration_since(since) >= limit;
        let old: Vec<_> = free().filter(|(_, since)| is_old(*since)).map(|(id, _)| id).collect();
        // Whatever is left or comes later is old after the oldest of these at the earliest.
        let oldest = free().map(|(_, since)| since).filter(|since| !is_old(*since)).min();
        self.none_old_before = oldest.unwrap_or(now).checked_add(limit);
        for id in &old {
            self.remove(*id, None, now);
        }
        old
    }

    /// Forgets all connections that nobody uses, which have to be closed.
    pub(crate) fn close_unused(&mut self, now: Instant) -> Vec<ConnectionId> {
        let is_used =
            |slot: &ConnectionSlot| matches!(slot.state, SlotState::Opening | SlotState::InUse);
        let unused = self.connections.iter().filter(|(_, slot)| !is_used(slot));
        let unused: Vec<_> = unused.map(|(id, _)| *id).collect();
        for id in &unused {
            self.remove(*id, None, now);
        }
        unused
    }

    /// How many connections to a gateway there are, and how many of them are in use or being opened.
    pub(crate) fn connections_to(&self, gateway: usize) -> (usize, usize) {
        let slots = self.connections.values().filter(|slot| slot.gateway == gateway).count();
        (slots, self.gateways.get(gateway).map_or(0, |gateway| gateway.in_use))
    }

    /// Whether calls leave out this gateway, which failed.
    pub(crate) fn is_left_out(&self, gateway: usize) -> bool {
        self.gateways.get(gateway).is_some_and(GatewayState::is_suspect)
    }

    /// How many callers wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Waiters that have to be woken.
    pub(crate) fn take_woken(&mut self) -> Vec<WaiterId> {
        self.waiters.take_woken()
    }

    /// Whether this waiter was granted nothing yet.
    pub(crate) fn is_waiting(&self, id: WaiterId) -> bool {
        self.waiters.is_waiting(id)
    }

    /// The gateway that a connection goes to.
    pub(crate) fn gateway_of(&self, connection: ConnectionId) -> Option<usize> {
        self.connections.get(&connection).map(|slot| slot.gateway)
    }

    /// Whether a connection to this gateway has ever proved itself, so that it speaks what is
    /// configured.
    pub(crate) fn has_answered(&self, gateway: usize) -> bool {
        self.gateways.get(gateway).is_some_and(|gateway| gateway.answered)
    }

    /// Whether this gateway has proved itself and has not failed since.
    pub(crate) fn is_trusted(&self, gateway: usize) -> bool {
        self.has_answered(gateway) && !self.is_suspect(gateway)
    }

    /// Whether the gateway is still the process that answered at this time: it has answered ever
    /// since, without a pause that is long enough for a restart.
    pub(crate) fn is_same_process(&self, gateway: usize, since: Instant, now: Instant) -> bool {
        self.gateways.get(gateway).is_some_and(|gateway| gateway.is_same_process(since, now))
    }

    /// What a caller was granted that waited; its turn where it waits still.
    fn granted(&mut self, waiter: Option<WaiterId>) -> Result<Option<Grant>, Turn> {
        let Some(id) = waiter else { return Ok(None) };
        match self.waiters.take(id) {
            Waited::NotWaiting => Ok(None),
            Waited::NotYet => Err(Turn::Wait(id)),
            Waited::Granted(grant) => Ok(Some(grant)),
        }
    }

    fn wait(&mut self, waiter: Option<WaiterId>, wants: Option<ConnectionId>) -> Turn {
        let id = waiter.unwrap_or_else(|| WaiterId(self.next()));
        self.waiters.push(id, wants);
        self.offer_room();
        Turn::Wait(id)
    }

    fn next(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn take(&mut self, connection: ConnectionId) -> Turn {
        let Some(slot) = self.connections.get_mut(&connection) else { return Turn::Gone };
        let parked = slot.is_parked();
        slot.state = SlotState::InUse;
        let gateway = slot.gateway;
        self.gateways[gateway].enter(connection);
        if parked { Turn::Drain(connection) } else { Turn::Use(connection) }
    }

    /// A connection that is free goes to the first that can use it, or is kept.
    fn release(&mut self, connection: ConnectionId, now: Instant) {
        let Some(slot) = self.connections.get_mut(&connection) else { return };
        let parked = slot.is_parked();
        slot.state = if parked {
            SlotState::Parked { since: now, soon: true }
        } else {
            self.gateways[slot.gateway].last_returned = Some(connection);
            SlotState::Idle { since: now }
        };
        self.promise(connection, parked);
    }

    fn promise(&mut self, connection: ConnectionId, parked: bool) {
        if self.waiters.promise(connection)
            && let Some(slot) = self.connections.get_mut(&connection)
        {
            slot.state = SlotState::Promised { parked };
        }
    }

    /// Whenever there is room, somebody who waits for any connection knows.
    fn offer_room(&mut self) {
        self.waiters.offer_room(self.limits.max_connections.saturating_sub(self.connections.len()));
    }

    fn remove(&mut self, connection: ConnectionId, failed_since: Option<Instant>, now: Instant) {
        let Some(slot) = self.remove_slot(connection) else { return };
        if let Some(began) = failed_since {
            self.gateways[slot.gateway].failed(began, now);
        }
        self.offer_room();
    }

    fn remove_slot(&mut self, connection: ConnectionId) -> Option<ConnectionSlot> {
        let slot = self.connections.remove(&connection)?;
        if matches!(slot.state, SlotState::Opening | SlotState::InUse) {
            self.gateways[slot.gateway].leave(connection);
        }
        self.waiters.connection_is_gone(connection);
        Some(slot)
    }

    /// A connection to a gateway is no more in use; the gateway last replied on it then.
    fn left(&mut self, connection: ConnectionId, gateway: usize, answered: Option<Instant>) {
        let gateway = &mut self.gateways[gateway];
        gateway.leave(connection);
        if let Some(at) = answered {
            gateway.answered(at);
        }
    }

    fn is_suspect(&self, gateway: usize) -> bool {
        self.gateways[gateway].is_suspect()
    }
}
