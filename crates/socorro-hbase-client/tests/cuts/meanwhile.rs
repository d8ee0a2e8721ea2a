//! What somebody else does at each of a transition's requests, by hand or with several calls: what came
//! since the transition has read stays.

use std::{
    cell::{Cell, RefCell},
    thread,
    time::Duration,
};

use hbase_thrift_client::{Delete, Put};
use socorro_hbase_client::{CrashStore, Ooid, Problem, ProblemKind, RepairOutcome, Worker};

use super::{
    call::{Call, OOID},
    gate::Gate,
    world::{World, difference, shown},
};

pub(super) const ACCEPTED: Call = Call::Submit(0, true, true);
const DEFERRED: Call = Call::Submit(1, false, true);
/// To another time, and half of a hang.
pub(super) const MOVED: Call = Call::Submit(2, true, true);
pub(super) const TIMED: &str = "62012-05-08T20:50:506d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
pub(super) const CRASH_ROW: &str = "61205086d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
/// What stands where a name should.
pub(super) const NO_NAME: &str = "";
pub(super) const LEGACY: &str = "crash_reports_index_legacy_unprocessed_flag";
pub(super) const HANG: &str = "crash_reports_index_hang_id";
pub(super) const SUBMITTED: &str = "crash_reports_index_submitted_time";

pub(super) struct Scene {
    pub(super) world: World,
    gates: [Gate; 2],
}

impl Scene {
    pub(super) fn new() -> Self {
        let world = World::new().shared();
        let gates = [(); 2].map(|()| Gate::start(&world.framed()));
        Self { world, gates }
    }

    pub(super) fn begin(&self, calls: &[Call]) {
        self.world.reset();
        self.make(calls);
    }

    pub(super) fn make(&self, calls: &[Call]) {
        for call in calls {
            call.make(&self.world).unwrap();
        }
        self.world.let_time_pass();
    }

    /// Makes a call, and something else before each of these requests of it, in their order; returns whether
    /// it makes so many.
    fn meanwhile(&self, call: Call, others: &[(u64, &dyn Fn())]) -> bool {
        let ooid = OOID.parse::<Ooid>().unwrap();
        let (made, result) = self.beside(others, |store| call.run(store, &self.world, &ooid));
        result.unwrap();
        made == others.len()
    }

    /// As [`meanwhile`](Self::meanwhile), of anything that is done with a store; returns how many of the others
    /// were made.
    pub(super) fn beside<T: Send>(
        &self,
        others: &[(u64, &dyn Fn())],
        run: impl FnOnce(&CrashStore) -> T + Send,
    ) -> (usize, T) {
        self.world.let_time_pass();
        let [gate, _] = &self.gates;
        let store = gate.store();
        gate.arm(others.first().map(|(nth, _)| *nth));
        thread::scope(|scope| {
            let held = scope.spawn(|| {
                let result = run(&store);
                gate.end();
                result
            });
            let mut made = 0;
            for (place, (_, other)) in others.iter().enumerate() {
                if !gate.wait() {
                    break;
                }
                self.world.let_time_pass();
                other();
                self.world.let_time_pass();
                made += 1;
                match others.get(place + 1) {
                    Some((next, _)) => gate.open_until(*next),
                    None => gate.open(),
                }
            }
            gate.open();
            (made, held.join().unwrap())
        })
    }

    /// One up to a request, then another up to one of its own, the rest of the first and the rest of the other;
    /// and whether each makes that many requests.
    pub(super) fn interleaved<S: Send, T: Send>(
        &self,
        (first_at, second_at): (u64, u64),
        first: impl FnOnce(&CrashStore) -> S + Send,
        second: impl FnOnce(&CrashStore) -> T + Send,
    ) -> (S, T, [bool; 2]) {
        self.world.let_time_pass();
        let [one, other] = &self.gates;
        let stores = [one.store(), other.store()];
        one.arm(Some(first_at));
        other.arm(Some(second_at));
        thread::scope(|scope| {
            let [store, beside] = &stores;
            let first = scope.spawn(|| {
                let result = first(store);
                one.end();
                result
            });
            let is_held = one.wait();
            self.world.let_time_pass();
            let second = scope.spawn(|| {
                let result = second(beside);
                other.end();
                result
            });
            let is_other_held = other.wait();
            self.world.let_time_pass();
            one.open();
            let first = first.join().unwrap();
            self.world.let_time_pass();
            other.open();
            (first, second.join().unwrap(), [is_held, is_other_held])
        })
    }

    pub(super) fn delete(&self, table: &str, row: &str) {
        self.world.store().client().table(table).delete(&Delete::row(row)).unwrap();
    }

