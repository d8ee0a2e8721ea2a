//! Removes what no read returns, where somebody asks for it or a scan met much of it.

use super::purge::{Dropped, needs_value};
use super::storage::{Batch, Bytes};
use super::{Error, Result, Store, Table};

/// How many keys are removed at once.
const PORTION: usize = 1_000;
/// From so many rows without a cell on, in a row, a scan has them removed.
pub(super) const MANY_DEAD_ROWS: usize = 1_000;
/// How old the deletes of a row have to be that are removed with it, in milliseconds: until then
/// they hide puts that come late with a timestamp of their own.
const OLD: i64 = 5_000;

impl Store {
    /// Removes hidden cells and deletes of a table, as HBase does in a compaction of all files.
    pub(crate) fn compact(&self, table: &Table) -> Result<()> {
        let _state = table.in_use()?;
        self.sweep(table, &[], &[], |_| true)?;
        table.space.compact()
    }

    /// Removes the rows of a range that have no cell any more, so that nobody has to pass them.
    pub(super) fn remove_dead_rows(&self, table: &Table, from: &[u8], to: &[u8]) -> Result<()> {
        let old = self.now().saturating_sub(OLD);
        self.sweep(table, from, to, |row| row.is_dead && row.newest_delete < old)
    }

    fn sweep(
        &self,
        table: &Table,
        from: &[u8],
        to: &[u8],
        removes_deletes: impl Fn(&SweptRow) -> bool,
    ) -> Result<()> {
        let mut drops = self.purge.begin(&table.space_name());
        let cells = table.space.snapshot();
        let mut walk = cells.walk(from, to);
        let mut batch = Batch::new();
        let mut row = SweptRow::new();
        let mut written = None;
        loop {
            if drops.is_given_up() {
                return Err(Error::stopping());
            }
            let entry = walk.next(&needs_value)?;
            let is_same_row = entry.as_ref().is_some_and(|(key, _)| drops.is_in_present_row(key));
            if !is_same_row {
                // A row goes in one piece, or a read would see what its deletes have hidden.
                let deletes = removes_deletes(&row);
                let row = std::mem::replace(&mut row, SweptRow::new());
                let deletes = if deletes { row.deletes } else { Vec::new() };
                batch.extend(row.cells.into_iter().chain(deletes).map(|key| (key.to_vec(), None)));
                if batch.len() >= PORTION || (entry.is_none() && !batch.is_empty()) {
                    written = Some(table.space.write(std::mem::take(&mut batch))?);
                }
            }
            let Some((key, value)) = entry else {
                return written.map_or(Ok(()), |written| table.space.wait(written));
            };
            match drops.check(&key, value.as_deref()) {
                Dropped::No => row.is_dead = false,
                Dropped::Cell | Dropped::Late => row.cells.push(key),
                Dropped::Delete(timestamp) => {
                    row.newest_delete = row.newest_delete.max(timestamp);
                    row.deletes.push(key);
                }
            }
        }
    }
}

/// What may be removed of a row.
struct SweptRow {
    cells: Vec<Bytes>,
    deletes: Vec<Bytes>,
    newest_delete: i64,
    is_dead: bool,
}

impl SweptRow {
    fn new() -> Self {
        Self { cells: Vec::new(), deletes: Vec::new(), newest_delete: i64::MIN, is_dead: true }
    }
}
