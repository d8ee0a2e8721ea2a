//! Every transition, cut off after any of its calls, then made again, or followed by another one and then
//! made again: the store is as if nothing had been cut.
//!
//! A case is a pair of transitions after a random history. The first one is cut at each of its calls, once
//! before the server carries the call out and once after. Made again at once, it has to leave what it
//! leaves uncut. With another transition between, it has to leave what the sequence leaves if the cut one
//! had been made as a whole, or not at all.
//!
//! `SEED=7 EVERY=1 ROUNDS=20 CUTS=14 cargo test -p socorro-hbase-client --test cuts` runs other histories,
//! all pairs and more cuts, with `INTERFACE=2` over Thrift 2; a case that fails prints its seed.

#![allow(clippy::unwrap_used)]

mod beside;
mod call;
mod gate;
mod meanwhile;
mod queues;
mod repairs;
mod world;

use call::{Call, KINDS, Random};
use hbase_thrift_client::Interface;
use mini_hbase::Fault;
use world::{Cells, World, difference, shown};

/// How many histories each pair of transitions is tried after.
const ROUNDS: u64 = 1;
/// At how many of a transition's calls it is cut, at most.
const CUTS: u64 = 1;
/// Of this many pairs one is tried, another one for each seed.
const EVERY: u64 = 3;
/// More calls than any transition makes.
const MOST_CALLS: u64 = 400;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A history and the two transitions after it.
struct Case {
    shown: String,
    before: Vec<Call>,
    damage: u64,
    first: Call,
    second: Call,
    /// Whether the store is repaired before the transition that was cut is made again.
    is_repaired_between: bool,
}

impl Case {
    fn new(seed: u64, round: u64, first: usize, second: usize) -> Self {
        let place = (round * KINDS + first as u64) * KINDS + second as u64;
        let mut random = Random::new(seed * 1_000_003 + place);
        let before: Vec<Call> = (0..=random.below(4)).map(|_| Call::any(&mut random)).collect();
        let first = Call::of_kind(first, &mut random);
        let second = Call::of_kind(second, &mut random);
        let damage = if first.is_repair() || second.is_repair() { random.below(16) } else { 0 };
        let is_repaired_between = random.below(3) == 0;
        let shown = format!(
            "SEED={seed}, round {round}: {before:?}, damage {damage}, {first:?} and {second:?}"
        );
        Self { shown, before, damage, first, second, is_repaired_between }
    }

    /// What a sequence of calls leaves after the history, repaired.
    fn leaves(&self, world: &World, calls: &[Call]) -> Cells {
        self.begin(world);
        for call in calls {
            call.make(world).unwrap();
        }
        world.repair(&self.shown);
        world.cells()
    }

    fn begin(&self, world: &World) {
        world.reset();
        for call in &self.before {
            call.make(world).unwrap();
        }
        world.repair(&self.shown);
        world.damage(self.damage);
    }

    /// Cuts the first transition at its n-th call; returns whether it has that many.
    fn try_cut(&self, world: &World, n: u64, fault: &Fault, expected: &Expected) -> bool {
        let shown = format!("{}, cut at {n} ({fault:?})", self.shown);
        self.begin(world);
        if !world.cut(self.first, n, fault) {
            return false;
        }
        self.first.make(world).unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        world.repair(&shown);
        // One that moves to another time may stay counted at the old one.
        let stores = |call: &Call| matches!(call, Call::Submit(..) | Call::Restore);
        let is_first = !self.before.iter().any(stores);
        let [expected_cells, cells] = [expected.alone.clone(), world.cells()]
            .map(|cells| if is_first { cells } else { without_counters(cells) });
        let found = self.difference(&expected_cells, &cells);
        assert!(found.is_empty(), "{shown}, made again\n{found}");

        self.begin(world);
        world.cut(self.first, n, fault);
        self.second.make(world).unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        if self.is_repaired_between {
            world.repair(&shown);
        }
        self.first.make(world).unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        world.repair(&shown);
        let cells = without_counters(world.cells());
        let [whole, none] = [&expected.whole, &expected.none].map(|it| self.difference(it, &cells));
        assert!(
            whole.is_empty() || none.is_empty(),
            "{shown}, after the other\nbeside a whole one:\n{whole}\nbeside none:\n{none}"
        );
        if let Some((both, second)) = &expected.left {
            self.begin(world);
            world.cut(self.first, n, fault);
            self.second.make(world).unwrap_or_else(|error| panic!("{shown}: {error:?}"));
            world.repair(&shown);
            let cells = without_counters(world.cells());
            let [both, second] = [both, second].map(|it| self.difference(it, &cells));
            assert!(
                both.is_empty() || second.is_empty(),
                "{shown}, left to the other\nbeside both:\n{both}\nbeside the second:\n{second}"
            );
        }
        true
    }

