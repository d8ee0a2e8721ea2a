//! Calls that read a row and write it: increment, append, check-and-mutate.
//!
//! The row's lock is held in between, so none of them is lost to another.

use super::filter::Operator;
use super::read::{Newest, newest};
use super::write::{Content, Edit, WritePlan, Writes};
use super::{Error, Result, Table};

const COUNTER_LEN: usize = 8;
/// What a value takes beside its bytes in an answer.
const ANSWER: usize = 64;
/// What a region server counts of a cell beside its names and its value.
const CELL_OVERHEAD: usize = 24;

/// What a column has to be like for a change to be made.
pub(crate) struct Check<'a> {
    pub(crate) family: u16,
    pub(crate) qualifier: &'a [u8],
    pub(crate) operator: Operator,
    /// An empty one stands for a column that is absent or empty.
    pub(crate) value: &'a [u8],
}

/// What is put at the end of a column's value, or added to it.
pub(crate) struct Addition<T> {
    pub(crate) family: u16,
    pub(crate) qualifier: Vec<u8>,
    pub(crate) amount: T,
    /// In milliseconds; without it, the new cell lives as long as the one before.
    pub(crate) time_to_live: Option<i64>,
}

impl Writes<'_> {
    /// Adds to counters of one row, which are 0 while they are absent, and returns the sums with their times.
    pub(crate) fn increment(
        &self,
        table: &Table,
        row: &[u8],
        additions: &[Addition<i64>],
    ) -> Result<Vec<(i64, i64)>> {
        self.with_rows(table, [row].into_iter(), |plan| {
            let mut sums = Vec::with_capacity(additions.len());
            for Addition { family, qualifier, amount, time_to_live } in additions {
                let column = (*family, qualifier.as_slice());
                let old = plan.newest(row, column)?;
                let before = match &old {
                    Some(old) => counter(&old.value)?,
                    None => 0,
                };
                // Wraps around as Java's addition does.
                let sum = before.wrapping_add(*amount);
                let old = old.as_ref();
                let time = plan.replace(row, column, old, (*time_to_live, &sum.to_be_bytes()))?;
                sums.push((time, sum));
            }
            Ok(sums)
        })
    }

    /// Adds to the ends of columns of one row, and returns their whole values with their times.
    ///
    /// # Errors
    /// If a cell would become larger than `max_cell`.
    pub(crate) fn append(
        &self,
        table: &Table,
        row: &[u8],
        additions: &[Addition<Vec<u8>>],
        max_cell: usize,
    ) -> Result<Vec<(i64, Vec<u8>)>> {
        self.with_rows(table, [row].into_iter(), |plan| {
            let mut answers = Vec::with_capacity(additions.len());
            for Addition { family, qualifier, amount, time_to_live } in additions {
                let column = (*family, qualifier.as_slice());
                let old = plan.newest(row, column)?;
                let before = old.as_ref().map(|old| old.value.as_slice()).unwrap_or_default();
                let length = before.len() + amount.len();
                let name = table.families.get(usize::from(*family)).map_or(0, |one| one.name.len());
                let size = CELL_OVERHEAD + row.len() + name + qualifier.len() + length;
                if size > max_cell {
                    return Err(Error::CellTooLarge { size, max: max_cell });
                }
                // Nothing is appended whose answer has no room: the client would append it again.
                let answer = self.share.take(length + ANSWER);
                let answer = answer.and_then(|()| self.share.set_aside(length + ANSWER));
                answer.map_err(Error::NoMemory)?;
                let whole = [before, amount.as_slice()].concat();
                let time = plan.replace(row, column, old.as_ref(), (*time_to_live, &whole))?;
                answers.push((time, whole));
            }
            Ok(answers)
        })
    }

    /// Makes changes if a column is as it has to be, and says whether it was.
    pub(crate) fn check_and_mutate(
        &self,
        table: &Table,
        row: &[u8],
        check: &Check<'_>,
        edits: &[Edit],
    ) -> Result<bool> {
        self.with_rows(table, [row].into_iter(), |plan| {
            let found = plan.newest(row, (check.family, check.qualifier))?;
            let holds = check.holds(found.as_ref().map(|newest| newest.value.as_slice()));
            if holds {
                let not_before = found.map(|newest| newest.timestamp);
                for edit in edits {
                    plan.edit(row, edit, not_before)?;
                }
            }
            Ok(holds)
        })
    }
}

impl Check<'_> {
    /// `HRegion.checkAndMutateInternal`.
    fn holds(&self, found: Option<&[u8]>) -> bool {
        match found {
            _ if self.value.is_empty() => {
                found.is_none_or(<[u8]>::is_empty) == (self.operator != Operator::NotEqual)
            }
            Some(found) => self.operator.holds(self.value.cmp(found)),
            None => false,
        }
    }
}

impl WritePlan<'_> {
    /// The newest version of a column of a locked row, as it was before the plan.
    pub(super) fn newest(&self, row: &[u8], column: (u16, &[u8])) -> Result<Option<Newest>> {
        let newest = newest(self.table, row, column, self.now)?;
        self.take(newest.as_ref().map_or(0, |newest| newest.value.len()))?;
        Ok(newest)
    }

    /// Writes a newer version of a cell (`HRegion.reckonDelta`).
    fn replace(
        &mut self,
        row: &[u8],
        column: (u16, &[u8]),
        old: Option<&Newest>,
        (time_to_live, new): Content<'_>,
    ) -> Result<i64> {
        // Wraps around as Java's addition does.
        let not_before = old.map_or(i64::MIN, |old| old.timestamp.wrapping_add(1));
        let time = self.put_time(row, column, not_before);
        let time_to_live = time_to_live.or_else(|| old?.time_to_live);
        self.put(row, column, time, (time_to_live, new))?;
        Ok(time)
    }
}

fn counter(value: &[u8]) -> Result<i64> {
    let bytes: [u8; COUNTER_LEN] = value.try_into().map_err(|_| {
        Error::DoNotRetry(format!("Field is not a long, it's {} bytes wide", value.len()))
    })?;
    Ok(i64::from_be_bytes(bytes))
}
