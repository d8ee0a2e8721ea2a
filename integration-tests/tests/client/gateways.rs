//! Clients and tables on each of a server's gateways.

use std::time::Duration;

use hbase_thrift_client::{ColumnFamily, Config};
use integration_tests::{Flavour, Server, TestTable};

use super::front::{Client, Table};

/// The flavours that differ for the client; a server that was lent has one of its own.
pub(super) const FLAVOURS: [Flavour; 4] =
    [Flavour::Threadpool, Flavour::Nonblocking, Flavour::Compact, Flavour::Http];

/// Waits for longer than users would: a nonblocking gateway makes one call at a time, and those of other tests make
/// tables.
pub(super) fn connect(url: &str) -> Client {
    let config: Config = url.parse().unwrap();
    Client::connect(config.connect_timeout(Duration::from_secs(30))).unwrap()
}

/// Runs a test's body on each gateway of either interface, each time with a client and an empty table
/// of its own.
pub(super) fn on_each_gateway(server: &Server, name: &str, body: impl Fn(&Client, &Table)) {
    on_each_thrift1_gateway(server, name, &body);
    on_each_thrift2_gateway(server, name, &body);
}

/// Of Thrift 1 alone.
pub(super) fn on_each_thrift1_gateway(server: &Server, name: &str, body: impl Fn(&Client, &Table)) {
    let urls = if server.is_own() {
        FLAVOURS.map(|flavour| server.gateway(flavour)).to_vec()
    } else {
        vec![server.url()]
    };
    on_gateways(server, name, urls, body);
}

/// Of Thrift 2 alone; a server that was lent has none.
pub(super) fn on_each_thrift2_gateway(server: &Server, name: &str, body: impl Fn(&Client, &Table)) {
    let flavours = if server.is_own() { &FLAVOURS[..] } else { &[] };
    let urls =
        flavours.iter().map(|flavour| server.thrift2_endpoint(*flavour).to_string()).collect();
    on_gateways(server, name, urls, body);
}

/// A client of each interface that the server has, for what doesn't depend on the gateway's flavour.
pub(super) fn on_each_interface(server: &Server, body: impl Fn(&Client)) {
    body(&connect(&server.url()));
    if server.is_own() {
        body(&connect(&server.thrift2_endpoint(Flavour::Threadpool).to_string()));
    }
}

fn on_gateways(server: &Server, name: &str, urls: Vec<String>, body: impl Fn(&Client, &Table)) {
    for url in urls {
        let client = connect(&url);
        let guard = TestTable::reserve(server, name);
        let families = [ColumnFamily::new("f").max_versions(3), ColumnFamily::new("g")];
        client.admin().create_table(guard.name(), &families).unwrap();
        body(&client, &client.table(guard.name()));
    }
}
