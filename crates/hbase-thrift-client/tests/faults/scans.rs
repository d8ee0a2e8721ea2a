//! Scans: every row once, or an error, whatever the batches, the gateways and the connections do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{ErrorKind, Get, Outcome, Put, Result, Row, Scan};
use mini_hbase::{Exception, Fault, When};

use crate::support::proxy::Direction;
use crate::support::stub::{Asked, Say, Stub, row};
use crate::support::valve::Valve;
use crate::{SLACK, config, connect, exact, fill, keys, within};

fn seen(rows: impl Iterator<Item = Result<Row>>) -> Vec<String> {
    rows.map(|row| row.unwrap().key().escape_ascii().to_string()).collect()
}

fn is_all(seen: &[String], rows: usize) -> bool {
    seen.iter().cloned().eq(keys(rows))
}

/// A gateway with so many rows that hands out as many at once as `size` says of what is asked for, and
/// refuses a fetch where that is none.
fn gateway(rows: usize, size: impl Fn(usize) -> usize + Send + Sync + 'static) -> Stub {
    gateway_of(rows, b"1".to_vec(), size)
}

/// As [`gateway`], with this value in each row.
fn gateway_of(
    rows: usize,
    value: Vec<u8>,
    size: impl Fn(usize) -> usize + Send + Sync + 'static,
) -> Stub {
    let scanners: Mutex<BTreeMap<i64, (usize, usize)>> = Mutex::default();
    let opened = AtomicUsize::new(0);
    let place = move |key: Option<&Vec<u8>>, open: usize| match key {
        Some(key) if !key.is_empty() => keys(rows).filter(|row| row.as_bytes() < &key[..]).count(),
        _ => open,
    };
    Stub::start(move |asked| {
        let mut scanners = scanners.lock().unwrap();
        match asked.method.as_str() {
            "scannerOpenWithScan" => {
                let id = opened.fetch_add(1, Ordering::SeqCst) as i64;
                let range = (place(asked.bytes.get(&101), 0), place(asked.bytes.get(&102), rows));
                scanners.insert(id, range);
                Say::I32(id as i32)
            }
            "scannerGetList" => {
                let Some((from, end)) = scanners.get_mut(&asked.numbers[&1]) else {
                    return Say::Throw("org.apache.hadoop.hbase.UnknownScannerException: x".into());
                };
                let wanted = (asked.numbers[&2] as usize).min(*end - *from);
                let count = size(asked.numbers[&2] as usize).min(wanted);
                if count == 0 && wanted > 0 {
                    let message = "the answer would have more than 9 bytes";
                    return Say::Throw(format!(
                        "org.apache.hadoop.hbase.DoNotRetryIOException: {message}"
                    ));
                }
                let range = *from..*from + count;
                *from += count;
                Say::Rows(range.map(|number| row(&format!("row{number:04}"), &value)).collect())
            }
            "scannerClose" => {
                scanners.remove(&asked.numbers[&1]);
                Say::Void
            }
            _ => Say::Close,
        }
    })
}

#[test]
fn two_hundred_rows_of_one_mebibyte_come_with_the_defaults() {
    let server = exact().max_memory(1 << 30).start().unwrap();
    let table = fill(&server, 0);
    let value = vec![b'x'; 1 << 20];
    for key in keys(200) {
        table.put(&Put::new(key).column("f:x", value.as_slice())).unwrap();
    }
    assert!(is_all(&seen(table.scan(Scan::new()).unwrap()), 200));
    assert_eq!(table.scan(Scan::new().reversed()).unwrap().count_rows().unwrap(), 200);
}

#[test]
fn a_short_batch_is_not_the_end() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    fastrand::seed(seed);
    for round in 0..60 {
        let (rows, caching) = (fastrand::usize(0..40), fastrand::u32(1..12));
        let stub_seed = fastrand::u64(..);
        let luck = Mutex::new(fastrand::Rng::with_seed(stub_seed));
        let stub = gateway(rows, move |asked| luck.lock().unwrap().usize(1..=asked));
        let table = connect(config(&[stub.address()])).table("t");
        let limit = fastrand::bool().then(|| fastrand::u64(1..50));
        let scan = Scan::new().caching(caching).read_ahead(fastrand::bool());
        let scan = limit.into_iter().fold(scan, Scan::limit);
        let expected = rows.min(limit.map_or(rows, |limit| limit as usize));
        let got = seen(table.scan(scan.clone()).unwrap());
        assert!(is_all(&got, expected), "round {round}: {scan:?} saw {got:?} of {rows}");
    }
}

