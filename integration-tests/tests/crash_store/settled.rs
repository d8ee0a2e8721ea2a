//! What a check compares and what it leaves alone because it may be under way, and repairs of what
//! has changed since it was found. Times are written with the cells, so that nobody has to wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hbase_thrift_client::{Increment, Put};
use integration_tests::{Server, Test, TestTable};
use socorro_hbase_client::{CheckOptions, CrashStore, Problem, ProblemKind, RepairOutcome};

use crate::socorro::own_tables;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_crash_that_was_just_processed_is_left_to_its_processor),
        Test::new(a_crash_that_was_processed_long_ago_has_no_business_in_a_queue),
        Test::new(counters_that_moved_lately_are_not_compared),
        Test::new(counters_whose_crash_came_lately_are_not_compared),
        Test::new(a_crash_that_is_still_to_be_counted_is_not_counted_by_a_repair),
        Test::new(nothing_has_been_still_for_ever),
        Test::new(the_size_of_a_queue_that_moved_lately_is_not_compared),
        Test::new(the_size_of_a_queue_with_a_late_entry_is_not_compared),
        Test::new(a_counter_that_moved_since_it_was_found_is_left_alone),
        Test::new(a_counter_is_repaired_once_however_often_it_is_tried),
        Test::new(what_is_no_counter_is_found_and_repaired_and_ends_no_check),
    ]
}

const CRASH: &str = "0e100000-aaaa-4bbb-8ccc-ddddd2030301";
const CRASH_ROW: &str = "00303010e100000-aaaa-4bbb-8ccc-ddddd2030301";
const TIMED: &str = "02003-03-01T01:02:030e100000-aaaa-4bbb-8ccc-ddddd2030301";
const JSON: &str = r#"{"submitted_timestamp": "2003-03-01T01:02:03", "legacy_processing": 1}"#;
const SUBMITTED: &str = "crash_reports_index_submitted_time";
const QUEUE: &str = "crash_reports_index_unprocessed_flag";
const SIZES: &str = "crash_report_queue";
const SIZE: &str = "counters:current_unprocessed_size";
const TIMES: [&str; 5] = ["2003", "2003-03", "2003-03-01", "2003-03-01T01", "2003-03-01T01:02"];
const COUNTERS: [&str; 2] =
    ["counters:submitted_crash_reports", "counters:submitted_crash_reports_legacy_throttle_1"];

/// Tables of one test's own.
struct Store {
    store: CrashStore,
    _tables: TestTable,
}

impl Store {
    /// With a crash that was submitted two hours ago, and is queued.
    fn with_an_old_crash(server: &Server) -> Self {
        let (tables, store) = own_tables(server, "settled");
        let store = Self { store, _tables: tables };
        for (column, value) in [
            ("flags:processed", "N"),
            ("ids:ooid", CRASH),
            ("meta_data:json", JSON),
            ("raw_data:dump", "MDMP"),
            ("timestamps:submitted", "2003-03-01T01:02:03"),
        ] {
            store.put_old("crash_reports", CRASH_ROW, column, value.as_bytes());
        }
        store.put_old(SUBMITTED, TIMED, "ids:ooid", CRASH.as_bytes());
        store.put_old(QUEUE, TIMED, "ids:ooid", CRASH.as_bytes());
        store.put_old("metrics", SIZES, SIZE, &1_i64.to_be_bytes());
        for time in TIMES {
            for counter in COUNTERS {
                store.put_old("metrics", time, counter, &1_i64.to_be_bytes());
            }
        }
        assert_eq!(store.problems(), []);
        store
    }

    fn put_old(&self, table: &str, row: &str, column: &str, value: &[u8]) {
        let old = SystemTime::now() - Duration::from_hours(2);
        let old = old.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let put = Put::new(row).column(column, value).timestamp(i64::try_from(old).unwrap());
        self.store.client().table(table).put(&put).unwrap();
    }

    fn put_now(&self, table: &str, row: &str, column: &str, value: &[u8]) {
        self.store.client().table(table).put(&Put::new(row).column(column, value)).unwrap();
    }

    fn problems(&self) -> Vec<Problem> {
        let options = CheckOptions::new().settled_for(Duration::from_hours(1));
        self.store.check(&options).collect::<Result<_, _>>().unwrap()
    }

    /// The only problem, of a counter.
    fn wrong_counter(&self) -> Problem {
        let mut problems = self.problems();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert_eq!(problems[0].kind, ProblemKind::WrongCounter);
        problems.remove(0)
    }
}

fn a_crash_that_was_just_processed_is_left_to_its_processor(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_now("crash_reports", CRASH_ROW, "flags:processed", b"Y");
    assert_eq!(store.problems(), []);
}

fn a_crash_that_is_still_to_be_counted_is_not_counted_by_a_repair(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_old("crash_reports", CRASH_ROW, "flags:uncounted", b"Y");
    for (time, counter) in TIMES.iter().flat_map(|time| COUNTERS.map(|counter| (time, counter))) {
        store.put_old("metrics", time, counter, &0_i64.to_be_bytes());
    }
    // Or it would be counted twice when its submission is made again.
    let kinds: Vec<_> = store.problems().iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::UnfinishedSubmission]);
}

