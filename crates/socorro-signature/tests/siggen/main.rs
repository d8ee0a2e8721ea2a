//! Signatures compared with those of Mozilla's `siggen`, on generated crashes and on real ones.
//!
//! `cargo xtask signatures` installs siggen and runs this; `SIGGEN_PYTHON` names the interpreter that
//! has it, `SIGGEN_SEED` and `SIGGEN_CASES` repeat a run, `SIGGEN_PROCESSED` is a folder with
//! processed crashes (`*.json`), which xtask has made of all real dumps at hand.

#![allow(clippy::unwrap_used)]

mod crashes;
mod oracle;
mod random;

use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;
use socorro_signature::{Crash, Generator, Lists};

use crashes::Words;
use oracle::Oracle;
use random::Random;

const CASES: u64 = 5_000;

#[test]
#[ignore = "needs siggen: cargo xtask signatures"]
fn generated_crashes_have_the_signatures_that_siggen_makes() {
    let seed = number("SIGGEN_SEED").unwrap_or_else(random::fresh_seed);
    let cases = number("SIGGEN_CASES").unwrap_or(CASES);
    println!("SIGGEN_SEED={seed} SIGGEN_CASES={cases}");
    let oracle = Oracle::find();
    let lists = oracle.lists();
    let words = Words::with_lists(&lists);
    let random = &mut Random::new(seed);
    let crashes: Vec<_> = (0..cases).map(|_| crashes::crash(&words, random)).collect();
    compare(&oracle, &lists, &crashes);
}

#[test]
#[ignore = "needs siggen: cargo xtask signatures"]
fn processed_crashes_have_the_signatures_that_siggen_makes() {
    let oracle = Oracle::find();
    let folder =
        env::var_os("SIGGEN_PROCESSED").expect("cargo xtask signatures sets SIGGEN_PROCESSED");
    let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let crashes = files.filter(|file| file.extension().is_some_and(|it| it == "json"));
    let crashes: Vec<Value> =
        crashes.map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect();
    assert!(!crashes.is_empty(), "no processed crash is in {}", PathBuf::from(folder).display());
    compare(&oracle, &oracle.lists(), &crashes);
}

/// Compares with siggen's lists, and with the built-in ones, which siggen reads as a folder too.
fn compare(oracle: &Oracle, lists: &std::path::Path, crashes: &[Value]) {
    let built_in = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/lists");
    for folder in [lists, &built_in] {
        let generator = Generator::new(Lists::from_folder(folder).unwrap());
        let theirs = oracle.signatures(folder, crashes);
        assert_eq!(theirs.len(), crashes.len());
        let mut tally = Tally::default();
        for (crash, theirs) in crashes.iter().zip(theirs) {
            let ours = generator.generate(&Crash::from_processed(crash));
            if let Some(reason) = known_difference(crash, &theirs, folder == built_in) {
                tally.known.entry(reason).and_modify(|count| *count += 1).or_insert(1_u64);
                continue;
            }
            tally.same += 1;
            let steps: Vec<_> = ours.steps().iter().map(ToString::to_string).collect();
            let all = format!("{crash}\n{steps:#?}\n{theirs}");
            let mut signature = theirs["signature"].as_str().unwrap().to_owned();
            // One half of a hang, as Socorro named it in 2012; siggen knows of none.
            if crash["hangid"].is_string() {
                signature.insert_str(0, "hang | ");
            }
            assert_eq!(ours.text(), signature, "signature of {all}");
            assert_eq!(
                ours.proto_signature(),
                theirs["proto_signature"].as_str(),
                "proto signature of {all}"
            );
        }
        println!(
            "{}: {} the same; known to differ: {:?}",
            folder.display(),
            tally.same,
            tally.known
        );
    }
}

#[derive(Default)]
struct Tally {
    same: u64,
    known: std::collections::BTreeMap<&'static str, u64>,
}

/// What differs on purpose, as the README lists it.
fn known_difference(crash: &Value, theirs: &Value, is_other_lists: bool) -> Option<&'static str> {
    let notes: Vec<_> =
        theirs["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let failed = |rule: &str| {
        notes.iter().any(|note| note.starts_with(rule) && note.contains("Rule failed"))
    };
    if failed("SignatureGenerationRule") || failed("SignatureRunWatchDog") {
        return Some("a function that has no name makes siggen's rule fail");
    }
    let is_hang = theirs["signature"].as_str().unwrap().contains("shutdownhang |");
    if is_other_lists && (is_hang || crash.to_string().contains("RunWatchdog")) {
        return Some("siggen judges a hang at shutdown by its own lists");
    }
    None
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap())
}
