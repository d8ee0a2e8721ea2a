//! What a compaction does: what no read returns is removed, and nothing else. What a scan removes
//! when it has met many rows without cells is the same.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use std::time::Duration;

use hbase_thrift_api::{BatchMutation, ColumnDescriptor, Mutation, THbaseSyncClient};
use mini_hbase::{MiniHBase, VirtualClock};
use support::{
    Raw, both, bytes, client, client_with_table, delete, family, keys, mutation, new, none, put,
    scan, value, versions,
};

fn put_at(raw: &mut Raw, row: &str, time: i64, text: &str) {
    let cells = vec![mutation("f:x", text)];
    raw.mutate_row_ts(bytes("t"), bytes(row), cells, time, none()).unwrap();
}

#[test]
fn a_delete_hides_older_puts_until_a_compaction_and_no_longer() {
    for major in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let builder = MiniHBase::builder().store(folder.path().join("store"));
        let server = builder.clone().start().unwrap();
        let mut raw = client_with_table(&server);
        for row in ["column", "row", "kept"] {
            put_at(&mut raw, row, 50, "before");
        }
        raw.delete_all_ts(bytes("t"), bytes("column"), bytes("f:x"), 100, none()).unwrap();
        raw.delete_all_row_ts(bytes("t"), bytes("row"), 100, none()).unwrap();
        for row in ["column", "row"] {
            put_at(&mut raw, row, 60, "hidden");
            assert_eq!(value(&mut raw, row, "f:x"), None, "{row}");
        }
        if major {
            raw.major_compact(bytes("t")).unwrap();
        } else {
            raw.compact(bytes("t")).unwrap();
        }
        for row in ["column", "row"] {
            // What was hidden is gone; what comes now is not.
            assert_eq!(value(&mut raw, row, "f:x"), None, "{row}");
            put_at(&mut raw, row, 70, "seen");
            assert_eq!(value(&mut raw, row, "f:x").as_deref(), Some("seen"), "{row}");
        }
        assert_eq!(value(&mut raw, "kept", "f:x").as_deref(), Some("before"));
        server.stop();
        let server = builder.start().unwrap();
        let mut raw = client(&server);
        put(&mut raw, "kept", "f:y", "v").unwrap();
        let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
        let rows = keys(raw.scanner_get_list(scanner, 10).unwrap());
        assert_eq!(rows, ["column", "kept", "row"]);
    }
}

#[test]
fn what_a_compaction_drops_is_not_missed() {
    for builder in both() {
        let server = builder.start().unwrap();
        let mut raw = client(&server);
        let family = ColumnDescriptor { max_versions: Some(2), ..family("f") };
        raw.create_table(bytes("t"), vec![family]).unwrap();
        let at = |raw: &mut Raw, row: &str, time, mutation| {
            raw.mutate_row_ts(bytes("t"), bytes(row), vec![mutation], time, none()).unwrap();
        };
        for time in 1..=4 {
            at(&mut raw, "r", time, new("f:x", bytes(&time.to_string())));
            at(&mut raw, "dead", time, new("f:x", bytes("v")));
        }
        at(&mut raw, "dead", 4, delete("f:x"));
        let scanner = raw.scanner_open_with_scan(bytes("t"), scan(), none()).unwrap();
        let below = |raw: &mut Raw| {
            raw.get_ver_ts(bytes("t"), bytes("r"), bytes("f:x"), 3, 9, none()).unwrap().len()
        };
        assert_eq!(below(&mut raw), 2, "versions over the maximum are still there");
        raw.compact(bytes("t")).unwrap();
        assert_eq!(below(&mut raw), 0);
        assert_eq!(versions(&mut raw, "r"), [("4".to_owned(), 4), ("3".to_owned(), 3)]);
        assert_eq!(value(&mut raw, "dead", "f:x"), None);
        at(&mut raw, "dead", 2, new("f:x", bytes("again")));
        assert_eq!(value(&mut raw, "dead", "f:x").as_deref(), Some("again"));
        assert_eq!(raw.scanner_get_list(scanner, 10).unwrap().len(), 2);
    }
}

