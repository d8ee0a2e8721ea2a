//! Checks and exports open as many scanners for twice the crashes and close all of them, make the rest of their calls in
//! batches, and a check reads no dump; signatures are counted from their column alone.

use std::{collections::BTreeMap, thread, time::Duration};

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CheckOptions, CrashStore, Dumps, NewReport, ProcessedCrash, QueueForProcessing, Selection,
    TimeRange,
};

use super::proxy::{Proxy, Traffic};
use crate::socorro::{metadata, ooid, own_tables};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(twice_the_crashes_take_no_more_scans),
        Test::new(signatures_are_counted_without_what_was_made_of_crashes),
    ]
}

const DUMP: &[u8] = &[b'M'; 8 * 1024];
const CRASHES: usize = 1000;
/// How many rows share a call.
const BATCH: usize = 256;
/// How often is read what is measured.
const ATTEMPTS: usize = 5;

fn submit(store: &CrashStore, numbers: std::ops::Range<usize>) {
    let crashes: Vec<_> = numbers
        .map(|number| {
            let (salt, minute) = (number % 16, number % 60);
            let crash = ooid(&format!("{salt:x}{number:07x}-ca11-4bbb-8ccc-ddddd2210101"));
            let json = format!(r#"{{"submitted_timestamp": "2021-01-01T01:{minute:02}:00"}}"#);
            (crash, metadata(&json))
        })
        .collect();
    for crashes in crashes.chunks(100) {
        let reports: Vec<_> = crashes
            .iter()
            .map(|(ooid, json)| NewReport::new(ooid, json, Dumps::new(DUMP)))
            .collect();
        for result in store.put_raw_reports(&reports, QueueForProcessing::Yes).unwrap() {
            result.unwrap();
        }
    }
}

/// By which scanners are opened, closed, and rows got, on Thrift 1 and on Thrift 2. A page is both opened and
/// closed.
const OPENS: &[&str] = &["scannerOpenWithScan", "openScanner", "getScannerResults"];
const CLOSES: &[&str] = &["scannerClose", "closeScanner", "getScannerResults"];
const GETS: &[&str] = &[
    "getRowWithColumns",
    "getRow",
    "getRows",
    "getRowsWithColumns",
    "getRowsTs",
    "getRowsWithColumnsTs",
    "get",
    "getMultiple",
];

/// Calls of methods, by table.
fn by_table<'a>(traffic: &'a Traffic, methods: &[&str]) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for ((name, table), count) in &traffic.calls {
        if methods.contains(&name.as_str()) {
            *counts.entry(table.as_str()).or_default() += count;
        }
    }
    counts
}

fn twice_the_crashes_take_no_more_scans(server: &Server) {
    let (tables, direct) = own_tables(server, "calls");
    let proxy = Proxy::start(&server.store_url());
    let store = proxy.store(tables.name());
    let mut of_checks = Vec::new();
    let mut of_exports = Vec::new();
    for crashes in [CRASHES, 2 * CRASHES] {
        submit(&direct, crashes - CRASHES..crashes);
        let traffic = traffic_of(&proxy, tables.name(), || {
            let options = CheckOptions::new().settled_for(Duration::ZERO);
            assert_eq!(store.check(&options).map(Result::unwrap).collect::<Vec<_>>(), []);
        });
        assert_check(&traffic, crashes, server.has_stores_over_thrift2());
        of_checks.push(traffic);

        let traffic = traffic_of(&proxy, tables.name(), || {
            let folder = tempfile::tempdir().unwrap();
            let selection = Selection::Submitted(TimeRange::within("2021-01-01"));
            let export = store.export_to_folder(&selection, folder.path()).unwrap();
            assert_eq!(export.map(Result::unwrap).count(), crashes);
        });
        assert!(traffic.replied > crashes * DUMP.len());
        of_exports.push(traffic);

        traffic_of(&proxy, tables.name(), || {
            // One batch of several.
            let mut check = store.check(&CheckOptions::new());
            assert!(check.next_batch().unwrap().is_some());
        });
    }
    for [once, twice] in [of_checks, of_exports].map(|both| <[Traffic; 2]>::try_from(both).unwrap())
    {
        let scans = |traffic: &Traffic| -> BTreeMap<String, usize> {
            let scans = by_table(traffic, OPENS).into_iter();
            scans.map(|(table, count)| (table.to_owned(), count)).collect()
        };
        assert_eq!(scans(&once), scans(&twice));
        // Everything that isn't made once for all is made once for many.
        let all = |traffic: &Traffic| traffic.calls.values().sum::<usize>();
        assert!(all(&twice) <= 2 * all(&once), "{} and {}", all(&once), all(&twice));
    }
}

