//! A connection that is cut after every single byte, once in the replies and once in the requests:
//! nothing is lost, doubled or wrong, and no error says more than is known.
//!
//! Each act (a few calls of one kind) runs through a proxy that cuts one connection after so many
//! bytes; what it was told is then compared with what is stored.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{
    Append, Batch, CheckAndPut, Client, ColumnFamily, Config, Delete, Error, Get, GetRows,
    GetVersions, Increment, Outcome, Put, Result, Row, Scan, Table, WriterOptions,
};
use mini_hbase::MiniHBase;
use support::proxy::{Direction, Proxy};

/// Runs and checks itself.
type Act = fn(&Stage);

const ACTS: [Act; 13] = [
    writes,
    reads,
    counters,
    appends,
    checks,
    flights,
    scans_forwards,
    scans_without_reading_ahead,
    scans_backwards,
    scans_split_rows,
    administers,
    creates_tables,
    changes_tables,
];
const TABLE: &str = "t";
const ROWS: usize = 8;
/// Nearly all of the time is spent in pauses before another attempt.
const RUNNERS: usize = 48;

#[test]
fn a_cut_anywhere_in_the_replies_costs_nothing_that_was_acknowledged() {
    cut_everywhere(Direction::Replies);
}

#[test]
fn a_cut_anywhere_in_the_requests_costs_nothing_that_was_acknowledged() {
    cut_everywhere(Direction::Requests);
}

fn cut_everywhere(direction: Direction) {
    // A scanner whose connection is cut is left to its lease.
    let server = MiniHBase::builder().max_scanners(100_000).start().unwrap();
    let direct = fill(&server);
    // Every act with the number of bytes that it moves, and then one run a byte.
    let mut runs = Vec::new();
    for act in ACTS {
        let whole = Proxy::start(server.address(), direction, None);
        act(&Stage::set(&whole, &direct, "whole"));
        assert!(whole.passed() > 50, "an act moves {} bytes", whole.passed());
        runs.extend((0..whole.passed()).map(|cut| (act, cut)));
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..RUNNERS {
            scope.spawn(|| {
                while let number = next.fetch_add(1, Ordering::Relaxed)
                    && let Some((act, cut)) = runs.get(number)
                {
                    let proxy = Proxy::start(server.address(), direction, Some(*cut));
                    act(&Stage::set(&proxy, &direct, &number.to_string()));
                }
            });
        }
    });
}

fn fill(server: &MiniHBase) -> Table {
    let client = Client::connect(server.url().parse::<Config>().unwrap()).unwrap();
    let families = [ColumnFamily::new("f").max_versions(3), ColumnFamily::new("g")];
    client.admin().create_table(TABLE, &families).unwrap();
    let table = client.table(TABLE);
    let writer = table.writer(WriterOptions::new());
    for key in keys() {
        let put = Put::new(key).column("f:a", "1").column("f:b", "2").column("g:c", "3");
        writer.write(put).unwrap();
    }
    writer.close().unwrap();
    table
}

fn keys() -> impl DoubleEndedIterator<Item = String> {
    (0..ROWS).map(|number| format!("row{number}"))
}

/// What an act plays on: two ways to one table, and keys of its own.
struct Stage<'a> {
    /// Through the proxy.
    client: Client,
    table: Table,
    /// Around it, to see what is stored.
    direct: &'a Table,
    name: &'a str,
}

impl<'a> Stage<'a> {
    fn set(proxy: &Proxy, direct: &'a Table, name: &'a str) -> Self {
        let address = proxy.address();
        let config = Config::new(address.ip().to_string(), address.port())
            .with_operation_timeout(Duration::from_secs(30))
            // One connection, so that every call comes through the one that is cut.
            .with_max_connections(1);
        // Connecting is not repeated, and may be what is cut.
        let client = Client::connect(config.clone()).or_else(|_| Client::connect(config)).unwrap();
        Self { table: client.table(TABLE), client, direct, name }
    }