    /// What differs. A submission that goes on after it was cut can't tell whether the crash was queued
    /// before: it queues one too many, which does less harm than one too few.
    fn difference(&self, expected: &Cells, found: &Cells) -> String {
        if !matches!(self.first, Call::Submit(_, _, true)) {
            return difference(expected, found);
        }
        let is_entry =
            |(table, ..): &&(String, String, String)| table.ends_with("unprocessed_flag");
        let has_all = expected.keys().filter(is_entry).all(|entry| found.contains_key(entry));
        let others = |cells: &Cells| {
            let is_size = |row: &str| row == "crash_report_queue";
            let mut cells = cells.clone();
            cells.retain(|cell, _| !is_entry(&cell) && !is_size(&cell.1));
            cells
        };
        if has_all {
            difference(&others(expected), &others(found))
        } else {
            difference(expected, found)
        }
    }

    /// Whether what is left of the first transition is for the second one to take up: a worker that died
    /// is followed by another one, and a removal leaves nothing whatever was under way.
    fn is_left_to_second(&self) -> bool {
        let is_work = matches!(self.second, Call::Work(..) | Call::Process(_));
        matches!(self.second, Call::Remove) || is_work && self.first.is_of_worker()
    }

    fn expected(&self, world: &World) -> Expected {
        let [a, b] = [self.first, self.second];
        let between: &[Call] =
            if self.is_repaired_between { &[Call::Repair, Call::Repair] } else { &[] };
        let leaves = |calls: &[Call]| without_counters(self.leaves(world, calls));
        Expected {
            alone: self.leaves(world, &[a]),
            whole: leaves(&[&[a, b], between, &[a]].concat()),
            none: leaves(&[&[b], between, &[a]].concat()),
            left: self.is_left_to_second().then(|| (leaves(&[a, b]), leaves(&[b]))),
        }
    }
}

/// What sequences leave in which nothing is cut.
struct Expected {
    alone: Cells,
    /// Both, and the first one again.
    whole: Cells,
    /// The second, then the first.
    none: Cells,
    /// Both, and the second alone, if what is left of the first is for the second one to take up.
    left: Option<(Cells, Cells)>,
}

/// Without the counters of submissions, which are history: what was never submitted is not in them.
fn without_counters(mut cells: Cells) -> Cells {
    cells.retain(|(table, row, _), _| table != "metrics" || row == "crash_report_queue");
    cells
}

#[test]
fn a_transition_that_was_cut_off_leaves_in_the_end_what_it_leaves_uncut() {
    cut_pairs(&World::new(), number("EVERY", EVERY));
}

/// The transitions are the same; what differs are counters, and how rows are scanned.
#[test]
fn a_transition_that_was_cut_off_over_thrift_2_leaves_what_it_leaves_uncut() {
    cut_pairs(&World::over(Interface::Two), number("EVERY", 3 * EVERY));
}

fn cut_pairs(world: &World, every: u64) {
    let [seed, rounds, cuts] = [("SEED", 1), ("ROUNDS", ROUNDS), ("CUTS", CUTS)]
        .map(|(name, default)| number(name, default));
    let (mut cases, mut pairs, mut uncut) = (0, 0, 0);
    for round in 0..rounds {
        for pair in (0..KINDS * KINDS).filter(|pair| (pair + seed + round) % every == 0) {
            pairs += 1;
            let [first, second] =
                [pair / KINDS, pair % KINDS].map(|it| usize::try_from(it).unwrap());
            let case = Case::new(seed, round, first, second);
            let expected = case.expected(world);
            let calls = case.calls(world);
            uncut += u64::from(calls == 0);
            for place in 0..cuts.min(calls) {
                // Spread over the transition's calls, and others in each round.
                let n = 1 + (place * calls / cuts.min(calls) + round + second as u64) % calls;
                for fault in [Fault::DropBefore, Fault::DropAfter] {
                    cases += u64::from(case.try_cut(world, n, &fault, &expected));
                }
            }
        }
    }
    println!("SEED={seed}: {pairs} pairs, {cases} cuts");
    assert!(cases > pairs, "only {cases} cuts of {pairs} pairs");
    assert!(uncut * 4 < pairs, "{uncut} of {pairs} transitions make no call");
}

