//! Where the regions of a table are: on a server that nobody can connect to.

use hbase_thrift_api::thrift2::{THRegionInfo, THRegionLocation, TServerName};

use super::Handler;
use crate::model::{Error, Region, Result, Table};
use crate::names;

const SERVER: &str = "localhost";
/// HBase's default port for region servers. Nothing listens there.
const PORT: i32 = 16020;

impl Handler {
    pub(super) fn region(&self, table: &[u8], row: &[u8]) -> Result<THRegionLocation> {
        names::table(table)?;
        let table = self.service.table(table)?;
        let found = table.regions().filter(|region| region.start <= row).last();
        // The first begins before every row.
        let found = found.ok_or_else(|| Error::Io("no region has this row".to_owned()))?;
        Ok(self.location(&table, &found))
    }

    pub(super) fn regions(&self, table: &[u8]) -> Result<Vec<THRegionLocation>> {
        match self.service.table(table) {
            Ok(table) => Ok(table.regions().map(|region| self.location(&table, &region)).collect()),
            Err(Error::TableNotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn location(&self, table: &Table, region: &Region<'_>) -> THRegionLocation {
        THRegionLocation {
            server_name: TServerName {
                host_name: SERVER.to_owned(),
                port: Some(PORT),
                start_code: Some(self.service.started),
            },
            region_info: THRegionInfo {
                // The gateway leaves it so.
                region_id: 0,
                table_name: table.name.clone().into_bytes(),
                start_key: Some(region.start.to_vec()),
                end_key: Some(region.end.to_vec()),
                offline: Some(false),
                split: Some(false),
                replica_id: Some(0),
            },
        }
    }
}
