//! The names that Socorro's developers know find what does their work today: in the documentation's
//! search, by an alias or by the name itself, and in the review of the endpoints.

use std::{fs, io, path::Path};

/// The endpoints of the Python client, those of the proposal first.
const ENDPOINTS: [&str; 27] = [
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
    "put_fixed_dump",
    "export_jsonz_for_date",
    "export_jsonz_tarball_for_date",
    "export_jsonz_tarball_for_ooids",
    "export_sampled_crashes_tarball_for_dates",
    "describe_table",
    "get_full_row",
    "close",
];

/// The same in later versions of Socorro.
const LATER: [&str; 5] =
    ["save_raw_crash", "get_raw_dumps", "get_unredacted_processed", "new_crashes", "delete_crash"];

/// What has no successor that could be found: a connection is closed by nobody.
const WITHOUT: [&str; 1] = ["close"];

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
fn every_name_finds_its_successor() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let missing: Vec<_> = ENDPOINTS
        .into_iter()
        .chain(LATER)
        .filter(|name| !WITHOUT.contains(name))
        .filter(|name| {
            let alias = format!("#[doc(alias = \"{name}\")]");
            let same = [format!("pub fn {name}("), format!("pub fn {name}<")];
            !sources.contains(&alias) && !same.iter().any(|same| sources.contains(same))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The rows of the review's tables, in cells; the first is what is before the first bar.
fn review() -> Vec<Vec<String>> {
    let review = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/endpoint-review.md");
    let review = fs::read_to_string(review).expect("the review can be read");
    let rows = review.lines().filter(|line| line.starts_with("| "));
    rows.map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn every_name_has_a_verdict() {
    const VERDICTS: [&str; 4] = ["kept", "renamed", "deleted", "merged"];
    let rows = review();
    let verdict_of = |name: &str| {
        let name = format!("`{name}`");
        let row = rows.iter().find(|row| row[1].split(", ").any(|found| found == name))?;
        VERDICTS.into_iter().find(|verdict| *verdict == row[3])
    };
    let missing: Vec<_> = ENDPOINTS.into_iter().filter(|name| verdict_of(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The types whose methods are endpoints; those of others are about values that endpoints take or return.
const TYPES: [&str; 5] = ["CrashStore", "Queue", "Claim", "Check", "CrashFolder"];

#[test]
fn every_endpoint_is_reviewed() {
    const VERDICTS: [&str; 5] = ["kept", "renamed", "deleted", "merged", "added"];
    let rows = review();
    let is_reviewed = |of: &str, method: &str| {
        let whole = format!("`{of}::{method}`");
        let short = format!("`{method}`");
        rows.iter().filter(|row| VERDICTS.contains(&row[3].as_str())).any(|row| {
            let mut found = row[2].split(", ");
            let is_of = found.clone().any(|name| name.starts_with(&format!("`{of}::")));
            found.any(|name| name == whole || is_of && name == short)
        })
    };
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let (mut of, mut count, mut missing) = ("", 0, Vec::new());
    for line in sources.lines() {
        if let Some(name) = line.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {")) {
            of = name;
        }
        let name = line.strip_prefix("    pub fn ").and_then(|rest| rest.split(['(', '<']).next());
        if let Some(name) = name
            && TYPES.contains(&of)
        {
            count += 1;
            if !is_reviewed(of, name) {
                missing.push(format!("{of}::{name}"));
            }
        }
    }
    assert!(count > 70, "{count} endpoints");
    assert!(missing.is_empty(), "{missing:?}");
}
