//! Everything at once: submissions, workers of both queues, reprocessing, removals, and checks that repair,
//! over and over for some seconds. Nothing is lost, no worker gets what another has, and nothing is
//! processed more often than it was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::Scan;
use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CheckOptions, Counted, CrashStore, ErrorKind, Ooid, Problem, ProblemKind, ProcessedCrash,
    QueueForProcessing, RepairOutcome,
};

use crate::socorro::{metadata, ooid, own_tables};

pub(super) fn tests() -> Vec<Test> {
    vec![Test::new(nothing_is_lost_or_done_twice_while_everything_runs_at_once)]
}

const SUBMITTERS: u64 = 2;
const WORKERS: usize = 4;
/// How often a worker finds nothing before it ends: what two have claimed at the same moment both give back.
const IDLE_ROUNDS: usize = 10;
/// No claim runs out.
const LEASE: Duration = Duration::from_hours(1);
/// Longer than an operation takes, unless the machine is very busy.
const SETTLED_FOR: Duration = Duration::from_secs(3);
/// On a machine that is very busy, at least this many crashes are submitted and removed.
const ENOUGH: (usize, usize) = (60, 5);
const LONGEST: Duration = Duration::from_mins(4);

/// What was asked for and what was done.
#[derive(Default)]
struct Ledger {
    is_over: AtomicBool,
    submitted: Mutex<Vec<Ooid>>,
    removed: Mutex<BTreeSet<Ooid>>,
    /// Written down before it is asked for.
    asked: Mutex<BTreeMap<Ooid, u64>>,
    /// Results that were stored.
    done: Mutex<BTreeMap<Ooid, u64>>,
    /// What workers have at this moment.
    at_work: Mutex<BTreeSet<Ooid>>,
    slowest: Mutex<Duration>,
    number: AtomicU64,
}

impl Ledger {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn has_enough(&self) -> bool {
        let (submitted, removed) = ENOUGH;
        self.submitted.lock().unwrap().len() >= submitted
            && self.removed.lock().unwrap().len() >= removed
    }

    fn time<T>(&self, operation: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = operation();
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = start.elapsed().max(*slowest);
        result
    }

    /// One of the crashes that were submitted, another one each time.
    fn any(&self, of: u64) -> Option<Ooid> {
        let submitted = self.submitted.lock().unwrap();
        let number = self.number.fetch_add(7, Ordering::SeqCst) * of;
        let place = usize::try_from(number).unwrap().checked_rem(submitted.len())?;
        submitted.get(place).copied()
    }
}

fn nothing_is_lost_or_done_twice_while_everything_runs_at_once(server: &Server) {
    let (_tables, store) = own_tables(server, "together");
    let ledger = Ledger::default();
    let time = Duration::from_secs(if server.is_mini() { 6 } else { 15 });
    let repaired = thread::scope(|scope| {
        let (store, ledger) = (&store, &ledger);
        for number in 0..SUBMITTERS {
            scope.spawn(move || submit(store, ledger, number));
        }
        for number in 0..WORKERS {
            scope.spawn(move || work(store, ledger, number));
        }
        scope.spawn(move || ask_again(store, ledger));
        scope.spawn(move || remove(store, ledger));
        let checks = scope.spawn(move || check(store, ledger));
        let start = Instant::now();
        while start.elapsed() < time || !ledger.has_enough() && start.elapsed() < LONGEST {
            thread::sleep(Duration::from_millis(100));
        }
        ledger.is_over.store(true, Ordering::SeqCst);
        checks.join().unwrap()
    });
    let slowest = *ledger.slowest.lock().unwrap();
    let is_calm = slowest < SETTLED_FOR;
    println!("{} crashes, slowest {slowest:?}", ledger.submitted.lock().unwrap().len());
    let alarms: Vec<_> = repaired.iter().filter(|it| !is_left_by_a_race(it)).collect();
    assert!(!is_calm || alarms.is_empty(), "{alarms:#?}");
    assert_whole(&store, &ledger, is_calm);
}

