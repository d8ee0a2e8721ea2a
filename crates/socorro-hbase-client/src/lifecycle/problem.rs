//! What can be wrong with a crash and the rows that name it, and when that is certain.

use std::fmt;

use super::state::StoredCrash;
use crate::{
    layout::{self, IndexCell, SearchRow},
    model::CrashId,
};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A crash isn't in an index that should name it.
    MissingIndexRow,
    /// An index or a queue names a crash that isn't there.
    OrphanIndexRow,
    /// An index or a queue names a crash under a key that isn't, or is no longer, the crash's.
    StaleIndexRow,
    /// An index or a queue has a row that names nothing.
    MalformedIndexRow,
    /// A queue holds a crash that was processed since.
    ProcessedInQueue,
    /// A submission stopped before the crash was counted.
    UnfinishedSubmission,
    /// What is left of a row that was removed while somebody else wrote to it, and holds no data: flags,
    /// a name, a claim.
    LeftoverRow,
    /// A row has data of a crash, but no metadata, which every client writes first: the crash was removed
    /// while somebody wrote to it, or somebody wrote to one that was never submitted.
    LateData,
    /// Metadata can't be read, and with it what indexes and counters should have of the crash.
    UnreadableMetadata,
    /// A counter isn't what is stored: of submissions lower, of a queue's size lower or higher.
    WrongCounter,
    /// What stands in a counter's place is none: nothing can be added to it, and what it was is unknown.
    MalformedCounter,
}

impl ProblemKind {
    /// A stable name for programs, in small letters with underscores.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingIndexRow => "missing_index_row",
            Self::OrphanIndexRow => "orphan_index_row",
            Self::StaleIndexRow => "stale_index_row",
            Self::MalformedIndexRow => "malformed_index_row",
            Self::ProcessedInQueue => "processed_in_queue",
            Self::UnfinishedSubmission => "unfinished_submission",
            Self::LeftoverRow => "leftover_row",
            Self::LateData => "late_data",
            Self::UnreadableMetadata => "unreadable_metadata",
            Self::WrongCounter => "wrong_counter",
            Self::MalformedCounter => "malformed_counter",
        }
    }

    /// Whether a repair does anything about it.
    pub fn is_repairable(self) -> bool {
        self.advice().is_none()
    }

    /// What a person can do about a problem that no repair touches.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::LateData => Some(
                "it may be what arrived after the crash was removed: remove the crash once more, or \
                 submit it",
            ),
            Self::UnreadableMetadata => Some(
                "its rows in the hang indexes and its counters are not checked: submit it again with \
                 metadata that can be read, if that matters",
            ),
            _ => None,
        }
    }
}

/// What a repair did about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RepairOutcome {
    /// It was repaired. Of a queue's entry and of a counter, one of several repairs at the same time says so.
    Repaired,
    /// It was there no more: another repair was faster, or an earlier call of this one whose reply was lost,
    /// or somebody changed what it was about.
    AlreadySolved,
    /// It was left: no repair touches its kind, or something has moved since it was found, and the next
    /// check tells what is wrong now.
    Left,
}

impl RepairOutcome {
    /// A stable name for programs, in small letters with underscores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::AlreadySolved => "already_solved",
            Self::Left => "left",
        }
    }
}

/// One thing that is wrong, and where. `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// The table where it is wrong.
    pub table: &'static str,
    /// The row there.
    pub row: Vec<u8>,
    /// The column, `family:qualifier`.
    pub column: Vec<u8>,
    /// The crash that it is about, if it is one.
    pub id: Option<CrashId>,
    /// What a counter was; `None` if there was none.
    pub counter: Option<i64>,
    /// What has to be added to it.
    pub difference: i64,
}

impl Problem {
    pub(crate) fn of_entry(kind: ProblemKind, cell: IndexCell, id: Option<CrashId>) -> Self {
        let IndexCell { table, row, column } = cell;
        Self { kind, table, row, column, id, counter: None, difference: 0 }
    }

    /// Of a crash's own row.
    pub(crate) fn of_crash(kind: ProblemKind, stored: &StoredCrash, column: &str) -> Self {
        let cell = IndexCell {
            table: layout::CRASH_REPORTS,
            row: stored.row.clone(),
            column: column.into(),
        };
        Self::of_entry(kind, cell, Some(stored.id.clone()))
    }

