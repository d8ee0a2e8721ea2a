//! What Thrift 2's gateway does, called with the generated client: that proves `thrift-idl/Hbase2.thrift`,
//! and pins down the traps of this interface, which is HBase's own code above the same tables.

mod clients;
pub(crate) mod tables;
mod traps;

use std::thread;
use std::time::Duration;

use hbase_thrift_api::thrift2::{
    TAppend, TColumn, TColumnIncrement, TColumnValue, TCompareOp, TDelete, TDeleteType, TGet,
    TIncrement, TMutation, TPut, TResult, TRowMutations, TScan, TTHBaseServiceSyncClient as _,
    TThriftServerType, TTimeRange,
};
use integration_tests::{Flavour, RawThrift2, Server, Test, TestTable};

pub(crate) fn tests() -> Vec<Test> {
    [
        Test::on_own_server(every_flavour_stores_and_answers),
        Test::on_own_server(an_absent_row_has_no_key_and_rows_are_answered_by_position),
        Test::on_own_server(a_missing_family_counts_before_a_get_for_existence),
        Test::on_own_server(a_get_of_a_time_takes_this_time_alone),
        Test::on_own_server(a_delete_takes_the_times_of_its_columns_and_not_its_own),
        Test::on_own_server(a_family_is_deleted_by_its_own_kind_of_delete),
        Test::on_own_server(a_filter_in_bytes_replaces_one_in_text),
        Test::on_own_server(a_range_in_bytes_may_have_no_bounds),
        Test::on_own_server(a_list_of_one_filter_in_bytes_is_a_list),
        Test::on_own_server(the_given_value_is_compared_with_the_stored_one_in_this_order),
        Test::on_own_server(mutations_of_a_row_are_made_together_or_not_at_all),
        Test::on_own_server(deletes_of_several_rows_never_say_what_is_left),
        Test::on_own_server(
            an_unknown_scanner_is_an_illegal_argument_to_fetch_and_nothing_to_close,
        ),
        Test::on_own_server(a_page_of_a_scan_is_one_call_that_leaves_no_scanner),
        Test::on_own_server(what_is_added_may_have_a_time_to_live),
        Test::on_own_server(split_keys_are_where_regions_begin),
        Test::on_own_server(split_keys_are_not_taken_by_framed_gateways)
            .hbase_only("mini-hbase's framed ports take split keys as they are sent"),
    ]
    .into_iter()
    .chain(tables::tests())
    .chain(traps::tests())
    .chain(clients::tests())
    .collect()
}

const FLAVOURS: [Flavour; 4] =
    [Flavour::Threadpool, Flavour::Nonblocking, Flavour::Compact, Flavour::Http];

/// A table with the families `a` and `b`, and a connection to work on it.
struct Bench {
    raw: RawThrift2,
    table: TestTable,
}

impl Bench {
    fn new(server: &Server, name: &str) -> Self {
        let table = TestTable::create(server, name, &["a", "b"]);
        Self { raw: server.thrift2_on(Flavour::Threadpool), table }
    }

    fn name(&self) -> Vec<u8> {
        self.table.bytes()
    }

    fn put_at(&mut self, timestamp: i64, qualifier: &str, value: &str) {
        let put = TPut { timestamp: Some(timestamp), ..put("r", qualifier, value) };
        self.raw.put(self.name(), put).unwrap();
    }

