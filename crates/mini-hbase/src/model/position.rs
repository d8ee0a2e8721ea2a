//! Which part of a table a read is about, family by family, and how far it has come.

use super::filter::Filter;
use super::keys;
use super::request::{Bound, Choice, Query, Rows};
use super::{Error, Result, Table};

/// What a scanner of one family is to its scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyScanner {
    /// The family isn't asked for, or its scanner has ended.
    Closed,
    Open,
    /// Read after the filter let the row pass.
    OnDemand,
}

/// The part of a table that is still to be read, as a range of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) from: Vec<u8>,
    /// Empty for the table's end.
    pub(super) to: Vec<u8>,
    pub(super) reversed: bool,
    pub(super) scanners: Vec<FamilyScanner>,
}

impl Position {
    pub(super) fn new(rows: &Rows, reversed: bool, scanners: Vec<FamilyScanner>) -> Self {
        let (from, to) = match rows {
            Rows::Prefix(prefix) => keys::rows_with_prefix(prefix),
            Rows::Range { start, stop } => {
                let (low, high) = if reversed { (stop, start) } else { (start, stop) };
                (edge(low, !low.inclusive), edge(high, high.inclusive))
            }
        };
        Self { from, to, reversed, scanners }
    }

    /// Leaves out a row that was read, and all before it.
    pub(super) fn pass(&mut self, row_prefix: &[u8]) {
        if self.reversed {
            self.to = row_prefix.to_vec();
        } else {
            self.from = keys::after_row(row_prefix);
        }
    }

    /// The keys that were passed since this row was the next, with it.
    pub(super) fn passed_since(&self, row_prefix: &[u8]) -> (Vec<u8>, Vec<u8>) {
        if self.reversed {
            (self.to.clone(), keys::after_row(row_prefix))
        } else {
            (row_prefix.to_vec(), self.from.clone())
        }
    }

    pub(super) fn is_over(&self) -> bool {
        !self.to.is_empty() && self.to <= self.from
    }
}

/// The key before or behind a row; empty for the table's end.
fn edge(bound: &Bound, behind: bool) -> Vec<u8> {
    if bound.row.is_empty() {
        return Vec::new();
    }
    let prefix = keys::row(&bound.row);
    if behind { keys::after_row(&prefix) } else { prefix }
}

/// Which scanners a read of families takes its cells from: those that the filter needs, or those
/// that wait for it. It says for each family what its scanner has to be.
fn scanners(choices: &[Choice], table: &Table, filter: Option<&dyn Filter>) -> Vec<FamilyScanner> {
    let families = table.families.iter().zip(choices);
    families
        .map(|(family, choice)| match (choice, filter) {
            (Choice::Nothing, _) => FamilyScanner::Closed,
            (_, Some(filter)) if !filter.needs_family(&family.name) => FamilyScanner::OnDemand,
            _ => FamilyScanner::Open,
        })
        .collect()
}

/// What a read is about, for one table: found out once, before its first row.
pub(super) struct Plan {
    pub(super) choices: Vec<Choice>,
    pub(super) query: Query,
    pub(super) is_filtered: bool,
    pub(super) now: i64,
}

impl Plan {
    /// # Errors
    /// If a family doesn't exist, or if HBase refuses the scan.
    pub(super) fn new(
        table: &Table,
        query: &Query,
        rows: &Rows,
        reversed: bool,
        filter: Option<&dyn Filter>,
        now: i64,
    ) -> Result<(Self, Position)> {
        let choices = query.resolve(table)?;
        let scanners = scanners(&choices, table, filter);
        if reversed && scanners.contains(&FamilyScanner::OnDemand) {
            let text = "Reverse scan with loading CFs on demand is not supported";
            return Err(Error::DoNotRetry(text.to_owned()));
        }
        let position = Position::new(rows, reversed, scanners);
        let plan = Self { choices, query: query.clone(), is_filtered: filter.is_some(), now };
        Ok((plan, position))
    }
}