    /// A counter as it is, and as it should be; `None` if there is nothing wrong with it.
    pub(crate) fn of_counter(
        row: &str,
        column: &str,
        counter: Option<i64>,
        right: i64,
    ) -> Option<Self> {
        let difference = right.saturating_sub(counter.unwrap_or_default());
        let cell = IndexCell { table: layout::METRICS, row: row.into(), column: column.into() };
        let problem = Self::of_entry(ProblemKind::WrongCounter, cell, None);
        (difference != 0).then_some(Self { counter, difference, ..problem })
    }

    pub(crate) fn of_malformed_counter(row: &[u8], column: String) -> Self {
        let cell =
            IndexCell { table: layout::METRICS, row: row.to_vec(), column: column.into_bytes() };
        Self::of_entry(ProblemKind::MalformedCounter, cell, None)
    }

    pub(crate) fn cell(&self) -> IndexCell {
        IndexCell { table: self.table, row: self.row.clone(), column: self.column.clone() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, difference, .. } = self;
        let (row, column) = (self.row.escape_ascii(), self.column.escape_ascii());
        let crash =
            self.id.as_ref().map_or_else(|| "a crash".to_owned(), |id| format!("crash {id}"));
        match self.kind {
            ProblemKind::MissingIndexRow => write!(f, "{table} lacks the row {row} of {crash}"),
            ProblemKind::OrphanIndexRow => {
                write!(f, "{table} names {crash} in its row {row}, but there is no such crash")
            }
            ProblemKind::StaleIndexRow => {
                write!(f, "{table} names {crash} in its row {row}, which isn't the crash's")
            }
            ProblemKind::MalformedIndexRow => {
                write!(f, "{table} names nothing in {column} of its row {row}")
            }
            ProblemKind::ProcessedInQueue => {
                write!(f, "{table} queues {crash} in its row {row}, but it was processed since")
            }
            ProblemKind::UnfinishedSubmission => {
                write!(f, "the submission of {crash} stopped before it was counted")
            }
            ProblemKind::LeftoverRow => write!(f, "{table} has a row {row} that holds nothing"),
            ProblemKind::LateData => {
                write!(f, "{table} has data of {crash}, but no metadata")
            }
            ProblemKind::UnreadableMetadata => write!(f, "the metadata of {crash} can't be read"),
            ProblemKind::MalformedCounter => write!(f, "{column} of {row} is no counter"),
            ProblemKind::WrongCounter => {
                write!(f, "{column} of {row} is wrong: what is stored differs by {difference:+}")
            }
        }?;
        self.kind.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

/// What is certainly wrong with a cell of an index, or an entry of a queue of this version, that names
/// a crash. Whether an entry under another time than the crash's is one too many depends on whether
/// there is one under the crash's own.
pub(crate) fn verdict(
    id: &CrashId,
    cell: &IndexCell,
    version: i64,
    stored: Option<&StoredCrash>,
    has_own_entry: bool,
) -> Option<ProblemKind> {
    let Some(stored) = stored else { return Some(ProblemKind::OrphanIndexRow) };
    let facts = &stored.facts;
    if cell.table == layout::SEARCH {
        let is_own = SearchRow::key(id, facts.submitted.as_deref()) == cell.row;
        if stored.is_leftover() {
            return Some(ProblemKind::OrphanIndexRow);
        }
        return (!is_own && facts.submitted.is_some()).then_some(ProblemKind::StaleIndexRow);
    }
    if layout::queue_size(cell.table).is_some() {
        if stored.is_leftover() {
            return Some(ProblemKind::OrphanIndexRow);
        }
        if !stored.is_requested(version) {
            return Some(ProblemKind::ProcessedInQueue);
        }
        let is_elsewhere = facts.submitted.is_some() && facts.queue_cell(cell.table, id) != *cell;
        return (is_elsewhere && has_own_entry).then_some(ProblemKind::StaleIndexRow);
    }
    if facts.indexes(id).contains(cell) {
        return None;
    }
    if stored.is_leftover() {
        return Some(ProblemKind::OrphanIndexRow);
    }
    let is_unknown = match cell.table {
        // The time in their keys is whatever the one who wrote them took.
        layout::LEGACY_PROCESSED | layout::PRIORITY_PROCESSED => true,
        layout::HANG_ID | layout::HANG_ID_SUBMITTED_TIME => {
            facts.hang.is_some() && facts.process_type.is_none() || facts.submitted.is_none()
        }
        layout::SIGNATURE_OOID => false,
        _ => facts.submitted.is_none(),
    };
    (!is_unknown).then_some(ProblemKind::StaleIndexRow)
}