/// What two that don't know of each other may leave: a row that names a crash which was removed, an entry
/// of one that was processed, a claim on an entry that had left, a size that is off by them. Nothing of
/// the crashes themselves.
fn is_left_by_a_race(problem: &Problem) -> bool {
    let is_queue = problem.table.ends_with("unprocessed_flag");
    match problem.kind {
        ProblemKind::OrphanIndexRow => true,
        ProblemKind::ProcessedInQueue | ProblemKind::LeftoverRow => is_queue,
        ProblemKind::WrongCounter => problem.row == b"crash_report_queue",
        _ => false,
    }
}

fn submit(store: &CrashStore, ledger: &Ledger, submitter: u64) {
    let mut number = 0;
    while !ledger.is_over() {
        let salt = number % 16;
        let crash = ooid(&format!("{salt:x}{submitter}{number:06x}-7096-4bbb-8ccc-ddddd2230101"));
        let (minute, hour) = (number % 60, number / 60 % 24);
        let json = metadata(&format!(
            r#"{{"submitted_timestamp": "2023-01-01T{hour:02}:{minute:02}:0{submitter}"}}"#
        ));
        let queue = QueueForProcessing::Yes;
        ledger.time(|| store.put_raw_report(crash, &json, b"MDMP", queue).unwrap());
        if number % 4 == 0 {
            ledger.time(|| store.put_raw_report(crash, &json, b"MDMP", queue).unwrap());
        }
        ledger.submitted.lock().unwrap().push(crash);
        number += 1;
    }
}

/// Takes from one of the queues, until it is over and there is nothing for it.
fn work(store: &CrashStore, ledger: &Ledger, number: usize) {
    let worker = format!("worker-{number}").parse().unwrap();
    let queue = if number.is_multiple_of(2) { store.legacy_queue() } else { store.general_queue() };
    let mut idle_rounds = 0;
    loop {
        let was_over = ledger.is_over();
        let mut is_empty = true;
        for claim in queue.claim(&worker, LEASE).unwrap() {
            let claim = claim.unwrap();
            is_empty = false;
            let crash: Ooid = claim.id().to_string().parse().unwrap();
            assert!(ledger.at_work.lock().unwrap().insert(crash), "{crash} is worked on twice");
            let report = store.get_raw_report(crash);
            let is_removed = || ledger.removed.lock().unwrap().contains(&crash);
            let is_whole = report.as_ref().is_ok_and(Option::is_some);
            assert!(is_whole || is_removed() && is_gone(&report), "{crash}: {report:?}");
            thread::sleep(Duration::from_millis(ledger.number.load(Ordering::SeqCst) % 8));
            // The claim ends somewhere in the call, and a request that came meanwhile is another worker's from
            // then on. That nobody else answered the same one is seen by the number of results.
            ledger.at_work.lock().unwrap().remove(&crash);
            let result = ledger.time(|| claim.complete(&processed(number)));
            match result {
                Ok(()) => {
                    *ledger.done.lock().unwrap().entry(crash).or_default() += 1;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::NoSuchCrash, "{error:?}"),
            }
        }
        idle_rounds = if was_over && is_empty { idle_rounds + 1 } else { 0 };
        if idle_rounds == IDLE_ROUNDS {
            return;
        }
    }
}

/// Whether a crash is gone. While it is removed, what somebody else writes to it is there for a moment,
/// until it is taken back.
fn is_gone<T>(report: &socorro_hbase_client::Result<Option<T>>) -> bool {
    match report {
        Err(error) => error.kind() == ErrorKind::IncompleteCrash,
        Ok(report) => report.is_none(),
    }
}

