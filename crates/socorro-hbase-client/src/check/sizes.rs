//! The last part: the counters of the queues' sizes are the numbers of their entries.

use super::{Check, Finding};
use crate::{error::Result, keys, queue::Queue, range::TimeRange};

/// How often a queue that is in use is counted.
const ATTEMPTS: usize = 3;

impl Check {
    /// Always the end of the part.
    pub(super) fn check_sizes(&mut self) -> Result<bool> {
        if self.range != TimeRange::all() {
            return Ok(false);
        }
        for queue in [self.store.general_queue(), self.store.legacy_queue()] {
            let Some(column) = keys::queue_size(queue.table_name()) else { continue };
            if let Some(difference) = difference(&queue)?
                && difference != 0
            {
                let finding = Finding::of_counter(keys::QUEUE_SIZES_ROW, column, difference);
                self.found.push_back(finding);
            }
        }
        Ok(false)
    }
}

/// What the counter lacks; `None` for a queue that is never still while it is counted.
fn difference(queue: &Queue) -> Result<Option<i64>> {
    for _ in 0..ATTEMPTS {
        let before = queue.size()?;
        let entries = i64::try_from(queue.count_entries()?).unwrap_or(i64::MAX);
        if queue.size()? == before {
            return Ok(Some(entries - before));
        }
    }
    Ok(None)
}
