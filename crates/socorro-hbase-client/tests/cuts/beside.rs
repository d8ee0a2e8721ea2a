//! Two transitions of one crash at the same time: the first up to one of its requests, then the whole
//! second one, then the rest of the first.
//!
//! A check of what that leaves names what is wrong, the same each time, in the kinds that two which don't
//! know of each other may leave; and once it is repaired, the store is as if one of them had come after the
//! other.
//!
//! `SEED=7 PAIRS=1 PLACES=400 cargo test -p socorro-hbase-client --test cuts beside` tries all pairs at all
//! requests after other histories.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use socorro_hbase_client::{CrashStore, ErrorKind, Problem, ProblemKind};

use super::{
    call::{Call, KINDS, Random},
    gate::Gate,
    number,
    world::{Cells, World, difference},
};

/// Of this many pairs one is tried, another one for each seed; of those with a removal, all.
const PAIRS: u64 = 4;
/// At how many of a transition's requests the other one comes between, at most.
const PLACES: u64 = 6;

/// Failures that are enough to look at.
const ENOUGH: usize = 5;

struct Case {
    shown: String,
    before: Vec<Call>,
    damage: u64,
    first: Call,
    second: Call,
}

impl Case {
    fn new(seed: u64, first: usize, second: usize) -> Self {
        let pair = first as u64 * KINDS + second as u64;
        let mut random = Random::new(seed * 1_000_003 + pair);
        let mut before: Vec<Call> = (0..random.below(4)).map(|_| Call::any(&mut random)).collect();
        // Nothing can be done to a crash that isn't there.
        if random.below(4) > 0 {
            before.insert(0, Call::of_kind(0, &mut random));
        }
        let first = Call::of_kind(first, &mut random);
        // Of two results, the one that is written last stays, whichever flag comes last.
        let second = Call::of_kind(second, &mut random).with_result_of(first);
        let damage = if first.is_repair() || second.is_repair() { random.below(16) } else { 0 };
        let shown =
            format!("SEED={seed}: {before:?}, damage {damage}, {first:?} beside {second:?}");
        Self { shown, before, damage, first, second }
    }

    fn begin(&self, world: &World) {
        world.reset();
        for call in &self.before {
            call.make(world).unwrap();
        }
        world.damage(self.damage);
        world.let_time_pass();
    }

    /// What is left if one comes after the other, repaired. A worker that looks through a queue while an
    /// entry moves in it may find nothing.
    fn serial(&self, world: &World) -> Vec<Compared> {
        let (a, b) = (self.first, self.second);
        let mut sequences = vec![vec![a, b], vec![b, a]];
        sequences.extend(a.is_of_queue().then(|| vec![b]));
        sequences.extend(b.is_of_queue().then(|| vec![a]));
        sequences.into_iter().map(|calls| self.leaves(world, &calls)).collect()
    }

    fn leaves(&self, world: &World, calls: &[Call]) -> Compared {
        self.begin(world);
        for call in calls {
            allow_absence(call.make(world), &self.shown);
        }
        world.repair(&self.shown);
        Compared::of(&world.cells())
    }

    /// How many requests the first one makes.
    fn requests(&self, world: &World, gate: &Gate) -> u64 {
        self.begin(world);
        let store = gate.store();
        gate.arm(None);
        allow_absence(self.first.run(&store, world), &self.shown);
        gate.requests()
    }

