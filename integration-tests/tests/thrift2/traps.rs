//! What a client of Thrift 2 falls into: calls that do something else than they say, or say something
//! else than they do. docs/thrift2.md lists them, each with what a client must do about it.

use std::thread;
use std::time::Duration;

use hbase_thrift_api::thrift2::{
    TAppend, TColumn, TColumnIncrement, TColumnValue, TCompareOp, TDelete, TDeleteType, TGet,
    TIncrement, TMutation, TPut, TRowMutations, TScan, TTHBaseServiceSyncClient as _, TTimeRange,
};
use integration_tests::{Flavour, Server, Test, TestTable};

use super::tables::{descriptor, family, name, refused};
use super::{Bench, bytes, cell, cells, column, delete, get, put, scan, value};

pub(super) fn tests() -> Vec<Test> {
    const FRAMED: &str = "mini-hbase's framed ports take the bytes that were sent";
    const LEASE: &str = "mini-hbase's own tests end a scanner's time without waiting for it";
    vec![
        Test::on_own_server(a_framed_gateway_begins_a_region_with_the_request).hbase_only(FRAMED),
        Test::on_own_server(a_framed_gateway_finds_no_family_to_delete).hbase_only(FRAMED),
        Test::on_own_server(a_framed_gateway_takes_the_request_for_attributes).hbase_only(FRAMED),
        Test::on_own_server(a_framed_gateway_ignores_the_time_range_of_a_family).hbase_only(FRAMED),
        Test::on_own_server(a_delete_hides_what_is_put_in_the_same_call),
        Test::on_own_server(an_empty_list_of_columns_deletes_the_row_at_all_times),
        Test::on_own_server(of_a_column_that_is_named_twice_the_last_amount_counts),
        Test::on_own_server(an_empty_value_is_compared_as_no_cell),
        Test::on_own_server(a_batch_may_be_tried_again_even_if_it_never_can_succeed),
        Test::on_own_server(a_page_counts_the_parts_of_rows),
        Test::on_own_server(a_limit_of_nothing_ends_a_scan_with_its_first_call),
        Test::on_own_server(the_same_row_as_both_ends_is_a_scan_of_that_row),
        Test::on_own_server(a_scanner_ends_after_a_minute).hbase_only(LEASE),
    ]
}

/// What a framed gateway takes for a name or key: where it begins, all of the request.
fn is_request(bytes: &[u8], method: &str) -> bool {
    bytes.starts_with(b"\x80\x01\0\x01")
        && bytes.windows(method.len()).any(|part| part == method.as_bytes())
}

fn a_framed_gateway_begins_a_region_with_the_request(server: &Server) {
    let table = TestTable::reserve(server, "thrift2_framed_split");
    let mut raw = server.thrift2_on(Flavour::Nonblocking);
    raw.create_table(descriptor(&table.bytes(), &["a"]), vec![bytes("g")]).unwrap();
    let found = raw.get_all_region_locations(table.bytes()).unwrap();
    let starts = found.into_iter().map(|one| one.region_info.start_key.unwrap_or_default());
    let starts: Vec<_> = starts.collect();
    assert_eq!((starts.len(), &*starts[0]), (2, &b""[..]));
    assert!(is_request(&starts[1], "createTable"), "{}", starts[1].escape_ascii());
    // Nor does it compare keys: those of this request are others.
    let is_split = |keys| {
        let mut raw = server.thrift2_on(Flavour::Nonblocking);
        raw.is_table_available_with_split(name(&table.bytes()), keys).unwrap()
    };
    assert!(is_split(vec![]) && !is_split(vec![starts[1].clone()]));
}

fn a_framed_gateway_finds_no_family_to_delete(server: &Server) {
    let bench = Bench::new(server, "thrift2_framed_family");
    let mut raw = server.thrift2_on(Flavour::Nonblocking);
    let table = || name(&bench.table.bytes());
    let (text, can_retry) = refused(raw.delete_column_family(table(), bytes("b")));
    assert!(text.contains("InvalidFamilyOperationException"), "{text}");
    assert_eq!(can_retry, Some(false));
    assert_eq!(raw.get_table_descriptor(table()).unwrap().columns.unwrap().len(), 2);
}

