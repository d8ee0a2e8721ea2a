//! What only Thrift 2 can do to a row: several changes in one step, on a condition, of single versions.

use std::thread;
use std::time::Duration;

use hbase_thrift_client::{
    Batch, CheckAndMutate, CompareOp, Config, Delete, Error, ErrorKind, Get, GetVersions, Outcome,
    Put, Row, RowMutations, WriterOptions,
};
use integration_tests::{Flavour, Server, Test};

use super::front::{Client, Table};
use super::{on_each_thrift1_gateway, on_each_thrift2_gateway};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(changes_of_a_row_are_all_made_or_none),
        Test::on_own_server(a_delete_that_would_hide_a_put_is_refused_and_the_ways_out_hold),
        Test::on_own_server(what_is_stored_is_compared_with_what_is_given_in_this_order),
        Test::on_own_server(absent_and_present_are_conditions_of_their_own),
        Test::on_own_server(a_condition_that_fails_changes_nothing),
        Test::on_own_server(single_versions_of_columns_and_families_are_deleted),
        Test::on_own_server(changes_of_rows_go_through_a_pipeline),
        Test::on_own_server(changes_of_a_row_have_the_clients_times_where_it_stamps),
        Test::new(thrift_1_refuses_them_at_once_and_names_the_other),
    ]
}

fn put(column: &str, value: &str) -> Put {
    Put::new("r").column(column, value)
}

/// Times and values of a column, newest first.
fn versions(table: &Table, column: &str) -> Vec<(i64, String)> {
    let versions = table.get_versions(&GetVersions::new("r", column, 10)).unwrap();
    let shown = |value: &[u8]| value.escape_ascii().to_string();
    versions.into_iter().map(|version| (version.timestamp, shown(&version.value))).collect()
}

fn columns(table: &Table) -> Vec<String> {
    let row = table.get(&Get::new("r")).unwrap();
    row.iter().flat_map(Row::cells).map(|cell| cell.column().to_string()).collect()
}

fn changes_of_a_row_are_all_made_or_none(server: &Server) {
    on_each_thrift2_gateway(server, "changes", |_, table| {
        table.put(&put("f:old", "1")).unwrap();
        let good = RowMutations::new("r")
            .delete(Delete::row("r").column("f:old").family("g"))
            .put(put("f:new", "2").column("f:more", "3"));
        let bad = good.clone().put(put("none:x", "4"));
        let error = table.mutate_row(&bad).unwrap_err();
        let said = (error.kind(), error.outcome());
        assert_eq!(said, (ErrorKind::NoSuchColumnFamily, Outcome::NotApplied), "{error:?}");
        assert_eq!(columns(table), ["f:old"]);
        table.mutate_row(&good).unwrap();
        assert_eq!(columns(table), ["f:more", "f:new"]);
        table.mutate_row(&RowMutations::new("r")).unwrap();
        let other = RowMutations::new("r").put(Put::new("s").column("f:x", "1"));
        assert_eq!(table.mutate_row(&other).unwrap_err().kind(), ErrorKind::InvalidRequest);
    });
}

fn a_delete_that_would_hide_a_put_is_refused_and_the_ways_out_hold(server: &Server) {
    on_each_thrift2_gateway(server, "changes_hidden", |_, table| {
        let at = |time: i64, value: &str| put("f:x", value).timestamp(time);
        let row = || RowMutations::new("r");
        for delete in [
            Delete::row("r"),
            Delete::row("r").family("f"),
            Delete::row("r").column("f:x"),
            Delete::row("r").newest_version("f:x"),
        ] {
            let refused = row().delete(delete).put(put("f:x", "new"));
            let error = table.mutate_row(&refused).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(error.to_string().contains("up_to_timestamp"), "{error}");
        }
        table.put(&at(5, "old")).unwrap();
        // A delete up to a time before.
        let spared = row().put(put("f:x", "new")).delete(Delete::row("r").up_to_timestamp(5));
        table.mutate_row(&spared).unwrap();
        assert_eq!(table.get(&Get::new("r")).unwrap().unwrap().get("f:x"), Some(&b"new"[..]));
        assert_eq!(versions(table, "f:x").len(), 1);
        // And times for both.
        let older = Delete::row("r").column("f:y").up_to_timestamp(7);
        let both = row().delete(older).put(put("f:y", "8").timestamp(8));
        table.mutate_row(&both).unwrap();
        assert_eq!(versions(table, "f:y"), [(8, "8".to_owned())]);
    });
}

