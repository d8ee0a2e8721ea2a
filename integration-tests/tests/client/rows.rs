//! Rows: put, got, deleted, counted.

use std::time::Duration;

use hbase_thrift_client::{
    Append, Batch, CheckAndPut, Delete, Durability, ErrorKind, Get, GetRows, GetVersions,
    Increment, Outcome, Put, Scan, TimeRange,
};
use integration_tests::{Server, Test};

use super::on_each_gateway;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(what_was_put_is_got),
        Test::new(any_bytes_can_be_keys_qualifiers_and_values),
        Test::new(absence_is_none),
        Test::new(columns_and_families_are_selected),
        Test::new(a_timestamp_is_an_exclusive_upper_bound),
        Test::new(a_delete_takes_a_row_a_family_or_a_column),
        Test::new(a_delete_up_to_a_time_leaves_newer_versions),
        Test::new(several_rows_come_in_one_call_each_at_its_place),
        Test::new(versions_come_newest_first),
        Test::new(a_batch_puts_and_deletes_on_many_rows),
        Test::new(a_batch_with_one_timestamp_writes_it),
        Test::new(a_batch_that_fails_on_one_rows_family_is_unknown),
        Test::new(an_append_adds_to_the_end_and_answers_the_values_by_column),
        Test::new(a_check_and_put_happens_on_its_condition_only),
        Test::new(a_time_to_live_on_a_put_ends_its_cells_and_no_others),
        Test::new(attributes_are_taken_by_every_request_that_has_them),
        Test::new(a_put_without_the_log_is_there_all_the_same),
        Test::new(a_counter_adds_and_answers_its_value),
        Test::new(several_counters_are_added_to_in_one_call),
        Test::new(a_value_of_one_mebibyte_comes_back_as_it_was),
        Test::new(a_missing_family_is_said_to_be_missing),
        Test::new(a_cell_over_the_servers_limit_is_refused_before_it_is_sent),
        Test::new(a_request_over_the_frame_limit_is_refused_before_it_is_sent),
    ]
}

fn what_was_put_is_got(server: &Server) {
    on_each_gateway(server, "put_get", |_, table| {
        table.put(&Put::new("row").column("g:b", "2").column("f:a", "1")).unwrap();
        let row = table.get(&Get::new("row")).unwrap().unwrap();
        assert_eq!(row.key(), b"row");
        let cells: Vec<_> =
            row.cells().map(|cell| (cell.family(), cell.qualifier(), cell.value())).collect();
        assert_eq!(cells, [(&b"f"[..], &b"a"[..], &b"1"[..]), (b"g", b"b", b"2")]);
    });
}

fn any_bytes_can_be_keys_qualifiers_and_values(server: &Server) {
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    on_each_gateway(server, "bytes", |_, table| {
        let column = [b"f:".as_slice(), &bytes].concat();
        let empty_qualifier = b"f:".to_vec();
        let put = Put::new(bytes.clone())
            .column(column.clone(), bytes.clone())
            .column(empty_qualifier.clone(), "");
        table.put(&put).unwrap();
        let row = table.get(&Get::new(bytes.clone())).unwrap().unwrap();
        assert_eq!(row.key(), bytes);
        assert_eq!(row.get(&column), Some(bytes.as_slice()));
        assert_eq!(row.get(&empty_qualifier), Some(&b""[..]));
        let get = Get::new(bytes.clone()).column(empty_qualifier);
        assert_eq!(table.get(&get).unwrap().unwrap().len(), 1);
    });
}

fn absence_is_none(server: &Server) {
    on_each_gateway(server, "absence", |_, table| {
        assert_eq!(table.get(&Get::new("row")).unwrap(), None);
        table.put(&Put::new("row").column("f:a", "1")).unwrap();
        assert_eq!(table.get(&Get::new("row").column("f:b")).unwrap(), None);
    });
}

