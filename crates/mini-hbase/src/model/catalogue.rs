//! The catalogue: tables created, found, switched on and off, dropped.
//!
//! A table's entry is written after its keyspace was made and removed before that is deleted, so
//! whatever a sudden end leaves behind is a keyspace without entry, which the next start removes.
//! Tables that are worth something only together are unfinished until all of them are there: the
//! next start drops those too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use uuid::Uuid;

use super::family::Family;
use super::table::{Record, Split, State, space_name};
use super::{CATALOGUE, DEFAULT_NAMESPACE, Error, Result, Store, Table, TableOptions};

const TABLE: &str = "table/";
const CLUSTER_ID: &str = "cluster id";
const LAST_ID: &str = "last table id";
const BOOTS: &str = "starts";
/// The names of the tables that are finished, as long as others are not.
const FINISHED: &str = "finished tables";
/// How many bits of a write's number count the writes since the start.
const WRITE_BITS: u32 = 40;

pub(super) type Tables = BTreeMap<String, Arc<Table>>;

impl Store {
    /// Finds a table, enabled or not; the name is the plain one, without `default:`.
    pub(crate) fn table(&self, name: &str) -> Result<Arc<Table>> {
        find(&self.tables(), name)
    }

    /// All tables in the order in which HBase's master lists them: of their names with their
    /// namespaces, the default one included.
    pub(crate) fn all_tables(&self) -> Vec<Arc<Table>> {
        let mut tables: Vec<_> = self.tables().values().cloned().collect();
        tables.sort_by_cached_key(|table| {
            let plain = &table.name;
            let is_whole = plain.contains(':');
            if is_whole { plain.clone() } else { format!("{DEFAULT_NAMESPACE}:{plain}") }
        });
        tables
    }

    /// Creates a table, enabled.
    pub(crate) fn create_table(&self, name: &str, families: Vec<Family>) -> Result<()> {
        self.create_split_table(name, families, Vec::new(), TableOptions::default())
    }

    /// Creates a table, enabled, whose regions but the first begin at these keys, which are in their
    /// order.
    pub(crate) fn create_split_table(
        &self,
        name: &str,
        mut families: Vec<Family>,
        splits: Vec<Vec<u8>>,
        options: TableOptions,
    ) -> Result<()> {
        families.sort_by(|a, b| a.name.cmp(&b.name));
        let mut tables = self.tables_for_change();
        if tables.contains_key(name) {
            return Err(Error::TableExists(name.to_owned()));
        }
        let record = self.new_record(families, splits, options)?;
        let table = self.open_table(name, record.clone())?;
        self.save(name, &record)?;
        tables.insert(name.to_owned(), Arc::new(table));
        Ok(())
    }

    pub(super) fn new_record(
        &self,
        families: Vec<Family>,
        splits: Vec<Vec<u8>>,
        options: TableOptions,
    ) -> Result<Record> {
        let encoded = || Uuid::new_v4().simple().to_string();
        let splits = splits.into_iter().map(|start| Split { start, encoded_region: encoded() });
        Ok(Record {
            id: self.new_table_id()?,
            created: self.now(),
            encoded_region: encoded(),
            enabled: true,
            families,
            splits: splits.collect(),
            options,
        })
    }

    /// A number that no table ever had.
    pub(super) fn new_table_id(&self) -> Result<u64> {
        let id = self.read_number(LAST_ID)? + 1;
        self.insert(LAST_ID, id.to_be_bytes().to_vec())?;
        Ok(id)
    }

    /// Drops a disabled table with all that is in it.
    pub(crate) fn delete_table(&self, name: &str) -> Result<()> {
        let mut tables = self.tables_for_change();
        let table = find(&tables, name)?;
        let mut state = table.disabled_for_change()?;
        self.forget(&table, &mut state)?;
        tables.remove(name);
        self.remove_cells(&table)
    }

    /// Drops all tables but these, whatever state they are in: the writes that are under way end
    /// first, and nobody creates one meanwhile.
    pub(crate) fn drop_tables(&self, kept: &BTreeSet<String>) -> Result<()> {
        let mut tables = self.tables_for_change();
        let dropped: Vec<_> =
            tables.values().filter(|table| !kept.contains(&table.name)).cloned().collect();
        for table in dropped {
            self.forget(&table, &mut table.state_for_change())?;
            tables.remove(&table.name);
            self.remove_cells(&table)?;
        }
        Ok(())
    }

    fn forget(&self, table: &Table, state: &mut State) -> Result<()> {
        self.catalogue.write(vec![(entry(&table.name).into_bytes(), None)])?;
        self.catalogue.flush()?;
        *state = State::Dropped;
        Ok(())
    }

    pub(super) fn remove_cells(&self, table: &Table) -> Result<()> {
        let space = space_name(table.id);
        self.purge.remove(&space);
        self.storage.remove_space(&space)
    }

    /// Lets a disabled table be used again.
    pub(crate) fn enable_table(&self, name: &str) -> Result<()> {
        let table = self.table(name)?;
        let mut state = table.state_for_change();
        match *state {
            State::Enabled => Err(Error::TableNotDisabled(name.to_owned())),
            State::Dropped => Err(Error::TableNotFound(name.to_owned())),
            State::Replaced => Err(Error::replaced(name)),
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
            State::Replaced => Err(Error::replaced(name)),
            State::Enabled => {
                self.save(name, &table.record(false))?;
                *state = State::Disabled;
                Ok(())
            }
        }
    }

