//! The async front of this workspace's client, on a runtime of one thread.

use std::net::SocketAddr;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use hbase_thrift_client::aio::{Client as HBase, Table as Handle};
use hbase_thrift_client::{Config, Get, Scan as HBaseScan};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::own::add;
use super::{Client, Tally, key, part};
use crate::shape::Table;
use crate::task::{CONNECTIONS, Scan};

pub(super) struct OwnAsync {
    runtime: Runtime,
    hbase: HBase,
}

impl OwnAsync {
    pub(super) fn connect(server: SocketAddr) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let config = Config::new(server.ip().to_string(), server.port());
        let config = config.max_connections(CONNECTIONS as usize);
        let hbase = runtime.block_on(HBase::connect(config))?;
        Ok(Self { runtime, hbase })
    }
}

impl Client for OwnAsync {
    fn scan(&mut self, scan: &Scan, table: Table) -> Result<Tally> {
        let request = HBaseScan::new().caching(scan.batch).read_ahead(scan.read_ahead);
        self.runtime.block_on(async {
            let mut tally = Tally::default();
            let mut rows = self.hbase.table(table.to_string()).scan(request).await?;
            while let Some(row) = rows.next_row().await? {
                add(&mut tally, &row);
            }
            Ok(tally)
        })
    }

    fn get(&mut self, table: Table) -> Result<Tally> {
        self.runtime.block_on(get(self.hbase.table(table.to_string()), 0..table.rows))
    }

    fn get_in_threads(&mut self, table: Table, tasks: u32) -> Result<Tally> {
        self.runtime.block_on(async {
            let mut set = JoinSet::new();
            for task in 0..tasks {
                let handle = self.hbase.table(table.to_string());
                set.spawn(get(handle, part(table, task, tasks)));
            }
            set.join_all().await.into_iter().sum()
        })
    }

    fn put(&mut self, _table: Table) -> Result<()> {
        bail!("this contender only reads")
    }
}

async fn get(handle: Handle, calls: Range<u64>) -> Result<Tally> {
    let mut tally = Tally::default();
    for call in calls {
        let row = handle.get(&Get::new(key(call))).await?.context("no row")?;
        add(&mut tally, &row);
    }
    Ok(tally)
}
