//! What the tests of Socorro's crates share: the twelve tables, created once a run, a crash that is
//! real, and every cell that HBase holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hbase_thrift_api::{Mutation, THbaseSyncClient};
use hbase_thrift_client::{Client, Config};
use integration_tests::{RawClient, Server, TestTable};
use socorro_hbase_client::{CrashMetadata, CrashStore, Ooid, SEARCH_TABLE, SchemaOptions};

/// The real crash: `data/6d8a….json` and `data/6d8a….dump`.
pub(crate) const REAL_OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

/// Creating twelve tables takes seconds on a real HBase, and their names are fixed: so all tests over one
/// interface share them, one test at a time, and each sees what it alone has changed.
static TABLES: [Mutex<Option<TestTable>>; 2] = [Mutex::new(None), Mutex::new(None)];

/// Socorro's tables, for this test alone as long as it holds them.
pub(crate) struct Socorro {
    pub(crate) store: CrashStore,
    pub(crate) url: String,
    raw: RawClient,
    prefix: String,
    _turn: Option<MutexGuard<'static, Option<TestTable>>>,
}

/// Drops the tables that the tests shared, at the end of the run.
pub(crate) fn drop_tables() {
    for tables in &TABLES {
        tables.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The tables that tests share, or on a mini-hbase, which is a test's own, new ones.
pub(crate) fn socorro(server: &Server) -> Socorro {
    if server.is_mini() {
        let prefix = "socorro_".to_owned();
        let url = url_with_prefix(server, &prefix);
        let store = connect(&url);
        store.create_schema(&SchemaOptions::new()).unwrap();
        return Socorro { store, url, raw: server.raw(), prefix, _turn: None };
    }
    // A test that fails while it has its turn doesn't spoil the tables for the next one.
    let tables = &TABLES[usize::from(server.has_stores_over_thrift2())];
    let mut turn = tables.lock().unwrap_or_else(PoisonError::into_inner);
    let is_first = turn.is_none();
    let prefix =
        turn.get_or_insert_with(|| TestTable::reserve_prefix(server, "socorro")).name().to_owned();
    let url = url_with_prefix(server, &prefix);
    if is_first {
        create_tables(server, &prefix);
    }
    let store = connect(&url);
    Socorro { store, url, raw: server.raw(), prefix, _turn: Some(turn) }
}

/// New tables of a test's own.
pub(crate) fn own_tables(server: &Server, name: &str) -> (TestTable, CrashStore) {
    let tables = TestTable::reserve_prefix(server, name);
    create_tables(server, tables.name());
    let store = connect(&url_with_prefix(server, tables.name()));
    (tables, store)
}

/// Over Thrift 1, with a region each: with those for each salt, the tests' tables are too many for one HBase.
fn create_tables(server: &Server, prefix: &str) {
    let config: Config = server.url().parse().unwrap();
    let store = CrashStore::new(Client::connect(config.table_prefix(prefix)).unwrap());
    store.create_schema(&SchemaOptions::new()).unwrap();
}

pub(crate) fn url_with_prefix(server: &Server, prefix: &str) -> String {
    server.store_url().parse::<Config>().unwrap().table_prefix(prefix).to_string()
}

pub(crate) fn connect(url: &str) -> CrashStore {
    CrashStore::new(Client::connect(url).unwrap())
}

pub(crate) fn ooid(text: &str) -> Ooid {
    text.parse().unwrap()
}

pub(crate) fn metadata(json: &str) -> CrashMetadata {
    CrashMetadata::from_json(json).unwrap()
}

pub(crate) fn data_file(extension: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(format!("{REAL_OOID}.{extension}"))
}

/// The real crash's metadata and minidump.
pub(crate) fn real_crash() -> (String, Vec<u8>) {
    let metadata = fs::read_to_string(data_file("json")).unwrap();
    (metadata, fs::read(data_file("dump")).unwrap())
}

/// A cell as a test writes it down: table, row, column, value.
pub(crate) type Cell<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

type CellName = (String, String, String);

/// Every cell of the twelve tables.
pub(crate) struct Cells(BTreeMap<CellName, Vec<u8>>);

impl Socorro {
    /// The columns of a table's row, written behind the store's back.
    pub(crate) fn put_raw(&mut self, table: &str, row: &str, columns: &[(&str, &[u8])]) {
        let mutations = columns.iter().map(|(column, value)| {
            Mutation::new(false, column.as_bytes().to_vec(), value.to_vec(), true)
        });
        let table = format!("{}{table}", self.prefix).into_bytes();
        let row = row.as_bytes().to_vec();
        self.raw.mutate_row(table, row, mutations.collect(), BTreeMap::new()).unwrap();
    }

    /// Deletes a table's row behind the store's back.
    pub(crate) fn delete_raw(&mut self, table: &str, row: &str) {
        let table = format!("{}{table}", self.prefix).into_bytes();
        self.raw.delete_all_row(table, row.as_bytes().to_vec(), BTreeMap::new()).unwrap();
        // A put of the delete's own millisecond would be hidden by it.
        std::thread::sleep(std::time::Duration::from_millis(3));
    }

    pub(crate) fn drop_table(&self, table: &str) {
        let admin = self.store.client().admin();
        admin.disable_table(table).unwrap();
        admin.delete_table(table).unwrap();
    }

    /// A table's column families, each with the number of versions that it keeps.
    pub(crate) fn families(&mut self, table: &str) -> BTreeMap<String, i32> {
        let table = format!("{}{table}", self.prefix).into_bytes();
        let families = self.raw.get_column_descriptors(table).unwrap();
        families
            .into_iter()
            .map(|(name, family)| (text(name), family.max_versions.unwrap()))
            .collect()
    }

    pub(crate) fn cells(&mut self) -> Cells {
        let names = self.raw.get_table_names().unwrap().into_iter().map(text);
        let own: Vec<String> =
            names.filter_map(|name| Some(name.strip_prefix(&self.prefix)?.to_owned())).collect();
        // The table of our own for searching is no part of the interchange format.
        let own: Vec<_> = own.into_iter().filter(|name| name != SEARCH_TABLE.name).collect();
        assert_eq!(own.len(), 12, "{own:?}");
        Cells(own.into_iter().flat_map(|table| self.scan(&table)).collect())
    }

    fn scan(&mut self, table: &str) -> Vec<(CellName, Vec<u8>)> {
        let name = format!("{}{table}", self.prefix).into_bytes();
        let (from_start, all_columns) = (Vec::new(), Vec::new());
        let scanner =
            self.raw.scanner_open(name, from_start, all_columns, BTreeMap::new()).unwrap();
        let mut cells = Vec::new();
        loop {
            let rows = self.raw.scanner_get_list(scanner, 100).unwrap();
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let key = text(row.row.unwrap());
                cells.extend(row.columns.unwrap().into_iter().map(|(column, cell)| {
                    ((table.to_owned(), key.clone(), text(column)), cell.value.unwrap())
                }));
            }
        }
        self.raw.scanner_close(scanner).unwrap();
        cells
    }
}

impl Cells {
    /// Whether a row of the table has this text in its key.
    pub(crate) fn has_row(&self, table: &str, part: &str) -> bool {
        self.0.keys().any(|(name, row, _)| name == table && row.contains(part))
    }

    /// A table's cells, as those of [`Self::changes_since`] a table that was empty.
    pub(crate) fn lines(&self, table: &str) -> Vec<String> {
        let lines = self.changes_since(&Self(BTreeMap::new())).into_iter();
        lines.filter(|line| line.split(' ').next() == Some(table)).collect()
    }

    /// What was written, changed or deleted, a line a cell in the order of tables and rows: `table
    /// row column = value`, for counters `table row column +1`, and `- table row column`.
    pub(crate) fn changes_since(&self, before: &Self) -> Vec<String> {
        let names: BTreeSet<_> = before.0.keys().chain(self.0.keys()).collect();
        let change = |name: &CellName| {
            let (old, new) = (before.0.get(name), self.0.get(name));
            let (table, row, column) = name;
            match new {
                _ if old == new => None,
                None => Some(format!("- {table} {row} {column}")),
                Some(new) if table == "metrics" => {
                    Some(format!("{table} {row} {column} {}", text(difference(old, new))))
                }
                Some(new) => Some(format!("{table} {row} {column} = {}", new.escape_ascii())),
            }
        };
        names.into_iter().filter_map(change).collect()
    }

    /// Asserts that exactly these cells are new or changed; counters are written as `+1`.
    pub(crate) fn assert_changes_since(&self, before: &Self, expected: &[Cell]) {
        let mut found = BTreeMap::new();
        for (name, value) in &self.0 {
            let old = before.0.get(name);
            if old != Some(value) {
                let shown =
                    if name.0 == "metrics" { difference(old, value) } else { value.clone() };
                found.insert(name.clone(), shown);
            }
        }
        let gone: Vec<_> = before.0.keys().filter(|name| !self.0.contains_key(name)).collect();
        assert!(gone.is_empty(), "{gone:?}");
        let expected: BTreeMap<CellName, &[u8]> = expected
            .iter()
            .map(|(table, row, column, value)| {
                (((*table).to_owned(), (*row).to_owned(), (*column).to_owned()), *value)
            })
            .collect();
        let names = |cells: Vec<&CellName>| format!("{cells:#?}");
        assert_eq!(names(found.keys().collect()), names(expected.keys().collect()));
        for (name, value) in &found {
            // Not assert_eq: a minidump in a message helps nobody.
            let is_same = value == expected[name];
            assert!(is_same, "{name:?}: {}", value[..value.len().min(200)].escape_ascii());
        }
    }
}

/// How far a counter went: eight bytes, big-endian.
fn difference(old: Option<&Vec<u8>>, new: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().unwrap());
    let old = old.map_or(0, |bytes| number(bytes));
    format!("{:+}", number(new) - old).into_bytes()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