    /// A problem that is solved between the check and the repair, which then has nothing to do.
    fn is_solved(&self, kind: ProblemKind, before: &[Call], harm: &dyn Fn(), solve: &dyn Fn()) {
        self.begin(before);
        harm();
        self.world.let_time_pass();
        let mut problems = self.world.check();
        problems.retain(|problem| problem.kind == kind);
        assert!(!problems.is_empty(), "{kind:?}");
        self.world.let_time_pass();
        solve();
        self.world.let_time_pass();
        let cells = self.world.cells();
        for problem in &problems {
            let outcome = self.world.store().repair(problem).unwrap();
            assert_eq!(outcome, RepairOutcome::AlreadySolved, "{problem}");
            let found = difference(&cells, &self.world.cells());
            assert!(found.is_empty(), "{problem}\n{found}");
        }
    }

    /// How many requests a call makes.
    fn requests(&self, before: &[Call], call: Call) -> u64 {
        self.begin(before);
        let [gate, _] = &self.gates;
        let store = gate.store();
        gate.arm(None);
        call.run(&store, &self.world, &OOID.parse().unwrap()).unwrap();
        gate.requests()
    }

    pub(super) fn put(&self, table: &str, row: &str, column: &str, value: &str) {
        let put = Put::new(row).column(column, value);
        self.world.store().client().table(table).put(&put).unwrap();
    }
}

#[test]
fn a_resubmission_removes_nothing_of_the_crash_that_came_since_it_was_read() {
    let scene = Scene::new();
    let requests = scene.requests(&[ACCEPTED], DEFERRED);
    // Before the first request nothing is read.
    for n in 2..=requests {
        scene.begin(&[ACCEPTED]);
        assert!(scene.meanwhile(DEFERRED, &[(n, &|| scene.make(&[ACCEPTED]))]));
        for column in ["raw_data:more", "flags:legacy_processing"] {
            assert!(scene.world.has_crash_with(column), "{column}, at request {n}");
        }
    }
}

/// What a removal finds when it looks once more may be of a crash that was submitted anew: before it looks, or
/// after.
#[test]
fn a_removal_takes_nothing_away_from_a_crash_that_is_there_again() {
    let scene = Scene::new();
    let left = |problem: &Problem| {
        matches!(
            problem.kind,
            ProblemKind::OrphanIndexRow | ProblemKind::LeftoverRow | ProblemKind::LateData
        )
    };
    let late = || {
        scene.put(SUBMITTED, TIMED, "ids:ooid", OOID);
        scene.put("crash_search", TIMED, "s:ooid", OOID);
        scene.put("crash_reports", CRASH_ROW, "ids:ooid", OOID);
    };
    let has_crash = || scene.world.has_crash_with("meta_data:json");
    let is_anew = Cell::new(false);
    let again = || {
        is_anew.set(!has_crash());
        scene.make(&[ACCEPTED]);
    };
    let mut anew = 0;
    let requests = scene.requests(&[ACCEPTED], Call::Remove);
    let alone = (1..=requests).map(|n| (None, n));
    // The last that it does is to look.
    let with_late = (requests - 10..=requests)
        .step_by(3)
        .flat_map(|late| (late + 1..=requests + 3).map(move |again| (Some(late), again)));
    for (late_at, again_at) in alone.chain(with_late) {
        scene.begin(&[ACCEPTED]);
        is_anew.set(false);
        let others: [(u64, &dyn Fn()); 2] =
            [(late_at.unwrap_or_default(), &late), (again_at, &again)];
        scene.meanwhile(Call::Remove, &others[usize::from(late_at.is_none())..]);
        let problems = scene.world.check();
        let is_there = has_crash();
        let shown = shown(&problems);
        let shown = format!("late at {late_at:?}, again at {again_at} of {requests}: {shown}");
        assert!(problems.iter().all(|it| !is_there && left(it)), "{shown}");
        assert!(is_there || !is_anew.get(), "{shown}");
        anew += u32::from(is_there);
    }
    assert!(anew > 20, "{anew}");
}

/// An entry that comes while another leaves stays, and may be claimed before that is over.
#[test]
fn the_way_out_of_a_queue_takes_no_later_entry_and_no_later_claim_away() {
    let scene = Scene::new();
    let other: Worker = "another".parse().unwrap();
    let mut claimed = 0;
    let before = [ACCEPTED, Call::Claim(true)];
    for n in 1..=scene.requests(&before, Call::Acknowledge(true)) {
        scene.begin(&before);
        let queue = scene.world.store().legacy_queue();
        let is_claimed = Cell::new(false);
        let came = scene.meanwhile(
            Call::Acknowledge(true),
            &[(n, &|| {
                scene.make(&[Call::Requeue]);
                let lease = Duration::from_hours(1);
                let id = OOID.parse::<Ooid>().unwrap();
                is_claimed.set(queue.claim_crash(id, &other, lease).unwrap().is_some());
            })],
        );
        let id = OOID.parse::<Ooid>().unwrap();
        let has_it = queue.resume_claim(id, &other).unwrap().is_some();
        assert_eq!(has_it, is_claimed.get(), "at request {n}");
        assert!(came);
        assert_eq!(queue.count_entries().unwrap(), 1, "at request {n}");
        claimed += u32::from(has_it);
    }
    assert!(claimed > 0);
}

