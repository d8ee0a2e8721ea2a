//! The rows of indexes and queues that name a crash.
//!
//! For one answer to "where is it named?", whatever is done with those cells.

use std::collections::BTreeSet;

use hbase_thrift_client::{Delete, Get, Put, Row};

use super::{keys, schema};
use crate::model::CrashId;

/// What decides where a crash is named: as it is stored, which other programs don't check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) submitted: Option<Vec<u8>>,
    pub(crate) is_legacy: bool,
    pub(crate) hang: Option<Vec<u8>>,
    /// `None` if it is unknown, and with it where the hang's cells are.
    pub(crate) process_type: Option<Vec<u8>>,
    pub(crate) signature: Option<Vec<u8>>,
    /// When it was processed.
    pub(crate) completed: Option<Vec<u8>>,
}

/// A cell in an index or a queue whose value is the crash's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IndexCell {
    pub(crate) table: &'static str,
    pub(crate) row: Vec<u8>,
    pub(crate) column: Vec<u8>,
}

impl Facts {
    /// The cells that indexes should have, as far as that is known, without the queues.
    pub(crate) fn indexes(&self, id: &CrashId) -> BTreeSet<IndexCell> {
        let mut cells = BTreeSet::new();
        if let Some(submitted) = &self.submitted {
            let row = keys::time_row(id, submitted);
            cells.insert(IndexCell::new(schema::SUBMITTED_TIME, row.clone()));
            if self.is_legacy {
                cells.insert(IndexCell::new(schema::LEGACY_SUBMITTED_TIME, row));
            }
        }
        if let Some(signature) = &self.signature {
            cells.insert(IndexCell::of_signature(id, signature));
        }
        cells.extend(self.hang_indexes());
        cells
    }

    /// Where else a crash may be named for good.
    pub(crate) fn processed_indexes(&self, id: &CrashId) -> BTreeSet<IndexCell> {
        let times = self.submitted.iter().chain(&self.completed);
        let cells = times.flat_map(|time| {
            let row = keys::time_row(id, time);
            [schema::LEGACY_PROCESSED, schema::PRIORITY_PROCESSED]
                .map(|table| IndexCell::new(table, row.clone()))
        });
        cells.collect()
    }

    /// Its entry in a queue, whether it is there or not.
    pub(crate) fn queue_cell(&self, table: &'static str, id: &CrashId) -> IndexCell {
        let time = self.submitted.as_deref().unwrap_or(keys::NO_TIME);
        IndexCell::new(table, keys::time_row(id, time))
    }

    pub(crate) fn hang_indexes(&self) -> impl Iterator<Item = IndexCell> {
        let hang = self.hang.as_deref().filter(|hang| !hang.is_empty());
        let hang = hang.zip(self.process_type.as_deref());
        let by_time =
            hang.zip(self.submitted.as_deref()).map(|((hang, process_type), submitted)| {
                (schema::HANG_ID_SUBMITTED_TIME, keys::hang_time_row(hang, submitted), process_type)
            });
        let by_id = hang.map(|(hang, process_type)| (schema::HANG_ID, hang.to_vec(), process_type));
        by_time.into_iter().chain(by_id).map(|(table, row, process_type)| IndexCell {
            table,
            row,
            column: keys::hang_column(process_type),
        })
    }
}

impl IndexCell {
    pub(crate) fn new(table: &'static str, row: Vec<u8>) -> Self {
        Self { table, row, column: keys::IDS_OOID.into() }
    }

    pub(crate) fn of_signature(id: &CrashId, signature: &[u8]) -> Self {
        Self::new(schema::SIGNATURE_OOID, keys::signature_row(signature, id))
    }

    pub(crate) fn put(&self, id: &CrashId) -> Put {
        Put::new(self.row.clone()).column(self.column.clone(), id.as_bytes())
    }

    pub(crate) fn get(&self) -> Get {
        Get::new(self.row.clone()).column(self.column.clone())
    }

    /// With what a queue's workers have written beside it.
    pub(crate) fn get_with_claim(&self) -> Get {
        self.get().column(keys::CLAIM)
    }

    pub(crate) fn delete(&self) -> Delete {
        Delete::row(self.row.clone()).column(self.column.clone())
    }

    /// Whether it is an entry of a queue. What else stands in a queue's rows is nobody's.
    pub(crate) fn is_entry(&self) -> bool {
        keys::queue_size(self.table).is_some() && self.column == keys::IDS_OOID.as_bytes()
    }

    /// The same place in the other queue.
    pub(crate) fn in_other_queue(&self) -> Self {
        let [general, legacy] = keys::QUEUES;
        let other = if self.table == general { legacy } else { general };
        Self::new(other, self.row.clone())
    }

    pub(crate) fn is_of_hang(&self) -> bool {
        self.column != keys::IDS_OOID.as_bytes()
    }

    /// Whether the cell that was read names this crash.
    pub(crate) fn names(&self, row: Option<&Row>, id: &CrashId) -> bool {
        row.and_then(|row| row.get(&self.column)) == Some(id.as_bytes())
    }
}
