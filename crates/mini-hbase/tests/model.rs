//! What HBase's data model says, where it needs the server's switches: clock, timing, limits,
//! namespaces, and storage in memory.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use std::time::Duration;

use hbase_thrift_api::{
    BatchMutation, IOError, IllegalArgument, Mutation, TAppend, THbaseSyncClient, TScan,
};
use mini_hbase::{HBaseTiming, MiniHBase, VirtualClock};
use support::{
    Raw, both, bytes, client, client_with_table, delete, family, new, none, put, scan, value,
    versions,
};

/// The class and `canRetry` of an `IOError`.
fn io_error(error: thrift::Error) -> (String, Option<bool>) {
    let thrift::Error::User(error) = error else { panic!("{error}") };
    let error = error.downcast::<IOError>().unwrap();
    let message = error.message.unwrap();
    (message.split(':').next().unwrap().to_owned(), error.can_retry)
}

fn is_illegal(error: thrift::Error) -> bool {
    let thrift::Error::User(error) = error else { return false };
    error.downcast_ref::<IllegalArgument>().is_some()
}

#[test]
fn each_put_is_a_version_unless_the_timing_is_exact() {
    for (timing, expected) in [
        (HBaseTiming::Later, vec![("c", 1_002), ("b", 1_001), ("a", 1_000)]),
        (HBaseTiming::Exact, vec![("c", 1_000)]),
    ] {
        for builder in both() {
            let server = builder.timing(timing).clock(VirtualClock::new(1_000)).start().unwrap();
            let mut raw = client_with_table(&server);
            for value in ["a", "b", "c"] {
                put(&mut raw, "r", "f:x", value).unwrap();
            }
            let found = versions(&mut raw, "r");
            let found: Vec<_> = found.iter().map(|(value, time)| (&**value, *time)).collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn exact_timing_hides_a_put_of_a_deletes_millisecond() {
    for (timing, seen) in [(HBaseTiming::Later, true), (HBaseTiming::Exact, false)] {
        let clock = VirtualClock::new(1_000);
        let server = MiniHBase::builder().timing(timing).clock(clock.clone()).start().unwrap();
        let mut raw = client_with_table(&server);
        raw.delete_all_row(bytes("t"), bytes("r"), none()).unwrap();
        put(&mut raw, "r", "f:x", "v").unwrap();
        assert_eq!(value(&mut raw, "r", "f:x").is_some(), seen);
        clock.advance(Duration::from_millis(1));
        put(&mut raw, "r", "f:x", "v").unwrap();
        assert_eq!(value(&mut raw, "r", "f:x").as_deref(), Some("v"));
    }
}

#[test]
fn counters_and_checks_are_no_older_than_what_they_replace() {
    let clock = VirtualClock::new(1_000);
    let builder = MiniHBase::builder().timing(HBaseTiming::Exact).clock(clock);
    let server = builder.start().unwrap();
    let mut raw = client_with_table(&server);
    for _ in 0..3 {
        raw.atomic_increment(bytes("t"), bytes("n"), bytes("f:x"), 1).unwrap();
    }
    let cells = raw.get(bytes("t"), bytes("n"), bytes("f:x"), none()).unwrap();
    assert_eq!(cells[0].timestamp, Some(1_002));

    let ahead = vec![new("f:x", bytes("a"))];
    raw.mutate_row_ts(bytes("t"), bytes("r"), ahead, 5_000, none()).unwrap();
    let put = new("f:x", bytes("b"));
    let (row, column) = (bytes("r"), bytes("f:x"));
    assert!(raw.check_and_put(bytes("t"), row, column, bytes("a"), put, none()).unwrap());
    assert_eq!(versions(&mut raw, "r"), [("b".to_owned(), 5_000)]);
    let append = TAppend::new(bytes("t"), bytes("r"), vec![bytes("f:x")], vec![bytes("c")]);
    let cells = raw.append(append).unwrap();
    assert_eq!(cells[0].timestamp, Some(5_001));
}

#[test]
fn a_counter_that_a_client_stamped_far_ahead_takes_no_delete_along() {
    for builder in both() {
        let server = builder.clock(VirtualClock::new(1_000)).start().unwrap();
        let mut raw = client_with_table(&server);
        let year = 365 * 86_400_000;
        let one = vec![new("f:n", 1_i64.to_be_bytes().to_vec())];
        raw.mutate_row_ts(bytes("t"), bytes("r"), one, year, none()).unwrap();
        raw.atomic_increment(bytes("t"), bytes("r"), bytes("f:n"), 1).unwrap();
        raw.delete_all_row(bytes("t"), bytes("r"), none()).unwrap();
        // As in HBase: the delete is of now, so the counter is left, and what is put with a time
        // between both is seen.
        let cells = raw.get(bytes("t"), bytes("r"), bytes("f:n"), none()).unwrap();
        assert_eq!(cells[0].timestamp, Some(year + 1));
        let between = vec![new("f:x", bytes("seen"))];
        raw.mutate_row_ts(bytes("t"), bytes("r"), between, 2_000, none()).unwrap();
        assert_eq!(value(&mut raw, "r", "f:x").as_deref(), Some("seen"));
    }
}

#[test]
fn a_clock_that_goes_back_hides_no_put_and_keeps_deletes() {
    for builder in both() {
        let clock = VirtualClock::new(50_000);
        let server = builder.clock(clock.clone()).start().unwrap();
        let mut raw = client_with_table(&server);
        put(&mut raw, "r", "f:x", "first").unwrap();
        clock.set(10_000);
        put(&mut raw, "r", "f:x", "second").unwrap();
        let expected = [("second".to_owned(), 50_001), ("first".to_owned(), 50_000)];
        assert_eq!(versions(&mut raw, "r"), expected);
        raw.delete_all_row(bytes("t"), bytes("r"), none()).unwrap();
        assert_eq!(value(&mut raw, "r", "f:x"), None);
        for column in ["f:x", "f:new"] {
            put(&mut raw, "r", column, "third").unwrap();
            assert_eq!(value(&mut raw, "r", column).as_deref(), Some("third"));
        }
    }
}

#[test]
fn a_clock_that_goes_back_stops_no_counter() {
    for timing in [HBaseTiming::Later, HBaseTiming::Exact] {
        for builder in both() {
            let clock = VirtualClock::new(50_000);
            let server = builder.timing(timing).clock(clock.clone()).start().unwrap();
            let mut raw = client_with_table(&server);
            for sum in 1..5 {
                let (name, row, column) = (bytes("t"), bytes("n"), bytes("f:x"));
                assert_eq!(raw.atomic_increment(name, row, column, 1).unwrap(), sum);
                clock.set(10_000 / sum);
            }
        }
    }
}

#[test]
fn a_delete_goes_before_a_put_that_fails() {
    let server = MiniHBase::builder().max_cell_size(1_000).start().unwrap();
    let mut raw = client_with_table(&server);
    let bad = || [new("no:x", bytes("v")), new("f:x", vec![b'v'; 2_000])];
    for (number, bad) in bad().into_iter().enumerate() {
        put(&mut raw, "r", "f:old", "v").unwrap();
        let mutations = vec![bad, delete("f:old")];
        let error = raw.mutate_row(bytes("t"), bytes("r"), mutations, none()).unwrap_err();
        match number {
            0 => assert!(io_error(error).0.ends_with("NoSuchColumnFamilyException")),
            _ => assert!(is_illegal(error)),
        }
        assert_eq!(value(&mut raw, "r", "f:old"), None);
    }
}

#[test]
fn the_good_rows_of_a_batch_are_written_and_deleted() {
    let server = MiniHBase::builder().max_cell_size(1_000).start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "a", "f:x", "v").unwrap();
    let row = |row: &str, mutation| BatchMutation::new(bytes(row), vec![mutation]);
    let batch = vec![row("b", delete("no:x")), row("a", delete("f:x"))];
    let error = raw.mutate_rows(bytes("t"), batch, none()).unwrap_err();
    let batch_failed = "org.apache.hadoop.hbase.client.RetriesExhaustedWithDetailsException";
    assert_eq!(io_error(error), (batch_failed.to_owned(), Some(true)));
    assert_eq!(value(&mut raw, "a", "f:x"), None);

    // One that is too large is refused by the gateway, before any is written.
    let batch = vec![row("a", new("f:x", bytes("v"))), row("b", new("f:x", vec![0; 2_000]))];
    assert!(is_illegal(raw.mutate_rows(bytes("t"), batch, none()).unwrap_err()));
    assert_eq!(value(&mut raw, "a", "f:x"), None);
    let append = TAppend::new(bytes("t"), bytes("a"), vec![bytes("f:x")], vec![vec![0; 2_000]]);
    let error = io_error(raw.append(append).unwrap_err());
    assert_eq!(error, ("org.apache.hadoop.hbase.DoNotRetryIOException".to_owned(), Some(false)));

    // Of a table that isn't there, every row of a batch failed, and one row alone says so itself.
    let batch = vec![row("a", new("f:x", bytes("v")))];
    let error = raw.mutate_rows(bytes("none"), batch, none()).unwrap_err();
    assert_eq!(io_error(error), (batch_failed.to_owned(), Some(true)));
    let rows = vec![bytes("a"), bytes("b")];
    let error = raw.get_rows(bytes("none"), rows, none()).unwrap_err();
    assert_eq!(io_error(error), (batch_failed.to_owned(), Some(true)));
    let error = io_error(raw.get_rows(bytes("none"), vec![bytes("a")], none()).unwrap_err());
    assert_eq!(error, ("org.apache.hadoop.hbase.TableNotFoundException".to_owned(), Some(false)));
    raw.disable_table(bytes("t")).unwrap();
    let rows = vec![bytes("a"), bytes("b")];
    let error = raw.get_rows(bytes("t"), rows, none()).unwrap_err();
    assert_eq!(io_error(error), (batch_failed.to_owned(), Some(true)));
}

#[test]
fn a_fetch_of_too_much_is_refused_and_loses_no_row() {
    for builder in both() {
        let server = builder.max_answer_size(100_000).start().unwrap();
        let mut raw = client_with_table(&server);
        for row in 0..10 {
            put(&mut raw, &format!("r{row}"), "f:x", &"v".repeat(20_000)).unwrap();
        }
        let scanner = raw.scanner_open_with_scan(bytes("t"), scan(), none()).unwrap();
        let fetch = |raw: &mut Raw, rows| raw.scanner_get_list(scanner, rows);
        assert_eq!(fetch(&mut raw, 2).unwrap().len(), 2);
        for _ in 0..2 {
            let error = fetch(&mut raw, 8).unwrap_err();
            let thrift::Error::User(error) = error else { panic!("{error}") };
            let error = error.downcast::<IOError>().unwrap();
            let message = error.message.unwrap();
            assert!(message.contains("DoNotRetryIOException: the answer would have more than"));
        }
        let mut keys = Vec::new();
        loop {
            let rows = fetch(&mut raw, 4).unwrap();
            if rows.is_empty() {
                break;
            }
            keys.extend(rows.into_iter().map(|row| String::from_utf8(row.row.unwrap()).unwrap()));
        }
        assert_eq!(keys, ["r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"]);
    }
}

#[test]
fn an_open_scanner_waits_for_its_table_to_be_enabled() {
    for builder in both() {
        let server = builder.start().unwrap();
        let mut raw = client_with_table(&server);
        for row in ["a", "b"] {
            put(&mut raw, row, "f:x", "v").unwrap();
        }
        let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
        assert_eq!(support::keys(raw.scanner_get_list(scanner, 1).unwrap()), ["a"]);
        raw.disable_table(bytes("t")).unwrap();
        let (class, _) = io_error(raw.scanner_get_list(scanner, 1).unwrap_err());
        assert!(class.ends_with("TableNotEnabledException"), "{class}");
        raw.enable_table(bytes("t")).unwrap();
        assert_eq!(support::keys(raw.scanner_get_list(scanner, 1).unwrap()), ["b"]);
    }
}

#[test]
fn a_batch_size_beside_a_filter_of_whole_rows_is_refused_at_once() {
    let server = MiniHBase::in_memory().unwrap();
    let mut raw = client_with_table(&server);
    let mut fetch = |filter: &str| {
        let filter_string = Some(bytes(filter));
        let scan = TScan { filter_string, batch_size: Some(1), ..scan() };
        let scanner = raw.scanner_open_with_scan(bytes("t"), scan, none()).unwrap();
        raw.scanner_get_list(scanner, 1)
    };
    for filter in ["PageFilter(2)", "DependentColumnFilter('f', 'x')"] {
        let (class, can_retry) = io_error(fetch(filter).unwrap_err());
        assert!(class.ends_with("DoNotRetryIOException"), "{filter}: {class}");
        assert_eq!(can_retry, Some(false));
    }
    fetch("KeyOnlyFilter()").unwrap();
}

#[test]
fn a_row_and_a_qualifier_may_be_longer_than_the_storages_keys() {
    for builder in both() {
        let server = builder.start().unwrap();
        let mut raw = client_with_table(&server);
        let row = vec![b'r'; 30_000];
        let column = |end: &str| [&b"f:"[..], &vec![b'q'; 40_000], end.as_bytes()].concat();
        let ends = ["c", "a", "", "b"];
        for end in ends {
            let mutation = Mutation::new(false, column(end), bytes(end), true);
            raw.mutate_row(bytes("t"), row.clone(), vec![mutation], none()).unwrap();
        }
        raw.delete_all(bytes("t"), row.clone(), column("b"), none()).unwrap();
        put(&mut raw, "s", "f:x", "v").unwrap();
        let sorted = TScan { sort_columns: Some(true), ..scan() };
        let scanner = raw.scanner_open_with_scan(bytes("t"), sorted, none()).unwrap();
        let rows = raw.scanner_get_list(scanner, 10).unwrap();
        assert_eq!(rows.len(), 2);
        let columns = rows[0].sorted_columns.as_ref().unwrap();
        let values: Vec<_> = columns
            .iter()
            .map(|column| column.cell.as_ref().unwrap().value.clone().unwrap())
            .collect();
        assert_eq!(values, [bytes(""), bytes("a"), bytes("c")]);
        let cells = raw.get(bytes("t"), row, column("a"), none()).unwrap();
        assert_eq!(cells[0].value, Some(bytes("a")));
    }
}

#[test]
fn a_delete_may_have_a_time_to_live() {
    let clock = VirtualClock::new(1_000_000);
    let server = MiniHBase::builder().clock(clock.clone()).start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r", "f:x", "v").unwrap();
    clock.advance(Duration::from_millis(10));
    let ttl = [(bytes("_ttl"), 100_i64.to_be_bytes().to_vec())].into();
    raw.mutate_row(bytes("t"), bytes("r"), vec![delete("f:x")], ttl).unwrap();
    assert_eq!(value(&mut raw, "r", "f:x"), None);
    clock.advance(Duration::from_millis(101));
    assert_eq!(value(&mut raw, "r", "f:x").as_deref(), Some("v"));
}

/// HBase tries the write for minutes.
#[test]
fn a_time_to_live_that_is_no_number_is_refused_at_once() {
    let server = MiniHBase::in_memory().unwrap();
    let mut raw = client_with_table(&server);
    for life in [&b""[..], b"123", b"123456789"] {
        let ttl = [(bytes("_ttl"), life.to_vec())].into();
        let changes = vec![new("f:x", bytes("v"))];
        let error = raw.mutate_row(bytes("t"), bytes("r"), changes, ttl).unwrap_err();
        assert!(is_illegal(error));
    }
    assert_eq!(value(&mut raw, "r", "f:x"), None);
}

#[test]
fn an_or_of_filters_goes_to_the_nearest_of_their_hints() {
    for builder in both() {
        let server = builder.start().unwrap();
        let mut raw = client_with_table(&server);
        for qualifier in ["a", "b", "c", "d"] {
            put(&mut raw, "r", &format!("f:{qualifier}"), qualifier).unwrap();
        }
        for (one, other) in [("b", "d"), ("d", "b")] {
            let filter = format!("ColumnPrefixFilter('{one}') OR ColumnPrefixFilter('{other}')");
            let filtered = TScan { filter_string: Some(bytes(&filter)), ..scan() };
            let scanner = raw.scanner_open_with_scan(bytes("t"), filtered, none()).unwrap();
            let rows = raw.scanner_get_list(scanner, 9).unwrap();
            let found = rows[0].columns.as_ref().unwrap().keys();
            assert!(found.eq(["f:b", "f:d"].map(str::as_bytes)), "{filter}");
        }
    }
}

#[test]
fn tables_are_created_in_namespaces_that_there_are() {
    let server = MiniHBase::builder().namespace("shop").start().unwrap();
    let mut raw = client(&server);
    raw.create_table(bytes("shop:orders"), vec![family("f")]).unwrap();
    assert_eq!(raw.get_table_names().unwrap(), [bytes("shop:orders")]);
    let error = raw.create_table(bytes("other:orders"), vec![family("f")]).unwrap_err();
    assert!(io_error(error).0.ends_with("NamespaceNotFoundException"));
}

#[test]
fn tables_in_memory_take_no_folder() {
    let server = MiniHBase::in_memory().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r", "f:x", "v").unwrap();
    assert_eq!(value(&mut raw, "r", "f:x").as_deref(), Some("v"));
    assert_eq!(server.folder(), std::path::Path::new(""));
    assert!(MiniHBase::builder().in_memory().store("folder").start().is_err());
}