/// The end is asked for together with the closing, so a scan costs no more round trips than one that
/// takes a short batch for the end.
#[test]
fn the_last_fetch_and_the_closing_go_out_together() {
    let stub = gateway(7, |asked| asked);
    let valve = Valve::start(stub.address());
    let table = connect(config(&[valve.address()])).table("t");
    let before = valve.requests();
    assert!(is_all(&seen(table.scan(Scan::new().caching(5).read_ahead(false)).unwrap()), 7));
    while stub.calls("scannerClose") == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    // To open it, and three fetches.
    assert_eq!(valve.requests() - before, 4);
    // What is closed is not waited for; the next call comes after it.
    assert!(is_all(&seen(table.scan(Scan::new().caching(5).limit(1)).unwrap()), 1));
    let methods: Vec<_> = stub.asked().into_iter().map(|asked| asked.method).collect();
    assert_eq!(
        methods[..5],
        [
            "scannerOpenWithScan",
            "scannerGetList",
            "scannerGetList",
            "scannerGetList",
            "scannerClose"
        ]
    );
}

/// From the second full batch on, a gateway has the next request before its answer is taken in: this one gives
/// no answer to the third before the fourth has come.
#[test]
fn a_gateway_does_not_wait_for_the_next_request_of_a_long_scan() {
    let valve = Arc::new(OnceLock::<Valve>::new());
    let (at_third, third) = mpsc::channel();
    let fetches = AtomicUsize::new(0);
    let came_early = Arc::new(AtomicBool::new(false));
    let stub = gateway(100, {
        let (valve, came_early) = (Arc::clone(&valve), Arc::clone(&came_early));
        move |asked| {
            if fetches.fetch_add(1, Ordering::SeqCst) == 2 {
                let requests = || valve.get().unwrap().requests();
                let (before, began) = (requests(), Instant::now());
                at_third.send(()).unwrap();
                while requests() == before && began.elapsed() < Duration::from_secs(5) {
                    thread::sleep(Duration::from_millis(1));
                }
                came_early.store(requests() > before, Ordering::SeqCst);
            }
            asked
        }
    });
    let valve = valve.get_or_init(|| Valve::start(stub.address()));
    let table = connect(config(&[valve.address()])).table("t");
    let mut rows = table.scan(Scan::new().caching(5)).unwrap();
    let mut found: Vec<_> = rows.by_ref().take(10).collect();
    third.recv().unwrap();
    found.extend(rows);
    assert!(came_early.load(Ordering::SeqCst));
    assert!(is_all(&seen(found.into_iter()), 100));
    // Behind the last full batch, at most one more than to find the end.
    assert!(stub.calls("scannerGetList") <= 22, "{}", stub.calls("scannerGetList"));
}

/// What a refused fetch has behind it on its way moves the scanner.
#[test]
fn a_refusal_in_the_middle_of_a_long_scan_loses_no_row() {
    for refused in 1..30 {
        let asked_before = AtomicUsize::new(0);
        let stub = gateway(100, move |asked| {
            let number = asked_before.fetch_add(1, Ordering::SeqCst);
            if number == refused && asked > 1 { 0 } else { asked }
        });
        let table = connect(config(&[stub.address()])).table("t");
        let rows = table.scan(Scan::new().caching(5)).unwrap();
        assert!(is_all(&seen(rows), 100), "refused: {refused}");
    }
}

