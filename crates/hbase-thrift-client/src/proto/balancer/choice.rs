//! Which gateway and which of its connections a caller gets whose turn it is.

use std::time::{Duration, Instant};

use super::slot::{ConnectionId, ConnectionSlot, SlotState};
use super::waiters::WaiterId;
use super::{Balancer, Turn};

impl Balancer {
    pub(super) fn find(
        &mut self,
        waiter: Option<WaiterId>,
        tried: &[usize],
        time_left: Duration,
        now: Instant,
    ) -> Turn {
        let Some(gateway) = self.choose(tried, now) else { return Turn::NoneLeft };
        // A suspect gateway has to prove itself on a new connection: a write on an old one could not
        // be given up early.
        if !self.is_suspect(gateway)
            && let Some(id) = self.best(gateway)
        {
            return self.take(id);
        }
        let untried = self.gateways.len().saturating_sub(tried.len()).max(1) as u32;
        let within = self.limits.connect_timeout.min(time_left / untried);
        if self.connections.len() < self.limits.max_connections {
            return self.open_to(gateway, within, None);
        }
        let free = |suspect: bool| {
            let free = self.connections.iter().filter(|(_, slot)| slot.is_free());
            let free = free.filter(|(_, slot)| self.is_suspect(slot.gateway) == suspect);
            free.max_by_key(|(_, slot)| slot.worth()).map(|(id, _)| *id)
        };
        // A connection to another gateway that works, or the place of one that doesn't.
        match (free(false), free(true)) {
            (Some(id), _) => self.take(id),
            (None, Some(id)) => {
                self.remove_slot(id);
                self.open_to(gateway, within, Some(id))
            }
            (None, None) => self.wait(waiter, None),
        }
    }

    pub(super) fn open_to(
        &mut self,
        gateway: usize,
        within: Duration,
        close: Option<ConnectionId>,
    ) -> Turn {
        let connection = ConnectionId(self.next());
        self.connections.insert(connection, ConnectionSlot { gateway, state: SlotState::Opening });
        self.gateways[gateway].enter(connection);
        Turn::Open { connection, gateway, within, close }
    }

    /// The least used gateway of those that work. Where none does, one whose pause has ended or ends
    /// first; nobody is on it already, if that can be had.
    fn choose(&self, tried: &[usize], now: Instant) -> Option<usize> {
        let count = self.gateways.len();
        if count == 1 {
            return tried.is_empty().then_some(0);
        }
        let untried = || {
            (0..count)
                .map(|offset| (self.first + offset) % count)
                .filter(|index| !tried.contains(index))
        };
        let gateway = |index: &usize| &self.gateways[*index];
        // One whose pause has ended is tried by the first that comes, or it would never be.
        let to_probe = untried().find(|index| gateway(index).is_due(now));
        to_probe
            .or_else(|| {
                let working = untried().filter(|index| !gateway(index).is_suspect());
                working.min_by_key(|index| (gateway(index).in_use, self.best(*index).is_none()))
            })
            .or_else(|| untried().min_by_key(|index| gateway(index).turn()))
    }

    /// The best connection to a gateway that is free: the one used last, else one whose reply comes
    /// soon.
    fn best(&self, gateway: usize) -> Option<ConnectionId> {
        if let Some(id) = self.gateways[gateway].last_returned
            && let Some(ConnectionSlot { state: SlotState::Idle { .. }, .. }) =
                self.connections.get(&id)
        {
            return Some(id);
        }
        self.connections
            .iter()
            .filter(|(_, slot)| slot.gateway == gateway && slot.is_ready())
            .max_by_key(|(_, slot)| slot.worth())
            .map(|(id, _)| *id)
    }
}
