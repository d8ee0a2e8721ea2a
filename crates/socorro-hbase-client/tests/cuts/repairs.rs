//! Repairs beside others, and repairs that are made again: what they leave, and whether what they say of it is
//! true.

use std::{cell::Cell, sync::Mutex, time::Duration};

use hbase_thrift_client::{CheckAndPut, Get};
use mini_hbase::Fault;
use socorro_hbase_client::{CrashStore, Ooid, Problem, ProblemKind, RepairOutcome, Result};

use super::{
    call::{Call, OOID},
    meanwhile::{ACCEPTED, CRASH_ROW, HANG, LEGACY, MOVED, NO_NAME, SUBMITTED, Scene, TIMED},
    world::{difference, shown},
};

const CRASHES: &str = "crash_reports";
const GENERAL: &str = "crash_reports_index_unprocessed_flag";
const HANG_ID: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
const SIZES: &str = "crash_report_queue";
const SIZE: &str = "counters:current_legacy_unprocessed_size";
const SEVEN: &str = "\0\0\0\0\0\0\0\x07";

/// How a problem comes about.
#[derive(Clone, Copy)]
struct Harm {
    kind: ProblemKind,
    table: &'static str,
    before: &'static [Call],
    /// Table, row, column and value of what is put there.
    put: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Tables and rows of what is deleted before.
    delete: &'static [(&'static str, &'static str)],
    /// Whether of two repairs one alone can be the one that did it.
    is_exclusive: bool,
}

/// As the Python client leaves it that fails after its first call.
const BEGUN: Harm = Harm {
    put: &[
        (CRASHES, CRASH_ROW, "ids:ooid", OOID),
        (
            CRASHES,
            CRASH_ROW,
            "meta_data:json",
            r#"{"submitted_timestamp": "2012-05-08T20:50:50+00:00"}"#,
        ),
        (CRASHES, CRASH_ROW, "raw_data:dump", "MDMP"),
        (CRASHES, CRASH_ROW, "timestamps:submitted", "2012-05-08T20:50:50+00:00"),
        (CRASHES, CRASH_ROW, "flags:legacy_processing", "Y"),
        (CRASHES, CRASH_ROW, "flags:processed", "N"),
    ],
    ..harm(ProblemKind::UnfinishedSubmission, CRASHES, &[])
};

const fn harm(kind: ProblemKind, table: &'static str, before: &'static [Call]) -> Harm {
    Harm { kind, table, before, put: &[], delete: &[], is_exclusive: false }
}

const HARMS: [Harm; 17] = [
    Harm {
        put: &[(CRASHES, CRASH_ROW, "flags:uncounted", "Y")],
        ..harm(ProblemKind::UnfinishedSubmission, CRASHES, &[ACCEPTED])
    },
    // The same once its rows were deleted: their deletes are newer than the crash.
    Harm {
        delete: &[(SUBMITTED, TIMED), (LEGACY, TIMED), (GENERAL, TIMED)],
        put: &[("metrics", SIZES, SIZE, "\0\0\0\0\0\0\0\0")],
        ..harm(ProblemKind::UnfinishedSubmission, CRASHES, &[ACCEPTED])
    },
    Harm {
        delete: &[(SUBMITTED, TIMED)],
        ..harm(ProblemKind::MissingIndexRow, SUBMITTED, &[ACCEPTED, Call::Process("a")])
    },
    Harm { delete: &[(HANG, HANG_ID)], ..harm(ProblemKind::MissingIndexRow, HANG, &[MOVED]) },
    Harm {
        put: &[(SUBMITTED, TIMED, "ids:ooid", OOID)],
        ..harm(ProblemKind::OrphanIndexRow, SUBMITTED, &[])
    },
    Harm {
        put: &[(LEGACY, TIMED, "ids:ooid", OOID), ("metrics", SIZES, SIZE, "\0\0\0\0\0\0\0\x01")],
        is_exclusive: true,
        ..harm(ProblemKind::OrphanIndexRow, LEGACY, &[])
    },
    Harm {
        put: &[("crash_search", TIMED, "s:ooid", OOID)],
        ..harm(ProblemKind::OrphanIndexRow, "crash_search", &[])
    },
    Harm {
        put: &[(SUBMITTED, TIMED, "ids:ooid", OOID)],
        ..harm(ProblemKind::StaleIndexRow, SUBMITTED, &[MOVED])
    },
    Harm {
        put: &[(LEGACY, TIMED, "ids:ooid", OOID), ("metrics", SIZES, SIZE, "\0\0\0\0\0\0\0\x02")],
        is_exclusive: true,
        ..harm(ProblemKind::StaleIndexRow, LEGACY, &[MOVED])
    },
    Harm {
        put: &[(SUBMITTED, TIMED, "ids:ooid", NO_NAME)],
        ..harm(ProblemKind::MalformedIndexRow, SUBMITTED, &[])
    },
    Harm {
        put: &[
            (LEGACY, TIMED, "ids:ooid", NO_NAME),
            ("metrics", SIZES, SIZE, "\0\0\0\0\0\0\0\x01"),
        ],
        is_exclusive: true,
        ..harm(ProblemKind::MalformedIndexRow, LEGACY, &[])
    },
    Harm {
        is_exclusive: true,
        ..harm(ProblemKind::ProcessedInQueue, LEGACY, &[ACCEPTED, Call::Process("a")])
    },
    Harm {
        put: &[(CRASHES, CRASH_ROW, "flags:processed", "Y")],
        ..harm(ProblemKind::LeftoverRow, CRASHES, &[])
    },
    Harm {
        put: &[(LEGACY, TIMED, "processor_state:claim", "1 nobody")],
        ..harm(ProblemKind::LeftoverRow, LEGACY, &[])
    },
    Harm {
        put: &[("metrics", SIZES, SIZE, SEVEN)],
        is_exclusive: true,
        ..harm(ProblemKind::WrongCounter, "metrics", &[ACCEPTED])
    },
    Harm {
        put: &[("metrics", SIZES, SIZE, "seven")],
        ..harm(ProblemKind::MalformedCounter, "metrics", &[ACCEPTED])
    },
    BEGUN,
];