fn columns_and_families_are_selected(server: &Server) {
    on_each_gateway(server, "columns", |_, table| {
        let put = Put::new("row").column("f:a", "1").column("f:b", "2").column("g:c", "3");
        table.put(&put).unwrap();
        let columns = |get: Get| -> Vec<String> {
            let row = table.get(&get).unwrap().unwrap();
            row.cells().map(|cell| cell.column().to_string()).collect()
        };
        assert_eq!(columns(Get::new("row").column("f:b")), ["f:b"]);
        assert_eq!(columns(Get::new("row").family("f")), ["f:a", "f:b"]);
        assert_eq!(columns(Get::new("row").columns(["g", "f:a", "f:missing"])), ["f:a", "g:c"]);
    });
}

fn a_timestamp_is_an_exclusive_upper_bound(server: &Server) {
    on_each_gateway(server, "timestamps", |_, table| {
        table.put(&Put::new("row").column("f:a", "old").timestamp(10)).unwrap();
        table.put(&Put::new("row").column("f:a", "new").timestamp(20)).unwrap();
        let seen_before = |timestamp| {
            let get = Get::new("row").time_range(TimeRange::until(timestamp));
            let with_columns = get.clone().column("f:a");
            let value = |get| {
                let row = table.get(&get).unwrap()?;
                Some((row.get("f:a")?.to_vec(), row.cell("f:a")?.timestamp()))
            };
            assert_eq!(value(get.clone()), value(with_columns));
            value(get)
        };
        assert_eq!(seen_before(10), None);
        assert_eq!(seen_before(11), Some((b"old".to_vec(), 10)));
        assert_eq!(seen_before(20), Some((b"old".to_vec(), 10)));
        assert_eq!(seen_before(21), Some((b"new".to_vec(), 20)));
    });
}

fn a_delete_takes_a_row_a_family_or_a_column(server: &Server) {
    on_each_gateway(server, "deletes", |_, table| {
        // Each on a row of its own: a delete hides what is put in the same millisecond.
        let left_after = |row: &str, delete: Delete| -> Vec<String> {
            let put = Put::new(row).column("f:a", "1").column("f:b", "2").column("g:c", "3");
            table.put(&put).unwrap();
            table.delete(&delete).unwrap();
            let left = table.get(&Get::new(row)).unwrap();
            left.iter()
                .flat_map(|row| row.cells().collect::<Vec<_>>())
                .map(|cell| cell.column().to_string())
                .collect()
        };
        assert_eq!(left_after("1", Delete::row("1").column("f:a")), ["f:b", "g:c"]);
        assert_eq!(left_after("2", Delete::row("2").family("f")), ["g:c"]);
        assert_eq!(left_after("3", Delete::row("3").column("f:a").family("g")), ["f:b"]);
        assert_eq!(left_after("4", Delete::row("4").column("f:missing")).len(), 3);
        assert!(left_after("5", Delete::row("5")).is_empty());
    });
}

fn a_delete_up_to_a_time_leaves_newer_versions(server: &Server) {
    on_each_gateway(server, "delete_time", |_, table| {
        for (row, delete) in [
            ("whole", Delete::row("whole").up_to_timestamp(20)),
            ("column", Delete::row("column").column("f:a").up_to_timestamp(20)),
        ] {
            for timestamp in [10, 20, 30] {
                let put = Put::new(row).column("f:a", timestamp.to_string()).timestamp(timestamp);
                table.put(&put).unwrap();
            }
            table.delete(&delete).unwrap();
            let newest = table.get(&Get::new(row)).unwrap().unwrap();
            assert_eq!(newest.get("f:a"), Some(&b"30"[..]));
            assert_eq!(table.get(&Get::new(row).time_range(TimeRange::until(30))).unwrap(), None);
        }
    });
}