/// A refusal is no failed attempt, whatever was on its way behind it, or in front of it for others.
#[test]
fn a_refusal_costs_a_scan_no_attempt() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    fastrand::seed(seed);
    for round in 0..60 {
        let luck = Mutex::new(fastrand::Rng::with_seed(fastrand::u64(..)));
        let stub = gateway(40, move |asked| {
            let mut luck = luck.lock().unwrap();
            if asked > 1 && luck.bool() { 0 } else { luck.usize(1..=asked) }
        });
        let once = config(&[stub.address()]).max_attempts(1).max_connections(1);
        let table = connect(once).table("t");
        let scan = Scan::new().caching(fastrand::u32(1..12));
        let (rows, mut others) = (table.scan(scan.clone()).unwrap(), Vec::new());
        let mut got = Vec::new();
        for row in rows {
            got.push(row);
            // Others on the same connection are begun, and dropped with their rows on their way.
            match fastrand::u8(0..8) {
                0 => {
                    let mut other = table.scan(scan.clone()).unwrap();
                    other.next().unwrap().unwrap();
                    others.push(other);
                }
                1 if !others.is_empty() => {
                    drop(others.swap_remove(fastrand::usize(..others.len())));
                }
                _ => {}
            }
        }
        let failed = got.iter().find_map(|row| row.as_ref().err());
        assert!(failed.is_none(), "round {round}: {scan:?}: {failed:?}");
        assert!(is_all(&seen(got.into_iter()), 40), "round {round}: {scan:?}");
    }
}

/// The rows are so large that nothing is asked for behind them; another scanner is closed there.
#[test]
fn a_refusal_with_a_reply_to_another_scanner_behind_it_leaves_the_connection() {
    let fetches = AtomicUsize::new(0);
    let stub = gateway_of(20, vec![b'x'; 200 << 10], move |asked| {
        // Two of the other scanner, and the first of the scan itself.
        if fetches.fetch_add(1, Ordering::SeqCst) == 3 { 0 } else { asked }
    });
    let once = config(&[stub.address()]).max_attempts(1).max_connections(1);
    let client = connect(once);
    let table = client.table("t");
    let scan = || table.scan(Scan::new().caching(2)).unwrap();
    let (mut other, mut rows) = (scan(), scan());
    other.next().unwrap().unwrap();
    let mut seen = seen(rows.by_ref().take(2));
    drop(other);
    seen.extend(self::seen(rows));
    assert!(is_all(&seen, 20), "{seen:?}");
    assert_eq!(stub.calls("scannerOpenWithScan"), 2);
}

#[test]
fn an_answer_that_would_be_too_large_is_asked_for_again_with_half_the_rows() {
    for (most, read_ahead) in [(1, true), (1, false), (3, true), (30, false), (99, true)] {
        let stub = gateway(150, move |asked| if asked > most { 0 } else { asked });
        let table = connect(config(&[stub.address()])).table("t");
        let rows = table.scan(Scan::new().read_ahead(read_ahead)).unwrap();
        assert!(is_all(&seen(rows), 150), "at most {most} at once");
        let refused =
            |asked: &&Asked| asked.method == "scannerGetList" && asked.numbers[&2] as usize > most;
        let refusals = stub.asked().iter().filter(refused).count();
        assert!(refusals <= 9, "{refusals} refusals at {most}");
    }
}

#[test]
fn one_row_that_is_too_large_is_an_error_that_says_where() {
    let stub = gateway(9, |_| 0);
    let table = connect(config(&[stub.address()])).table("t");
    let error = table.scan(Scan::new()).unwrap().count_rows().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLarge, Outcome::NotApplied));
}

#[test]
fn scanners_that_expire_are_opened_again_after_the_last_row() {
    let server = exact().start().unwrap();
    fill(&server, 50);
    let table = connect(config(&[server.address()])).table("t");
    for read_ahead in [false, true] {
        server.fault(When::nth("scannerGetList", 3), Fault::ExpireScanners);
        server.fault(When::nth("scannerGetList", 5), Fault::ExpireScanners);
        let scan = Scan::new().caching(5).read_ahead(read_ahead);
        assert!(is_all(&seen(table.scan(scan).unwrap()), 50), "read ahead: {read_ahead}");
        server.clear_faults();
    }
}

#[test]
fn a_reader_that_takes_longer_than_connections_are_kept_misses_nothing() {
    let server = exact().start().unwrap();
    fill(&server, 20);
    for read_ahead in [false, true] {
        let config = config(&[server.address()]).idle_timeout(Duration::from_millis(100));
        let table = connect(config).table("t");
        let mut rows = table.scan(Scan::new().caching(4).read_ahead(read_ahead)).unwrap();
        let mut seen: Vec<String> = seen(rows.by_ref().take(4));
        thread::sleep(Duration::from_millis(250));
        within(SLACK, || seen.extend(self::seen(rows)));
        assert!(is_all(&seen, 20), "{seen:?}");
    }
}