fn a_framed_gateway_takes_the_request_for_attributes(server: &Server) {
    let bench = Bench::new(server, "thrift2_framed_attributes");
    let mut raw = server.thrift2_on(Flavour::Nonblocking);
    let own = || Some([(bytes("own"), bytes("v"))].into());
    let mut described = descriptor(&bench.table.bytes(), &["a"]);
    described.attributes = own();
    described.columns = Some(vec![hbase_thrift_api::thrift2::TColumnFamilyDescriptor {
        attributes: own(),
        ..family("a")
    }]);
    raw.modify_table(described).unwrap();
    let found = raw.get_table_descriptor(name(&bench.table.bytes())).unwrap();
    let family = found.columns.unwrap().remove(0);
    for attributes in [found.attributes.unwrap(), family.attributes.unwrap()] {
        assert!(!attributes.contains_key(&b"own"[..]));
        let garbage = attributes.iter().find(|(key, _)| is_request(key, "modifyTable"));
        assert!(is_request(garbage.unwrap().1, "modifyTable"));
    }
}

/// Nothing says so: the cells are there that were to be left out.
fn a_framed_gateway_ignores_the_time_range_of_a_family(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_framed_times");
    bench.put_at(1, "x", "early");
    bench.put_at(5, "y", "late");
    let times = Some([(bytes("a"), TTimeRange::new(1, 3))].into());
    let ranged = TScan { col_fam_time_range_map: times, ..scan() };
    let found = |flavour| {
        let mut raw = server.thrift2_on(flavour);
        let found = raw.get_scanner_results(bench.table.bytes(), ranged.clone(), 10).unwrap();
        cells(&found[0])
    };
    let early = cell("x", 1, "early");
    for flavour in [Flavour::Threadpool, Flavour::Compact, Flavour::Http] {
        assert_eq!(found(flavour), std::slice::from_ref(&early));
    }
    assert_eq!(found(Flavour::Nonblocking), [early, cell("y", 5, "late")]);
}

fn mutations(changes: Vec<TMutation>) -> TRowMutations {
    TRowMutations::new(bytes("r"), changes)
}

/// The mutations of a row have one time, and a delete hides what has its time, whatever their order.
fn a_delete_hides_what_is_put_in_the_same_call(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_same_time");
    let deletes = |kind| TMutation::DeleteSingle(delete(vec![column("x", None)], kind));
    let puts = |value| TMutation::Put(put("r", "x", value));
    let all = TDeleteType::DELETE_COLUMNS;
    for changes in [vec![deletes(all), puts("new")], vec![puts("new"), deletes(all)]] {
        bench.put_at(1, "x", "old");
        bench.raw.mutate_row(bench.table.bytes(), mutations(changes)).unwrap();
        assert_eq!(bench.row(), []);
    }
    // Deletes of the version before, and up to a time before, spare it.
    let mut other = Bench::new(server, "thrift2_same_time_older");
    other.put_at(1, "x", "old");
    let newest = deletes(TDeleteType::DELETE_COLUMN);
    let table = other.name();
    other.raw.mutate_row(table.clone(), mutations(vec![newest, puts("new")])).unwrap();
    other.put_at(1, "y", "old");
    let up_to = |name, time| {
        TMutation::DeleteSingle(delete(vec![column(name, time)], TDeleteType::DELETE_COLUMNS))
    };
    let y = TMutation::Put(put("r", "y", "new"));
    other.raw.mutate_row(table, mutations(vec![up_to("y", 2), y])).unwrap();
    let left: Vec<_> = other.row().into_iter().map(|(name, _, value)| (name, value)).collect();
    assert_eq!(left, ["x", "y"].map(|name| (name.to_owned(), "new".to_owned())));
}

