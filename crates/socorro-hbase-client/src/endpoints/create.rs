//! Creating the tables that are missing.
//!
//! For a cluster that is new, or that a half-finished creation left incomplete. Changing tables
//! that exist is left to their administrator: other programs use them.

use std::collections::BTreeSet;

use hbase_thrift_client::{ColumnFamily, Compression, ErrorKind as HBaseErrorKind};

use crate::{
    error::{Error, ErrorKind, Part, Result},
    layout::{SEARCH_TABLE, TABLES, TableSchema},
    store::CrashStore,
};

/// What may differ from cluster to cluster when the tables are created.
///
/// ```
/// use socorro_hbase_client::SchemaOptions;
///
/// let options = SchemaOptions::new().compression("GZ".into());
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaOptions {
    compression: Compression,
}

impl SchemaOptions {
    /// The defaults: no compression.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compresses the tables that are [`compressible`](TableSchema::compressible); none by default.
    ///
    /// Socorro asked for LZO, which a stock HBase hasn't got.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }
}

/// What [`CrashStore::create_schema`] found and did, by the tables' names in [`TABLES`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaReport {
    /// Tables that were created.
    pub created: Vec<&'static str>,
    /// Tables that were there, with all their column families.
    pub existing: Vec<&'static str>,
}

/// # Setting up
impl CrashStore {
    /// Creates those of the twelve tables that are missing, and [`SEARCH_TABLE`].
    ///
    /// Tables that exist are left as they are, once their column families are all found. May be
    /// called again after an error, and by several programs at once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SchemaMismatch`] if a table lacks families; [`ErrorKind::HBase`].
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, SchemaOptions};
    /// # fn prepare(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// let report = store.create_schema(&SchemaOptions::new())?;
    /// println!("{} tables created", report.created.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_schema(&self, options: &SchemaOptions) -> Result<SchemaReport> {
        let mut report = SchemaReport::default();
        for table in TABLES.iter().chain([&SEARCH_TABLE]) {
            if self.create_table(table, options)? {
                report.created.push(table.name);
            } else {
                self.verify_table(table)?;
                report.existing.push(table.name);
            }
        }
        self.forget_search();
        Ok(report)
    }

    /// Whether the table was missing.
    fn create_table(&self, table: &TableSchema, options: &SchemaOptions) -> Result<bool> {
        let families: Vec<_> = families(table, options).collect();
        match self.client().admin().create_table(table.name, &families) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == HBaseErrorKind::AlreadyExists => Ok(false),
            Err(error) => {
                let message = format!("table {} could not be created", table.name);
                Err(Error::of_call(message, error, Part::Indexes))
            }
        }
    }

    fn verify_table(&self, table: &TableSchema) -> Result<()> {
        let found = self.client().admin().column_families(table.name).map_err(|error| {
            let message = format!("the column families of table {} are unknown", table.name);
            Error::of_call(message, error, Part::Indexes)
        })?;
        let found: BTreeSet<&[u8]> = found.iter().map(ColumnFamily::get_name).collect();
        let missing: Vec<_> = table
            .families
            .iter()
            .map(|family| family.name)
            .filter(|name| !found.contains(name.as_bytes()))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!(
            "table {} exists without its column families {}: add them in the HBase shell",
            table.name,
            missing.join(", ")
        );
        Err(Error::new(ErrorKind::SchemaMismatch, message))
    }
}

fn families<'a>(
    table: &'a TableSchema,
    options: &'a SchemaOptions,
) -> impl Iterator<Item = ColumnFamily> + 'a {
    let compression =
        if table.compressible { options.compression.clone() } else { Compression::None };
    table.families.iter().map(move |family| {
        ColumnFamily::new(family.name)
            .max_versions(family.max_versions)
            .compression(compression.clone())
            .block_cache(true)
            .in_memory(false)
    })
}