#[test]
fn a_scan_that_fails_is_retryable_and_says_where_it_stopped() {
    let server = exact().start().unwrap();
    fill(&server, 10);
    let config = config(&[server.address()]).max_attempts(2);
    let table = connect(config).table("t");
    let busy = "org.apache.hadoop.hbase.RegionTooBusyException: full".to_owned();
    let fault = Fault::Throw(Exception::Io { message: busy, can_retry: Some(true) });
    let mut rows = table.scan(Scan::new().caching(2).read_ahead(false)).unwrap();
    rows.by_ref().take(2).for_each(|row| drop(row.unwrap()));
    server.fault(When::every("scannerGetList"), fault);
    let error = rows.next().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RegionTooBusy, Outcome::NotApplied));
    assert_eq!((error.attempts(), error.last_row()), (2, Some(&b"row0001"[..])));
    assert!(error.is_retryable());
    assert!(rows.next().is_none());
}

#[test]
fn counting_rows_counts_no_error() {
    let server = exact().start().unwrap();
    fill(&server, 3);
    let client = connect(config(&[server.address()]));
    assert_eq!(client.table("t").scan(Scan::new()).unwrap().count_rows().unwrap(), 3);
    let missing = client.table("missing");
    let kind = |counted: Result<u64>| counted.unwrap_err().kind();
    assert_eq!(kind(missing.scan(Scan::new()).unwrap().count_rows()), ErrorKind::TableNotFound);
    let union = missing.scan_union(["a", "b"], Scan::new()).unwrap();
    assert_eq!(kind(union.count_rows()), ErrorKind::TableNotFound);
    let merge = missing.scan_merge(["a", "b"], Scan::new()).unwrap();
    assert_eq!(kind(merge.count_rows()), ErrorKind::TableNotFound);
}

#[test]
fn a_scan_from_a_row_to_itself_has_no_row() {
    let server = exact().start().unwrap();
    let table = fill(&server, 3);
    for scan in [Scan::new(), Scan::new().reversed()] {
        let scan = scan.start("row0001").stop("row0001");
        assert!(seen(table.scan(scan).unwrap()).is_empty());
    }
}

/// A scanner from the key behind the last row to that key itself would be a get of the excluded row.
#[test]
fn going_on_after_the_last_row_before_the_stop_does_not_deliver_the_stop() {
    let server = exact().start().unwrap();
    let table = fill(&server, 0);
    for key in [&b"a"[..], b"b", b"b\0", b"c"] {
        table.put(&Put::new(key).column("f:x", "1")).unwrap();
    }
    let table = connect(config(&[server.address()])).table("t");
    for read_ahead in [false, true] {
        server.fault(When::nth("scannerGetList", 3), Fault::ExpireScanners);
        let scan = Scan::new().stop(&b"b\0"[..]).caching(1).read_ahead(read_ahead);
        assert_eq!(seen(table.scan(scan).unwrap()), ["a", "b"]);
        server.clear_faults();
    }
}

#[test]
fn merges_and_unions_need_no_connection_each() {
    let server = exact().start().unwrap();
    let table = fill(&server, 0);
    let salts: Vec<String> = (0..8).map(|salt| format!("{salt}-")).collect();
    for salt in &salts {
        for number in 0..40 {
            table.put(&Put::new(format!("{salt}{number:02}")).column("f:x", "1")).unwrap();
        }
    }
    let scan = || Scan::new().caching(3);
    for (connections, scans) in [(16, 3), (2, 1), (1, 3), (1, 1)] {
        let config = config(&[server.address()]).max_connections(connections);
        let table = connect(config).table("t");
        within(Duration::from_secs(20), || {
            thread::scope(|scope| {
                for _ in 0..scans {
                    scope.spawn(|| {
                        let merge = table.scan_merge(salts.clone(), scan()).unwrap();
                        let keys: Vec<_> = seen(merge);
                        assert!(keys.is_sorted_by_key(|key| key[2..].to_owned()));
                        assert_eq!(keys.len(), 8 * 40);
                        let union = table.scan_union(salts.clone(), scan()).unwrap();
                        assert_eq!(union.count_rows().unwrap(), 8 * 40);
                    });
                }
            });
        });
    }
    // By turns and by hand, with gets in between, all on one connection.
    let config = config(&[server.address()]).max_connections(1);
    let table = connect(config).table("t");
    let mut open: Vec<_> =
        salts.iter().map(|salt| table.scan(scan().prefix(salt.as_str())).unwrap()).collect();
    within(Duration::from_secs(20), || {
        for _ in 0..40 {
            for rows in &mut open {
                rows.next().unwrap().unwrap();
                table.get(&Get::new("0-01")).unwrap().unwrap();
            }
        }
    });
    assert!(open.iter_mut().all(|rows| rows.next().is_none()));
}

