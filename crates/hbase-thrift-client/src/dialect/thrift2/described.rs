//! What the gateway says of a table, to be said back with changes.
//!
//! A change sends all of a table's or a family's settings, and HBase takes those that are missing for its
//! defaults. So what this client has no place for goes back as it came.

use hbase_thrift_api::thrift2::{TColumnFamilyDescriptor, TTableDescriptor};
use thrift::protocol::TOutputProtocol;

use super::admin;
use crate::dialect::encode::{Encoded, generated};
use crate::error::{Error, ErrorKind, Result};
use crate::request::ColumnFamily;

/// A table with all of its settings.
#[derive(Clone, Debug)]
pub(crate) struct DescribedTable(TTableDescriptor);

/// A family with all of its settings.
#[derive(Clone, Debug)]
pub(crate) struct DescribedFamily(TColumnFamilyDescriptor);

/// Of a family that is left to HBase's defaults.
const NO_SETTINGS: TColumnFamilyDescriptor = TColumnFamilyDescriptor {
    name: Vec::new(),
    attributes: None,
    configuration: None,
    block_size: None,
    bloomn_filter_type: None,
    compression_type: None,
    dfs_replication: None,
    data_block_encoding: None,
    keep_deleted_cells: None,
    max_versions: None,
    min_versions: None,
    scope: None,
    time_to_live: None,
    block_cache_enabled: None,
    cache_blooms_on_write: None,
    cache_data_on_write: None,
    cache_indexes_on_write: None,
    compress_tags: None,
    evict_blocks_on_close: None,
    in_memory: None,
};

impl DescribedTable {
    pub(super) fn new(descriptor: TTableDescriptor) -> Self {
        Self(descriptor)
    }

    /// The family of this name, changed to these settings.
    ///
    /// # Errors
    ///
    /// The table has no such family, or the interface has no number for one of the settings.
    pub(crate) fn with_family(&self, family: &ColumnFamily) -> Result<DescribedFamily> {
        check(family)?;
        let families = self.0.columns.iter().flatten();
        let found = families.clone().find(|described| described.name == family.name);
        let mut described = found.cloned().ok_or_else(|| {
            let shown = family.name.escape_ascii();
            let message = format!("the table has no family `{shown}`");
            Error::new(ErrorKind::NoSuchColumnFamily, message)
        })?;
        admin::describe(family, &mut described);
        Ok(DescribedFamily(described))
    }

    /// The table with these families and no others; those that it has are changed.
    ///
    /// # Errors
    ///
    /// The families can't be those of a table.
    pub(crate) fn with_families(mut self, families: &[ColumnFamily]) -> Result<Self> {
        if families.is_empty() {
            return Err(Error::invalid("a table needs at least one column family"));
        }
        families.iter().try_for_each(check)?;
        let old = self.0.columns.take().unwrap_or_default();
        let describe = |family: &ColumnFamily| {
            let found = old.iter().find(|described| described.name == family.name);
            let new = || TColumnFamilyDescriptor { name: family.name.clone(), ..NO_SETTINGS };
            let mut described = found.cloned().unwrap_or_else(new);
            admin::describe(family, &mut described);
            described
        };
        self.0.columns = Some(families.iter().map(describe).collect());
        Ok(self)
    }

    pub(super) fn write(&self, protocol: &mut dyn TOutputProtocol) -> Encoded {
        generated(protocol, 1, &self.0)
    }
}

impl DescribedFamily {
    pub(super) fn write(&self, protocol: &mut dyn TOutputProtocol) -> Encoded {
        generated(protocol, 2, &self.0)
    }
}

fn check(family: &ColumnFamily) -> Result<()> {
    family.check()?;
    admin::check(family)
}
