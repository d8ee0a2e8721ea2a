//! Everything at once while connections are cut and the gateway is restarted: nothing that was
//! acknowledged is lost, nothing is done twice in the store, and a repair sees to what is left.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CheckOptions, CrashStore, LegacyProcessing, Ooid, ProcessedCrash, QueueForProcessing,
};

use super::proxy::Proxy;
use crate::socorro::{metadata, ooid, own_tables};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(nothing_is_lost_while_connections_are_cut),
        Test::on_own_server(nothing_is_lost_while_the_gateway_is_restarted),
    ]
}

const SUBMITTERS: usize = 3;
const CRASHES_EACH: usize = 20;
const ALL: usize = SUBMITTERS * CRASHES_EACH;
/// Far more than any call needs; a test that needs as many is stuck.
const ATTEMPTS: usize = 200;

/// Which crashes were acknowledged to their submitters, and how many are done.
#[derive(Default)]
struct Ledger {
    submitted: Mutex<Vec<Ooid>>,
    is_over: AtomicUsize,
}

fn nothing_is_lost_while_connections_are_cut(server: &Server) {
    let (tables, store) = own_tables(server, "faults");
    let proxy = Proxy::start(&server.store_url());
    let disturbed = proxy.store(tables.name());
    proxy.cut_every(23);
    // What is left in the queues then is worked off undisturbed: scans that are cut leave scanners behind,
    // of which a server has a limited number until their leases end.
    let ledger = run(&disturbed, |submitted| {
        if submitted == ALL {
            proxy.cut_every(0);
        }
    });
    assert_whole(&store, &ledger);
}

fn nothing_is_lost_while_the_gateway_is_restarted(server: &Server) {
    let (tables, store) = own_tables(server, "restarts");
    let gateway = server.expendable_gateway();
    let proxy = Proxy::start(&gateway.url());
    let disturbed = proxy.store(tables.name());
    let ledger = run(&disturbed, |submitted| {
        if submitted == ALL / 2 {
            gateway.kill();
        }
    });
    gateway.wait();
    assert_whole(&store, &ledger);
}

/// Submitters, a monitor of the legacy queue and processors of the general one, until all crashes are
/// submitted and both queues are empty.
fn run(store: &CrashStore, after_submission: impl Fn(usize) + Sync) -> Ledger {
    let ledger = Ledger::default();
    thread::scope(|scope| {
        let (ledger, after_submission) = (&ledger, &after_submission);
        for number in 0..SUBMITTERS {
            scope.spawn(move || submit(store, number, ledger, after_submission));
        }
        for number in 0..2 {
            scope.spawn(move || process(store, number, ledger));
        }
    });
    ledger
}

fn submit(store: &CrashStore, worker: usize, ledger: &Ledger, after_submission: &impl Fn(usize)) {
    for number in 0..CRASHES_EACH {
        let salt = (number * 3 + worker) % 16;
        let crash = ooid(&format!("{salt:x}f{worker}{number:05x}-fa17-4bbb-8ccc-ddddd2260101"));
        let json = format!(
            r#"{{"submitted_timestamp": "2026-01-01T0{worker}:{number:02}:00", "legacy_processing": 0}}"#
        );
        until_done(|| {
            let queue = QueueForProcessing::Yes;
            store.put_raw_report(crash, &metadata(&json), b"MDMP", queue).map(drop)
        });
        let submitted = {
            let mut submitted = ledger.submitted.lock().unwrap();
            submitted.push(crash);
            submitted.len()
        };
        after_submission(submitted);
    }
    ledger.is_over.fetch_add(1, Ordering::SeqCst);
}

/// Takes from the legacy queue, as a monitor does, and processes.
fn process(store: &CrashStore, number: usize, ledger: &Ledger) {
    let worker = format!("processor-{number}").parse().unwrap();
    // Short, so that claims whose fate is unknown come back while the test runs.
    let lease = Duration::from_millis(500);
    let processed = ProcessedCrash::from_json(
        r#"{"signature": "fault", "completeddatetime": "2026-01-01 01:00:00"}"#,
    )
    .unwrap();
    let queue = store.legacy_queue();
    loop {
        let was_over = ledger.is_over.load(Ordering::SeqCst) == SUBMITTERS;
        if let Ok(claims) = queue.claim(&worker, lease) {
            // A claim that fails comes back; so does one whose acknowledgement was lost.
            for claim in claims.map_while(Result::ok) {
                until_done(|| claim.complete(&processed));
            }
        }
        if was_over && queue.count_entries().is_ok_and(|entries| entries == 0) {
            return;
        }
    }
}

fn until_done(call: impl Fn() -> socorro_hbase_client::Result<()>) {
    for _ in 0..ATTEMPTS {
        if call().is_ok() {
            return;
        }
    }
    call().unwrap();
}

fn assert_whole(store: &CrashStore, ledger: &Ledger) {
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    for problem in store.check(&options) {
        store.repair(&problem.unwrap()).unwrap();
    }
    let left: Vec<_> = store.check(&options).map(Result::unwrap).collect();
    assert_eq!(left, []);

    let submitted = ledger.submitted.lock().unwrap();
    assert_eq!(submitted.len(), ALL);
    for report in store.get_raw_reports(submitted.iter()).unwrap() {
        assert_eq!(report.unwrap().unwrap().dump(), Some(&b"MDMP"[..]));
    }
    let states = store.get_processing_states(submitted.iter()).unwrap();
    assert!(states.iter().all(|state| state.as_ref().is_some_and(|state| state.is_processed)));
    assert_eq!(store.scan_signature("fault").unwrap().count(), ALL);
    for queue in [store.legacy_queue(), store.general_queue()] {
        let statistics = queue.statistics().unwrap();
        assert_eq!((statistics.size, statistics.oldest), (Some(0), None));
    }
    let year = store.get_counters(&["2026".parse().unwrap()]).unwrap().remove(0);
    assert_eq!(year.submitted(), i64::try_from(ALL).unwrap());
    assert_eq!(year.throttled(LegacyProcessing::Accept), year.submitted());
}