/// An entry beside what else a removal has left.
const LEFT_ENTRY: Harm = Harm {
    put: &[
        (LEGACY, TIMED, "ids:ooid", OOID),
        ("metrics", SIZES, SIZE, "\0\0\0\0\0\0\0\x01"),
        (CRASHES, CRASH_ROW, "flags:processed", "N"),
    ],
    is_exclusive: true,
    ..harm(ProblemKind::OrphanIndexRow, LEGACY, &[])
};

impl Harm {
    fn shown(&self) -> String {
        format!("{} in {} after {:?}", self.kind.name(), self.table, self.before)
    }

    /// Does it, and finds it.
    fn begin(&self, scene: &Scene) -> Problem {
        scene.begin(self.before);
        for (table, row) in self.delete {
            scene.delete(table, row);
        }
        scene.world.let_time_pass();
        for (table, row, column, value) in self.put {
            scene.put(table, row, column, value);
        }
        scene.world.let_time_pass();
        let mut problems = scene.world.check();
        problems.retain(|problem| problem.kind == self.kind && problem.table == self.table);
        assert_eq!(problems.len(), 1, "{}: {}", self.shown(), shown(&problems));
        problems.remove(0)
    }

    /// How many requests its repair makes.
    fn requests(&self, scene: &Scene) -> u64 {
        let problem = self.begin(scene);
        let before = scene.world.calls();
        assert_eq!(scene.world.store().repair(&problem).unwrap(), RepairOutcome::Repaired);
        scene.world.calls() - before
    }
}

#[test]
fn two_repairs_of_one_problem_leave_what_one_leaves_and_one_of_them_has_repaired_it() {
    let scene = Scene::new();
    let mut cases = 0;
    for harm in HARMS {
        let requests = harm.requests(&scene);
        let expected = scene.world.cells();
        for n in 1..=requests {
            let problem = harm.begin(&scene);
            let other = Cell::new(None);
            let repair = || other.set(Some(scene.world.store().repair(&problem).unwrap()));
            let (_, outcome) =
                scene.beside(&[(n, &repair)], |store| store.repair(&problem).unwrap());
            let outcomes = [outcome, other.get().unwrap()];
            let shown = format!("{}, at {n} of {requests}: {outcomes:?}", harm.shown());
            let repaired = outcomes.iter().filter(|it| **it == RepairOutcome::Repaired).count();
            assert!(repaired > 0 && !outcomes.contains(&RepairOutcome::Left), "{shown}");
            assert!(repaired == 1 || !harm.is_exclusive, "{shown}");
            let found = difference(&expected, &scene.world.cells());
            assert!(found.is_empty(), "{shown}\n{found}");
            let problems = scene.world.check();
            assert!(!problems.iter().any(|it| it.kind == harm.kind && it.table == harm.table));
            assert!(!problems.iter().any(|it| it.kind == ProblemKind::LeftoverRow), "{shown}");
            cases += 1;
        }
    }
    assert!(cases > 50, "{cases}");
}