fn an_empty_list_of_columns_deletes_the_row_at_all_times(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_no_columns");
    bench.put_at(5, "x", "late");
    let early = TDelete { timestamp: Some(1), ..delete(Vec::new(), TDeleteType::DELETE_COLUMNS) };
    // Without a list, the time counts.
    bench.raw.delete_single(bench.name(), early.clone()).unwrap();
    assert_eq!(bench.row(), [cell("x", 5, "late")]);
    let empty = TDelete { columns: Some(Vec::new()), ..early };
    bench.raw.delete_single(bench.name(), empty).unwrap();
    assert_eq!(bench.row(), []);
}

fn of_a_column_that_is_named_twice_the_last_amount_counts(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_twice");
    let by = |amount| TColumnIncrement::new(bytes("a"), bytes("n"), amount);
    let twice = TIncrement::new(bytes("r"), vec![by(1), by(10)], None, None, None, None);
    let said = bench.raw.increment(bench.name(), twice).unwrap();
    let said: Vec<_> = said.column_values.into_iter().map(|cell| cell.value).collect();
    assert_eq!(said, [1_i64, 10].map(|sum| sum.to_be_bytes().to_vec()));
    let found = bench.raw.get(bench.name(), get("r")).unwrap();
    assert_eq!(found.column_values[0].value, 10_i64.to_be_bytes(), "and not 11");
    let twice = vec![value("x", "one"), value("x", "two")];
    let twice = TAppend::new(bytes("s"), twice, None, None, None, None);
    bench.raw.append(bench.name(), twice).unwrap();
    let found = bench.raw.get(bench.name(), get("s")).unwrap();
    assert_eq!(found.column_values[0].value, b"two");
}

fn an_empty_value_is_compared_as_no_cell(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_empty");
    bench.put_at(1, "empty", "");
    bench.put_at(1, "full", "v");
    let mut holds = |operator, qualifier: &str| {
        let (row, family, qualifier) = (bytes("r"), bytes("a"), bytes(qualifier));
        let done = mutations(vec![TMutation::Put(put("r", "done", "v"))]);
        let table = bench.table.bytes();
        bench.raw.check_and_mutate(table, row, family, qualifier, operator, vec![], done).unwrap()
    };
    for qualifier in ["empty", "absent"] {
        // Each operator but one says that there is none.
        for operator in (0..=6).map(TCompareOp) {
            let is_other = operator == TCompareOp::NOT_EQUAL;
            assert_eq!(holds(operator, qualifier), !is_other, "{qualifier} {operator:?}");
        }
    }
    assert!(holds(TCompareOp::NOT_EQUAL, "full") && !holds(TCompareOp::EQUAL, "full"));
}

/// `canRetry` is true of each batch that failed, whatever it failed with; the class is in the text.
fn a_batch_may_be_tried_again_even_if_it_never_can_succeed(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_can_retry");
    let class = "org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException";
    let missing = || TColumn::new(bytes("none"), bytes("x"), None);
    let no_puts = || TPut {
        column_values: vec![TColumnValue { family: bytes("none"), ..value("x", "v") }],
        ..put("r", "x", "v")
    };
    let no_deletes = || delete(vec![missing()], TDeleteType::DELETE_COLUMNS);
    let no_gets = || TGet { columns: Some(vec![missing()]), ..get("r") };
    let table = bench.name();
    let raw = &mut bench.raw;
    let both = || mutations(vec![TMutation::Put(no_puts()), TMutation::Put(no_puts())]);
    let batches = [
        (1, refused(raw.put_multiple(table.clone(), vec![no_puts()]))),
        (1, refused(raw.delete_multiple(table.clone(), vec![no_deletes()]))),
        (2, refused(raw.get_multiple(table.clone(), vec![no_gets(), no_gets()]))),
        (2, refused(raw.mutate_row(table.clone(), both()))),
    ];
    for (count, (text, can_retry)) in batches {
        let s = if count == 1 { "" } else { "s" };
        assert!(text.starts_with(&format!("Failed {count} action{s}: {class}: ")), "{text}");
        assert_eq!(can_retry, Some(true), "{text}");
    }
    for single in [
        refused(raw.put(table.clone(), no_puts())),
        refused(raw.delete_single(table.clone(), no_deletes())),
        refused(raw.get(table.clone(), no_gets())),
        refused(raw.get_multiple(table.clone(), vec![no_gets()])),
    ] {
        assert!(single.0.starts_with(&format!("{class}: ")), "{}", single.0);
        assert_eq!(single.1, Some(false), "{}", single.0);
    }
    // The gateway's own words have no class at all.
    let no_versions = TGet { max_versions: Some(0), ..get("r") };
    let said = (String::from("versions must be positive"), Some(true));
    assert_eq!(refused(raw.get(table, no_versions)), said);
}