/// A claim that comes too late finds the claim of those who take the entry out.
#[test]
fn a_claim_on_an_entry_that_is_leaving_does_not_hinder_those_who_count_it() {
    let scene = Scene::new();
    let [_, gate] = &scene.gates;
    let (mut cases, mut leaving) = (0, 0);
    for n in 1..=6 {
        for m in 1..=8 {
            scene.begin(&[ACCEPTED]);
            let (store, ooid) = (gate.store(), OOID.parse::<Ooid>().unwrap());
            let world = &scene.world;
            gate.arm(Some(m));
            let mut is_between = false;
            thread::scope(|scope| {
                let begin = || {
                    scope.spawn(|| {
                        Call::Withdraw(true).run(&store, world, &ooid).unwrap();
                        gate.end();
                    });
                    leaving += u32::from(gate.wait());
                };
                let begin = RefCell::new(begin);
                is_between = scene.meanwhile(Call::Claim(true), &[(n, &|| begin.borrow_mut()())]);
                gate.open();
            });
            if !is_between {
                continue;
            }
            cases += 1;
            let problems = scene.world.check();
            let is_size = |problem: &Problem| problem.row == b"crash_report_queue";
            assert!(
                !problems.iter().any(is_size),
                "claim at {n}, leaving at {m}: {}",
                shown(&problems)
            );
            let queue = scene.world.store().legacy_queue();
            assert_eq!(queue.count_entries().unwrap(), 0, "claim at {n}, leaving at {m}");
        }
    }
    assert!(cases > 20 && leaving > 20, "{cases} cases, {leaving} on the way");
}

/// Between a check and a repair others go on.
#[test]
fn a_repair_looks_once_more_before_it_changes_anything() {
    let scene = Scene::new();
    let put = |table: &'static str, row: &'static str, column: &'static str, value| {
        let scene = &scene;
        move || scene.put(table, row, column, value)
    };
    let make = |calls: &'static [Call]| {
        let scene = &scene;
        move || scene.make(calls)
    };
    let unmark = [Call::Repair, Call::Withdraw(true), Call::Withdraw(false)];
    let mark = put("crash_reports", CRASH_ROW, "flags:uncounted", "Y");
    let unfinished = ProblemKind::UnfinishedSubmission;
    scene.is_solved(unfinished, &[ACCEPTED], &mark, &|| scene.make(&unmark));
    scene.is_solved(unfinished, &[ACCEPTED], &mark, &|| {
        scene.make(&[Call::Remove]);
        scene.put("crash_reports", CRASH_ROW, "ids:ooid", OOID);
    });

    let missing = ProblemKind::MissingIndexRow;
    let unname = || scene.delete(SUBMITTED, TIMED);
    scene.is_solved(missing, &[ACCEPTED], &unname, &make(&[Call::Remove]));
    let name = put(SUBMITTED, TIMED, "ids:ooid", OOID);
    scene.is_solved(missing, &[ACCEPTED], &unname, &name);
    let hang = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    let unhang = || scene.delete(HANG, hang);
    let other = "7d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    scene.is_solved(missing, &[MOVED], &unhang, &put(HANG, hang, "ids:ooid:plugin", other));

    for table in [SUBMITTED, LEGACY] {
        let name = put(table, TIMED, "ids:ooid", OOID);
        scene.is_solved(ProblemKind::OrphanIndexRow, &[], &name, &make(&[ACCEPTED]));
        scene.is_solved(ProblemKind::StaleIndexRow, &[MOVED], &name, &make(&[ACCEPTED]));
        let junk = put(table, TIMED, "ids:ooid", NO_NAME);
        scene.is_solved(ProblemKind::MalformedIndexRow, &[], &junk, &make(&[ACCEPTED]));
    }
    let processed = [ACCEPTED, Call::Process("a")];
    let queued = ProblemKind::ProcessedInQueue;
    scene.is_solved(queued, &processed, &|| {}, &make(&[Call::Requeue]));
    let flag = put("crash_reports", CRASH_ROW, "flags:processed", "Y");
    scene.is_solved(ProblemKind::LeftoverRow, &[], &flag, &make(&[ACCEPTED]));
    let claim = put(LEGACY, TIMED, "processor_state:claim", "1 nobody");
    scene.is_solved(ProblemKind::LeftoverRow, &[], &claim, &make(&[ACCEPTED]));
}