    /// The values in the row `r`, of all versions, with qualifiers and times.
    fn row(&mut self) -> Vec<(String, i64, String)> {
        let get = TGet { max_versions: Some(10), ..get("r") };
        cells(&self.raw.get(self.name(), get).unwrap())
    }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn get(row: &str) -> TGet {
    let none = || None::<Vec<u8>>;
    TGet::new(
        bytes(row),
        None,
        None,
        None,
        None,
        none(),
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        none(),
    )
}

fn value(qualifier: &str, value: &str) -> TColumnValue {
    TColumnValue::new(bytes("a"), bytes(qualifier), bytes(value), None, None, None)
}

fn put(row: &str, qualifier: &str, text: &str) -> TPut {
    TPut::new(bytes(row), vec![value(qualifier, text)], None, None, None, None)
}

fn delete(columns: Vec<TColumn>, kind: TDeleteType) -> TDelete {
    let columns = if columns.is_empty() { None } else { Some(columns) };
    TDelete::new(bytes("r"), columns, None, kind, None, None)
}

fn column(
    qualifier: impl Into<Option<&'static str>>,
    timestamp: impl Into<Option<i64>>,
) -> TColumn {
    TColumn::new(bytes("a"), qualifier.into().map(bytes), timestamp.into())
}

fn scan() -> TScan {
    let none = || None::<Vec<u8>>;
    TScan::new(
        none(),
        none(),
        None,
        None,
        None,
        None,
        none(),
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        none(),
    )
}

fn cells(result: &TResult) -> Vec<(String, i64, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let cells = result.column_values.iter();
    cells.map(|cell| (text(&cell.qualifier), cell.timestamp.unwrap(), text(&cell.value))).collect()
}

fn cell(qualifier: &str, timestamp: i64, value: &str) -> (String, i64, String) {
    (qualifier.to_owned(), timestamp, value.to_owned())
}

fn every_flavour_stores_and_answers(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_flavours");
    for (time, flavour) in (1..).zip(FLAVOURS) {
        bench.raw = server.thrift2_on(flavour);
        bench.put_at(time, "x", &flavour.name());
        assert_eq!(bench.row()[0], cell("x", time, &flavour.name()));
        assert_eq!(bench.raw.get_thrift_server_type().unwrap(), TThriftServerType::TWO);
        assert!(bench.raw.exists(bench.table.bytes(), get("r")).unwrap());
    }
}

fn an_absent_row_has_no_key_and_rows_are_answered_by_position(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_absent");
    bench.put_at(1, "x", "v");
    let absent = bench.raw.get(bench.name(), get("absent")).unwrap();
    assert_eq!((absent.row, absent.column_values), (None, Vec::new()));
    let gets = ["absent", "r", "absent", "r"].map(get).to_vec();
    let found = bench.raw.get_multiple(bench.name(), gets.clone()).unwrap();
    let keys: Vec<_> = found.into_iter().map(|result| result.row).collect();
    assert_eq!(keys, [None, Some(bytes("r")), None, Some(bytes("r"))]);
    let exist = bench.raw.exists_all(bench.name(), gets).unwrap();
    assert_eq!(exist, [false, true, false, true]);
}

/// HBase answers all gets before the gateway writes down any of the answers.
fn a_missing_family_counts_before_a_get_for_existence(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_existence");
    let existence = TGet { existence_only: Some(true), ..get("r") };
    let missing = TColumn::new(bytes("none"), None::<Vec<u8>>, None);
    let missing = TGet { columns: Some(vec![missing]), ..get("r") };
    for gets in [[existence.clone(), missing.clone()], [missing, existence.clone()]] {
        let refused = bench.raw.get_multiple(bench.name(), gets.to_vec()).unwrap_err();
        assert!(format!("{refused:?}").contains("Failed 1 action"), "{refused:?}");
    }
    let refused = bench.raw.get_multiple(bench.name(), vec![existence.clone(), existence]);
    let refused = format!("{:?}", refused.unwrap_err());
    assert!(refused.contains("Internal error"), "{refused}");
}

/// Thrift 1's `getRowTs` takes what is older; here it is what has exactly this time, whatever the range.
fn a_get_of_a_time_takes_this_time_alone(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_times");
    for time in [1, 2, 3] {
        bench.put_at(time, "x", &time.to_string());
    }
    let mut read = |get: TGet| {
        let found = bench.raw.get(bench.table.bytes(), get).unwrap();
        cells(&found).into_iter().map(|(_, time, _)| time).collect::<Vec<_>>()
    };
    let versions = TGet { max_versions: Some(10), ..get("r") };
    let range = Some(TTimeRange::new(1, 3));
    assert_eq!(read(TGet { time_range: range.clone(), ..versions.clone() }), [2, 1]);
    assert_eq!(read(TGet { timestamp: Some(3), ..versions.clone() }), [3]);
    assert_eq!(read(TGet { timestamp: Some(3), time_range: range, ..versions.clone() }), [3]);
    // The time of a column says nothing.
    assert_eq!(read(TGet { columns: Some(vec![column("x", 1)]), ..versions }), [3, 2, 1]);
}

fn a_delete_takes_the_times_of_its_columns_and_not_its_own(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_delete_times");
    for time in [1, 2, 3] {
        bench.put_at(time, "x", &time.to_string());
    }
    let one = delete(vec![column("x", 2)], TDeleteType::DELETE_COLUMN);
    bench.raw.delete_single(bench.name(), one).unwrap();
    assert_eq!(bench.row(), [cell("x", 3, "3"), cell("x", 1, "1")]);
    let up_to = delete(vec![column("x", 1)], TDeleteType::DELETE_COLUMNS);
    bench.raw.delete_single(bench.name(), up_to).unwrap();
    assert_eq!(bench.row(), [cell("x", 3, "3")]);
    // Its own time would spare this cell.
    let all = delete(vec![column("x", None)], TDeleteType::DELETE_COLUMNS);
    bench.raw.delete_single(bench.name(), TDelete { timestamp: Some(1), ..all }).unwrap();
    assert_eq!(bench.row(), []);
    // Where no column is given, it counts.
    bench.put_at(5_000_000_000_000, "x", "later");
    bench.put_at(4_000_000_000_000, "y", "earlier");
    let row = delete(Vec::new(), TDeleteType::DELETE_COLUMNS);
    let row = TDelete { timestamp: Some(4_500_000_000_000), ..row };
    bench.raw.delete_single(bench.name(), row).unwrap();
    assert_eq!(bench.row(), [cell("x", 5_000_000_000_000, "later")]);
}

fn a_family_is_deleted_by_its_own_kind_of_delete(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_delete_family");
    for qualifier in ["", "x"] {
        bench.put_at(1, qualifier, "v");
    }
    let bare = delete(vec![column(None, None)], TDeleteType::DELETE_COLUMNS);
    bench.raw.delete_single(bench.name(), bare).unwrap();
    assert_eq!(bench.row(), [cell("x", 1, "v")], "it deletes the empty qualifier alone");
    let without_time = delete(vec![column(None, None)], TDeleteType::DELETE_FAMILY_VERSION);
    bench.raw.delete_single(bench.name(), without_time).unwrap_err();
    bench.raw = server.thrift2_on(Flavour::Threadpool);
    let version = delete(vec![column(None, 2)], TDeleteType::DELETE_FAMILY_VERSION);
    bench.raw.delete_single(bench.name(), version).unwrap();
    assert_eq!(bench.row(), [cell("x", 1, "v")]);
    let family = delete(vec![column(None, None)], TDeleteType::DELETE_FAMILY);
    bench.raw.delete_single(bench.name(), family).unwrap();
    assert_eq!(bench.row(), []);
}

fn a_filter_in_bytes_replaces_one_in_text(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_filters");
    bench.put_at(1, "x", "v");
    let hides_all = TGet { filter_string: Some(bytes("PrefixFilter('none')")), ..get("r") };
    assert_eq!(cells(&bench.raw.get(bench.name(), hides_all.clone()).unwrap()), []);
    // `FilterProtos.Filter`: the name of a class, and its own message, which is empty.
    let class = "org.apache.hadoop.hbase.filter.FirstKeyOnlyFilter";
    let mut shows_one = vec![0x0a, u8::try_from(class.len()).unwrap()];
    shows_one.extend_from_slice(class.as_bytes());
    shows_one.extend_from_slice(&[0x12, 0]);
    let both = TGet { filter_bytes: Some(shows_one), ..hides_all };
    assert_eq!(cells(&bench.raw.get(bench.name(), both).unwrap()), [cell("x", 1, "v")]);
}

/// A bound that is left out is none. One that is there and empty is one, which the filter language can't say.
fn a_range_in_bytes_may_have_no_bounds(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_ranges");
    for qualifier in ["", "x", "y"] {
        bench.put_at(1, qualifier, "v");
    }
    // `min_column`, whether it is in the range, `max_column`, and whether that is.
    for (bounds, expected) in [
        (&b"\x10\x00\x20\x00"[..], &["", "x", "y"][..]),
        (b"\x0a\x01x\x10\x00\x20\x00", &["y"]),
        (b"\x10\x00\x1a\x01x\x20\x00", &[""]),
        (b"\x0a\x00\x10\x01\x1a\x01x\x20\x01", &["", "x"]),
    ] {
        let class = "org.apache.hadoop.hbase.filter.ColumnRangeFilter";
        let field = |id: u8, bytes: &[u8]| {
            [&[id << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
        };
        let filter = [field(1, class.as_bytes()), field(2, bounds)].concat();
        let get = TGet { filter_bytes: Some(filter), ..get("r") };
        let found = cells(&bench.raw.get(bench.name(), get).unwrap());
        let found: Vec<_> = found.iter().map(|(qualifier, ..)| &**qualifier).collect();
        assert_eq!(found, expected, "{}", bounds.escape_ascii());
    }
}

/// Not that filter: what an OR remembers makes a scan downwards leave out what a hint leads to. The filter language
/// can't say it.
fn a_list_of_one_filter_in_bytes_is_a_list(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_lists_of_one");
    for qualifier in ["a", "b"] {
        bench.put_at(1, qualifier, "v");
    }
    let message = |class: &str, own: &[u8]| {
        let class = format!("org.apache.hadoop.hbase.filter.{class}");
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let class = [&[0x0a, length(class.as_bytes())], class.as_bytes()].concat();
        [&class[..], &[0x12, length(own)], own].concat()
    };
    let prefix = || message("ColumnPrefixFilter", b"\x0a\x01b");
    let list = |operator: u8| {
        let one = prefix();
        let own = [&[0x08, operator, 0x12, u8::try_from(one.len()).unwrap()], &one[..]].concat();
        message("FilterList", &own)
    };
    for (filter, reversed, expected) in [
        (prefix(), false, &["b"][..]),
        (prefix(), true, &["b"]),
        (list(1), true, &["b"]),
        (list(2), false, &["b"]),
        (list(2), true, &[]),
    ] {
        let filter_bytes = Some(filter);
        let scan = TScan { reversed: Some(reversed), filter_bytes, ..scan() };
        let rows = bench.raw.get_scanner_results(bench.name(), scan, 10).unwrap();
        let cells = rows.iter().flat_map(cells);
        let found: Vec<_> = cells.map(|(qualifier, ..)| qualifier).collect();
        assert_eq!(found, expected, "{reversed}");
    }
}

fn the_given_value_is_compared_with_the_stored_one_in_this_order(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_compare");
    bench.put_at(1, "x", "1");
    let mut holds = |op: TCompareOp, given: &str, qualifier: &str| {
        let puts = TMutation::Put(put("r", "y", "done"));
        let mutations = TRowMutations::new(bytes("r"), vec![puts]);
        let (table, row) = (bench.table.bytes(), bytes("r"));
        let (family, qualifier, given) = (bytes("a"), bytes(qualifier), bytes(given));
        bench.raw.check_and_mutate(table, row, family, qualifier, op, given, mutations).unwrap()
    };
    for (op, given, expected) in [
        (TCompareOp::EQUAL, "1", true),
        (TCompareOp::EQUAL, "0", false),
        (TCompareOp::NOT_EQUAL, "0", true),
        (TCompareOp::GREATER, "0", false),
        (TCompareOp::GREATER, "2", true),
        (TCompareOp::LESS, "0", true),
        (TCompareOp::LESS_OR_EQUAL, "1", true),
        (TCompareOp::GREATER_OR_EQUAL, "1", true),
    ] {
        assert_eq!(holds(op, given, "x"), expected, "{given} {op:?} the stored 1");
    }
    // Nothing is stored: no comparison with a value holds, not even that it differs.
    for op in (0..6).map(TCompareOp) {
        assert!(!holds(op, "1", "absent"), "{op:?}");
    }
}

fn mutations_of_a_row_are_made_together_or_not_at_all(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_mutate");
    bench.put_at(1, "x", "v");
    let puts = |family: &str| {
        let cell = TColumnValue { family: bytes(family), ..value("y", "w") };
        TMutation::Put(TPut { column_values: vec![cell], ..put("r", "", "") })
    };
    let deletes =
        TMutation::DeleteSingle(delete(vec![column("x", None)], TDeleteType::DELETE_COLUMNS));
    let bad = TRowMutations::new(bytes("r"), vec![deletes.clone(), puts("no_family")]);
    bench.raw.mutate_row(bench.name(), bad).unwrap_err();
    assert_eq!(bench.row(), [cell("x", 1, "v")]);
    let good = TRowMutations::new(bytes("r"), vec![deletes, puts("a")]);
    bench.raw.mutate_row(bench.name(), good).unwrap();
    let names: Vec<_> = bench.row().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["y"]);
}

fn deletes_of_several_rows_never_say_what_is_left(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_delete_many");
    bench.put_at(1, "x", "v");
    let deletes = vec![delete(Vec::new(), TDeleteType::DELETE_COLUMNS)];
    assert_eq!(bench.raw.delete_multiple(bench.name(), deletes).unwrap(), []);
    assert_eq!(bench.row(), []);
}

fn an_unknown_scanner_is_an_illegal_argument_to_fetch_and_nothing_to_close(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_scanners");
    let error = bench.raw.get_scanner_rows(1_000_000, 1).unwrap_err();
    let said = format!("{error:?}");
    assert!(said.contains("TIllegalArgument") && said.contains("Invalid scanner Id"), "{said}");
    bench.raw.close_scanner(1_000_000).unwrap();
    let id = bench.raw.open_scanner(bench.name(), scan()).unwrap();
    assert_eq!(bench.raw.get_scanner_rows(id, 10).unwrap(), []);
    bench.raw.close_scanner(id).unwrap();
    bench.raw.close_scanner(id).unwrap();
    bench.raw.get_scanner_rows(id, 10).unwrap_err();
}

fn a_page_of_a_scan_is_one_call_that_leaves_no_scanner(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_pages");
    for row in ["1", "2", "3"] {
        bench.raw.put(bench.table.bytes(), put(row, "x", "v")).unwrap();
    }
    let mut page = |start: &str, rows: i32| {
        let scan = TScan { start_row: Some(bytes(start)), ..scan() };
        let found = bench.raw.get_scanner_results(bench.table.bytes(), scan, rows).unwrap();
        found
            .into_iter()
            .map(|row| String::from_utf8(row.row.unwrap()).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(page("", 2), ["1", "2"]);
    assert_eq!(page("2\0", 2), ["3"]);
    assert!(page("3\0", 2).is_empty());
    let by = TColumnIncrement::new(bytes("a"), bytes("n"), 5);
    let increment = TIncrement::new(bytes("r"), vec![by], None, None, None, true);
    let new = bench.raw.increment(bench.name(), increment).unwrap();
    assert_eq!(new.column_values[0].value, 5_i64.to_be_bytes());
}

/// The new cell has it, whatever the one before had: that is seen again when the new one is over.
fn what_is_added_may_have_a_time_to_live(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_added");
    let lives =
        |milliseconds: i64| Some([(bytes("_ttl"), milliseconds.to_be_bytes().to_vec())].into());
    // The longest one stands for none.
    let long = TPut { attributes: lives(i64::MAX), ..put("r", "old", "v") };
    bench.raw.put(bench.name(), long).unwrap();
    let append = |columns: Vec<TColumnValue>, milliseconds| {
        TAppend::new(bytes("r"), columns, lives(milliseconds), None, None, true)
    };
    let both = append(vec![value("new", "w"), value("old", "w")], 1);
    let told = bench.raw.append(bench.name(), both).unwrap();
    let told: Vec<_> = told.column_values.iter().map(|cell| &*cell.value).collect();
    assert_eq!(told, [&b"w"[..], b"vw"]);
    let by = TColumnIncrement::new(bytes("a"), bytes("n"), 5);
    let increment = TIncrement::new(bytes("r"), vec![by], lives(1), None, None, true);
    let told = bench.raw.increment(bench.name(), increment).unwrap();
    assert_eq!(told.column_values[0].value, 5_i64.to_be_bytes());
    thread::sleep(Duration::from_millis(100));
    let left: Vec<_> = bench.row().into_iter().map(|(column, _, value)| (column, value)).collect();
    assert_eq!(left, [("old".to_owned(), "v".to_owned())]);
    // One that is over is not added to.
    let told = bench.raw.append(bench.name(), append(vec![value("new", "x")], i64::MAX)).unwrap();
    assert_eq!(told.column_values[0].value, b"x");
}

fn split_keys_are_where_regions_begin(server: &Server) {
    for flavour in [Flavour::Threadpool, Flavour::Compact, Flavour::Http] {
        assert_eq!(regions_of_two_splits(server, flavour).unwrap(), ["", "g", "p"]);
    }
}

/// A framed gateway takes the bytes of the whole request for each split key: two keys are the same then.
fn split_keys_are_not_taken_by_framed_gateways(server: &Server) {
    assert!(regions_of_two_splits(server, Flavour::Nonblocking).is_err());
}

/// Where the regions begin of a table that is created with two split keys.
fn regions_of_two_splits(server: &Server, flavour: Flavour) -> thrift::Result<Vec<String>> {
    let table = TestTable::reserve(server, &format!("thrift2_splits_{}", flavour.name()));
    let mut raw = server.thrift2_on(flavour);
    let descriptor = tables::descriptor(&table.bytes(), &["a"]);
    raw.create_table(descriptor, vec![bytes("g"), bytes("p")])?;
    let found = raw.get_all_region_locations(table.bytes())?;
    let starts = found.into_iter().map(|location| {
        let start = location.region_info.start_key.unwrap_or_default();
        String::from_utf8_lossy(&start).into_owned()
    });
    Ok(starts.collect())
}
