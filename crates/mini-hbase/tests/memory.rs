//! Memory stays flat however much is put and read: with ten times as much, which is far beyond what
//! buffers and caches hold, the server keeps as much as before.
//!
//! Live bytes of the heap are counted, not resident pages: how many pages an allocator keeps
//! depends on how far flushes and compactions fell behind, and so on what else the machine does.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/child.rs"]
mod child;
mod support;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use child::Served;
use hbase_thrift_api::{BatchMutation, THbaseSyncClient};
use mini_hbase::MiniHBase;
use peak_alloc::PeakAlloc;
use support::{Raw, bytes, family, mutation, none, raw};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What N is, in rows: 64 MiB, where the write buffer has 16 and the cache 32.
const ROWS: usize = 4_096;
const VALUE: usize = 16 << 10;
const BATCH: usize = 64;
/// Small calls, each of which may leave something behind.
const CALLS: usize = 1_000;

/// What nine more rounds may leave behind of the 576 MiB that they put and read again: the tables
/// of contents of what is on disk take 3 MiB.
const MAX_LEFT: usize = 8 << 20;
/// What may be in use at any one time: write buffers that wait for a slow disk, the cache, and a
/// compaction's blocks, but no large part of what was put.
const MAX_PEAK: usize = 256 << 20;
/// How long flushes and compactions are given to catch up.
const SETTLES_WITHIN: Duration = Duration::from_secs(15);
/// Where the server writes how many bytes are live, and how many were at most.
const HEAP_FILE: &str = "heap";

/// Not a test: what the other test runs in a process of its own.
#[test]
fn serve_rows() {
    let Some(folder) = child::folder() else { return };
    let heap = folder.with_file_name(HEAP_FILE);
    thread::spawn(move || {
        loop {
            let written = heap.with_extension("new");
            let counts = format!("{} {}", HEAP.current_usage(), HEAP.peak_usage());
            fs::write(&written, counts).unwrap();
            fs::rename(&written, &heap).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    });
    child::serve(&MiniHBase::builder().store(folder).start().unwrap());
}

#[test]
fn ten_times_as_much_takes_as_much_memory() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start("serve_rows", &folder.path().join("store"));
    let mut client = raw(&served.address);
    client.create_table(bytes("t"), vec![family("f")]).unwrap();
    work(&served, &mut client, 0);
    let once = settled(&mut client, folder.path());
    for round in 1..10 {
        work(&served, &mut client, round);
    }
    let ten_times = settled(&mut client, folder.path());
    let (_, peak) = heap(folder.path());
    println!("{once} bytes after N, {ten_times} bytes after 10 N, {peak} at most");
    assert!(ten_times < once + MAX_LEFT, "{once} bytes after N, {ten_times} bytes after 10 N");
    assert!(peak < MAX_PEAK, "{peak} bytes at one time");
}

/// The fewest live bytes that are seen while the server has nothing to do, and nothing in its write
/// buffer.
fn settled(client: &mut Raw, folder: &Path) -> usize {
    client.compact(bytes("t")).unwrap();
    let start = Instant::now();
    let mut fewest = usize::MAX;
    while start.elapsed() < SETTLES_WITHIN {
        thread::sleep(Duration::from_millis(100));
        fewest = fewest.min(heap(folder).0);
    }
    fewest
}

fn heap(folder: &Path) -> (usize, usize) {
    let counts = fs::read_to_string(folder.join(HEAP_FILE)).unwrap();
    let (live, peak) = counts.split_once(' ').unwrap();
    (live.parse().unwrap(), peak.parse().unwrap())
}

#[test]
fn a_server_that_stopped_leaves_no_thread() {
    let before = threads();
    let server = MiniHBase::builder().control("127.0.0.1:0").start().unwrap();
    let mut clients: Vec<Raw> = (0..10).map(|_| support::client(&server)).collect();
    for client in &mut clients {
        client.get_cluster_id().unwrap();
    }
    assert!(threads() > before + 10);
    server.stop();
    assert!(threads() <= before, "{} threads, {before} before", threads());
}

/// How many threads there are, without those of the other tests of this program.
fn threads() -> usize {
    let names = fs::read_dir("/proc/self/task").unwrap().flatten().filter_map(|thread| {
        // One that has ended since has no name.
        fs::read_to_string(thread.path().join("comm")).ok()
    });
    names
        .filter(|name| !["ten_times", "serve_rows"].iter().any(|test| name.starts_with(test)))
        .count()
}

/// Puts N rows, reads them, and makes many small calls, each on a connection of few.
fn work(served: &Served, client: &mut Raw, round: usize) {
    let value = "v".repeat(VALUE);
    for first in (0..ROWS).step_by(BATCH) {
        let batch = (first..first + BATCH).map(|number| {
            let row = bytes(&format!("{round}-{number:06}"));
            BatchMutation::new(row, vec![mutation("f:x", &value)])
        });
        client.mutate_rows(bytes("t"), batch.collect(), none()).unwrap();
    }
    let start = bytes(&format!("{round}-"));
    let scanner = client.scanner_open(bytes("t"), start, Vec::new(), none()).unwrap();
    let mut seen = 0;
    while seen < ROWS {
        seen += client.scanner_get_list(scanner, 100).unwrap().len();
    }
    client.scanner_close(scanner).unwrap();
    for call in 0..CALLS {
        if call % 10 == 0 {
            *client = raw(&served.address);
        }
        let row = bytes(&format!("{round}-{call:06}"));
        assert_eq!(client.get_row(bytes("t"), row, none()).unwrap().len(), 1);
        let scanner = client.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
        client.scanner_close(scanner).unwrap();
    }
}
