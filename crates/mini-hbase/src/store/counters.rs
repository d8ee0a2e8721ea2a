//! Calls that read a cell and write it again: increment, append, check-and-put.
//!
//! The row's lock is held in between, so none of them is lost to another.

use super::write::{Edit, Plan};
use super::{Error, Result, Store, Table, keys, value};

const COUNTER_LEN: usize = 8;

/// The newest version of a column.
struct Newest {
    timestamp: i64,
    time_to_live: Option<i64>,
    value: Vec<u8>,
}

impl Store {
    /// Adds to a counter, which is 0 while it is absent, and answers the sum.
    pub(crate) fn increment(
        &self,
        table: &Table,
        row: &[u8],
        (family, qualifier): (u16, &[u8]),
        amount: i64,
    ) -> Result<i64> {
        self.with_rows(table, [row].into_iter(), |plan| {
            let old = plan.newest(row, family, qualifier)?;
            let before = match &old {
                Some(old) => counter(&old.value)?,
                None => 0,
            };
            // Wraps around as Java's addition does.
            let sum = before.wrapping_add(amount);
            plan.replace(row, (family, qualifier), old.as_ref(), &sum.to_be_bytes())?;
            Ok(sum)
        })
    }

    /// Adds to the ends of columns of one row, and answers their whole values with their times.
    pub(crate) fn append(
        &self,
        table: &Table,
        row: &[u8],
        additions: &[(u16, Vec<u8>, Vec<u8>)],
    ) -> Result<Vec<(i64, Vec<u8>)>> {
        self.with_rows(table, [row].into_iter(), |plan| {
            let mut answers = Vec::with_capacity(additions.len());
            for (family, qualifier, addition) in additions {
                let old = plan.newest(row, *family, qualifier)?;
                let mut whole = old.as_ref().map(|old| old.value.clone()).unwrap_or_default();
                whole.extend(addition);
                let time = plan.replace(row, (*family, qualifier), old.as_ref(), &whole)?;
                answers.push((time, whole));
            }
            Ok(answers)
        })
    }

    /// Makes one change if a column has a value, or, for an empty one, none or an empty one.
    pub(crate) fn check_and_put(
        &self,
        table: &Table,
        row: &[u8],
        (family, qualifier): (u16, &[u8]),
        expected: &[u8],
        edit: &Edit,
    ) -> Result<bool> {
        self.with_rows(table, [row].into_iter(), |plan| {
            let found = plan.newest(row, family, qualifier)?;
            let holds = found.map(|newest| newest.value).unwrap_or_default() == expected;
            if holds {
                plan.edit(row, edit)?;
            }
            Ok(holds)
        })
    }
}

impl Plan<'_> {
    fn newest(&self, row: &[u8], family: u16, qualifier: &[u8]) -> Result<Option<Newest>> {
        let column = keys::column(&keys::row(row), family, qualifier);
        let oldest = self.table.families.get(usize::from(family));
        let oldest = oldest.map_or(i64::MIN, |family| family.oldest_alive(self.now));
        let range = column.clone()..keys::after(&column);
        for guard in self.table.cells.range(range) {
            let (key, bytes) = guard.into_inner()?;
            let parts = keys::parse(&key).ok_or(Error::Damaged("a cell's key"))?;
            let stored = value::decode(&bytes)?;
            if parts.timestamp < oldest {
                return Ok(None);
            }
            if !stored.is_over(parts.timestamp, self.now) {
                return Ok(Some(Newest {
                    timestamp: parts.timestamp,
                    time_to_live: stored.time_to_live,
                    value: stored.value.to_vec(),
                }));
            }
        }
        Ok(None)
    }

    /// Writes a newer version of a cell, which lives as long as the one before.
    fn replace(
        &mut self,
        row: &[u8],
        (family, qualifier): (u16, &[u8]),
        old: Option<&Newest>,
        new: &[u8],
    ) -> Result<i64> {
        // Never older than what it replaces, or it would not be seen.
        let time = self.put_time(row, None).max(old.map_or(0, |old| old.timestamp));
        let stored = value::encode(old.and_then(|old| old.time_to_live), new);
        self.put(&keys::row(row), family, qualifier, time, stored)?;
        Ok(time)
    }
}

fn counter(value: &[u8]) -> Result<i64> {
    let bytes: [u8; COUNTER_LEN] = value.try_into().map_err(|_| {
        Error::DoNotRetry(format!("Field is not a long, it's {} bytes wide", value.len()))
    })?;
    Ok(i64::from_be_bytes(bytes))
}
