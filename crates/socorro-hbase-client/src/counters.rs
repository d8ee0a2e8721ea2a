//! Counters as they are stored: eight bytes each, in the rows of minutes, hours, days, months, years.

use std::collections::BTreeMap;

use hbase_thrift_client::{Cell, FromCell, Row};
use serde::{Deserialize, Serialize};

use crate::{layout, model::LegacyProcessing};

/// The crashes that were submitted in a period, as they were counted.
///
/// Socorro's Python client lets counters drift, even below zero; they are what is stored. What stands in
/// a counter's place and is none is [unknown](Self::unknown), and passes for zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionCounters(BTreeMap<String, Option<i64>>);

impl SubmissionCounters {
    /// All crashes.
    pub fn submitted(&self) -> i64 {
        self.get(layout::SUBMITTED)
    }

    /// The crashes about which the throttler decided so.
    pub fn throttled(&self, decision: LegacyProcessing) -> i64 {
        self.get(&format!("{}{}", layout::THROTTLED, decision.number()))
    }

    /// The hangs, each with two crashes of which one is counted here.
    pub fn hang_pairs(&self) -> i64 {
        self.get(layout::HANG_PAIRS)
    }

    /// The crashes of other processes than the main one, without hangs, by type of process.
    pub fn by_process_type(&self) -> impl Iterator<Item = (&str, i64)> {
        let (before, after) = layout::OUT_OF_PROCESS;
        self.iter().filter_map(move |(name, count)| {
            Some((name.strip_prefix(before)?.strip_suffix(after)?, count))
        })
    }

    /// All counters that are known, by the names of their columns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().filter_map(|(name, count)| Some((name.as_str(), (*count)?)))
    }

    /// The columns of counters of submissions that hold no counter, so that it is unknown how many there
    /// were. A check names them, and their repair brings back what is stored.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        let unknown = self.0.iter().filter(|(_, count)| count.is_none());
        unknown.map(|(name, _)| name.as_str()).filter(|name| layout::is_of_submissions(name))
    }

    pub(crate) fn get(&self, column: &str) -> i64 {
        self.find(column).unwrap_or_default()
    }

    /// `None` for a counter that isn't there, which reads as zero, and for what is none.
    pub(crate) fn find(&self, column: &str) -> Option<i64> {
        self.0.get(column).copied().flatten()
    }

    pub(crate) fn is_unknown(&self, column: &str) -> bool {
        self.0.get(column).is_some_and(Option::is_none)
    }

    pub(crate) fn add(&mut self, column: String) {
        *self.0.entry(column).or_default().get_or_insert_default() += 1;
    }

    /// The only place where it is decided what a counter is: eight bytes.
    pub(crate) fn of_row(row: &Row) -> Self {
        let counter = |cell: Cell<'_>| {
            let name = String::from_utf8_lossy(&cell.column().to_vec()).into_owned();
            (name, i64::from_cell(cell.value()).ok())
        };
        Self(row.cells().map(counter).collect())
    }
}
