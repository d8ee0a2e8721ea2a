//! Changing a row on a condition.

use super::{RowMutations, check_cell_column, check_row};
use crate::error::{Error, Result};
use crate::filter::CompareOp;

/// Changes a row if one of its cells is as expected, in one atomic step.
///
/// The newest version of the cell is looked at. To HBase a cell with an empty value is an absent one.
///
/// ```
/// use hbase_thrift_client::{CheckAndMutate, CompareOp, Delete, Put, RowMutations};
///
/// // Only if the row's version is older than this one.
/// let newer = RowMutations::new("row1")
///     .put(Put::new("row1").column("doc:text", "…").column("doc:version", 7_u64.to_be_bytes()))
///     .delete(Delete::row("row1").family("cache"));
/// let check = CheckAndMutate::if_matches("row1", "doc:version", CompareOp::Less, 7_u64.to_be_bytes())
///     .mutate(newer);
/// assert_eq!(check.get_mutations().get_mutations().len(), 2);
///
/// // Only if somebody has it.
/// let release = RowMutations::new("row1").delete(Delete::row("row1").column("claims:taker"));
/// let check = CheckAndMutate::if_present("row1", "claims:taker").mutate(release);
/// assert_eq!((check.get_row(), check.get_column()), (&b"row1"[..], &b"claims:taker"[..]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckAndMutate {
    pub(crate) row: Vec<u8>,
    pub(crate) column: Vec<u8>,
    pub(crate) condition: Condition,
    pub(crate) mutations: RowMutations,
}

/// What a cell has to be.
///
/// ```
/// use hbase_thrift_client::{CheckAndMutate, Condition};
///
/// let check = CheckAndMutate::if_absent("row1", "claims:taker");
/// assert_eq!(check.get_condition(), &Condition::Absent);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// There is no such cell, or its value is empty.
    Absent,
    /// There is such a cell, and its value is not empty.
    Present,
    /// The cell's value stands so to this one, in byte order. It never does where there is no such
    /// cell: not even `NotEqual` holds.
    Matches(CompareOp, Vec<u8>),
}

impl CheckAndMutate {
    /// If the column (`family:qualifier`) has exactly this value.
    pub fn if_equal(
        row: impl Into<Vec<u8>>,
        column: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> Self {
        Self::if_matches(row, column, CompareOp::Equal, value)
    }

    /// If the column's value stands so to this one: with `Less`, if what is stored is less.
    pub fn if_matches(
        row: impl Into<Vec<u8>>,
        column: impl Into<Vec<u8>>,
        op: CompareOp,
        value: impl Into<Vec<u8>>,
    ) -> Self {
        Self::new(row.into(), column.into(), Condition::Matches(op, value.into()))
    }

    /// If the row has no such column, or an empty value in it.
    pub fn if_absent(row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>) -> Self {
        Self::new(row.into(), column.into(), Condition::Absent)
    }

    /// If the row has such a column with a value that is not empty.
    pub fn if_present(row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>) -> Self {
        Self::new(row.into(), column.into(), Condition::Present)
    }

    fn new(row: Vec<u8>, column: Vec<u8>, condition: Condition) -> Self {
        let mutations = RowMutations::new(row.clone());
        Self { row, column, condition, mutations }
    }

    /// Then makes these changes to the same row. Replaces what was named before.
    pub fn mutate(mut self, mutations: RowMutations) -> Self {
        self.mutations = mutations;
        self
    }

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    /// Returns the column that is looked at.
    pub fn get_column(&self) -> &[u8] {
        &self.column
    }

    /// Returns what the column has to be.
    pub fn get_condition(&self) -> &Condition {
        &self.condition
    }

    /// Returns the changes.
    pub fn get_mutations(&self) -> &RowMutations {
        &self.mutations
    }

    pub(crate) fn check(&self, max_cell_size: usize) -> Result<()> {
        check_row(&self.row)?;
        check_cell_column(&self.column)?;
        if let Condition::Matches(op, value) = &self.condition
            && value.is_empty()
        {
            let instead = match op {
                CompareOp::NotEqual => "CheckAndMutate::if_present",
                _ => "CheckAndMutate::if_absent",
            };
            return Err(Error::invalid(format!(
                "the check compares with an empty value, which HBase takes for an absent one \
                 whatever the operator: say {instead}"
            )));
        }
        if self.mutations.is_empty() {
            return Err(Error::invalid("the check names nothing to do then"));
        }
        if self.mutations.row != self.row {
            return Err(Error::invalid("the check and the mutations are of different rows"));
        }
        self.mutations.check(max_cell_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Put;

    fn refusal(check: &CheckAndMutate) -> String {
        check.check(1000).unwrap_err().to_string()
    }

    #[test]
    fn what_stands_for_absence_is_said_as_such() {
        let mutations = RowMutations::new("r").put(Put::new("r").column("f:a", "1"));
        let check = |op| CheckAndMutate::if_matches("r", "f:a", op, "").mutate(mutations.clone());
        assert!(refusal(&check(CompareOp::NotEqual)).contains("if_present"));
        for op in [CompareOp::Equal, CompareOp::Less, CompareOp::GreaterOrEqual] {
            assert!(refusal(&check(op)).contains("if_absent"));
        }
        for check in [
            CheckAndMutate::if_absent("r", "f:a"),
            CheckAndMutate::if_present("r", "f:a"),
            CheckAndMutate::if_equal("r", "f:a", "x"),
        ] {
            assert!(check.mutate(mutations.clone()).check(1000).is_ok());
        }
    }

    #[test]
    fn there_is_something_to_do_in_the_same_row() {
        assert!(refusal(&CheckAndMutate::if_absent("r", "f:a")).contains("nothing to do"));
        let other = RowMutations::new("s").put(Put::new("s").column("f:a", "1"));
        let check = CheckAndMutate::if_absent("r", "f:a").mutate(other);
        assert!(refusal(&check).contains("different rows"));
    }
}
