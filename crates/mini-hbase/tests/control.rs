//! The control address, seeds and resets.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hbase_thrift_api::{IOError, THbaseSyncClient};
use mini_hbase::{Fault, HBaseTiming, MiniHBase, StartError, VirtualClock, When};
use support::{bytes, client, client_with_table, keys, none, put, socket, value};

const SEEDS: &str = r#"
{"table": "t", "families": ["f", {"name": "g", "max_versions": 1, "time_to_live": 60}]}
{"table": "t", "row": "r1", "cells": {"f:x": "v", "f:n": {"counter": 5}}}

{"table": "t", "row": {"hex": "00ff"}, "cells": [{"column": {"hex": "663a00"}, "value": {"hex": "80"}}]}
{"table": "t", "row": "r2", "cells": {"f:x": {"value": "old", "timestamp": 7}, "g:y": "new"}}
"#;

/// A status and JSON.
fn call(server: &MiniHBase, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
    let url = server.control_url().unwrap();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut socket = socket(address);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    socket.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

fn do_it(server: &MiniHBase, method: &str, path: &str, body: &str) {
    let (status, json) = call(server, method, path, body);
    assert_eq!(status, 200, "{method} {path} {body}: {json}");
}

fn controlled() -> MiniHBase {
    MiniHBase::builder().control("127.0.0.1:0").seed(SEEDS).start().unwrap()
}

fn rows(server: &MiniHBase) -> Vec<String> {
    let mut raw = client(server);
    let scanner = raw.scanner_open(bytes("t"), bytes("r"), Vec::new(), none()).unwrap();
    keys(raw.scanner_get_list(scanner, 100).unwrap())
}

#[test]
fn a_server_begins_with_its_seeds() {
    let server = MiniHBase::builder().seed(SEEDS).start().unwrap();
    let mut raw = client(&server);
    assert_eq!(value(&mut raw, "r1", "f:x").as_deref(), Some("v"));
    assert_eq!(raw.atomic_increment(bytes("t"), bytes("r1"), bytes("f:n"), 1).unwrap(), 6);
    let cells = raw.get(bytes("t"), vec![0, 255], vec![b'f', b':', 0], none()).unwrap();
    assert_eq!(cells[0].value, Some(vec![0x80]));
    let cells = raw.get(bytes("t"), bytes("r2"), bytes("f:x"), none()).unwrap();
    assert_eq!((cells[0].value.as_deref(), cells[0].timestamp), (Some(&b"old"[..]), Some(7)));
    let families = raw.get_column_descriptors(bytes("t")).unwrap();
    assert_eq!(families[&b"g:"[..]].time_to_live, Some(60));
}

#[test]
fn what_is_no_seed_is_refused_with_its_line() {
    for (lines, reason) in [
        ("\n{\"table\": \"t\"}", "line 2: a line has"),
        ("{\"table\": \"t\", \"families\": [\"f\"], \"famlies\": 1}", "line 1: unknown field"),
        ("{\"table\": \"t\", \"families\": []}", "line 1: org.apache"),
        (
            "\n{\"table\": \"t\", \"row\": \"r\", \"cells\": {\"f:x\": \"v\"}}",
            "line 2: org.apache.hadoop.hbase.TableNotFoundException",
        ),
        ("{\"table\": \"t\", \"row\": {\"hex\": \"0\"}, \"cells\": {}}", "'0' is no even number"),
    ] {
        let error = MiniHBase::builder().seed(lines).start().unwrap_err();
        assert!(matches!(error, StartError::Seed(_)), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_store_that_is_opened_again_is_not_seeded_again() {
    let folder = tempfile::tempdir().unwrap();
    let builder = MiniHBase::builder().store(folder.path().join("store")).seed(SEEDS);
    let server = builder.clone().start().unwrap();
    put(&mut client(&server), "r1", "f:x", "changed").unwrap();
    server.stop();
    let server = builder.start().unwrap();
    assert_eq!(value(&mut client(&server), "r1", "f:x").as_deref(), Some("changed"));
}

#[test]
fn a_table_that_its_seeds_name_twice_has_the_rows_of_both() {
    let more = r#"
        {"table": "t", "families": ["f"]}
        {"table": "t", "row": "r3", "cells": {"f:x": "v"}}
    "#;
    let server = MiniHBase::builder().seed(SEEDS).seed(more).start().unwrap();
    assert_eq!(rows(&server), ["r1", "r2", "r3"]);
    server.reset().unwrap();
    assert_eq!(rows(&server), ["r1", "r2", "r3"]);
}

#[test]
fn no_seed_changes_a_table_that_a_store_has_already() {
    let folder = tempfile::tempdir().unwrap();
    let builder = MiniHBase::builder().store(folder.path().join("store"));
    let server = builder.clone().start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r1", "f:x", "mine").unwrap();
    server.stop();
    // Rows without their table's line, and a name with the namespace.
    for table in ["t", "default:t"] {
        let row = r#"{"table": "T", "row": "r1", "cells": {"f:x": "seed"}}"#;
        let server = builder.clone().seed(row.replace('T', table)).start().unwrap();
        assert_eq!(value(&mut client(&server), "r1", "f:x").as_deref(), Some("mine"));
    }
}

#[test]
fn a_start_whose_seeds_are_refused_leaves_nothing_that_the_next_one_takes_for_old() {
    let folder = tempfile::tempdir().unwrap();
    let builder = MiniHBase::builder().store(folder.path().join("store"));
    let server = builder.clone().start().unwrap();
    client(&server).create_table(bytes("kept"), vec![support::family("f")]).unwrap();
    server.stop();
    let bad = r#"
        {"table": "t", "families": ["f"]}
        {"table": "t", "row": "r1", "cells": {"no:x": "v"}}
    "#;
    let error = builder.clone().seed(bad).start().unwrap_err();
    assert!(error.to_string().contains("NoSuchColumnFamilyException"), "{error}");
    let server = builder.seed(SEEDS).start().unwrap();
    assert_eq!(rows(&server), ["r1", "r2"]);
    assert_eq!(client(&server).get_table_names().unwrap(), [bytes("kept"), bytes("t")]);
}

#[test]
fn resets_at_once_and_under_load_leave_the_seeds() {
    const RESETS: usize = 5;
    for builder in support::both() {
        let server = builder.control("127.0.0.1:0").seed(SEEDS).start().unwrap();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let loads: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let mut raw = client(&server);
                        while !is_over.load(Ordering::SeqCst) {
                            // With a reset in between, any of them may be refused.
                            let _ = raw.create_table(bytes("u"), vec![support::family("f")]);
                            let _ = raw.disable_table(bytes("u"));
                            let _ = raw.enable_table(bytes("u"));
                            let _ = put(&mut raw, "r9", "f:x", "v");
                            raw.get_cluster_id().unwrap();
                        }
                    })
                })
                .collect();
            let resets: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..RESETS {
                            do_it(&server, "POST", "/reset", "");
                        }
                    })
                })
                .collect();
            let resets: Vec<_> = resets.into_iter().map(thread::ScopedJoinHandle::join).collect();
            is_over.store(true, Ordering::SeqCst);
            assert!(resets.iter().all(Result::is_ok), "a reset failed");
            for load in loads {
                load.join().unwrap();
            }
        });
        do_it(&server, "POST", "/reset", "");
        assert_eq!(rows(&server), ["r1", "r2"]);
        assert_eq!(client(&server).get_table_names().unwrap(), [bytes("t")]);
    }
}

