//! Rows by sets of keys and ranges, exclusive bounds, counting, and reads that are split by size.

use std::collections::BTreeSet;

use hbase_thrift_client::{
    Comparator, Config, ErrorKind, Filter, GetRows, Put, RowSet, Scan, WriterOptions,
};
use integration_tests::{Server, Test, TestTable};

use super::front::{Client, Table};
use super::{on_each_gateway, on_each_thrift1_gateway};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(bounds_are_included_or_not_as_said),
        Test::new(a_set_has_each_of_its_rows_once_in_order),
        Test::new(rows_are_counted_whatever_the_scan_reads),
        Test::new(many_rows_are_read_in_parts),
        Test::new(regions_hand_out_the_rows_of_the_scan),
        Test::new(counters_are_read_and_set),
        Test::new(a_table_is_deleted_in_service_or_not_and_compacted_by_region),
    ]
}

const LETTERS: [&str; 4] = ["a", "b", "\0", "\u{7f}"];

/// Keys of up to three letters, so that many are the beginning of others.
fn all_keys() -> Vec<String> {
    let mut keys = vec![String::new()];
    for _ in 0..3 {
        let longer = keys.iter().flat_map(|key| LETTERS.map(|letter| format!("{key}{letter}")));
        keys = longer.chain(keys.iter().cloned()).collect();
    }
    let keys: BTreeSet<String> = keys.into_iter().filter(|key| !key.is_empty()).collect();
    keys.into_iter().collect()
}

fn fill(table: &Table, keys: &[String]) {
    let writer = table.writer(WriterOptions::new());
    for key in keys {
        writer
            .write(Put::new(key.as_str()).columns([("f:a", "1"), ("f:b", "2"), ("f:c", "3")]))
            .unwrap();
    }
    writer.close().unwrap();
}

fn keys_of(
    rows: impl Iterator<Item = hbase_thrift_client::Result<hbase_thrift_client::Row>>,
) -> Vec<String> {
    rows.map(|row| String::from_utf8(row.unwrap().key().to_vec()).unwrap()).collect()
}

fn luck(seed: u64) -> fastrand::Rng {
    println!("seed {seed}");
    fastrand::Rng::with_seed(seed)
}

fn bounds_are_included_or_not_as_said(server: &Server) {
    on_each_gateway(server, "bounds", |_, table| {
        let keys = all_keys();
        fill(table, &keys);
        let mut luck = luck(fastrand::u64(..));
        for _ in 0..150 {
            let [start, stop] = [(); 2].map(|()| keys[luck.usize(..keys.len())].clone());
            let (excludes, includes) = (luck.bool(), luck.bool());
            let scan = Scan::new().caching(luck.u32(1..50));
            let scan = if excludes {
                scan.start_exclusive(start.as_str())
            } else {
                scan.start(start.as_str())
            };
            let scan = if includes {
                scan.stop_inclusive(stop.as_str())
            } else {
                scan.stop(stop.as_str())
            };
            let is_after = |key: &String| *key > start || (!excludes && *key == start);
            let is_before = |key: &String| *key < stop || (includes && *key == stop);
            let expected: Vec<_> =
                keys.iter().filter(|key| is_after(key) && is_before(key)).cloned().collect();
            assert_eq!(keys_of(table.scan(scan.clone()).unwrap()), expected, "{scan:?}");

            let is_after = |key: &String| *key < start || (!excludes && *key == start);
            let is_before = |key: &String| *key > stop || (includes && *key == stop);
            let expected: Vec<_> =
                keys.iter().rev().filter(|key| is_after(key) && is_before(key)).cloned().collect();
            let scan = scan.reversed();
            assert_eq!(keys_of(table.scan(scan.clone()).unwrap()), expected, "{scan:?}");
        }
    });
}