#[test]
fn dropping_a_scanner_waits_for_nobody() {
    let server = exact().start().unwrap();
    fill(&server, 50);
    for read_ahead in [false, true] {
        let valve = Valve::start(server.address());
        let table = connect(config(&[valve.address()])).table("t");
        let mut rows = table.scan(Scan::new().caching(2).read_ahead(read_ahead)).unwrap();
        rows.next().unwrap().unwrap();
        valve.stop(Direction::Requests, true);
        valve.stop(Direction::Replies, true);
        within(Duration::from_millis(500), || drop(rows));
        valve.stop(Direction::Requests, false);
        valve.stop(Direction::Replies, false);
    }
}

/// A gateway that takes forever to close a scanner holds up nobody else, alone or beside another.
#[test]
fn a_scanner_that_is_closed_slowly_holds_up_no_other_call() {
    for others in [0, 1] {
        let hangs = |asked: &Asked| match asked.method.as_str() {
            "scannerOpenWithScan" => Say::I32(1),
            "scannerGetList" => Say::Rows(vec![]),
            "scannerClose" => Say::Hang,
            _ => Say::Rows(vec![row("r", b"1")]),
        };
        let stubs: Vec<_> = (0..=others).map(|_| Stub::start(hangs)).collect();
        let addresses: Vec<_> = stubs.iter().map(Stub::address).collect();
        let table = connect(config(&addresses).max_connections(4)).table("t");
        within(Duration::from_secs(5), || {
            for _ in 0..3 {
                assert!(seen(table.scan(Scan::new()).unwrap()).is_empty());
                table.get(&Get::new("r")).unwrap().unwrap();
            }
        });
    }
}

/// The replies to scanners that share its connection come behind its own.
#[test]
fn a_scanner_that_is_closed_late_takes_no_other_with_it() {
    for read_ahead in [false, true] {
        let server = exact().start().unwrap();
        fill(&server, 30);
        let late = Fault::Delay(Duration::from_millis(400));
        server.fault(When::every("scannerClose"), late);
        let table = connect(config(&[server.address()]).max_connections(1)).table("t");
        let scan = || table.scan(Scan::new().caching(3).read_ahead(read_ahead)).unwrap();
        let mut rows = scan();
        let mut seen: Vec<_> = seen(rows.by_ref().take(3));
        scan().next().unwrap().unwrap();
        seen.extend(self::seen(rows));
        assert!(is_all(&seen, 30), "{seen:?}");
        assert_eq!(server.calls("scannerOpenWithScan"), 2);
    }
}

#[test]
fn a_scan_leaves_a_gateway_that_hangs() {
    let server = exact().start().unwrap();
    fill(&server, 30);
    for direction in [Direction::Requests, Direction::Replies] {
        for read_ahead in [false, true] {
            let valves = [Valve::start(server.address()), Valve::start(server.address())];
            let config = config(&valves.each_ref().map(Valve::address))
                .operation_timeout(Duration::from_secs(4));
            let table = connect(config).table("t");
            let mut rows = table.scan(Scan::new().caching(3).read_ahead(read_ahead)).unwrap();
            let mut seen: Vec<_> = seen(rows.by_ref().take(3));
            let used = valves.iter().max_by_key(|valve| valve.requests()).unwrap();
            used.stop(direction, true);
            within(Duration::from_secs(4), || seen.extend(self::seen(rows)));
            assert!(is_all(&seen, 30), "{direction:?}: {seen:?}");
            used.stop(direction, false);
        }
    }
}
