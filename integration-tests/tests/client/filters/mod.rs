//! Filters: what a real server lets through of each, with values of any bytes.

mod combined;

use std::ops::{Bound, RangeBounds};

use hbase_thrift_client::{
    Batch, Comparator, CompareOp, DependentColumn, ErrorKind, Filter, Put, Row, Scan,
    SingleColumnValue,
};
use integration_tests::{Server, Test};

use super::front::Table;
use super::on_each_gateway;

pub(super) fn tests() -> Vec<Test> {
    let simple = vec![
        Test::new(row_filters_let_rows_through),
        Test::new(column_filters_let_cells_through_by_their_column),
        Test::new(a_column_range_has_the_bounds_it_was_given),
        Test::new(overlapping_column_prefixes_lose_nothing),
        Test::new(counting_filters_count_columns_of_each_row),
        Test::new(value_filters_let_cells_through_by_their_value),
        Test::new(older_versions_are_seen_by_filters_on_values),
        Test::new(key_only_filters_leave_keys_or_lengths),
        Test::new(timestamps_let_cells_of_those_times_through),
        Test::new(a_single_column_value_decides_on_whole_rows),
        Test::new(a_dependent_column_lets_cells_of_its_times_through),
        Test::new(every_operator_compares_bytes_in_their_order),
        Test::new(text_is_found_by_pattern_and_by_substring),
        Test::new(every_byte_is_found_in_a_value),
        Test::new(any_bytes_are_found_wherever_they_are),
        Test::new(a_pattern_that_java_refuses_fails_the_scan),
    ];
    [simple, combined::tests()].into_iter().flatten().collect()
}

/// Three rows: a cell's time is ten times its value.
fn fill(table: &Table) {
    let cells = [
        ("a", "f:one", "1"),
        ("a", "f:two", "2"),
        ("a", "g:one", "3"),
        ("b", "f:one", "2"),
        ("b", "g:two", "2"),
        ("c", "f:two", "1"),
    ];
    for (row, column, value) in cells {
        let timestamp = value.parse::<i64>().unwrap() * 10;
        table.put(&Put::new(row).column(column, value).timestamp(timestamp)).unwrap();
    }
}

const ALL: [&str; 6] =
    ["a f:one=1", "a f:two=2", "a g:one=3", "b f:one=2", "b g:two=2", "c f:two=1"];

/// The cells that pass, as text.
fn cells(table: &Table, filter: impl Into<Vec<u8>>) -> Vec<String> {
    let mut cells = Vec::new();
    for row in table.scan(Scan::new().filter(filter)).unwrap() {
        let row = row.unwrap();
        cells.extend(row.cells().map(|cell| {
            let (key, column) = (row.key().escape_ascii(), cell.column());
            format!("{key} {column}={}", cell.value().escape_ascii())
        }));
    }
    cells
}

/// The keys of the rows that pass, one after the other.
fn keys(table: &Table, filter: impl Into<Vec<u8>>) -> String {
    let rows = table.scan(Scan::new().filter(filter)).unwrap();
    rows.map(|row| row.unwrap().key().escape_ascii().to_string()).collect()
}

fn equal(value: impl Into<Vec<u8>>) -> Comparator {
    Comparator::binary(CompareOp::Equal, value)
}

fn not_equal(value: impl Into<Vec<u8>>) -> Comparator {
    Comparator::binary(CompareOp::NotEqual, value)
}

fn row_filters_let_rows_through(server: &Server) {
    on_each_gateway(server, "filter_rows", |_, table| {
        fill(table);
        assert_eq!(cells(table, Filter::row(equal("b"))), ALL[3..5]);
        assert_eq!(keys(table, Filter::prefix("b")), "b");
        assert_eq!(keys(table, Filter::prefix("")), "abc");
        assert_eq!(keys(table, Filter::prefix("bb")), "");
        assert_eq!(keys(table, Filter::inclusive_stop("b")), "ab");
        assert_eq!(keys(table, Filter::inclusive_stop("")), "");
        assert_eq!(keys(table, Filter::page(2)), "ab");
        assert_eq!(keys(table, Filter::page(0)), "");
        assert_eq!(keys(table, Filter::page(u64::MAX)), "abc");

        let scan = Scan::new().reversed().filter(Filter::inclusive_stop("b"));
        let found: Vec<_> = table.scan(scan).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(found.iter().map(Row::key).collect::<Vec<_>>(), [b"c", b"b"]);
    });
}

