//! Random calls whose answers are those that HBase gave: its answers were recorded, so that they can
//! be compared without it.
//!
//! `cargo xtask differential --record` makes the record anew, which is needed when the calls change.
//! A round that differs is shown beside HBase by `cargo xtask differential --seed N`.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "differential/mod.rs"]
mod differential;
mod support;

use std::time::Duration;

use differential::answers::answer;
use differential::names::Names;
use hbase_thrift_api::THbaseSyncClient;
use mini_hbase::{Builder, HBaseTiming, MiniHBase, VirtualClock};
use support::{bytes, client};

/// The seed, and for each of its rounds what HBase's answers come to.
const RECORD: &str = include_str!("differential/record.txt");
/// Some day of 2025.
const NOW: i64 = 1_750_000_000_000;
const DIFFERENCES_SHOWN: usize = 3;

fn compare(builder: Builder) {
    let clock = VirtualClock::new(NOW);
    let server = builder.timing(HBaseTiming::Exact).clock(clock.clone()).start().unwrap();
    let mut raw = client(&server);
    raw.create_table(bytes("t"), differential::families()).unwrap();
    let mut lines = RECORD.lines();
    let seed: u64 = lines.next().unwrap().strip_prefix("seed ").unwrap().parse().unwrap();
    let mut differences = 0;
    for (round, line) in (0..).zip(lines) {
        let names = Names { prefix: format!("r{round}/"), now: clock.now_millis() };
        let pause = || clock.advance(Duration::from_millis(5));
        let calls = differential::round(seed, round);
        let answers = calls.iter().map(|call| answer(call, &mut raw, b"t", &names, &pause));
        let answers: Vec<_> = answers.map(Result::unwrap).collect();
        if format!("{:016x}", differential::digest(&answers)) == line {
            continue;
        }
        differences += 1;
        println!("round {round} of seed {seed}");
        for (call, answer) in calls.iter().zip(&answers) {
            println!("{call:?}: {answer}");
        }
        assert!(differences < DIFFERENCES_SHOWN, "answers that HBase didn't give");
    }
    assert_eq!(differences, 0, "answers that HBase didn't give");
}

#[test]
fn answers_are_those_that_hbase_gave() {
    compare(MiniHBase::builder().in_memory());
}

#[test]
fn answers_on_disk_are_those_that_hbase_gave() {
    compare(MiniHBase::builder());
}