fn processed(number: usize) -> ProcessedCrash {
    let json = format!(r#"{{"signature": "by {number}", "completeddatetime": "2023"}}"#);
    ProcessedCrash::from_json(json).unwrap()
}

fn ask_again(store: &CrashStore, ledger: &Ledger) {
    while !ledger.is_over() {
        let Some(crash) = ledger.any(3) else { continue };
        *ledger.asked.lock().unwrap().entry(crash).or_default() += 1;
        let replaces = ledger.number.load(Ordering::SeqCst).is_multiple_of(2);
        let result = ledger.time(|| {
            if replaces { store.replace_dump(crash, b"MDMP fixed") } else { store.requeue(crash) }
        });
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::NoSuchCrash, "{error:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn remove(store: &CrashStore, ledger: &Ledger) {
    while !ledger.is_over() {
        let Some(crash) = ledger.any(5) else { continue };
        ledger.removed.lock().unwrap().insert(crash);
        let removed = ledger.time(|| store.remove_many([crash], Counted::Stays).unwrap());
        for removed in removed {
            removed.unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Checks and repairs; returns what was repaired. A crash that is being removed has lost its rows in the indexes
/// before its own: a repair may put one back then, and the removal takes it away when it looks once more.
fn check(store: &CrashStore, ledger: &Ledger) -> Vec<Problem> {
    let options = CheckOptions::new().settled_for(SETTLED_FOR);
    let mut repaired = Vec::new();
    while !ledger.is_over() {
        for problem in store.check(&options) {
            let problem = problem.unwrap();
            let is_repaired = store.repair(&problem).unwrap() == RepairOutcome::Repaired;
            let crash = problem.id.as_ref().and_then(|id| id.to_string().parse().ok());
            let is_removed =
                crash.is_some_and(|it: Ooid| ledger.removed.lock().unwrap().contains(&it));
            if is_repaired && !(is_removed && problem.kind == ProblemKind::MissingIndexRow) {
                repaired.push(problem);
            }
        }
    }
    repaired
}

fn assert_whole(store: &CrashStore, ledger: &Ledger, is_calm: bool) {
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    let check = || -> Vec<Problem> { store.check(&options).map(Result::unwrap).collect() };
    // Nothing but crashes is left of any crash, not even what no check looks at.
    for row in store.client().table("crash_reports").scan(Scan::new()).unwrap() {
        let row = row.unwrap();
        let key = row.key().escape_ascii();
        assert!(row.get("meta_data:json").is_some(), "{key} has no metadata: {row:?}");
        assert!(row.get("flags:processed").is_some(), "{key} has no state: {row:?}");
    }
    let found = check();
    println!("left: {found:#?}");
    let alarms: Vec<_> = found.iter().filter(|it| !is_left_by_a_race(it)).collect();
    assert!(!is_calm || alarms.is_empty(), "{alarms:#?}");
    assert_eq!(found, check(), "a check finds the same each time");
    for problem in found {
        store.repair(&problem).unwrap();
    }
    // The sizes are off by the entries that were taken out.
    for problem in check() {
        assert_eq!(problem.row, b"crash_report_queue", "{problem}");
        store.repair(&problem).unwrap();
    }
    assert_eq!(check(), []);
    for queue in [store.legacy_queue(), store.general_queue()] {
        assert_eq!(queue.count_entries().unwrap(), 0);
    }

    let (submitted, removed) = (ledger.submitted.lock().unwrap(), ledger.removed.lock().unwrap());
    let (gone, there): (Vec<_>, Vec<_>) = submitted.iter().partition(|it| removed.contains(it));
    assert!(there.len() > 20 && !gone.is_empty(), "{} and {}", there.len(), gone.len());
    for crashes in gone.chunks(8) {
        let reports = store.get_raw_reports(crashes.iter().copied()).unwrap();
        assert!(reports.into_iter().all(|report| report.unwrap().is_none()));
    }
    let states = store.get_processing_states(there.iter().copied()).unwrap();
    let (done, asked) = (ledger.done.lock().unwrap(), ledger.asked.lock().unwrap());
    for (crash, state) in there.into_iter().zip(states) {
        assert!(state.is_some_and(|state| state.is_processed), "{crash} is not processed");
        let count = |of: &BTreeMap<Ooid, u64>| of.get(crash).copied().unwrap_or_default();
        let most = 1 + count(&asked);
        assert!((1..=most).contains(&count(&done)), "{crash}: {} of {most}", count(&done));
    }
    for report in store.get_raw_reports(submitted.iter()).unwrap().into_iter().flatten().flatten() {
        assert!(report.dump().is_some_and(|dump| dump.starts_with(b"MDMP")));
    }
}
