//! Two transitions of one crash at the same time: the first up to one of its requests, then the whole
//! second one, then the rest of the first; every pair that can meet, after every state that a crash is
//! left in for long.
//!
//! What that leaves is what one after the other leaves, or a check names what is wrong with it, in one of
//! the ways that `may_leave` has for this pair, and repaired it is what one after the other leaves. What a
//! worker makes of a crash names the dump that it has read: so a request that is lost shows.
//!
//! `PLACES=400 cargo test -p socorro-hbase-client --test cuts beside` lets the second one come before each of
//! the first one's requests; `START=1 FIRST=Requeue SECOND=Work` tries some pairs.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use hbase_thrift_client::{Delete, Get, GetRows, Increment, Put};
use socorro_hbase_client::{CrashStore, ErrorKind, Ooid, Problem, ProblemKind};

use super::{
    call::Call,
    gate::Gate,
    number,
    world::{Cells, World, difference},
};

const ACCEPTED: Call = Call::Submit(0, true, true);
const AGAIN: Call = Call::Submit(0, false, true);
const MOVED: Call = Call::Submit(2, false, true);
const DEFERRED: Call = Call::Submit(1, false, true);

/// A state that a crash may be in for long, how it came there, and what can be done to it then.
struct Start {
    before: &'static [Call],
    calls: &'static [Call],
}

const STARTS: [Start; 7] = [
    // Nothing can be done to what isn't there but to submit it; the others come while that is under way.
    Start {
        before: &[],
        calls: &[
            ACCEPTED,
            MOVED,
            Call::Requeue,
            Call::ReplaceDump,
            Call::Claim(true),
            Call::Work(true, "b"),
            Call::Process("b"),
            Call::Withdraw(true),
            Call::Remove,
            Call::Repair,
        ],
    },
    Start {
        before: &[ACCEPTED],
        calls: &[
            AGAIN,
            MOVED,
            DEFERRED,
            Call::Requeue,
            Call::ReplaceDump,
            Call::Claim(true),
            Call::Process("b"),
            Call::Work(true, "b"),
            Call::Work(false, "b"),
            Call::Withdraw(true),
            Call::Withdraw(false),
            Call::Remove,
            Call::Repair,
        ],
    },
    Start {
        before: &[ACCEPTED, Call::Claim(true), Call::Claim(false)],
        calls: &[
            MOVED,
            Call::ReplaceDump,
            Call::Acknowledge(true),
            Call::Release(true),
            Call::Process("b"),
            Call::Withdraw(true),
            Call::Remove,
        ],
    },
    Start {
        before: &[ACCEPTED, Call::Work(true, "a")],
        calls: &[AGAIN, MOVED, Call::ReplaceDump, Call::Process("b"), Call::Remove],
    },
    Start {
        before: &[ACCEPTED, Call::Work(true, "a"), Call::Requeue],
        calls: &[
            MOVED,
            Call::ReplaceDump,
            Call::Claim(true),
            Call::Process("b"),
            Call::Work(true, "b"),
            Call::Withdraw(true),
            Call::Remove,
        ],
    },
    Start {
        before: &[DEFERRED],
        calls: &[ACCEPTED, Call::Requeue, Call::Work(false, "b"), Call::Remove],
    },
    Start {
        before: &[ACCEPTED, MOVED],
        calls: &[AGAIN, Call::Requeue, Call::Work(true, "b"), Call::Remove],
    },
];

/// The times of all submissions, as keys have them.
const TIMES: [&str; 2] = ["2012-05-08T20:50:50", "2012-06-09T21:51:51"];
const QUEUES: [(&str, &str); 2] = [
    ("crash_reports_index_unprocessed_flag", "counters:current_unprocessed_size"),
    ("crash_reports_index_legacy_unprocessed_flag", "counters:current_legacy_unprocessed_size"),
];

#[derive(Clone, Copy)]
struct Pair {
    start: usize,
    first: Call,
    second: Call,
}

impl Pair {
    fn all() -> impl Iterator<Item = Self> {
        let of_start = |(start, of): (usize, &'static Start)| {
            let calls = of.calls.iter();
            calls.flat_map(move |first| {
                of.calls.iter().map(move |second| Self { start, first: *first, second: *second })
            })
        };
        STARTS.iter().enumerate().flat_map(of_start).filter(Self::is_wanted)
    }

    fn is_wanted(&self) -> bool {
        let wanted = |name: &str, shown: String| {
            std::env::var(name).is_ok_and(|text| !shown.starts_with(&text))
        };
        // What isn't there has to be submitted by the first.
        let is_of_nothing = STARTS[self.start].before.is_empty();
        (!is_of_nothing || matches!(self.first, Call::Submit(..)))
            && !wanted("START", self.start.to_string())
            && !wanted("FIRST", format!("{:?}", self.first))
            && !wanted("SECOND", format!("{:?}", self.second))
    }