#[test]
fn the_control_address_is_reached_when_clients_have_all_connections() {
    let server = MiniHBase::builder().control("127.0.0.1:0").max_connections(3).start().unwrap();
    let mut clients: Vec<_> = (0..3).map(|_| client(&server)).collect();
    for raw in &mut clients {
        raw.get_cluster_id().unwrap();
    }
    client(&server).get_cluster_id().unwrap_err();
    do_it(&server, "POST", "/reset", "");
    // It has a bound of its own, and takes no place from the clients.
    let url = server.control_url().unwrap();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    drop(clients.pop());
    support::wait_until(|| client(&server).get_cluster_id().is_ok());
    let held: Vec<_> = (0..100).map(|_| socket(address)).collect();
    support::wait_until(|| client(&server).get_cluster_id().is_ok());
    let mut last = held.into_iter().next_back().unwrap();
    assert_eq!(last.read(&mut [0]).unwrap_or(0), 0, "the hundredth is closed");
}

#[test]
fn a_clock_shows_no_time_that_no_cell_can_have() {
    for time in [-5, i64::MIN] {
        let clock = VirtualClock::new(time);
        let builder = MiniHBase::builder().timing(HBaseTiming::Exact).clock(clock.clone());
        let server = builder.start().unwrap();
        let mut raw = client_with_table(&server);
        clock.set(time);
        put(&mut raw, "r", "f:x", "v").unwrap();
        let cells = raw.get(bytes("t"), bytes("r"), bytes("f:x"), none()).unwrap();
        assert_eq!(cells[0].timestamp, Some(0));
    }
}