impl Case {
    /// How many calls the first transition makes.
    fn calls(&self, world: &World) -> u64 {
        self.begin(world);
        let before = world.calls();
        self.first.make(world).unwrap();
        (world.calls() - before).min(MOST_CALLS)
    }
}

/// A submission of a crash that is there marks it while what is counted changes: made again after a cut, the
/// resubmission counts all of it, and perhaps twice. Without the mark the crash would look as if it had
/// always been what it is now, and what is new of it would stay uncounted until a check. Of the queues' sizes
/// the mark tells what they had.
#[test]
fn a_resubmission_that_was_cut_off_leaves_nothing_uncounted_when_it_is_made_again() {
    cut_resubmissions(&World::new());
}

#[test]
fn a_resubmission_that_was_cut_off_over_thrift_2_leaves_nothing_uncounted() {
    cut_resubmissions(&World::over(Interface::Two));
}

fn cut_resubmissions(world: &World) {
    let [accepted, deferred, moved] = [0, 1, 2].map(|of| Call::Submit(of, true, true));
    for [first, second] in [[deferred, accepted], [accepted, deferred], [accepted, moved]] {
        let begin = || {
            world.reset();
            first.make(world).unwrap();
        };
        begin();
        let before = world.calls();
        second.make(world).unwrap();
        let calls = world.calls() - before;
        let mut marked = 0;
        for n in 1..calls {
            begin();
            assert!(world.cut(second, n, &Fault::DropAfter));
            // Behind the call that takes the mark away, it isn't known what is counted.
            if marked > 0 && !world.is_marked() {
                break;
            }
            marked += u64::from(world.is_marked());
            // Once more: the mark of one that was made again, and cut off, tells the same.
            let again = if n % 2 == 0 { n / 2 } else { n.saturating_sub(2) };
            let is_cut_again = again > 0 && world.cut(second, again, &Fault::DropAfter);
            if is_cut_again && !world.is_marked() {
                continue;
            }
            if again == 0 || is_cut_again {
                second.make(world).unwrap();
            }
            let problems = world.check();
            assert!(
                problems.is_empty(),
                "{first:?}, {second:?} cut at {n} of {calls}: {}",
                shown(&problems)
            );
        }
        assert!(marked > 0);
    }
}

/// A restored crash passes for one that isn't processed until its entries are there: where nobody restores
/// it again, a repair queues it.
#[test]
fn a_crash_whose_restoration_was_cut_off_is_asked_for_once_it_is_repaired() {
    let world = World::new();
    world.reset();
    let before = world.calls();
    Call::Restore.make(&world).unwrap();
    let calls = world.calls() - before;
    let mut repaired = 0;
    for n in 1..=calls {
        world.reset();
        world.cut(Call::Restore, n, &Fault::DropAfter);
        world.repair(&format!("cut at {n} of {calls}"));
        if world.cells().is_empty() {
            continue;
        }
        repaired += 1;
        let queue = world.store().general_queue();
        assert_eq!(queue.count_entries().unwrap(), 1, "cut at {n} of {calls}");
        Call::Work(false, "b").make(&world).unwrap();
        assert_eq!(world.signature().as_deref(), Some("b"), "cut at {n} of {calls}");
    }
    assert!(repaired > 3, "{repaired} of {calls}");
}

/// What is there already stays as it is, also while it is marked: a resubmission that stopped has left a crash,
/// with what was made of it since the export.
#[test]
fn a_restoration_leaves_a_crash_as_it_is_whose_resubmission_was_cut_off() {
    let world = World::new();
    let [submit, work, again] =
        [Call::Submit(0, true, true), Call::Work(true, "b"), Call::Submit(2, true, true)];
    let begin = || {
        world.reset();
        submit.make(&world).unwrap();
        work.make(&world).unwrap();
    };
    begin();
    let before = world.calls();
    again.make(&world).unwrap();
    let calls = world.calls() - before;
    let mut marked = 0;
    for n in 1..=calls {
        begin();
        world.cut(again, n, &Fault::DropAfter);
        marked += u64::from(world.is_marked());
        let left = world.cells();
        Call::Restore.make(&world).unwrap();
        let changed = difference(&left, &world.cells());
        assert!(changed.is_empty(), "cut at {n} of {calls}\n{changed}");
    }
    assert!(marked > 0);
}
