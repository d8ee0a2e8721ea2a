//! Stored cells that no client of ours would have written hinder nothing else.

mod noise;

use hbase_thrift_client::Get;
use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CheckOptions, Period, Problem, ProblemKind, QueueForProcessing, RepairOutcome, Selection,
    Submission, TimeRange,
};

use super::hbase_client_py::{A, B, JSON, LEASE, LEGACY, Python, TIME, id, processed, worker};
use crate::socorro::metadata;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(what_is_no_counter_is_named_once_and_hinders_nothing),
        Test::new(what_is_no_counter_is_counted_anew_by_a_recount),
        Test::new(values_that_are_too_long_for_a_key_are_named_and_hinder_nothing),
        Test::new(noise::any_cells_hinder_no_sound_crash),
    ]
}

const SIZES: &str = "crash_report_queue";
const SIZE_COLUMNS: [&str; 2] =
    ["counters:current_unprocessed_size", "counters:current_legacy_unprocessed_size"];
const PERIODS: [&str; 5] = ["2012", "2012-05", "2012-05-08", "2012-05-08T20", "2012-05-08T20:50"];
const SUBMITTED: &str = "counters:submitted_crash_reports";
const ACCEPTED: &str = "counters:submitted_crash_reports_legacy_throttle_0";

/// Neither shorter nor longer than eight bytes is a counter.
const VALUES: [&[u8]; 3] = [b"", b"one", b"123456789"];

impl Python {
    fn counter(&self, row: &str, column: &str) -> Option<Vec<u8>> {
        let get = Get::new(row).column(column);
        let row = self.store.client().table("metrics").get(&get).unwrap()?;
        Some(row.get(column)?.to_vec())
    }

    fn found(&self) -> Vec<Problem> {
        let options = CheckOptions::new().settled_for(std::time::Duration::ZERO);
        self.store.check(&options).collect::<Result<_, _>>().unwrap()
    }
}

fn what_is_no_counter_is_named_once_and_hinders_nothing(server: &Server) {
    for value in VALUES {
        let python = Python::new(server);
        let store = &python.store;
        let broken: Vec<(&str, &str)> = SIZE_COLUMNS
            .iter()
            .map(|column| (SIZES, *column))
            .chain(PERIODS.iter().map(|period| (*period, SUBMITTED)))
            .collect();
        for (row, column) in &broken {
            python.put("metrics", row, &[(column, value)]);
        }
        let counted = |expected: i64| {
            for period in PERIODS {
                // The counter behind the one that is none.
                let counter =
                    python.counter(period, ACCEPTED).map(|bytes| bytes.try_into().unwrap());
                assert_eq!(counter.map(i64::from_be_bytes), Some(expected), "{period}");
            }
        };
        let submit = |name: &str| {
            let queue = QueueForProcessing::Yes;
            store.put_raw_report(id(name), &metadata(JSON), b"MDMP", queue).unwrap()
        };
        assert_eq!(submit(A), Submission::Completed);
        assert_eq!(submit(B), Submission::Completed);
        counted(2);
        assert_eq!(submit(A), Submission::Repeated);
        counted(2);
        store.count_submission(&metadata(JSON), QueueForProcessing::Yes).unwrap();
        counted(3);

        assert_eq!(python.work(), [A, B]);
        for queue in [store.legacy_queue(), store.general_queue()] {
            assert_eq!(queue.count_entries().unwrap(), 0);
        }
        store.requeue(id(A)).unwrap();
        store.replace_dump(id(B), b"MDMP fixed").unwrap();
        let queue = store.legacy_queue();
        let claim = queue.claim_by_priority(id(A), &worker(), LEASE).unwrap().unwrap();
        assert!(claim.acknowledge().unwrap());
        assert!(queue.remove(id(B)).unwrap());
        store.put_processed(id(B), &processed("again")).unwrap();
        let general = store.general_queue();
        assert_eq!(general.count_entries().unwrap(), 1);
        assert!(store.remove(id(A)).unwrap());
        for queue in [&queue, &general] {
            assert_eq!(queue.count_entries().unwrap(), 0);
            // Unknown is neither zero nor an error.
            for _ in 0..2 {
                assert_eq!(queue.statistics().unwrap().size, None);
            }
            let noted = queue.take_problems();
            let kinds: Vec<_> = noted.iter().map(|problem| problem.kind).collect();
            assert_eq!(kinds, [ProblemKind::MalformedCounter], "{noted:?}");
        }
        let periods: Vec<Period> = PERIODS.iter().map(|text| text.parse().unwrap()).collect();
        for counters in store.get_counters(&periods).unwrap() {
            assert_eq!(counters.unknown().collect::<Vec<_>>(), [SUBMITTED]);
            assert_eq!(counters.iter().collect::<Vec<_>>(), [(ACCEPTED, 3)]);
        }

        // Each named once; what it was is not guessed, and nothing else is called wrong for it.
        let found = python.found();
        let mut named: Vec<_> = found
            .iter()
            .map(|problem| (problem.kind, str::from_utf8(&problem.row).unwrap().to_owned()))
            .collect();
        named.sort();
        let mut expected: Vec<_> = broken
            .iter()
            .map(|(row, _)| (ProblemKind::MalformedCounter, (*row).to_owned()))
            .collect();
        expected.sort();
        assert_eq!(named, expected);
        for (row, column) in &broken {
            assert_eq!(python.counter(row, column).as_deref(), Some(value));
        }
        for problem in &found {
            assert_eq!(store.repair(problem).unwrap(), RepairOutcome::Repaired);
            assert_eq!(store.repair(problem).unwrap(), RepairOutcome::AlreadySolved);
        }
        // B is there, and A is gone without a trace in the counters that are to be found again.
        python.repair();
        assert_eq!(python.found(), []);
        assert_eq!(store.get_counters(&periods).unwrap()[0].submitted(), 1);
    }
}

