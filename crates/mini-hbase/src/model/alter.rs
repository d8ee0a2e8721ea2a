//! Tables changed: their families and options, or everything in them removed.
//!
//! A changed table takes the old one's place in the catalogue, and who holds the old one has to
//! ask again. A family's place is part of its cells' keys, so a table whose families get other places
//! is copied into a new space; a start that finds one without an entry removes it.

use std::sync::Arc;

use super::catalogue::find;
use super::storage::Batch;
use super::table::{Record, State};
use super::{Error, Family, Result, Store, Table, TableOptions, keys};

/// How many cells, and how many bytes of them, are written at once.
const PORTION: usize = 1_000;
const PORTION_BYTES: usize = 1 << 20;

impl Store {
    /// Gives a table the families and options that `change` makes of it, enabled or not. Cells of
    /// families that aren't among them are gone.
    pub(crate) fn alter_table(
        &self,
        name: &str,
        change: impl FnOnce(&Table) -> Result<(Vec<Family>, TableOptions)>,
    ) -> Result<()> {
        let mut tables = self.tables_for_change();
        let table = find(&tables, name)?;
        let mut state = table.state_for_change();
        let (mut families, options) = change(&table)?;
        families.sort_by(|a, b| a.name.cmp(&b.name));
        let mut record = Record { families, options, ..table.record(*state == State::Enabled) };
        let places = places(&table.families, &record.families);
        let stays = places.iter().enumerate().all(|(old, new)| Some(old) == new.map(usize::from));
        if !stays {
            record.id = self.new_table_id()?;
        }
        let new = self.open_table(name, record.clone())?;
        let replaced = || -> Result<()> {
            if !stays {
                self.copy(&table, &new, &places)?;
            }
            self.save(name, &record)
        };
        if let Err(error) = replaced() {
            if stays {
                self.purge.add(&table.space_name(), &table.families);
            } else {
                // If that fails as well, the next start does it.
                let _ = self.remove_cells(&new);
            }
            return Err(error);
        }
        *state = State::Replaced;
        tables.insert(name.to_owned(), Arc::new(new));
        if stays { Ok(()) } else { self.remove_cells(&table) }
    }

    /// Removes all that is in a disabled table, and enables it; its regions may stay.
    pub(crate) fn truncate_table(&self, name: &str, preserves_splits: bool) -> Result<()> {
        let mut tables = self.tables_for_change();
        let table = find(&tables, name)?;
        let mut state = table.disabled_for_change()?;
        let old = table.record(true);
        let splits = old.splits.into_iter().filter(|_| preserves_splits);
        let splits = splits.map(|split| split.start).collect();
        let record = self.new_record(old.families, splits, old.options)?;
        let new = self.open_table(name, record.clone())?;
        self.save(name, &record)?;
        *state = State::Replaced;
        tables.insert(name.to_owned(), Arc::new(new));
        self.remove_cells(&table)
    }

    /// Copies the cells of one table into another, where families have other places or none.
    fn copy(&self, from: &Table, to: &Table, places: &[Option<u16>]) -> Result<()> {
        let cells = from.space.snapshot();
        let mut walk = cells.walk(&[], &[]);
        let (mut batch, mut bytes) = (Batch::new(), 0);
        while let Some((key, value)) = walk.next(&|_| true)? {
            self.check_not_stopping()?;
            let cell = keys::parse(&key).ok_or(Error::Damaged("a cell's key"))?;
            let Some(Some(place)) = places.get(usize::from(cell.family)) else { continue };
            let value = value.map(|value| value.to_vec());
            bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            batch.push((keys::in_family(&key, &cell, *place), value));
            if batch.len() >= PORTION || bytes >= PORTION_BYTES {
                to.space.write(std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        let written = to.space.write(batch)?;
        to.space.wait(written)?;
        to.space.flush()
    }
}

/// The places that families have among others, of the same names and in the same order.
fn places(old: &[Family], new: &[Family]) -> Vec<Option<u16>> {
    let place = |family: &Family| {
        let found = new.binary_search_by(|other| other.name.cmp(&family.name));
        found.ok().map(|place| place as u16)
    };
    old.iter().map(place).collect()
}