    fn key(&self, key: &str) -> String {
        format!("{}-{key}", self.name)
    }

    fn stored(&self, key: &str, column: &str) -> Option<Vec<u8>> {
        let row = self.direct.get(&Get::new(self.key(key))).unwrap()?;
        row.get(column).map(<[u8]>::to_vec)
    }

    fn counter(&self, key: &str, column: &str) -> usize {
        let value = self.stored(key, column);
        value.map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()) as usize)
    }
}

// Only one connection is cut, so what may be repeated succeeds.

fn writes(stage: &Stage) {
    let Stage { table, .. } = stage;
    table.put(&Put::new(stage.key("p")).column("f:x", "1")).unwrap();
    let batch = Batch::new()
        .put(Put::new(stage.key("b")).column("g:y", "2"))
        .delete(Delete::row(stage.key("d")).column("f:x"));
    table.batch(&batch).unwrap();
    table.delete(&Delete::row(stage.key("b")).column("g:z")).unwrap();
    table.delete(&Delete::row(stage.key("d"))).unwrap();
    assert_eq!(stage.stored("p", "f:x").unwrap(), b"1");
    assert_eq!(stage.stored("b", "g:y").unwrap(), b"2");
    assert_eq!(stage.stored("d", "f:x"), None);
}

fn reads(stage: &Stage) {
    let Stage { table, .. } = stage;
    let row = table.get(&Get::new("row3").column("f:b")).unwrap().unwrap();
    assert_eq!((row.key(), row.get("f:b"), row.len()), (&b"row3"[..], Some(&b"2"[..]), 1));
    assert_eq!(table.get(&Get::new("missing")).unwrap(), None);
    let rows = table.get_rows(&GetRows::new(["row5", "missing", "row4"])).unwrap();
    let found: Vec<_> = rows.iter().map(|row| row.as_ref().map(Row::key)).collect();
    assert_eq!(found, [Some(&b"row5"[..]), None, Some(b"row4")]);
    let versions = table.get_versions(&GetVersions::new("row6", "f:a", 3)).unwrap();
    assert_eq!(versions.iter().map(|v| v.value.as_slice()).collect::<Vec<_>>(), [b"1"]);
}

fn counters(stage: &Stage) {
    let increment = |column: &str| Increment::new(stage.key("c"), column, 1);
    let told = [stage.table.increment(&increment("f:n")), stage.table.increment(&increment("f:n"))];
    let several = stage.table.increment_rows(&[increment("f:m"), increment("f:o")]);
    let counted = told.iter().map(times).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert_within(stage.counter("c", "f:n"), counted, &told);
    assert_within(stage.counter("c", "f:m"), times(&several), &several);
    assert_within(stage.counter("c", "f:o"), times(&several), &several);
}

fn appends(stage: &Stage) {
    let append = Append::new(stage.key("a")).column("f:x", "+").column("g:y", "-");
    let told = stage.table.append(&append);
    for column in ["f:x", "g:y"] {
        let appended = stage.stored("a", column).map_or(0, |value| value.len());
        assert_within(appended, times(&told), &told);
    }
}

fn checks(stage: &Stage) {
    let check = CheckAndPut::if_absent(stage.key("k"), "f:x").put("f:x", "1");
    let told = stage.table.check_and_put(&check);
    assert_within(usize::from(stage.stored("k", "f:x").is_some()), times(&told), &told);
    assert!(told.unwrap_or(true), "the row had no such column before");
}

