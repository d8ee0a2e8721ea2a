//! Which versions are read, and whether there are any: what Thrift 2 can say of it, and what Thrift 1 does
//! of that.

use hbase_thrift_client::{
    Batch, Delete, Durability, Error, ErrorKind, Get, GetRows, GetVersions, Outcome, Put, Row,
    RowSet, Scan, TimeRange, WriterOptions,
};
use integration_tests::{Server, Test};

use super::front::Table;
use super::{on_each_gateway, on_each_thrift1_gateway, on_each_thrift2_gateway};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(times_have_both_bounds),
        Test::on_own_server(several_versions_of_rows_come_newest_first),
        Test::on_own_server(a_page_of_a_familys_cells_is_read),
        Test::on_own_server(families_have_times_of_their_own_where_the_gateway_is_not_framed),
        Test::on_own_server(each_durability_is_taken),
        Test::new(what_exists_is_said_without_it),
        Test::new(the_labels_of_a_reader_are_taken_by_every_read),
        Test::new(thrift_1_refuses_what_it_can_not_say),
        Test::new(a_range_that_is_none_is_refused_before_it_is_sent),
    ]
}

/// Column `f:a` at the times 10, 20 and 30, `f:b` at 20, `g:c` at 5.
fn fill(table: &Table) {
    for time in [10, 20, 30] {
        let value = time.to_string();
        table.put(&Put::new("r").column("f:a", value).timestamp(time)).unwrap();
    }
    table.put(&Put::new("r").column("f:b", "20").timestamp(20)).unwrap();
    table.put(&Put::new("r").column("g:c", "5").timestamp(5)).unwrap();
}

/// Columns and times.
fn cells(row: Option<&Row>) -> Vec<(String, i64)> {
    let cells = row.into_iter().flat_map(Row::cells);
    cells.map(|cell| (cell.column().to_string(), cell.timestamp())).collect()
}

fn of<const N: usize>(cells: [(&str, i64); N]) -> Vec<(String, i64)> {
    cells.map(|(column, time)| (column.to_owned(), time)).to_vec()
}

/// The same of each kind of read.
fn read(table: &Table, get: &Get) -> Vec<(String, i64)> {
    let columns: Vec<&[u8]> = get.get_columns().collect();
    let (times, versions) = (get.get_time_range(), get.get_max_versions());
    let found = cells(table.get(get).unwrap().as_ref());
    let rows = GetRows::new(["none", "r"]).columns(columns.iter().copied()).time_range(times);
    let rows = table.get_rows(&rows.max_versions(versions)).unwrap();
    assert_eq!((cells(rows[0].as_ref()), cells(rows[1].as_ref())), (vec![], found.clone()));
    let scan = || {
        let scan =
            Scan::new().columns(columns.iter().copied()).time_range(times).max_versions(versions);
        scan.caching(2)
    };
    for scan in [scan(), scan().reversed(), scan().prefix("r")] {
        let scanned: Vec<_> = table.scan(scan).unwrap().map(Result::unwrap).collect();
        assert_eq!(cells(scanned.first()), found);
        assert!(scanned.len() <= 1);
    }
    let set = RowSet::new().row("none").row("r").row("s");
    let set: Vec<_> = table.scan_rows(set, scan()).unwrap().map(Result::unwrap).collect();
    assert_eq!(cells(set.first()), found);
    assert_eq!(table.exists(get).unwrap(), !found.is_empty());
    found
}