fn column_filters_let_cells_through_by_their_column(server: &Server) {
    on_each_gateway(server, "filter_columns", |_, table| {
        fill(table);
        let ones = [ALL[0], ALL[2], ALL[3]];
        assert_eq!(cells(table, Filter::family(equal("g"))), [ALL[2], ALL[4]]);
        assert_eq!(cells(table, Filter::qualifier(equal("one"))), ones);
        assert_eq!(cells(table, Filter::column_prefix("o")), ones);
        assert_eq!(cells(table, Filter::column_prefix("")), ALL);
        assert_eq!(cells(table, Filter::multiple_column_prefix(["o", "x"]).unwrap()), ones);
        assert_eq!(cells(table, Filter::multiple_column_prefix(["tw", "o"]).unwrap()), ALL);
        assert_eq!(cells(table, Filter::multiple_column_prefix(["tw", ""]).unwrap()), ALL);
        assert_eq!(cells(table, Filter::column_range("o".."p")), ones);
    });
}

fn a_column_range_has_the_bounds_it_was_given(server: &Server) {
    on_each_gateway(server, "filter_range", |_, table| {
        let names = ["", "\0", "a", "b", "c"];
        for name in names {
            table.put(&Put::new("r").column(format!("f:{name}"), "")).unwrap();
        }
        let bounds = ["", "a", "b", "c", "d"]
            .into_iter()
            .flat_map(|name| [Bound::Included(name), Bound::Excluded(name)]);
        let bounds: Vec<_> = bounds.chain([Bound::Unbounded]).collect();
        for range in bounds.iter().flat_map(|min| bounds.iter().map(|max| (*min, *max))) {
            let expected: Vec<_> = names
                .into_iter()
                .filter(|name| RangeBounds::<str>::contains(&range, *name))
                .map(|name| format!("r f:{}=", name.as_bytes().escape_ascii()))
                .collect();
            assert_eq!(cells(table, Filter::column_range::<&str>(range)), expected, "{range:?}");
        }
    });
}

fn overlapping_column_prefixes_lose_nothing(server: &Server) {
    on_each_gateway(server, "filter_prefixes", |_, table| {
        table.put(&Put::new("r").column("f:ab1", "").column("f:ac", "").column("f:b", "")).unwrap();
        let filter = Filter::multiple_column_prefix(["a", "ab", "a"]).unwrap();
        assert_eq!(cells(table, filter), ["r f:ab1=", "r f:ac="]);
        // What it is spared: HBase forgets the shorter prefix behind the longer one.
        assert_eq!(cells(table, "MultipleColumnPrefixFilter('a', 'ab')"), ["r f:ab1="]);
    });
}

fn counting_filters_count_columns_of_each_row(server: &Server) {
    on_each_gateway(server, "filter_counts", |_, table| {
        fill(table);
        let firsts = [ALL[0], ALL[3], ALL[5]];
        assert_eq!(cells(table, Filter::first_key_only()), firsts);
        assert_eq!(cells(table, Filter::column_pagination(1, 0)), firsts);
        assert_eq!(cells(table, Filter::column_pagination(1, 1)), [ALL[1], ALL[4]]);
        assert!(cells(table, Filter::column_pagination(0, 0)).is_empty());
        assert_eq!(cells(table, Filter::column_pagination(u32::MAX, 1)), [ALL[1], ALL[2], ALL[4]]);
        assert!(cells(table, Filter::column_pagination(1, u32::MAX)).is_empty());
        assert_eq!(cells(table, Filter::column_count_get(3)), ALL);
        let scan = Scan::new().start("a").limit(1).filter(Filter::column_count_get(2));
        assert_eq!(table.scan(scan).unwrap().next().unwrap().unwrap().len(), 2);
        assert_eq!(cells(table, Filter::column_count_get(u32::MAX)), ALL);
    });
}

fn value_filters_let_cells_through_by_their_value(server: &Server) {
    on_each_gateway(server, "filter_values", |_, table| {
        fill(table);
        assert_eq!(cells(table, Filter::value(equal("2"))), [ALL[1], ALL[3], ALL[4]]);
        assert_eq!(cells(table, Filter::column_value("f", "one", equal("2"))), [ALL[3]]);
    });
}

