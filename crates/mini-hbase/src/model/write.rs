//! Puts and deletes: planned and committed under the locks of their rows.
//!
//! Nothing is read for them: a delete is a cell of its own, and reads resolve it. The cells of a
//! plan reach the storage as one batch, so a row is never seen half written. A call may make several
//! plans, and waits for the disk once.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::cell::CellType;
use super::locks::Held;
use super::sequences::Writing;
use super::storage::{Batch, Space};
use super::{Error, LATEST, Result, Store, Table, keys, value};
use crate::budget::Share;

/// What a cell takes beside its key and its value while it is written.
const CELL: usize = 192;
/// How often its key is there then: in the plan, and in the storage's own batch. The plan's copy of
/// a value is counted where the message is decoded.
const KEYS: usize = 2;

/// One change of a row; a missing timestamp is the server's time.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Put {
        family: u16,
        qualifier: Vec<u8>,
        timestamp: Option<i64>,
        value: Vec<u8>,
        /// In milliseconds.
        time_to_live: Option<i64>,
    },
    /// A delete of one of the types; one of a family has an empty qualifier.
    Delete {
        kind: CellType,
        family: u16,
        qualifier: Vec<u8>,
        timestamp: Option<i64>,
        /// In milliseconds; what it hides is seen again after that.
        time_to_live: Option<i64>,
    },
}

/// The changes of one row.
#[derive(Clone, Debug)]
pub(crate) struct RowEdits {
    pub(crate) row: Vec<u8>,
    pub(crate) edits: Vec<Edit>,
}

impl Store {
    /// Runs the writes of a call, and waits until they survive what they have to: once for all of
    /// them, those before a failure included. The call's share has room for what it returns.
    pub(crate) fn durably<T>(
        &self,
        share: &Share,
        call: impl FnOnce(&Writes<'_>) -> Result<T>,
    ) -> Result<T> {
        let writes = Writes { store: self, share, last: RefCell::new(None) };
        let made = call(&writes);
        let waited = match writes.last.into_inner() {
            Some((space, written)) => space.wait(written),
            None => Ok(()),
        };
        made.and_then(|made| waited.map(|()| made))
    }
}

/// The writes of one call, which others see at once ([`Store::durably`]).
pub(crate) struct Writes<'a> {
    store: &'a Store,
    pub(super) share: &'a Share,
    /// What to wait for: all spaces have one journal.
    last: RefCell<Option<(Arc<dyn Space>, u64)>>,
}

impl Writes<'_> {
    /// Makes changes to some rows, all of them or none.
    pub(crate) fn write(&self, table: &Table, rows: &[RowEdits]) -> Result<()> {
        self.with_rows(table, rows.iter().map(|edits| edits.row.as_slice()), |plan| {
            for RowEdits { row, edits } in rows {
                for edit in edits {
                    plan.edit(row, edit, None)?;
                }
            }
            Ok(())
        })
    }

    /// Locks rows, lets `make` plan, and commits the plan, unless `make` fails.
    pub(super) fn with_rows<'a, T>(
        &self,
        table: &Table,
        rows: impl Iterator<Item = &'a [u8]>,
        make: impl FnOnce(&mut WritePlan<'_>) -> Result<T>,
    ) -> Result<T> {
        let store = self.store;
        store.check_not_stopping()?;
        let _state = table.in_use()?;
        let locks = store.locks.lock(table.id, rows);
        let write = store.sequences.begin_write();
        let (share, taken) = (self.share, Cell::new(0));
        let now = store.now();
        let mut plan = WritePlan { table, now, locks, write, batch: Batch::new(), share, taken };
        let answer = make(&mut plan)?;
        let WritePlan { locks, write, batch, taken, .. } = plan;
        if batch.is_empty() {
            return Ok(answer);
        }
        store.note_start()?;
        let written = table.space.write(without_doubles(batch))?;
        drop((write, locks));
        share.release(taken.get());
        *self.last.borrow_mut() = Some((Arc::clone(&table.space), written));
        Ok(answer)
    }
}

