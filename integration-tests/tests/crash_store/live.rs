//! Checking and repairing while crashes are submitted, taken and processed: what is wrong is repaired,
//! and what is only under way is left alone.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{Delete, Put};
use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CheckOptions, Claim, CrashStore, LegacyProcessing, Ooid, Period, Problem, ProcessedCrash,
    QueueForProcessing, RepairOutcome, Submission,
};

use crate::socorro::{metadata, ooid, own_tables};

pub(super) fn tests() -> Vec<Test> {
    vec![Test::new(repairs_in_a_loop_repair_what_is_wrong_and_leave_live_traffic_alone)]
}

/// Longer than an operation takes, unless the machine is very busy.
const SETTLED_FOR: Duration = Duration::from_secs(2);
const SUBMITTERS: usize = 2;
const PROCESSORS: usize = 2;
/// How many crashes may wait for a processor.
const WAITING: usize = 64;
/// How many checks read everything again after the last fault is repaired.
const MORE_CHECKS: usize = 3;
/// Of all the crashes of live traffic, and of no others.
const YEAR: &str = "2024";

/// What the threads tell each other.
#[derive(Default)]
struct Traffic {
    is_over: AtomicBool,
    /// Whether crashes are taken from the queue: not before those that wait are old enough to be
    /// checked.
    is_open: AtomicBool,
    submitters_done: AtomicUsize,
    waiting: Mutex<usize>,
    changed: Condvar,
    /// Acknowledged submissions, and whether they were queued.
    submitted: Mutex<Vec<(Ooid, QueueForProcessing)>>,
    slowest: Mutex<Duration>,
}

/// Does something when it is dropped.
struct AtTheEnd<F: Fn()>(F);

impl<F: Fn()> Drop for AtTheEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Traffic {
    /// Waits for a place in the queue; answers whether there is one, or the traffic is over.
    fn admits(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap();
        while *waiting >= WAITING && !self.is_over() {
            waiting = self.changed.wait(waiting).unwrap();
        }
        *waiting += 1;
        !self.is_over()
    }

    fn leaves(&self) {
        *self.waiting.lock().unwrap() -= 1;
        self.changed.notify_all();
    }

    fn wait_until_open(&self) {
        let mut waiting = self.waiting.lock().unwrap();
        while !self.is_open.load(Ordering::SeqCst) && !self.is_over() {
            waiting = self.changed.wait(waiting).unwrap();
        }
    }

