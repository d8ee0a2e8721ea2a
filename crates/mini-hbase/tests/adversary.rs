//! What takes much memory for few bytes: each is counted before it is allocated, and refused when
//! there is not enough for all calls and scanners together. And tables that go while they are used.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use hbase_thrift_api::{
    ColumnDescriptor, IOError, Mutation, TAppend, THbaseSyncClient, TIncrement, TScan,
};
use mini_hbase::MiniHBase;
use support::{
    Raw, both, bytes, client, client_with_table, family, keys, mutation, none, put, scan, value,
    wait_until,
};

const KIBIBYTE: usize = 1 << 10;
const MEBIBYTE: usize = 1 << 20;

/// Whether the same call may get memory later.
fn can_retry(error: thrift::Error) -> bool {
    let thrift::Error::User(error) = error else { panic!("{error}") };
    let error = error.downcast::<IOError>().unwrap();
    let class = if error.can_retry == Some(true) { "CallQueueTooBig" } else { "DoNotRetryIO" };
    let message = error.message.unwrap();
    assert!(message.split(':').next().unwrap().contains(class), "{message}");
    error.can_retry.unwrap()
}

fn open(raw: &mut Raw, scan: TScan) -> thrift::Result<i32> {
    raw.scanner_open_with_scan(bytes("t"), scan, none())
}

/// Opens scanners of one kind until one is refused, and returns how many there are.
fn open_all(raw: &mut Raw, scan: &TScan) -> Vec<i32> {
    let mut opened = Vec::new();
    loop {
        match open(raw, scan.clone()) {
            Ok(scanner) => opened.push(scanner),
            Err(error) => {
                assert!(can_retry(error), "after {}", opened.len());
                return opened;
            }
        }
    }
}

#[test]
fn open_scanners_take_memory_until_they_are_closed() {
    let columns = |count: usize| (0..count).map(|number| bytes(&format!("f:{number}"))).collect();
    // Names of columns, rows, texts of filters, and regular expressions that few bytes describe.
    let scans = [
        TScan { columns: Some(columns(10_000)), ..scan() },
        TScan { start_row: Some(vec![b'r'; 300 * KIBIBYTE]), ..scan() },
        TScan { filter_string: Some(bytes(&"KeyOnlyFilter() AND ".repeat(1_000))), ..scan() },
        TScan {
            filter_string: Some(bytes("ValueFilter(=, 'regexstring:(a{100}){100}')")),
            ..scan()
        },
    ];
    let server = MiniHBase::builder().max_memory(32 * MEBIBYTE).start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r", "f:x", "v").unwrap();
    for mut scan in scans {
        if let Some(filter) = &mut scan.filter_string
            && filter.ends_with(b" AND ")
        {
            filter.extend(b"KeyOnlyFilter()");
        }
        let opened = open_all(&mut raw, &scan);
        assert!((5..200).contains(&opened.len()), "{} scanners of {scan:.100?}", opened.len());
        assert!(server.memory_taken() <= 32 * MEBIBYTE);
        for scanner in opened {
            raw.scanner_close(scanner).unwrap();
        }
        wait_until(|| server.memory_taken() == 0);
    }
    let expired = open_all(&mut raw, &TScan { columns: Some(columns(10_000)), ..scan() });
    assert!(!expired.is_empty());
    server.expire_scanners();
    wait_until(|| server.memory_taken() == 0);
}

#[test]
fn the_rest_of_a_row_takes_memory_between_two_fetches() {
    for builder in both() {
        let server = builder.max_memory(32 * MEBIBYTE).start().unwrap();
        let mut raw = client_with_table(&server);
        for column in ["f:a", "f:b", "f:c", "f:d"] {
            put(&mut raw, "r", column, &"v".repeat(MEBIBYTE)).unwrap();
        }
        let scan = || TScan { batch_size: Some(1), ..scan() };
        let scanner = open(&mut raw, scan()).unwrap();
        for rest in [true, true, true, false] {
            assert_eq!(raw.scanner_get_list(scanner, 1).unwrap().len(), 1);
            let row = 4 * MEBIBYTE;
            wait_until(|| match server.memory_taken() {
                taken if rest => (row..row + MEBIBYTE).contains(&taken),
                taken => taken < MEBIBYTE,
            });
        }
        // Rows for which there is no memory any more: that scanner stays where it was.
        let many: Vec<_> = (0..10).map(|_| open(&mut raw, scan()).unwrap()).collect();
        let first_refused = many
            .iter()
            .position(|&scanner| raw.scanner_get_list(scanner, 1).map_err(can_retry).is_err());
        let first_refused = first_refused.unwrap();
        assert!((1..8).contains(&first_refused), "{first_refused}");
        for &scanner in &many[..first_refused] {
            raw.scanner_close(scanner).unwrap();
        }
        let mut results = 0;
        while !raw.scanner_get_list(many[first_refused], 1).unwrap().is_empty() {
            results += 1;
        }
        assert_eq!(results, 4);
    }
}

