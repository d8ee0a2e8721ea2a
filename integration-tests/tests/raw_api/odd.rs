//! Odd calls, whose answers random calls once found to differ: limits of times and numbers, nothing
//! in a call, families that there are not, one cell twice in a call.

use std::collections::BTreeMap;

use hbase_thrift_api::{BatchMutation, TAppend, THbaseSyncClient, TIncrement, TScan};
use integration_tests::{Server, Test};

use super::details::{io_error, is_illegal, is_internal};
use super::{Bench, bytes, counter, delete, empty_scan, list, none, put, row, simple, values};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(the_largest_time_is_now),
        Test::new(the_time_before_the_largest_is_a_time),
        Test::new(a_counter_wraps_around),
        Test::new(a_counter_that_is_ahead_of_the_clock_goes_on_from_its_time),
        Test::new(of_a_cell_that_one_call_puts_twice_the_last_counts),
        Test::new(an_append_to_one_column_twice),
        Test::new(an_append_answers_in_the_order_of_the_columns),
        Test::new(a_call_without_changes),
        Test::new(a_batch_without_rows_is_looked_at_no_further),
        Test::new(a_family_that_there_is_not),
        Test::new(a_check_with_a_missing_family_to_put),
        Test::new(lives_of_no_time_and_of_less),
        Test::new(versions_of_less_than_none),
        Test::new(bytes_that_are_no_text_in_names_and_filters),
        Test::new(caching_of_nothing_and_of_less),
        Test::new(a_fetch_of_no_rows_refuses_nothing),
        Test::new(keys_of_great_length),
        Test::new(rows_up_to_the_longest),
    ]
}

const SECOND: i64 = 1_000;

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

impl Bench {
    fn time(&mut self, row: &str, column: &str) -> i64 {
        let cells = self.raw.get(self.name(), bytes(row), bytes(column), none()).unwrap();
        cells[0].timestamp.unwrap()
    }
}

fn the_largest_time_is_now(server: &Server) {
    let mut bench = Bench::new(server, "latest");
    bench.put_at(i64::MAX, "r", "a:x", "v");
    assert!((bench.time("r", "a:x") - now()).abs() < 600 * SECOND);
    let (name, key, column) = (bench.name(), bytes("r"), bytes("a:x"));
    let found = bench.raw.get_ver_ts(name, key, column, i64::MAX, 1, none()).unwrap();
    assert_eq!(values(found), ["v"]);
    std::thread::sleep(std::time::Duration::from_millis(5));
    bench.raw.delete_all_ts(bench.name(), bytes("r"), bytes("a:x"), i64::MAX, none()).unwrap();
    assert_eq!(bench.row("r"), []);
    std::thread::sleep(std::time::Duration::from_millis(5));
    bench.put("r", "a:x", "later");
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "later")])]);
}

fn the_time_before_the_largest_is_a_time(server: &Server) {
    let mut bench = Bench::new(server, "last_time");
    bench.put_at(i64::MAX - 1, "r", "a:x", "v");
    assert_eq!(bench.time("r", "a:x"), i64::MAX - 1);
    bench.put("r", "a:x", "of now");
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "v")])]);
    let before = bench.raw.get_row_ts(bench.name(), bytes("r"), i64::MAX - 1, none()).unwrap();
    assert_eq!(simple(before), [row("r", &[("a:x", "of now")])]);
    let none_before = bench.raw.get_row_ts(bench.name(), bytes("r"), 0, none()).unwrap();
    assert_eq!(none_before, []);
}

fn a_counter_wraps_around(server: &Server) {
    let mut bench = Bench::new(server, "wraps");
    let mut add = |amount| {
        let (name, key, column) = (bench.name(), bytes("r"), bytes("a:n"));
        bench.raw.atomic_increment(name, key, column, amount).unwrap()
    };
    assert_eq!(add(i64::MAX), i64::MAX);
    assert_eq!(add(2), i64::MIN + 1);
    assert_eq!(add(-2), i64::MAX);
    assert_eq!(add(0), i64::MAX);
}

fn a_counter_that_is_ahead_of_the_clock_goes_on_from_its_time(server: &Server) {
    let mut bench = Bench::new(server, "ahead");
    let ahead = now() + 3_600 * SECOND;
    let mut one = put("a:n", "");
    one.value = Some(1_i64.to_be_bytes().to_vec());
    bench.raw.mutate_row_ts(bench.name(), bytes("r"), vec![one], ahead, none()).unwrap();
    let sum = bench.raw.atomic_increment(bench.name(), bytes("r"), bytes("a:n"), 1).unwrap();
    assert_eq!(sum, 2);
    assert_eq!(bench.time("r", "a:n"), ahead + 1);
}

