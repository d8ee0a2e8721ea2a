//! Details that clients stumble over: what hides what, what is refused, and in which words.

use hbase_thrift_api::{BatchMutation, IOError, IllegalArgument, TAppend, THbaseSyncClient, TScan};
use integration_tests::{Server, Test, TestTable, family};
use thrift::ApplicationErrorKind;

use super::{Bench, bytes, delete, empty_scan, list, none, put, row, simple, text, values};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_delete_hides_puts_that_are_as_old_even_later_ones),
        Test::new(a_put_right_after_a_delete_is_seen_when_it_is_newer),
        Test::new(a_time_to_live_ends_cells_of_a_family),
        Test::new(a_family_keeps_so_many_versions),
        Test::new(a_family_said_before_its_column_is_only_that_column),
        Test::new(a_column_said_before_its_family_is_the_whole_family),
        Test::new(a_scan_from_a_row_to_the_same_row_is_that_row),
        Test::new(a_fetch_of_no_rows_is_empty_and_of_less_an_internal_error),
        Test::new(a_sorted_scan_of_parts_keeps_the_order),
        Test::new(what_is_no_number_is_not_incremented),
        Test::new(an_increment_of_a_bare_family_is_of_its_empty_qualifier),
        Test::new(check_and_put_writes_elsewhere_in_the_row),
        Test::new(no_versions_are_an_io_error),
        Test::new(a_negative_timestamp_is_illegal),
        Test::new(a_row_without_a_key_is_illegal),
        Test::new(a_batch_on_a_bare_family_is_an_internal_error),
        Test::new(a_batch_with_a_missing_family_writes_its_other_rows),
        Test::new(a_disabled_table_is_neither_read_nor_written),
        Test::new(batches_fail_with_a_class_of_their_own_that_may_be_retried),
        Test::new(cells_over_the_limit_are_refused_each_call_in_its_way),
        Test::new(a_table_is_not_switched_twice),
        Test::new(a_missing_table_is_named_by_the_calls_on_tables),
        Test::new(a_table_without_families_is_not_created),
        Test::new(a_table_in_an_unknown_namespace_is_not_created),
        Test::new(the_default_namespace_may_be_named),
    ]
}

pub(super) fn io_error(error: thrift::Error) -> String {
    let thrift::Error::User(error) = error else { panic!("not an exception: {error:?}") };
    let error = error.downcast::<IOError>().unwrap_or_else(|error| panic!("{error:?}"));
    error.message.unwrap().lines().next().unwrap().to_owned()
}

pub(super) fn is_internal(error: thrift::Error) -> bool {
    let thrift::Error::Application(error) = error else { panic!("{error:?}") };
    error.kind == ApplicationErrorKind::InternalError
}

pub(super) fn is_illegal(error: thrift::Error) -> bool {
    let thrift::Error::User(error) = error else { panic!("{error:?}") };
    error.is::<IllegalArgument>()
}

fn a_delete_hides_puts_that_are_as_old_even_later_ones(server: &Server) {
    let mut bench = Bench::new(server, "hidden");
    bench.raw.delete_all_ts(bench.name(), bytes("r"), bytes("a:x"), 20, none()).unwrap();
    bench.put_at(20, "r", "a:x", "hidden");
    bench.put_at(10, "r", "a:x", "hidden too");
    assert_eq!(bench.row("r"), []);
    bench.put_at(21, "r", "a:x", "seen");
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "seen")])]);
    bench.raw.delete_all_row_ts(bench.name(), bytes("r"), 30, none()).unwrap();
    bench.put_at(30, "r", "b:y", "hidden");
    assert_eq!(bench.row("r"), []);
}

fn a_put_right_after_a_delete_is_seen_when_it_is_newer(server: &Server) {
    let mut bench = Bench::new(server, "again");
    bench.put_at(10, "r", "a:x", "old");
    bench.raw.delete_all_ts(bench.name(), bytes("r"), bytes("a:x"), 10, none()).unwrap();
    bench.put("r", "a:x", "new");
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "new")])]);
}

