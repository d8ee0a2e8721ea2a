//! Tables of several regions, which are split and moved between servers while they are read and
//! written.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{Config, Get, GetRows, Increment, Put, Row, RowSet, Scan, WriterOptions};
use integration_tests::{Server, Test, TestTable};

use super::FLAVOURS;
use super::front::{Client, Table};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(every_row_comes_once_from_regions_that_split_and_move)
            .hbase_only("a table has one region"),
    ]
}

const REGIONS: &str = include_str!("Regions.java");
const BORDERS: [&str; 3] = ["row250", "row500", "row750"];
const SPLITS: [&str; 4] = ["row125", "row375", "row625", "row875"];
/// The row that lets the splits and moves begin; not one of those that are scanned.
const SIGNAL: &str = "start";
const COUNTER: &str = "counter";
const COLUMNS: [&str; 3] = ["f:a", "f:b", "f:c"];
/// Written while the others are scanned, and no part of those scans. A scan whose region moves goes
/// on with the read point that it began with (HBase's `ClientScanner` forgets it only at the end of a
/// region), and the region's new server may have dropped what it could see of a cell that was
/// overwritten since: the row comes without it. No client of the gateway can do anything about that.
const OVERWRITTEN: &str = "f:w";

/// All in one, because it takes a program beside HBase, which starts a second region server.
fn every_row_comes_once_from_regions_that_split_and_move(server: &Server) {
    let guard = TestTable::reserve(server, "regions");
    let clients = FLAVOURS.map(|flavour| patient(&server.gateway(flavour)));
    let tables = clients.each_ref().map(|client| client.table(guard.name()));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let moves = scope.spawn(|| {
            let _over = SetAtEnd(&over);
            let (borders, splits) = (BORDERS.join(","), SPLITS.join(","));
            server.run_java(REGIONS, &[guard.name(), SIGNAL, &borders, &splits])
        });
        wait_for_regions(&clients[0], guard.name(), BORDERS.len() + 1, &over);
        fill(&tables[0]);
        tables.iter().for_each(check_rows_over_borders);
        // Where something fails before this, the program gives up by itself.
        tables[0].put(&Put::new(SIGNAL).column("f:a", "")).unwrap();
        use_until(&over, &tables);
        let said = moves.join().unwrap();
        assert!(said.contains("regions: done"), "{said}");
    });
    let regions = BORDERS.len() + SPLITS.len() + 1;
    wait_for_regions(&clients[0], guard.name(), regions, &AtomicBool::new(false));
    tables.iter().for_each(check_rows_over_borders);
}

/// A region is closed for as long as a busy machine makes it.
fn patient(url: &str) -> Client {
    let config = url.parse::<Config>().unwrap().max_attempts(1000);
    Client::connect(config.operation_timeout(Duration::from_mins(2))).unwrap()
}

/// Also when its thread panics, so that nobody waits for what doesn't come.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn wait_for_regions(client: &Client, table: &str, regions: usize, over: &AtomicBool) {
    let admin = client.admin();
    // A table that is enabled has all its regions open.
    while !admin.table_exists(table).unwrap() || !admin.is_table_enabled(table).unwrap() {
        assert!(!over.load(Ordering::Relaxed), "the table was not created");
        thread::sleep(Duration::from_millis(100));
    }
    // While a region is between two servers, the gateway ends in a NullPointerException.
    let deadline = Instant::now() + Duration::from_mins(1);
    let found = loop {
        match admin.regions(table) {
            Err(error)
                if error.to_string().contains("Internal error") && Instant::now() < deadline =>
            {
                thread::sleep(Duration::from_millis(100));
            }
            found => break found.unwrap(),
        }
    };
    assert_eq!(found.len(), regions);
}

fn keys() -> impl DoubleEndedIterator<Item = String> {
    (0..1_000).map(|number| format!("row{number:03}"))
}

/// Backwards, so that no call has its rows in the order of the regions.
fn fill(table: &Table) {
    let writer = table.writer(WriterOptions::new().max_mutations(300));
    for key in keys().rev() {
        let put = COLUMNS.iter().fold(Put::new(key), |put, column| put.column(*column, "0"));
        writer.write(put).unwrap();
    }
    writer.close().unwrap();
}

/// Each in another way, and what it has to see.
fn scans() -> [(Scan, Vec<String>); 4] {
    let cells = |key: String| COLUMNS.map(|column| format!("{key} {column}"));
    let forwards: Vec<String> = keys().flat_map(cells).collect();
    let backwards = keys().rev().flat_map(cells).collect();
    let scan = Scan::new().prefix("row").columns(COLUMNS);
    [
        (scan.clone().caching(50), forwards.clone()),
        (scan.clone().caching(30).reversed(), backwards),
        (scan.clone().caching(7).batch(2), forwards.clone()),
        (scan.caching(100).read_ahead(false), forwards),
    ]
}

fn check_scan(table: &Table, scan: &Scan, expected: &[String]) {
    let mut seen = Vec::new();
    for row in table.scan(scan.clone()).unwrap() {
        let row = row.unwrap();
        let key = row.key().escape_ascii().to_string();
        seen.extend(row.cells().map(|cell| format!("{key} {}", cell.column())));
    }
    let missing: Vec<_> = expected.iter().filter(|cell| !seen.contains(cell)).collect();
    assert!(
        seen == *expected,
        "{scan:?} saw {} of {} cells; without {missing:?}",
        seen.len(),
        expected.len()
    );
}