    fn has_repair(&self) -> bool {
        self.first.is_repair() || self.second.is_repair()
    }

    fn shown(&self) -> String {
        let Self { start, first, second } = self;
        format!("after {:?}: {first:?} beside {second:?}", STARTS[*start].before)
    }
}

/// Crashes of their own for each case, on one server.
struct Stage {
    world: World,
    gate: Gate,
    crashes: u32,
}

/// What a case has left, of one crash.
struct Left {
    ooid: Ooid,
    /// By how much the sizes of the queues were too high.
    sizes: [i64; 2],
    /// How often it was counted as submitted in the months of `TIMES`.
    counted: [i64; 2],
}

impl Stage {
    fn new() -> Self {
        let world = World::new().shared();
        let gate = Gate::start(&world.framed());
        world.reset();
        Self { world, gate, crashes: 0 }
    }

    fn reset(&mut self) {
        self.world.reset();
        self.crashes = 0;
    }

    fn begin(&mut self, pair: Pair) -> Ooid {
        let Self { world, .. } = self;
        self.crashes += 1;
        let ooid: Ooid =
            format!("6d8a{:04x}-9c1f-4e57-8b3a-0f2c42120508", self.crashes).parse().unwrap();
        for call in STARTS[pair.start].before {
            world.let_time_pass();
            call.run(&world.store(), world, &ooid).unwrap();
        }
        world.let_time_pass();
        if pair.has_repair() && !STARTS[pair.start].before.is_empty() {
            damage(world, &ooid);
        }
        ooid
    }

    fn sizes(&self) -> [i64; 2] {
        let get = Get::new("crash_report_queue").family("counters");
        let row = self.world.store().client().table("metrics").get(&get).unwrap();
        QUEUES.map(|(_, column)| {
            let size = row.as_ref().and_then(|row| row.get(column));
            size.map_or(0, |size| i64::from_be_bytes(size.try_into().unwrap()))
        })
    }

    fn counted(&self) -> [i64; 2] {
        let months = TIMES.map(|time| time[..7].parse().unwrap());
        let counters = self.world.store().get_counters(&months).unwrap();
        [0, 1].map(|month| counters[month].submitted())
    }

    fn entries(&self, ooid: &Ooid) -> [i64; 2] {
        let client = self.world.store().client().clone();
        QUEUES.map(|(table, _)| {
            let rows = TIMES.map(|time| format!("6{time}{ooid}"));
            let rows = client.table(table).get_rows(&GetRows::new(rows).column("ids:ooid"));
            i64::try_from(rows.unwrap().iter().flatten().count()).unwrap()
        })
    }

    /// Measures what a case does to the sizes, and sets them right.
    fn measure(&mut self, pair: Pair, run: impl FnOnce(&Self, &Ooid)) -> Left {
        let (before, counted_before) = (self.sizes(), self.counted());
        let ooid = self.begin(pair);
        run(self, &ooid);
        self.world.let_time_pass();
        let (after, entries) = (self.sizes(), self.entries(&ooid));
        let sizes = [0, 1].map(|queue| after[queue] - before[queue] - entries[queue]);
        let metrics = self.world.store().client().table("metrics");
        for ((_, column), wrong) in QUEUES.iter().zip(sizes) {
            if wrong != 0 {
                metrics.increment(&Increment::new("crash_report_queue", *column, -wrong)).unwrap();
            }
        }
        let counted = self.counted();
        let counted = [0, 1].map(|month| counted[month] - counted_before[month]);
        Left { ooid, sizes, counted }
    }

    fn one_after_the_other(&mut self, pair: Pair, calls: &[Call]) -> Left {
        self.measure(pair, |stage, ooid| {
            for call in calls {
                stage.world.let_time_pass();
                allow_absence(call.run(&stage.world.store(), &stage.world, ooid), &pair);
            }
        })
    }

    /// How many requests the first one makes.
    fn requests(&mut self, pair: Pair) -> u64 {
        self.measure(pair, |stage, ooid| {
            let store = stage.gate.store();
            stage.gate.arm(None);
            allow_absence(pair.first.run(&store, &stage.world, ooid), &pair);
        });
        self.gate.requests()
    }

