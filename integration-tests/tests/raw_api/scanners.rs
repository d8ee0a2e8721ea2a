//! Scanners: the six ways to open one, the two ways to fetch, and their end.

use hbase_thrift_api::{IllegalArgument, THbaseSyncClient, TRowResult, TScan};
use integration_tests::{Server, Test};

use super::{Bench, Simple, bytes, empty_scan, list, none, row, simple, text};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_scanner_gives_rows_in_order_and_then_nothing),
        Test::new(a_scanner_gives_one_row_at_a_time),
        Test::new(a_scanner_stops_before_its_stop_row),
        Test::new(a_scanner_ends_with_its_prefix),
        Test::new(a_scanner_leaves_out_what_is_not_older_than_its_timestamp),
        Test::new(a_scan_with_a_timestamp_and_a_stop_row_obeys_both),
        Test::new(a_scan_takes_filter_bounds_and_columns),
        Test::new(a_reversed_scan_goes_down),
        Test::new(a_scan_can_keep_its_columns_in_a_list),
        Test::new(a_batch_size_splits_a_row_into_results_with_one_key),
        Test::new(a_closed_scanner_is_an_illegal_argument),
    ]
}

/// Rows `a1`, `a2`, `b1` with the columns `a:x` (at 10, 20 and 30) and `b:y` (at 5).
fn three_rows(server: &Server, name: &str) -> Bench {
    let mut bench = Bench::new(server, name);
    for (timestamp, key) in [(10, "a1"), (20, "a2"), (30, "b1")] {
        bench.put_at(timestamp, key, "a:x", key);
        bench.put_at(5, key, "b:y", "y");
    }
    bench
}

impl Bench {
    fn fetch(&mut self, scanner: i32) -> Vec<TRowResult> {
        let rows = self.raw.scanner_get_list(scanner, 100).unwrap();
        self.raw.scanner_close(scanner).unwrap();
        rows
    }

    fn keys(&mut self, scanner: i32) -> Vec<String> {
        self.fetch(scanner).into_iter().map(|row| text(row.row)).collect()
    }

    fn scan(&mut self, scan: TScan) -> Vec<TRowResult> {
        let scanner = self.raw.scanner_open_with_scan(self.name(), scan, none()).unwrap();
        self.fetch(scanner)
    }
}

fn only_x(keys: &[&str]) -> Vec<Simple> {
    keys.iter().map(|key| row(key, &[("a:x", key)])).collect()
}

fn a_scanner_gives_rows_in_order_and_then_nothing(server: &Server) {
    let mut bench = three_rows(server, "all");
    let (name, start, columns) = (bench.name(), bytes("a2"), list(&["a:x"]));
    let scanner = bench.raw.scanner_open(name, start, columns, none()).unwrap();
    assert_eq!(simple(bench.raw.scanner_get_list(scanner, 100).unwrap()), only_x(&["a2", "b1"]));
    assert_eq!(bench.raw.scanner_get_list(scanner, 100).unwrap(), []);
    bench.raw.scanner_close(scanner).unwrap();
}

fn a_scanner_gives_one_row_at_a_time(server: &Server) {
    let mut bench = three_rows(server, "single");
    let (name, start, columns) = (bench.name(), Vec::new(), list(&["a:x"]));
    let scanner = bench.raw.scanner_open(name, start, columns, none()).unwrap();
    for key in ["a1", "a2", "b1"] {
        assert_eq!(simple(bench.raw.scanner_get(scanner).unwrap()), only_x(&[key]));
    }
    assert_eq!(bench.raw.scanner_get(scanner).unwrap(), []);
    bench.raw.scanner_close(scanner).unwrap();
}

fn a_scanner_stops_before_its_stop_row(server: &Server) {
    let mut bench = three_rows(server, "stop");
    let (name, start, stop) = (bench.name(), bytes("a1"), bytes("b1"));
    let columns = list(&["a:x"]);
    let scanner = bench.raw.scanner_open_with_stop(name, start, stop, columns, none()).unwrap();
    assert_eq!(simple(bench.fetch(scanner)), only_x(&["a1", "a2"]));
}