#[test]
fn a_long_row_is_counted_in_each_of_its_cells() {
    for builder in both() {
        let server = builder.max_memory(16 * MEBIBYTE).start().unwrap();
        let mut raw = client_with_table(&server);
        let row = vec![b'r'; 30_000];
        let cells = |count: usize| -> Vec<Mutation> {
            (0..count).map(|number| mutation(&format!("f:{number}"), "v")).collect()
        };
        // 60 KiB of a message, which are 30 MB of keys.
        let error = raw.mutate_row(bytes("t"), row.clone(), cells(1_000), none()).unwrap_err();
        assert!(!can_retry(error));
        assert!(raw.get_row(bytes("t"), row.clone(), none()).unwrap().is_empty());
        raw.mutate_row(bytes("t"), row.clone(), cells(100), none()).unwrap();
        let found = raw.get_row(bytes("t"), row, none()).unwrap();
        assert_eq!(found[0].columns.as_ref().unwrap().len(), 100);
        wait_until(|| server.memory_taken() == 0);
    }
}

#[test]
fn an_append_that_makes_much_of_little_is_refused_before_it_is_made() {
    for builder in both() {
        let server = builder.max_memory(16 * MEBIBYTE).start().unwrap();
        let mut raw = client_with_table(&server);
        let columns: Vec<_> = (0..20).map(|number| format!("f:{number:02}")).collect();
        for column in &columns {
            put(&mut raw, "r", column, &"v".repeat(MEBIBYTE)).unwrap();
        }
        let append = |columns: &[String]| {
            let names: Vec<_> = columns.iter().map(|column| bytes(column)).collect();
            TAppend::new(bytes("t"), bytes("r"), names, vec![bytes("+"); columns.len()])
        };
        assert!(!can_retry(raw.append(append(&columns)).unwrap_err()));
        for column in &columns {
            assert_eq!(value(&mut raw, "r", column).unwrap().len(), MEBIBYTE);
        }
        let cells = raw.append(append(&columns[..2])).unwrap();
        assert_eq!(cells[1].value.as_ref().unwrap().len(), MEBIBYTE + 1);
    }
}

#[test]
fn long_rows_are_counted_in_each_result_so_that_no_fetch_loses_one() {
    for builder in both() {
        let server = builder.max_memory(4 * MEBIBYTE).start().unwrap();
        let mut raw = client_with_table(&server);
        let row = |number: usize| format!("{number:03}{}", "r".repeat(30_000));
        for number in 0..200 {
            put(&mut raw, &row(number), "f:x", "v").unwrap();
        }
        let scanner = open(&mut raw, scan()).unwrap();
        assert!(!can_retry(raw.scanner_get_list(scanner, 200).unwrap_err()));
        let mut found = Vec::new();
        while found.len() < 200 {
            let rows = keys(raw.scanner_get_list(scanner, 20).unwrap());
            assert!(!rows.is_empty(), "{} rows", found.len());
            found.extend(rows);
        }
        assert!(found.iter().enumerate().all(|(number, key)| *key == row(number)));
        raw.scanner_close(scanner).unwrap();
        // The parts of a row have its key each.
        let cells = (0..200).map(|number| mutation(&format!("f:{number}"), "v"));
        for cell in cells {
            raw.mutate_row(bytes("t"), bytes(&row(0)), vec![cell], none()).unwrap();
        }
        let scanner = open(&mut raw, TScan { batch_size: Some(1), ..scan() }).unwrap();
        assert!(!can_retry(raw.scanner_get_list(scanner, 200).unwrap_err()));
        assert_eq!(raw.scanner_get_list(scanner, 20).unwrap().len(), 20);
        raw.scanner_close(scanner).unwrap();
        // And one row is there as often as it is asked for.
        let rows = |count| vec![bytes(&row(5)); count];
        assert!(!can_retry(raw.get_rows(bytes("t"), rows(100), none()).unwrap_err()));
        assert_eq!(raw.get_rows(bytes("t"), rows(10), none()).unwrap().len(), 10);
    }
}

#[test]
fn a_scanner_that_could_never_be_opened_is_not_to_be_tried_again() {
    let server = MiniHBase::builder().in_memory().max_memory(8 * MEBIBYTE).start().unwrap();
    let mut raw = client_with_table(&server);
    // The message and the scanner fit, each by itself.
    let columns = |count: usize| vec![bytes("f"); count];
    let mut open = |count| raw.scanner_open(bytes("t"), Vec::new(), columns(count), none());
    assert!(!can_retry(open(30_000).unwrap_err()));
    open(10_000).unwrap();
    open(10_000).unwrap();
    // This one fits when another is closed.
    assert!(can_retry(open(10_000).unwrap_err()));
    server.expire_scanners();
    open(10_000).unwrap();
}