fn what_is_stored_is_compared_with_what_is_given_in_this_order(server: &Server) {
    use CompareOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    on_each_thrift2_gateway(server, "changes_compared", |_, table| {
        table.put(&put("f:n", "5")).unwrap();
        for op in [Less, LessOrEqual, Equal, NotEqual, GreaterOrEqual, Greater] {
            for given in ["4", "5", "50", "6"] {
                let then = RowMutations::new("r").put(put("f:done", given));
                let check = CheckAndMutate::if_matches("r", "f:n", op, given).mutate(then);
                let expected = match op {
                    Less => "5" < given,
                    LessOrEqual => "5" <= given,
                    Equal => "5" == given,
                    NotEqual => "5" != given,
                    GreaterOrEqual => "5" >= given,
                    Greater => "5" > given,
                };
                let holds = table.check_and_mutate(&check).unwrap();
                assert_eq!(holds, expected, "the stored 5 {op:?} {given}");
            }
            // Nothing holds where there is nothing.
            let then = RowMutations::new("r").put(put("f:done", "?"));
            let absent = CheckAndMutate::if_matches("r", "f:absent", op, "5").mutate(then);
            assert!(!table.check_and_mutate(&absent).unwrap(), "{op:?}");
        }
    });
}

fn absent_and_present_are_conditions_of_their_own(server: &Server) {
    on_each_thrift2_gateway(server, "changes_absent", |_, table| {
        table.put(&put("f:full", "v").column("f:empty", "")).unwrap();
        let then = || RowMutations::new("r").put(put("f:done", "1"));
        for (column, is_present) in [("f:full", true), ("f:empty", false), ("f:none", false)] {
            let present = CheckAndMutate::if_present("r", column).mutate(then());
            assert_eq!(table.check_and_mutate(&present).unwrap(), is_present, "{column}");
            let absent = CheckAndMutate::if_absent("r", column).mutate(then());
            assert_eq!(table.check_and_mutate(&absent).unwrap(), !is_present, "{column}");
        }
        for op in [CompareOp::Equal, CompareOp::NotEqual, CompareOp::Less] {
            let empty = CheckAndMutate::if_matches("r", "f:full", op, "").mutate(then());
            let error = table.check_and_mutate(&empty).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
    });
}

fn a_condition_that_fails_changes_nothing(server: &Server) {
    on_each_thrift2_gateway(server, "changes_claim", |_, table| {
        let claim = |taker: &str| {
            let taken = RowMutations::new("r")
                .put(put("f:taker", taker).column("f:since", "1"))
                .delete(Delete::row("r").family("g"));
            CheckAndMutate::if_absent("r", "f:taker").mutate(taken)
        };
        table.put(&put("g:asks", "1")).unwrap();
        assert!(table.check_and_mutate(&claim("one")).unwrap());
        assert_eq!(columns(table), ["f:since", "f:taker"]);
        // The delete of that family hides what its own millisecond puts.
        thread::sleep(Duration::from_millis(3));
        table.put(&put("g:asks", "2")).unwrap();
        assert!(!table.check_and_mutate(&claim("other")).unwrap());
        assert_eq!(columns(table), ["f:since", "f:taker", "g:asks"]);
        let release = RowMutations::new("r").delete(Delete::row("r").column("f:taker"));
        let theirs = CheckAndMutate::if_equal("r", "f:taker", "other").mutate(release.clone());
        assert!(!table.check_and_mutate(&theirs).unwrap());
        let ours = CheckAndMutate::if_equal("r", "f:taker", "one").mutate(release);
        assert!(table.check_and_mutate(&ours).unwrap());
        assert_eq!(columns(table), ["f:since", "g:asks"]);
        // What is refused tells so, and that nothing was done.
        let bad = RowMutations::new("r").put(put("f:x", "1")).put(put("none:x", "1"));
        let bad = CheckAndMutate::if_absent("r", "f:y").mutate(bad);
        let error = table.check_and_mutate(&bad).unwrap_err();
        let said = (error.kind(), error.outcome());
        assert_eq!(said, (ErrorKind::NoSuchColumnFamily, Outcome::NotApplied), "{error:?}");
    });
}

fn single_versions_of_columns_and_families_are_deleted(server: &Server) {
    on_each_thrift2_gateway(server, "changes_versions", |_, table| {
        for time in [1, 2, 3] {
            let all = put("f:a", "a").column("f:b", "b").column("g:c", "c").timestamp(time);
            table.put(&all).unwrap();
        }
        let times = |column: &str| -> Vec<i64> {
            versions(table, column).into_iter().map(|(time, _)| time).collect()
        };
        table.delete(&Delete::row("r").version("f:a", 2)).unwrap();
        assert_eq!((times("f:a"), times("f:b")), (vec![3, 1], vec![3, 2, 1]));
        table.delete(&Delete::row("r").newest_version("f:b").newest_version("f:none")).unwrap();
        assert_eq!(times("f:b"), [2, 1]);
        table.delete(&Delete::row("r").newest_version("f:b")).unwrap();
        assert_eq!(times("f:b"), [1]);
        table.delete(&Delete::row("r").family_version("f", 1)).unwrap();
        assert_eq!((times("f:a"), times("f:b"), times("g:c")), (vec![3], vec![], vec![3]));
        // All kinds in one step, by themselves and among others.
        let put =
            |row: &str, time| Put::new(row).columns([("f:a", "1"), ("f:b", "1")]).timestamp(time);
        for row in ["s", "t", "u"] {
            for time in [1, 2, 3] {
                table.put(&put(row, time)).unwrap();
                table.put(&Put::new(row).column("g:c", "1").timestamp(time)).unwrap();
            }
        }
        let mixed = |row: &str| {
            let delete = Delete::row(row).version("f:a", 3).family_version("f", 2);
            delete.column("f:b").family("g").up_to_timestamp(2)
        };
        table.delete(&mixed("s")).unwrap();
        table.batch(&Batch::new().delete(mixed("t"))).unwrap();
        table.mutate_row(&RowMutations::new("u").delete(mixed("u"))).unwrap();
        for row in ["s", "t", "u"] {
            let times = |column: &str| -> Vec<i64> {
                let get = GetVersions::new(row, column, 9);
                table.get_versions(&get).unwrap().iter().map(|one| one.timestamp).collect()
            };
            assert_eq!((times("f:a"), times("f:b"), times("g:c")), (vec![1], vec![3], vec![3]));
        }
        for wrong in [Delete::row("r").newest_version("f"), Delete::row("r").version("f:a", -1)] {
            assert_eq!(table.delete(&wrong).unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
        let writer = table.writer(WriterOptions::new().no_max_age());
        let refused = writer.write(Delete::row("r").version("f:a", 1)).unwrap_err();
        let refused = &refused.failures()[0].error;
        assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
        assert!(refused.to_string().contains("buffered writer"), "{refused}");
    });
}

fn changes_of_rows_go_through_a_pipeline(server: &Server) {
    on_each_thrift2_gateway(server, "changes_pipeline", |client, table| {
        let put = |row: &str| Put::new(row).column("f:x", "1");
        let mut pipeline = client.pipeline();
        let one = RowMutations::new("a").put(put("a")).delete(Delete::row("a").family("g"));
        let first = pipeline.mutate_row(table, one.clone()).unwrap();
        let check =
            CheckAndMutate::if_absent("b", "f:x").mutate(RowMutations::new("b").put(put("b")));
        let checks = [check.clone(), check].map(|it| pipeline.check_and_mutate(table, it).unwrap());
        let bad = pipeline.mutate_row(table, one.put(Put::new("a").column("none:x", "1"))).unwrap();
        assert!(pipeline.mutate_row(table, RowMutations::new("a")).is_err());
        let mut results = pipeline.send();
        results.take(first).unwrap();
        assert_eq!(checks.map(|it| results.take(it).unwrap()), [true, false]);
        assert_eq!(results.take(bad).unwrap_err().kind(), ErrorKind::NoSuchColumnFamily);
        assert!(table.get(&Get::new("a")).unwrap().is_some());
    });
}

fn changes_of_a_row_have_the_clients_times_where_it_stamps(server: &Server) {
    let config: Config = server.thrift2_endpoint(Flavour::Threadpool).to_string().parse().unwrap();
    let stamping = Client::connect(config.client_timestamps(true)).unwrap();
    on_each_thrift2_gateway(server, "changes_stamped", |_, table| {
        let stamped = stamping.table(table.name());
        stamped.put(&put("f:x", "first")).unwrap();
        // In the order of the calls, whatever the servers' clocks say.
        stamped.mutate_row(&RowMutations::new("r").delete(Delete::row("r").column("f:x"))).unwrap();
        let check = CheckAndMutate::if_absent("r", "f:x");
        let check = check.mutate(RowMutations::new("r").put(put("f:x", "second")));
        assert!(stamped.check_and_mutate(&check).unwrap());
        stamped.put(&put("f:x", "third")).unwrap();
        let values = versions(table, "f:x").into_iter().map(|(_, value)| value);
        assert_eq!(values.collect::<Vec<_>>(), ["third", "second"]);
        // The newest version has no time for the client to give.
        stamped.delete(&Delete::row("r").newest_version("f:x")).unwrap();
        assert_eq!(versions(table, "f:x")[0].1, "second");
    });
}

fn thrift_1_refuses_them_at_once_and_names_the_other(server: &Server) {
    on_each_thrift1_gateway(server, "changes_refused", |client, table| {
        let row = RowMutations::new("r").put(put("f:x", "1"));
        let check = CheckAndMutate::if_absent("r", "f:x").mutate(row.clone());
        let version = Delete::row("r").version("f:x", 1);
        let mut pipeline = client.pipeline();
        let refused: [Error; 6] = [
            table.mutate_row(&row).unwrap_err(),
            table.check_and_mutate(&check).unwrap_err(),
            table.delete(&version).unwrap_err(),
            table.batch(&Batch::new().delete(version)).unwrap_err(),
            pipeline.mutate_row(table, row).unwrap_err(),
            pipeline.check_and_mutate(table, check).unwrap_err(),
        ];
        for error in refused {
            let said = (error.kind(), error.outcome());
            assert_eq!(said, (ErrorKind::Unsupported, Outcome::NotApplied));
            assert!(error.to_string().contains("hbase thrift2 start"), "{error}");
        }
        assert!(columns(table).is_empty());
    });
}
