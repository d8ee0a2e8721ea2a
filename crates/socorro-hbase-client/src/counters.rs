//! Counters as they are stored: eight bytes each, in the rows of minutes, hours, days, months, years.

use std::collections::BTreeMap;

use hbase_thrift_client::{FromCell, Row};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorKind, Result},
    layout,
    model::LegacyProcessing,
};

/// The crashes that were submitted in a period, as they were counted.
///
/// Socorro's Python client lets counters drift, even below zero; they are what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionCounters(BTreeMap<String, i64>);

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
        self.0.iter().filter_map(move |(name, count)| {
            Some((name.strip_prefix(before)?.strip_suffix(after)?, *count))
        })
    }

    /// All counters by the names of their columns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }

    pub(crate) fn get(&self, column: &str) -> i64 {
        self.find(column).unwrap_or_default()
    }

    /// `None` for a counter that isn't there, which reads as zero.
    pub(crate) fn find(&self, column: &str) -> Option<i64> {
        self.0.get(column).copied()
    }

    pub(crate) fn add(&mut self, column: String) {
        *self.0.entry(column).or_default() += 1;
    }

    pub(crate) fn of_row(row: &Row) -> Result<Self> {
        let (counters, malformed) = Self::of_sound_cells(row);
        let Some(name) = malformed.first() else { return Ok(counters) };
        let row = row.key().escape_ascii();
        let message = format!("the counter {name} of {row} has not eight bytes");
        Err(Error::new(ErrorKind::MalformedCounter, message))
    }

    /// And the names of those that aren't counters.
    pub(crate) fn of_sound_cells(row: &Row) -> (Self, Vec<String>) {
        let (mut counters, mut malformed) = (BTreeMap::new(), Vec::new());
        for cell in row.cells() {
            let name = String::from_utf8_lossy(&cell.column().to_vec()).into_owned();
            match i64::from_cell(cell.value()) {
                Ok(count) => {
                    counters.insert(name, count);
                }
                Err(_) => malformed.push(name),
            }
        }
        (Self(counters), malformed)
    }
}
