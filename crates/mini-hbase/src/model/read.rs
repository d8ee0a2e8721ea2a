//! Reads of single rows, and the bounds that every read has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cell::Row;
use super::filter::Filter;
use super::keys::{self, Parts};
use super::matcher::{Matcher, Step, Wanted};
use super::position::Plan;
use super::region::Reader;
use super::request::{Bound, Query, Rows, TimeRange};
use super::sequences::Reading;
use super::walker::Walker;
use super::{Error, Result, Store, Table, storage, value};
use crate::budget::Share;

/// How much a call may read into memory, and whether it should give up.
#[derive(Debug)]
pub(crate) struct Limits {
    max: usize,
    left: usize,
    /// The server's memory, of which the call takes a share.
    share: Arc<Share>,
    stopping: Arc<AtomicBool>,
}

impl Limits {
    pub(crate) fn new(bytes: usize, share: Arc<Share>, stopping: Arc<AtomicBool>) -> Self {
        Self { max: bytes, left: bytes, share, stopping }
    }

    /// Takes memory for what is returned, and as much for the reply.
    ///
    /// # Errors
    /// If there is not enough, or the call may not have that much.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<()> {
        // A cell costs more than its bytes.
        const OVERHEAD: usize = 64;
        match self.left.checked_sub(bytes + OVERHEAD) {
            Some(left) => {
                self.left = left;
                // Once as they are read, and once as they are sent.
                let taken = self.share.take(bytes + OVERHEAD);
                taken.and_then(|()| self.share.set_aside(bytes + OVERHEAD)).map_err(Error::NoMemory)
            }
            None => Err(Error::DoNotRetry(format!(
                "the answer would have more than {} bytes, which is mini-hbase's limit; ask for \
                 fewer rows or columns",
                self.max
            ))),
        }
    }

    /// The call's share.
    pub(super) fn share(&self) -> &Share {
        &self.share
    }

    /// # Errors
    /// If the server is being stopped.
    pub(crate) fn check(&self) -> Result<()> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Error::stopping());
        }
        Ok(())
    }
}

/// The state of a table at a moment.
pub(super) struct Snapshot {
    pub(super) cells: Box<dyn storage::Snapshot>,
    /// Ends after the snapshot.
    _reading: Reading,
}

impl Store {
    pub(super) fn snapshot(&self, table: &Table) -> Snapshot {
        let reading = self.sequences.begin_read();
        Snapshot { cells: table.space.snapshot(), _reading: reading }
    }

    /// Reads the wanted cells of one row, in HBase's order; none if there is no such row.
    pub(crate) fn get(
        &self,
        table: &Table,
        key: &[u8],
        query: &Query,
        limits: &mut Limits,
        row: &mut Row,
    ) -> Result<()> {
        self.get_filtered(table, key, query, None, limits, row)
    }

    /// As [`Self::get`], of the cells that a filter lets pass.
    pub(crate) fn get_filtered(
        &self,
        table: &Table,
        key: &[u8],
        query: &Query,
        filter: Option<&mut (dyn Filter + 'static)>,
        limits: &mut Limits,
        row: &mut Row,
    ) -> Result<()> {
        let state = table.in_use()?;
        let snapshot = self.snapshot(table);
        drop(state);
        let (plan, position) =
            Plan::new(table, query, &only(key), false, filter.as_deref(), self.now())?;
        row.begin(key);
        Reader::new(table, &*snapshot.cells, &plan, position, limits).next(filter, row)?;
        Ok(())
    }
}

/// A range of one row.
pub(super) fn only(key: &[u8]) -> Rows {
    let bound = Bound { row: key.to_vec(), inclusive: true };
    Rows::Range { start: bound.clone(), stop: bound }
}

/// The newest version of a column.
pub(super) struct Newest {
    pub(super) timestamp: i64,
    pub(super) time_to_live: Option<i64>,
    pub(super) value: Vec<u8>,
}

/// The newest version of a column, whose cost doesn't grow with the number of versions.
pub(super) fn newest(
    table: &Table,
    key: &[u8],
    (family, qualifier): (u16, &[u8]),
    now: i64,
) -> Result<Option<Newest>> {
    let Some(options) = table.families.get(usize::from(family)) else { return Ok(None) };
    let wanted = Wanted {
        columns: Some([keys::escape(qualifier)].into()),
        time: TimeRange::ALL,
        versions: 1,
        is_filtered: false,
    };
    let mut matcher = Matcher::new(options, wanted, now);
    matcher.begin_row();
    let cells = table.space.snapshot();
    let from = keys::family(&keys::row(key), family);
    let to = keys::after(&from);
    let mut walker = Walker::new(&*cells, &from, &to, &|cell| matcher.may_include(cell, || true))?;
    while let Some(item) = walker.take_item() {
        let cell = item.parts()?;
        let stored = item.value.as_deref().map(value::decode).transpose()?;
        let step = matcher.check(&cell, stored.as_ref());
        match (step.includes(), stored) {
            (true, Some(stored)) => {
                return Ok(Some(Newest {
                    timestamp: cell.timestamp,
                    time_to_live: stored.time_to_live,
                    value: stored.value.to_vec(),
                }));
            }
            _ if step == Step::NextRow => return Ok(None),
            _ => {}
        }
        let wants = |cell: &Parts<'_>| matcher.may_include(cell, || true);
        if step == Step::NextColumn {
            walker.seek(&matcher.next_column(&cell), &wants)?;
        } else {
            walker.next(&wants)?;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    /// What is counted of a cell beside its bytes.
    const CELL: usize = 64;

    #[test]
    fn a_cell_takes_its_memory_twice_and_no_more_than_the_answer_may_have() {
        let share = Arc::new(Share::of(&Budget::new(4 * (CELL + 10))));
        let limits = |bytes| Limits::new(bytes, Arc::clone(&share), Arc::default());
        let mut all = limits(3 * (CELL + 10));
        for cells in 1..=2 {
            all.take(10).unwrap();
            assert_eq!(share.taken(), cells * 2 * (CELL + 10));
        }
        // Of the answer there is room for one more, but not of the memory.
        assert!(matches!(all.take(0), Err(Error::NoMemory(_))));
        share.give_back();
        let mut few = limits(CELL + 10);
        assert!(matches!(few.take(11), Err(Error::DoNotRetry(_))));
        assert_eq!(share.taken(), 0);
        few.take(10).unwrap();
        assert!(matches!(few.take(0), Err(Error::DoNotRetry(_))));
    }

    #[test]
    fn a_read_fails_once_the_server_is_being_stopped() {
        let share = Arc::new(Share::of(&Budget::new(0)));
        let stopping = Arc::<AtomicBool>::default();
        let limits = Limits::new(0, share, Arc::clone(&stopping));
        limits.check().unwrap();
        stopping.store(true, Ordering::SeqCst);
        assert!(matches!(limits.check(), Err(Error::Io(_))));
    }
}
