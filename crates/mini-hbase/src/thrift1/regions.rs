//! Regions, on a server that nobody can connect to.

use hbase_thrift_api::TRegionInfo;

use crate::model::{Error, Region, Result, Table, show};
use crate::service::Service;

/// What the gateway says of every region.
const VERSION: i8 = 1;
const SERVER: &[u8] = b"localhost";
/// HBase's default port for region servers. Nothing listens there.
const PORT: i32 = 16020;

impl Service {
    pub(super) fn regions(&self, name: &[u8]) -> Result<Vec<TRegionInfo>> {
        match self.table(name) {
            Ok(table) => Ok(table.regions().map(|region| describe(&table, region)).collect()),
            Err(Error::TableNotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The region whose name is the last one up to a row of HBase's catalogue, the last of all for
    /// an empty row, as in each reversed scan.
    pub(super) fn region_at(&self, row: &[u8]) -> Result<TRegionInfo> {
        let tables = self.store.all_tables();
        let regions = tables.iter().flat_map(|table| table.regions().map(move |one| (table, one)));
        let before = regions.filter(|(_, region)| row.is_empty() || *region.name <= *row);
        let found = before.max_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        found
            .map(|(table, region)| describe(table, region))
            .ok_or_else(|| Error::Io(format!("Cannot find row in hbase:meta, row={}", show(row))))
    }

    /// Takes a table's or a region's name. HBase only starts the work here, too.
    pub(super) fn compact(&self, name: &[u8]) -> Result<()> {
        let tables = self.store.all_tables();
        let of_region =
            tables.iter().find(|table| table.regions().any(|region| region.name == name));
        match of_region {
            Some(table) => self.store.compact(table),
            None => self.store.compact(&*self.table(name)?),
        }
    }
}

fn describe(table: &Table, region: Region<'_>) -> TRegionInfo {
    TRegionInfo {
        start_key: Some(region.start.to_vec()),
        end_key: Some(region.end.to_vec()),
        id: Some(table.created),
        name: Some(region.name),
        version: Some(VERSION),
        server_name: Some(SERVER.to_vec()),
        port: Some(PORT),
    }
}