    /// Lets the second come between before the n-th request of the first.
    fn beside(&mut self, pair: Pair, n: u64) -> Left {
        self.measure(pair, |stage, ooid| {
            let Self { world, gate, .. } = stage;
            let store: CrashStore = gate.store();
            gate.arm(Some(n));
            thread::scope(|scope| {
                let first = scope.spawn(|| {
                    let result = pair.first.run(&store, world, ooid);
                    gate.end();
                    result
                });
                if gate.wait() {
                    world.let_time_pass();
                    allow_absence(pair.second.run(&world.store(), world, ooid), &pair);
                    world.let_time_pass();
                    gate.open();
                }
                allow_absence(first.join().unwrap(), &pair);
            });
        })
    }
}

/// Gives a repair something to do.
fn damage(world: &World, ooid: &Ooid) {
    let client = world.store().client().clone();
    for time in TIMES {
        let index = client.table("crash_reports_index_submitted_time");
        index.delete(&Delete::row(format!("6{time}{ooid}"))).unwrap();
    }
    let mark = Put::new(format!("6120508{ooid}")).column("flags:uncounted", "Y");
    client.table("crash_reports").put(&mark).unwrap();
    world.let_time_pass();
}

fn allow_absence(result: socorro_hbase_client::Result<()>, pair: &Pair) {
    if let Err(error) = result {
        assert_eq!(error.kind(), ErrorKind::NoSuchCrash, "{}: {error:?}", pair.shown());
    }
}

/// What is compared of a crash.
struct Compared {
    /// All but the queues, the covering row and the hang, which all cases share. That a covering row is
    /// missing, or has not what came last, is no problem: `reindex` writes it.
    crash: Cells,
    /// Those that it waits in, wherever.
    queues: BTreeSet<String>,
}

fn is_shared(table: &str) -> bool {
    table == "crash_search" || table.starts_with("crash_reports_index_hang_id")
}

impl Compared {
    fn of(cells: &Cells, ooid: &Ooid) -> Self {
        let (mut crash, mut queues) = (Cells::new(), BTreeSet::new());
        let name = |text: &str| text.replace(ooid.as_str(), "OOID");
        for ((table, row, column), value) in cells {
            if !row.contains(ooid.as_str()) && !value.contains(ooid.as_str()) {
                continue;
            }
            if QUEUES.iter().any(|(queue, _)| queue == table) {
                queues.insert(table.clone());
            } else if !is_shared(table) {
                crash.insert((table.clone(), name(row), column.clone()), name(value));
            }
        }
        Self { crash, queues }
    }

    /// Whether it is the same, in more queues at most.
    fn is(&self, other: &Self, may_wait: bool) -> bool {
        let is_queued = if may_wait {
            other.queues.is_subset(&self.queues)
        } else {
            other.queues == self.queues
        };
        self.crash == other.crash && is_queued
    }

    fn difference(&self, other: &Self) -> String {
        let queues = format!("in {:?} instead of {:?}", self.queues, other.queues);
        format!("{queues}\n{}", difference(&other.crash, &self.crash))
    }
}

/// One batch: pairs whose crashes share tables, each with its cases.
struct Batch {
    cases: Vec<Cases>,
}

/// What a pair leaves: one after the other, and with the second before each of the first's requests.
type Cases = (Pair, Vec<Left>, Vec<(u64, Left)>);

#[derive(Default)]
struct Found {
    cases: usize,
    kinds: BTreeMap<&'static str, u64>,
    failures: BTreeMap<String, (Vec<u64>, String)>,
}

impl Found {
    fn fail(&mut self, pair: &Pair, n: u64, what: String, more: String) {
        let at = self.failures.entry(format!("{}: {what}", pair.shown()));
        at.or_insert((Vec::new(), more)).0.push(n);
    }
}

impl Batch {
    fn run(stage: &mut Stage, pairs: &[Pair]) -> Self {
        stage.reset();
        let cases = pairs.iter().map(|pair| {
            let serial =
                pair.serial().into_iter().map(|calls| stage.one_after_the_other(*pair, &calls));
            let serial = serial.collect();
            let requests = stage.requests(*pair);
            let most = number("PLACES", PLACES).min(requests);
            let places = (0..most).map(|place| 1 + place * requests / most);
            let beside = places.map(|n| (n, stage.beside(*pair, n))).collect();
            (*pair, serial, beside)
        });
        Self { cases: cases.collect() }
    }

