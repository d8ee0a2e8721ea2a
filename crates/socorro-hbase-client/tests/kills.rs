//! A process that uses the store is killed at any moment, as by `kill -9`: whatever it had done stays done,
//! and what it was doing is done, or not done, or named by a check and repaired.
//!
//! `SEED=7 KILLS=500 cargo test -p socorro-hbase-client --test kills` runs others and more.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use hbase_thrift_client::Client;
use mini_hbase::{HBaseTiming, MiniHBase};
use socorro_hbase_client::{
    CheckOptions, CrashId, CrashMetadata, CrashStore, Ooid, ProblemKind, ProcessedCrash,
    QueueForProcessing, SchemaOptions,
};

const CRASHES: u64 = 4;
const URL: &str = "SOCORRO_KILLS_URL";
const SEED: &str = "SOCORRO_KILLS_SEED";

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

fn ooid(number: u64) -> Ooid {
    format!("{number:x}d8a2b4e-9c1f-4e57-8b3a-0f2c42120508").parse().unwrap()
}

fn connect(url: &str) -> CrashStore {
    CrashStore::new(Client::connect(url).unwrap())
}

fn made() -> ProcessedCrash {
    ProcessedCrash::from_json(r#"{"signature": "s", "completeddatetime": "2012"}"#).unwrap()
}

/// What is killed: says what it begins and what it has done.
#[test]
#[ignore = "the other test runs it in a process of its own"]
fn child() {
    let Ok(url) = env::var(URL) else { return };
    let store = connect(&url);
    let mut random = Random::new(number(SEED, 0));
    let say = |words: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{words}").unwrap();
        out.flush().unwrap();
    };
    loop {
        let crash = random.below(CRASHES);
        let id = ooid(crash);
        // A delete hides what its own millisecond puts.
        thread::sleep(Duration::from_millis(2));
        match random.below(8) {
            0..3 => {
                let time = ["2012-05-08T20:50:50", "2012-06-09T20:50:50"][random.below(2) as usize];
                let json = format!(r#"{{"submitted_timestamp": "{time}"}}"#);
                say(&format!("begin submit {crash}"));
                let json = CrashMetadata::from_json(json).unwrap();
                store.put_raw_report(id, &json, b"MDMP", QueueForProcessing::Yes).unwrap();
                say(&format!("done submit {crash}"));
            }
            3 => {
                say(&format!("begin requeue {crash}"));
                let is_there = store.requeue(id).is_ok();
                say(&format!("done {} {crash}", if is_there { "requeue" } else { "nothing" }));
            }
            4 => {
                say(&format!("begin requeue {crash}"));
                let is_there = store.replace_dump(id, b"MDMP fixed").is_ok();
                say(&format!("done {} {crash}", if is_there { "requeue" } else { "nothing" }));
            }
            5 | 6 => {
                let (queue, worker) = (store.legacy_queue(), "child".parse().unwrap());
                say(&format!("begin work {crash}"));
                let claim = queue.claim_crash(id, &worker, Duration::ZERO).unwrap();
                match claim {
                    Some(claim) => {
                        claim.complete(&made()).unwrap();
                        say(&format!("done work {crash}"));
                    }
                    None => say(&format!("done nothing {crash}")),
                }
            }
            _ => {
                say(&format!("begin remove {crash}"));
                store.remove(id).unwrap();
                say(&format!("done remove {crash}"));
            }
        }
    }
}

/// What is known of a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    is_there: bool,
    is_asked_for: bool,
}

impl Known {
    fn after(self, call: &str) -> Self {
        match call {
            "submit" if self.is_there => self,
            "submit" => Self { is_there: true, is_asked_for: true },
            "requeue" if self.is_there => Self { is_asked_for: true, ..self },
            "work" => Self { is_asked_for: false, ..self },
            "remove" => Self::default(),
            _ => self,
        }
    }

    fn read(store: &CrashStore, crash: u64) -> Self {
        let described = store.describe(ooid(crash)).unwrap();
        let is_asked_for = described.as_ref().is_some_and(|crash| {
            crash.queued.iter().any(|queued| queued.is_legacy && queued.is_requested)
        });
        Self { is_there: described.is_some(), is_asked_for }
    }
}

#[test]
fn a_process_that_is_killed_leaves_what_was_done_and_nothing_that_is_not_repaired() {
    let (seed, kills) = (number("SEED", 1), number("KILLS", 40));
    let server = MiniHBase::builder().in_memory().timing(HBaseTiming::Exact).start().unwrap();
    let store = connect(&server.url());
    store.create_schema(&SchemaOptions::new()).unwrap();
    let mut known: BTreeMap<u64, Known> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut calls = 0;
    for kill in 0..kills {
        let seed = seed * 1_000_003 + kill;
        let mut random = Random::new(seed);
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(URL, server.url())
            .env(SEED, seed.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let mut begins = 1 + random.below(12);
        for line in lines.by_ref().map_while(Result::ok) {
            begins -= u64::from(line.starts_with("begin"));
            said.push(line);
            if begins == 0 {
                break;
            }
        }
        thread::sleep(Duration::from_micros(random.below(6_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines.map_while(Result::ok));
        // For what the server has read of it already.
        thread::sleep(Duration::from_millis(50));

        let mut under_way = None;
        for line in &said {
            let words: Vec<&str> = line.split(' ').collect();
            let [what @ ("begin" | "done"), call, crash] = words[..] else { continue };
            let crash: u64 = crash.parse().unwrap();
            under_way = (what == "begin").then(|| (call.to_owned(), crash));
            if what == "done" {
                calls += 1;
                let before = known.entry(crash).or_default();
                *before = before.after(call);
            }
        }
        let shown = format!("SEED={seed}, killed in {under_way:?} after {said:#?}");
        for problem in repair(&store, &shown) {
            *kinds.entry(problem.name()).or_default() += 1;
        }
        for crash in 0..CRASHES {
            let before = known.get(&crash).copied().unwrap_or_default();
            let found = Known::read(&store, crash);
            let mut may_be = vec![before];
            if let Some((call, _)) = under_way.as_ref().filter(|(_, of)| *of == crash) {
                may_be.push(before.after(call));
                if call == "remove" {
                    // It leaves the queues first.
                    may_be.push(Known { is_asked_for: false, ..before });
                }
            }
            assert!(may_be.contains(&found), "{crash}: {found:?}, not {may_be:?}: {shown}");
            if found.is_there {
                let dump = store.get_dump(ooid(crash)).unwrap();
                assert!(dump.is_some_and(|dump| dump.starts_with(b"MDMP")), "{shown}");
            }
            known.insert(crash, found);
        }
    }
    println!("SEED={seed}: {calls} calls between {kills} kills, named: {kinds:?}");
    assert!(calls > kills, "only {calls} calls");
}

/// Repairs until a check finds nothing; returns what it found first.
fn repair(store: &CrashStore, shown: &str) -> Vec<ProblemKind> {
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    let check = || store.check(&options).collect::<Result<Vec<_>, _>>().unwrap();
    let first = check();
    assert_eq!(first, check(), "{shown}");
    let mut found = first.clone();
    for _ in 0..4 {
        thread::sleep(Duration::from_millis(2));
        for problem in &found {
            store.repair(problem).unwrap();
            if problem.kind == ProblemKind::LateData {
                // As its advice says.
                let id: CrashId = problem.id.clone().unwrap();
                store.remove(id).unwrap();
            }
        }
        found = check();
        if found.is_empty() {
            return first.iter().map(|problem| problem.kind).collect();
        }
    }
    panic!("{shown}: {found:#?}");
}
