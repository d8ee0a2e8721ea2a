//! Where the regions of a table are: on a server that nobody can connect to.

use hbase_thrift_api::thrift2::{THRegionInfo, THRegionLocation, TServerName};

use super::Handler;
use crate::model::{Error, Result, Table};
use crate::names;

const SERVER: &str = "localhost";
/// HBase's default port for region servers. Nothing listens there.
const PORT: i32 = 16020;

impl Handler {
    pub(super) fn region(&self, table: &[u8]) -> Result<THRegionLocation> {
        names::table(table)?;
        Ok(self.describe(&*self.service.table(table)?))
    }

    pub(super) fn regions(&self, table: &[u8]) -> Result<Vec<THRegionLocation>> {
        match self.service.table(table) {
            Ok(table) => Ok(vec![self.describe(&table)]),
            Err(Error::TableNotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn describe(&self, table: &Table) -> THRegionLocation {
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
                start_key: Some(Vec::new()),
                end_key: Some(Vec::new()),
                offline: Some(false),
                split: Some(false),
                replica_id: Some(0),
            },
        }
    }
}
