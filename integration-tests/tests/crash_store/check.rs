//! Checking and repairing: each fault is found once, named, and gone after the repair.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CheckOptions, CrashStore, Problem, ProblemKind, ProcessedCrash, QueueForProcessing, TimeRange,
};

use crate::socorro::{Socorro, metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_store_without_faults_has_no_problems),
        Test::new(each_fault_is_found_and_repaired),
        Test::new(a_check_goes_on_where_another_stopped),
        Test::new(a_check_in_batches_finds_the_same_and_goes_on_after_each),
        Test::new(what_has_changed_lately_is_left_alone),
        Test::new(a_range_leaves_other_days_alone),
        Test::new(two_submitters_at_once_leave_nothing_that_a_repair_does_not_repair),
    ]
}

fn options() -> CheckOptions {
    CheckOptions::new().settled_for(Duration::ZERO)
}

/// Other tests leave faults behind, so each begins with a repair.
fn repaired(server: &Server) -> Socorro {
    let socorro = socorro(server);
    for crash in [A, B] {
        socorro.store.remove(ooid(crash)).unwrap();
    }
    repair(&socorro.store);
    socorro
}

fn repair(store: &CrashStore) {
    for problem in store.check(&options()) {
        store.repair(&problem.unwrap()).unwrap();
    }
}

fn problems(store: &CrashStore) -> Vec<Problem> {
    store.check(&options()).collect::<Result<_, _>>().unwrap()
}

fn submit(socorro: &Socorro, name: &str, json: &str) {
    let queue = QueueForProcessing::Yes;
    socorro.store.put_raw_report(ooid(name), &metadata(json), b"MDMP", queue).unwrap();
}

const A: &str = "0e000000-aaaa-4bbb-8ccc-ddddd2030101";
const B: &str = "1e000000-aaaa-4bbb-8ccc-ddddd2030101";
const HANG: &str = r#"{"submitted_timestamp": "2003-01-01T01:02:03", "ProcessType": "plugin", "HangID": "8f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"}"#;
const PLAIN: &str = r#"{"submitted_timestamp": "2003-01-01T01:02:04", "legacy_processing": 1}"#;