fn nothing_has_been_still_for_ever(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_old("crash_reports", CRASH_ROW, "flags:processed", b"Y");
    let options = CheckOptions::new().settled_for(Duration::MAX);
    assert_eq!(store.store.check(&options).collect::<Result<Vec<_>, _>>().unwrap(), []);
}

fn a_crash_that_was_processed_long_ago_has_no_business_in_a_queue(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_old("crash_reports", CRASH_ROW, "flags:processed", b"Y");
    let problems = store.problems();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].kind, ProblemKind::ProcessedInQueue);
    assert_eq!(store.store.repair(&problems[0]).unwrap(), RepairOutcome::Repaired);
    assert_eq!(store.store.repair(&problems[0]).unwrap(), RepairOutcome::AlreadySolved);
    let queue = store.store.general_queue();
    assert_eq!((queue.count_entries().unwrap(), queue.statistics().unwrap().size), (0, Some(0)));
}

fn counters_that_moved_lately_are_not_compared(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_now("metrics", TIMES[4], COUNTERS[0], &5_i64.to_be_bytes());
    assert_eq!(store.problems(), []);
}

fn counters_whose_crash_came_lately_are_not_compared(server: &Server) {
    let store = Store::with_an_old_crash(server);
    // What a submission writes before it counts the crash, whose data was there for long.
    let crash = "1e100000-aaaa-4bbb-8ccc-ddddd2030301";
    let row = format!("1030301{crash}");
    for (column, value) in [
        ("meta_data:json", JSON),
        ("raw_data:dump", "MDMP"),
        ("timestamps:submitted", "2003-03-01T01:02:03"),
    ] {
        store.put_old("crash_reports", &row, column, value.as_bytes());
    }
    store.put_now("crash_reports", &row, "ids:ooid", crash.as_bytes());
    let timed = format!("12003-03-01T01:02:03{crash}");
    store.put_now(SUBMITTED, &timed, "ids:ooid", crash.as_bytes());
    assert_eq!(store.problems(), []);
}

fn the_size_of_a_queue_that_moved_lately_is_not_compared(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_now("metrics", SIZES, SIZE, &2_i64.to_be_bytes());
    assert_eq!(store.problems(), []);
}

fn the_size_of_a_queue_with_a_late_entry_is_not_compared(server: &Server) {
    let store = Store::with_an_old_crash(server);
    // What a submission writes before it counts it.
    let row = "12003-03-01T01:02:031e100000-aaaa-4bbb-8ccc-ddddd2030301";
    store.put_now(QUEUE, row, "ids:ooid", b"1e100000-aaaa-4bbb-8ccc-ddddd2030301");
    assert_eq!(store.problems(), []);
}

fn a_counter_that_moved_since_it_was_found_is_left_alone(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_old("metrics", SIZES, SIZE, &4_i64.to_be_bytes());
    let problem = store.wrong_counter();
    assert_eq!((problem.counter, problem.difference), (Some(4), -3));
    let step = Increment::new(SIZES, SIZE, 1);
    store.store.client().table("metrics").increment(&step).unwrap();
    assert_eq!(store.store.repair(&problem).unwrap(), RepairOutcome::Left);
    assert_eq!(store.store.general_queue().statistics().unwrap().size, Some(5));
}

fn a_counter_is_repaired_once_however_often_it_is_tried(server: &Server) {
    let store = Store::with_an_old_crash(server);
    let moved = "2003-03-01T01:03";
    store.put_old("metrics", moved, COUNTERS[0], &(-7_i64).to_be_bytes());
    let problem = store.wrong_counter();
    assert_eq!((problem.counter, problem.difference), (Some(-7), 7));
    assert_eq!(store.store.repair(&problem).unwrap(), RepairOutcome::Repaired);
    assert_eq!(store.store.repair(&problem).unwrap(), RepairOutcome::AlreadySolved);
    let counters = store.store.get_counters(&[moved.parse().unwrap()]).unwrap();
    assert_eq!(counters[0].submitted(), 0);
    assert_eq!(store.problems(), []);
}

fn what_is_no_counter_is_found_and_repaired_and_ends_no_check(server: &Server) {
    let store = Store::with_an_old_crash(server);
    store.put_old("metrics", SIZES, SIZE, b"one");
    store.put_old("metrics", TIMES[4], COUNTERS[0], b"one");
    let repair = |kind| {
        let problems = store.problems();
        let found: Vec<_> =
            problems.iter().map(|problem| (problem.kind, problem.row.as_slice())).collect();
        assert_eq!(found, [(kind, TIMES[4].as_bytes()), (kind, SIZES.as_bytes())]);
        for problem in problems {
            assert_eq!(store.store.repair(&problem).unwrap(), RepairOutcome::Repaired);
            assert_eq!(store.store.repair(&problem).unwrap(), RepairOutcome::AlreadySolved);
        }
    };
    repair(ProblemKind::MalformedCounter);
    repair(ProblemKind::WrongCounter);
    assert_eq!(store.problems(), []);
    let counters = store.store.get_counters(&[TIMES[4].parse().unwrap()]).unwrap();
    assert_eq!(counters[0].submitted(), 1);
    assert_eq!(store.store.general_queue().statistics().unwrap().size, Some(1));
}
