//! The last part: the counters of the queues' sizes are the numbers of their entries.
//!
//! A queue can't be counted at one moment, and an entry comes before it is counted. So only a queue
//! is compared that has been still for long enough, by the times of its counter and of its entries,
//! whose counter is the same before and after, and which lacks the same when it is counted again.

use super::{Check, Finding};
use crate::{
    error::{ErrorKind, Result},
    keys,
    queue::Queue,
    range::TimeRange,
};

/// How often a queue is counted that moves meanwhile.
const ATTEMPTS: usize = 4;

impl Check {
    /// Always the end of the part.
    pub(super) fn check_sizes(&mut self) -> Result<bool> {
        if self.range != TimeRange::all() {
            return Ok(false);
        }
        for queue in [self.store.general_queue(), self.store.legacy_queue()] {
            let finding = self.check_size(&queue)?;
            self.found.extend(finding);
        }
        Ok(false)
    }

    fn check_size(&self, queue: &Queue) -> Result<Option<Finding>> {
        let Some(column) = keys::queue_size(queue.table_name()) else { return Ok(None) };
        let mut seen = None;
        for _ in 0..ATTEMPTS {
            let horizon = self.settled_before();
            let before = match queue.counted() {
                // The part before has found it.
                Err(error) if error.kind() == ErrorKind::MalformedCounter => return Ok(None),
                before => before?,
            };
            if before.is_some_and(|(_, moved)| moved >= horizon) {
                return Ok(None);
            }
            let (entries, newest) = queue.count_with_newest()?;
            if newest >= horizon {
                return Ok(None);
            }
            if queue.counted()? == before {
                let size = before.map(|(size, _)| size);
                let right = i64::try_from(entries).unwrap_or(i64::MAX);
                let found = Finding::of_counter(keys::QUEUE_SIZES_ROW, column, size, right);
                // An entry that leaves is gone a moment before it is counted down.
                if found.is_none() || found == seen {
                    return Ok(found);
                }
                seen = found;
            }
        }
        Ok(None)
    }
}
