//! Puts and deletes: planned and committed under the locks of their rows.
//!
//! A plan is a set of keys to write or remove. It is made from what is stored and what was planned
//! before, and reaches the journal as one batch: a row is never seen half written.

use std::collections::BTreeMap;

use super::stripes::Held;
use super::table::Table;
use super::{Error, Result, Store, keys, value};
use crate::model::LATEST;

/// More versions than this are only counted by reads: counting them at each write would make
/// writing a column slower with each of them.
const MAX_COUNTED_VERSIONS: usize = 100;

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
    /// Removes the versions up to and with a time.
    DeleteColumn { family: u16, qualifier: Vec<u8>, timestamp: Option<i64> },
    /// The same for all columns of a family.
    DeleteFamily { family: u16, timestamp: Option<i64> },
}

/// The changes of one row.
#[derive(Clone, Debug)]
pub(crate) struct RowEdits {
    pub(crate) row: Vec<u8>,
    pub(crate) edits: Vec<Edit>,
}

impl Store {
    /// Makes changes to some rows, all of them or none, and durable before it returns.
    pub(crate) fn write(&self, table: &Table, rows: &[RowEdits]) -> Result<()> {
        self.with_rows(table, rows.iter().map(|edits| edits.row.as_slice()), |plan| {
            for RowEdits { row, edits } in rows {
                for edit in edits {
                    plan.edit(row, edit)?;
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
        make: impl FnOnce(&mut Plan<'_>) -> Result<T>,
    ) -> Result<T> {
        let _state = table.in_use()?;
        let locks = self.stripes.lock(table.id, rows);
        let mut plan = Plan { table, now: self.now(), locks, keys: BTreeMap::new() };
        let answer = make(&mut plan)?;
        let Plan { locks, keys, .. } = plan;
        let mut batch = self.database.batch();
        for (key, stored) in keys {
            match stored {
                Some(stored) => batch.insert(&table.cells, key, stored),
                None => batch.remove(&table.cells, key),
            }
        }
        let commit = self.commits.commit(batch)?;
        drop(locks);
        self.commits.wait(&self.database, commit)?;
        Ok(answer)
    }
}

/// What is going to be written to locked rows.
pub(super) struct Plan<'a> {
    pub(super) table: &'a Table,
    pub(super) now: i64,
    locks: Held<'a>,
    /// Values to write, and keys to remove.
    keys: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Plan<'_> {
    pub(super) fn edit(&mut self, row: &[u8], edit: &Edit) -> Result<()> {
        let prefix = keys::row(row);
        match edit {
            Edit::Put { family, qualifier, timestamp, value, time_to_live } => {
                let time = self.put_time(row, *timestamp);
                let stored = value::encode(*time_to_live, value);
                self.put(&prefix, *family, qualifier, time, stored)
            }
            Edit::DeleteColumn { family, qualifier, timestamp } => {
                let time = self.delete_time(row, *timestamp);
                let column = keys::column(&prefix, *family, qualifier);
                self.mark(keys::column_marker(&prefix, *family, qualifier), time)?;
                self.remove(&column, time)
            }
            Edit::DeleteFamily { family, timestamp } => {
                let time = self.delete_time(row, *timestamp);
                self.mark(keys::family_marker(&prefix, *family), time)?;
                self.remove(&keys::family(&prefix, *family), time)
            }
        }
    }

    pub(super) fn put_time(&mut self, row: &[u8], timestamp: Option<i64>) -> i64 {
        given(timestamp).unwrap_or_else(|| self.locks.put_time(row, self.now))
    }

    fn delete_time(&mut self, row: &[u8], timestamp: Option<i64>) -> i64 {
        given(timestamp).unwrap_or_else(|| self.locks.delete_time(row, self.now))
    }

    pub(super) fn put(
        &mut self,
        row_prefix: &[u8],
        family: u16,
        qualifier: &[u8],
        time: i64,
        stored: Vec<u8>,
    ) -> Result<()> {
        let column = keys::column(row_prefix, family, qualifier);
        let key = keys::cell(&column, time);
        if key.len() > keys::MAX_KEY {
            return Err(Error::Illegal(format!(
                "row and column have more than {} bytes together, which mini-hbase can't store",
                keys::MAX_KEY
            )));
        }
        if self.is_deleted(row_prefix, family, qualifier, time)? {
            return Ok(());
        }
        self.keys.insert(key, Some(stored));
        self.drop_old_versions(&column, family)
    }

    /// Whether a delete covers what is put at this time.
    fn is_deleted(&self, row: &[u8], family: u16, qualifier: &[u8], time: i64) -> Result<bool> {
        if !self.table.has_markers() && self.keys.is_empty() {
            return Ok(false);
        }
        for marker in
            [keys::family_marker(row, family), keys::column_marker(row, family, qualifier)]
        {
            if self.marked(&marker)?.is_some_and(|deleted| time <= deleted) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn mark(&mut self, marker: Vec<u8>, time: i64) -> Result<()> {
        self.table.note_marker();
        if self.marked(&marker)?.is_none_or(|before| before < time) {
            self.keys.insert(marker, Some(time.to_be_bytes().to_vec()));
        }
        Ok(())
    }

    fn marked(&self, marker: &[u8]) -> Result<Option<i64>> {
        let stored = match self.keys.get(marker) {
            Some(planned) => planned.clone(),
            None => self.table.cells.get(marker)?.map(|bytes| bytes.to_vec()),
        };
        let Some(stored) = stored else { return Ok(None) };
        let bytes = stored.try_into().map_err(|_| Error::Damaged("a delete marker"))?;
        Ok(Some(i64::from_be_bytes(bytes)))
    }

    /// Removes all cells under a column or family that aren't newer than `time`.
    fn remove(&mut self, prefix: &[u8], time: i64) -> Result<()> {
        for (key, timestamp) in self.cells_under(prefix, usize::MAX)? {
            if timestamp <= time {
                self.keys.insert(key, None);
            }
        }
        Ok(())
    }

    fn drop_old_versions(&mut self, column: &[u8], family: u16) -> Result<()> {
        let Some(family) = self.table.families.get(usize::from(family)) else { return Ok(()) };
        let kept = family.kept_versions();
        if kept > MAX_COUNTED_VERSIONS {
            return Ok(());
        }
        let oldest = family.oldest_alive(self.now);
        // No more than are kept were left by the write before. Looking for others would pass every
        // version that was ever removed: a counter would be slower with each increment.
        let cells = self.cells_under(column, kept)?;
        for (place, (key, timestamp)) in cells.into_iter().enumerate() {
            if place >= kept || timestamp < oldest {
                self.keys.insert(key, None);
            }
        }
        Ok(())
    }

    /// Keys and timestamps of planned cells and of the first so many stored ones, in their order.
    fn cells_under(&self, prefix: &[u8], stored: usize) -> Result<Vec<(Vec<u8>, i64)>> {
        let (from, to) = (prefix.to_vec(), keys::after(prefix));
        let mut found = BTreeMap::new();
        for guard in self.table.cells.range(from.clone()..to.clone()).take(stored) {
            found.insert(guard.key()?.to_vec(), true);
        }
        for (key, planned) in self.keys.range(from..to) {
            found.insert(key.clone(), planned.is_some());
        }
        let there = found.into_iter().filter(|(_, there)| *there);
        there
            .map(|(key, _)| {
                let time = keys::parse(&key).ok_or(Error::Damaged("a cell's key"))?.timestamp;
                Ok((key, time))
            })
            .collect()
    }
}

fn given(timestamp: Option<i64>) -> Option<i64> {
    timestamp.filter(|&time| time != LATEST)
}
