//! Reads of single rows, and the bounds that every read has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fjall::Snapshot;

use super::rows::{Cursor, Rows};
use super::{Error, Result, Store, Table};
use crate::model::Row;
use crate::query::Query;

/// How much a call may read into memory, and whether it should give up.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    max: usize,
    left: usize,
    stopping: Arc<AtomicBool>,
}

impl Limits {
    pub(crate) fn new(bytes: usize, stopping: Arc<AtomicBool>) -> Self {
        Self { max: bytes, left: bytes, stopping }
    }

    /// Whether more than half of the memory is taken.
    pub(crate) fn is_half_used(&self) -> bool {
        self.left < self.max / 2
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<()> {
        // A cell costs more than its bytes.
        const OVERHEAD: usize = 64;
        match self.left.checked_sub(bytes + OVERHEAD) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Error::DoNotRetry(format!(
                "the answer has more than {} bytes, which is mini-hbase's limit; ask for fewer \
                 rows or columns",
                self.max
            ))),
        }
    }

    /// # Errors
    /// When the server is being stopped.
    pub(crate) fn check(&self) -> Result<()> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Error::Io("the server is being stopped".to_owned()));
        }
        Ok(())
    }
}

impl Store {
    /// The state of all tables at this moment.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.database.snapshot()
    }

    /// The wanted cells of one row, in HBase's order; none if there is no such row.
    pub(crate) fn get(
        &self,
        table: &Table,
        row: &[u8],
        query: &Query,
        limits: &mut Limits,
    ) -> Result<Row> {
        let state = table.in_use()?;
        let snapshot = self.snapshot();
        drop(state);
        let cursor = Cursor::of_row(row);
        let mut rows = Rows::new(table, &snapshot, &cursor, query, false, self.now());
        let found = rows.next(limits)?;
        Ok(found.unwrap_or_else(|| Row { key: row.to_vec(), cells: Vec::new() }))
    }
}
