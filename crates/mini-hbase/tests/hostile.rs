//! The control address, of whatever is sent to it: nothing panics, nothing grows, and the next call is
//! answered.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/random.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod random;
mod support;

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_api::{TAppend, THbaseSyncClient};
use mini_hbase::MiniHBase;
use random::Random;
use support::{Raw, bytes, client, delete, family, mutation, none, put, scan, socket};

const ROUNDS: usize = 1_500;
const SEEDS: &str = r#"{"table": "t", "families": ["f", {"name": "g", "time_to_live": 60}]}"#;
const CALLS: [(&str, &str, &str); 12] = [
    ("GET", "/", ""),
    ("POST", "/faults", r#"{"method": "getRow", "nth": 2, "fault": "drop_before"}"#),
    ("POST", "/faults", r#"{"first": 1, "fault": {"delay_ms": 5}}"#),
    ("POST", "/faults", r#"{"fault": {"throw": {"io": {"message": "x", "can_retry": true}}}}"#),
    ("POST", "/faults", r#"{"fault": {"cut_reply": 3}}"#),
    ("DELETE", "/faults", ""),
    ("POST", "/connections", r#"{"refuse": false}"#),
    ("POST", "/scanners/expire", ""),
    ("POST", "/clock", r#"{"advance_ms": 1000}"#),
    ("POST", "/clock", r#"{"set_ms": 9000000000}"#),
    ("POST", "/seed", SEEDS),
    (
        "POST",
        "/seed",
        r#"{"table": "t", "row": {"hex": "00"}, "cells": {"f:x": {"value": "v", "timestamp": 7}}}"#,
    ),
];

/// Panics of any thread of this program.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
}

fn start() -> MiniHBase {
    count_panics();
    let builder = MiniHBase::builder().in_memory().control("127.0.0.1:0").seed(SEEDS);
    builder.max_memory(64 << 20).start().unwrap()
}

fn address(server: &MiniHBase) -> String {
    let url = server.control_url().unwrap();
    url.trim_start_matches("http://").trim_end_matches('/').to_owned()
}

fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends bytes, and returns what comes back until the end.
fn send(server: &MiniHBase, request: &[u8]) -> String {
    let mut socket = socket(&address(server));
    // It may be closed before all is sent.
    let _ = socket.write_all(request);
    let _ = socket.shutdown(Shutdown::Write);
    let mut reply = Vec::new();
    let start = Instant::now();
    let _ = socket.read_to_end(&mut reply);
    assert!(start.elapsed() < support::PATIENCE / 2, "{}", request.escape_ascii());
    String::from_utf8_lossy(&reply).into_owned()
}

fn call(server: &MiniHBase, method: &str, path: &str, body: &[u8]) -> String {
    send(server, &request(method, path, body))
}

fn assert_works(server: &MiniHBase, said: &str) {
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "{said}");
    for path in ["/connections", "/faults"] {
        let (method, body) =
            if path == "/faults" { ("DELETE", "") } else { ("POST", r#"{"refuse": false}"#) };
        let reply = call(server, method, path, body.as_bytes());
        assert!(reply.starts_with("HTTP/1.1 200"), "{said}: {reply}");
    }
    client(server).get_cluster_id().unwrap_or_else(|error| panic!("{said}: {error}"));
    support::wait_until(|| server.memory_taken() == 0);
}

/// Cuts bytes off, puts some in, takes some out, or changes one, a few times.
fn spoil(random: &mut Random, bytes: &mut Vec<u8>) {
    const STRANGE: [&[u8]; 9] =
        [b"\0", b"\xff", b"\r\n", b"-", b"99999999999999999999", b"[", b"{\"", b"1e999", b":"];
    for _ in 0..random.below(6) {
        let place = random.below(bytes.len() + 1);
        match random.below(4) {
            0 => bytes.truncate(place),
            1 => {
                let piece = STRANGE[random.below(STRANGE.len())];
                bytes.splice(place..place, piece.iter().copied());
            }
            2 => {
                let end = bytes.len().min(place + random.below(12));
                bytes.drain(place..end);
            }
            _ if place < bytes.len() => bytes[place] = random.next() as u8,
            _ => {}
        }
    }
}

#[test]
fn whatever_is_sent_the_next_call_is_answered() {
    let server = start();
    let mut random = Random::new();
    for round in 0..ROUNDS {
        let (method, path, body) = CALLS[random.below(CALLS.len())];
        let bytes = match random.below(8) {
            0 => random.bytes(2_000),
            // A body that isn't what the path takes, under a head that is.
            1..=3 => {
                let mut body = body.as_bytes().to_vec();
                spoil(&mut random, &mut body);
                request(method, path, &body)
            }
            _ => {
                let mut request = request(method, path, body.as_bytes());
                spoil(&mut random, &mut request);
                request
            }
        };
        send(&server, &bytes);
        if round % 50 == 0 {
            assert_works(&server, &bytes.escape_ascii().to_string());
        }
    }
    call(&server, "POST", "/clock", br#"{"run": true}"#);
    assert_works(&server, "all of them");
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_and_takes_no_memory() {
    let server = start();
    let deep = "[".repeat(1 << 20);
    let open = r#"{"table": "t", "row": "r", "cells": ["#;
    let wide = format!("{open}{}1]}}", "1,".repeat(4 << 20));
    let strings = format!("{open}{}\"\"]}}", "\"\",".repeat(4 << 20));
    for (path, body) in [
        ("/seed", &deep),
        ("/seed", &wide),
        ("/seed", &strings),
        ("/faults", &deep),
        ("/clock", &deep),
    ] {
        let reply = call(&server, "POST", path, body.as_bytes());
        assert!(reply.starts_with("HTTP/1.1 400"), "{path} {body:.60}: {reply}");
        // A line of seeds takes more when it is read than it is long.
        let has_room = path != "/seed";
        assert_ne!(reply.contains("bytes that all calls may take together"), has_room, "{reply}");
        assert_works(&server, path);
    }
    for head in [
        format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100 << 10)),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(1_000)),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nA: {}", "x".repeat(1 << 20)),
        "POST /seed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 18446744073709551615\r\n\r\n".to_owned(),
        "POST /seed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /seed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n".to_owned(),
    ] {
        let reply = send(&server, head.as_bytes());
        assert!(reply.starts_with("HTTP/1.1 4"), "{head:.80}: {reply}");
        assert_works(&server, &head[..40]);
    }
}

#[test]
fn faults_are_bounded_in_number_and_size() {
    let server = start();
    let mut socket = socket(&address(&server));
    let body = r#"{"method": "getRow", "nth": 2, "fault": "drop_before"}"#;
    let one = format!(
        "POST /faults HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut replies = Vec::new();
    thread::scope(|scope| {
        let mut reader = socket.try_clone().unwrap();
        let reading = scope.spawn(move || {
            let mut replies = Vec::new();
            reader.read_to_end(&mut replies).unwrap();
            replies
        });
        socket.write_all(one.repeat(1_100).as_bytes()).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        replies = reading.join().unwrap();
    });
    let replies = String::from_utf8(replies).unwrap();
    let count = |status: &str| replies.matches(status).count();
    assert_eq!((count("HTTP/1.1 200"), count("HTTP/1.1 400")), (1_000, 100));
    assert!(replies.contains("take them back first (DELETE /faults)"));
    call(&server, "DELETE", "/faults", b"");
    let long = format!(r#"{{"fault": {{"throw": {{"internal": "{}"}}}}}}"#, "x".repeat(64 << 10));
    let reply = call(&server, "POST", "/faults", long.as_bytes());
    assert!(reply.contains("the body has more than 65536 bytes"), "{reply}");
    assert_works(&server, "after many faults");
}

#[test]
fn a_fault_for_a_method_that_there_is_not_is_refused() {
    let server = start();
    let reply =
        call(&server, "POST", "/faults", br#"{"method": "getrow", "fault": "drop_before"}"#);
    assert!(
        reply.starts_with("HTTP/1.1 400") && reply.contains("HBase has no method getrow"),
        "{reply}"
    );
}

/// Everything that takes a time.
fn use_everything(raw: &mut Raw) {
    // What it answers depends on the time, but it answers.
    let answered = |result: thrift::Result<()>| {
        if let Err(error @ thrift::Error::Transport(_)) = result {
            panic!("{error}");
        }
    };
    answered(raw.create_table(bytes("u"), vec![family("f")]));
    answered(put(raw, "r", "f:x", "v"));
    answered(put(raw, "r", "g:x", "v"));
    let ttl = [(bytes("_ttl"), i64::MAX.to_be_bytes().to_vec())].into();
    answered(raw.mutate_row(bytes("t"), bytes("r"), vec![mutation("f:t", "v")], ttl));
    answered(raw.atomic_increment(bytes("t"), bytes("r"), bytes("f:n"), 1).map(drop));
    let (columns, values) = (vec![bytes("f:a")], vec![bytes("v")]);
    answered(raw.append(TAppend::new(bytes("t"), bytes("r"), columns, values)).map(drop));
    let (row, column) = (bytes("r"), bytes("f:x"));
    let checked =
        raw.check_and_put(bytes("t"), row, column, bytes("v"), mutation("f:x", "w"), none());
    answered(checked.map(drop));
    answered(raw.get_row(bytes("t"), bytes("r"), none()).map(drop));
    answered(raw.mutate_row(bytes("t"), bytes("r"), vec![delete("f:x")], none()));
    answered(raw.delete_all_row(bytes("t"), bytes("s"), none()));
    let opened = raw.scanner_open_with_scan(bytes("t"), scan(), none());
    if let Ok(scanner) = opened {
        answered(raw.scanner_get_list(scanner, 10).map(drop));
        answered(raw.scanner_close(scanner));
    }
    answered(raw.compact(bytes("t")));
    answered(raw.get_table_regions(bytes("t")).map(drop));
    answered(raw.disable_table(bytes("u")));
    answered(raw.delete_table(bytes("u")));
}

#[test]
fn no_time_that_the_clock_shows_breaks_a_call() {
    let server = start();
    let times = [i64::MIN, -1, 0, 1, i64::MAX - 60_001, i64::MAX - 1, i64::MAX, 1_000];
    for time in times {
        let set = format!(r#"{{"set_ms": {time}}}"#);
        let (run, advance) = (r#"{"run": true}"#, r#"{"advance_ms": 18446744073709551615}"#);
        for change in [&set, advance, &set, run, advance] {
            let reply = call(&server, "POST", "/clock", change.as_bytes());
            assert!(reply.starts_with("HTTP/1.1 200"), "{change}: {reply}");
            use_everything(&mut client(&server));
            use_everything(&mut client(&server));
            assert_works(&server, change);
        }
    }
    let reply = call(&server, "POST", "/reset", b"");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    thread::sleep(Duration::from_millis(2));
    let mut raw = client(&server);
    put(&mut raw, "r", "f:x", "v").unwrap();
    assert_eq!(support::value(&mut raw, "r", "f:x").as_deref(), Some("v"));
}
