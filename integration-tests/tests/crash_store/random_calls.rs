//! Any sequence of the Python client's calls, whole or cut off: `check` ends clean or with named, stable
//! reports, no repair is made twice, and nothing right is destroyed.
//!
//! `SEED=7 SEQUENCES=1000` runs others and more; a sequence that fails prints its seed.

mod calls;
mod store;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{Delete, Scan};
use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CheckOptions, CrashId, Problem, ProblemKind, RepairOutcome, SEARCH_TABLE, TABLES,
};

use super::hbase_client_py::{Python, id};
pub(super) use calls::Random;
use calls::{Call, Crash};
use store::{assert_nothing_right_is_gone, cells, waiting};

pub(super) fn tests() -> Vec<Test> {
    vec![Test::new(any_sequence_of_calls_is_checked_without_harm)]
}

fn clear(python: &Python) {
    for table in TABLES.iter().chain([&SEARCH_TABLE]) {
        let table = python.store.client().table(table.name);
        let rows: Vec<_> = table.scan(Scan::new()).unwrap().map(Result::unwrap).collect();
        for row in rows {
            table.delete(&Delete::row(row.key())).unwrap();
        }
    }
    thread::sleep(Duration::from_millis(2));
}

fn check(python: &Python) -> Vec<Problem> {
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    python.store.check(&options).collect::<Result<_, _>>().unwrap()
}

/// What a check that repairs has repaired.
fn repair(python: &Python) -> Vec<Problem> {
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    let repaired = python.store.check(&options).map(Result::unwrap);
    let is_repaired =
        |problem: &Problem| python.store.repair(problem).unwrap() == RepairOutcome::Repaired;
    repaired.filter(is_repaired).collect()
}

fn any_sequence_of_calls_is_checked_without_harm(server: &Server) {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let sequences = number("SEQUENCES", if server.is_mini() { 200 } else { 20 });
    let seed = number("SEED", 1);
    let python = Python::new(server);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for sequence in 0..sequences {
        let place = seed * 1_000_003 + sequence;
        let mut random = Random::new(place);
        let crashes: Vec<Crash> =
            (0..3).map(|crash| Crash::any(&mut random, sequence * 3 + crash)).collect();
        let calls: Vec<(usize, Call)> = (0..=random.below(8))
            .map(|_| (random.one(&[0, 0, 1, 2]), Call::any(&mut random)))
            .collect();
        let shown = format!("SEED={seed}, sequence {sequence}: {calls:?} of {crashes:#?}");
        clear(&python);
        let mut late = Vec::new();
        for (crash, call) in &calls {
            late.extend(call.make(&python, &crashes[*crash]));
            if random.below(2) == 0 {
                late.drain(..).for_each(|write| write());
            }
        }
        for write in late {
            write();
        }
        let before = cells(&python);
        let mut repaired: Vec<Problem> = Vec::new();
        for round in 0.. {
            let again = repair(&python);
            if again.is_empty() {
                break;
            }
            let twice: Vec<_> = again.iter().filter(|it| repaired.contains(it)).collect();
            assert!(twice.is_empty(), "repaired twice: {twice:#?}\n{shown}");
            assert!(round < 4, "no end of repairs: {again:#?}\n{shown}");
            repaired.extend(again);
        }
        for problem in &repaired {
            *kinds.entry(problem.kind.name()).or_default() += 1;
        }
        let left = check(&python);
        for problem in &left {
            *kinds.entry(problem.kind.name()).or_default() += 1;
            let is_named = [ProblemKind::LateData, ProblemKind::UnreadableMetadata];
            assert!(is_named.contains(&problem.kind), "{problem}\n{shown}");
        }
        assert_eq!(left, check(&python), "{shown}");
        let after = cells(&python);
        assert_nothing_right_is_gone(&before, &after, &shown);
        let mut expected = waiting(&after);
        for worked in python.work() {
            expected.remove(&worked);
        }
        assert!(expected.is_empty(), "never processed: {expected:?}\n{shown}");
        assert_everything_is_read(&python, &crashes);
    }
    println!("SEED={seed}: {sequences} sequences, {kinds:?}");
    // The sequences are of use only if they come to everything that a check knows.
    assert!(sequences < 100 || kinds.len() >= 7, "{kinds:?}");
}

fn assert_everything_is_read(python: &Python, crashes: &[Crash]) {
    let ids: Vec<CrashId> = crashes.iter().map(|crash| id(&crash.name)).collect();
    for (report, crash) in python.store.get_raw_reports(&ids).unwrap().into_iter().zip(crashes) {
        if let Ok(Some(report)) = report {
            assert!(report.dump().is_none_or(|dump| dump.starts_with(b"MDMP")), "{}", crash.name);
        }
    }
}