    fn set(&self, flag: &AtomicBool) {
        let _waiting = self.waiting.lock().unwrap();
        flag.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Runs an operation, and keeps how long the slowest one took.
    fn time<T>(&self, operation: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let answer = operation();
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = start.elapsed().max(*slowest);
        answer
    }
}

fn repairs_in_a_loop_repair_what_is_wrong_and_leave_live_traffic_alone(server: &Server) {
    let (_tables, store) = own_tables(server, "live");
    let faults = break_it(&store);
    let traffic = Traffic::default();
    let (claims, claimed) = mpsc::channel();
    let claimed = Mutex::new(claimed);
    let repaired = thread::scope(|scope| {
        // Also when something fails, or the threads would wait for ever.
        let _end = AtTheEnd(|| traffic.set(&traffic.is_over));
        let (store, traffic, claimed) = (&store, &traffic, &claimed);
        for worker in 0..SUBMITTERS {
            scope.spawn(move || submit(store, traffic, worker));
        }
        scope.spawn(move || monitor(store, traffic, &claims));
        for _ in 0..PROCESSORS {
            scope.spawn(move || process(store, traffic, claimed));
        }
        repair_in_a_loop(store, traffic, &faults)
    });
    let slowest = *traffic.slowest.lock().unwrap();
    let false_alarms: Vec<_> =
        repaired.iter().filter(|problem| problem.to_string().contains(YEAR)).collect();
    // A machine that stands still for longer than that makes of what is under way what is stuck.
    assert!(false_alarms.is_empty() || slowest >= SETTLED_FOR, "{slowest:?} {false_alarms:#?}");
    assert_whole(&store, &traffic);
}

/// Makes faults of an earlier year; returns the rows that a repair has to repair.
fn break_it(store: &CrashStore) -> BTreeSet<Vec<u8>> {
    const SUBMITTED: &str = "crash_reports_index_submitted_time";
    const QUEUE: &str = "crash_reports_index_unprocessed_flag";
    let put = |table: &str, row: &str, column: &str, value: &[u8]| {
        store.client().table(table).put(&Put::new(row).column(column, value)).unwrap();
    };
    let whole = ooid("0a000000-11fe-4bbb-8ccc-ddddd2040101");
    let json = metadata(r#"{"submitted_timestamp": "2004-01-01T00:00:00"}"#);
    store.put_raw_report(whole, &json, b"MDMP", QueueForProcessing::No).unwrap();
    // One that waits and isn't found by its time may not have been submitted wholly: it would be queued.
    store.put_processed(whole, &processed("whole")).unwrap();
    let lost = format!("02004-01-01T00:00:00{whole}");
    store.client().table(SUBMITTED).delete(&Delete::row(lost.as_str())).unwrap();

    let absent = "1a000000-11fe-4bbb-8ccc-ddddd2040102";
    let orphan = format!("12004-01-02T00:00:00{absent}");
    put(SUBMITTED, &orphan, "ids:ooid", absent.as_bytes());
    put(QUEUE, &orphan, "ids:ooid", absent.as_bytes());
    let miscounted = "2004-01-03T00:00";
    put("metrics", miscounted, "counters:submitted_crash_reports", &(-7_i64).to_be_bytes());
    [lost.as_str(), orphan.as_str(), miscounted].map(|row| row.as_bytes().to_vec()).into()
}

fn submit(store: &CrashStore, traffic: &Traffic, worker: usize) {
    let _done = AtTheEnd(|| {
        traffic.submitters_done.fetch_add(1, Ordering::SeqCst);
    });
    let mut number = 0;
    while traffic.admits() {
        let (salt, minute, hour) = (number % 16, number % 60, number / 60 % 24);
        let name = format!("{salt:x}{worker}{number:06x}-11fe-4bbb-8ccc-ddddd2240101");
        let crash = ooid(&name);
        let is_queued = number % 3 > 0;
        // Long ago, and a minute of its own: soon still enough to be compared.
        let json = metadata(&format!(
            r#"{{"submitted_timestamp": "{YEAR}-01-{:02}T{hour:02}:{minute:02}:0{worker}", "legacy_processing": {}}}"#,
            1 + number / 1440,
            u8::from(!is_queued)
        ));
        let queue = if is_queued { QueueForProcessing::Yes } else { QueueForProcessing::No };
        let submit = || store.put_raw_report(crash, &json, b"MDMP", queue).unwrap();
        assert_eq!(traffic.time(submit), Submission::Completed);
        if number % 5 == 0 {
            assert_eq!(traffic.time(submit), Submission::Repeated);
        }
        traffic.submitted.lock().unwrap().push((crash, queue));
        if !is_queued {
            traffic.leaves();
        }
        number += 1;
    }
}

/// Hands crashes on to processors, until no more come.
fn monitor(store: &CrashStore, traffic: &Traffic, claims: &Sender<Claim>) {
    let (queue, worker) = (store.legacy_queue(), "monitor".parse().unwrap());
    traffic.wait_until_open();
    loop {
        let is_last = traffic.submitters_done.load(Ordering::SeqCst) == SUBMITTERS;
        for claim in queue.claim(&worker, Duration::from_mins(10)).unwrap() {
            claims.send(claim.unwrap()).unwrap();
        }
        if is_last {
            return;
        }
    }
}

fn process(store: &CrashStore, traffic: &Traffic, claims: &Mutex<Receiver<Claim>>) {
    let (first, second) = (processed("first"), processed("second"));
    let next = || claims.lock().unwrap().recv();
    while let Ok(claim) = next() {
        let crash = claim.id().clone();
        traffic.time(|| {
            store.put_processed(&crash, &first).unwrap();
            claim.acknowledge().unwrap();
        });
        traffic.time(|| store.put_processed(&crash, &second).unwrap());
        traffic.leaves();
    }
}

fn processed(signature: &str) -> ProcessedCrash {
    let json = format!(r#"{{"signature": "{signature}", "completeddatetime": "{YEAR}"}}"#);
    ProcessedCrash::from_json(json).unwrap()
}

/// Checks and repairs over and over until these rows are repaired and were looked at again; returns what
/// was repaired.
fn repair_in_a_loop(
    store: &CrashStore,
    traffic: &Traffic,
    faults: &BTreeSet<Vec<u8>>,
) -> Vec<Problem> {
    let options = CheckOptions::new().settled_for(SETTLED_FOR);
    let mut repaired = Vec::new();
    let mut more_checks = MORE_CHECKS;
    while more_checks > 0 {
        let rows = repaired.iter().map(|problem: &Problem| problem.row.clone()).collect();
        if faults.is_subset(&rows) {
            traffic.set(&traffic.is_open);
            more_checks -= 1;
        }
        for problem in store.check(&options) {
            let problem = problem.unwrap();
            if store.repair(&problem).unwrap() == RepairOutcome::Repaired {
                repaired.push(problem);
            }
        }
    }
    repaired
}

fn assert_whole(store: &CrashStore, traffic: &Traffic) {
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    for problem in store.check(&options) {
        assert_eq!(store.repair(&problem.unwrap()).unwrap(), RepairOutcome::Repaired);
    }
    let left: Vec<_> = store.check(&options).map(Result::unwrap).collect();
    assert_eq!(left, []);

    let submitted = traffic.submitted.lock().unwrap();
    let (crashes, queued): (Vec<_>, Vec<_>) = submitted.iter().copied().unzip();
    for report in store.get_raw_reports(&crashes).unwrap() {
        assert_eq!(report.unwrap().unwrap().dump(), Some(&b"MDMP"[..]));
    }
    let states = store.get_processing_states(&crashes).unwrap();
    for (state, queued) in states.into_iter().zip(&queued) {
        assert_eq!(state.unwrap().is_processed, *queued == QueueForProcessing::Yes);
    }
    let accepted = queued.iter().filter(|queue| **queue == QueueForProcessing::Yes).count();
    assert_eq!(store.scan_signature("second").unwrap().count(), accepted);
    assert_eq!(store.scan_signature("first").unwrap().count(), 0);
    for queue in [store.legacy_queue(), store.general_queue()] {
        let statistics = queue.statistics().unwrap();
        assert_eq!((statistics.size, statistics.oldest), (Some(0), None));
    }
    let year: Period = YEAR.parse().unwrap();
    let counters = store.get_counters(&[year]).unwrap().remove(0);
    let number = |count: usize| i64::try_from(count).unwrap();
    assert_eq!(counters.submitted(), number(crashes.len()));
    assert_eq!(counters.throttled(LegacyProcessing::Accept), number(accepted));
    assert_eq!(counters.throttled(LegacyProcessing::Defer), number(crashes.len() - accepted));
}