fn of_a_cell_that_one_call_puts_twice_the_last_counts(server: &Server) {
    let mut bench = Bench::new(server, "twice");
    let twice = vec![put("a:x", "first"), put("a:x", "last")];
    bench.raw.mutate_row_ts(bench.name(), bytes("r"), twice.clone(), 7, none()).unwrap();
    bench.raw.mutate_row(bench.name(), bytes("s"), twice.clone(), none()).unwrap();
    let batch = vec![
        BatchMutation::new(bytes("t"), twice),
        BatchMutation::new(bytes("t"), vec![put("a:x", "at last")]),
    ];
    bench.raw.mutate_rows_ts(bench.name(), batch, 7, none()).unwrap();
    for (key, value) in [("r", "last"), ("s", "last"), ("t", "at last")] {
        assert_eq!(bench.row(key), [row(key, &[("a:x", value)])]);
        let (name, key, column) = (bench.name(), bytes(key), bytes("a:x"));
        let all = bench.raw.get_ver(name, key, column, 9, none()).unwrap();
        assert_eq!(values(all), [value]);
    }
}

fn an_append_to_one_column_twice(server: &Server) {
    let mut bench = Bench::new(server, "append_twice");
    bench.put("r", "a:x", "0");
    let (columns, added) = (list(&["a:x", "a:x"]), list(&["1", "2"]));
    let append = TAppend::new(bench.name(), bytes("r"), columns, added);
    let cells = bench.raw.append(append).unwrap();
    assert_eq!(values(cells), ["01", "02"]);
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "02")])]);
}

fn an_append_answers_in_the_order_of_the_columns(server: &Server) {
    let mut bench = Bench::new(server, "append_order");
    let (columns, added) = (list(&["b:x", "a:z", "a:"]), list(&["3", "2", "1"]));
    let append = TAppend::new(bench.name(), bytes("r"), columns, added);
    assert_eq!(values(bench.raw.append(append).unwrap()), ["1", "2", "3"]);
}

fn a_call_without_changes(server: &Server) {
    let mut bench = Bench::new(server, "nothing");
    let (name, key) = (bench.name(), bytes("r"));
    bench.raw.mutate_row(name.clone(), key.clone(), Vec::new(), none()).unwrap();
    bench.raw.mutate_rows(name.clone(), Vec::new(), none()).unwrap();
    let idle = BatchMutation::new(key.clone(), Vec::new());
    bench.raw.mutate_rows(name.clone(), vec![idle], none()).unwrap();
    bench.raw.increment_rows(Vec::new()).unwrap();
    assert_eq!(bench.raw.get_rows(name.clone(), Vec::new(), none()).unwrap(), []);
    let append = TAppend::new(name, key, Vec::new(), Vec::new());
    assert!(is_internal(bench.raw.append(append).unwrap_err()));
    assert_eq!(bench.row("r"), []);
}

fn a_batch_without_rows_is_looked_at_no_further(server: &Server) {
    let mut bench = Bench::new(server, "no_batch");
    bench.raw.mutate_rows_ts(bench.name(), Vec::new(), -1, none()).unwrap();
}

fn a_family_that_there_is_not(server: &Server) {
    let mut bench = Bench::new(server, "no_family");
    let (name, key) = (bench.name(), bytes("r"));
    let class = "NoSuchColumnFamilyException";
    let increment = bench.raw.atomic_increment(name.clone(), key.clone(), bytes("no:n"), 1);
    let increments = vec![
        TIncrement::new(name.clone(), bytes("first"), bytes("a:n"), 1),
        TIncrement::new(name.clone(), key.clone(), bytes("no:n"), 1),
        TIncrement::new(name.clone(), bytes("last"), bytes("a:n"), 1),
    ];
    let increments = bench.raw.increment_rows(increments);
    let append = TAppend::new(name.clone(), key.clone(), list(&["no:x"]), list(&["1"]));
    let append = bench.raw.append(append);
    let delete = bench.raw.delete_all(name.clone(), key.clone(), bytes("no:x"), none());
    let get = bench.raw.get(name.clone(), key.clone(), bytes("no:x"), none());
    for error in [
        increment.unwrap_err(),
        increments.unwrap_err(),
        append.unwrap_err(),
        delete.unwrap_err(),
        get.unwrap_err(),
    ] {
        let line = io_error(error);
        assert!(line.contains(class), "{line}");
    }
    // The increments before it were made, those behind it were not.
    let first = bench.raw.get(name.clone(), bytes("first"), bytes("a:n"), none()).unwrap();
    assert_eq!(counter(first[0].value.as_ref().unwrap()), 1);
    assert_eq!(bench.raw.get(name, bytes("last"), bytes("a:n"), none()).unwrap(), []);
}

