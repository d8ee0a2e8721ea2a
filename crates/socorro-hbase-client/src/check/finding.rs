//! What a check finds.

use std::fmt;

use crate::{ooid::Ooid, traces::Trace};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// A crash isn't in an index that should name it.
    MissingIndexRow,
    /// An index or a queue names a crash that isn't there.
    OrphanIndexRow,
    /// An index or a queue names a crash under a key that isn't, or is no longer, the crash's.
    StaleIndexRow,
    /// An index or a queue names something that is no crash.
    MalformedIndexRow,
    /// The general or the legacy queue holds a crash that is processed.
    ProcessedInQueue,
    /// A submission stopped before the crash was counted.
    UnfinishedSubmission,
    /// What is left of a row that was removed while somebody else wrote to it.
    LeftoverRow,
    /// A counter isn't what is stored.
    WrongCounter,
    /// What stands in a counter's place is none: nothing can be added to it, so submissions fail.
    MalformedCounter,
}

/// One thing that is wrong, and where. `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// The table where it is wrong.
    pub table: &'static str,
    /// The row there.
    pub row: Vec<u8>,
    /// The column, `family:qualifier`.
    pub column: String,
    /// The crash that it is about, if it is one.
    pub ooid: Option<Ooid>,
    /// What a counter was, eight bytes as a number; `None` where there was none.
    pub counter: Option<i64>,
    /// What has to be added to it.
    pub difference: i64,
}

impl Finding {
    pub(super) fn of_trace(kind: FindingKind, trace: Trace, ooid: Option<Ooid>) -> Self {
        let Trace { table, row, column } = trace;
        Self { kind, table, row, column, ooid, counter: None, difference: 0 }
    }

    /// A counter as it is, and as it should be; `None` if there is nothing wrong with it.
    pub(super) fn of_counter(
        row: &str,
        column: &str,
        counter: Option<i64>,
        right: i64,
    ) -> Option<Self> {
        let difference = right.saturating_sub(counter.unwrap_or_default());
        let finding = Self {
            kind: FindingKind::WrongCounter,
            table: crate::schema::METRICS,
            row: row.as_bytes().to_vec(),
            column: column.to_owned(),
            ooid: None,
            counter,
            difference,
        };
        (difference != 0).then_some(finding)
    }

    pub(super) fn of_malformed_counter(row: &[u8], column: String) -> Self {
        let trace = Trace { table: crate::schema::METRICS, row: row.to_vec(), column };
        Self::of_trace(FindingKind::MalformedCounter, trace, None)
    }

    pub(super) fn trace(&self) -> Trace {
        Trace { table: self.table, row: self.row.clone(), column: self.column.clone() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column, difference, .. } = self;
        let row = self.row.escape_ascii();
        let crash = self.ooid.map_or_else(|| "a crash".to_owned(), |ooid| format!("crash {ooid}"));
        match self.kind {
            FindingKind::MissingIndexRow => write!(f, "{table} lacks the row {row} of {crash}"),
            FindingKind::OrphanIndexRow => {
                write!(f, "{table} names {crash} in its row {row}, but there is no such crash")
            }
            FindingKind::StaleIndexRow => {
                write!(f, "{table} names {crash} in its row {row}, which isn't the crash's")
            }
            FindingKind::MalformedIndexRow => {
                write!(f, "{table} has no ooid in {column} of its row {row}")
            }
            FindingKind::ProcessedInQueue => {
                write!(f, "{table} queues {crash} in its row {row}, but it is processed")
            }
            FindingKind::UnfinishedSubmission => {
                write!(f, "the submission of {crash} stopped before it was counted")
            }
            FindingKind::LeftoverRow => write!(f, "{table} has a row {row} that holds nothing"),
            FindingKind::MalformedCounter => write!(f, "{column} of {row} is no counter"),
            FindingKind::WrongCounter => {
                write!(f, "{column} of {row} is wrong: what is stored differs by {difference:+}")
            }
        }
    }
}
