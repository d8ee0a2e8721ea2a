//! Servers that are stopped while they have much to do: everything acknowledged is there, all clients
//! get an end, and it takes no long time.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_api::{BatchMutation, THbaseSyncClient, TIncrement};
use mini_hbase::{Builder, Durability, Fault, MiniHBase, When};
use support::{Raw, bytes, client, client_with_table, mutation, none, socket, value};

/// However much there is to do.
const SOON: Duration = Duration::from_secs(10);
const WRITERS: usize = 6;

/// Calls until the server ends, which has to be an end, and neither a silence nor an exception.
fn until_the_end(mut call: impl FnMut() -> thrift::Result<()>) {
    loop {
        match call() {
            Ok(()) => {}
            Err(thrift::Error::Transport(error)) => {
                assert_ne!(error.kind, thrift::TransportErrorKind::TimedOut, "{error}");
                return;
            }
            // A client would take it for the server's last word.
            Err(error) => panic!("{error}"),
        }
    }
}

fn fill(raw: &mut Raw, rows: usize) {
    for first in (0..rows).step_by(1_000) {
        let batch = (first..rows.min(first + 1_000)).map(|row| {
            let cells = vec![mutation("f:x", "value"), mutation("f:y", "another")];
            BatchMutation::new(bytes(&format!("full{row:07}")), cells)
        });
        raw.mutate_rows(bytes("t"), batch.collect(), none()).unwrap();
    }
}

fn scan_all(raw: &mut Raw) -> thrift::Result<()> {
    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none())?;
    while !raw.scanner_get_list(scanner, 100_000)?.is_empty() {}
    raw.scanner_close(scanner)
}

/// Stops a server under load, and returns the rows and the increments that it acknowledged.
fn stop_under_load(server: MiniHBase) -> (Vec<String>, usize) {
    client_with_table(&server);
    fill(&mut client(&server), 10_000);
    let (rows, increments) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let address = server.address().to_string();
    let many = || rows.lock().unwrap().len() >= 200;
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (mut raw, rows) = (client(&server), &rows);
            let mut number = 0;
            scope.spawn(move || {
                until_the_end(|| {
                    number += 1;
                    let row = format!("{writer}-{number}");
                    raw.mutate_row(bytes("t"), bytes(&row), vec![mutation("f:x", &row)], none())?;
                    rows.lock().unwrap().push(row);
                    Ok(())
                });
            });
        }
        let (mut raw, increments) = (client(&server), &increments);
        scope.spawn(move || {
            until_the_end(|| {
                let all = (0..20).map(|_| TIncrement::new(bytes("t"), bytes("n"), bytes("f:n"), 1));
                raw.increment_rows(all.collect())?;
                increments.fetch_add(20, Ordering::SeqCst);
                Ok(())
            });
        });
        let mut raw = client(&server);
        scope.spawn(move || until_the_end(|| scan_all(&mut raw)));
        let mut raw = client(&server);
        scope.spawn(move || until_the_end(|| raw.compact(bytes("t"))));
        // Half a message, and replies that nobody takes.
        let mut half = socket(&address);
        half.write_all(b"\x80\x01\x00\x01\x00\x00\x00\x0dgetTable").unwrap();
        let deaf = socket(&address);
        let get = b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\
                    \x0b\x00\x01\x00\x00\x00\x01t\x0b\x00\x02\x00\x00\x00\x01n\x00";
        let mut sends = deaf.try_clone().unwrap();
        scope.spawn(move || while sends.write_all(&get.repeat(100)).is_ok() {});
        support::wait_until(many);
        let start = Instant::now();
        server.stop();
        assert!(start.elapsed() < SOON, "it took {:?}", start.elapsed());
        let end = half.read(&mut [0]).map_err(|error| error.kind());
        assert!(matches!(end, Ok(0) | Err(ErrorKind::ConnectionReset)), "{end:?}");
        drop(deaf);
    });
    (rows.into_inner().unwrap(), increments.into_inner())
}

fn on(folder: &Path) -> Builder {
    MiniHBase::builder().store(folder.join("store"))
}

#[test]
fn everything_acknowledged_is_there_after_a_stop_under_load() {
    for durability in [Durability::Process, Durability::PowerCut] {
        let folder = tempfile::tempdir().unwrap();
        let builder = on(folder.path()).durability(durability);
        let (rows, increments) = stop_under_load(builder.clone().start().unwrap());
        let server = builder.start().unwrap();
        let mut raw = client(&server);
        for row in &rows {
            assert_eq!(value(&mut raw, row, "f:x").as_ref(), Some(row), "{durability:?}");
        }
        let count = raw.atomic_increment(bytes("t"), bytes("n"), bytes("f:n"), 0).unwrap();
        let count = usize::try_from(count).unwrap();
        assert!(count >= increments, "{count} of {increments}");
        println!("{durability:?}: {} rows, {count} increments", rows.len());
    }
}

#[test]
fn a_store_in_memory_and_a_temporary_one_stop_under_load_as_well() {
    for builder in support::both() {
        let server = builder.start().unwrap();
        let folder = server.folder().to_owned();
        stop_under_load(server);
        assert!(!folder.exists());
    }
}

/// Makes the server do something that takes long, and stops it meanwhile.
fn stop_during(server: MiniHBase, work: impl FnOnce() + Send) -> Duration {
    thread::scope(|scope| {
        scope.spawn(work);
        thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        server.stop();
        start.elapsed()
    })
}

#[test]
fn long_work_is_given_up_when_the_server_stops() {
    let control = |server: &MiniHBase, path: &str, body: &str| {
        let url = server.control_url().unwrap();
        let mut socket = socket(url.trim_start_matches("http://").trim_end_matches('/'));
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(body.as_bytes()).unwrap();
        move || {
            let _ = socket.read(&mut [0]);
        }
    };
    let mut seeds = "{\"table\": \"s\", \"families\": [\"f\"]}\n".to_owned();
    for row in 0..150_000 {
        writeln!(seeds, r#"{{"table": "s", "row": "r{row}", "cells": {{"f:x": "v"}}}}"#).unwrap();
    }
    for builder in support::both() {
        let builder = builder.control("127.0.0.1:0");
        let server = builder.clone().start().unwrap();
        let work = control(&server, "/seed", &seeds);
        let took = stop_during(server, work);
        println!("seeds: {took:?}");
        assert!(took < SOON / 5, "seeds: {took:?}");

        let server = builder.start().unwrap();
        let mut raw = client_with_table(&server);
        fill(&mut raw, 120_000);
        let took = stop_during(server, move || {
            let _ = raw.compact(bytes("t"));
        });
        println!("a compaction: {took:?}");
        assert!(took < SOON / 5, "a compaction: {took:?}");
    }
}

#[test]
fn a_fault_that_delays_holds_up_no_stop() {
    let server = MiniHBase::builder().in_memory().start().unwrap();
    let mut raw = client(&server);
    server.fault(When::always(), Fault::Delay(2 * SOON));
    let took = stop_during(server, move || {
        raw.get_cluster_id().unwrap_err();
    });
    assert!(took < SOON / 5, "{took:?}");
}