fn a_check_with_a_missing_family_to_put(server: &Server) {
    let mut bench = Bench::new(server, "check_family");
    bench.put("r", "a:x", "1");
    let mut check = |column: &str, expected: &str, put| {
        let (name, column) = (bench.name(), bytes(column));
        bench.raw.check_and_put(name, bytes("r"), column, bytes(expected), put, none())
    };
    // The put is only looked at if the check holds.
    assert!(!check("a:x", "other", put("no:x", "v")).unwrap());
    let line = io_error(check("a:x", "1", put("no:x", "v")).unwrap_err());
    assert!(line.contains("NoSuchColumnFamilyException"), "{line}");
    let line = io_error(check("no:x", "1", put("a:x", "v")).unwrap_err());
    assert!(line.contains("NoSuchColumnFamilyException"), "{line}");
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "1")])]);
}

fn life(bytes: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    BTreeMap::from([(b"_ttl".to_vec(), bytes.to_vec())])
}

fn lives_of_no_time_and_of_less(server: &Server) {
    let mut bench = Bench::new(server, "lives");
    // The sum with the cell's time wraps around.
    for time in [0_i64, -5, 1, i64::MAX - 1] {
        bench.put("r", "a:x", "old");
        let (name, key, changes) = (bench.name(), bytes("r"), vec![put("a:x", "v")]);
        std::thread::sleep(std::time::Duration::from_millis(5));
        bench.raw.mutate_row(name, key, changes, life(&time.to_be_bytes())).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(bench.row("r"), [row("r", &[("a:x", "old")])], "{time}");
    }
    // The longest one stands for none.
    for (time, value) in [(3_600 * SECOND, "new"), (i64::MAX, "newer")] {
        let (changes, long) = (vec![put("a:x", value)], life(&time.to_be_bytes()));
        bench.raw.mutate_row(bench.name(), bytes("r"), changes, long).unwrap();
        assert_eq!(bench.row("r"), [row("r", &[("a:x", value)])]);
    }
}

fn versions_of_less_than_none(server: &Server) {
    let mut bench = Bench::new(server, "less_versions");
    let (name, key, column) = (bench.name(), bytes("r"), bytes("a:x"));
    let negative = bench.raw.get_ver(name.clone(), key.clone(), column.clone(), -1, none());
    assert_eq!(io_error(negative.unwrap_err()), "java.io.IOException: versions must be positive");
    let before = bench.raw.get_ver_ts(name, key, column, -5, 1, none());
    assert!(is_internal(before.unwrap_err()));
}

fn bytes_that_are_no_text_in_names_and_filters(server: &Server) {
    let mut bench = Bench::new(server, "no_text");
    let column = |qualifier: &[u8]| [b"a:", qualifier].concat();
    for (qualifier, value) in [(&b"\xff"[..], "1"), (b"a\xff", "2"), (b"\0", "3"), (b"", "4")] {
        let mut change = put("", value);
        change.column = Some(column(qualifier));
        bench.raw.mutate_row(bench.name(), bytes("r"), vec![change], none()).unwrap();
    }
    let mut passing = |filter: &[u8]| {
        let scan = TScan {
            filter_string: Some(filter.to_vec()),
            sort_columns: Some(true),
            ..empty_scan()
        };
        let scanner = bench.raw.scanner_open_with_scan(bench.name(), scan, none()).unwrap();
        let rows = bench.raw.scanner_get_list(scanner, 9).unwrap();
        bench.raw.scanner_close(scanner).unwrap();
        let columns = rows.into_iter().flat_map(|row| row.sorted_columns.unwrap_or_default());
        let value = |cell: hbase_thrift_api::TColumn| cell.cell.unwrap().value.unwrap();
        columns.flat_map(value).map(char::from).collect::<String>()
    };
    assert_eq!(passing(b"QualifierFilter(=, 'binary:\xff')"), "1");
    assert_eq!(passing(b"ColumnPrefixFilter('a\xff')"), "2");
    assert_eq!(passing(b"QualifierFilter(<=, 'binary:\0')"), "43");
    assert_eq!(passing(b"ColumnRangeFilter('a', true, '\xff', false)"), "2");
}

fn caching_of_nothing_and_of_less(server: &Server) {
    let mut bench = Bench::new(server, "caching");
    for key in ["q", "r", "s"] {
        bench.put(key, "a:x", "v");
    }
    for caching in [-1, 0, 1] {
        let scan = TScan { caching: Some(caching), ..empty_scan() };
        let scanner = bench.raw.scanner_open_with_scan(bench.name(), scan, none()).unwrap();
        assert_eq!(bench.raw.scanner_get_list(scanner, 9).unwrap().len(), 3, "{caching}");
        bench.raw.scanner_close(scanner).unwrap();
    }
    let ordered = vec![delete("a:x"), put("a:y", "w")];
    bench.raw.mutate_row(bench.name(), bytes("q"), ordered, none()).unwrap();
    assert_eq!(bench.row("q"), [row("q", &[("a:y", "w")])]);
}

