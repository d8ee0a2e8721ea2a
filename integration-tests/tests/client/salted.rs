//! Scans behind salts, in any order and in the order of the keys.

use hbase_thrift_client::{ErrorKind, Put, Result, Row, Scan};
use integration_tests::{Server, Test};

use super::front::{Client, Table};
use super::on_each_gateway;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_union_has_every_salts_rows),
        Test::new(a_merge_has_them_in_the_order_of_the_keys_without_salt),
        Test::new(a_merge_can_run_backwards),
        Test::new(a_limit_is_for_all_salts_together),
        Test::new(a_range_is_applied_behind_each_salt),
        Test::new(several_merges_at_once_share_the_pool),
        Test::new(an_error_ends_a_salted_scan),
    ]
}

const SALTS: &str = "0123456789abcdef";

fn salts() -> impl Iterator<Item = String> {
    SALTS.chars().map(String::from)
}

/// 100 rows whose salt has nothing to do with their order; a row with another salt besides.
fn fill(table: &Table) -> Vec<String> {
    for number in 0..100_usize {
        let salt = &SALTS[number * 7 % 16..][..1];
        table.put(&Put::new(format!("{salt}key{number:03}")).column("f:x", "")).unwrap();
    }
    table.put(&Put::new("zkey000").column("f:x", "")).unwrap();
    (0..100).map(|number| format!("key{number:03}")).collect()
}

fn unsalted(rows: impl Iterator<Item = Result<Row>>) -> Vec<String> {
    rows.map(|row| String::from_utf8(row.unwrap().key()[1..].to_vec()).unwrap()).collect()
}

fn a_union_has_every_salts_rows(server: &Server) {
    on_each_gateway(server, "union", |_, table| {
        let expected = fill(table);
        for caching in [1, 3, 256] {
            let scan = Scan::new().caching(caching);
            let mut rows = unsalted(table.scan_union(salts(), scan).unwrap());
            rows.sort_unstable();
            assert_eq!(rows, expected);
        }
    });
}

fn a_merge_has_them_in_the_order_of_the_keys_without_salt(server: &Server) {
    on_each_gateway(server, "merge", |_, table| {
        let expected = fill(table);
        for caching in [2, 256] {
            let scan = Scan::new().caching(caching);
            assert_eq!(unsalted(table.scan_merge(salts(), scan).unwrap()), expected);
        }
    });
}

fn a_merge_can_run_backwards(server: &Server) {
    on_each_gateway(server, "merge_reversed", |_, table| {
        let mut expected = fill(table);
        expected.reverse();
        let scan = Scan::new().reversed().caching(3);
        assert_eq!(unsalted(table.scan_merge(salts(), scan).unwrap()), expected);
    });
}

fn a_limit_is_for_all_salts_together(server: &Server) {
    on_each_gateway(server, "salted_limit", |_, table| {
        let expected = fill(table);
        let scan = || Scan::new().limit(10);
        assert_eq!(unsalted(table.scan_merge(salts(), scan()).unwrap()), expected[..10]);
        assert_eq!(table.scan_union(salts(), scan()).unwrap().count(), 10);
    });
}

fn a_range_is_applied_behind_each_salt(server: &Server) {
    on_each_gateway(server, "salted_range", |_, table| {
        let expected = fill(table);
        let range = Scan::new().start("key020").stop("key030");
        assert_eq!(unsalted(table.scan_merge(salts(), range).unwrap()), expected[20..30]);
        let prefix = Scan::new().prefix("key04");
        assert_eq!(unsalted(table.scan_merge(salts(), prefix).unwrap()), expected[40..50]);
    });
}

fn several_merges_at_once_share_the_pool(server: &Server) {
    on_each_gateway(server, "merges", |client, table| {
        let expected = fill(table);
        let config = client.config().clone().max_connections(2);
        let client = Client::connect(config).unwrap();
        let table = client.table(table.name());
        let mut first = table.scan_merge(salts(), Scan::new().caching(5)).unwrap();
        let mut second = table.scan_merge(salts(), Scan::new().caching(5)).unwrap();
        for key in expected {
            for merge in [&mut first, &mut second] {
                let row = merge.next().unwrap().unwrap();
                assert_eq!(&row.key()[1..], key.as_bytes());
            }
        }
    });
}

fn an_error_ends_a_salted_scan(server: &Server) {
    on_each_gateway(server, "salted_fails", |_, table| {
        fill(table);
        let scan = || Scan::new().family("nope");
        let mut merge = table.scan_merge(salts(), scan()).unwrap();
        assert_eq!(merge.next().unwrap().unwrap_err().kind(), ErrorKind::NoSuchColumnFamily);
        assert!(merge.next().is_none());
        let mut union = table.scan_union(salts(), scan()).unwrap();
        assert_eq!(union.next().unwrap().unwrap_err().kind(), ErrorKind::NoSuchColumnFamily);
        assert!(union.next().is_none());
    });
}
