//! Clients, and tables with rows in them.

use std::net::SocketAddr;

use hbase_thrift_client::{Client, ColumnFamily, Config, Put, Table, WriterOptions};
use mini_hbase::{Builder, HBaseTiming, MiniHBase};

/// For gateways at these addresses.
pub(crate) fn config(addresses: &[SocketAddr]) -> Config {
    let host = |address: &SocketAddr| address.ip().to_string();
    let first = Config::new(host(&addresses[0]), addresses[0].port());
    addresses[1..].iter().fold(first, |config, other| config.endpoint(host(other), other.port()))
}

pub(crate) fn connect(config: Config) -> Client {
    Client::connect(config).unwrap()
}

/// A server that is as little forgiving as HBase with what is done to a cell in one millisecond.
pub(crate) fn exact() -> Builder {
    MiniHBase::builder().timing(HBaseTiming::Exact)
}

/// A table of this many rows, `row0000` and so on.
pub(crate) fn fill(server: &MiniHBase, rows: usize) -> Table {
    let client = connect(config(&[server.address()]));
    client.admin().create_table("t", &[ColumnFamily::new("f").max_versions(3)]).unwrap();
    let table = client.table("t");
    let writer = table.writer(WriterOptions::new().no_max_age());
    for key in keys(rows) {
        writer.write(Put::new(key).column("f:x", "1")).unwrap();
    }
    writer.close().unwrap();
    table
}

pub(crate) fn keys(rows: usize) -> impl DoubleEndedIterator<Item = String> {
    (0..rows).map(|number| format!("row{number:04}"))
}
