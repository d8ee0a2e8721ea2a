//! Where rows are that were asked for ahead.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::environment::Signal;
use crate::error::Result;
use crate::proto::ConnectionId;
use crate::row::RowBatch;

/// Where the rows that were asked for ahead are.
#[derive(Debug, Default)]
pub(super) struct RowsSlot {
    place: Mutex<SlotPlace>,
    pub(super) changed: Arc<Signal>,
}

#[derive(Debug, Default)]
pub(super) enum SlotPlace {
    /// On the parked connection, or being taken in by somebody.
    #[default]
    Awaited,
    Here(Result<RowBatch>),
    /// Nobody wants them any more.
    Dropped,
}

/// Rows that were asked for ahead.
pub(crate) struct Ahead {
    pub(super) slot: Arc<RowsSlot>,
    pub(super) connection: ConnectionId,
}

impl RowsSlot {
    pub(super) fn put(&self, place: SlotPlace) -> SlotPlace {
        let mut here = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*here, SlotPlace::Dropped) {
            return SlotPlace::Dropped;
        }
        let was = std::mem::replace(&mut *here, place);
        drop(here);
        self.changed.raise();
        was
    }

    pub(super) fn take(&self) -> Option<Result<RowBatch>> {
        let mut here = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut *here) {
            SlotPlace::Here(rows) => Some(rows),
            other => {
                *here = other;
                None
            }
        }
    }
}
