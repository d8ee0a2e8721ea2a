//! What the published libraries bring with them is explained, as long as they bring it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const LIBRARIES: [&str; 6] = [
    "hbase-thrift-api",
    "hbase-thrift-client",
    "socorro-collector",
    "socorro-hbase-client",
    "socorro-processor",
    "socorro-signature",
];

#[test]
fn docs_architecture_says_what_each_dependency_is_for() {
    let explained = explained();
    let used: BTreeSet<String> = LIBRARIES.into_iter().flat_map(dependencies).collect();
    let unexplained: Vec<_> = used.difference(&explained).collect();
    let unused: Vec<_> = explained.difference(&used).collect();
    assert!(
        unexplained.is_empty() && unused.is_empty(),
        "the last table of docs/architecture.md lacks {unexplained:?}, and {unused:?} are not used"
    );
}

/// The blocking client brings no runtime, not even for its tests.
#[test]
fn the_client_without_features_has_no_runtime_in_its_tree() {
    let tree = |features: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["tree", "--package", "hbase-thrift-client", "--prefix", "none", "--locked"]);
        let tree = cargo.args(["--features", features]).output().unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        String::from_utf8(tree.stdout).unwrap()
    };
    let has_runtime = |tree: &str| {
        tree.lines().any(|line| line.starts_with("tokio") || line.starts_with("futures"))
    };
    assert!(!has_runtime(&tree("")));
    assert!(!has_runtime(&tree("http,tls,json,generated")));
    assert!(has_runtime(&tree("tokio")));
}

/// The names in the first column of the table.
fn explained() -> BTreeSet<String> {
    let text = read("docs/architecture.md");
    let (_, table) = text.split_once("| dependency |").unwrap();
    let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| "));
    let names = rows.flat_map(|row| row.split(" | ").next().unwrap().split(", "));
    names.map(|name| name.trim_matches('`').to_owned()).collect()
}

/// Those of the manifest, our own crates left out.
fn dependencies(library: &str) -> Vec<String> {
    let manifest = read(&format!("crates/{library}/Cargo.toml"));
    let sections = manifest.split("\n[").filter(|section| {
        section.starts_with("dependencies]") || section.contains(".dependencies]")
    });
    let lines = sections.flat_map(|section| section.lines().skip(1));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=', '#']).next());
    names.filter(|name| !name.is_empty() && !LIBRARIES.contains(name)).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}
