//! Rows that were asked for ahead: on their parked connection, or taken in by somebody who needed that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::cancel::Cancellation;
use super::Pool;
use super::lease::Lease;
use super::slot::{Ahead, RowsSlot, SlotPlace};
use crate::error::{Error, ErrorKind, Result};
use crate::row::RowBatch;

/// What became of rows that were asked for ahead.
pub(crate) enum Taken {
    /// They are still to come on the connection, which the caller has now.
    Awaited(Lease),
    /// Somebody else took them in.
    Here(Result<RowBatch>),
}

/// Rows are looked for again after this time, should they have moved between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Pool {
    /// Takes back rows that were asked for ahead, waiting while somebody else takes them in.
    pub(crate) async fn take_ahead(
        &self,
        ahead: Ahead,
        deadline: Instant,
        cancellation: &Cancellation,
    ) -> Result<Taken> {
        loop {
            self.check_ended(cancellation)?;
            if let Some(rows) = ahead.slot.take() {
                return Ok(Taken::Here(rows));
            }
            if let Some(lease) = self.take_parked(&ahead) {
                return Ok(Taken::Awaited(lease.watched_by(cancellation)));
            }
            let now = self.environment().now();
            if now >= deadline {
                let message = "the rows that were asked for ahead did not come in time";
                return Err(Error::new(ErrorKind::Timeout, message));
            }
            self.environment().wait(&ahead.slot.changed, deadline.min(now + LOOK_AGAIN)).await;
        }
    }

    /// Gives up rows that were asked for ahead; returns the connection if they are still to come on
    /// it.
    pub(crate) fn drop_ahead(&self, ahead: &Ahead) -> Option<Lease> {
        let parked = self.take_parked(ahead);
        ahead.slot.put(SlotPlace::Dropped);
        parked
    }

    /// Takes the connection that these rows are still to come on, if nobody has it.
    fn take_parked(&self, ahead: &Ahead) -> Option<Lease> {
        let mut lease = self.take_free(ahead.connection)?;
        let is_ours = |slot: &Arc<RowsSlot>| Arc::ptr_eq(slot, &ahead.slot);
        if lease.awaited().rows.as_ref().is_some_and(is_ours) {
            return Some(lease);
        }
        let has_rows = lease.awaited().rows.is_some();
        if !lease.awaited().is_empty() {
            lease.park(!has_rows);
        }
        None
    }
}
