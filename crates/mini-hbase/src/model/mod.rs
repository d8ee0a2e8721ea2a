//! HBase's data model: tables, cells with their types, times and sequences, reads, writes, filters.
//!
//! A write adds cells and reads nothing: a delete is a cell as well. Reads go through the cells in
//! their order and resolve deletes, times to live, versions and filters, step by step as HBase does.
//! What no read returns any more is dropped when the storage is compacted.
//!
//! The front ends, which know protocols, are built on it; it knows none of them.

mod alter;
mod atomic;
mod catalogue;
mod cell;
mod compact;
mod content;
mod error;
mod family;
pub(crate) mod filter;
mod keys;
mod locks;
mod matcher;
mod namespaces;
mod position;
mod purge;
mod read;
mod region;
mod request;
mod scanner;
mod sequences;
mod storage;
mod table;
mod value;
mod walker;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use crate::StartError;
use crate::clock::Clock;

pub(crate) use atomic::{Addition, Check};
pub(crate) use cell::{Cell, CellType, LATEST, Row};
pub(crate) use error::{Error, Result, show};
pub(crate) use family::Family;
pub use locks::HBaseTiming;
pub(crate) use namespaces::{Configuration, DEFAULT_NAMESPACE, SYSTEM_NAMESPACE};
pub(crate) use read::Limits;
pub(crate) use request::{Bound, Column, Query, Rows, Scan, TimeRange};
pub(crate) use scanner::Scanner;
pub use storage::Durability;
pub(crate) use table::{Region, Table, TableOptions};
pub(crate) use write::{Edit, RowEdits, Writes};

use locks::Locks;
use purge::Purge;
use sequences::Sequences;
use storage::{Making, Memory, Space, Storage};

const CATALOGUE: &str = "catalogue";

/// All tables, and the one writer of their cells.
pub(crate) struct Store {
    storage: Arc<dyn Storage>,
    catalogue: Arc<dyn Space>,
    tables: RwLock<catalogue::Tables>,
    namespaces: RwLock<namespaces::Namespaces>,
    locks: Locks,
    sequences: Sequences,
    /// The number of this start, until it is noted.
    unnoted_start: Mutex<Option<u64>>,
    purge: Arc<Purge>,
    clock: Clock,
    cluster_id: String,
}

/// Where tables are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// For as long as the server runs.
    Memory,
    /// In a folder, which is made if need be.
    Folder(&'a Path, Durability),
}

impl Store {
    /// Opens the tables of a place.
    pub(crate) fn open(
        place: Place<'_>,
        timing: HBaseTiming,
        clock: Clock,
    ) -> std::result::Result<Self, StartError> {
        let Place::Folder(folder, durability) = place else {
            let (sequences, purge) = numbers(&clock);
            let storage = Arc::new(Memory::default());
            return Self::load_from(storage, sequences, purge, timing, clock)
                .map_err(|error| StartError::Settings(error.to_string()));
        };
        let open = || {
            let (sequences, purge) = numbers(&clock);
            let (storage, making) = storage::open(folder, durability, Arc::clone(&purge))?;
            let store = Self::load_from(storage, sequences, purge, timing, clock)
                .map_err(|error| storage::explain(folder, error))?;
            making.map_or(Ok(()), Making::finish)?;
            Ok(store)
        };
        // The storage checks its files by assertions too; a damaged file is no reason to end.
        catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_panic| {
            Err(storage::damaged(folder, "the storage can't make sense of it".to_owned()))
        })
    }

    fn load_from(
        storage: Arc<dyn Storage>,
        sequences: Sequences,
        purge: Arc<Purge>,
        timing: HBaseTiming,
        clock: Clock,
    ) -> Result<Self> {
        let catalogue = storage.space(CATALOGUE)?;
        let mut store = Self {
            storage,
            catalogue,
            tables: RwLock::default(),
            namespaces: RwLock::default(),
            locks: Locks::new(timing),
            sequences,
            unnoted_start: Mutex::default(),
            purge,
            clock,
            cluster_id: String::new(),
        };
        store.load()?;
        Ok(store)
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now_millis()
    }

    /// Lets calls that would go on for long fail, and those that have not begun to write.
    pub(crate) fn stop(&self) {
        self.purge.stop();
    }

    /// Returns what says whether the store is being stopped.
    pub(crate) fn stopping(&self) -> &Arc<AtomicBool> {
        self.purge.stopping()
    }

    fn check_not_stopping(&self) -> Result<()> {
        if self.stopping().load(Ordering::Relaxed) { Err(Error::stopping()) } else { Ok(()) }
    }

    pub(crate) fn flushes(&self) -> u64 {
        self.storage.flushes()
    }

    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }
}

fn numbers(clock: &Clock) -> (Sequences, Arc<Purge>) {
    let sequences = Sequences::starting_at(2);
    let purge = Purge::new(sequences.clone(), clock.clone());
    (sequences, Arc::new(purge))
}

#[cfg(test)]
mod tests;