fn a_time_to_live_ends_cells_of_a_family(server: &Server) {
    let table = TestTable::reserve(server, "lives");
    let mut raw = server.raw();
    let mut short = family("s");
    short.time_to_live = Some(3600);
    raw.create_table(table.bytes(), vec![short, family("l")]).unwrap();
    // A cell of 1970 is older than an hour, so nothing has to be waited for.
    let mutations = vec![put("s:x", "over"), put("l:x", "alive")];
    raw.mutate_row_ts(table.bytes(), bytes("r"), mutations, 1000, none()).unwrap();
    raw.mutate_row(table.bytes(), bytes("r"), vec![put("s:y", "alive")], none()).unwrap();
    let rows = raw.get_row(table.bytes(), bytes("r"), none()).unwrap();
    assert_eq!(simple(rows), [row("r", &[("l:x", "alive"), ("s:y", "alive")])]);
}

fn a_family_keeps_so_many_versions(server: &Server) {
    let table = TestTable::reserve(server, "versions");
    let mut raw = server.raw();
    let mut two = family("f");
    two.max_versions = Some(2);
    raw.create_table(table.bytes(), vec![two]).unwrap();
    for time in [1, 2, 3] {
        let mutations = vec![put("f:x", &time.to_string())];
        raw.mutate_row_ts(table.bytes(), bytes("r"), mutations, time, none()).unwrap();
    }
    let kept = raw.get_ver(table.bytes(), bytes("r"), bytes("f:x"), 9, none()).unwrap();
    assert_eq!(values(kept), ["3", "2"]);
}

/// Row `r` with `a:x` and `a:y`, read with these columns.
fn selected(server: &Server, name: &str, columns: &[&str]) -> Vec<super::Simple> {
    let mut bench = Bench::new(server, name);
    bench.put("r", "a:x", "x");
    bench.put("r", "a:y", "y");
    let (name, columns) = (bench.name(), list(columns));
    simple(bench.raw.get_row_with_columns(name, bytes("r"), columns, none()).unwrap())
}

fn a_family_said_before_its_column_is_only_that_column(server: &Server) {
    assert_eq!(selected(server, "narrow", &["a", "a:x"]), [row("r", &[("a:x", "x")])]);
}

fn a_column_said_before_its_family_is_the_whole_family(server: &Server) {
    let whole = [row("r", &[("a:x", "x"), ("a:y", "y")])];
    assert_eq!(selected(server, "wide", &["a:x", "a"]), whole);
}

fn a_scan_from_a_row_to_the_same_row_is_that_row(server: &Server) {
    let mut bench = Bench::new(server, "same");
    for key in ["q", "r", "s"] {
        bench.put(key, "a:x", "v");
    }
    let (name, same) = (bench.name(), bytes("r"));
    let open = bench.raw.scanner_open_with_stop(name, same.clone(), same, Vec::new(), none());
    let rows = bench.raw.scanner_get_list(open.unwrap(), 10).unwrap();
    assert_eq!(simple(rows), [row("r", &[("a:x", "v")])]);
}

fn a_fetch_of_no_rows_is_empty_and_of_less_an_internal_error(server: &Server) {
    let mut bench = Bench::new(server, "no_rows");
    bench.put("r", "a:x", "v");
    let scanner = bench.raw.scanner_open(bench.name(), Vec::new(), Vec::new(), none()).unwrap();
    assert_eq!(bench.raw.scanner_get_list(scanner, 0).unwrap(), []);
    assert!(is_internal(bench.raw.scanner_get_list(scanner, -1).unwrap_err()));
    assert_eq!(bench.raw.scanner_get(scanner).unwrap().len(), 1);
}