fn a_scanner_ends_with_its_prefix(server: &Server) {
    let mut bench = three_rows(server, "prefix");
    let (name, prefix, columns) = (bench.name(), bytes("a"), list(&["a:x"]));
    let scanner = bench.raw.scanner_open_with_prefix(name, prefix, columns, none()).unwrap();
    assert_eq!(simple(bench.fetch(scanner)), only_x(&["a1", "a2"]));
}

fn a_scanner_leaves_out_what_is_not_older_than_its_timestamp(server: &Server) {
    let mut bench = three_rows(server, "before");
    let (name, columns) = (bench.name(), list(&["a:x"]));
    let scanner = bench.raw.scanner_open_ts(name, Vec::new(), columns, 20, none()).unwrap();
    assert_eq!(simple(bench.fetch(scanner)), only_x(&["a1"]));
}

fn a_scan_with_a_timestamp_and_a_stop_row_obeys_both(server: &Server) {
    let mut bench = three_rows(server, "before_stop");
    let (name, start, stop, columns) = (bench.name(), bytes("a2"), bytes("b"), list(&["a:x"]));
    let open = bench.raw.scanner_open_with_stop_ts(name, start, stop, columns, 31, none());
    assert_eq!(bench.keys(open.unwrap()), ["a2"]);
}

fn a_scan_takes_filter_bounds_and_columns(server: &Server) {
    let mut bench = three_rows(server, "filter");
    let scan = TScan {
        start_row: Some(bytes("a1")),
        stop_row: Some(bytes("b1")),
        timestamp: Some(21),
        columns: Some(list(&["a:x"])),
        caching: Some(10),
        filter_string: Some(bytes("PrefixFilter('a2')")),
        cache_blocks: Some(false),
        ..empty_scan()
    };
    assert_eq!(simple(bench.scan(scan)), only_x(&["a2"]));
}

fn a_reversed_scan_goes_down(server: &Server) {
    let mut bench = three_rows(server, "reversed");
    let scan = TScan { start_row: Some(bytes("a2")), reversed: Some(true), ..empty_scan() };
    let keys: Vec<_> = bench.scan(scan).into_iter().map(|row| text(row.row)).collect();
    assert_eq!(keys, ["a2", "a1"]);
}

fn a_scan_can_keep_its_columns_in_a_list(server: &Server) {
    let mut bench = three_rows(server, "sorted");
    let scan = TScan { stop_row: Some(bytes("a2")), sort_columns: Some(true), ..empty_scan() };
    let rows = bench.scan(scan);
    assert_eq!(rows.len(), 1);
    let columns = rows[0].sorted_columns.clone().unwrap();
    let columns: Vec<_> = columns
        .into_iter()
        .map(|column| (text(column.column_name), text(column.cell.unwrap().value)))
        .collect();
    assert_eq!(columns, row("", &[("a:x", "a1"), ("b:y", "y")]).1);
}

fn a_batch_size_splits_a_row_into_results_with_one_key(server: &Server) {
    let mut bench = three_rows(server, "split");
    let scan = TScan { stop_row: Some(bytes("a2")), batch_size: Some(1), ..empty_scan() };
    let parts = simple(bench.scan(scan));
    assert_eq!(parts, [row("a1", &[("a:x", "a1")]), row("a1", &[("b:y", "y")])]);
}

fn a_closed_scanner_is_an_illegal_argument(server: &Server) {
    let mut bench = three_rows(server, "closed");
    let scanner = bench.raw.scanner_open(bench.name(), Vec::new(), Vec::new(), none()).unwrap();
    bench.raw.scanner_close(scanner).unwrap();
    let get = bench.raw.scanner_get(scanner).unwrap_err();
    let get_list = bench.raw.scanner_get_list(scanner, 1).unwrap_err();
    let close = bench.raw.scanner_close(scanner).unwrap_err();
    for error in [get, get_list, close] {
        let thrift::Error::User(error) = error else { panic!("not an exception: {error}") };
        let error = error.downcast::<IllegalArgument>().unwrap();
        assert!(error.message.unwrap().contains("scanner ID is invalid"));
    }
}