fn a_set_has_each_of_its_rows_once_in_order(server: &Server) {
    on_each_gateway(server, "sets", |_, table| {
        let keys = all_keys();
        fill(table, &keys);
        let mut luck = luck(fastrand::u64(..));
        for _ in 0..60 {
            let (mut set, mut expected) = (RowSet::new(), BTreeSet::new());
            for _ in 0..luck.usize(0..9) {
                let [one, other] = [(); 2].map(|()| keys[luck.usize(..keys.len())].clone());
                match luck.u8(..8) {
                    0 => {
                        expected.extend(keys.iter().filter(|key| **key >= one && **key < other));
                        set = set.range(one.as_str(), other.as_str());
                    }
                    1 => {
                        expected.extend(keys.iter().filter(|key| key.starts_with(&one)));
                        set = set.prefix(one.as_str());
                    }
                    2 => set = set.row("no such row"),
                    _ => {
                        expected.extend(keys.iter().filter(|key| **key == one));
                        set = set.row(one.as_str());
                    }
                }
            }
            let mut expected: Vec<String> = expected.into_iter().cloned().collect();
            let mut scan = Scan::new().caching(luck.u32(1..20)).column("f:b");
            if luck.bool() {
                // No call that reads rows by their keys has one.
                scan = scan.filter(Filter::row(Comparator::regex("a")));
                expected.retain(|key| key.contains('a'));
            }
            if luck.bool() {
                scan = scan.reversed();
                expected.reverse();
            }
            if luck.bool() {
                let limit = luck.usize(..20);
                scan = scan.limit(limit as u64);
                expected.truncate(limit);
            }
            let rows = table.scan_rows(set.clone(), scan.clone()).unwrap();
            assert_eq!(keys_of(rows), expected, "{set:?} {scan:?}");
            let rows = table.scan_rows(set, scan).unwrap();
            assert_eq!(rows.count_rows().unwrap(), expected.len() as u64);
        }
        let error = table.scan_rows(RowSet::new().row("a"), Scan::new().prefix("a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let error = table.scan_rows(RowSet::new().row(""), Scan::new()).unwrap_err();
        assert!(error.to_string().contains("empty"), "{error}");
    });
}

fn rows_are_counted_whatever_the_scan_reads(server: &Server) {
    on_each_gateway(server, "counted", |_, table| {
        let keys = all_keys();
        fill(table, &keys);
        let all = keys.len() as u64;
        assert_eq!(table.count_rows(Scan::new()).unwrap(), all);
        assert_eq!(table.count_rows(Scan::new().batch(1).caching(3)).unwrap(), all);
        assert_eq!(table.count_rows(Scan::new().column("f:b").limit(7)).unwrap(), 7);
        assert_eq!(table.count_rows(Scan::new().column("f:none")).unwrap(), 0);
        // Decides by the third cell of each row.
        let third = "SingleColumnValueFilter('f', 'c', =, 'binary:3', true, true)";
        assert_eq!(table.count_rows(Scan::new().filter(third)).unwrap(), all);
        assert_eq!(table.count_rows(Scan::new().batch(1).filter(third)).unwrap(), all);
        let none = "SingleColumnValueFilter('f', 'c', =, 'binary:2', true, true)";
        assert_eq!(table.count_rows(Scan::new().filter(none)).unwrap(), 0);
    });
}

fn many_rows_are_read_in_parts(server: &Server) {
    let guard = TestTable::create(server, "parts", &["f"]);
    let config: Config = server.url().parse().unwrap();
    let plain = Client::connect(&config).unwrap();
    let keys: Vec<String> = (0..30).map(|number| format!("{number:04}")).collect();
    let value = vec![b'x'; 200_000];
    for key in &keys {
        plain
            .table(guard.name())
            .put(&Put::new(key.as_str()).column("f:a", value.as_slice()))
            .unwrap();
    }
    // Over the limit of requests by their keys, and over that of replies by the rows.
    let wanted = || keys.iter().rev().map(String::as_str).chain(["missing"; 500]);
    for config in [config.clone().max_request_size(2_000), config.clone().max_reply_size(1_000_000)]
    {
        let table = Client::connect(&config).unwrap().table(guard.name());
        let rows = table.get_rows(&GetRows::new(wanted())).unwrap();
        assert_eq!(rows.len(), wanted().count());
        for (row, key) in rows.iter().zip(wanted()) {
            let found = row.as_ref().map(hbase_thrift_client::Row::key);
            assert_eq!(found, (key != "missing").then_some(key.as_bytes()));
        }
    }
    let table = Client::connect(config.max_reply_size(100_000)).unwrap().table(guard.name());
    let error = table.get_rows(&GetRows::new(wanted())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
}

/// Here of one region; `regions` has some with several.
fn regions_hand_out_the_rows_of_the_scan(server: &Server) {
    on_each_gateway(server, "by_region", |client, table| {
        let keys = all_keys();
        fill(table, &keys);
        assert_eq!(table.regions().unwrap(), client.admin().regions(table.name()).unwrap());
        assert_eq!(
            table.families().unwrap(),
            client.admin().column_families(table.name()).unwrap()
        );
        let scan = Scan::new().start("a").caching(10);
        let expected: Vec<_> = keys.iter().filter(|key| key.as_str() >= "a").cloned().collect();
        assert_eq!(keys_of(table.scan_regions_in_order(scan.clone()).unwrap()), expected);
        let mut rows = keys_of(table.scan_regions(scan.clone()).unwrap());
        rows.sort_unstable();
        assert_eq!(rows, expected);
        let limited = table.scan_regions_in_order(scan.limit(5)).unwrap();
        assert_eq!(limited.count_rows().unwrap(), 5);
    });
}

fn counters_are_read_and_set(server: &Server) {
    on_each_gateway(server, "counters", |_, table| {
        use hbase_thrift_client::Increment;

        assert_eq!(table.counter_get("r", "f:n").unwrap(), 0);
        table.counter_set("r", "f:n", 40).unwrap();
        assert_eq!(table.increment(&Increment::new("r", "f:n", 2)).unwrap(), 42);
        assert_eq!(table.counter_get("r", "f:n").unwrap(), 42);
        table.put(&Put::new("r").column("f:text", "42")).unwrap();
        let error = table.counter_get("r", "f:text").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Value);
        assert!(error.to_string().contains("`f:text` in the row `r`"), "{error}");
    });
}

fn a_table_is_deleted_in_service_or_not_and_compacted_by_region(server: &Server) {
    on_each_thrift1_gateway(server, "compacted", |client, table| {
        for region in table.regions().unwrap() {
            client.admin().compact_region(&region).unwrap();
        }
    });
    on_each_gateway(server, "deleted", |client, table| {
        let admin = client.admin();
        admin.disable_and_delete_table(table.name()).unwrap();
        assert!(!admin.table_exists(table.name()).unwrap());
        let families = [hbase_thrift_client::ColumnFamily::new("f")];
        admin.create_table(table.name(), &families).unwrap();
        admin.disable_table(table.name()).unwrap();
        admin.disable_and_delete_table(table.name()).unwrap();
        let error = admin.disable_and_delete_table(table.name()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TableNotFound, "{error}");
    });
}
