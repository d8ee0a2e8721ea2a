//! What goes wrong between calls, as far as a server decides it: the order of writes within a
//! millisecond, the ends of scans, what a refusal says.

use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{
    ColumnFamily, Delete, ErrorKind, Get, Increment, Outcome, Put, Scan, WriterOptions,
};
use integration_tests::{Server, Test, TestTable};

use super::front::{Client, Table};
use super::{connect, on_each_gateway};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_put_after_a_delete_of_its_cell_is_there),
        Test::new(of_several_puts_of_one_cell_the_last_is_seen),
        Test::new(a_scan_of_large_rows_has_them_all),
        Test::new(a_scan_from_a_row_to_itself_has_no_row),
        Test::new(a_table_of_the_default_namespace_exists_by_both_names),
        Test::new(what_the_server_refuses_for_certain_was_not_applied),
        Test::new(several_steps_that_a_disabled_table_stopped_may_have_been_made),
        Test::new(merges_and_unions_need_no_connection_each),
        Test::new(large_replies_and_large_requests_in_one_pipeline_do_not_lock_up),
        Test::new(a_key_whose_region_no_gateway_finds_is_not_written),
        Test::new(reads_and_deletes_of_keys_that_nobody_can_write_end_in_time),
        Test::new(dropping_a_scanner_waits_for_nobody),
        Test::new(with_the_clients_timestamps_the_last_write_is_seen),
    ]
}

fn value(table: &Table, key: &str) -> Option<String> {
    let row = table.get(&Get::new(key).column("f:x")).unwrap()?;
    row.get("f:x").map(|value| value.escape_ascii().to_string())
}

fn put(key: &str, value: &str) -> Put {
    Put::new(key).column("f:x", value)
}

fn a_put_after_a_delete_of_its_cell_is_there(server: &Server) {
    on_each_gateway(server, "delete_put", |_, table| {
        for deletes in [
            |key: &str| Delete::row(key).column("f:x"),
            |key: &str| Delete::row(key).family("f"),
            |key: &str| Delete::row(key),
        ] {
            // Of one row again and again, and of many rows in few calls.
            for keys in [3, 100] {
                let writer = table.writer(WriterOptions::new().no_max_age().max_mutations(64));
                for number in 0..100 {
                    let key = format!("r{}", number % keys);
                    writer.write(put(&key, "old")).unwrap();
                    writer.write(deletes(&key)).unwrap();
                    writer.write(put(&key, &number.to_string())).unwrap();
                }
                writer.close().unwrap();
                for key in 0..keys {
                    let last = (100 - 1 - key) / keys * keys + key;
                    let stored = value(table, &format!("r{key}"));
                    assert_eq!(stored, Some(last.to_string()), "r{key} of {keys}");
                }
            }
        }
    });
}

fn of_several_puts_of_one_cell_the_last_is_seen(server: &Server) {
    on_each_gateway(server, "puts_of_one_cell", |_, table| {
        for size in [1, 7, 500] {
            let writer = table.writer(WriterOptions::new().no_max_age().max_mutations(size));
            for number in 0..300 {
                writer.write(put("r", &number.to_string())).unwrap();
            }
            writer.close().unwrap();
            assert_eq!(value(table, "r").as_deref(), Some("299"), "calls of {size}");
        }
    });
}

fn a_scan_of_large_rows_has_them_all(server: &Server) {
    let client = connect(&server.url());
    let guard = TestTable::reserve(server, "large_rows");
    client.admin().create_table(guard.name(), &[ColumnFamily::new("f")]).unwrap();
    let table = client.table(guard.name());
    let large = vec![b'x'; 1 << 20];
    for number in 0..40 {
        table.put(&Put::new(format!("r{number:03}")).column("f:x", large.as_slice())).unwrap();
    }
    for scan in [Scan::new().caching(16), Scan::new().caching(16).reversed()] {
        assert_eq!(table.scan(scan).unwrap().count_rows().unwrap(), 40);
    }
}

