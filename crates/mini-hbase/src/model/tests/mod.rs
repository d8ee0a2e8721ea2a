//! The data model by itself, without protocols: random calls beside a list of what was written, and
//! what reads cost.

mod altered;
mod asked;
mod atomic;
mod costs;
mod counting;
mod ends;
mod naive;
#[path = "../../../tests/support/random.rs"]
pub(super) mod random;
mod random_calls;
mod rows;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::storage::{self, Making, Memory, Storage};
use super::*;
use crate::VirtualClock;
use crate::budget::{Budget, Share};
use counting::{Counted, Counting};

const TABLE: &str = "t";

/// A store on a clock that a test moves, with the table [`TABLE`], and what is counted of its reads.
struct Fixture {
    store: Store,
    table: Arc<Table>,
    clock: VirtualClock,
    counted: Arc<Counted>,
}

impl Fixture {
    /// In memory, or in a folder, whose table is made if need be.
    fn open(folder: Option<&Path>, clock: VirtualClock, families: Vec<Family>) -> Self {
        let kept = Clock::Virtual(clock.clone());
        let (sequences, purge) = numbers(&kept);
        let (inner, making): (Arc<dyn Storage>, Option<Making>) = match folder {
            None => (Arc::new(Memory::default()), None),
            Some(folder) => storage::open(folder, Durability::Process, Arc::clone(&purge)).unwrap(),
        };
        let counted = Arc::<Counted>::default();
        let storage = Arc::new(Counting { inner, counted: Arc::clone(&counted) });
        let store = Store::load_from(storage, sequences, purge, HBaseTiming::Exact, kept).unwrap();
        making.map_or(Ok(()), Making::finish).unwrap();
        if store.table(TABLE).is_err() {
            store.create_table(TABLE, families).unwrap();
        }
        let table = store.table(TABLE).unwrap();
        Self { store, table, clock, counted }
    }

    fn write<T>(&self, call: impl FnOnce(&Writes<'_>) -> Result<T>) -> Result<T> {
        self.store.durably(&share(), call)
    }

    fn put(&self, row: &[u8], qualifier: &[u8], timestamp: i64, value: Vec<u8>) {
        let (qualifier, timestamp) = (qualifier.to_vec(), Some(timestamp));
        let edit = Edit::Put { family: 0, qualifier, timestamp, value, time_to_live: None };
        self.edit(row, vec![edit]);
    }

    fn edit(&self, row: &[u8], edits: Vec<Edit>) {
        let edits = RowEdits { row: row.to_vec(), edits };
        self.write(|writes| writes.write(&self.table, &[edits])).unwrap();
    }

    fn get(&self, row: &[u8], query: &Query) -> Row {
        let mut found = Row::default();
        self.store.get(&self.table, row, query, &mut limits(), &mut found).unwrap();
        found
    }
}

fn share() -> Share {
    Share::of(&Budget::new(usize::MAX))
}

fn limits() -> Limits {
    Limits::new(1 << 30, Arc::new(share()), Arc::new(AtomicBool::new(false)))
}

fn family(name: &str, max_versions: i32, time_to_live: i32) -> Family {
    Family {
        name: name.as_bytes().to_vec(),
        max_versions,
        time_to_live,
        compression: String::new(),
        bloom_filter: String::new(),
        in_memory: false,
        block_cache: false,
    }
}
