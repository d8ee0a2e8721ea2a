//! The generic client's examples, each run as its reader would, on a real HBase.

use std::path::Path;
use std::process::Output;

use escargot::CargoBuild;
use hbase_thrift_api::THbaseSyncClient;
use integration_tests::{Server, Test, TestTable};

use crate::socorro::url_with_prefix;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(first_put_greets_and_cleans_up),
        Test::new(long_scan_counts_every_row_once_though_it_is_interrupted),
        Test::new(buffered_load_names_the_row_that_cannot_be_written),
        Test::new(counters_lose_no_vote),
        Test::new(salted_scans_put_the_evening_in_order),
        Test::new(failover_gets_over_the_gateway_that_is_down),
    ]
}

fn first_put_greets_and_cleans_up(server: &Server) {
    let said = run(server, "first_put");
    assert_lines(
        &said,
        &["In French one says Bonjour.", "  ja: こんにちは", "One has left, 2 stay."],
    );
}

fn long_scan_counts_every_row_once_though_it_is_interrupted(server: &Server) {
    let said = run(server, "long_scan");
    assert_lines(&said, &[" 100 % of the sky", "5000 stars, each counted once."]);
    assert!(said.lines().any(|line| line.starts_with("Clouds after star")), "{said}");
}

fn buffered_load_names_the_row_that_cannot_be_written(server: &Server) {
    let said = run(server, "buffered_load");
    let lines = ["`b` stays outside: NoSuchColumnFamily.", "On the shelves: 20002 books."];
    assert_lines(&said, &lines);
}

fn counters_lose_no_vote(server: &Server) {
    let said = run(server, "counters");
    assert_lines(&said, &["0 votes are in doubt."]);
    let last_word = |line: &str| line.rsplit(' ').next().and_then(|word| word.parse::<u32>().ok());
    assert_eq!(said.lines().filter_map(last_word).sum::<u32>(), 80, "{said}");
}

fn salted_scans_put_the_evening_in_order(server: &Server) {
    let said = run(server, "salted_scans");
    let evening: Vec<_> =
        said.lines().filter_map(|line| line.strip_prefix("  1912-04-14T")?.get(..2)).collect();
    assert_eq!(evening, ["18", "19", "20", "21", "22", "23", "23", "22", "21"], "{said}");
    assert_lines(&said, &["  24 ships"]);
}

fn failover_gets_over_the_gateway_that_is_down(server: &Server) {
    let said = run(server, "failover");
    assert_lines(
        &said,
        &[
            "The one that is down, alone: Connect, NotApplied.",
            "400 calls over 2 gateways, one of them down: all succeeded.",
        ],
    );
}

/// Runs an example on tables of its own; answers what it said, and checks that nothing is left.
fn run(server: &Server, name: &str) -> String {
    let prefix = TestTable::reserve_prefix(server, name);
    let output = program(name)
        .arg(url_with_prefix(server, prefix.name()))
        .output()
        .unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
    let said = stdout_of(&output);
    let mut tables = server.raw().get_table_names().unwrap();
    tables.retain(|table| table.starts_with(prefix.name().as_bytes()));
    assert!(tables.is_empty(), "{name} leaves behind: {tables:?}");
    said
}

/// Built here, because Cargo builds a package's examples for that package's own tests only.
fn program(name: &str) -> std::process::Command {
    let built = CargoBuild::new()
        .package("hbase-thrift-client")
        .example(name)
        .all_features()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .run();
    built.unwrap_or_else(|error| panic!("{error}")).command()
}

fn stdout_of(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn assert_lines(said: &str, expected: &[&str]) {
    for line in expected {
        assert!(said.lines().any(|other| other == *line), "{line:?} is missing in:\n{said}");
    }
}
