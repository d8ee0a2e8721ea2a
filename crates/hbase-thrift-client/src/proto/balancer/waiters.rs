//! Who waits for a connection, in the order in which they came, and what they were granted.

use std::collections::VecDeque;

use super::slot::ConnectionId;

/// A caller that waits. It keeps its number, and with it its place, when it has to wait again: those
/// that came first have the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WaiterId(pub(super) u64);

/// Those that wait.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    /// By their numbers.
    queue: VecDeque<Waiter>,
    /// Those that were granted something and have to be woken.
    woken: Vec<WaiterId>,
}

#[derive(Debug)]
struct Waiter {
    id: WaiterId,
    /// The only connection that it can use.
    wants: Option<ConnectionId>,
    /// Somebody else who has a connection can do what it waits for.
    shares: bool,
    granted: Option<Grant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Connection(ConnectionId),
    /// Another connection may be opened.
    Room,
    /// The connection that was waited for is gone.
    Gone,
}

/// How it is with somebody that waits.
pub(super) enum Waited {
    /// Nobody of this number waits now.
    NotWaiting,
    /// There is nothing for it yet.
    NotYet,
    /// It was granted something, and waits no more.
    Granted(Grant),
}

impl Waiters {
    pub(super) fn push(&mut self, id: WaiterId, wants: Option<ConnectionId>) {
        let place = self.queue.partition_point(|waiter| waiter.id < id);
        self.queue.insert(place, Waiter { id, wants, shares: false, granted: None });
    }

    /// What this one waits for can be done by somebody else who has a connection; false where nobody of this number
    /// waits, or it was granted something.
    pub(super) fn may_share(&mut self, id: WaiterId) -> bool {
        let Some(waiter) = self.place(id).map(|place| &mut self.queue[place]) else { return false };
        waiter.shares = waiter.granted.is_none();
        waiter.shares
    }

    /// Takes out the first of those that wait and share, up to one that needs a connection of its own.
    pub(super) fn take_sharing(&mut self, most: usize) -> Vec<WaiterId> {
        let mut taken = Vec::new();
        let needs_its_own =
            |waiter: &Waiter| waiter.granted.is_none() && waiter.wants.is_none() && !waiter.shares;
        let end = self.queue.iter().position(needs_its_own).unwrap_or(self.queue.len());
        let mut place = 0;
        self.queue.retain(|waiter| {
            let is_taken =
                place < end && taken.len() < most && waiter.shares && waiter.granted.is_none();
            place += 1;
            if is_taken {
                taken.push(waiter.id);
            }
            !is_taken
        });
        taken
    }

    fn place(&self, id: WaiterId) -> Option<usize> {
        self.queue.binary_search_by_key(&id, |waiter| waiter.id).ok()
    }

    /// Takes what was granted.
    pub(super) fn take(&mut self, id: WaiterId) -> Waited {
        let Some(position) = self.place(id) else { return Waited::NotWaiting };
        match self.queue[position].granted {
            None => Waited::NotYet,
            Some(grant) => {
                self.queue.remove(position);
                Waited::Granted(grant)
            }
        }
    }

    /// Stops waiting; returns what was granted meanwhile.
    pub(super) fn give_up(&mut self, id: WaiterId) -> Option<Grant> {
        let position = self.place(id)?;
        self.queue.remove(position)?.granted
    }

    /// Whether somebody waits for any connection who came before this one; a newcomer has no number
    /// yet.
    pub(super) fn is_crowd_before(&self, id: Option<WaiterId>) -> bool {
        let before = self.queue.iter().take_while(|waiter| id.is_none_or(|id| waiter.id < id));
        before.into_iter().any(|waiter| waiter.wants.is_none())
    }

    /// Whether this one was granted nothing yet.
    pub(super) fn is_waiting(&self, id: WaiterId) -> bool {
        self.place(id).is_some_and(|place| self.queue[place].granted.is_none())
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Promises a connection to the first that can use it; false where nobody can.
    pub(super) fn promise(&mut self, connection: ConnectionId) -> bool {
        let fits = |waiter: &Waiter| waiter.wants.is_none_or(|wanted| wanted == connection);
        self.grant(1, Grant::Connection(connection), fits) > 0
    }

    /// Offers room for this many connections to the first that wait for any; less what was offered
    /// before.
    pub(super) fn offer_room(&mut self, room: usize) {
        let offered = |waiter: &&Waiter| waiter.granted == Some(Grant::Room);
        let offered = self.queue.iter().filter(offered).count();
        self.grant(room.saturating_sub(offered), Grant::Room, |waiter| waiter.wants.is_none());
    }

    /// Nobody needs to wait for this connection any more.
    pub(super) fn connection_is_gone(&mut self, connection: ConnectionId) {
        self.grant(usize::MAX, Grant::Gone, |waiter| waiter.wants == Some(connection));
    }

    /// Those that have to be woken.
    pub(super) fn take_woken(&mut self) -> Vec<WaiterId> {
        std::mem::take(&mut self.woken)
    }

    /// Grants this to the first of those that it fits, at most this many; returns to how many.
    fn grant(&mut self, most: usize, grant: Grant, fits: impl Fn(&Waiter) -> bool) -> usize {
        let waiting = self.queue.iter_mut().filter(|w| w.granted.is_none() && fits(w));
        let mut count = 0;
        for waiter in waiting.take(most) {
            waiter.granted = Some(grant);
            self.woken.push(waiter.id);
            count += 1;
        }
        count
    }
}
