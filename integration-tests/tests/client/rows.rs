//! Rows: put, got, deleted, counted.

use hbase_thrift_client::{Delete, ErrorKind, Get, Increment, Outcome, Put};
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
        let cells: Vec<_> = row.cells().map(|cell| (cell.column(), cell.value())).collect();
        assert_eq!(cells, [(&b"f:a"[..], &b"1"[..]), (b"g:b", b"2")]);
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
            row.cells().map(|cell| cell.column().escape_ascii().to_string()).collect()
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
            let get = Get::new("row").before_timestamp(timestamp);
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
        let left_after = |delete: Delete| -> Vec<String> {
            let put = Put::new("row").column("f:a", "1").column("f:b", "2").column("g:c", "3");
            // Older than any delete before, so each body begins with a clean row of its own.
            table.put(&put).unwrap();
            table.delete(&delete).unwrap();
            let left = table.get(&Get::new("row")).unwrap();
            left.iter()
                .flat_map(|row| row.cells().collect::<Vec<_>>())
                .map(|cell| cell.column().escape_ascii().to_string())
                .collect()
        };
        assert_eq!(left_after(Delete::row("row").column("f:a")), ["f:b", "g:c"]);
        assert_eq!(left_after(Delete::row("row").family("f")), ["g:c"]);
        assert_eq!(left_after(Delete::row("row").column("f:a").family("g")), ["f:b"]);
        assert_eq!(left_after(Delete::row("row").column("f:missing")).len(), 3);
        assert!(left_after(Delete::row("row")).is_empty());
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
            assert_eq!(table.get(&Get::new(row).before_timestamp(30)).unwrap(), None);
        }
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
        if client.config().max_request_size() > (2 << 20) + 1000 {
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