    fn check(&self, world: &World, found: &mut Found) {
        world.let_time_pass();
        let problems = world.check();
        assert_eq!(problems, world.check(), "another check finds something else");
        let mut of_crash: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
        for problem in problems {
            // Counters are compared case by case.
            if let Some(id) = &problem.id {
                of_crash.entry(id.to_string()).or_default().push(problem);
            }
        }
        world.repair("a batch");
        let cells = world.cells();
        for (pair, serial, beside) in &self.cases {
            let compared = serial.iter().map(|left| Compared::of(&cells, &left.ooid));
            let compared: Vec<_> = compared.collect();
            // A result that was made without a claim stays in the queue of those that claim.
            let mut serially = Vec::new();
            for left in serial {
                let problems = of_crash.remove(left.ooid.as_str()).unwrap_or_default();
                let is_done =
                    |it: &Problem| it.kind == ProblemKind::ProcessedInQueue || is_shared(it.table);
                let is_sound = pair.has_repair() || problems.iter().all(is_done);
                serially.extend(problems.iter().map(|problem| (problem.kind, problem.table)));
                if !is_sound || left.sizes != [0, 0] {
                    found.fail(pair, 0, "one after the other".to_owned(), format!("{problems:#?}"));
                }
            }
            for (n, left) in beside {
                found.cases += 1;
                let problems = of_crash.remove(left.ooid.as_str()).unwrap_or_default();
                for problem in &problems {
                    *found.kinds.entry(problem.kind.name()).or_default() += 1;
                    if !serially.contains(&(problem.kind, problem.table))
                        && !pair.may_leave(problem)
                    {
                        let table = problem.table;
                        let what = format!("{} {table}", problem.kind.name());
                        found.fail(pair, *n, what, problem.to_string());
                    }
                }
                for wrong in left.sizes {
                    if !pair.may_count(wrong) {
                        found.fail(pair, *n, format!("size {wrong:+}"), String::new());
                    }
                }
                let now = Compared::of(&cells, &left.ooid);
                let is_at = |time: &&str| {
                    let mut cells = now.crash.iter();
                    cells.any(|((.., column), value)| {
                        column == "timestamps:submitted" && value.starts_with(*time)
                    })
                };
                let too_few = TIMES.iter().position(is_at).is_some_and(|at| left.counted[at] < 1);
                // Where two differ, the time may be of one of them, and the counters of the other: a check
                // counts what is missing.
                if too_few && !pair.blends() {
                    let shown = format!("{:?}", left.counted);
                    found.fail(pair, *n, "uncounted".to_owned(), shown);
                }
                if !compared.iter().any(|serial| now.is(serial, false)) {
                    let may_wait = compared.iter().any(|serial| now.is(serial, true));
                    if may_wait && pair.may_wait() || pair.blends() {
                        continue;
                    }
                    let what = if may_wait { "waits" } else { "as neither" };
                    let shown: Vec<_> =
                        compared.iter().map(|serial| now.difference(serial)).collect();
                    found.fail(pair, *n, what.to_owned(), shown.join("\n--\n"));
                }
            }
        }
    }
}

impl Pair {
    fn both(&self) -> [Call; 2] {
        [self.first, self.second]
    }

    /// The sequences to compare with. A worker that looks for an entry while that moves may find nothing.
    fn serial(&self) -> Vec<Vec<Call>> {
        let (a, b) = (self.first, self.second);
        let mut serial = vec![vec![a, b], vec![b, a]];
        serial.extend(b.is_of_queue().then(|| vec![a]));
        serial.extend(a.is_of_queue().then(|| vec![b]));
        // Of two results the one that is written last counts, no matter which is done first.
        if makes(a) && makes(b) {
            serial.extend([vec![a], vec![b]]);
        }
        serial
    }

    /// Whether one of them is of the one kind, and the other of the other.
    fn are(&self, one: impl Fn(Call) -> bool, other: impl Fn(Call) -> bool) -> bool {
        let (a, b) = (self.first, self.second);
        one(a) && other(b) || one(b) && other(a)
    }

    /// What a check may name, and why nothing prevents it.
    fn may_leave(&self, problem: &Problem) -> bool {
        let is_queue = problem.table.ends_with("unprocessed_flag");
        let is_removal = |call| call == Call::Remove;
        match problem.kind {
            _ if is_shared(problem.table) => true,
            // A removal takes away what names the crash as it has read it. What a submission names under
            // another time, or once it is seen to be new, and a result under another signature, it
            // doesn't know of; nor do those look again who put nothing into a crash that is there.
            ProblemKind::OrphanIndexRow => {
                let is_signature = problem.table.ends_with("signature_ooid");
                self.are(is_removal, is_submission) || is_signature && self.are(is_removal, makes)
            }
            // What is put there before the raw data is read is answered, whichever queue it is in; a
            // result takes only what it was claimed from, and what it found when it began. Another worker
            // who has taken over the claim finds the crash done.
            ProblemKind::ProcessedInQueue => {
                let takes_over = |call| matches!(call, Call::Claim(_));
                is_queue && self.are(makes, |call| enters(call) || takes_over(call))
            }
            // Both know the time that they have read. Whichever entry or row is at the other is found.
            ProblemKind::StaleIndexRow => {
                let moves = |call| is_submission(call) && self.moves(call);
                self.blends()
                    || self.are(moves, |call| is_submission(call) || is_queue && enters(call))
            }
            // Of two submissions that differ, the row is a blend.
            ProblemKind::MissingIndexRow => self.blends(),
            ProblemKind::UnfinishedSubmission => self.blends() || self.has_repair(),
            // The way out of a queue leaves a claim where somebody else has taken the entry.
            ProblemKind::LeftoverRow => is_queue && self.are(leaves, leaves),
            _ => false,
        }
    }