#[test]
fn a_fetch_that_could_never_go_on_beside_its_scanner_is_not_to_be_tried_again() {
    let server = MiniHBase::builder().in_memory().max_memory(8 * MEBIBYTE).start().unwrap();
    let mut raw = client_with_table(&server);
    for column in ["f:a", "f:b"] {
        put(&mut raw, "r", column, &"v".repeat(MEBIBYTE)).unwrap();
    }
    // The row takes 4 MiB with its reply, and the scanner more than the other half.
    let large = TScan { columns: Some(vec![bytes("f"); 20_000]), ..scan() };
    let scanner = open(&mut raw, large).unwrap();
    assert!(server.memory_taken() > 4 * MEBIBYTE);
    assert!(!can_retry(raw.scanner_get_list(scanner, 1).unwrap_err()));
    raw.scanner_close(scanner).unwrap();
    let scanner = open(&mut raw, scan()).unwrap();
    assert_eq!(raw.scanner_get_list(scanner, 1).unwrap().len(), 1);
    // The row fits with its reply, but not with the rest of it that the scanner would keep.
    put(&mut raw, "r", "f:c", &"v".repeat(MEBIBYTE)).unwrap();
    let scanner = open(&mut raw, TScan { batch_size: Some(1), ..scan() }).unwrap();
    assert!(!can_retry(raw.scanner_get_list(scanner, 1).unwrap_err()));
}

#[test]
fn what_one_row_of_a_call_took_is_there_for_the_next() {
    const INCREMENTS: usize = 100;
    for builder in both() {
        // Enough for the message, which is 3 MB, and for some of its rows as they are written.
        let server = builder.max_memory(13 << 20).start().unwrap();
        let mut raw = client_with_table(&server);
        let increment = |number: usize| {
            let row = format!("{number:03}{}", "r".repeat(30_000));
            TIncrement::new(bytes("t"), bytes(&row), bytes("f:n"), 1)
        };
        raw.increment_rows((0..INCREMENTS).map(increment).collect()).unwrap();
        wait_until(|| server.memory_taken() == 0);
    }
}

#[test]
fn a_table_has_no_more_families_than_keys_can_tell_apart() {
    let server = MiniHBase::in_memory().unwrap();
    let mut raw = client(&server);
    let families = |count: usize| -> Vec<ColumnDescriptor> {
        (0..count).map(|number| family(&format!("f{number}"))).collect()
    };
    assert!(!can_retry(raw.create_table(bytes("t"), families(70_000)).unwrap_err()));
    raw.create_table(bytes("t"), families(1_000)).unwrap();
    put(&mut raw, "r", "f999:x", "v").unwrap();
    assert_eq!(value(&mut raw, "r", "f999:x").as_deref(), Some("v"));
    assert_eq!(value(&mut raw, "r", "f0:x"), None);
}

/// What calls on a table may fail with that somebody else drops: exceptions, and no broken connection.
fn is_exception<T>(made: thrift::Result<T>) -> bool {
    match made {
        Ok(_) => false,
        Err(thrift::Error::User(_)) => true,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_table_may_be_dropped_and_made_again_under_scans_and_writes() {
    const DROPS: usize = 20;
    for builder in both() {
        let server = builder.start().unwrap();
        client_with_table(&server);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for worker in 0..4 {
                let (server, is_over) = (&server, &is_over);
                scope.spawn(move || {
                    let mut raw = client(server);
                    let mut number = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        number += 1;
                        let row = format!("{worker}-{number}");
                        is_exception(put(&mut raw, &row, "f:x", &row));
                        let cells = raw.get(bytes("t"), bytes(&row), bytes("f:x"), none());
                        // A row is the one that was put, or gone with its table.
                        if let Ok(cells) = &cells {
                            assert!(cells.iter().all(|cell| cell.value == Some(bytes(&row))));
                        }
                        is_exception(cells);
                        let Ok(scanner) = open(&mut raw, scan()) else { continue };
                        while raw.scanner_get_list(scanner, 7).is_ok_and(|rows| !rows.is_empty()) {}
                        is_exception(raw.scanner_close(scanner));
                    }
                });
            }
            let mut raw = client(&server);
            for _ in 0..DROPS {
                raw.disable_table(bytes("t")).unwrap();
                raw.enable_table(bytes("t")).unwrap();
                raw.disable_table(bytes("t")).unwrap();
                raw.delete_table(bytes("t")).unwrap();
                raw.create_table(bytes("t"), vec![family("f")]).unwrap();
                raw.compact(bytes("t")).unwrap();
            }
            is_over.store(true, Ordering::SeqCst);
        });
        let mut raw = client(&server);
        put(&mut raw, "last", "f:x", "v").unwrap();
        assert_eq!(value(&mut raw, "last", "f:x").as_deref(), Some("v"));
        wait_until(|| server.memory_taken() == 0);
    }
}
