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
}

/// Whether a table may be used; held for reading by every write to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Enabled,
    Disabled,
    Dropped,
}

/// A table that calls work on.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) id: u64,
    pub(crate) created: i64,
    pub(crate) encoded_region: String,
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
        }
    }

    pub(super) fn state_for_change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
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

    /// The name of the table's one region, as the catalogue of HBase has it.
    pub(crate) fn region_name(&self) -> String {
        format!("{},,{}.{}.", self.name, self.created, self.encoded_region)
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
