//! Seeds, and servers that are killed while they put them in.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/child.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod child;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod random;
mod support;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use child::{LISTENING, Served};
use hbase_thrift_api::THbaseSyncClient;
use mini_hbase::{Builder, MiniHBase};
use random::Random;
use support::{Raw, bytes, client, family, keys, none, put, value};

const TABLES: [&str; 3] = ["t", "u", "v"];
/// Of each table.
const ROWS: usize = 1_500;
const KILLS: usize = 12;

fn seeds() -> String {
    let mut lines = String::new();
    for table in TABLES {
        writeln!(lines, r#"{{"table": "{table}", "families": ["f"]}}"#).unwrap();
        for row in 0..ROWS {
            let cells = format!(r#"{{"f:x": "value of {row}", "f:y": {{"counter": {row}}}}}"#);
            writeln!(lines, r#"{{"table": "{table}", "row": "r{row:05}", "cells": {cells}}}"#)
                .unwrap();
        }
    }
    lines
}

fn on(folder: &Path) -> Builder {
    MiniHBase::builder().store(folder.join("store"))
}

/// How many rows each table has that is there.
fn counts(raw: &mut Raw) -> Vec<(String, usize)> {
    let tables = raw.get_table_names().unwrap();
    let mut count = |table: Vec<u8>| {
        let scanner = raw.scanner_open(table.clone(), Vec::new(), Vec::new(), none()).unwrap();
        let rows = keys(raw.scanner_get_list(scanner, 1_000_000).unwrap());
        (String::from_utf8(table).unwrap(), rows.len())
    };
    tables.into_iter().map(&mut count).collect()
}

fn all() -> Vec<(String, usize)> {
    TABLES.map(|table| (table.to_owned(), ROWS)).to_vec()
}

/// Not a test: what the others kill.
#[test]
fn serve_seeded() {
    let Some(folder) = child::folder() else { return };
    child::serve(&on(&folder).seed(seeds()).start().unwrap());
}

/// Lets a server start that is killed after a while, and says whether it was serving by then.
fn start_and_kill(folder: &Path, after: Duration) -> bool {
    let mut child = child::spawn("serve_seeded", folder, folder);
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    output.contains(LISTENING)
}

#[test]
fn a_start_that_was_killed_at_any_point_is_finished_by_the_next() {
    let mut random = Random::new();
    let whole = {
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        Served::start_in("serve_seeded", folder.path(), folder.path());
        start.elapsed()
    };
    let (mut cut_short, mut begun) = (0, 0);
    for kill in 0..KILLS {
        let folder = tempfile::tempdir().unwrap();
        let mut is_whole = false;
        // Whoever cleans up after a kill may be killed as well.
        for _ in 0..=random.below(3) {
            let part = u32::try_from(random.below(1_000)).unwrap();
            is_whole |= start_and_kill(folder.path(), whole * part / 1_000);
        }
        cut_short += usize::from(!is_whole);
        let store = folder.path().join("store");
        if store.join("data").exists() {
            // Without seeds, nobody takes a part for the whole.
            let copy = folder.path().join("copy");
            support::copy_folder(&store, &copy.join("store"));
            let server = on(&copy).start().unwrap();
            let there = counts(&mut client(&server));
            assert!(there == all() || (there.is_empty() && !is_whole), "{kill}: {there:?}");
            begun += 1;
        }
        let server = on(folder.path()).seed(seeds()).start().unwrap();
        let mut raw = client(&server);
        assert_eq!(counts(&mut raw), all(), "{kill}");
        put(&mut raw, "r00001", "f:x", "mine").unwrap();
        raw.create_table(bytes("w"), vec![family("f")]).unwrap();
        server.stop();
        // What is whole is not put in again.
        let server = on(folder.path()).seed(seeds()).start().unwrap();
        let mut raw = client(&server);
        assert_eq!(value(&mut raw, "r00001", "f:x").as_deref(), Some("mine"), "{kill}");
        assert_eq!(raw.get_table_names().unwrap().len(), TABLES.len() + 1, "{kill}");
    }
    println!("{cut_short} starts of {KILLS} were cut short, {begun} when the store was there");
    assert!(cut_short > 0 && begun > 0);
}

/// Not a test: resets its store again and again until it is killed.
#[test]
fn reset_seeded() {
    let Some(folder) = child::folder() else { return };
    let server = on(&folder).seed(seeds()).start().unwrap();
    println!("\n{LISTENING}{}", server.address());
    loop {
        server.reset().unwrap();
    }
}

#[test]
fn a_reset_that_was_cut_short_is_finished_by_the_next_start() {
    let mut random = Random::new();
    let mut whole = 0;
    for kill in 0..KILLS / 3 {
        let folder = tempfile::tempdir().unwrap();
        let server = on(folder.path()).seed(seeds()).start().unwrap();
        let mut raw = client(&server);
        put(&mut raw, "r00001", "f:x", "mine").unwrap();
        raw.create_table(bytes("w"), vec![family("f")]).unwrap();
        server.stop();
        let mut resetting = Served::start_in("reset_seeded", folder.path(), folder.path());
        thread::sleep(Duration::from_millis(random.below(700) as u64));
        resetting.kill();
        let server = on(folder.path()).start().unwrap();
        let mut raw = client(&server);
        let there = counts(&mut raw);
        assert!(there.is_empty() || there.len() > TABLES.len() || there == all(), "{there:?}");
        if there.len() > TABLES.len() {
            assert_eq!(value(&mut raw, "r00001", "f:x").as_deref(), Some("mine"), "{kill}");
        }
        whole += usize::from(!there.is_empty());
        drop(server);
        let server = on(folder.path()).seed(seeds()).start().unwrap();
        let mut raw = client(&server);
        if there.len() <= TABLES.len() {
            assert_eq!(counts(&mut raw), all(), "{kill}");
            assert_eq!(value(&mut raw, "r00001", "f:x").as_deref(), Some("value of 1"), "{kill}");
        }
    }
    println!("{whole} of {} stores had all of their tables", KILLS / 3);
}

#[test]
fn seeds_of_more_than_the_memory_for_calls_are_put_in() {
    let mut lines = "{\"table\": \"t\", \"families\": [\"f\"]}\n".to_owned();
    for row in 0..400 {
        let cells = format!(r#"{{"f:x": "{}"}}"#, "v".repeat(10_000));
        writeln!(lines, r#"{{"table": "t", "row": "r{row:05}", "cells": {cells}}}"#).unwrap();
    }
    for builder in support::both() {
        let server = builder.max_memory(1 << 20).seed(lines.clone()).start().unwrap();
        server.reset().unwrap();
        let mut raw = client(&server);
        let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
        let mut rows = 0;
        loop {
            let portion = raw.scanner_get_list(scanner, 20).unwrap().len();
            if portion == 0 {
                break;
            }
            rows += portion;
        }
        assert_eq!(rows, 400);
        raw.scanner_close(scanner).unwrap();
        support::wait_until(|| server.memory_taken() == 0);
    }
}