/// A cell's time to live, if it has one of its own, and its value.
pub(super) type Content<'a> = (Option<i64>, &'a [u8]);

/// What is going to be written to locked rows.
pub(super) struct WritePlan<'a> {
    pub(super) table: &'a Table,
    pub(super) now: i64,
    locks: Held<'a>,
    write: Writing,
    batch: Batch,
    /// The call's.
    share: &'a Share,
    /// What the plan has taken of it until the storage has its cells.
    taken: Cell<usize>,
}

impl WritePlan<'_> {
    /// Plans an edit; a put without a timestamp is no older than `not_before`.
    pub(super) fn edit(&mut self, row: &[u8], edit: &Edit, not_before: Option<i64>) -> Result<()> {
        match edit {
            Edit::Put { family, qualifier, timestamp, value, time_to_live } => {
                let column = (*family, qualifier.as_slice());
                let time = match given(*timestamp) {
                    Some(time) => time,
                    None => self.put_time(row, column, not_before.unwrap_or(i64::MIN)),
                };
                self.put(row, column, time, (*time_to_live, value))?;
            }
            Edit::Delete { kind, family, qualifier, timestamp, time_to_live } => {
                let time = match given(*timestamp) {
                    Some(time) => Some(time),
                    // Of one version, the newest is meant.
                    None if *kind == CellType::Delete => {
                        let newest = self.newest(row, (*family, qualifier))?;
                        newest.map(|newest| newest.timestamp)
                    }
                    None => Some(self.locks.delete_time(row, self.now)),
                };
                if let Some(time) = time {
                    let column = keys::column(&keys::row(row), *family, qualifier);
                    self.add(&column, time, *kind, (*time_to_live, &[]))?;
                }
            }
        }
        Ok(())
    }

    /// The time of a put that brings none along.
    pub(super) fn put_time(&mut self, row: &[u8], column: (u16, &[u8]), not_before: i64) -> i64 {
        self.locks.put_time(row, column, (self.now, not_before), self.write.number)
    }

    pub(super) fn put(
        &mut self,
        row: &[u8],
        (family, qualifier): (u16, &[u8]),
        time: i64,
        content: Content<'_>,
    ) -> Result<()> {
        let column = keys::column(&keys::row(row), family, qualifier);
        self.add(&column, time, CellType::Put, content)
    }

    /// Takes memory, before it is allocated.
    pub(super) fn take(&self, bytes: usize) -> Result<()> {
        self.share.take(bytes).map_err(Error::NoMemory)?;
        self.taken.set(self.taken.get() + bytes);
        Ok(())
    }

    fn add(
        &mut self,
        column: &[u8],
        time: i64,
        kind: CellType,
        (time_to_live, value): Content<'_>,
    ) -> Result<()> {
        // A row's key is in each of its cells.
        self.take(KEYS * column.len() + value.len() + CELL)?;
        let number = self.write.number;
        let number = if time_to_live.is_some() { keys::limited(number) } else { number };
        let key = keys::cell(column, time, kind, number);
        self.batch.push((key, Some(value::encode(time_to_live, value))));
        Ok(())
    }
}

/// Of a cell that is written twice the last one counts, as long as both are one write.
fn without_doubles(mut batch: Batch) -> Batch {
    /// A key without what a cell's own time to live makes of it.
    fn name((key, _): &(Vec<u8>, Option<Vec<u8>>)) -> (&[u8], u8) {
        key.split_last().map_or((&[], 0), |(last, rest)| (rest, last >> 1))
    }
    batch.reverse();
    batch.sort_by(|one, other| name(one).cmp(&name(other)));
    batch.dedup_by(|later, kept| name(later) == name(kept));
    batch
}

fn given(timestamp: Option<i64>) -> Option<i64> {
    timestamp.filter(|&time| time != LATEST)
}
