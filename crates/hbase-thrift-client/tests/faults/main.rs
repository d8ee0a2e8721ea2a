//! What goes wrong between calls: scans that end early, gateways that hang or carry out late what they
//! were sent, callers that wait for each other, errors that say more or less than is known.

#![allow(clippy::unwrap_used)]
// The numbers are small ones of tests.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod gateways;
mod limits;
mod pipelines;
mod scans;
#[path = "../support/mod.rs"]
mod support;
mod writer;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hbase_thrift_client::{Client, ColumnFamily, Config, Put, Table, WriterOptions};
use mini_hbase::MiniHBase;

/// For gateways at these addresses.
fn config(addresses: &[SocketAddr]) -> Config {
    let host = |address: &SocketAddr| address.ip().to_string();
    let first = Config::new(host(&addresses[0]), addresses[0].port());
    addresses[1..]
        .iter()
        .fold(first, |config, other| config.with_endpoint(host(other), other.port()))
}

fn connect(config: Config) -> Client {
    Client::connect(config).unwrap()
}

/// A table of this many rows, `row0000` and so on.
fn fill(server: &MiniHBase, rows: usize) -> Table {
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

fn keys(rows: usize) -> impl DoubleEndedIterator<Item = String> {
    (0..rows).map(|number| format!("row{number:04}"))
}

/// Runs `body`, which may take this long at most.
#[track_caller]
fn within<T>(limit: Duration, body: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = body();
    let took = began.elapsed();
    assert!(took <= limit, "it took {took:?}");
    result
}

/// A time that nothing in here takes, and a processor that is busy with other work may.
const SLACK: Duration = Duration::from_millis(1_500);
