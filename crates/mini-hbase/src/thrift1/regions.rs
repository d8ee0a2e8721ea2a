//! Regions: every table has one, over all keys, on a server that nobody can connect to.

use hbase_thrift_api::TRegionInfo;

use crate::model::{Error, Result, Table, show};
use crate::service::Service;

/// What the gateway says of every region.
const VERSION: i8 = 1;
const SERVER: &[u8] = b"localhost";
/// HBase's default port for region servers. Nothing listens there.
const PORT: i32 = 16020;

impl Service {
    pub(super) fn regions(&self, name: &[u8]) -> Result<Vec<TRegionInfo>> {
        match self.table(name) {
            Ok(table) => Ok(vec![describe(&table)]),
            Err(Error::TableNotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The region whose name is the last one up to a row of HBase's catalogue, the last of all for
    /// an empty row, as in each reversed scan.
    pub(super) fn region_at(&self, row: &[u8]) -> Result<TRegionInfo> {
        let tables = self.store.all_tables();
        let is_before = |name: &[u8]| row.is_empty() || name <= row;
        let before = tables.iter().filter(|table| is_before(table.region_name().as_bytes()));
        let found = before.max_by_key(|table| table.region_name());
        found
            .map(|table| describe(table))
            .ok_or_else(|| Error::Io(format!("Cannot find row in hbase:meta, row={}", show(row))))
    }

    /// Takes a table's or a region's name. HBase only starts the work here, too.
    pub(super) fn compact(&self, name: &[u8]) -> Result<()> {
        let tables = self.store.all_tables();
        let of_region = tables.iter().find(|table| table.region_name().as_bytes() == name);
        match of_region {
            Some(table) => self.store.compact(table),
            None => self.store.compact(&*self.table(name)?),
        }
    }
}

fn describe(table: &Table) -> TRegionInfo {
    TRegionInfo {
        start_key: Some(Vec::new()),
        end_key: Some(Vec::new()),
        id: Some(table.created),
        name: Some(table.region_name().into_bytes()),
        version: Some(VERSION),
        server_name: Some(SERVER.to_vec()),
        port: Some(PORT),
    }
}
