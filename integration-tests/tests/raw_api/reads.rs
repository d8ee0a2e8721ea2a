//! Reads: cells, versions and rows, with the upper bound of time that is exclusive.

use hbase_thrift_api::THbaseSyncClient;
use integration_tests::{Server, Test, TestTable};

use super::{Bench, bytes, list, none, row, simple, values};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_cell_is_read_with_its_timestamp),
        Test::new(what_is_not_there_is_an_empty_list),
        Test::new(versions_come_newest_first),
        Test::new(versions_before_a_timestamp_exclude_it),
        Test::new(a_row_is_read_whole_or_by_columns),
        Test::new(a_row_before_a_timestamp_excludes_it),
        Test::new(several_rows_leave_out_the_missing_ones),
        Test::new(several_rows_before_a_timestamp_exclude_it),
        Test::new(a_family_without_colon_is_all_its_columns),
        Test::new(a_missing_table_is_an_io_error_with_the_class_on_its_first_line),
    ]
}

/// Row `r` with three versions of `a:x` at 10, 20 and 30, and row `s` with one at 20.
fn history(server: &Server, name: &str) -> Bench {
    let mut bench = Bench::new(server, name);
    bench.put_at(10, "r", "a:x", "10");
    bench.put_at(20, "r", "a:x", "20");
    bench.put_at(30, "r", "a:x", "30");
    bench.put_at(20, "r", "b:y", "b");
    bench.put_at(20, "s", "a:x", "s20");
    bench
}

fn a_cell_is_read_with_its_timestamp(server: &Server) {
    let mut bench = history(server, "cell");
    let cells = bench.raw.get(bench.name(), bytes("r"), bytes("a:x"), none()).unwrap();
    assert_eq!(cells.len(), 1);
    assert_eq!((cells[0].value.as_deref(), cells[0].timestamp), (Some(&b"30"[..]), Some(30)));
}

fn what_is_not_there_is_an_empty_list(server: &Server) {
    let mut bench = history(server, "absent");
    let name = bench.name();
    assert_eq!(bench.raw.get(name.clone(), bytes("q"), bytes("a:x"), none()).unwrap(), []);
    assert_eq!(bench.raw.get(name.clone(), bytes("r"), bytes("a:q"), none()).unwrap(), []);
    assert_eq!(bench.raw.get_row(name, bytes("q"), none()).unwrap(), []);
}

fn versions_come_newest_first(server: &Server) {
    let mut bench = history(server, "versions");
    let (name, key, column) = (bench.name(), bytes("r"), bytes("a:x"));
    let newest = bench.raw.get_ver(name.clone(), key.clone(), column.clone(), 2, none()).unwrap();
    assert_eq!(values(newest), ["30", "20"]);
    let all = bench.raw.get_ver(name, key, column, 100, none()).unwrap();
    assert_eq!(values(all), ["30", "20", "10"]);
}

fn versions_before_a_timestamp_exclude_it(server: &Server) {
    let mut bench = history(server, "versions_before");
    let (name, key, column) = (bench.name(), bytes("r"), bytes("a:x"));
    let mut before = |timestamp, count| {
        let (name, key, column) = (name.clone(), key.clone(), column.clone());
        values(bench.raw.get_ver_ts(name, key, column, timestamp, count, none()).unwrap())
    };
    assert_eq!(before(30, 5), ["20", "10"]);
    assert_eq!(before(31, 1), ["30"]);
    assert_eq!(before(10, 5), [""; 0]);
}

fn a_row_is_read_whole_or_by_columns(server: &Server) {
    let mut bench = history(server, "row");
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "30"), ("b:y", "b")])]);
    let columns = list(&["b:y", "b:z"]);
    let some = bench.raw.get_row_with_columns(bench.name(), bytes("r"), columns, none()).unwrap();
    assert_eq!(simple(some), [row("r", &[("b:y", "b")])]);
}

fn a_row_before_a_timestamp_excludes_it(server: &Server) {
    let mut bench = history(server, "row_before");
    let (name, key) = (bench.name(), bytes("r"));
    let before = bench.raw.get_row_ts(name.clone(), key.clone(), 20, none()).unwrap();
    assert_eq!(simple(before), [row("r", &[("a:x", "10")])]);
    let columns = list(&["a:x"]);
    let before = bench.raw.get_row_with_columns_ts(name, key, columns, 21, none()).unwrap();
    assert_eq!(simple(before), [row("r", &[("a:x", "20")])]);
}

fn several_rows_leave_out_the_missing_ones(server: &Server) {
    let mut bench = history(server, "rows");
    let (name, keys) = (bench.name(), list(&["r", "missing", "s"]));
    let rows = bench.raw.get_rows(name.clone(), keys.clone(), none()).unwrap();
    let whole = [row("r", &[("a:x", "30"), ("b:y", "b")]), row("s", &[("a:x", "s20")])];
    assert_eq!(simple(rows), whole);
    let columns = list(&["b:y"]);
    let rows = bench.raw.get_rows_with_columns(name, keys, columns, none()).unwrap();
    assert_eq!(simple(rows), [row("r", &[("b:y", "b")])]);
}

fn several_rows_before_a_timestamp_exclude_it(server: &Server) {
    let mut bench = history(server, "rows_before");
    let (name, keys) = (bench.name(), list(&["r", "s"]));
    let rows = bench.raw.get_rows_ts(name.clone(), keys.clone(), 20, none()).unwrap();
    assert_eq!(simple(rows), [row("r", &[("a:x", "10")])]);
    let columns = list(&["a:x"]);
    let rows = bench.raw.get_rows_with_columns_ts(name, keys, columns, 21, none()).unwrap();
    assert_eq!(simple(rows), [row("r", &[("a:x", "20")]), row("s", &[("a:x", "s20")])]);
}

fn a_family_without_colon_is_all_its_columns(server: &Server) {
    let mut bench = Bench::new(server, "family");
    bench.put("r", "a:", "empty");
    bench.put("r", "a:x", "x");
    bench.put("r", "b:y", "y");
    let mut read = |column| {
        let (name, columns) = (bench.name(), list(&[column]));
        simple(bench.raw.get_row_with_columns(name, bytes("r"), columns, none()).unwrap())
    };
    assert_eq!(read("a"), [row("r", &[("a:", "empty"), ("a:x", "x")])]);
    assert_eq!(read("a:"), [row("r", &[("a:", "empty")])]);
}

fn a_missing_table_is_an_io_error_with_the_class_on_its_first_line(server: &Server) {
    let table = TestTable::reserve(server, "missing");
    let error = server.raw().get_row(table.bytes(), bytes("r"), none()).unwrap_err();
    let thrift::Error::User(error) = error else { panic!("not an exception: {error}") };
    let error = error.downcast::<hbase_thrift_api::IOError>().unwrap();
    let message = error.message.unwrap();
    let first = message.lines().next().unwrap();
    assert!(first.starts_with("org.apache.hadoop.hbase.TableNotFoundException"), "{first}");
    assert!(message.lines().count() > 1, "no stack trace: {message}");
    assert_eq!(error.can_retry, Some(false));
}
