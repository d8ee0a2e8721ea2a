//! Transitions as data: stages of steps.

use hbase_thrift_client::{CheckAndPut, Delete, Put};

use crate::{
    error::Part,
    layout::{self, IndexCell},
    model::CrashId,
};

/// What is done to one crash: one stage after the other, until one fails.
#[derive(Debug, Default)]
pub(crate) struct Transition {
    pub(crate) id: Option<CrashId>,
    pub(crate) stages: Vec<Stage>,
}

/// Steps that don't depend on one another, for one round trip.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) part: Part,
    /// What is true if one of them fails; `{}` stands for the tables where it did.
    pub(crate) state: &'static str,
    pub(crate) steps: Vec<Step>,
    /// What is done if the counters are known not to have moved.
    pub(crate) undo: Vec<Step>,
}

/// One step. All but `Count` may be done again at any time.
#[derive(Debug)]
pub(crate) enum Step {
    Put {
        table: &'static str,
        put: Put,
        bytes: usize,
        /// Whether it may share a call with others: only one without a time of its own.
        is_plain: bool,
    },
    Delete {
        table: &'static str,
        delete: Delete,
        is_plain: bool,
    },
    /// Where it finds something else than expected, the transition ends, as it should. The value that
    /// it puts is one that nobody else writes.
    Guard {
        table: &'static str,
        check: CheckAndPut,
        row: Vec<u8>,
        column: &'static str,
        /// What the column is expected to have.
        before: Option<Vec<u8>>,
        value: String,
        /// What must be in the row besides, with the guard's own column: read right after it, and where
        /// it isn't there, the value is taken back and the transition ends.
        beside: Option<&'static str>,
    },
    /// A put of a cell that isn't there: what is there stays, with its version. Of a queue's entry,
    /// `CountEntries` counts one that is new.
    PutIfAbsent {
        table: &'static str,
        check: CheckAndPut,
    },
    /// A queue's entry: new, to be counted by `CountEntries`, or there already, and then put again
    /// with a new version.
    Enqueue {
        cell: IndexCell,
        check: CheckAndPut,
    },
    /// Never done twice: where it is unknown whether it was done, it is not done again.
    Count(Count),
    /// One more for each entry that was new.
    CountEntries,
}

/// A counter's change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count {
    pub(crate) row: String,
    pub(crate) column: String,
    pub(crate) amount: i64,
}

impl Transition {
    pub(crate) fn of(id: &CrashId, stages: Vec<Stage>) -> Self {
        Self { id: Some(id.clone()), stages }
    }
}

impl Stage {
    pub(crate) fn new(part: Part, state: &'static str, steps: Vec<Step>) -> Self {
        Self { part, state, steps, undo: Vec::new() }
    }
}

impl Step {
    pub(crate) fn put(table: &'static str, put: Put) -> Self {
        Self::Put { table, put, bytes: 256, is_plain: true }
    }

    /// With so many bytes in it.
    pub(crate) fn large_put(table: &'static str, put: Put, bytes: usize) -> Self {
        Self::Put { table, put, bytes: 256 + bytes, is_plain: true }
    }

    pub(crate) fn put_at(table: &'static str, put: Put, timestamp: i64) -> Self {
        Self::Put { table, put: put.timestamp(timestamp), bytes: 256, is_plain: false }
    }

    pub(crate) fn put_if_absent(
        table: &'static str,
        row: impl Into<Vec<u8>>,
        column: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> Self {
        let (row, column) = (row.into(), column.into());
        let check = CheckAndPut::if_absent(row, column.clone()).put(column, value);
        Self::PutIfAbsent { table, check }
    }

    pub(crate) fn name_if_absent(cell: &IndexCell, id: &CrashId) -> Self {
        Self::put_if_absent(cell.table, cell.row.clone(), cell.column.clone(), id.as_bytes())
    }

    pub(crate) fn enqueue(cell: IndexCell, id: &CrashId) -> Self {
        let check = CheckAndPut::if_absent(cell.row.clone(), layout::IDS_OOID)
            .put(layout::IDS_OOID, id.as_bytes());
        Self::Enqueue { cell, check }
    }

    pub(crate) fn index(cell: &IndexCell, id: &CrashId) -> Self {
        Self::put(cell.table, cell.put(id))
    }

    /// Of columns, in all their versions.
    pub(crate) fn delete(table: &'static str, delete: Delete) -> Self {
        Self::Delete { table, delete, is_plain: true }
    }

    /// Of a whole row, or up to a time.
    pub(crate) fn delete_alone(table: &'static str, delete: Delete) -> Self {
        Self::Delete { table, delete, is_plain: false }
    }

    pub(crate) fn count(row: impl Into<String>, column: impl Into<String>, amount: i64) -> Self {
        Self::Count(Count { row: row.into(), column: column.into(), amount })
    }

    /// A change of a queue's size; `None` for a table that is no queue.
    pub(crate) fn size(table: &str, amount: i64) -> Option<Self> {
        let column = layout::queue_size(table)?;
        Some(Self::count(layout::QUEUE_SIZES_ROW, column, amount))
    }
}
