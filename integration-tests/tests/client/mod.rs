//! The generic client on real gateways: what each method does there, on every transport and protocol
//! that the client speaks.

mod admin;
mod faults;
mod filters;
mod interfaces;
mod pages;
mod pipelines;
mod probe;
mod regions;
mod restarts;
mod row_changes;
mod row_model;
mod row_reads;
mod row_sets;
mod rows;
mod salted;
mod scans;
mod schema;
mod writer;

use hbase_thrift_client::{Client, ColumnFamily, Table};
use integration_tests::{Flavour, Server, Test, TestTable};

pub(crate) fn tests() -> Vec<Test> {
    let modules = [
        admin::tests(),
        faults::tests(),
        filters::tests(),
        interfaces::tests(),
        pages::tests(),
        pipelines::tests(),
        probe::tests(),
        regions::tests(),
        restarts::tests(),
        row_changes::tests(),
        row_model::tests(),
        row_reads::tests(),
        row_sets::tests(),
        rows::tests(),
        salted::tests(),
        scans::tests(),
        schema::tests(),
        writer::tests(),
    ];
    modules.into_iter().flatten().collect()
}

/// The flavours that differ for the client; a server that was lent has one of its own.
const FLAVOURS: [Flavour; 4] =
    [Flavour::Threadpool, Flavour::Nonblocking, Flavour::Compact, Flavour::Http];

fn connect(url: &str) -> Client {
    Client::connect(url).unwrap()
}

/// Runs a test's body on each gateway of either interface, each time with a client and an empty table
/// of its own.
fn on_each_gateway(server: &Server, name: &str, body: impl Fn(&Client, &Table)) {
    on_each_thrift1_gateway(server, name, &body);
    on_each_thrift2_gateway(server, name, &body);
}

/// Of Thrift 1 alone.
fn on_each_thrift1_gateway(server: &Server, name: &str, body: impl Fn(&Client, &Table)) {
    let urls = if server.is_own() {
        FLAVOURS.map(|flavour| server.gateway(flavour)).to_vec()
    } else {
        vec![server.url()]
    };
    on_gateways(server, name, urls, body);
}

/// Of Thrift 2 alone; a server that was lent has none.
fn on_each_thrift2_gateway(server: &Server, name: &str, body: impl Fn(&Client, &Table)) {
    let flavours = if server.is_own() { &FLAVOURS[..] } else { &[] };
    let urls =
        flavours.iter().map(|flavour| server.thrift2_endpoint(*flavour).to_string()).collect();
    on_gateways(server, name, urls, body);
}

/// A client of each interface that the server has, for what doesn't depend on the gateway's flavour.
fn on_each_interface(server: &Server, body: impl Fn(&Client)) {
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
