//! A crash that waits in both queues is handed to one worker, whichever queue each of several looks into.

use std::{collections::BTreeMap, sync::Mutex, thread, time::Duration};

use socorro_hbase_client::{Claim, CrashStore, Ooid, ProblemKind, ProcessedCrash, Queue, Worker};

use super::{
    call::{Call, OOID, Random},
    meanwhile::{ACCEPTED, CRASH_ROW, LEGACY, MOVED, Scene, TIMED},
    number,
    world::World,
};

const LEASE: Duration = Duration::from_hours(1);
const GENERAL: &str = "crash_reports_index_unprocessed_flag";

fn queue(store: &CrashStore, is_legacy: bool) -> Queue {
    if is_legacy { store.legacy_queue() } else { store.general_queue() }
}

fn claim(store: &CrashStore, is_legacy: bool, worker: &str) -> Vec<Claim> {
    let worker: Worker = worker.parse().unwrap();
    queue(store, is_legacy).claim(&worker, LEASE).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Both orders of the queues, each with a claim of one crash, and with one of a whole queue; and by how much the
/// other queue's clock is ahead.
fn claims() -> impl Iterator<Item = (bool, bool, i64)> {
    let kinds = [(true, 0), (true, 500), (true, -500), (false, 0)];
    [true, false]
        .into_iter()
        .flat_map(move |is_legacy| kinds.map(|(is_one, ahead)| (is_legacy, is_one, ahead)))
}

fn claim_either_way(store: &CrashStore, is_legacy: bool, is_one: bool, worker: &str) -> Vec<Claim> {
    if !is_one {
        return claim(store, is_legacy, worker);
    }
    let ooid: Ooid = OOID.parse().unwrap();
    let claim = queue(store, is_legacy).claim_crash(ooid, &worker.parse().unwrap(), LEASE).unwrap();
    claim.into_iter().collect()
}

#[test]
fn a_claim_between_the_requests_of_another_queues_claim_gets_the_crash_or_leaves_it() {
    let scene = Scene::new();
    for (is_legacy, is_one, ahead) in claims() {
        let (mut firsts, mut seconds) = (0, 0);
        for n in 1.. {
            scene.begin(&[ACCEPTED]);
            let second = Mutex::new(Vec::new());
            let other = || {
                let store = scene.world.store();
                let claims = scene.world.ahead(ahead, || claim(&store, !is_legacy, "second"));
                second.lock().unwrap().extend(claims);
            };
            let (made, first) = scene.beside(&[(n, &other)], |store| {
                claim_either_way(store, is_legacy, is_one, "first")
            });
            let second = second.into_inner().unwrap();
            let shown = format!("{is_legacy} {is_one} {ahead} before {n}");
            // By clocks that differ, neither may know that it was first: then both leave it.
            let got = first.len() + second.len();
            assert!(got == 1 || ahead != 0 && got == 0, "{shown}: {got} have it");
            (firsts, seconds) = (firsts + first.len(), seconds + second.len());
            for claim in first.iter().chain(&second) {
                assert_eq!(claim.attempt(), 1);
                claim.release().unwrap();
            }
            // What was given back is anybody's, and no attempt at it was counted.
            let after = claim(&scene.world.store(), is_legacy, "third");
            assert_eq!(after.iter().map(Claim::attempt).collect::<Vec<_>>(), [1]);
            if made == 0 {
                break;
            }
        }
        assert!(firsts > 0 && seconds > 0, "{is_legacy} {is_one} {ahead}: {firsts} and {seconds}");
    }
}

#[test]
fn what_somebody_has_by_one_queue_is_not_handed_out_by_the_other() {
    let scene = Scene::new();
    let made = ProcessedCrash::from_json(r#"{"signature": "a", "completeddatetime": "2012"}"#);
    let made = made.unwrap();
    let ooid: Ooid = OOID.parse().unwrap();
    for is_legacy in [true, false] {
        scene.begin(&[ACCEPTED]);
        let store = scene.world.store();
        let [held] = claim(&store, is_legacy, "first").try_into().unwrap();
        assert_eq!(claim(&store, !is_legacy, "second").len(), 0);
        let other = queue(&store, !is_legacy);
        let second = "second".parse().unwrap();
        assert!(other.claim_crash(ooid, &second, LEASE).unwrap().is_none());
        let cells = scene.world.cells();
        assert!(other.claim_by_priority(ooid, &second, LEASE).unwrap().is_none());
        assert_eq!(scene.world.cells(), cells, "it asked for the crash although somebody has it");
        // A request that comes meanwhile waits for the one who works on the crash.
        scene.make(&[Call::Requeue]);
        assert_eq!(claim(&store, !is_legacy, "second").len(), 0);
        scene.world.let_time_pass();
        held.complete(&made).unwrap();
        scene.world.let_time_pass();
        let [again] = claim(&store, !is_legacy, "second").try_into().unwrap();
        scene.world.let_time_pass();
        again.complete(&made).unwrap();
        scene.world.let_time_pass();
        for queue in [store.legacy_queue(), store.general_queue()] {
            let statistics = queue.statistics().unwrap();
            assert_eq!((queue.count_entries().unwrap(), statistics.size), (0, Some(0)));
        }
        assert_eq!(claim(&store, true, "third").len() + claim(&store, false, "third").len(), 0);
        assert_eq!(scene.world.check(), []);
    }
}

#[test]
fn attempts_are_counted_on_where_a_claim_was_given_back() {
    let scene = Scene::new();
    let (ooid, first): (Ooid, Worker) = (OOID.parse().unwrap(), "first".parse().unwrap());
    scene.begin(&[ACCEPTED]);
    let store = scene.world.store();
    let general = store.general_queue();
    for attempt in 1..=3 {
        let claim = general.claim_crash(ooid, &first, Duration::ZERO).unwrap().unwrap();
        assert_eq!(claim.attempt(), attempt);
        let [held] = claim_all(&store.legacy_queue()).try_into().unwrap();
        assert!(general.claim_crash(ooid, &first, LEASE).unwrap().is_none());
        held.release().unwrap();
    }
}

fn claim_all(queue: &Queue) -> Vec<Claim> {
    queue.claim(&"holder".parse().unwrap(), LEASE).unwrap().collect::<Result<_, _>>().unwrap()
}

/// An entry of the Python client's resubmission, under the time before, beside one under the crash's own.
#[test]
fn an_entry_under_an_earlier_time_gives_way_to_the_claim_under_the_crashs_own() {
    let scene = Scene::new();
    scene.begin(&[ACCEPTED]);
    let store = scene.world.store();
    let kept = scene.world.cells();
    scene.make(&[MOVED]);
    // The legacy queue has it under the time before alone, the general one under both.
    for ((table, row, column), name) in &kept {
        if table.ends_with("legacy_unprocessed_flag") && column == "ids:ooid" {
            let put = hbase_thrift_client::Put::new(row.as_str()).column("ids:ooid", name.as_str());
            store.client().table(table).put(&put).unwrap();
            let own = row.replace("2012-05-08T20:50:50", "2012-06-09T21:51:51");
            scene.delete(table, &own);
        }
    }
    let [held] = claim(&store, false, "first").try_into().unwrap();
    assert_eq!(claim(&store, true, "second").len(), 0);
    held.release().unwrap();
    assert_eq!(claim(&store, true, "second").len(), 1);
}

/// Makes what waits in a queue; returns how many crashes that were.
fn make_all(scene: &Scene, is_legacy: bool) -> usize {
    scene.world.let_time_pass();
    complete_all(scene, claim(&scene.world.store(), is_legacy, "worker"))
}

fn complete_all(scene: &Scene, claims: Vec<Claim>) -> usize {
    let made = ProcessedCrash::from_json(r#"{"signature": "b", "completeddatetime": "2012"}"#);
    let made = made.unwrap();
    for claim in &claims {
        scene.world.let_time_pass();
        claim.complete(&made).unwrap();
    }
    claims.len()
}

/// Workers of both queues come between any two requests of one that asks for a crash once more.
#[test]
fn what_was_asked_for_once_more_is_made_once_whoever_comes_before_both_entries_are_there() {
    let scene = Scene::new();
    let ooid: Ooid = OOID.parse().unwrap();
    let work = |is_legacy| make_all(&scene, is_legacy);
    for (asked, is_legacy) in [(0, true), (0, false), (1, true), (1, false)] {
        for n in 1.. {
            scene.begin(&[ACCEPTED, Call::Work(true, "a"), Call::Work(false, "a")]);
            let begun = Mutex::new(0);
            let other = || *begun.lock().unwrap() += work(is_legacy);
            let (held, result) = scene.beside(&[(n, &other)], |store| match asked {
                0 => store.requeue(ooid),
                _ => store.replace_dump(ooid, b"MDMP fixed"),
            });
            result.unwrap();
            let after = work(!is_legacy) + work(is_legacy);
            let all = *begun.lock().unwrap() + after;
            assert_eq!(all, 1, "{asked} {is_legacy} before {n}: {after} of them after it");
            assert_eq!(scene.world.check(), []);
            if held == 0 {
                break;
            }
        }
    }
}

/// Two operations in two parts each: one up to each of its requests, then the other up to each of its own, the
/// rest of the first and the rest of the other. `STEP=1` leaves none of the other's out.
fn in_two_parts<S: Send, T: Send>(
    scene: &Scene,
    step: u64,
    begin: impl Fn(),
    first: impl Fn(&CrashStore) -> S + Sync,
    second: impl Fn(&CrashStore) -> T + Sync,
    mut look: impl FnMut(S, T, &str),
) {
    for first_at in 1.. {
        let mut is_held = false;
        for second_at in (1 + first_at % step..).step_by(usize::try_from(step).unwrap()) {
            begin();
            let at = (first_at, second_at);
            let (one, other, held) = scene.interleaved(at, &first, &second);
            look(one, other, &format!("{at:?}"));
            is_held = held[0];
            if !is_held || !held[1] {
                break;
            }
        }
        if !is_held {
            return;
        }
    }
}

/// What is asked for is a submission, or to process the crash once more.
#[test]
fn what_is_asked_for_while_somebody_claims_is_made_once() {
    let scene = Scene::new();
    let ooid: Ooid = OOID.parse().unwrap();
    let mut claimed = 0;
    for (is_new, is_legacy) in [(true, true), (true, false), (false, true), (false, false)] {
        let done = [ACCEPTED, Call::Work(true, "a"), Call::Work(false, "a")];
        let begin = || scene.begin(if is_new { &[] } else { &done });
        let ask = |store: &CrashStore| {
            if is_new {
                ACCEPTED.run(store, &scene.world, &ooid).unwrap();
            } else {
                store.requeue(ooid).unwrap();
            }
        };
        let claim = |store: &CrashStore| claim_either_way(store, is_legacy, true, "worker");
        let mut look = |claims: Vec<Claim>, order: &str| {
            let at_once = complete_all(&scene, claims);
            let after = make_all(&scene, !is_legacy) + make_all(&scene, is_legacy);
            assert_eq!(at_once + after, 1, "{is_new} {is_legacy} {order}: {at_once} at once");
            assert_eq!(scene.world.check(), [], "{is_new} {is_legacy} {order}");
            claimed += at_once;
        };
        in_two_parts(&scene, 1, begin, ask, claim, |(), claims, at| {
            look(claims, &format!("ask {at}"));
        });
        in_two_parts(&scene, 1, begin, claim, ask, |claims, (), at| {
            look(claims, &format!("claim {at}"));
        });
    }
    assert!(claimed > 0);
}

/// By the same queue, and by the other one.
#[test]
fn what_is_done_while_somebody_claims_is_not_handed_out() {
    let scene = Scene::new();
    for (is_legacy, is_other) in [(true, true), (false, true), (true, false)] {
        let held = Mutex::new(Vec::new());
        let begin = || {
            scene.begin(&[ACCEPTED]);
            *held.lock().unwrap() = claim(&scene.world.store(), is_legacy, "first");
        };
        let complete = |store: &CrashStore| {
            let ooid: Ooid = OOID.parse().unwrap();
            let first = "first".parse().unwrap();
            // Its own claim, by a store whose requests are held back.
            let claims = queue(store, is_legacy).resume_claim(ooid, &first).unwrap();
            complete_all(&scene, claims.into_iter().collect())
        };
        let claim =
            |store: &CrashStore| claim_either_way(store, is_legacy != is_other, true, "second");
        let look = |made: usize, claims: Vec<Claim>, order: &str| {
            let shown = format!("{is_legacy} {is_other} {order}");
            assert_eq!((made, claims.len()), (1, 0), "{shown}");
            assert_eq!(make_all(&scene, true) + make_all(&scene, false), 0, "{shown}");
            assert_eq!(scene.world.check(), [], "{shown}");
        };
        in_two_parts(&scene, number("STEP", 3), begin, complete, claim, |made, claims, at| {
            look(made, claims, &format!("done {at}"));
        });
        in_two_parts(&scene, number("STEP", 3), begin, claim, complete, |claims, made, at| {
            look(made, claims, &format!("claim {at}"));
        });
    }
}

/// The dump was read when the crash was claimed, before anybody asked: so it is made once more.
#[test]
fn what_is_asked_for_while_somebody_is_done_is_made_once_more() {
    let scene = Scene::new();
    let ooid: Ooid = OOID.parse().unwrap();
    for is_legacy in [true, false] {
        let begin = || {
            scene.begin(&[ACCEPTED]);
            drop(claim(&scene.world.store(), is_legacy, "first"));
        };
        let complete = |store: &CrashStore| {
            let claims = queue(store, is_legacy).resume_claim(ooid, &"first".parse().unwrap());
            complete_all(&scene, claims.unwrap().into_iter().collect())
        };
        let ask = |store: &CrashStore| store.requeue(ooid).unwrap();
        let look = |made: usize, order: &str| {
            let shown = format!("{is_legacy} {order}");
            let after = make_all(&scene, !is_legacy) + make_all(&scene, is_legacy);
            assert_eq!((made, after), (1, 1), "{shown}");
            // An entry that is put there while another leaves may not be counted.
            let mut problems = scene.world.check();
            problems.retain(|problem| problem.kind != ProblemKind::WrongCounter);
            assert_eq!(problems, [], "{shown}");
        };
        in_two_parts(&scene, number("STEP", 3), begin, complete, ask, |made, (), at| {
            look(made, &format!("done {at}"));
        });
        in_two_parts(&scene, number("STEP", 3), begin, ask, complete, |(), made, at| {
            look(made, &format!("asked {at}"));
        });
    }
}

/// Two ask at once: a worker who comes between their requests makes the crash for both, or once for each.
#[test]
fn two_requests_at_once_are_made_twice_at_most() {
    let scene = Scene::new();
    let ooid: Ooid = OOID.parse().unwrap();
    let work = |is_legacy| make_all(&scene, is_legacy);
    for is_legacy in [true, false] {
        for n in 1.. {
            scene.begin(&[ACCEPTED, Call::Work(true, "a"), Call::Work(false, "a")]);
            let all = Mutex::new(0);
            let other = || {
                scene.world.store().requeue(ooid).unwrap();
                *all.lock().unwrap() += work(is_legacy) + work(!is_legacy);
            };
            let again = || *all.lock().unwrap() += work(is_legacy) + work(!is_legacy);
            let others: [(u64, &dyn Fn()); 2] = [(n, &other), (n + 1, &again)];
            let (held, result) = scene.beside(&others, |store| store.requeue(ooid));
            result.unwrap();
            *all.lock().unwrap() += work(!is_legacy) + work(is_legacy);
            let all = all.into_inner().unwrap();
            let most = if held == 0 { 1 } else { 2 };
            assert!((1..=most).contains(&all), "{is_legacy} before {n}: {all}");
            assert_eq!(scene.world.check(), []);
            if held == 0 {
                break;
            }
        }
    }
}

/// Workers of both queues at once, without pauses, until all crashes are done: each is made once.
#[test]
fn workers_of_both_queues_make_each_crash_once() {
    let seed = number("SEED", 7);
    for round in 0..number("ROUNDS", 4) {
        let world = World::new().shared();
        world.reset();
        let crashes = 64;
        for crash in 0..crashes {
            let ooid: Ooid = format!("{:x}d8a{crash:04x}-9c1f-4e57-8b3a-0f2c42120508", crash % 16)
                .parse()
                .unwrap();
            ACCEPTED.run(&world.store(), &world, &ooid).unwrap();
        }
        let made = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for worker in 0..6_u64 {
                let (world, made) = (&world, &made);
                let mut random = Random::new(seed * 1_000 + round * 10 + worker);
                scope.spawn(move || work(world, worker, &mut random, made, crashes));
            }
        });
        let made = made.into_inner().unwrap();
        let twice: Vec<_> = made.iter().filter(|(_, times)| **times != 1).collect();
        assert!(twice.is_empty(), "SEED={seed}, round {round}: {twice:?}");
        world.let_time_pass();
        assert_eq!(world.check(), [], "SEED={seed}, round {round}");
    }
}

/// Takes from one queue, and begins with another crash than the others do; ends when all are made.
fn work(
    world: &World,
    worker: u64,
    random: &mut Random,
    made: &Mutex<BTreeMap<String, u32>>,
    crashes: usize,
) {
    let store = world.store();
    let queue = queue(&store, worker.is_multiple_of(2));
    let name: Worker = format!("worker-{worker}").parse().unwrap();
    let result = ProcessedCrash::from_json(r#"{"signature": "a", "completeddatetime": "2012"}"#);
    let result = result.unwrap();
    for _ in 0..10_000 {
        for claim in queue.claim(&name, LEASE).unwrap() {
            let claim = claim.unwrap();
            world.let_time_pass();
            if random.below(4) == 0 {
                claim.release().unwrap();
                continue;
            }
            *made.lock().unwrap().entry(claim.id().to_string()).or_default() += 1;
            claim.complete(&result).unwrap();
        }
        if made.lock().unwrap().len() == crashes {
            return;
        }
    }
    panic!("worker {worker}: {} of {crashes} are made", made.lock().unwrap().len());
}

/// The one who has the crash renews the claim, or not, and is done with it between any two requests of a claim
/// by the other queue.
#[test]
fn a_crash_that_is_done_while_another_claims_it_is_not_handed_out_once_more() {
    let scene = Scene::new();
    let made = ProcessedCrash::from_json(r#"{"signature": "a", "completeddatetime": "2012"}"#);
    let made = made.unwrap();
    for (is_legacy, is_one, ahead) in claims().filter(|(_, is_one, _)| *is_one) {
        for n in 1.. {
            scene.begin(&[ACCEPTED]);
            let store = scene.world.store();
            let held = scene.world.ahead(ahead, || claim(&store, !is_legacy, "first"));
            let [held] = held.try_into().unwrap();
            let held = Mutex::new(held);
            let renew = || assert!(held.lock().unwrap().renew(LEASE).unwrap());
            let complete = || held.lock().unwrap().complete(&made).unwrap();
            let (done, got) = scene.beside(&[(n, &renew), (n + 2, &complete)], |store| {
                claim_either_way(store, is_legacy, is_one, "second")
            });
            let shown = format!("{is_legacy} {is_one} {ahead} before {n}");
            assert_eq!(got.len(), 0, "{shown}");
            if done < 2 {
                break;
            }
            for is_legacy in [true, false] {
                assert_eq!(claim(&store, is_legacy, "third").len(), 0, "{shown}");
            }
            assert_eq!(scene.world.check(), [], "{shown}");
        }
    }
}

/// By either queue first, and after pauses of the one who had it.
#[test]
fn who_renews_a_claim_that_ran_out_hears_of_one_who_has_the_crash_by_the_other_queue() {
    let scene = Scene::new();
    let made = ProcessedCrash::from_json(r#"{"signature": "a", "completeddatetime": "2012"}"#);
    let made = made.unwrap();
    let (ooid, first): (Ooid, Worker) = (OOID.parse().unwrap(), "first".parse().unwrap());
    for is_legacy in [true, false] {
        scene.begin(&[ACCEPTED]);
        let store = scene.world.store();
        let claimed = queue(&store, is_legacy).claim_crash(ooid, &first, Duration::ZERO);
        let mut late = claimed.unwrap().unwrap();
        assert!(late.renew(Duration::ZERO).unwrap(), "nobody else has it");
        let other = queue(&store, !is_legacy);
        let mut held = other.claim_crash(ooid, &"second".parse().unwrap(), LEASE).unwrap().unwrap();
        assert_eq!(held.attempt(), 2);
        let resumed = other.resume_claim(ooid, &"second".parse().unwrap()).unwrap().unwrap();
        assert_eq!(resumed.attempt(), 2);
        assert!(!late.renew(LEASE).unwrap());
        assert!(held.renew(LEASE).unwrap());
        assert_eq!(held.attempt(), 2);
        // What it has made all the same ends no claim but its own.
        late.complete(&made).unwrap();
        scene.world.let_time_pass();
        assert!(held.renew(LEASE).unwrap());
        held.complete(&made).unwrap();
        scene.world.let_time_pass();
        assert_eq!(scene.world.check(), []);
        for queue in [store.legacy_queue(), store.general_queue()] {
            let statistics = queue.statistics().unwrap();
            assert_eq!((queue.count_entries().unwrap(), statistics.size), (0, Some(0)));
        }
    }
}

/// Both entries of a request are answered at once, whatever the clock of the other queue's server says.
#[test]
fn what_is_done_leaves_both_queues_by_clocks_that_differ() {
    let scene = Scene::new();
    let made = ProcessedCrash::from_json(r#"{"signature": "a", "completeddatetime": "2012"}"#);
    let made = made.unwrap();
    for (is_legacy, ahead) in [(true, 500), (false, 500), (true, -500), (false, -500)] {
        scene.begin(&[ACCEPTED]);
        let other = if is_legacy { GENERAL } else { LEGACY };
        scene.delete(other, TIMED);
        scene.world.let_time_pass();
        scene.world.ahead(ahead, || scene.put(other, TIMED, "ids:ooid", OOID));
        let store = scene.world.store();
        let [held] = claim(&store, is_legacy, "first").try_into().unwrap();
        held.complete(&made).unwrap();
        scene.world.let_time_pass();
        assert_eq!(claim(&store, !is_legacy, "second").len(), 0, "{is_legacy} {ahead}");
        if ahead > 0 {
            assert_eq!(scene.world.check(), [], "{is_legacy} {ahead}");
        }
    }
}

#[test]
fn attempts_are_counted_on_where_somebody_looked_at_a_crash_that_was_being_put_back() {
    let scene = Scene::new();
    let (ooid, first): (Ooid, Worker) = (OOID.parse().unwrap(), "first".parse().unwrap());
    scene.begin(&[ACCEPTED]);
    let store = scene.world.store();
    for attempt in 1..=2 {
        let claim = store.legacy_queue().claim_crash(ooid, &first, Duration::ZERO).unwrap();
        assert_eq!(claim.unwrap().attempt(), attempt);
        scene.put("crash_reports", CRASH_ROW, "flags:requeueing:x", "Y");
        assert!(store.legacy_queue().claim_crash(ooid, &first, LEASE).unwrap().is_none());
        let mark = hbase_thrift_client::Delete::row(CRASH_ROW).column("flags:requeueing:x");
        store.client().table("crash_reports").delete(&mark).unwrap();
        scene.world.let_time_pass();
    }
}