fn a_fetch_of_no_rows_refuses_nothing(server: &Server) {
    let mut bench = Bench::new(server, "no_fetch");
    let refused = TScan {
        reversed: Some(true),
        filter_string: Some(bytes("ColumnValueFilter('a', 'x', =, 'binary:v')")),
        ..empty_scan()
    };
    let nowhere = [bench.name(), bytes("_not")].concat();
    let name = bench.name();
    for (table, scan) in [(name.clone(), refused), (nowhere, empty_scan())] {
        let scanner = bench.raw.scanner_open_with_scan(table, scan, none()).unwrap();
        assert_eq!(bench.raw.scanner_get_list(scanner, 0).unwrap(), []);
        io_error(bench.raw.scanner_get_list(scanner, 1).unwrap_err());
        bench.raw.scanner_close(scanner).unwrap();
    }
}

/// Keys over what mini-hbase's store on disk takes (65,535 bytes), beside ordinary ones.
fn keys_of_great_length(server: &Server) {
    let mut bench = Bench::new(server, "long_keys");
    let long_row = "r".repeat(30_000);
    let long = |first: char| format!("a:{first}{}", "q".repeat(40_000));
    let columns = ["a:1".to_owned(), long('2'), long('3'), "a:4".to_owned()];
    for key in ["a", long_row.as_str(), "s"] {
        for (number, column) in columns.iter().enumerate() {
            bench.put_at(10, key, column, &format!("old{number}"));
            bench.put_at(20, key, column, &format!("new{number}"));
        }
    }
    let (name, key) = (bench.name(), bytes(&long_row));
    for version in [("2", "old1"), ("9", "new1")] {
        let before = if version.0 == "2" { 20 } else { 21 };
        let (key, column) = (key.clone(), bytes(&columns[1]));
        let found = bench.raw.get_ver_ts(name.clone(), key, column, before, 1, none()).unwrap();
        assert_eq!(values(found), [version.1]);
    }
    let all = bench.raw.get_ver(name.clone(), key.clone(), bytes(&columns[2]), 9, none()).unwrap();
    assert_eq!(values(all), ["new2", "old2"]);
    for reversed in [false, true] {
        let scan = TScan {
            reversed: Some(reversed),
            filter_string: Some(bytes("ColumnPrefixFilter('3')")),
            ..empty_scan()
        };
        let scanner = bench.raw.scanner_open_with_scan(name.clone(), scan, none()).unwrap();
        let rows = bench.raw.scanner_get_list(scanner, 9).unwrap();
        bench.raw.scanner_close(scanner).unwrap();
        let mut keys: Vec<_> = simple(rows).into_iter().map(|(key, _)| key).collect();
        if reversed {
            keys.reverse();
        }
        assert_eq!(keys, ["a", &long_row, "s"]);
    }
    bench.raw.delete_all_ts(name.clone(), key.clone(), bytes(&columns[1]), 20, none()).unwrap();
    bench.raw.delete_all_ts(name.clone(), key.clone(), bytes(&columns[2]), 10, none()).unwrap();
    let expected = [(&columns[0], "new0"), (&columns[2], "new2"), (&columns[3], "new3")];
    let expected = expected.map(|(column, value)| (column.as_str(), value));
    assert_eq!(bench.row(&long_row), [row(&long_row, &expected)]);
    let counted = bytes(&format!("b:{}", "n".repeat(60_000)));
    for sum in [1, 2] {
        let (name, key) = (name.clone(), key.clone());
        let made = bench.raw.atomic_increment(name, key, counted.clone(), 1).unwrap();
        assert_eq!(made, sum);
    }
    bench.raw.delete_all_row(name, key, none()).unwrap();
    assert_eq!(bench.row(&long_row), []);
    assert_eq!(bench.row("s").len(), 1);
}

/// The rest of the longest row's key is for the region's name, which the gateway asks `hbase:meta`
/// for.
fn rows_up_to_the_longest(server: &Server) {
    let mut bench = Bench::new(server, "longest");
    let name = bench.name();
    let longest = "r".repeat(32_767 - name.len() - 16);
    for key in [&longest[1..], &longest] {
        bench.put(key, "a:x", "v");
        assert_eq!(bench.row(key), [row(key, &[("a:x", "v")])]);
    }
    let over = "r".repeat(32_768);
    let put = bench.raw.mutate_row(name.clone(), bytes(&over), vec![put("a:x", "v")], none());
    assert!(is_illegal(put.unwrap_err()));
    assert!(is_internal(bench.raw.get_row(name, bytes(&over), none()).unwrap_err()));
}
