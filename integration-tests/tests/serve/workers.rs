//! Which attempts at a crash count: those that ended their worker, and no others.

use std::fs;
use std::time::Duration;

use integration_tests::Server;
use serde_json::Value;
use socorro_hbase_client::{CrashStore, QueueForProcessing, Worker};
use tempfile::TempDir;
use xtask::services::Store;

use super::Hung;
use super::outage::{Served, program_in};
use super::service::{MULTIPART, Serving, form, wait_until};
use crate::socorro::{metadata, ooid, real_crash, socorro};

/// One more than a crash is given up after.
const OFTEN: usize = 4;

pub(super) fn a_crash_that_the_store_failed_is_given_back_and_does_not_count(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let program = program_in(&folder);
    let store = Served::start(&program).unwrap();
    let symbols = Hung::start();
    // Far longer than the test takes: a crash that isn't given back isn't seen again.
    let workers = ["--workers", "1", "--lease", "1h", "--symbols-url", &symbols.url];
    let url = store.url();
    let serving = Serving::start(&folder, &[&workers[..], &["--server", &url]].concat());
    let (_, dump) = real_crash();
    let ooid = serving.post(MULTIPART, &form(&dump)).ooid();
    wait_until("the crash is worked on", || symbols.is_asked());
    store.stop().unwrap();
    wait_until("the result can't be stored", || {
        symbols.hang_up();
        is_postponed(&serving)
    });
    store.start().unwrap();
    wait_until("the crash is processed", || {
        symbols.hang_up();
        serving.get("processed", &ooid).status == 200
    });
    expect_processed_well(&serving, &ooid);
    serving.end_well();
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(!log.contains("didn't end"), "the attempt counts: {log}");
}

fn is_postponed(serving: &Serving) -> bool {
    serving.metrics().contains("socorro_processor_crashes_total{result=\"postponed\"} 1")
}

pub(super) fn metadata_is_left_out_of_a_crash_that_ended_four_workers(server: &Server) {
    let socorro = socorro(server);
    let (_, dump) = real_crash();
    let mut products = Vec::new();
    for attempts in [3, 4] {
        let ooid = ooid(&format!("6d8a2b4e-9c1f-4e57-8b3a-0f2c4212050{attempts}"));
        let annotations =
            r#"{"ProductName": "Demo", "submitted_timestamp": "2012-05-08T20:50:50"}"#;
        let store = &socorro.store;
        let crash = metadata(annotations);
        store.put_raw_report(ooid, &crash, &dump[..], QueueForProcessing::Yes).unwrap();
        (0..attempts).for_each(|_| die_at_work(store));
        let folder = tempfile::tempdir().unwrap();
        let output = super::run(&folder, &["process", "--server", &socorro.url]);
        assert!(output.status.success(), "{output:?}");
        let processed = store.get_processed_text(ooid).unwrap().unwrap();
        let processed: Value = serde_json::from_str(&processed).unwrap();
        let notes = processed["processor_notes"].as_str().unwrap();
        let note =
            format!("given up: {attempts} attempts to process it ended with their workers, or ");
        assert!(notes.contains(&note), "{notes}");
        products.push(processed["product"].clone());
    }
    assert_eq!(products, [Value::from("Demo"), Value::Null]);
}

/// What remains of a worker that died at the only crash that waits.
fn die_at_work(store: &CrashStore) {
    let worker: Worker = "dead".parse().unwrap();
    let queue = store.legacy_queue();
    let entry = queue.entries().unwrap().next().unwrap().unwrap();
    assert!(queue.claim_row(&entry.key, &worker, Duration::ZERO).unwrap().is_some());
}

pub(super) fn a_crash_that_takes_longer_than_its_claim_holds_is_worked_on_by_one(server: &Server) {
    let socorro = socorro(server);
    let lease = Duration::from_secs(3);
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let symbols = [(); 2].map(|()| Hung::start());
    let start = |at: usize| {
        let (name, symbols) = (format!("longer-{at}"), &symbols[at].url);
        let own = ["--workers", "1", "--lease", "3s", "--server", &socorro.url];
        let own = [&own[..], &["--worker", &name, "--symbols-url", symbols]].concat();
        Serving::start(&folders[at], &own)
    };
    let first = start(0);
    let (_, dump) = real_crash();
    let ooid = first.post(MULTIPART, &form(&dump)).ooid();
    wait_until("the crash is worked on", || symbols[0].is_asked());
    let second = start(1);
    std::thread::sleep(4 * lease);
    assert!(!symbols[1].is_asked(), "another worker has got the crash");
    assert_eq!(first.get("processed", &ooid).status, 408);
    wait_until("the crash is processed", || {
        symbols[0].hang_up();
        first.get("processed", &ooid).status == 200
    });
    expect_processed_well(&first, &ooid);
    assert!(!symbols[1].is_asked(), "another worker has got the crash");
    first.end_well();
    second.end_well();
}

pub(super) fn a_crash_whose_worker_is_killed_while_it_stops_has_not_ended_it(_: &Server) {
    let (folder, ooids) = submitted(1);
    let workers = ["--workers", "1", "--lease", "2s"];
    for _ in 0..OFTEN {
        let symbols = Hung::start();
        let more = ["--symbols-url", &symbols.url];
        let serving = Serving::start(&folder, &[&workers[..], &more].concat());
        wait_until("the crash is worked on", || symbols.is_asked());
        serving.signal("-TERM");
        // As a supervisor that doesn't wait for long.
        std::thread::sleep(Duration::from_secs(1));
        serving.signal("-KILL");
    }
    let serving = Serving::start(&folder, &workers);
    expect_processed_well(&serving, &ooids[0]);
    serving.end_well();
}

pub(super) fn a_crash_beside_one_that_ends_workers_is_processed(_: &Server) {
    let (folder, ooids) = submitted(2);
    let workers = ["--workers", "2", "--lease", "2s"];
    for round in 0..3 {
        let symbols = Hung::start();
        let more = ["--symbols-url", &symbols.url];
        let serving = Serving::start(&folder, &[&workers[..], &more].concat());
        // Of several that may have ended workers, each is worked on alone.
        let expected = if round == 0 { 2 } else { 1 };
        wait_until("crashes are worked on", || symbols.asking() >= expected);
        serving.signal("-KILL");
    }
    let serving = Serving::start(&folder, &workers);
    wait_until("both are processed", || {
        ooids.iter().all(|ooid| serving.get("processed", ooid).status == 200)
    });
    let successes = ooids.iter().filter(|ooid| processed(&serving, ooid)["success"] == true);
    assert!(successes.count() >= 1, "both are given up");
    serving.end_well();
}

/// A store with crashes that nobody has worked on.
fn submitted(crashes: usize) -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder, &["--no-workers"]);
    let (_, dump) = real_crash();
    let ooids = (0..crashes).map(|_| serving.post(MULTIPART, &form(&dump)).ooid()).collect();
    serving.end_well();
    (folder, ooids)
}

fn processed(serving: &Serving, ooid: &str) -> Value {
    serde_json::from_slice(&serving.get("processed", ooid).body).unwrap()
}

fn expect_processed_well(serving: &Serving, ooid: &str) {
    wait_until("the crash is processed", || serving.get("processed", ooid).status == 200);
    let processed = processed(serving, ooid);
    assert_eq!(processed["success"], true, "{}", processed["processor_notes"]);
}