fn a_scan_from_a_row_to_itself_has_no_row(server: &Server) {
    on_each_gateway(server, "start_is_stop", |_, table| {
        for key in ["a", "b", "c"] {
            table.put(&put(key, "1")).unwrap();
        }
        for scan in [Scan::new(), Scan::new().reversed()] {
            assert_eq!(table.scan(scan.start("b").stop("b")).unwrap().count_rows().unwrap(), 0);
        }
        let before = Scan::new().stop(&b"b\0"[..]).caching(1).read_ahead(false);
        assert_eq!(table.scan(before).unwrap().count_rows().unwrap(), 2);
    });
}

fn a_table_of_the_default_namespace_exists_by_both_names(server: &Server) {
    on_each_gateway(server, "namespaced", |client, table| {
        let name = String::from_utf8(table.name().to_vec()).unwrap();
        let both = client.table(format!("default:{name}"));
        both.put(&put("r", "1")).unwrap();
        assert_eq!(value(table, "r").as_deref(), Some("1"));
        assert!(client.admin().table_exists(&name).unwrap());
        assert!(client.admin().table_exists(format!("default:{name}")).unwrap());
        assert!(!client.admin().table_exists(format!("default:{name}x")).unwrap());
    });
}

fn what_the_server_refuses_for_certain_was_not_applied(server: &Server) {
    on_each_gateway(server, "refused", |client, table| {
        let families = [ColumnFamily::new("f")];
        let error = client.admin().create_table("it_no_namespace:t", &families).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NamespaceNotFound, "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotApplied);
        table.put(&put("r", "12345")).unwrap();
        let error = table.increment(&Increment::new("r", "f:x", 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IllegalArgument, "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert_eq!(value(table, "r").as_deref(), Some("12345"));
    });
}

fn several_steps_that_a_disabled_table_stopped_may_have_been_made(server: &Server) {
    let client = connect(&server.url());
    let guard = TestTable::reserve(server, "stopped");
    client.admin().create_table(guard.name(), &[ColumnFamily::new("f")]).unwrap();
    let table = client.table(guard.name());
    client.admin().disable_table(guard.name()).unwrap();
    let increments = [Increment::new("r", "f:n", 1), Increment::new("s", "f:n", 1)];
    let error = table.increment_rows(&increments).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TableDisabled, "{error:?}");
    assert_eq!(error.outcome(), Outcome::Unknown);
    let error = table.increment(&increments[0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TableDisabled, "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotApplied);
}

fn merges_and_unions_need_no_connection_each(server: &Server) {
    on_each_gateway(server, "merges_at_once", |client, table| {
        let salts: Vec<String> = (0..8).map(|salt| format!("{salt}-")).collect();
        let writer = table.writer(WriterOptions::new());
        for salt in &salts {
            for number in 0..40 {
                writer.write(put(&format!("{salt}{number:02}"), "1")).unwrap();
            }
        }
        writer.close().unwrap();
        for (connections, scans) in [(16, 3), (2, 2), (1, 1)] {
            let config = client.config().clone().max_connections(connections);
            let table = Client::connect(config).unwrap().table(table.name());
            thread::scope(|scope| {
                for _ in 0..scans {
                    scope.spawn(|| {
                        let scan = || Scan::new().caching(5);
                        let merge = table.scan_merge(salts.clone(), scan()).unwrap();
                        assert_eq!(merge.count_rows().unwrap(), 8 * 40);
                        let union = table.scan_union(salts.clone(), scan()).unwrap();
                        assert_eq!(union.count_rows().unwrap(), 8 * 40);
                    });
                }
            });
        }
    });
}

fn large_replies_and_large_requests_in_one_pipeline_do_not_lock_up(server: &Server) {
    on_each_gateway(server, "large_pipeline", |client, table| {
        // As large as a frame takes.
        let large = vec![b'x'; 1_900_000];
        table.put(&Put::new("large").column("f:x", large.as_slice())).unwrap();
        let mut pipeline = client.pipeline();
        for number in 0..6 {
            pipeline.get(table, Get::new("large")).unwrap();
            let key = format!("other{number}");
            pipeline.put(table, Put::new(key).column("f:x", large.as_slice())).unwrap();
        }
        pipeline.send().all().unwrap();
        assert_eq!(table.scan(Scan::new().caching(1)).unwrap().count_rows().unwrap(), 7);
    });
}

fn a_key_whose_region_no_gateway_finds_is_not_written(server: &Server) {
    on_each_gateway(server, "long_keys", |_, table| {
        let limit = 32_767 - table.name().len() - 16;
        let put = |length| Put::new(vec![b'k'; length]).column("f:x", "1");
        table.put(&put(limit)).unwrap();
        assert!(table.get(&Get::new(vec![b'k'; limit])).unwrap().is_some());
        let error = table.put(&put(limit + 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error:?}");
    });
}

/// A gateway that hasn't found a region of the table yet looks for the key's for minutes.
fn reads_and_deletes_of_keys_that_nobody_can_write_end_in_time(server: &Server) {
    let table = TestTable::create(server, "long_keys_unknown", &["f"]);
    let time = Duration::from_secs(2);
    let table = connect(&server.url()).table(table.name()).with_timeout(time);
    let key = || vec![b'k'; 32_767 - 16];
    let began = Instant::now();
    let ends = [
        table.get(&Get::new(key())).map(|row| assert!(row.is_none())),
        table.exists(&Get::new(key())).map(|exists| assert!(!exists)),
        table.delete(&Delete::row(key())),
    ];
    // Long before a gateway gives up.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    for end in ends {
        if let Err(error) = end {
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        }
    }
}

fn dropping_a_scanner_waits_for_nobody(server: &Server) {
    on_each_gateway(server, "dropped", |_, table| {
        let writer = table.writer(WriterOptions::new());
        (0..200).for_each(|number| writer.write(put(&format!("r{number:03}"), "1")).unwrap());
        writer.close().unwrap();
        for read_ahead in [false, true] {
            let mut rows = table.scan(Scan::new().caching(2).read_ahead(read_ahead)).unwrap();
            rows.next().unwrap().unwrap();
            let began = Instant::now();
            drop(rows);
            let took = began.elapsed();
            assert!(took < Duration::from_millis(500), "it took {took:?}");
            assert_eq!(value(table, "r000").as_deref(), Some("1"));
        }
    });
}

fn with_the_clients_timestamps_the_last_write_is_seen(server: &Server) {
    on_each_gateway(server, "client_times", |client, table| {
        let config = client.config().clone().client_timestamps(true);
        let client = Client::connect(config).unwrap();
        let (stamped, direct) = (client.table(table.name()), table);
        for number in 0..50 {
            stamped.put(&put("r", "old")).unwrap();
            stamped.delete(&Delete::row("r").column("f:x")).unwrap();
            stamped.put(&put("r", &number.to_string())).unwrap();
            let mut pipeline = client.pipeline();
            pipeline.put(&stamped, put("s", &number.to_string())).unwrap();
            pipeline.send().all().unwrap();
            assert_eq!(value(direct, "r"), Some(number.to_string()));
            assert_eq!(value(direct, "s"), Some(number.to_string()));
        }
        stamped.delete(&Delete::row("r")).unwrap();
        assert_eq!(value(direct, "r"), None);
        let writer = stamped.writer(WriterOptions::new().no_max_age());
        for number in 0..100 {
            writer.write(Delete::row("w").column("f:x")).unwrap();
            writer.write(put("w", &number.to_string())).unwrap();
        }
        writer.close().unwrap();
        assert_eq!(value(direct, "w").as_deref(), Some("99"));
    });
}
