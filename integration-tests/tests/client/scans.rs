//! Scans: in order, in batches, within their range.

use hbase_thrift_client::{ErrorKind, Put, Row, Scan, TimeRange};
use integration_tests::{Server, Test};

use super::front::{Client, Table};
use super::on_each_gateway;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(all_rows_come_in_the_order_of_their_keys_whatever_the_batch),
        Test::new(a_range_has_its_start_and_not_its_stop),
        Test::new(a_prefix_has_exactly_the_rows_that_begin_so),
        Test::new(a_limit_ends_the_scan),
        Test::new(a_reversed_scan_has_the_same_rows_backwards),
        Test::new(a_reversed_prefix_has_exactly_the_rows_that_begin_so),
        Test::new(a_batch_splits_a_row_into_parts_with_one_key),
        Test::new(a_filter_is_the_servers),
        Test::new(batches_hand_out_the_same_rows),
        Test::new(columns_and_times_are_selected),
        Test::new(an_empty_range_has_no_rows),
        Test::new(a_scan_that_is_dropped_early_leaves_the_connection_in_step),
        Test::new(a_scan_of_a_missing_family_fails_once_and_ends),
    ]
}

fn fill(table: &Table, rows: usize) -> Vec<String> {
    let keys: Vec<String> = (0..rows).map(|number| format!("row{number:03}")).collect();
    for key in keys.iter().rev() {
        table.put(&Put::new(key.as_str()).column("f:key", key.as_str())).unwrap();
    }
    keys
}

fn keys(table: &Table, scan: Scan) -> Vec<String> {
    let rows = table.scan(scan).unwrap();
    rows.map(|row| String::from_utf8(row.unwrap().key().to_vec()).unwrap()).collect()
}

fn all_rows_come_in_the_order_of_their_keys_whatever_the_batch(server: &Server) {
    on_each_gateway(server, "scan", |_, table| {
        let all = fill(table, 50);
        for caching in [1, 7, 49, 50, 51, 1_000] {
            let scan = Scan::new().caching(caching);
            assert_eq!(keys(table, scan.clone()), all, "batches of {caching}");
            assert_eq!(keys(table, scan.clone().read_ahead(false)), all);
            for row in table.scan(scan).unwrap() {
                let row = row.unwrap();
                assert_eq!(row.get("f:key"), Some(row.key()));
            }
        }
    });
}

fn a_range_has_its_start_and_not_its_stop(server: &Server) {
    on_each_gateway(server, "range", |_, table| {
        let all = fill(table, 20);
        assert_eq!(keys(table, Scan::new().start("row005").stop("row009")), all[5..9]);
        assert_eq!(keys(table, Scan::new().start("row0055")), all[6..]);
        assert_eq!(keys(table, Scan::new().stop("row003")), all[..3]);
    });
}

fn a_prefix_has_exactly_the_rows_that_begin_so(server: &Server) {
    on_each_gateway(server, "prefix", |_, table| {
        for key in [&b"a"[..], b"a\xff", b"a\xff\xff\x01", b"b", b"\xff", b"\xff\xff"] {
            table.put(&Put::new(key).column("f:x", "")).unwrap();
        }
        let count = |prefix: &[u8]| table.scan(Scan::new().prefix(prefix)).unwrap().count();
        assert_eq!(count(b"a"), 3);
        assert_eq!(count(b"a\xff"), 2);
        assert_eq!(count(b"\xff"), 2);
        assert_eq!(count(b""), 6);
        assert_eq!(count(b"c"), 0);
    });
}

fn a_limit_ends_the_scan(server: &Server) {
    on_each_gateway(server, "limit", |_, table| {
        let all = fill(table, 10);
        for limit in [0, 1, 9, 10, 11] {
            let scan = Scan::new().caching(3).limit(limit);
            let expected = &all[..all.len().min(limit as usize)];
            assert_eq!(keys(table, scan), expected);
        }
    });
}

fn a_reversed_scan_has_the_same_rows_backwards(server: &Server) {
    on_each_gateway(server, "reversed", |_, table| {
        let mut all = fill(table, 20);
        all.reverse();
        for caching in [1, 6, 100] {
            assert_eq!(keys(table, Scan::new().reversed().caching(caching)), all);
        }
        assert_eq!(keys(table, Scan::new().reversed().start("row009").stop("row005")), all[10..14]);
        assert_eq!(keys(table, Scan::new().reversed().limit(3)), all[..3]);
    });
}