    /// Lets the second come between before the n-th request of the first.
    fn run(&self, world: &World, gate: &Gate, n: u64, shown: &str) {
        self.begin(world);
        let store: CrashStore = gate.store();
        gate.arm(Some(n));
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                let result = self.first.run(&store, world);
                gate.end();
                result
            });
            if gate.wait() {
                world.let_time_pass();
                allow_absence(self.second.run(&world.store(), world), shown);
                world.let_time_pass();
                gate.open();
            }
            allow_absence(first.join().unwrap(), shown);
        });
    }

    /// Returns what a check named.
    fn try_at(
        &self,
        world: &World,
        gate: &Gate,
        n: u64,
        serial: &[Compared],
    ) -> Result<Vec<Problem>, String> {
        let shown = format!("{}, before request {n}", self.shown);
        self.run(world, gate, n, &shown);
        world.let_time_pass();
        let problems = world.check();
        if !problems.is_empty() {
            if problems != world.check() {
                return Err(format!("{shown}: another check finds something else"));
            }
            let unnamed: Vec<_> =
                problems.iter().filter(|problem| !self.may_leave(problem)).collect();
            if !unnamed.is_empty() {
                return Err(format!("{shown}: {unnamed:#?}"));
            }
            world.repair(&shown);
        }
        let found = world.cells();
        let differences: Vec<String> =
            serial.iter().map(|cells| difference(&cells.crash, &crash_of(&found))).collect();
        let queues = queues_of(&found);
        let lacking = QUEUES.into_iter().filter(|queue| !queues.contains(queue));
        let lacking: Vec<_> =
            lacking.filter(|queue| serial.iter().all(|it| it.queues.contains(queue))).collect();
        let is_serial = self.blends() || differences.iter().any(String::is_empty);
        if lacking.is_empty() && is_serial {
            return Ok(problems);
        }
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Err(format!(
            "{shown}, not queued: {lacking:?}\nbeside each sequence:\n{}\nnamed before the repair: \
             {problems:#?}",
            differences.join("\n--\n")
        ))
    }

    /// What two that don't know of each other may leave for a check.
    fn may_leave(&self, problem: &Problem) -> bool {
        let both = [self.first, self.second];
        let is_damaged = self.damage > 0;
        match problem.kind {
            // To leave a queue is exact, by whichever way.
            _ if both.iter().all(|call| call.only_leaves()) => false,
            ProblemKind::OrphanIndexRow
            | ProblemKind::StaleIndexRow
            | ProblemKind::ProcessedInQueue
            | ProblemKind::LeftoverRow
            | ProblemKind::WrongCounter => true,
            ProblemKind::MissingIndexRow => {
                is_damaged || both.iter().any(|call| matches!(call, Call::Submit(..)))
            }
            ProblemKind::UnfinishedSubmission => is_damaged || self.blends(),
            _ => false,
        }
    }

    /// Two submissions at once of one crash that isn't the same: some is of one, some of the other.
    fn blends(&self) -> bool {
        matches!((self.first, self.second), (Call::Submit(..), Call::Submit(..)))
            && format!("{:?}", self.first) != format!("{:?}", self.second)
    }
}

/// What is compared.
struct Compared {
    /// All but the queues, the sizes of which agree with them when the store is repaired.
    crash: Cells,
    /// Those that the crash waits in. One too many does less harm than one too few, and each queue is
    /// entered and left by itself.
    queues: BTreeSet<&'static str>,
}

const QUEUES: [&str; 2] =
    ["crash_reports_index_unprocessed_flag", "crash_reports_index_legacy_unprocessed_flag"];

impl Compared {
    fn of(cells: &Cells) -> Self {
        Self { crash: crash_of(cells), queues: queues_of(cells) }
    }
}

/// That a covering row is missing, or has not what came last, is no problem: `reindex` writes it. Counters
/// of submissions are history.
fn crash_of(cells: &Cells) -> Cells {
    let others = ["metrics", "crash_search"];
    let mut cells = cells.clone();
    cells.retain(|(table, ..), _| {
        !QUEUES.contains(&table.as_str()) && !others.contains(&table.as_str())
    });
    cells
}

fn queues_of(cells: &Cells) -> BTreeSet<&'static str> {
    let is_in = |queue: &&str| cells.keys().any(|(table, ..)| table == queue);
    QUEUES.into_iter().filter(is_in).collect()
}

fn allow_absence(result: socorro_hbase_client::Result<()>, shown: &str) {
    if let Err(error) = result {
        assert_eq!(error.kind(), ErrorKind::NoSuchCrash, "{shown}: {error:?}");
    }
}

#[test]
fn two_transitions_beside_one_another_leave_what_one_after_the_other_leaves_or_what_a_check_names()
{
    let [seed, every, most] = [("SEED", 1), ("PAIRS", PAIRS), ("PLACES", PLACES)]
        .map(|(name, default)| number(name, default));
    let world = World::new();
    let gate = Gate::start(&world.framed());
    let (mut pairs, mut cases) = (0, 0);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for pair in 0..KINDS * KINDS {
        if failures.len() >= ENOUGH {
            break;
        }
        let [first, second] = [pair / KINDS, pair % KINDS].map(|it| usize::try_from(it).unwrap());
        if (pair + seed) % every != 0 && !Call::is_removal(first) && !Call::is_removal(second) {
            continue;
        }
        pairs += 1;
        let case = Case::new(seed, first, second);
        let serial = case.serial(&world);
        let requests = case.requests(&world, &gate);
        for place in 0..requests.min(most) {
            let n = 1 + place * requests / requests.min(most);
            cases += 1;
            match case.try_at(&world, &gate, n, &serial) {
                Ok(problems) => {
                    for problem in problems {
                        *kinds.entry(problem.kind.name()).or_default() += 1;
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
    }
    println!("SEED={seed}: {pairs} pairs, {cases} cases, named: {kinds:?}");
    let shown = failures
        .iter()
        .take(number("SHOWN", 5) as usize)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n\n");
    assert!(failures.is_empty(), "{} of {cases} cases:\n{shown}", failures.len());
    assert!(cases > pairs, "only {cases} cases of {pairs} pairs");
}