fn several_rows_come_in_one_call_each_at_its_place(server: &Server) {
    on_each_gateway(server, "get_rows", |_, table| {
        for row in ["a", "b", "c"] {
            table.put(&Put::new(row).column("f:x", row).column("g:y", "y")).unwrap();
        }
        let keys = ["c", "missing", "a", "c"];
        let rows = table.get_rows(&GetRows::new(keys).column("f:x")).unwrap();
        let values: Vec<_> =
            rows.iter().map(|row| row.as_ref().and_then(|r| r.get("f:x"))).collect();
        assert_eq!(values, [Some(&b"c"[..]), None, Some(b"a"), Some(b"c")]);
        assert!(rows.iter().flatten().all(|row| row.len() == 1));
        assert!(table.get_rows(&GetRows::new(Vec::<String>::new())).unwrap().is_empty());
        let old = table.get_rows(&GetRows::new(["a"]).time_range(TimeRange::until(1))).unwrap();
        assert_eq!(old, [None]);
    });
}

fn versions_come_newest_first(server: &Server) {
    on_each_gateway(server, "versions", |_, table| {
        for timestamp in [10, 20, 30, 40] {
            let put = Put::new("row").column("f:a", timestamp.to_string()).timestamp(timestamp);
            table.put(&put).unwrap();
        }
        let times = |get: GetVersions| -> Vec<i64> {
            let versions = table.get_versions(&get).unwrap();
            assert!(versions.iter().all(|v| v.value == v.timestamp.to_string().as_bytes()));
            versions.iter().map(|version| version.timestamp).collect()
        };
        // The family keeps three.
        assert_eq!(times(GetVersions::new("row", "f:a", 9)), [40, 30, 20]);
        assert_eq!(times(GetVersions::new("row", "f:a", 2)), [40, 30]);
        // What is over the maximum may still be seen below a time, until the files are compacted.
        assert_eq!(
            times(GetVersions::new("row", "f:a", 2).time_range(TimeRange::until(40))),
            [30, 20]
        );
        assert!(times(GetVersions::new("row", "f:missing", 9)).is_empty());
        assert!(times(GetVersions::new("missing", "f:a", 9)).is_empty());
    });
}

fn a_batch_puts_and_deletes_on_many_rows(server: &Server) {
    on_each_gateway(server, "batch", |_, table| {
        table
            .put(&Put::new("old").column("f:a", "1").column("f:b", "2").column("g:c", "3"))
            .unwrap();
        let batch = Batch::new()
            .put(Put::new("x").column("f:a", "1"))
            .put(Put::new("y").column("f:a", "2").column("g:b", "3"))
            .put(Put::new("x").column("g:b", "4"))
            .delete(Delete::row("old").column("f:a").family("g"));
        table.batch(&batch).unwrap();
        let row = |key: &str| {
            let row = table.get(&Get::new(key)).unwrap().unwrap();
            row.cells()
                .map(|cell| format!("{}={}", cell.column(), cell.value().escape_ascii()))
                .collect::<Vec<_>>()
        };
        assert_eq!(row("x"), ["f:a=1", "g:b=4"]);
        assert_eq!(row("y"), ["f:a=2", "g:b=3"]);
        assert_eq!(row("old"), ["f:b=2"]);
        table.batch(&Batch::new()).unwrap();
    });
}

fn a_batch_with_one_timestamp_writes_it(server: &Server) {
    on_each_gateway(server, "batch_time", |_, table| {
        let batch = Batch::new()
            .put(Put::new("a").column("f:x", "1").timestamp(7))
            .put(Put::new("b").column("f:x", "2").timestamp(7));
        table.batch(&batch).unwrap();
        for row in ["a", "b"] {
            let row = table.get(&Get::new(row)).unwrap().unwrap();
            assert_eq!(row.cell("f:x").unwrap().timestamp(), 7);
        }
    });
}