fn a_reversed_prefix_has_exactly_the_rows_that_begin_so(server: &Server) {
    on_each_gateway(server, "reversed_prefix", |_, table| {
        let all = [&b"a"[..], b"a\xff\xff", b"b", b"b\x00", b"b\xff", b"c", b"\xff", b"\xff\xff"];
        for key in all {
            table.put(&Put::new(key).column("f:x", "")).unwrap();
        }
        for prefix in [&b"a"[..], b"b", b"b\x00", b"b\xff", b"\xff", b"", b"d"] {
            let expected: Vec<_> =
                all.iter().rev().filter(|key| key.starts_with(prefix)).copied().collect();
            for caching in [1, 2, 100] {
                let scan = Scan::new().prefix(prefix).reversed().caching(caching);
                let rows: Vec<_> = table.scan(scan).unwrap().map(|row| row.unwrap()).collect();
                let keys: Vec<_> = rows.iter().map(Row::key).collect();
                assert_eq!(keys, expected, "{} by {caching}", prefix.escape_ascii());
            }
        }
    });
}

fn a_batch_splits_a_row_into_parts_with_one_key(server: &Server) {
    on_each_gateway(server, "split", |_, table| {
        let mut wide = Put::new("wide");
        for number in 0..7 {
            wide = wide.column(format!("f:{number}"), "");
        }
        table.put(&wide).unwrap();
        table.put(&Put::new("x").column("f:0", "")).unwrap();
        let parts: Vec<(Vec<u8>, usize)> = table
            .scan(Scan::new().batch(3).caching(2))
            .unwrap()
            .map(|row| row.map(|row| (row.key().to_vec(), row.len())).unwrap())
            .collect();
        let expected = [("wide", 3), ("wide", 3), ("wide", 1), ("x", 1)];
        assert_eq!(parts, expected.map(|(key, cells)| (key.into(), cells)));
    });
}

fn a_filter_is_the_servers(server: &Server) {
    on_each_gateway(server, "filter", |_, table| {
        let all = fill(table, 12);
        let scan = Scan::new().filter("RowFilter(>=, 'binary:row007') AND PageFilter(3)");
        assert_eq!(keys(table, scan), all[7..10]);
        let error = table.scan(Scan::new().filter("NoSuchFilter()")).unwrap().next().unwrap();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Server);
    });
}

fn batches_hand_out_the_same_rows(server: &Server) {
    on_each_gateway(server, "batches", |_, table| {
        let all = fill(table, 10);
        let mut scanner = table.scan(Scan::new().caching(4)).unwrap();
        let first = scanner.next().unwrap().unwrap();
        let mut seen = vec![first.key().to_vec()];
        let mut sizes = Vec::new();
        while let Some(batch) = scanner.next_batch().unwrap() {
            sizes.push(batch.len());
            seen.extend(batch.iter().map(|row| row.key().to_vec()));
        }
        assert_eq!(sizes, [3, 4, 2]);
        assert_eq!(seen, all.iter().map(|key| key.clone().into_bytes()).collect::<Vec<_>>());
    });
}

fn columns_and_times_are_selected(server: &Server) {
    on_each_gateway(server, "select", |_, table| {
        table.put(&Put::new("a").column("f:x", "1").column("g:y", "2").timestamp(10)).unwrap();
        table.put(&Put::new("b").column("f:x", "3").timestamp(20)).unwrap();
        assert_eq!(keys(table, Scan::new().family("g")), ["a"]);
        assert_eq!(keys(table, Scan::new().column("f:x")), ["a", "b"]);
        assert_eq!(keys(table, Scan::new().time_range(TimeRange::until(20))), ["a"]);
        let first = table.scan(Scan::new().columns(["f"])).unwrap().next().unwrap().unwrap();
        assert_eq!(first.len(), 1);
    });
}

fn an_empty_range_has_no_rows(server: &Server) {
    on_each_gateway(server, "empty", |_, table| {
        assert!(keys(table, Scan::new()).is_empty());
        fill(table, 3);
        assert!(keys(table, Scan::new().start("x").stop("y")).is_empty());
    });
}

fn a_scan_that_is_dropped_early_leaves_the_connection_in_step(server: &Server) {
    on_each_gateway(server, "dropped", |client, table| {
        let all = fill(table, 10);
        let config = client.config().clone().max_connections(1);
        let client = Client::connect(config).unwrap();
        let table = client.table(table.name());
        for _ in 0..3 {
            let mut scanner = table.scan(Scan::new().caching(2)).unwrap();
            assert_eq!(scanner.next().unwrap().unwrap().key(), all[0].as_bytes());
            drop(scanner);
            assert_eq!(keys(&table, Scan::new()), all);
        }
    });
}

fn a_scan_of_a_missing_family_fails_once_and_ends(server: &Server) {
    on_each_gateway(server, "no_family", |_, table| {
        fill(table, 1);
        let mut scanner = table.scan(Scan::new().family("nope")).unwrap();
        let error = scanner.next().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchColumnFamily, "{error:?}");
        assert!(scanner.next().is_none());
    });
}