fn a_sorted_scan_of_parts_keeps_the_order(server: &Server) {
    let mut bench = Bench::new(server, "parts");
    for column in ["a:3", "b:1", "a:1", "a:2"] {
        bench.put("r", column, "v");
    }
    let scan = TScan { batch_size: Some(3), sort_columns: Some(true), ..empty_scan() };
    let scanner = bench.raw.scanner_open_with_scan(bench.name(), scan, none()).unwrap();
    let parts = bench.raw.scanner_get_list(scanner, 10).unwrap();
    let names = parts.into_iter().map(|part| {
        let columns = part.sorted_columns.unwrap();
        columns.into_iter().map(|column| text(column.column_name)).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(names.collect::<Vec<_>>(), ["a:1 a:2 a:3", "b:1"]);
}

fn what_is_no_number_is_not_incremented(server: &Server) {
    let mut bench = Bench::new(server, "no_number");
    bench.put("r", "a:n", "three");
    let error = bench.raw.atomic_increment(bench.name(), bytes("r"), bytes("a:n"), 1).unwrap_err();
    let line = io_error(error);
    assert!(line.contains("DoNotRetryIOException"), "{line}");
    assert!(line.contains("Field is not a long"), "{line}");
}

fn an_increment_of_a_bare_family_is_of_its_empty_qualifier(server: &Server) {
    let mut bench = Bench::new(server, "bare_counter");
    let (name, key) = (bench.name(), bytes("r"));
    assert_eq!(bench.raw.atomic_increment(name, key, bytes("a"), 2).unwrap(), 2);
    let cells = bench.raw.get(bench.name(), bytes("r"), bytes("a:"), none()).unwrap();
    assert_eq!(cells.len(), 1);
}

fn check_and_put_writes_elsewhere_in_the_row(server: &Server) {
    let mut bench = Bench::new(server, "elsewhere");
    bench.put("r", "a:x", "1");
    let (name, key) = (bench.name(), bytes("r"));
    let (column, value) = (bytes("a:x"), bytes("1"));
    let put = put("b:y", "2");
    assert!(bench.raw.check_and_put(name, key, column, value, put, none()).unwrap());
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "1"), ("b:y", "2")])]);
}

fn no_versions_are_an_io_error(server: &Server) {
    let mut bench = Bench::new(server, "no_versions");
    let (name, key, column) = (bench.name(), bytes("r"), bytes("a:x"));
    let line = io_error(bench.raw.get_ver(name, key, column, 0, none()).unwrap_err());
    assert_eq!(line, "java.io.IOException: versions must be positive");
}

fn a_negative_timestamp_is_illegal(server: &Server) {
    let mut bench = Bench::new(server, "negative");
    let mutations = vec![put("a:x", "v")];
    let put = bench.raw.mutate_row_ts(bench.name(), bytes("r"), mutations.clone(), -1, none());
    assert!(is_illegal(put.unwrap_err()));
    let batch = vec![BatchMutation::new(bytes("r"), mutations)];
    let batch = bench.raw.mutate_rows_ts(bench.name(), batch, -1, none());
    assert!(is_internal(batch.unwrap_err()));
    let read = bench.raw.get_row_ts(bench.name(), bytes("r"), -1, none());
    assert!(is_internal(read.unwrap_err()));
}

fn a_row_without_a_key_is_illegal(server: &Server) {
    let mut bench = Bench::new(server, "keyless");
    let put = bench.raw.mutate_row(bench.name(), Vec::new(), vec![put("a:x", "v")], none());
    assert!(is_illegal(put.unwrap_err()));
    assert!(is_internal(bench.raw.get_row(bench.name(), Vec::new(), none()).unwrap_err()));
    let delete = bench.raw.delete_all_row(bench.name(), Vec::new(), none());
    assert!(is_internal(delete.unwrap_err()));
}

fn a_batch_on_a_bare_family_is_an_internal_error(server: &Server) {
    let mut bench = Bench::new(server, "bare_batch");
    let batch = vec![
        BatchMutation::new(bytes("q"), vec![put("a:x", "v")]),
        BatchMutation::new(bytes("r"), vec![put("a", "v")]),
    ];
    let error = bench.raw.mutate_rows(bench.name(), batch, none()).unwrap_err();
    assert!(is_internal(error));
    assert_eq!(bench.row("q"), []);
}