fn a_batch_that_fails_on_one_rows_family_is_unknown(server: &Server) {
    on_each_gateway(server, "batch_fails", |_, table| {
        let batch = Batch::new()
            .put(Put::new("good").column("f:x", "1"))
            .put(Put::new("bad").column("nope:x", "1"));
        let error = table.batch(&batch).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchColumnFamily, "{error:?}");
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(!error.is_retryable());
    });
}

fn an_append_adds_to_the_end_and_answers_the_values_by_column(server: &Server) {
    on_each_gateway(server, "append", |_, table| {
        table.put(&Put::new("row").column("f:b", "old")).unwrap();
        let append = Append::new("row").column("g:c", "new").column("f:b", "+").column("f:", "x");
        let cells = table.append(&append).unwrap();
        let cells: Vec<_> =
            cells.iter().map(|c| (c.column.as_slice(), c.value.as_slice())).collect();
        assert_eq!(cells, [(&b"f:"[..], &b"x"[..]), (b"f:b", b"old+"), (b"g:c", b"new")]);
        let row = table.get(&Get::new("row")).unwrap().unwrap();
        assert_eq!(row.get("f:b"), Some(&b"old+"[..]));
    });
}

fn a_check_and_put_happens_on_its_condition_only(server: &Server) {
    on_each_gateway(server, "check", |_, table| {
        let first = CheckAndPut::if_absent("row", "f:taker").put("f:taker", "one");
        assert!(table.check_and_put(&first).unwrap());
        assert!(!table.check_and_put(&first).unwrap());
        let wrong = CheckAndPut::if_equal("row", "f:taker", "two").put("g:other", "x");
        assert!(!table.check_and_put(&wrong).unwrap());
        let right = CheckAndPut::if_equal("row", "f:taker", "one").put("g:other", "x");
        assert!(table.check_and_put(&right).unwrap());
        let row = table.get(&Get::new("row")).unwrap().unwrap();
        assert_eq!((row.get("f:taker"), row.get("g:other")), (Some(&b"one"[..]), Some(&b"x"[..])));
    });
}

fn a_time_to_live_on_a_put_ends_its_cells_and_no_others(server: &Server) {
    on_each_gateway(server, "ttl", |_, table| {
        // Written an hour ago, to live a minute: gone at once, so nothing has to be waited for.
        let hour_ago = now_in_millis() - 3_600_000;
        let put = |column: &str| Put::new("row").column(column, "1").timestamp(hour_ago);
        table.put(&put("f:short").time_to_live(Duration::from_mins(1))).unwrap();
        table.put(&put("f:long").time_to_live(Duration::from_hours(2))).unwrap();
        table.put(&put("f:ever")).unwrap();
        let row = table.get(&Get::new("row")).unwrap().unwrap();
        let columns: Vec<_> = row.cells().map(|cell| cell.qualifier()).collect();
        assert_eq!(columns, [&b"ever"[..], b"long"]);
    });
}

fn now_in_millis() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

fn attributes_are_taken_by_every_request_that_has_them(server: &Server) {
    on_each_gateway(server, "attributes", |_, table| {
        let (name, value) = ("it.attribute", [0_u8, 0xff]);
        table.put(&Put::new("row").column("f:a", "1").attribute(name, value)).unwrap();
        let check = CheckAndPut::if_equal("row", "f:a", "1").put("f:b", "2");
        assert!(table.check_and_put(&check.attribute(name, value)).unwrap());
        let get = Get::new("row").attribute(name, value);
        assert_eq!(table.get(&get).unwrap().unwrap().len(), 2);
        let rows = GetRows::new(["row"]).attribute(name, value);
        assert!(table.get_rows(&rows).unwrap()[0].is_some());
        let versions = GetVersions::new("row", "f:a", 1).attribute(name, value);
        assert_eq!(table.get_versions(&versions).unwrap().len(), 1);
        let scan = Scan::new().attribute(name, value).cache_blocks(false);
        assert_eq!(table.scan(scan).unwrap().map(Result::unwrap).count(), 1);
        table.delete(&Delete::row("row").attribute(name, value)).unwrap();
        assert_eq!(table.get(&Get::new("row")).unwrap(), None);
    });
}