fn times_have_both_bounds(server: &Server) {
    on_each_thrift2_gateway(server, "reads_times", |_, table| {
        fill(table);
        let read = |times: TimeRange| read(table, &Get::new("r").time_range(times));
        assert_eq!(read(TimeRange::between(10, 20)), of([("f:a", 10)]));
        assert_eq!(read(TimeRange::between(10, 21)), of([("f:a", 20), ("f:b", 20)]));
        assert_eq!(read(TimeRange::from(21)), of([("f:a", 30)]));
        assert_eq!(read(TimeRange::from(31)), []);
        assert_eq!(read(TimeRange::until(10)), of([("g:c", 5)]));
        assert_eq!(read(TimeRange::at(20)), of([("f:a", 20), ("f:b", 20)]));
        assert_eq!(read(TimeRange::between(20, 20)), []);
        assert_eq!(read(TimeRange::at(i64::MAX)), []);
        let error = table.get(&Get::new("r").time_range(TimeRange::between(6, 5))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(read(TimeRange::default()), of([("f:a", 30), ("f:b", 20), ("g:c", 5)]));
        let versions = GetVersions::new("r", "f:a", 9).time_range(TimeRange::between(10, 30));
        let times = table.get_versions(&versions).unwrap().into_iter().map(|one| one.timestamp);
        assert_eq!(times.collect::<Vec<_>>(), [20, 10]);
    });
}

fn several_versions_of_rows_come_newest_first(server: &Server) {
    on_each_thrift2_gateway(server, "reads_versions", |_, table| {
        fill(table);
        let all = read(table, &Get::new("r").max_versions(9));
        let times = [("f:a", 30), ("f:a", 20), ("f:a", 10), ("f:b", 20), ("g:c", 5)];
        assert_eq!(all, of(times));
        let some = Get::new("r").max_versions(2).family("f").time_range(TimeRange::until(30));
        assert_eq!(read(table, &some), of([("f:a", 20), ("f:a", 10), ("f:b", 20)]));
        // The newest is what a column has, and the others are beside it.
        let row = table.get(&Get::new("r").max_versions(3)).unwrap().unwrap();
        assert_eq!((row.get("f:a"), row.get("f:b")), (Some(&b"30"[..]), Some(&b"20"[..])));
        let versions = |column: &str| -> Vec<_> {
            row.versions(column).map(|cell| cell.value().escape_ascii().to_string()).collect()
        };
        assert_eq!(versions("f:a"), ["30", "20", "10"]);
        assert_eq!((versions("f:b").len(), versions("f:none").len()), (1, 0));
        assert_eq!(row.to_owned_row().get("f:a"), Some(&b"30"[..]));
        let error = table.scan(Scan::new().batch(1).max_versions(2)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    });
}

fn a_page_of_a_familys_cells_is_read(server: &Server) {
    on_each_thrift2_gateway(server, "reads_pages", |_, table| {
        let columns = (0..5).map(|number| (format!("f:{number}"), "1"));
        let put = Put::new("r").columns(columns).column("g:0", "1").column("g:1", "1");
        table.put(&put).unwrap();
        let page = |offset, limit| -> Vec<String> {
            let get = Get::new("r").store_offset(offset).store_limit(limit);
            let row = table.get(&get).unwrap();
            let rows = GetRows::new(["r", "none"]).store_offset(offset).store_limit(limit);
            assert_eq!(table.get_rows(&rows).unwrap(), [row.clone(), None]);
            cells(row.as_ref()).into_iter().map(|(column, _)| column).collect()
        };
        assert_eq!(page(0, 2), ["f:0", "f:1", "g:0", "g:1"]);
        assert_eq!(page(1, 1), ["f:1", "g:1"]);
        assert_eq!(page(3, 9), ["f:3", "f:4"]);
        let none = Get::new("r").store_limit(0);
        assert_eq!(table.get(&none).unwrap_err().kind(), ErrorKind::InvalidRequest);
    });
}

fn families_have_times_of_their_own_where_the_gateway_is_not_framed(server: &Server) {
    on_each_thrift2_gateway(server, "reads_families", |client, table| {
        fill(table);
        let times = Scan::new().family_time_range("f", TimeRange::between(15, 25)).caching(2);
        let both = times.clone().time_range(TimeRange::until(5));
        if client.config().get_transport() == hbase_thrift_client::Transport::Framed {
            let error = table.scan(times).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(error.to_string().contains("framed"), "{error}");
            return;
        }
        let scanned = |scan: &Scan| {
            let rows: Vec<_> = table.scan(scan.clone()).unwrap().map(Result::unwrap).collect();
            let set = RowSet::new().row("a").row("r").row("s");
            let set: Vec<_> = table.scan_rows(set, scan.clone()).unwrap().collect();
            assert_eq!(set.into_iter().map(Result::unwrap).collect::<Vec<_>>(), rows);
            cells(rows.first())
        };
        assert_eq!(scanned(&times), of([("f:a", 20), ("f:b", 20), ("g:c", 5)]));
        assert_eq!(scanned(&both), of([("f:a", 20), ("f:b", 20)]));
    });
}

fn each_durability_is_taken(server: &Server) {
    on_each_thrift2_gateway(server, "reads_durability", |_, table| {
        let durabilities = [
            Durability::SkipWal,
            Durability::SyncWal,
            Durability::UseDefault,
            Durability::AsyncWal,
            Durability::FsyncWal,
        ];
        let writer = table.writer(WriterOptions::new().no_max_age());
        for durability in durabilities {
            let put = |row: &str| Put::new(row).column("f:a", "1").durability(durability);
            table.put(&put("one")).unwrap();
            table.batch(&Batch::new().put(put("two"))).unwrap();
            writer.write(put("three")).unwrap();
            writer.flush().unwrap();
            assert_eq!(table.count_rows(Scan::new()).unwrap(), 3, "{durability:?}");
            let delete = |row: &str| Delete::row(row).family("f").durability(durability);
            table.delete(&delete("one")).unwrap();
            table.batch(&Batch::new().delete(delete("two"))).unwrap();
            writer.write(delete("three")).unwrap();
            writer.flush().unwrap();
            assert_eq!(table.count_rows(Scan::new()).unwrap(), 0, "{durability:?}");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        writer.close().unwrap();
    });
}

fn what_exists_is_said_without_it(server: &Server) {
    on_each_gateway(server, "reads_exist", |client, table| {
        fill(table);
        table.put(&Put::new("s").column("g:c", "").timestamp(7)).unwrap();
        assert!(table.exists(&Get::new("r")).unwrap() && table.exists(&Get::new("s")).unwrap());
        assert!(!table.exists(&Get::new("none")).unwrap());
        assert!(!table.exists(&Get::new("s").column("g:d")).unwrap());
        assert!(!table.exists(&Get::new("s").time_range(TimeRange::until(7))).unwrap());
        let keys = ["s", "none", "r", "s"];
        let all = |get: GetRows| table.exists_all(&get).unwrap();
        assert_eq!(all(GetRows::new(keys)), [true, false, true, true]);
        assert_eq!(all(GetRows::new(keys).family("f")), [false, false, true, false]);
        assert!(all(GetRows::new([""; 0])).is_empty());
        let long = (0..3000).map(|number| format!("{number:01000}"));
        assert_eq!(all(GetRows::new(long)), vec![false; 3000]);
        let mut pipeline = client.pipeline();
        let both = ["s", "none"].map(|row| pipeline.exists(table, Get::new(row)).unwrap());
        let mut results = pipeline.send();
        assert_eq!(both.map(|exists| results.take(exists).unwrap()), [true, false]);
        let error = table.exists(&Get::new("r").family("none")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchColumnFamily);
        let error = table.exists_all(&GetRows::new(keys).family("none")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchColumnFamily);
        assert!(table.exists(&Get::new("")).is_err());
    });
}

/// Nobody looks at them where cells have no visibility.
fn the_labels_of_a_reader_are_taken_by_every_read(server: &Server) {
    on_each_gateway(server, "reads_labels", |_, table| {
        fill(table);
        let labels = ["staff", "guest"];
        assert!(table.get(&Get::new("r").authorizations(labels)).unwrap().is_some());
        assert!(table.get_rows(&GetRows::new(["r"]).authorizations(labels)).unwrap()[0].is_some());
        assert_eq!(table.scan(Scan::new().authorizations(labels)).unwrap().count(), 1);
    });
}

fn thrift_1_refuses_what_it_can_not_say(server: &Server) {
    on_each_thrift1_gateway(server, "reads_refused", |_, table| {
        fill(table);
        let from = TimeRange::from(20);
        let async_put = || Put::new("r").column("f:a", "1").durability(Durability::AsyncWal);
        let async_delete = Delete::row("r").column("f:a").durability(Durability::UseDefault);
        let refused: [Error; 10] = [
            table.get(&Get::new("r").time_range(from)).unwrap_err(),
            table.get(&Get::new("r").max_versions(2)).unwrap_err(),
            table.get_rows(&GetRows::new(["r"]).store_limit(1)).unwrap_err(),
            table.exists(&Get::new("r").time_range(from)).unwrap_err(),
            table.get_versions(&GetVersions::new("r", "f:a", 3).time_range(from)).unwrap_err(),
            table.scan(Scan::new().time_range(from)).unwrap_err(),
            table.scan(Scan::new().max_versions(2)).unwrap_err(),
            table.put(&async_put()).unwrap_err(),
            table.batch(&Batch::new().put(async_put())).unwrap_err(),
            table.delete(&async_delete).unwrap_err(),
        ];
        for error in refused {
            let said = (error.kind(), error.outcome());
            assert_eq!(said, (ErrorKind::Unsupported, Outcome::NotApplied), "{error:?}");
            assert!(error.to_string().contains("hbase thrift2 start"), "{error}");
        }
        let writer = table.writer(WriterOptions::new().no_max_age());
        writer.write(async_put()).unwrap();
        let failed = writer.close().unwrap_err();
        assert_eq!(failed.failures()[0].error.kind(), ErrorKind::Unsupported);
        // What it can say is said: no bound, an upper one, one version.
        assert_eq!(read(table, &Get::new("r").max_versions(1)).len(), 3);
        let before = Get::new("r").time_range(TimeRange::until(30));
        assert_eq!(read(table, &before), of([("f:a", 20), ("f:b", 20), ("g:c", 5)]));
    });
}

fn a_range_that_is_none_is_refused_before_it_is_sent(server: &Server) {
    on_each_gateway(server, "reads_wrong", |_, table| {
        for times in [TimeRange::between(-2, -1), TimeRange::until(-1)] {
            let error = table.get(&Get::new("r").time_range(times)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            let error = table.scan(Scan::new().time_range(times)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
        let none = Get::new("r").max_versions(0);
        assert_eq!(table.get(&none).unwrap_err().kind(), ErrorKind::InvalidRequest);
    });
}