/// As after a major compaction of HBase's: what was removed hides no put that comes later, and no
/// later compaction takes that put for one of those that were hidden.
#[test]
fn many_rows_without_cells_are_removed_when_a_scan_has_met_them() {
    const ROWS: usize = 1_500;
    for builder in both() {
        let clock = VirtualClock::new(1_000_000);
        let server = builder.clock(clock.clone()).start().unwrap();
        let mut raw = client_with_table(&server);
        let name = |number: usize| format!("r{number:04}");
        let all = |raw: &mut Raw, mutation: &dyn Fn(usize) -> Mutation| {
            let row = |number| BatchMutation::new(bytes(&name(number)), vec![mutation(number)]);
            raw.mutate_rows(bytes("t"), (0..ROWS).map(row).collect(), none()).unwrap();
        };
        let at = |raw: &mut Raw, row: usize, time| {
            let cell = vec![new("f:x", bytes("old"))];
            raw.mutate_row_ts(bytes("t"), bytes(&name(row)), cell, time, none()).unwrap();
        };
        let scan_all = |raw: &mut Raw| {
            let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
            let rows = support::keys(raw.scanner_get_list(scanner, 10).unwrap());
            raw.scanner_close(scanner).unwrap();
            rows
        };
        all(&mut raw, &|_| new("f:x", bytes("v")));
        // Of the family, and of the column.
        all(&mut raw, &|row| delete(if row % 2 == 0 { "f" } else { "f:x" }));
        put(&mut raw, "z", "f:x", "v").unwrap();

        // Deletes are remembered for a while, for puts that come late.
        assert_eq!(scan_all(&mut raw), ["z"]);
        for row in [6, 7] {
            at(&mut raw, row, 50);
            assert_eq!(value(&mut raw, &name(row), "f:x"), None);
        }
        clock.advance(Duration::from_secs(10));
        assert_eq!(scan_all(&mut raw), ["z"]);
        for row in [6, 7, 8, 9] {
            assert_eq!(value(&mut raw, &name(row), "f:x"), None, "{row} was hidden");
            at(&mut raw, row, 60);
        }
        for compactions in 0..3 {
            for row in [6, 7, 8, 9] {
                let found = value(&mut raw, &name(row), "f:x");
                assert_eq!(found.as_deref(), Some("old"), "{row} after {compactions}");
            }
            assert_eq!(scan_all(&mut raw), ["r0006", "r0007", "r0008", "r0009", "z"]);
            raw.compact(bytes("t")).unwrap();
        }
    }
}

#[test]
fn a_put_that_is_older_than_a_removed_delete_outlives_compactions() {
    for builder in both() {
        let server = builder.start().unwrap();
        let mut raw = client(&server);
        let family = ColumnDescriptor { max_versions: Some(1), ..family("f") };
        raw.create_table(bytes("t"), vec![family]).unwrap();
        let at = |raw: &mut Raw, row: &str, time, mutation| {
            raw.mutate_row_ts(bytes("t"), bytes(row), vec![mutation], time, none()).unwrap();
        };
        for row in ["column", "family"] {
            at(&mut raw, row, 90, new("f:x", bytes("hidden")));
            at(&mut raw, row, 200, new("f:y", bytes("kept")));
        }
        at(&mut raw, "column", 100, delete("f:x"));
        at(&mut raw, "family", 100, delete("f"));
        raw.compact(bytes("t")).unwrap();
        for row in ["column", "family"] {
            at(&mut raw, row, 50, new("f:x", bytes("seen")));
        }
        for _ in 0..3 {
            raw.compact(bytes("t")).unwrap();
            for row in ["column", "family"] {
                assert_eq!(value(&mut raw, row, "f:x").as_deref(), Some("seen"), "{row}");
                assert_eq!(value(&mut raw, row, "f:y").as_deref(), Some("kept"), "{row}");
            }
        }
    }
}

#[test]
fn a_version_past_its_own_time_to_live_takes_no_other_ones_place() {
    for builder in both() {
        let clock = VirtualClock::new(1_000_000);
        let server = builder.clock(clock.clone()).start().unwrap();
        let mut raw = client(&server);
        let family = ColumnDescriptor { max_versions: Some(1), ..family("f") };
        raw.create_table(bytes("t"), vec![family]).unwrap();
        // Small and large values lie in different places.
        let (small, large) = ("v".to_owned(), "v".repeat(10_000));
        for (row, text) in [("small", &small), ("large", &large)] {
            put(&mut raw, row, "f:x", text).unwrap();
        }
        clock.advance(Duration::from_millis(10));
        for (row, text) in [("small", "short"), ("large", &*"s".repeat(10_000))] {
            let ttl = [(bytes("_ttl"), 100_i64.to_be_bytes().to_vec())].into();
            let cell = vec![new("f:x", bytes(text))];
            raw.mutate_row(bytes("t"), bytes(row), cell, ttl).unwrap();
            assert_eq!(value(&mut raw, row, "f:x").as_deref(), Some(text));
        }
        clock.advance(Duration::from_millis(101));
        for _ in 0..3 {
            assert_eq!(value(&mut raw, "small", "f:x"), Some(small.clone()));
            assert!(value(&mut raw, "large", "f:x") == Some(large.clone()));
            raw.compact(bytes("t")).unwrap();
        }
    }
}
