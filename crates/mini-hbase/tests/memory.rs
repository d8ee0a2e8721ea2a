//! Memory stays flat however much is put and scanned.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use hbase_thrift_api::{BatchMutation, THbaseSyncClient};
use mini_hbase::MiniHBase;
use support::{bytes, client_with_table, mutation, none};

const ROWS: usize = 100_000;
const BATCH: usize = 1_000;
/// What the program may have at most, with the server's caches and this client.
const LIMIT: usize = 200 << 10;

/// In the only test of this program, so that nothing else takes memory.
#[test]
fn a_hundred_thousand_puts_and_their_scan_take_little_memory() {
    let server = MiniHBase::start().unwrap();
    let mut raw = client_with_table(&server);
    for first in (0..ROWS).step_by(BATCH) {
        let batch = (first..first + BATCH).map(|number| {
            let cell = vec![mutation("f:ooid", &format!("{number:036}"))];
            BatchMutation::new(bytes(&format!("row{number:09}")), cell)
        });
        raw.mutate_rows(bytes("t"), batch.collect(), none()).unwrap();
    }
    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
    let mut seen = 0;
    loop {
        match raw.scanner_get_list(scanner, 1_000).unwrap().len() {
            0 => break,
            rows => seen += rows,
        }
    }
    assert_eq!(seen, ROWS);
    let peak = peak_kib();
    assert!(peak < LIMIT, "{peak} KiB");
}

fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
