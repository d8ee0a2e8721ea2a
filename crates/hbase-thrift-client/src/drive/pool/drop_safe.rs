//! What is left of a caller that stops midway: its place in line is given up, and a connection that it was opening
//! is forgotten.

use super::Pool;
use crate::proto::{Balancer, ConnectionId, End, WaiterId};

/// A caller's place among those that wait, once it has one.
pub(super) struct PlaceInLine<'a> {
    pool: &'a Pool,
    id: Option<WaiterId>,
}

impl<'a> PlaceInLine<'a> {
    pub(super) fn new(pool: &'a Pool) -> Self {
        Self { pool, id: None }
    }

    pub(super) fn id(&self) -> Option<WaiterId> {
        self.id
    }

    /// The caller waits under this number from now on.
    pub(super) fn waits(&mut self, id: WaiterId) -> WaiterId {
        self.id = Some(id);
        id
    }
}

impl Drop for PlaceInLine<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let now = self.pool.environment().now();
            self.pool.decide_state(now, |state| {
                state.signals.remove(&id);
                state.reads.remove(&id);
                state.balancer.give_up(id, now);
            });
        }
    }
}

/// A connection that is being opened.
pub(super) struct Opening<'a> {
    pool: &'a Pool,
    connection: Option<ConnectionId>,
}

impl<'a> Opening<'a> {
    pub(super) fn new(pool: &'a Pool, connection: ConnectionId) -> Self {
        Self { pool, connection: Some(connection) }
    }

    /// It was opened, or could not be.
    pub(super) fn end(mut self, tell: impl FnOnce(&mut Balancer)) {
        self.connection = None;
        self.pool.decide(self.pool.environment().now(), tell);
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.connection {
            let now = self.pool.environment().now();
            let end = End::Quiet { answered: None };
            self.pool.decide(now, |balancer| balancer.closed(id, end, now));
        }
    }
}
