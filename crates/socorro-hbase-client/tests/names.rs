//! The names that Socorro's developers know find what does their work today: in the documentation's
//! search, by an alias or by the name itself, and in the review of the endpoints.

use std::{fs, io, path::Path};

/// The endpoints of the proposal, as the Python client names them.
const SEED: [&str; 19] = [
    "put_json_dump",
    "put_processed_json",
    "get_json_meta_as_string",
    "get_json_meta",
    "get_dump",
    "get_processed_json_as_string",
    "get_processed_json",
    "get_raw_report",
    "get_report_processing_state",
    "union_scan_with_prefix",
    "merge_scan_with_prefix",
    "limited_iteration",
    "iterator_for_all_legacy_to_be_processed",
    "acknowledge_ooid_as_legacy_priority_job",
    "delete_from_legacy_processing_index",
    "put_crash_report_indices",
    "put_crash_report_hang_indices",
    "update_metrics_counters_for_submit",
    "put_json_dump_from_files",
];

fn sources(directory: &Path) -> io::Result<String> {
    let mut all = String::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let text = if path.is_dir() { sources(&path)? } else { fs::read_to_string(path)? };
        all.push_str(&text);
    }
    Ok(all)
}

#[test]
fn every_name_of_the_proposal_finds_its_successor() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let missing: Vec<_> = SEED
        .into_iter()
        .filter(|name| {
            let alias = format!("#[doc(alias = \"{name}\")]");
            let same = [format!("pub fn {name}("), format!("pub fn {name}<")];
            !sources.contains(&alias) && !same.iter().any(|same| sources.contains(same))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_name_of_the_proposal_is_reviewed() {
    let review = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/endpoint-review.md");
    let review = fs::read_to_string(review).unwrap();
    let missing: Vec<_> =
        SEED.into_iter().filter(|name| !review.contains(&format!("\n| `{name}` |"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