fn what_is_no_counter_is_counted_anew_by_a_recount(server: &Server) {
    for value in VALUES {
        let python = Python::new(server);
        let queue = QueueForProcessing::No;
        python.store.put_raw_report(id(A), &metadata(JSON), b"MDMP", queue).unwrap();
        python.put("metrics", "2012", &[(SUBMITTED, value), ("counters:somebodys", value)]);
        let changed = python.store.recount(&"2012".parse().unwrap()).unwrap();
        let changed: Vec<_> =
            changed.iter().map(|it| (it.column.as_str(), it.before, it.now)).collect();
        assert_eq!(changed, [(SUBMITTED, None, 1)]);
        assert_eq!(python.counter("2012", SUBMITTED), Some(1_i64.to_be_bytes().to_vec()));
        // What we have never counted is others' business.
        assert_eq!(python.counter("2012", "counters:somebodys").as_deref(), Some(value));
        assert_eq!(python.found(), []);
    }
}

fn values_that_are_too_long_for_a_key_are_named_and_hinder_nothing(server: &Server) {
    let python = Python::new(server);
    let store = &python.store;
    let long = "x".repeat(40_000);
    let of_c = "2a11b22c-0000-4000-8000-000002120508";
    python.put_crash(A, &long, JSON, true, None);
    python.put_json_dump(B, TIME, JSON, true, None);
    python.put_crash(of_c, TIME, JSON, true, Some(&long));
    let row = format!("0120508{B}");
    python.put(
        "crash_reports",
        &row.replacen('0', "1", 1),
        &[("processed_data:signature", long.as_bytes()), ("timestamps:processed", long.as_bytes())],
    );
    let odd = "3a11b22c-0000-4000-8000-000002120508";
    python.put(LEGACY, &format!("3{TIME}{odd}"), &[("ids:ooid", long.as_bytes())]);

    let mut kinds = python.problems();
    kinds.retain(|kind| *kind == ProblemKind::UnreadableMetadata);
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    for _ in 0..3 {
        python.repair();
    }
    assert_eq!(python.problems(), [ProblemKind::UnreadableMetadata; 2]);
    // All but the one that has no name, and the one whose submission stopped where its time came into keys.
    let mut worked = python.work();
    worked.sort();
    assert_eq!(worked, [B, of_c]);
    store.requeue(id(A)).unwrap();
    assert_eq!(python.work(), [A]);
    for name in [A, B, of_c] {
        assert!(store.describe(id(name)).unwrap().unwrap().is_processed, "{name}");
        store.requeue(id(name)).unwrap();
        assert!(store.legacy_queue().remove(id(name)).unwrap());
    }
    let day = TimeRange::within("2012-05-08");
    store.reindex(&day).unwrap();
    store.recount(&"2012".parse().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let names = [A, B, of_c].map(id);
    let export =
        store.export_to_folder(&Selection::Crashes(names.to_vec()), folder.path()).unwrap();
    for exported in export {
        exported.unwrap();
    }
    for name in names {
        assert!(store.remove(&name).unwrap());
        assert_eq!(store.get_dump(&name).unwrap(), None);
    }
    assert_eq!(python.problems(), []);
}