#[test]
fn a_repair_that_was_cut_off_says_the_truth_when_it_is_made_again() {
    let scene = Scene::new();
    let world = &scene.world;
    for harm in HARMS {
        for n in 1..=harm.requests(&scene) {
            for fault in [Fault::DropBefore, Fault::DropAfter] {
                let problem = harm.begin(&scene);
                let before = world.all_cells();
                let store = world.store();
                let cut = world.lose(n, &fault, || store.repair(&problem));
                let shown = format!("{}, cut at {n} ({fault:?}): {cut:?}", harm.shown());
                world.let_time_pass();
                let is_changed = world.all_cells() != before;
                if let Ok(outcome) = cut {
                    // It has found out by itself what became of it.
                    assert_eq!(outcome, RepairOutcome::Repaired, "{shown}");
                } else {
                    assert!(cut.is_err_and(|error| error.is_retryable()), "{shown}");
                    let outcome = store.repair(&problem).unwrap();
                    assert_ne!(outcome, RepairOutcome::Left, "{shown}");
                    let is_made_now = outcome == RepairOutcome::Repaired;
                    assert!(is_made_now || is_changed, "{shown}, then {outcome:?}");
                }
                world.let_time_pass();
                let is_it = |it: &Problem| it.kind == harm.kind && it.table == harm.table;
                assert!(!world.check().iter().any(is_it), "{shown}");
                world.repair(&shown);
            }
        }
    }
}

/// What is submitted while a repair is on its way stays; and a repair while a submission is on its way takes
/// nothing of it.
#[test]
fn a_submission_beside_a_repair_leaves_all_that_it_leaves_by_itself() {
    let scene = Scene::new();
    for harm in HARMS.into_iter().chain([LEFT_ENTRY]) {
        for n in 1..=harm.requests(&scene) {
            let problem = harm.begin(&scene);
            let (_, outcome) = scene.beside(&[(n, &|| scene.make(&[ACCEPTED]))], |store| {
                store.repair(&problem).unwrap()
            });
            is_submitted(&scene, &harm, &format!("{}, at {n}: {outcome:?}", harm.shown()));
        }
        for n in 1.. {
            let problem = harm.begin(&scene);
            let repair = || {
                scene.world.store().repair(&problem).unwrap();
            };
            let id = OOID.parse::<Ooid>().unwrap();
            let (made, result) =
                scene.beside(&[(n, &repair)], |store| ACCEPTED.run(store, &scene.world, &id));
            result.unwrap();
            if made == 0 {
                assert!(n > 3, "{n} requests");
                break;
            }
            let case = format!("{}, at {n} of the submission", harm.shown());
            // A row that was missing when the submission looked for it stays under the old name.
            let mut left = scene.world.check();
            left.retain(|problem| problem.kind == ProblemKind::StaleIndexRow);
            for problem in left {
                assert_eq!(problem.table, HANG, "{case}: {problem}");
                let outcome = scene.world.store().repair(&problem).unwrap();
                assert_eq!(outcome, RepairOutcome::Repaired, "{case}: {problem}");
            }
            is_submitted(&scene, &harm, &case);
        }
    }
}

fn is_submitted(scene: &Scene, harm: &Harm, case: &str) {
    assert!(scene.world.has_crash_with("meta_data:json"), "{case}");
    let was_processed = harm.before.contains(&Call::Process("a"));
    // Of a crash that was processed, there may be an entry that is done.
    let waiting = scene.world.store().legacy_queue().count_entries().unwrap();
    assert!(waiting == 1 || was_processed, "{case}: {waiting} wait");
    let is_of_crash = |it: &Problem| {
        it.id.is_some() && !(was_processed && it.kind == ProblemKind::ProcessedInQueue)
    };
    let mut problems = scene.world.check();
    problems.retain(is_of_crash);
    assert!(problems.is_empty(), "{case}\n{}", shown(&problems));
}

/// A submission of the same crash has marked it since the repair read it.
#[test]
fn a_repair_leaves_the_mark_of_a_submission_that_has_begun_since() {
    let scene = Scene::new();
    let harm = &HARMS[0];
    for n in 2..=harm.requests(&scene) {
        let problem = harm.begin(&scene);
        let mark = || scene.put(CRASHES, CRASH_ROW, "flags:uncounted", "Y 1 1");
        let (_, outcome) = scene.beside(&[(n, &mark)], |store| store.repair(&problem).unwrap());
        assert!(scene.world.is_marked(), "at {n}: {outcome:?}");
        // Once it has looked for the last time, it can't know.
        let is_last = n + 1 >= harm.requests(&scene);
        assert!(outcome == RepairOutcome::Left || is_last, "at {n}: {outcome:?}");
    }
}