fn a_page_counts_the_parts_of_rows(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_parts");
    for qualifier in ["1", "2", "3", "4"] {
        bench.put_at(1, qualifier, "v");
    }
    let parts = TScan { batch_size: Some(3), ..scan() };
    for (count, expected) in [(1, &[(3, true)][..]), (5, &[(3, true), (1, false)])] {
        let found = bench.raw.get_scanner_results(bench.table.bytes(), parts.clone(), count);
        let found = found.unwrap().into_iter();
        let found: Vec<_> =
            found.map(|part| (part.column_values.len(), part.partial.unwrap())).collect();
        assert_eq!(found, expected);
    }
}

fn a_limit_of_nothing_ends_a_scan_with_its_first_call(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_limits");
    for row in ["1", "2", "3", "4", "5"] {
        bench.raw.put(bench.table.bytes(), put(row, "x", "v")).unwrap();
    }
    for (limit, caching, expected) in
        [(Some(0), None, 5), (Some(0), Some(3), 3), (Some(2), Some(3), 2), (Some(-1), Some(3), 5)]
    {
        let limited = TScan { limit, caching, ..scan() };
        let found = bench.raw.get_scanner_results(bench.table.bytes(), limited, 10).unwrap();
        assert_eq!(found.len(), expected, "{limit:?} {caching:?}");
    }
}

/// And of no row in between, as an empty range would be.
fn the_same_row_as_both_ends_is_a_scan_of_that_row(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_one_row");
    for row in ["1", "2", "3"] {
        bench.raw.put(bench.table.bytes(), put(row, "x", "v")).unwrap();
    }
    for reversed in [None, Some(true)] {
        let (start_row, stop_row) = (Some(bytes("2")), Some(bytes("2")));
        let same = TScan { start_row, stop_row, reversed, ..scan() };
        let found = bench.raw.get_scanner_results(bench.table.bytes(), same, 10).unwrap();
        let rows: Vec<_> = found.into_iter().map(|row| row.row.unwrap()).collect();
        assert_eq!(rows, [bytes("2")]);
    }
}

/// After `hbase.client.scanner.timeout.period`; a scanner of Thrift 1 lives twice as long.
fn a_scanner_ends_after_a_minute(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_lease");
    bench.put_at(1, "x", "v");
    let ids = [(); 2].map(|()| bench.raw.open_scanner(bench.table.bytes(), scan()).unwrap());
    // The connection may be idle for less than that.
    for _ in 0..2 {
        thread::sleep(Duration::from_secs(31));
        assert!(bench.raw.exists(bench.table.bytes(), get("r")).unwrap());
        let found = bench.raw.get_scanner_rows(ids[1], 1).unwrap();
        assert!(found.len() <= 1);
    }
    let error = format!("{:?}", bench.raw.get_scanner_rows(ids[0], 1).unwrap_err());
    assert!(error.contains("Invalid scanner Id"), "{error}");
}