    /// By how much the size of a queue may be wrong: too high where an entry is put just when the one
    /// before it leaves, since the one that leaves can't tell whether it was counted, and where two put one
    /// that both find missing; too low where a repair corrects a size by an entry that is leaving, and where
    /// a request keeps in its queue what a submission has counted out of it. Two submissions that each
    /// move the other's entry may count both twice. A submission that sees its crash removed knows what it
    /// has counted itself.
    fn may_count(&self, wrong: i64) -> bool {
        let is_release = |call| matches!(call, Call::Release(_));
        match wrong {
            0 => true,
            1 => {
                let is_of_removal = self.are(is_submission, |call| call == Call::Remove);
                !is_of_removal && self.are(enters, |call| enters(call) || leaves(call))
                    || self.are(leaves, is_release)
            }
            2 => self.blends(),
            -1 => {
                self.are(is_submission, |call| enters(call) || leaves(call))
                    || self.are(Call::is_repair, leaves)
            }
            _ => false,
        }
    }

    /// One too many in a queue does less harm than one too few: a submission that moves an entry, or goes on
    /// where another stopped, and a repair of one, can't tell whether it has left meanwhile.
    fn may_wait(&self) -> bool {
        self.are(is_submission, |call| leaves(call) || enters(call)) || self.are(enters, makes)
    }

    /// Two submissions at once of one crash that isn't the same: some is of one, some of the other.
    fn blends(&self) -> bool {
        self.first != self.second && self.both().iter().all(|call| is_submission(*call))
    }

    /// Whether a submission gives the crash another time than it has.
    fn moves(&self, call: Call) -> bool {
        let is_at_second = |call: &Call| matches!(call, Call::Submit(2, ..));
        STARTS[self.start]
            .before
            .last()
            .is_some_and(|last| is_at_second(last) != is_at_second(&call))
            || STARTS[self.start].before.is_empty()
    }
}

fn is_submission(call: Call) -> bool {
    matches!(call, Call::Submit(..))
}

/// Whether it makes a result.
fn makes(call: Call) -> bool {
    matches!(call, Call::Process(_) | Call::Work(..))
}

fn enters(call: Call) -> bool {
    matches!(call, Call::Submit(..) | Call::Requeue | Call::ReplaceDump | Call::Repair)
}

fn leaves(call: Call) -> bool {
    matches!(
        call,
        Call::Process(_)
            | Call::Work(..)
            | Call::Withdraw(_)
            | Call::Acknowledge(_)
            | Call::Remove
            | Call::Repair
    )
}

/// At how many of a transition's requests the other one comes between, at most.
const PLACES: u64 = 8;
/// How many pairs share tables.
const AT_ONCE: usize = 12;

#[test]
fn two_transitions_beside_one_another_leave_what_one_after_the_other_leaves_or_what_a_check_names()
{
    let (of_repair, others): (Vec<Pair>, Vec<Pair>) = Pair::all().partition(Pair::has_repair);
    let batches: Vec<&[Pair]> = others.chunks(AT_ONCE).chain(of_repair.chunks(2)).collect();
    let mut stage = Stage::new();
    let mut found = Found::default();
    for (place, pairs) in batches.iter().enumerate() {
        Batch::run(&mut stage, pairs).check(&stage.world, &mut found);
        if std::env::var_os("SHOWN").is_some() {
            let failed = found.failures.len();
            println!("{place} of {}: {} cases, {failed} failures", batches.len(), found.cases);
        }
    }
    println!("{} cases, named: {:?}", found.cases, found.kinds);
    let shown = found
        .failures
        .iter()
        .map(|(what, (places, more))| format!("## {what} at {places:?}\n{more}\n"));
    let shown: Vec<String> = shown.collect();
    assert!(shown.is_empty(), "{} failures\n{}", shown.len(), shown.join("\n"));
}