fn a_batch_with_a_missing_family_writes_its_other_rows(server: &Server) {
    let mut bench = Bench::new(server, "partly");
    let batch = vec![
        BatchMutation::new(bytes("bad"), vec![put("nope:x", "v")]),
        BatchMutation::new(bytes("good"), vec![put("a:x", "v"), delete("b:y")]),
    ];
    let line = io_error(bench.raw.mutate_rows(bench.name(), batch, none()).unwrap_err());
    assert!(line.contains("RetriesExhaustedWithDetailsException"), "{line}");
    assert!(line.contains("NoSuchColumnFamilyException"), "{line}");
    assert_eq!(bench.row("good"), [row("good", &[("a:x", "v")])]);
}

fn a_disabled_table_is_neither_read_nor_written(server: &Server) {
    let mut bench = Bench::new(server, "off");
    bench.put("r", "a:x", "v");
    bench.raw.disable_table(bench.name()).unwrap();
    let read = bench.raw.get_row(bench.name(), bytes("r"), none()).unwrap_err();
    assert!(io_error(read).contains("TableNotEnabledException"));
    let write = bench.raw.mutate_row(bench.name(), bytes("r"), vec![put("a:x", "w")], none());
    assert!(io_error(write.unwrap_err()).contains("TableNotEnabledException"));
    bench.raw.enable_table(bench.name()).unwrap();
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "v")])]);
}

/// A single call has the class of what is wrong. A batch has a class of its own, with some words of what
/// is wrong, and the gateway says of it that another attempt may succeed.
fn batches_fail_with_a_class_of_their_own_that_may_be_retried(server: &Server) {
    let mut bench = Bench::new(server, "batches");
    let missing = TestTable::reserve(server, "no_batches");
    let there = bench.name();
    let batch = "RetriesExhaustedWithDetailsException";
    let mut check = |table: &[u8], column: &str, class: &str, words: &str| {
        let raw = &mut bench.raw;
        let columns = || vec![bytes(column)];
        let mut rows = |rows: &[&str]| {
            let rows = list(rows);
            raw.get_rows_with_columns(table.to_vec(), rows, columns(), none()).unwrap_err()
        };
        let (one, two) = (rows(&["r"]), rows(&["r", "s"]));
        let changes = || vec![put(column, "v")];
        let single = raw.mutate_row(table.to_vec(), bytes("r"), changes(), none()).unwrap_err();
        let mut mutate = |rows: &[&str]| {
            let rows = rows.iter().map(|row| BatchMutation::new(bytes(row), changes()));
            raw.mutate_rows(table.to_vec(), rows.collect(), none()).unwrap_err()
        };
        let (put_one, put_two) = (mutate(&["r"]), mutate(&["r", "s"]));
        for (what, error, is_batch) in [
            ("a row", one, false),
            ("two rows", two, true),
            ("a put", single, false),
            ("a batch of one", put_one, true),
            ("a batch of two", put_two, true),
        ] {
            let thrift::Error::User(error) = error else { panic!("{class}, {what}: {error:?}") };
            let error = error.downcast::<IOError>().unwrap();
            let line = error.message.as_deref().unwrap().lines().next().unwrap().to_owned();
            assert!(line.contains(if is_batch { words } else { class }), "{what}: {line}");
            assert_eq!(line.contains(batch), is_batch, "{class}, {what}: {line}");
            assert_eq!(error.can_retry, Some(is_batch), "{class}, {what}: {line}");
        }
    };
    let (name, class) = (missing.bytes(), "TableNotFoundException");
    check(&name, "a:x", class, &format!(": {}: ", missing.name()));
    let class = "NoSuchColumnFamilyException";
    check(&there, "no:x", class, class);
}