    /// Notes that all tables but these, those that are created from now on included, are unfinished
    /// until [`Self::finish_tables`]: if the server ends before, the next start drops them.
    pub(crate) fn begin_tables(&self, finished: &BTreeSet<String>) -> Result<()> {
        let names = serde_json::to_vec(finished);
        let names = names.map_err(|_| Error::Damaged("new names of tables"))?;
        self.insert(FINISHED, names)?;
        self.catalogue.flush()
    }

    /// Notes that all tables there are will stay.
    pub(crate) fn finish_tables(&self) -> Result<()> {
        self.catalogue.write(vec![(FINISHED.as_bytes().to_vec(), None)])?;
        self.catalogue.flush()
    }

    /// Reads what an earlier run left, or begins anew.
    pub(super) fn load(&mut self) -> Result<()> {
        self.cluster_id = self.load_cluster_id()?;
        let start = self.read_number(BOOTS)? + 1;
        // The numbers of an earlier run's writes are all smaller.
        self.sequences.skip_to(start << WRITE_BITS);
        *self.unnoted_start() = Some(start);
        self.load_namespaces()?;
        self.load_tables()?;
        self.drop_unfinished_tables()
    }

    /// Notes that numbers of this start are used, before the first of them is. A start that writes
    /// nothing needs no room on the disk, and its numbers are the next one's.
    pub(super) fn note_start(&self) -> Result<()> {
        let mut unnoted = self.unnoted_start();
        if let Some(start) = *unnoted {
            // In the journal that the numbers get into: what survives of it, survives in its order.
            self.insert(BOOTS, start.to_be_bytes().to_vec())?;
            *unnoted = None;
        }
        Ok(())
    }

    fn unnoted_start(&self) -> MutexGuard<'_, Option<u64>> {
        self.unnoted_start.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load_cluster_id(&self) -> Result<String> {
        if let Some(id) = self.read(CLUSTER_ID)? {
            return String::from_utf8(id).map_err(|_| Error::Damaged("the cluster's id"));
        }
        let id = Uuid::new_v4().to_string();
        self.insert(CLUSTER_ID, id.clone().into_bytes())?;
        self.catalogue.flush()?;
        Ok(id)
    }

    fn load_tables(&self) -> Result<()> {
        let mut tables = self.tables_for_change();
        let snapshot = self.catalogue.snapshot();
        // Behind every name.
        let mut entries = snapshot.walk(TABLE.as_bytes(), b"table0");
        while let Some((key, record)) = entries.next(&|_| true)? {
            let name = std::str::from_utf8(&key[TABLE.len()..]);
            let name = name.map_err(|_| Error::Damaged("a table's name"))?.to_owned();
            let record: Record = serde_json::from_slice(&record.unwrap_or_default())
                .map_err(|_| Error::Damaged("a table's description"))?;
            let table = self.open_table(&name, record)?;
            tables.insert(name, Arc::new(table));
        }
        self.remove_leftovers(&tables)
    }

    /// Removes spaces of tables whose creation or removal was cut short.
    fn remove_leftovers(&self, tables: &Tables) -> Result<()> {
        let known: Vec<String> = tables.values().map(|table| space_name(table.id)).collect();
        for name in self.storage.space_names() {
            if name != CATALOGUE && !known.contains(&name) {
                self.storage.remove_space(&name)?;
            }
        }
        Ok(())
    }

    fn drop_unfinished_tables(&self) -> Result<()> {
        let Some(finished) = self.read(FINISHED)? else { return Ok(()) };
        let finished = serde_json::from_slice(&finished);
        self.drop_tables(&finished.map_err(|_| Error::Damaged("the names of finished tables"))?)?;
        self.finish_tables()
    }

    pub(super) fn open_table(&self, name: &str, record: Record) -> Result<Table> {
        let space = space_name(record.id);
        self.purge.add(&space, &record.families);
        Ok(Table::new(name.to_owned(), record, self.storage.space(&space)?))
    }

    pub(super) fn save(&self, name: &str, record: &Record) -> Result<()> {
        let json = serde_json::to_vec(record).map_err(|_| Error::Damaged("a new description"))?;
        self.insert(&entry(name), json)?;
        self.catalogue.flush()
    }

    /// Reads a number; 0 if it isn't there.
    fn read_number(&self, key: &str) -> Result<u64> {
        let Some(bytes) = self.read(key)? else { return Ok(0) };
        Ok(u64::from_be_bytes(bytes.try_into().map_err(|_| Error::Damaged("a number"))?))
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let snapshot = self.catalogue.snapshot();
        let end = [key.as_bytes(), &[0]].concat();
        let entry = snapshot.walk(key.as_bytes(), &end).next(&|_| true)?;
        Ok(entry.and_then(|(_, value)| value).map(|value| value.to_vec()))
    }

    /// Writes an entry; the disk is left to what comes after it.
    fn insert(&self, key: &str, value: Vec<u8>) -> Result<()> {
        self.catalogue.write(vec![(key.as_bytes().to_vec(), Some(value))])?;
        Ok(())
    }

    fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tables_for_change(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Errors
/// When there is no table of this name.
pub(super) fn find(tables: &Tables, name: &str) -> Result<Arc<Table>> {
    tables.get(name).cloned().ok_or_else(|| Error::TableNotFound(name.to_owned()))
}

fn entry(name: &str) -> String {
    format!("{TABLE}{name}")
}
