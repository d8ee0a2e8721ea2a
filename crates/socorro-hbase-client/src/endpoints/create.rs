//! Creating the tables that are missing.
//!
//! For a cluster that is new, or that a half-finished creation left incomplete. Changing tables
//! that exist is left to their administrator: other programs use them.

use std::collections::BTreeSet;

use hbase_thrift_client::{ColumnFamily, Compression, ErrorKind as HBaseErrorKind};

use crate::{
    error::{Error, ErrorKind, Part, Result},
    layout::{self, SEARCH_TABLE, TABLES, TableSchema},
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
    /// Those of them that begin with a region for each salt.
    pub split: Vec<&'static str>,
    /// Tables that were there, with all their column families.
    pub existing: Vec<&'static str>,
}

/// # Setting up
impl CrashStore {
    /// Creates those of the twelve tables that are missing, and [`SEARCH_TABLE`].
    ///
    /// Tables whose keys begin with a salt get a region for each, so that a new cluster shares the load from
    /// the first crash on. Only a Thrift 2 gateway that isn't framed can do that; with others they have one
    /// region, which HBase splits as it grows.
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
            match self.create_table(table, options)? {
                Some(is_split) => {
                    report.created.push(table.name);
                    report.split.extend(is_split.then_some(table.name));
                }
                None => {
                    self.verify_table(table)?;
                    report.existing.push(table.name);
                }
            }
        }
        self.forget_search();
        Ok(report)
    }

    /// Returns whether a table that was missing is split; `None` if it was there.
    fn create_table(&self, table: &TableSchema, options: &SchemaOptions) -> Result<Option<bool>> {
        let (admin, families) = (self.client().admin(), families(table, options));
        let families: Vec<_> = families.collect();
        let whole = || admin.create_table(table.name, &families).map(|()| false);
        let created = if layout::is_salted(table) {
            // The first region has the first salt.
            let splits = layout::SALTS.bytes().skip(1).map(|salt| vec![salt]);
            match admin.create_table_with_splits(table.name, &families, splits) {
                // Nothing was sent: the gateway can't split, or can't read at which keys.
                Err(error) if is_refused_here(&error) => whole(),
                created => created.map(|()| true),
            }
        } else {
            whole()
        };
        match created {
            Ok(is_split) => Ok(Some(is_split)),
            Err(error) if error.kind() == HBaseErrorKind::AlreadyExists => Ok(None),
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

fn is_refused_here(error: &hbase_thrift_client::Error) -> bool {
    matches!(error.kind(), HBaseErrorKind::Unsupported | HBaseErrorKind::InvalidRequest)
        && error.attempts() == 0
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
