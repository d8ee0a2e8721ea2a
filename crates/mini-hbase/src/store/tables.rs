//! The catalogue: tables created, found, switched on and off, dropped.
//!
//! A table's entry is written after its keyspace was made and removed before that is deleted, so
//! whatever a sudden end leaves behind is a keyspace without entry, which the next start removes.

use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use fjall::{Keyspace, KeyspaceCreateOptions, KvSeparationOptions};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::table::{Record, State, flush};
use super::{CATALOGUE, Error, Result, Store, Table};
use crate::model::Family;

const TABLE: &str = "table/";
const CLUSTER_ID: &str = "cluster id";
const LAST_ID: &str = "last table id";
/// Values from here on lie beside the keys, so that whoever passes a large cell doesn't read it.
const SEPARATE_FROM: u32 = 4 << 10;
const MEMTABLE_BYTES: u64 = 16 << 20;

type Tables = BTreeMap<String, Arc<Table>>;

impl Store {
    /// Finds a table, enabled or not; the name is the plain one, without `default:`.
    pub(crate) fn table(&self, name: &str) -> Result<Arc<Table>> {
        let found = self.tables().get(name).cloned();
        found.ok_or_else(|| Error::TableNotFound(name.to_owned()))
    }

    /// All tables in the order of their names.
    pub(crate) fn all_tables(&self) -> Vec<Arc<Table>> {
        self.tables().values().cloned().collect()
    }

    /// Creates a table, enabled.
    pub(crate) fn create_table(&self, name: &str, mut families: Vec<Family>) -> Result<()> {
        families.sort_by(|a, b| a.name.cmp(&b.name));
        let mut tables = self.tables_for_change();
        if tables.contains_key(name) {
            return Err(Error::TableExists(name.to_owned()));
        }
        let id = self.next_id()?;
        let record = Record {
            id,
            created: self.now(),
            encoded_region: Uuid::new_v4().simple().to_string(),
            enabled: true,
            families,
        };
        let cells = self.keyspace(id)?;
        self.save(name, &record)?;
        let table = Table::new(name.to_owned(), record, cells);
        tables.insert(name.to_owned(), Arc::new(table));
        Ok(())
    }

    /// Drops a disabled table with all that is in it.
    pub(crate) fn delete_table(&self, name: &str) -> Result<()> {
        let mut tables = self.tables_for_change();
        let table = tables.get(name).cloned();
        let table = table.ok_or_else(|| Error::TableNotFound(name.to_owned()))?;
        let mut state = table.state_for_change();
        if *state != State::Disabled {
            return Err(Error::TableNotDisabled(name.to_owned()));
        }
        self.catalogue.remove(entry(name))?;
        flush(&self.database)?;
        *state = State::Dropped;
        tables.remove(name);
        self.database.delete_keyspace(table.cells.clone())?;
        Ok(())
    }

    /// Lets a disabled table be used again.
    pub(crate) fn enable_table(&self, name: &str) -> Result<()> {
        let table = self.table(name)?;
        let mut state = table.state_for_change();
        match *state {
            State::Enabled => Err(Error::TableNotDisabled(name.to_owned())),
            State::Dropped => Err(Error::TableNotFound(name.to_owned())),
            State::Disabled => {
                self.save(name, &table.record(true))?;
                *state = State::Enabled;
                Ok(())
            }
        }
    }

    /// Waits for the writes that are under way, and lets nobody use the table any more.
    pub(crate) fn disable_table(&self, name: &str) -> Result<()> {
        let table = self.table(name)?;
        let mut state = table.state_for_change();
        match *state {
            State::Disabled => Err(Error::TableNotEnabled(name.to_owned())),
            State::Dropped => Err(Error::TableNotFound(name.to_owned())),
            State::Enabled => {
                self.save(name, &table.record(false))?;
                *state = State::Disabled;
                Ok(())
            }
        }
    }

    pub(super) fn load_cluster_id(&self) -> Result<String> {
        if let Some(id) = self.catalogue.get(CLUSTER_ID)? {
            return String::from_utf8(id.to_vec()).map_err(|_| Error::Damaged("the cluster's id"));
        }
        let id = Uuid::new_v4().to_string();
        self.catalogue.insert(CLUSTER_ID, id.as_str())?;
        flush(&self.database)?;
        Ok(id)
    }

    pub(super) fn load_tables(&self) -> Result<()> {
        let mut tables = self.tables_for_change();
        for guard in self.catalogue.prefix(TABLE) {
            let (key, record) = guard.into_inner()?;
            let name = std::str::from_utf8(&key[TABLE.len()..]);
            let name = name.map_err(|_| Error::Damaged("a table's name"))?.to_owned();
            let record: Record = serde_json::from_slice(&record)
                .map_err(|_| Error::Damaged("a table's description"))?;
            let cells = self.keyspace(record.id)?;
            tables.insert(name.clone(), Arc::new(Table::new(name, record, cells)));
        }
        self.remove_leftovers(&tables)
    }

    /// Deletes keyspaces of tables whose creation or removal was cut short.
    fn remove_leftovers(&self, tables: &Tables) -> Result<()> {
        let known: Vec<String> = tables.values().map(|table| keyspace_name(table.id)).collect();
        for name in self.database.list_keyspace_names() {
            let name: &str = &name;
            if name != CATALOGUE && !known.iter().any(|known| known == name) {
                let leftover = self.database.keyspace(name, KeyspaceCreateOptions::default)?;
                self.database.delete_keyspace(leftover)?;
            }
        }
        Ok(())
    }

    fn save(&self, name: &str, record: &Record) -> Result<()> {
        let json = serde_json::to_vec(record).map_err(|_| Error::Damaged("a new description"))?;
        self.catalogue.insert(entry(name), json)?;
        flush(&self.database)
    }

    fn next_id(&self) -> Result<u64> {
        let last = match self.catalogue.get(LAST_ID)? {
            Some(bytes) => {
                let bytes: [u8; 8] =
                    (*bytes).try_into().map_err(|_| Error::Damaged("the last table's number"))?;
                u64::from_be_bytes(bytes)
            }
            None => 0,
        };
        self.catalogue.insert(LAST_ID, (last + 1).to_be_bytes())?;
        Ok(last + 1)
    }

    fn keyspace(&self, id: u64) -> Result<Keyspace> {
        let separated = KvSeparationOptions::default().separation_threshold(SEPARATE_FROM);
        Ok(self.database.keyspace(&keyspace_name(id), || {
            KeyspaceCreateOptions::default()
                .with_kv_separation(Some(separated))
                .max_memtable_size(MEMTABLE_BYTES)
        })?)
    }

    fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables_for_change(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(name: &str) -> String {
    format!("{TABLE}{name}")
}

fn keyspace_name(id: u64) -> String {
    format!("table-{id}")
}
