//! A walk over the cells of a table that looks at each key once and at no value in vain.

use super::keys::{self, Parts};
use super::storage::{Bytes, Snapshot, Walk};
use super::{Error, Result};

/// How many cells on the way to a place are passed one by one before the walk jumps.
const PATIENCE: usize = 16;

/// A walk up a range of keys, with the cell that it stands at.
pub(super) struct Walker<'a> {
    snapshot: &'a dyn Snapshot,
    to: Vec<u8>,
    walk: Box<dyn Walk>,
    item: Option<Item>,
    /// What the cells of the last row begin with.
    row: Vec<u8>,
}

/// A cell as it is stored; its value is there if it was wanted.
pub(super) struct Item {
    key: Bytes,
    pub(super) value: Option<Bytes>,
    row_end: usize,
}

impl Item {
    pub(super) fn parts(&self) -> Result<Parts<'_>> {
        keys::parse_behind(&self.key, self.row_end).ok_or(Error::Damaged("a cell's key"))
    }

    pub(super) fn row_prefix(&self) -> &[u8] {
        &self.key[..self.row_end]
    }
}

/// Whether the value of a cell may be needed.
pub(super) type Wants<'a> = &'a dyn Fn(&Parts<'_>) -> bool;

impl<'a> Walker<'a> {
    /// Stands at the first cell of a range; an empty `to` is the table's end.
    pub(super) fn new(
        snapshot: &'a dyn Snapshot,
        from: &[u8],
        to: &[u8],
        wants: Wants<'_>,
    ) -> Result<Self> {
        let walk = snapshot.walk(from, to);
        let mut walker = Self { snapshot, to: to.to_vec(), walk, item: None, row: Vec::new() };
        walker.next(wants)?;
        Ok(walker)
    }

    pub(super) fn item(&self) -> Option<&Item> {
        self.item.as_ref()
    }

    pub(super) fn take_item(&mut self) -> Option<Item> {
        self.item.take()
    }

    /// Goes to the next cell.
    pub(super) fn next(&mut self, wants: Wants<'_>) -> Result<()> {
        self.step(&[], wants)?;
        Ok(())
    }

    /// Goes to the first cell at or behind a key, which lies behind the present one.
    pub(super) fn seek(&mut self, target: &[u8], wants: Wants<'_>) -> Result<()> {
        for _ in 0..PATIENCE {
            if self.step(target, wants)? {
                return Ok(());
            }
        }
        self.walk = self.snapshot.walk(target, &self.to);
        self.next(wants)
    }

    /// Goes on by one cell, and says whether it lies at or behind the target.
    fn step(&mut self, target: &[u8], wants: Wants<'_>) -> Result<bool> {
        let loads = |key: &[u8]| key >= target && keys::parse(key).is_some_and(|key| wants(&key));
        let Some((key, value)) = self.walk.next(&loads)? else {
            self.item = None;
            return Ok(true);
        };
        let is_there = *key >= *target;
        // The end of a row is found nowhere else in a key that begins like the row.
        if self.row.is_empty() || !key.starts_with(&self.row) {
            let end = keys::row_end(&key).ok_or(Error::Damaged("a cell's key"))?;
            self.row.clear();
            self.row.extend_from_slice(&key[..end]);
        }
        let row_end = self.row.len();
        self.item = Some(Item { key, value, row_end });
        Ok(is_there)
    }
}
