//! One open table: its families, its state, and the keyspace with its cells.
//!
//! Creating, finding and dropping tables is left to `tables`.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::storage::Space;
use super::{Error, Result, show};

/// A table's entry in the catalogue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Never given twice, so that the files of a dropped table are not its successor's.
    pub(crate) id: u64,
    pub(crate) created: i64,
    /// The hash that region names end with.
    pub(crate) encoded_region: String,
    pub(crate) enabled: bool,
    pub(crate) families: Vec<Family>,
    /// Where the regions begin, but the first, in their order.
    #[serde(default)]
    pub(crate) splits: Vec<Split>,
    #[serde(default)]
    pub(crate) options: TableOptions,
}

/// The beginning of a region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Split {
    pub(crate) start: Vec<u8>,
    pub(crate) encoded_region: String,
}

/// What is said of a table, and changes nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TableOptions {
    pub(crate) attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// The number of HBase's `Durability`.
    pub(crate) durability: i32,
}

/// A part of a table's rows. All are in one place here; other servers spread them.
#[derive(Clone, Debug)]
pub(crate) struct Region<'a> {
    pub(crate) start: &'a [u8],
    /// Excluded; empty for the table's end.
    pub(crate) end: &'a [u8],
    /// As the catalogue of HBase has it.
    pub(crate) name: Vec<u8>,
}

/// Whether a table may be used; held for reading by every write to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Enabled,
    Disabled,
    Dropped,
    /// Another one has its name, with the same cells or none.
    Replaced,
}

/// A table that calls work on.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) id: u64,
    pub(crate) created: i64,
    encoded_region: String,
    splits: Vec<Split>,
    pub(crate) options: TableOptions,
    /// In the order of their names, which is HBase's.
    pub(crate) families: Vec<Family>,
    pub(super) space: Arc<dyn Space>,
    state: RwLock<State>,
}

impl Table {
    pub(super) fn new(name: String, record: Record, space: Arc<dyn Space>) -> Self {
        Self {
            name,
            id: record.id,
            created: record.created,
            encoded_region: record.encoded_region,
            splits: record.splits,
            options: record.options,
            families: record.families,
            space,
            state: RwLock::new(if record.enabled { State::Enabled } else { State::Disabled }),
        }
    }

    pub(super) fn record(&self, enabled: bool) -> Record {
        Record {
            id: self.id,
            created: self.created,
            encoded_region: self.encoded_region.clone(),
            enabled,
            families: self.families.clone(),
            splits: self.splits.clone(),
            options: self.options.clone(),
        }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        *self.state_for_use() == State::Enabled
    }

    /// Holds the table in its state, if that is the one in which it can be read and written.
    pub(crate) fn in_use(&self) -> Result<RwLockReadGuard<'_, State>> {
        let state = self.state_for_use();
        match *state {
            State::Enabled => Ok(state),
            State::Disabled => Err(Error::TableNotEnabled(self.name.clone())),
            State::Dropped => Err(Error::TableNotFound(self.name.clone())),
            State::Replaced => Err(Error::replaced(&self.name)),
        }
    }

    pub(super) fn state_for_change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, if the table is disabled.
    pub(super) fn disabled_for_change(&self) -> Result<RwLockWriteGuard<'_, State>> {
        let state = self.state_for_change();
        match *state {
            State::Disabled => Ok(state),
            _ => Err(Error::TableNotDisabled(self.name.clone())),
        }
    }

    fn state_for_use(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a family among the table's.
    pub(crate) fn family(&self, name: &[u8]) -> Result<u16> {
        let found = self.families.binary_search_by(|family| family.name.as_slice().cmp(name));
        found.map(|place| place as u16).map_err(|_| Error::NoSuchFamily {
            table: self.name.clone(),
            family: show(name).to_string(),
        })
    }

    /// The table's regions in the order of their rows.
    pub(crate) fn regions(&self) -> impl Iterator<Item = Region<'_>> {
        let first = (&[][..], &*self.encoded_region);
        let others = self.splits.iter().map(|split| (&*split.start, &*split.encoded_region));
        let ends = self.splits.iter().map(|split| &*split.start).chain([&[][..]]);
        let all = std::iter::once(first).chain(others).zip(ends);
        all.map(|((start, encoded), end)| {
            let name = format!("{},", self.name).into_bytes();
            let rest = format!(",{}.{encoded}.", self.created).into_bytes();
            Region { start, end, name: [&name, start, &rest].concat() }
        })
    }

    /// The name of the space that its cells are in.
    pub(super) fn space_name(&self) -> String {
        space_name(self.id)
    }
}

/// The name of the space of a table's cells.
pub(super) fn space_name(id: u64) -> String {
    format!("table-{id}")
}
