//! Clients of other people: `thbase` of Python's registry, and HBase's own Java client over its `ThriftConnection`.
//!
//! Each is taken through what its users do, by the programs in `clients`, and prints what it says: on
//! HBase and on mini-hbase the same, which is kept beside the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::{Endpoint, Flavour, Server, Test};

use crate::python::environment;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(thbase_says_what_it_says_elsewhere),
        Test::on_own_server(thbase_says_the_same_on_every_flavour),
        Test::on_own_server(the_java_client_says_what_it_says_elsewhere),
        Test::on_own_server(the_java_client_says_the_same_on_every_flavour),
    ]
}

const OTHER_FLAVOURS: [Flavour; 3] = [Flavour::Nonblocking, Flavour::Compact, Flavour::Http];
/// What Java's client says has this before it; the rest is Java's log.
const SAID: &str = "> ";
/// What a framed gateway mistakes the bytes of the whole request for.
const NOT_FRAMED: [&str; 4] = ["times of families", "attributes", "removed families", "split keys"];

fn thbase_says_what_it_says_elsewhere(server: &Server) {
    thbase(server, Flavour::Threadpool);
}

fn thbase_says_the_same_on_every_flavour(server: &Server) {
    for flavour in OTHER_FLAVOURS {
        thbase(server, flavour);
    }
}

fn the_java_client_says_what_it_says_elsewhere(server: &Server) {
    java(server, Flavour::Threadpool);
}

fn the_java_client_says_the_same_on_every_flavour(server: &Server) {
    for flavour in OTHER_FLAVOURS {
        java(server, flavour);
    }
}

fn thbase(server: &Server, flavour: Flavour) {
    let endpoint = server.thrift2_endpoint(flavour);
    let mut tour = Command::new(environment("thbase", &files().join("requirements.txt")));
    tour.arg(files().join("tour.py")).args([&endpoint.host, &endpoint.port.to_string()]);
    let output = tour.args(speech(endpoint)).args(left_out(endpoint)).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "thbase failed on {endpoint}: {complaint}");
    let said = String::from_utf8(output.stdout).unwrap();
    compare("thbase.txt", &said.lines().collect::<Vec<_>>(), endpoint);
}

fn java(server: &Server, flavour: Flavour) {
    let endpoint = server.thrift2_endpoint(flavour);
    let arguments: Vec<_> = speech(endpoint).into_iter().chain(left_out(endpoint)).collect();
    let tour = std::fs::read_to_string(files().join("Tour.java")).unwrap();
    let printed = server.run_java_on_thrift2(flavour, &tour, &arguments);
    let said = printed.lines().filter_map(|line| line.strip_prefix(SAID));
    compare("java.txt", &said.collect::<Vec<_>>(), endpoint);
}

/// Compares what a client says with what it is known to say, without the chapters that were left out.
fn compare(known: &str, said: &[&str], endpoint: &Endpoint) {
    let path = files().join(known);
    let known = std::fs::read_to_string(&path).unwrap();
    let left_out = left_out(endpoint);
    let mut is_left_out = false;
    let expected = known.lines().filter(|line| {
        if let Some(chapter) = line.strip_prefix("== ") {
            is_left_out = left_out.contains(&chapter);
        }
        !is_left_out
    });
    let expected: Vec<_> = expected.collect();
    let common = said.iter().zip(&expected).take_while(|(said, expected)| said == expected).count();
    assert!(
        said == expected,
        "on {endpoint}, line {} of {}, behind {:?}, is {:?}, not {:?}",
        common + 1,
        path.display(),
        &said[common.saturating_sub(4)..common],
        said.get(common),
        expected.get(common)
    );
}

fn speech(endpoint: &Endpoint) -> [&'static str; 2] {
    let transport = match (endpoint.http, endpoint.framed) {
        (true, _) => "http",
        (false, true) => "framed",
        (false, false) => "buffered",
    };
    [transport, if endpoint.compact { "compact" } else { "binary" }]
}

fn left_out(endpoint: &Endpoint) -> Vec<&'static str> {
    if endpoint.framed { NOT_FRAMED.to_vec() } else { Vec::new() }
}

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/thrift2/clients")
}