#[test]
fn a_repair_of_a_submission_hides_no_result_that_came_since() {
    let scene = Scene::new();
    let begin = || {
        scene.begin(&[]);
        for (column, value) in [
            ("ids:ooid", OOID),
            ("meta_data:json", r#"{"submitted_timestamp": "2012-05-08T20:50:50+00:00"}"#),
            ("raw_data:dump", "MDMP"),
            ("timestamps:submitted", "2012-05-08T20:50:50+00:00"),
        ] {
            scene.put(CRASHES, CRASH_ROW, column, value);
        }
        for table in [SUBMITTED, GENERAL] {
            scene.put(table, TIMED, "ids:ooid", OOID);
        }
        scene.world.let_time_pass();
        let mut problems = scene.world.check();
        problems.retain(|problem| problem.kind == ProblemKind::UnfinishedSubmission);
        assert_eq!(problems.len(), 1);
        problems.remove(0)
    };
    for n in 1.. {
        let problem = begin();
        let process = || scene.make(&[Call::Process("b")]);
        let (made, outcome) =
            scene.beside(&[(n, &process)], |store| store.repair(&problem).unwrap());
        if made == 0 {
            assert!(n > 5, "{n} requests");
            return;
        }
        let state = scene.world.store().get_processing_state(OOID.parse::<Ooid>().unwrap());
        assert!(state.unwrap().unwrap().is_processed, "at {n}: {outcome:?}");
    }
}

/// What names nothing is replaced: taken out of the queue later, it would leave the crash in none.
#[test]
fn a_repair_of_a_submission_puts_its_entry_over_one_that_names_nothing() {
    let scene = Scene::new();
    let problem = HARMS[1].begin(&scene);
    scene.put(LEGACY, TIMED, "ids:ooid", NO_NAME);
    scene.world.let_time_pass();
    assert_eq!(scene.world.store().repair(&problem).unwrap(), RepairOutcome::Repaired);
    scene.world.repair("an entry that names nothing");
    assert_eq!(scene.world.store().legacy_queue().count_entries().unwrap(), 1);
}

/// An entry that another repair has put there, and that somebody has claimed since, doesn't ask once more.
#[test]
fn a_repair_of_a_submission_writes_no_entry_again_that_somebody_has_claimed() {
    let scene = Scene::new();
    let harm = &HARMS[1];
    let mut claimed = 0;
    for n in 1..=harm.requests(&scene) {
        let problem = harm.begin(&scene);
        let other = || {
            scene.world.store().repair(&problem).unwrap();
            scene.make(&[Call::Claim(true)]);
        };
        scene.beside(&[(n, &other)], |store| store.repair(&problem).unwrap());
        let id = OOID.parse::<Ooid>().unwrap();
        let queue = scene.world.store().legacy_queue();
        let claim = queue.resume_claim(id, &"worker".parse().unwrap()).unwrap();
        claimed += u32::from(claim.is_some());
        if let Some(claim) = claim {
            assert!(claim.acknowledge().unwrap());
            assert_eq!(queue.count_entries().unwrap(), 0, "at {n}");
        }
    }
    assert!(claimed > 3, "{claimed}");
}

/// Another repair has put the entry there, and a worker was done with it, before this one comes to it: that asks
/// for nothing once more.
#[test]
fn a_repair_of_a_submission_asks_for_nothing_that_was_done_since_it_looked() {
    let scene = Scene::new();
    let marked = Harm { put: &[(CRASHES, CRASH_ROW, "flags:uncounted", "Y")], ..HARMS[1] };
    let junk = |scene: &Scene| {
        for table in [LEGACY, GENERAL] {
            scene.put(table, TIMED, "ids:ooid", NO_NAME);
        }
        scene.world.let_time_pass();
    };
    let mut cases = 0;
    for harm in [BEGUN, HARMS[1], marked] {
        let mut n = 0;
        let mut is_junk = false;
        loop {
            n += 1;
            let problem = harm.begin(&scene);
            if is_junk {
                junk(&scene);
            }
            let is_done = Cell::new(false);
            let other = || {
                scene.world.store().repair(&problem).unwrap();
                scene.make(&[Call::Work(true, "a")]);
                is_done.set(scene.world.signature().is_some());
            };
            let (made, outcome) =
                scene.beside(&[(n, &other)], |store| store.repair(&problem).unwrap());
            if made == 0 {
                if is_junk {
                    break;
                }
                (n, is_junk) = (0, true);
                continue;
            }
            cases += u32::from(is_done.get());
            scene.make(&[Call::Work(true, "b"), Call::Work(false, "b")]);
            let made = if is_done.get() { "a" } else { "b" };
            let case = format!("{}, junk {is_junk}, at {n}: {outcome:?}", harm.shown());
            assert_eq!(scene.world.signature().as_deref(), Some(made), "{case}");
        }
    }
    assert!(cases > 20, "{cases}");
}

/// The other half of a hang has the cell meanwhile, or another report of the same half.
#[test]
fn a_repair_takes_no_cell_of_a_hang_from_another_crash() {
    const OTHER: &str = "7d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    let scene = Scene::new();
    let harm = &HARMS[3];
    for n in 1..=harm.requests(&scene) {
        let problem = harm.begin(&scene);
        let put = || scene.put(HANG, HANG_ID, "ids:ooid:plugin", OTHER);
        let (_, outcome) = scene.beside(&[(n, &put)], |store| store.repair(&problem).unwrap());
        let hang = Get::new(HANG_ID).column("ids:ooid:plugin");
        let hang = scene.world.store().client().table(HANG).get(&hang).unwrap().unwrap();
        let name = String::from_utf8(hang.get("ids:ooid:plugin").unwrap().to_vec()).unwrap();
        assert_eq!(name, OTHER, "at {n}: {outcome:?}");
        assert_ne!(outcome, RepairOutcome::Left, "at {n}");
    }
}

/// Workers find an orphan each time that they look; a repair of it takes it out all the same, once.
#[test]
fn claims_beside_the_repair_of_an_orphan_get_nothing_and_hinder_nothing() {
    let scene = Scene::new();
    let harm = &HARMS[5];
    let worker = "worker".parse().unwrap();
    let claim = |store: &CrashStore| -> Result<usize> {
        let claims = store.legacy_queue().claim(&worker, Duration::from_hours(1))?;
        Ok(claims.collect::<Result<Vec<_>>>()?.len())
    };
    let is_clean = |case: &str| {
        let problems = scene.world.check();
        let wrong = |it: &Problem| it.kind != ProblemKind::LeftoverRow;
        assert!(!problems.iter().any(wrong), "{case}: {}", shown(&problems));
        assert_eq!(scene.world.store().legacy_queue().count_entries().unwrap(), 0, "{case}");
    };
    for n in 1..=harm.requests(&scene) {
        let problem = harm.begin(&scene);
        let work = || assert_eq!(claim(&scene.world.store()).unwrap(), 0, "claimed at {n}");
        let (_, outcome) = scene.beside(&[(n, &work)], |store| store.repair(&problem).unwrap());
        assert_eq!(outcome, RepairOutcome::Repaired, "claims at {n} of the repair");
        is_clean(&format!("claims at {n} of the repair"));

        // One that is still about to look at the crash.
        let problem = harm.begin(&scene);
        let work = || {
            let claim = CheckAndPut::if_absent(TIMED, "processor_state:claim")
                .put("processor_state:claim", "9999999999999 worker x 1");
            scene.world.store().client().table(LEGACY).check_and_put(&claim).unwrap();
        };
        let (_, outcome) = scene.beside(&[(n, &work)], |store| store.repair(&problem).unwrap());
        assert_eq!(outcome, RepairOutcome::Repaired, "a claim at {n} of the repair");
        is_clean(&format!("a claim at {n} of the repair"));
    }
    for n in 1.. {
        let problem = harm.begin(&scene);
        let outcome = Mutex::new(None);
        let repair =
            || *outcome.lock().unwrap() = Some(scene.world.store().repair(&problem).unwrap());
        let (made, claimed) = scene.beside(&[(n, &repair)], |store| claim(store).unwrap());
        if made == 0 {
            assert!(n > 20, "{n} requests");
            return;
        }
        assert_eq!(claimed, 0, "a repair at {n} of the claim");
        let outcome = outcome.into_inner().unwrap();
        assert_eq!(outcome, Some(RepairOutcome::Repaired), "at {n} of the claim");
        is_clean(&format!("a repair at {n} of the claim"));
    }
}