fn cells_over_the_limit_are_refused_each_call_in_its_way(server: &Server) {
    const LIMIT: usize = 10 << 20;
    let mut bench = Bench::new(server, "oversized");
    let table = bench.name();
    let raw = &mut bench.raw;
    let large = || put("a:x", &"x".repeat(LIMIT));
    let small = || put("a:x", "small");
    let (row, changes) = (bytes("one"), vec![put("a:y", "small"), large()]);
    assert_too_large(raw.mutate_row(table.clone(), row, changes, none()));
    for rows in [[small(), large()], [large(), small()]] {
        let rows = ["first", "second"].into_iter().zip(rows);
        let batch = rows.map(|(row, change)| BatchMutation::new(bytes(row), vec![change]));
        assert_too_large(raw.mutate_rows(table.clone(), batch.collect(), none()));
    }
    let mut append = |row: &str, size: usize| {
        let values = vec![vec![b'x'; size]];
        raw.append(TAppend::new(table.clone(), bytes(row), list(&["a:x"]), values))
    };
    let too_much = append("append", LIMIT).unwrap_err();
    append("appended", 6 << 20).unwrap();
    let together_too_much = append("appended", 6 << 20).unwrap_err();
    for error in [too_much, together_too_much] {
        let thrift::Error::User(error) = error else { panic!("{error:?}") };
        let error = error.downcast::<IOError>().unwrap();
        let line = error.message.as_deref().unwrap().lines().next().unwrap();
        assert!(line.starts_with("org.apache.hadoop.hbase.DoNotRetryIOException: "), "{line}");
        assert!(line.contains("exceeds limit of 10485760 bytes"), "{line}");
        assert_eq!(error.can_retry, Some(false));
    }
    // Nothing of the calls that were refused is there.
    for row in ["one", "first", "second", "append"] {
        assert_eq!(bench.row(row), []);
    }
    let kept = bench.raw.get(table, bytes("appended"), bytes("a:x"), none()).unwrap();
    assert_eq!(kept[0].value.as_ref().map(Vec::len), Some(6 << 20));
}

#[track_caller]
fn assert_too_large(result: thrift::Result<()>) {
    let thrift::Error::User(error) = result.unwrap_err() else { panic!("not an exception") };
    let message = error.downcast::<IllegalArgument>().unwrap().message.unwrap();
    assert!(message.starts_with("java.lang.IllegalArgumentException: KeyValue size too large"));
}

fn a_table_is_not_switched_twice(server: &Server) {
    let mut bench = Bench::new(server, "switches");
    let on = bench.raw.enable_table(bench.name()).unwrap_err();
    assert!(io_error(on).contains("TableNotDisabledException"));
    bench.raw.disable_table(bench.name()).unwrap();
    let off = bench.raw.disable_table(bench.name()).unwrap_err();
    assert!(io_error(off).contains("TableNotEnabledException"));
}

fn a_missing_table_is_named_by_the_calls_on_tables(server: &Server) {
    let table = TestTable::reserve(server, "nowhere");
    let mut raw = server.raw();
    let class = "org.apache.hadoop.hbase.TableNotFoundException: ";
    for error in [
        raw.enable_table(table.bytes()).unwrap_err(),
        raw.disable_table(table.bytes()).unwrap_err(),
        raw.is_table_enabled(table.bytes()).unwrap_err(),
        raw.get_column_descriptors(table.bytes()).unwrap_err(),
    ] {
        let line = io_error(error);
        assert!(line.starts_with(class) && line.ends_with(table.name()), "{line}");
    }
    let delete = raw.delete_table(table.bytes()).unwrap_err();
    assert_eq!(io_error(delete), "java.io.IOException: table does not exist");
}

fn a_table_without_families_is_not_created(server: &Server) {
    let table = TestTable::reserve(server, "empty");
    let line = io_error(server.raw().create_table(table.bytes(), Vec::new()).unwrap_err());
    assert!(line.contains("DoNotRetryIOException"), "{line}");
}

fn a_table_in_an_unknown_namespace_is_not_created(server: &Server) {
    let name = bytes("it_no_such_namespace:t");
    let line = io_error(server.raw().create_table(name, vec![family("a")]).unwrap_err());
    assert!(line.contains("NamespaceNotFoundException"), "{line}");
}

fn the_default_namespace_may_be_named(server: &Server) {
    let mut bench = Bench::new(server, "named");
    let name = [b"default:", &bench.name()[..]].concat();
    bench.put("r", "a:x", "v");
    let rows = bench.raw.get_row(name, bytes("r"), none()).unwrap();
    assert_eq!(simple(rows), [row("r", &[("a:x", "v")])]);
}