fn a_store_without_faults_has_no_problems(server: &Server) {
    let socorro = repaired(server);
    submit(&socorro, A, HANG);
    submit(&socorro, B, PLAIN);
    let processed = ProcessedCrash::from_json(r#"{"completeddatetime": "2003"}"#).unwrap();
    socorro.store.put_processed(ooid(B), &processed).unwrap();
    let _claims: Vec<_> = socorro
        .store
        .general_queue()
        .claim(&"t".parse().unwrap(), Duration::from_mins(1))
        .unwrap()
        .collect();
    assert_eq!(problems(&socorro.store), []);
    socorro.store.remove(ooid(A)).unwrap();
    assert_eq!(problems(&socorro.store), []);
}

/// Breaks the store in every way that the check knows.
fn break_it(socorro: &mut Socorro) {
    const QUEUE: &str = "crash_reports_index_unprocessed_flag";
    const LEGACY: &str = "crash_reports_index_legacy_unprocessed_flag";
    const INDEX: &str = "crash_reports_index_submitted_time";
    submit(socorro, A, HANG);
    submit(socorro, B, PLAIN);
    socorro.delete_raw("crash_reports_index_hang_id", "8f1e7a60-55c4-4be0-9d3c-71c4e8a90b12");
    socorro.delete_raw(INDEX, &format!("12003-01-01T01:02:04{B}"));
    let absent = "2e000000-aaaa-4bbb-8ccc-ddddd2030101";
    let row = format!("22003-01-01T01:02:05{absent}");
    socorro.put_raw(INDEX, &row, &[("ids:ooid", absent.as_bytes())]);
    socorro.put_raw(LEGACY, &row, &[("ids:ooid", absent.as_bytes())]);
    let stale = format!("12002-01-01T01:02:04{B}");
    socorro.put_raw(INDEX, &stale, &[("ids:ooid", B.as_bytes())]);
    socorro.put_raw(QUEUE, &format!("02003-01-01T01:02:03{A}"), &[("ids:ooid", b"nonsense")]);
    socorro.put_raw(QUEUE, "02003-01-01T01:02:03empty", &[("ids:ooid", b"")]);
    socorro.put_raw(QUEUE, "02003-01-01T01:02:03left", &[("processor_state:claim", b"0 x")]);
    socorro.put_raw("crash_reports", &format!("1030101{B}"), &[("flags:processed", b"Y")]);
    socorro.put_raw("crash_reports", &format!("0030101{A}"), &[("flags:uncounted", b"Y")]);
    let left = "3e000000-aaaa-4bbb-8ccc-ddddd2030101";
    socorro.put_raw("crash_reports", &format!("3030101{left}"), &[("flags:processed", b"N")]);
    let counter = |value: &'static [u8; 8]| [("counters:submitted_crash_reports", &value[..])];
    socorro.put_raw("metrics", "2003-01-01T01", &counter(&[0; 8]));
    // Of crashes that are gone: as many as were counted.
    socorro.put_raw("metrics", "2003-01-08T01:05", &counter(&[0, 0, 0, 0, 0, 0, 0, 7]));
    socorro.put_raw("metrics", "2003-01-09T01:05", &counter(&[255; 8]));
}

fn each_fault_is_found_and_repaired(server: &Server) {
    let mut socorro = repaired(server);
    break_it(&mut socorro);
    let found = problems(&socorro.store);
    let count = |kind| found.iter().filter(|problem| problem.kind == kind).count();
    let counts = [
        ProblemKind::MissingIndexRow,
        ProblemKind::OrphanIndexRow,
        ProblemKind::StaleIndexRow,
        ProblemKind::MalformedIndexRow,
        ProblemKind::ProcessedInQueue,
        ProblemKind::UnfinishedSubmission,
        ProblemKind::LeftoverRow,
    ]
    .map(count);
    assert_eq!(counts, [2, 3, 1, 1, 1, 1, 2], "{found:#?}");
    let hour = found.iter().find(|problem| problem.row == b"2003-01-01T01").unwrap();
    // B's index row is missing, so only A is counted.
    assert_eq!(hour.difference, 1, "{hour}");
    let minute = found.iter().find(|problem| problem.row == b"2003-01-09T01:05").unwrap();
    assert_eq!(minute.difference, 1, "{minute}");
    repair(&socorro.store);
    assert_eq!(problems(&socorro.store), []);
    let counters = socorro.store.get_counters(&["2003-01-01T01".parse().unwrap()]).unwrap();
    assert_eq!(counters[0].submitted(), 2);
    assert!(socorro.cells().has_row("crash_reports_index_hang_id", "8f1e7a60"));
}

fn a_check_goes_on_where_another_stopped(server: &Server) {
    let mut socorro = repaired(server);
    break_it(&mut socorro);
    let mut check = socorro.store.check(&options());
    let mut found = Vec::new();
    let mut positions = Vec::new();
    while let Some(problem) = check.next() {
        positions.push(check.position().to_string());
        found.push(problem.unwrap());
    }
    assert_eq!(check.progress().part, check.progress().parts);
    for (number, text) in positions.iter().enumerate() {
        // What was found since the position is found again.
        let first = positions.iter().position(|other| other == text).unwrap();
        let resumed = options().resume(text.parse().unwrap());
        let again: Vec<_> = socorro.store.check(&resumed).collect::<Result<_, _>>().unwrap();
        assert_eq!(again, found[first..], "after {number} problems, at {text}");
    }
    repair(&socorro.store);
}

fn a_check_in_batches_finds_the_same_and_goes_on_after_each(server: &Server) {
    let mut socorro = repaired(server);
    break_it(&mut socorro);
    let expected = problems(&socorro.store);
    let (mut found, mut percent) = (Vec::new(), 0);
    let mut check = socorro.store.check(&options());
    while let Some(batch) = check.next_batch().unwrap() {
        found.extend(batch);
        let progress = check.progress();
        assert!((percent..=100).contains(&progress.percent), "{progress:?} after {percent} %");
        percent = progress.percent;
        // As a program that was stopped here and started again.
        let position = check.position().to_string().parse().unwrap();
        check = socorro.store.check(&options().resume(position));
        assert!(found.len() <= expected.len(), "{found:?}");
    }
    assert_eq!(found, expected);
    assert_eq!(check.progress().percent, 100);
    repair(&socorro.store);
}

fn what_has_changed_lately_is_left_alone(server: &Server) {
    let mut socorro = repaired(server);
    break_it(&mut socorro);
    let careful = CheckOptions::new().settled_for(Duration::from_hours(1));
    let found: Vec<_> = socorro.store.check(&careful).collect::<Result<_, _>>().unwrap();
    assert_eq!(found, []);
    repair(&socorro.store);
}

fn a_range_leaves_other_days_alone(server: &Server) {
    let mut socorro = repaired(server);
    break_it(&mut socorro);
    let range = options().range(TimeRange::within("2003-01-02"));
    let found: Vec<_> = socorro.store.check(&range).collect::<Result<_, _>>().unwrap();
    assert_eq!(found, []);
    let range = options().range(TimeRange::within("2003-01-09"));
    let found: Vec<_> = socorro.store.check(&range).collect::<Result<_, _>>().unwrap();
    assert_eq!(found.len(), 1, "{found:#?}");
    repair(&socorro.store);
}

/// Both look before either has counted, and then both count.
fn two_submitters_at_once_leave_nothing_that_a_repair_does_not_repair(server: &Server) {
    const CRASHES: usize = 16;
    let socorro = repaired(server);
    let before = socorro.store.legacy_queue().statistics().unwrap().size;
    let crashes: Vec<_> =
        (0..CRASHES).map(|n| ooid(&format!("{n:x}e000001-aaaa-4bbb-8ccc-ddddd2030201"))).collect();
    let start = Barrier::new(2);
    let submit = || {
        for crash in &crashes {
            start.wait();
            let json = metadata(r#"{"submitted_timestamp": "2003-02-01T01:02:03"}"#);
            let queue = QueueForProcessing::Yes;
            socorro.store.put_raw_report(crash, &json, b"MDMP", queue).unwrap();
        }
    };
    thread::scope(|scope| {
        scope.spawn(submit);
        scope.spawn(submit);
    });
    repair(&socorro.store);
    assert_eq!(problems(&socorro.store), []);
    // What was counted twice is no problem, and set right when somebody asks for it.
    socorro.store.recount(&"2003-02".parse().unwrap()).unwrap();
    let counters = socorro.store.get_counters(&["2003-02".parse().unwrap()]).unwrap();
    let (submitted, sizes) = (16, before.map(|before| before + 16));
    assert_eq!(counters[0].submitted(), submitted);
    assert_eq!(socorro.store.legacy_queue().statistics().unwrap().size, sizes);
    for crash in &crashes {
        assert!(socorro.store.remove(crash).unwrap());
    }
}