fn flights(stage: &Stage) {
    let (table, key) = (&stage.table, stage.key("f"));
    let mut flight = stage.client.flight();
    flight.put(table, Put::new(key.clone()).column("f:x", "1")).unwrap();
    let got = flight.get(table, Get::new("row7")).unwrap();
    let increment = flight.increment(table, Increment::new(key.clone(), "f:n", 1)).unwrap();
    flight.put(table, Put::new(key).column("g:y", "2")).unwrap();
    let mut landed = flight.send();
    assert_eq!(landed.take(got).unwrap().unwrap().key(), b"row7");
    let told = landed.take(increment);
    landed.all().unwrap();
    assert_within(stage.counter("f", "f:n"), times(&told), &told);
    assert_eq!(stage.stored("f", "f:x").unwrap(), b"1");
    assert_eq!(stage.stored("f", "g:y").unwrap(), b"2");
}

fn scans_forwards(stage: &Stage) {
    assert_eq!(scanned(stage, rows()), keys().collect::<Vec<_>>());
    assert_eq!(scanned(stage, rows().limit(5)), keys().take(5).collect::<Vec<_>>());
}

fn scans_without_reading_ahead(stage: &Stage) {
    assert_eq!(scanned(stage, rows().read_ahead(false)), keys().collect::<Vec<_>>());
}

fn scans_backwards(stage: &Stage) {
    assert_eq!(scanned(stage, rows().reversed()), keys().rev().collect::<Vec<_>>());
}

fn scans_split_rows(stage: &Stage) {
    let mut cells = BTreeMap::<Vec<u8>, Vec<Vec<u8>>>::new();
    for part in stage.table.scan(rows().batch(2)).unwrap() {
        let part = part.unwrap();
        let columns = part.cells().map(|cell| cell.column().to_vec());
        cells.entry(part.key().to_vec()).or_default().extend(columns);
    }
    assert!(cells.values().all(|columns| *columns == [b"f:a", b"f:b", b"g:c"]), "{cells:?}");
    assert_eq!(cells.len(), ROWS);
}

fn rows() -> Scan {
    Scan::new().prefix("row").caching(3)
}

fn scanned(stage: &Stage, scan: Scan) -> Vec<String> {
    let rows = stage.table.scan(scan).unwrap();
    rows.map(|row| row.unwrap().key().escape_ascii().to_string()).collect()
}

fn administers(stage: &Stage) {
    let admin = stage.client.admin();
    assert!(admin.is_table_enabled(TABLE).unwrap());
    assert_eq!(admin.column_families(TABLE).unwrap().len(), 2);
    assert_eq!(admin.regions(TABLE).unwrap().len(), 1);
    assert_eq!(admin.table_states().unwrap(), [(TABLE.as_bytes().to_vec(), true)]);
    admin.compact(TABLE).unwrap();
    admin.major_compact(TABLE).unwrap();
    admin.cluster_id().unwrap();
}

fn creates_tables(stage: &Stage) {
    // It exists, so whatever is told, nothing is applied.
    let told = stage.client.admin().create_table(TABLE, &[ColumnFamily::new("f")]);
    let outcome = told.unwrap_err().outcome();
    assert!(matches!(outcome, Outcome::NotApplied | Outcome::Unknown));
}

fn changes_tables(stage: &Stage) {
    // There is no such table, so whatever is told, nothing is applied.
    let (admin, name) = (stage.client.admin(), stage.key("table"));
    for told in [admin.disable_table(&name), admin.enable_table(&name), admin.delete_table(&name)] {
        let outcome = told.unwrap_err().outcome();
        assert!(matches!(outcome, Outcome::NotApplied | Outcome::Unknown));
    }
}

/// How often a call was applied at least and at most, by what it was told.
fn times<T>(result: &Result<T>) -> (usize, usize) {
    match result.as_ref().map_err(Error::outcome) {
        Ok(_) | Err(Outcome::Applied) => (1, 1),
        Err(Outcome::NotApplied) => (0, 0),
        Err(Outcome::Unknown) => (0, 1),
    }
}

fn assert_within(stored: usize, (least, most): (usize, usize), told: &impl std::fmt::Debug) {
    assert!((least..=most).contains(&stored), "{stored} times, but told {told:?}");
}
