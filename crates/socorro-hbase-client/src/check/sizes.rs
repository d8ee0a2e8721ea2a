//! The last part: the counters of the queues' sizes are the numbers of their entries, which were counted
//! when the queues were checked.
//!
//! A queue can't be counted at one moment, and an entry comes before it is counted. So only a queue
//! is compared that has been still for long enough, by the times of its counter and of its entries, and
//! whose counter is the same before and after. One that seems wrong or has moved is counted again: an
//! entry that leaves is gone a moment before it is counted down, and repairs take entries out.

use super::{Check, position::Counted};
use crate::{
    endpoints::{Queue, QueueSize},
    error::Result,
    layout::{self, QUEUES},
    lifecycle::Problem,
    model::TimeRange,
};

/// How often a queue is counted.
const ATTEMPTS: usize = 4;

impl Check {
    /// Takes down what a queue's counter is before the queue's first row is read.
    pub(super) fn begin_queue(&mut self, table: &str) -> Result<()> {
        if self.range == TimeRange::all()
            && let Some(queue) = self.queue_of(table)
            && let QueueSize::Counter(size) = queue.counted()?
        {
            let counted = Counted { size, ..Counted::default() };
            self.next.queues.insert(table.to_owned(), counted);
        }
        Ok(())
    }

    /// Always the end of the part.
    pub(super) fn check_sizes(&mut self) -> Result<bool> {
        if self.range != TimeRange::all() {
            return Ok(false);
        }
        for table in QUEUES {
            let problem = self.check_size(table)?;
            self.found.extend(problem);
        }
        Ok(false)
    }

    fn check_size(&self, table: &str) -> Result<Option<Problem>> {
        let (Some(queue), Some(column)) = (self.queue_of(table), layout::queue_size(table)) else {
            return Ok(None);
        };
        let mut counted = self.next.queues.get(table).cloned();
        let mut seen = None;
        for _ in 0..ATTEMPTS {
            let horizon = self.settled_before();
            // What is no counter, the part before has found.
            let QueueSize::Counter(size) = queue.counted()? else { return Ok(None) };
            let newest = counted.as_ref().and_then(|counted| counted.newest);
            let moved = [newest, size.map(|(_, moved)| moved)];
            if moved.into_iter().flatten().any(|moved| moved >= horizon) {
                return Ok(None);
            }
            if let Some(counted) = counted.filter(|counted| counted.size == size) {
                let right = i64::try_from(counted.entries).unwrap_or(i64::MAX);
                let size = size.map(|(size, _)| size);
                let row = layout::QUEUE_SIZES_ROW;
                let found = Problem::of_counter(row, column, size, right);
                if found.is_none() || found == seen {
                    return Ok(found);
                }
                seen = found;
            }
            let (entries, newest) = queue.count_with_newest()?;
            counted = Some(Counted { size, entries, newest: Some(newest) });
        }
        Ok(None)
    }

    fn queue_of(&self, table: &str) -> Option<Queue> {
        match table {
            layout::UNPROCESSED_FLAG => Some(self.store.general_queue()),
            layout::LEGACY_UNPROCESSED_FLAG => Some(self.store.legacy_queue()),
            _ => None,
        }
    }
}