fn a_put_without_the_log_is_there_all_the_same(server: &Server) {
    on_each_gateway(server, "no_wal", |_, table| {
        table.put(&Put::new("row").column("f:a", "1").durability(Durability::SkipWal)).unwrap();
        assert!(table.get(&Get::new("row")).unwrap().is_some());
        table.delete(&Delete::row("row").column("f:a").durability(Durability::SkipWal)).unwrap();
        assert!(table.get(&Get::new("row")).unwrap().is_none());
    });
}

fn a_counter_adds_and_answers_its_value(server: &Server) {
    on_each_gateway(server, "counter", |_, table| {
        assert_eq!(table.increment(&Increment::new("row", "f:n", 5)).unwrap(), 5);
        assert_eq!(table.increment(&Increment::new("row", "f:n", -7)).unwrap(), -2);
        let row = table.get(&Get::new("row")).unwrap().unwrap();
        assert_eq!(row.get("f:n"), Some(&(-2_i64).to_be_bytes()[..]));
    });
}

fn several_counters_are_added_to_in_one_call(server: &Server) {
    on_each_gateway(server, "counters", |_, table| {
        let increments = [
            Increment::new("a", "f:n", 1),
            Increment::new("b", "f:n", 2),
            Increment::new("a", "f:n", 3),
        ];
        table.increment_rows(&increments).unwrap();
        for (row, value) in [("a", 4_i64), ("b", 2)] {
            let row = table.get(&Get::new(row)).unwrap().unwrap();
            assert_eq!(row.get("f:n"), Some(&value.to_be_bytes()[..]));
        }
        table.increment_rows(&[]).unwrap();
    });
}

fn a_value_of_one_mebibyte_comes_back_as_it_was(server: &Server) {
    let value: Vec<u8> =
        (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    on_each_gateway(server, "mebibyte", |_, table| {
        table.put(&Put::new("row").column("f:dump", value.clone())).unwrap();
        for _ in 0..3 {
            let row = table.get(&Get::new("row")).unwrap().unwrap();
            assert!(row.get("f:dump") == Some(value.as_slice()));
        }
    });
}

fn a_missing_family_is_said_to_be_missing(server: &Server) {
    on_each_gateway(server, "no_family", |_, table| {
        let failures = [
            ("put", table.put(&Put::new("row").column("nope:a", "1"))),
            ("get", table.get(&Get::new("row").column("nope:a")).map(drop)),
            ("delete", table.delete(&Delete::row("row").family("nope"))),
            ("increment", table.increment(&Increment::new("row", "nope:a", 1)).map(drop)),
        ];
        for (call, failure) in failures {
            let error = failure.expect_err(call);
            assert_eq!(error.kind(), ErrorKind::NoSuchColumnFamily, "{call}: {error:?}");
            assert_eq!(error.outcome(), Outcome::NotApplied, "{call}");
        }
    });
}

fn a_cell_over_the_servers_limit_is_refused_before_it_is_sent(server: &Server) {
    on_each_gateway(server, "large_cell", |_, table| {
        let put = Put::new("row").column("f:a", vec![0; 10 << 20]);
        let error = table.put(&put).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains("hbase.client.keyvalue.maxsize"));
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotApplied, 0));
    });
}

fn a_request_over_the_frame_limit_is_refused_before_it_is_sent(server: &Server) {
    on_each_gateway(server, "large_frame", |client, table| {
        let put = Put::new("row").column("f:a", vec![0; 2 << 20]);
        let result = table.put(&put);
        if client.config().get_max_request_size() > (2 << 20) + 1000 {
            result.unwrap();
            return;
        }
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains("max_frame_size_in_mb"));
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert_eq!(table.get(&Get::new("row")).unwrap(), None);
    });
}