fn check_rows_over_borders(table: &Table) {
    for (scan, expected) in scans() {
        check_scan(table, &scan, &expected);
    }
    let start = table.scan(Scan::new().start("row249").stop("row251")).unwrap();
    let keys: Vec<_> = start.map(|row| row.unwrap().key().to_vec()).collect();
    assert_eq!(keys, [b"row249", b"row250"]);
    check_get_rows(table);
    assert!(check_scans_by_region(table), "the regions were read one after the other");
}

/// Thrift 1's gateway fails inside (getTableRegions) while a region that is looked up has no server.
fn once_found<T>(scan: impl Fn() -> hbase_thrift_client::Result<T>) -> T {
    for _ in 0..50 {
        match scan() {
            Err(error) if error.to_string().contains("getTableRegions") => {
                thread::sleep(Duration::from_millis(100));
            }
            scanned => return scanned.unwrap(),
        }
    }
    panic!("the regions of the table are not found");
}

/// Returns whether the regions were read side by side.
fn check_scans_by_region(table: &Table) -> bool {
    let key = |row: hbase_thrift_client::Result<Row>| {
        String::from_utf8(row.unwrap().key().to_vec()).unwrap()
    };
    let scan = Scan::new().prefix("row").caching(40);
    let expected: Vec<String> = keys().collect();
    let rows: Vec<_> = once_found(|| table.scan_regions_in_order(scan.clone())).map(key).collect();
    assert_eq!(rows, expected);
    let mut rows: Vec<_> = once_found(|| table.scan_regions(scan.clone())).map(key).collect();
    let are_mixed = !rows.is_sorted();
    rows.sort_unstable();
    assert_eq!(rows, expected);
    let backwards = scan.reversed().limit(300);
    let backwards = once_found(|| table.scan_regions_in_order(backwards.clone()));
    let rows: Vec<_> = backwards.map(key).collect();
    assert_eq!(rows, keys().rev().take(300).collect::<Vec<_>>());
    let set = RowSet::new().range("row240", "row260").row("row500").row("row499").prefix("row75");
    let rows: Vec<_> = table.scan_rows(set, Scan::new()).unwrap().map(key).collect();
    let wanted = |key: &String| {
        ("row240".."row260").contains(&key.as_str())
            || ["row499", "row500"].contains(&key.as_str())
            || key.starts_with("row75")
    };
    assert_eq!(rows, keys().filter(wanted).collect::<Vec<_>>());
    are_mixed
}

fn check_get_rows(table: &Table) {
    let keys = ["row750", "row000", "row249", "row999", "row250", "rowxxx", "row500"];
    let rows = table.get_rows(&GetRows::new(keys)).unwrap();
    let found: Vec<_> = rows.iter().map(|row| row.as_ref().map(Row::key)).collect();
    let expected = keys.map(|key| (key != "rowxxx").then_some(key.as_bytes()));
    assert_eq!(found, expected);
}

/// Reads and writes until it is over, on every gateway; at least once each.
fn use_until(over: &AtomicBool, tables: &[Table; 4]) {
    let is_over = || over.load(Ordering::Relaxed);
    let scanned = AtomicUsize::new(0);
    let counted = AtomicI64::new(0);
    thread::scope(|scope| {
        for (table, (scan, expected)) in tables.iter().zip(scans()) {
            let (scanned, is_over) = (&scanned, &is_over);
            scope.spawn(move || {
                while !is_over() {
                    check_scan(table, &scan, &expected);
                    scanned.fetch_add(1, Ordering::Relaxed);
                }
            });
            scope.spawn(move || while_not(is_over, || check_get_rows(table)));
        }
        // What they scan by is the regions that there were a moment before.
        for table in &tables[2..] {
            let is_over = &is_over;
            scope.spawn(move || {
                while_not(is_over, || {
                    check_scans_by_region(table);
                });
            });
        }
        scope.spawn(|| {
            let mut round = 0;
            while_not(&is_over, || {
                round += 1;
                write_all(&tables[0], round);
            });
        });
        scope.spawn(|| {
            while_not(&is_over, || {
                tables[1].increment(&Increment::new(COUNTER, "f:n", 1)).unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
            });
        });
    });
    assert!(scanned.into_inner() >= tables.len(), "a scan was never done");
    let row = tables[2].get(&Get::new(COUNTER)).unwrap().unwrap();
    assert_eq!(row.required::<i64>("f:n").unwrap(), counted.into_inner());
}

fn while_not(is_over: &dyn Fn() -> bool, step: impl FnMut()) {
    std::iter::repeat_with(step).take_while(|()| !is_over()).for_each(drop);
}

/// Nothing is lost of what was acknowledged.
fn write_all(table: &Table, round: i64) {
    let writer = table.writer(WriterOptions::new().max_mutations(250));
    for key in keys() {
        writer.write(Put::new(key).column(OVERWRITTEN, round.to_be_bytes())).unwrap();
    }
    writer.close().unwrap();
    let scan = Scan::new().prefix("row").column(OVERWRITTEN).caching(200);
    let mut rows = 0;
    for row in table.scan(scan).unwrap() {
        let row = row.unwrap();
        assert_eq!(
            row.required::<i64>(OVERWRITTEN).unwrap(),
            round,
            "{}",
            row.key().escape_ascii()
        );
        rows += 1;
    }
    assert_eq!(rows, keys().count());
}
