//! Connections that nobody uses, and what is still to come on one.

use std::sync::Arc;

use super::super::connection::Connection;
use super::slot::{RowsSlot, SlotPlace};
use crate::error::{Error, ErrorKind};
use crate::proto::ConnectionId;

/// The connections that nobody uses, idle or parked, in the order in which they came back: who comes next
/// mostly takes the last.
#[derive(Default)]
pub(super) struct KeptConnections(Vec<(ConnectionId, Box<Kept>)>);

impl KeptConnections {
    pub(super) fn insert(&mut self, id: ConnectionId, kept: Box<Kept>) {
        self.0.push((id, kept));
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Box<Kept>> {
        let place = self.place(id)?;
        Some(self.0.remove(place).1)
    }

    pub(super) fn contains(&self, id: ConnectionId) -> bool {
        self.place(id).is_some()
    }

    fn place(&self, id: ConnectionId) -> Option<usize> {
        self.0.iter().rposition(|(kept, _)| *kept == id)
    }
}

/// A connection that somebody uses or that the pool keeps.
pub(super) struct Kept {
    /// Which of the pool's gateways the connection goes to.
    pub(super) gateway: usize,
    pub(super) connection: Connection,
    pub(super) awaited: Awaited,
}

/// The replies that are still to come on a parked connection, and what has to be asked after them.
#[derive(Default)]
pub(super) struct Awaited {
    /// Replies to scanners that were closed before the rows were asked for.
    pub(super) closes_before: u32,
    pub(super) rows: Option<Arc<RowsSlot>>,
    /// Replies to scanners that were closed after that.
    pub(super) closes: u32,
    /// Scanners to be closed, where requests wait for the reply before.
    pub(super) then_close: Vec<i32>,
    /// Replies that were to come soon did not.
    pub(super) late: bool,
}

impl Drop for Awaited {
    /// However the connection ended: a scanner that asked for rows ahead must not wait for them.
    fn drop(&mut self) {
        if let Some(slot) = self.rows.take() {
            let message = "the connection ended before the rows that were asked for ahead came";
            slot.put(SlotPlace::Here(Err(Error::new(ErrorKind::ConnectionLost, message))));
        }
    }
}

impl Awaited {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_none() && self.closes == 0 && self.then_close.is_empty()
    }
}
