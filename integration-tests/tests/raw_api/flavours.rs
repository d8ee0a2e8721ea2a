//! The same calls through each flavour of gateway, and a gateway that comes back.

use hbase_thrift_api::THbaseSyncClient;
use integration_tests::{Flavour, Server, Test};

use super::{Bench, bytes, none, put, row, simple};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(a_framed_gateway_stores_and_answers),
        Test::on_own_server(a_compact_gateway_stores_and_answers),
        Test::on_own_server(an_http_gateway_stores_and_answers),
        Test::on_own_server(a_killed_gateway_comes_back_with_the_data),
    ]
}

fn a_framed_gateway_stores_and_answers(server: &Server) {
    stores_and_answers(server, Flavour::Nonblocking);
}

fn a_compact_gateway_stores_and_answers(server: &Server) {
    stores_and_answers(server, Flavour::Compact);
}

fn an_http_gateway_stores_and_answers(server: &Server) {
    stores_and_answers(server, Flavour::Http);
}

fn stores_and_answers(server: &Server, flavour: Flavour) {
    let mut bench = Bench::new(server, &flavour.name().replace('-', "_"));
    bench.raw = server.raw_on(flavour);
    let mutations = vec![put("a:x", "1"), put("b:y", "2")];
    bench.raw.mutate_row(bench.name(), bytes("r"), mutations, none()).unwrap();
    let rows = bench.raw.get_row(bench.name(), bytes("r"), none()).unwrap();
    assert_eq!(simple(rows), [row("r", &[("a:x", "1"), ("b:y", "2")])]);
}

fn a_killed_gateway_comes_back_with_the_data(server: &Server) {
    let mut bench = Bench::new(server, "killed");
    bench.put("r", "a:x", "v");
    let gateway = server.expendable_gateway();
    let mut before = gateway.raw();
    before.get_cluster_id().unwrap();
    gateway.kill();
    before.get_cluster_id().unwrap_err();

    gateway.wait();
    bench.raw = gateway.raw();
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "v")])]);
}
