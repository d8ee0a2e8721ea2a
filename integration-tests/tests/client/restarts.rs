//! A gateway that dies and comes back, with everything going on at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{ColumnFamily, Config, ErrorKind, Get, Increment, Outcome, Put, Scan};
use integration_tests::{Server, Test, TestTable};

use super::front::{Client, Table};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(
            a_scan_goes_on_after_a_restart_forwards_backwards_and_within_split_rows,
        ),
        Test::on_own_server(sixteen_threads_get_over_restarts),
    ]
}

const ROWS: usize = 1_000;
const KILLS: usize = 3;

struct Stage<'a> {
    client: Client,
    table: Table,
    gateway: integration_tests::ExpendableGateway<'a>,
    _guard: TestTable,
}

impl<'a> Stage<'a> {
    /// A table of many rows on the gateway that may be killed.
    fn set(server: &'a Server, name: &str) -> Self {
        let gateway = server.expendable_gateway();
        // A restart takes as long as the machine is busy, and an accepted connection that is closed
        // at once, as in front of a container, uses up an attempt.
        let config = gateway.url().parse::<Config>().unwrap().max_attempts(1000);
        let client = Client::connect(config.operation_timeout(Duration::from_mins(2))).unwrap();
        let guard = TestTable::reserve(server, name);
        client.admin().create_table(guard.name(), &[ColumnFamily::new("f")]).unwrap();
        let table = client.table(guard.name());
        let writer = table.writer(hbase_thrift_client::WriterOptions::new());
        for key in keys() {
            writer
                .write(Put::new(key).column("f:a", "1").column("f:b", "2").column("f:c", "3"))
                .unwrap();
        }
        writer.close().unwrap();
        Self { client, table, gateway, _guard: guard }
    }

    fn restart_gateway(&self) {
        self.gateway.kill();
        self.gateway.wait();
    }
}

fn keys() -> impl DoubleEndedIterator<Item = String> {
    (0..ROWS).map(|number| format!("row{number:05}"))
}

fn a_scan_goes_on_after_a_restart_forwards_backwards_and_within_split_rows(server: &Server) {
    let stage = Stage::set(server, "restart_scan");
    let cells: Vec<String> =
        keys().flat_map(|key| ["a", "b", "c"].map(|column| format!("{key} f:{column}"))).collect();
    let backwards: Vec<String> =
        keys().rev().flat_map(|key| ["a", "b", "c"].map(|c| format!("{key} f:{c}"))).collect();
    let scans = [
        (Scan::new().caching(10), &cells),
        (Scan::new().caching(10).read_ahead(false), &cells),
        (Scan::new().caching(10).reversed(), &backwards),
        (Scan::new().caching(7).batch(2), &cells),
    ];
    for (scan, expected) in scans {
        let mut seen = Vec::new();
        for (number, row) in stage.table.scan(scan.clone()).unwrap().enumerate() {
            if number == 55 {
                stage.restart_gateway();
            }
            let row = row.unwrap();
            let key = row.key().escape_ascii().to_string();
            seen.extend(row.cells().map(|cell| format!("{key} {}", cell.column())));
        }
        assert!(seen == *expected, "{scan:?} saw {} cells", seen.len());
    }
}

fn sixteen_threads_get_over_restarts(server: &Server) {
    let stage = Stage::set(server, "restart_threads");
    let over = AtomicBool::new(false);
    let over = &over;
    thread::scope(|scope| {
        let scans: Vec<_> =
            (0..6).map(|_| scope.spawn(|| scan_until(over, &stage.table))).collect();
        let puts: Vec<_> = (0..6)
            .map(|writer| {
                scope.spawn({
                    let stage = &stage;
                    move || put_until(over, &stage.table, writer)
                })
            })
            .collect();
        let increments: Vec<_> =
            (0..4).map(|_| scope.spawn(|| increment_until(over, &stage.table))).collect();
        for _ in 0..KILLS {
            stage.restart_gateway();
            // Everybody has a connection again before the next one is taken away.
            stage.client.ping().unwrap();
        }
        over.store(true, Ordering::Relaxed);

        let scanned: usize = scans.into_iter().map(|scan| scan.join().unwrap()).sum();
        assert!(scanned > 0);
        let acknowledged: BTreeSet<String> =
            puts.into_iter().flat_map(|put| put.join().unwrap()).collect();
        let stored: BTreeSet<String> = stage
            .table
            .scan(Scan::new().prefix("put"))
            .unwrap()
            .map(|row| row.unwrap().key().escape_ascii().to_string())
            .collect();
        assert_eq!(stored, acknowledged);
        check_counter(&stage.table, increments.into_iter().map(|i| i.join().unwrap()));
    });
}

/// Scans the whole table again and again; every scan sees every row once, in order.
fn scan_until(over: &AtomicBool, table: &Table) -> usize {
    let mut scans = 0;
    while scans == 0 || !over.load(Ordering::Relaxed) {
        let scan = Scan::new().prefix("row").caching(50);
        let rows = table.scan(scan).unwrap();
        let seen: Vec<String> =
            rows.map(|row| row.unwrap().key().escape_ascii().to_string()).collect();
        assert!(seen.iter().cloned().eq(keys()), "{} rows", seen.len());
        scans += 1;
    }
    scans
}

/// Puts rows of its own; a put is repeated until it is done, so each one succeeds.
fn put_until(over: &AtomicBool, table: &Table, writer: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let key = format!("put{writer}-{:06}", acknowledged.len());
        table.put(&Put::new(key.as_str()).column("f:a", "1")).unwrap();
        acknowledged.push(key);
    }
    acknowledged
}

#[derive(Default)]
struct Counted {
    applied: i64,
    unknown: i64,
}

fn increment_until(over: &AtomicBool, table: &Table) -> Counted {
    let mut counted = Counted::default();
    while !over.load(Ordering::Relaxed) {
        match table.increment(&Increment::new("counter", "f:n", 1)) {
            Ok(_) => counted.applied += 1,
            Err(error) => match error.outcome() {
                Outcome::Applied => counted.applied += 1,
                Outcome::Unknown => {
                    assert!(!error.is_retryable());
                    assert!(matches!(error.kind(), ErrorKind::ConnectionLost), "{error:?}");
                    counted.unknown += 1;
                }
                Outcome::NotApplied => {}
            },
        }
    }
    counted
}

/// The counter's value is what was applied for sure, and perhaps what is unknown.
fn check_counter(table: &Table, counts: impl Iterator<Item = Counted>) {
    let total = counts.fold(Counted::default(), |total, counted| Counted {
        applied: total.applied + counted.applied,
        unknown: total.unknown + counted.unknown,
    });
    let row = table.get(&Get::new("counter")).unwrap().unwrap();
    let value: i64 = row.required("f:n").unwrap();
    let possible = total.applied..=total.applied + total.unknown;
    assert!(possible.contains(&value), "{value} is not in {possible:?}");
}