#[test]
fn a_reset_makes_everything_as_at_the_start() {
    let clock = VirtualClock::new(1_000_000);
    let builder = MiniHBase::builder().clock(clock.clone()).seed(SEEDS);
    let server = builder.fault(When::nth("getRow", 1), Fault::DropBefore).start().unwrap();
    let mut raw = client(&server);
    raw.create_table(bytes("other"), vec![support::family("f")]).unwrap();
    raw.disable_table(bytes("other")).unwrap();
    put(&mut raw, "r3", "f:x", "v").unwrap();
    raw.delete_all_row(bytes("t"), bytes("r1"), none()).unwrap();
    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
    clock.advance(Duration::from_hours(1));
    client(&server).get_row(bytes("t"), bytes("r1"), none()).unwrap_err();
    raw.get_row(bytes("t"), bytes("r1"), none()).unwrap();

    server.reset().unwrap();
    assert_eq!(raw.get_table_names().unwrap(), [bytes("t")]);
    assert_eq!(rows(&server), ["r1", "r2"]);
    assert_eq!(clock.now_millis(), 1_000_000);
    raw.scanner_get(scanner).unwrap_err();
    raw.get_row(bytes("t"), bytes("r1"), none()).unwrap_err();
}

#[test]
fn faults_are_set_and_taken_back() {
    let server = controlled();
    do_it(&server, "POST", "/faults", r#"{"method": "getRow", "nth": 2, "fault": "drop_before"}"#);
    let throw = r#"{"throw": {"io": {"message": "org.x.Busy: no", "can_retry": true}}}"#;
    do_it(
        &server,
        "POST",
        "/faults",
        &format!(r#"{{"method": "get", "first": 1, "fault": {throw}}}"#),
    );
    let mut raw = client(&server);
    raw.get_row(bytes("t"), bytes("r1"), none()).unwrap();
    raw.get_row(bytes("t"), bytes("r1"), none()).unwrap_err();
    let mut raw = client(&server);
    let error = raw.get(bytes("t"), bytes("r1"), bytes("f:x"), none()).unwrap_err();
    let thrift::Error::User(error) = error else { panic!("{error}") };
    assert_eq!(error.downcast::<IOError>().unwrap().message.as_deref(), Some("org.x.Busy: no"));
    assert_eq!(value(&mut raw, "r1", "f:x").as_deref(), Some("v"));

    do_it(&server, "POST", "/faults", r#"{"fault": {"delay_ms": 30}}"#);
    let start = std::time::Instant::now();
    raw.get_cluster_id().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(30));
    do_it(&server, "POST", "/faults", r#"{"fault": "drop_after"}"#);
    raw.get_cluster_id().unwrap_err();
    do_it(&server, "DELETE", "/faults", "");
    client(&server).get_cluster_id().unwrap();
    do_it(&server, "POST", "/connections", r#"{"refuse": true}"#);
    client(&server).get_cluster_id().unwrap_err();
    do_it(&server, "POST", "/connections", r#"{"refuse": false}"#);
    client(&server).get_cluster_id().unwrap();
    let (_, state) = call(&server, "GET", "/", "");
    assert_eq!(state["calls"]["getRow"], 2);
    assert_eq!(state["urls"][0], server.url());
}

#[test]
fn clock_scanners_seeds_and_reset() {
    let server = controlled();
    let mut raw = client(&server);
    do_it(&server, "POST", "/clock", r#"{"set_ms": 5000}"#);
    put(&mut raw, "r9", "g:y", "v").unwrap();
    let cells = raw.get(bytes("t"), bytes("r9"), bytes("g:y"), none()).unwrap();
    assert_eq!(cells[0].timestamp, Some(5_000));
    do_it(&server, "POST", "/clock", r#"{"advance_ms": 61000}"#);
    assert_eq!(value(&mut raw, "r9", "g:y"), None);
    do_it(&server, "POST", "/clock", r#"{"run": true}"#);
    let (_, before) = call(&server, "GET", "/", "");
    std::thread::sleep(Duration::from_millis(5));
    let (_, after) = call(&server, "GET", "/", "");
    assert!(after["time_ms"].as_i64() > before["time_ms"].as_i64());

    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
    do_it(&server, "POST", "/scanners/expire", "");
    raw.scanner_get(scanner).unwrap_err();
    let more = r#"{"table": "t", "row": "r5", "cells": {"f:x": "five"}}"#;
    do_it(&server, "POST", "/seed", more);
    assert!(rows(&server).contains(&"r5".to_owned()));
    do_it(&server, "POST", "/reset", "");
    assert_eq!(rows(&server), ["r1", "r2"]);
    let (_, state) = call(&server, "GET", "/", "");
    assert!(state["time_ms"].as_i64() > Some(1_700_000_000_000));
}

#[test]
fn what_is_no_control_call_changes_nothing() {
    let server = controlled();
    for (method, path, body, status) in [
        ("GET", "/nothing", "", 404),
        ("PUT", "/reset", "", 404),
        ("POST", "/faults", "{}", 400),
        ("POST", "/faults", r#"{"nth": 0, "fault": "drop_before"}"#, 400),
        ("POST", "/faults", r#"{"nth": 1, "first": 1, "fault": "drop_before"}"#, 400),
        ("POST", "/faults", r#"{"fault": "explode"}"#, 400),
        ("POST", "/clock", r#"{"advance_ms": -1}"#, 400),
        ("POST", "/seed", "{\"table\": 1}", 400),
    ] {
        let (found, json) = call(&server, method, path, body);
        assert_eq!(found, status, "{method} {path} {body}: {json}");
        assert!(json["error"].is_string(), "{json}");
    }
    assert_eq!(call(&server, "GET", "/health", "").0, 200);
    client(&server).get_cluster_id().unwrap();

    // A web page is refused here too.
    let url = server.control_url().unwrap();
    let mut page = socket(url.trim_start_matches("http://").trim_end_matches('/'));
    page.write_all(b"POST /reset HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.test\r\nContent-Length: 0\r\n\r\n").unwrap();
    let mut reply = String::new();
    page.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 403"), "{reply}");
}

#[test]
fn there_is_no_control_address_unless_one_is_asked_for() {
    let server = MiniHBase::start().unwrap();
    client_with_table(&server);
    assert_eq!(server.control_url(), None);
}