fn older_versions_are_seen_by_filters_on_values(server: &Server) {
    on_each_gateway(server, "filter_versions", |_, table| {
        for (timestamp, value) in [(1, "old"), (2, "new")] {
            table.put(&Put::new("r").column("f:x", value).timestamp(timestamp)).unwrap();
        }
        assert_eq!(cells(table, Filter::value(equal("old"))), ["r f:x=old"]);
        let column = || SingleColumnValue::new("f", "x", equal("old"));
        assert_eq!(cells(table, column()), [""; 0]);
        assert_eq!(cells(table, column().any_version()), ["r f:x=new"]);
    });
}

fn key_only_filters_leave_keys_or_lengths(server: &Server) {
    on_each_gateway(server, "filter_keys", |_, table| {
        table.put(&Put::new("r").column("f:x", "").column("f:y", "five5")).unwrap();
        assert_eq!(cells(table, Filter::key_only()), ["r f:x=", "r f:y="]);
        let lengths = ["r f:x=\\x00\\x00\\x00\\x00", "r f:y=\\x00\\x00\\x00\\x05"];
        assert_eq!(cells(table, Filter::key_only_with_lengths()), lengths);
    });
}

fn timestamps_let_cells_of_those_times_through(server: &Server) {
    on_each_gateway(server, "filter_times", |_, table| {
        fill(table);
        assert_eq!(cells(table, Filter::timestamps([10])), [ALL[0], ALL[5]]);
        let some = Filter::timestamps([30, 10, -1, i64::MAX]);
        assert_eq!(cells(table, some), [ALL[0], ALL[2], ALL[5]]);
        assert!(cells(table, Filter::timestamps([])).is_empty());
    });
}

fn a_single_column_value_decides_on_whole_rows(server: &Server) {
    on_each_gateway(server, "filter_single", |_, table| {
        fill(table);
        let one = || SingleColumnValue::new("f", "one", equal("1"));
        assert_eq!(cells(table, one()), [&ALL[..3], &ALL[5..]].concat());
        assert_eq!(cells(table, one().filter_if_missing()), ALL[..3]);
        assert_eq!(cells(table, one().filter_if_missing().exclude_column()), ALL[1..3]);
        let scan = Scan::new().column("f:two").filter(one().filter_if_missing());
        assert_eq!(table.scan(scan).unwrap().count(), 0, "the column is not read");
    });
}

fn a_dependent_column_lets_cells_of_its_times_through(server: &Server) {
    on_each_gateway(server, "filter_dependent", |_, table| {
        let puts = [
            Put::new("a").column("f:key", "x").column("f:with", "").timestamp(1),
            Put::new("a").column("f:other", "").timestamp(2),
            Put::new("b").column("f:key", "y").column("g:with", "").timestamp(3),
            Put::new("c").column("f:other", "").timestamp(4),
        ];
        for put in &puts {
            table.put(put).unwrap();
        }
        let key = || DependentColumn::new("f", "key");
        assert_eq!(cells(table, key()), ["a f:key=x", "a f:with=", "b f:key=y", "b g:with="]);
        assert_eq!(cells(table, key().drop_column()), ["a f:with=", "b g:with="]);
        assert_eq!(cells(table, key().value(equal("y"))), ["b f:key=y", "b g:with="]);
        let not_y = Comparator::not_regex("^y$");
        assert_eq!(cells(table, key().drop_column().value(not_y)), ["a f:with="]);
    });
}

fn every_operator_compares_bytes_in_their_order(server: &Server) {
    on_each_gateway(server, "filter_operators", |_, table| {
        for key in [&b"a"[..], b"b", b"b1", b"\xff"] {
            table.put(&Put::new(key).column("f:x", "")).unwrap();
        }
        let expected = [
            (CompareOp::Less, "a", "a"),
            (CompareOp::LessOrEqual, "ab", "abb1"),
            (CompareOp::Equal, "b", "bb1"),
            (CompareOp::NotEqual, "ab1\\xff", "a\\xff"),
            (CompareOp::GreaterOrEqual, "bb1\\xff", "bb1\\xff"),
            (CompareOp::Greater, "b1\\xff", "\\xff"),
        ];
        for (op, whole, prefix) in expected {
            assert_eq!(keys(table, Filter::row(Comparator::binary(op, "b"))), whole, "{op:?}");
            let comparator = Comparator::binary_prefix(op, "b");
            assert_eq!(keys(table, Filter::row(comparator)), prefix, "{op:?}");
        }
    });
}

