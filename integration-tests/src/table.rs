//! Tables that no other test knows and that are gone after the test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use hbase_thrift_api::{ColumnDescriptor, THbaseSyncClient};
use xtask::gateway::Endpoint;

use crate::{RawClient, Server, raw};

/// A name that no other test has, now or in another run on the same server.
pub fn unique_name(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("it_{}_{:x}_{count}_{name}", std::process::id(), now.as_millis())
}

/// A family as `createTable` takes it, everything but its name left to the gateway: the generated
/// `Default` would ask for zero versions.
pub fn family(name: &str) -> ColumnDescriptor {
    ColumnDescriptor {
        name: Some(name.as_bytes().to_vec()),
        max_versions: None,
        compression: None,
        in_memory: None,
        bloom_filter_type: None,
        bloom_filter_vector_size: None,
        bloom_filter_nb_hashes: None,
        block_cache_enabled: None,
        time_to_live: None,
    }
}

/// Drops its table, or its tables, at the end of the test, passed or failed.
///
/// It works on a raw connection of its own, so the client under test can be as broken as it likes.
#[must_use = "the table is dropped together with its guard"]
pub struct TestTable {
    endpoint: Endpoint,
    name: String,
    is_prefix: bool,
}

impl TestTable {
    /// Creates a table with a unique name and these families.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn create(server: &Server, name: &str, families: &[&str]) -> Self {
        let table = Self::reserve(server, name);
        let families = families.iter().map(|name| family(name)).collect();
        let created = raw::client(&table.endpoint)
            .and_then(|mut raw| Ok(raw.create_table(table.bytes(), families)?))
            .with_context(|| format!("can't create the table {}", table.name));
        if let Err(error) = created {
            panic!("{error:#}");
        }
        table
    }

    /// A unique name for a table that the test creates itself.
    pub fn reserve(server: &Server, name: &str) -> Self {
        let endpoint = server.endpoint().clone();
        Self { endpoint, name: unique_name(name), is_prefix: false }
    }

    /// A unique prefix; every table whose name begins with it is dropped.
    pub fn reserve_prefix(server: &Server, name: &str) -> Self {
        let endpoint = server.endpoint().clone();
        Self { endpoint, name: format!("{}_", unique_name(name)), is_prefix: true }
    }

    /// The table's name, or the prefix.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table's name as the raw interface wants it.
    pub fn bytes(&self) -> Vec<u8> {
        self.name.as_bytes().to_vec()
    }

    fn drop_tables(&self) -> Result<()> {
        let mut raw = raw::client(&self.endpoint)?;
        for table in raw.get_table_names()? {
            let name = String::from_utf8_lossy(&table);
            if *name == self.name || (self.is_prefix && name.starts_with(&self.name)) {
                drop_table(&mut raw, &table).with_context(|| format!("can't drop {name}"))?;
            }
        }
        Ok(())
    }
}

impl Drop for TestTable {
    fn drop(&mut self) {
        // Panicking here while the test panics would end the whole program.
        if let Err(error) = self.drop_tables() {
            eprintln!("{} may be left behind: {error:#}", self.name);
        }
    }
}

fn drop_table(raw: &mut RawClient, table: &[u8]) -> Result<()> {
    if raw.is_table_enabled(table.to_vec())? {
        raw.disable_table(table.to_vec())?;
    }
    Ok(raw.delete_table(table.to_vec())?)
}