fn signatures_are_counted_without_what_was_made_of_crashes(server: &Server) {
    const LONG: usize = 200_000;
    let (tables, direct) = own_tables(server, "counted");
    submit(&direct, 0..2);
    let range = TimeRange::within("2021-01-01");
    let ids: Vec<_> = direct.scan_submitted(&range).unwrap().map(|it| it.unwrap().id).collect();
    let text = "x".repeat(LONG);
    let json = format!(r#"{{"signature": "s", "completeddatetime": "2021", "text": "{text}"}}"#);
    direct.put_processed(&ids[0], &ProcessedCrash::from_json(json).unwrap()).unwrap();
    let proxy = Proxy::start(&server.store_url());
    let store = proxy.store(tables.name());
    let traffic = traffic_of(&proxy, tables.name(), || {
        let counts = store.count_by_signature(&range).unwrap();
        assert_eq!((counts[&Some("s".to_owned())], counts[&None]), (1, 1));
    });
    assert!(traffic.replied < LONG / 4, "{} bytes", traffic.replied);
}

/// Calls of methods.
fn count(traffic: &Traffic, methods: &[&str]) -> usize {
    by_table(traffic, methods).values().sum()
}

/// What passes while something is read. A client gives up a connection on which a reply is late that takes
/// no time, as on a machine that is busy, and then opens its scanners anew on another one: how often a
/// table is scanned shows only where that didn't happen.
fn traffic_of(proxy: &Proxy, prefix: &str, read: impl Fn()) -> Traffic {
    for _ in 0..ATTEMPTS {
        let ended = proxy.ended();
        proxy.take_traffic(prefix);
        read();
        let mut traffic = proxy.take_traffic(prefix);
        // What is read to its end is closed, and so is what is dropped before, without waiting for it.
        let mut patience = 100;
        while count(&traffic, OPENS) != count(&traffic, CLOSES) && patience > 0 {
            patience -= 1;
            thread::sleep(Duration::from_millis(20));
            let late = proxy.take_traffic(prefix);
            traffic.replied += late.replied;
            for (call, times) in late.calls {
                *traffic.calls.entry(call).or_default() += times;
            }
        }
        if proxy.ended() == ended {
            let [opened, closed] = [OPENS, CLOSES].map(|methods| count(&traffic, methods));
            assert_eq!(closed, opened, "scanners closed and opened");
            return traffic;
        }
    }
    panic!("connections ended in each of {ATTEMPTS} attempts");
}

fn assert_check(traffic: &Traffic, crashes: usize, has_pages: bool) {
    // All but the dumps: a crash has a few hundred bytes in each of its five rows.
    assert!(traffic.replied < crashes * DUMP.len() / 2, "{} bytes", traffic.replied);
    let scans = by_table(traffic, OPENS);
    assert_eq!(scans.len(), 12, "all tables but the one of whole signatures: {scans:?}");
    for (table, count) in &scans {
        // The index of times is read in the order of time: a scanner for each of the 16 salts, none of which
        // reads what another reads, or a page with its rows and one without any; and those that look for
        // others, a row each.
        let is_of_times = *table == "crash_reports_index_submitted_time";
        let of_salts = if has_pages { 2 * 16 } else { 16 };
        let most = if is_of_times { of_salts + 3 } else { 1 };
        assert!(*count <= most, "{table} was scanned {count} times");
    }
    let gets = count(traffic, GETS);
    // For each batch: rows that name the crashes, their crashes, and rows of before they were salted.
    let batches = crashes.div_ceil(BATCH);
    assert!(gets <= batches * 24, "{gets} gets for {batches} batches");
}