fn text_is_found_by_pattern_and_by_substring(server: &Server) {
    on_each_gateway(server, "filter_text", |_, table| {
        let values = [("a", &b"It's\nHERE"[..]), ("b", "Ä: ß".as_bytes()), ("c", b"\xff\xfe")];
        for (key, value) in values {
            table.put(&Put::new(key).column("f:x", value)).unwrap();
        }
        let found = |comparator| keys(table, Filter::value(comparator));
        assert_eq!(found(Comparator::regex("t's.H")), "a", "found anywhere, over lines");
        assert_eq!(found(Comparator::regex("^It's$")), "");
        assert_eq!(found(Comparator::regex("^.: .$")), "b", "characters and not bytes");
        assert_eq!(found(Comparator::not_regex("[A-Z]")), "bc");
        assert_eq!(found(Comparator::regex("")), "abc");
        assert_eq!(found(Comparator::substring("IT'S\nhere")), "a");
        assert_eq!(found(Comparator::substring("ä:")), "b");
        assert_eq!(found(Comparator::not_substring("'")), "bc");
        assert_eq!(found(Comparator::substring("")), "abc");
        assert_eq!(found(Comparator::substring("\u{fffd}\u{fffd}")), "c", "what is no UTF-8");
    });
}

fn every_byte_is_found_in_a_value(server: &Server) {
    on_each_gateway(server, "filter_bytes", |_, table| {
        let puts = (0..=u8::MAX).map(|byte| Put::new([byte]).column("f:x", [byte]));
        table.batch(&puts.fold(Batch::new(), Batch::put)).unwrap();
        for byte in 0..=u8::MAX {
            let shown = std::ascii::escape_default(byte);
            let cell = [format!("{shown} f:x={shown}")];
            assert_eq!(cells(table, Filter::value(equal([byte]))), cell);
        }
    });
}

fn any_bytes_are_found_wherever_they_are(server: &Server) {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let samples = [
        all.as_slice(),
        b"'",
        b"''",
        b"'a",
        b"a'",
        b"a''b",
        b"')",
        b"'') OR ",
        b" AND ",
        b"\0",
        b"a\0b\0",
        b"\xff",
        b"\0'\xff'",
        b"binary:x",
        b"\xc3\x28",
        b"\\'",
        b"a, 'b'",
    ];
    on_each_gateway(server, "filter_quotes", |_, table| {
        for sample in samples {
            table.put(&Put::new(sample).column([b"f:", sample].concat(), sample)).unwrap();
        }
        table.put(&Put::new("empty").column("f:", "")).unwrap();
        let empty = ["empty f:="];
        assert_eq!(cells(table, Filter::value(equal(""))), empty);
        assert_eq!(cells(table, Filter::qualifier(equal(""))), empty);
        assert_eq!(cells(table, Filter::column_value("f", "", equal(""))), empty);
        for sample in samples {
            let shown = sample.escape_ascii();
            let cell = [format!("{shown} f:{shown}={shown}")];
            assert_eq!(cells(table, Filter::row(equal(sample))), cell);
            assert_eq!(cells(table, Filter::qualifier(equal(sample))), cell);
            assert_eq!(cells(table, Filter::value(equal(sample))), cell);
            assert_eq!(cells(table, Filter::column_value("f", sample, equal(sample))), cell);
            let column = SingleColumnValue::new("f", sample, equal(sample)).filter_if_missing();
            assert_eq!(cells(table, column), cell);
            let prefixes = Filter::prefix(sample).and(Filter::column_prefix(sample));
            assert!(cells(table, prefixes).contains(&cell[0]));
        }
    });
}

fn a_pattern_that_java_refuses_fails_the_scan(server: &Server) {
    on_each_gateway(server, "filter_pattern", |_, table| {
        let scan = Scan::new().filter(Filter::row(Comparator::regex("(")));
        let mut scanner = table.scan(scan).unwrap();
        assert_eq!(scanner.next().unwrap().unwrap_err().kind(), ErrorKind::Server);
        assert!(scanner.next().is_none());
    });
}
