//! Crashes processed as a program does it: this one walks its dumps in processes of its own.

#![allow(clippy::unwrap_used)]

mod dumps;
mod hostile;
mod larger;
mod server;
mod symbols;
mod whole;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use socorro_processor::{Limits, Processed, Processor, RawCrash, SymbolSources, walk_if_asked};

fn main() -> ExitCode {
    if let Some(done) = walk_if_asked() {
        return done;
    }
    let tests = [hostile::TESTS, larger::TESTS, symbols::TESTS, whole::TESTS].concat();
    let trials = tests.into_iter().map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

pub(crate) type Test = (&'static str, fn());

/// Lists test functions under their names.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: &[$crate::Test] = &[$((stringify!($name), $name)),*];
    };
}

/// The usual limits, with more time: the program isn't optimised, and the machine may be busy.
pub(crate) fn patient() -> Limits {
    let mut limits = Limits::default();
    limits.time *= 10;
    limits
}

pub(crate) fn crash() -> RawCrash {
    RawCrash::new(
        "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse::<socorro_hbase_client::Ooid>().unwrap(),
    )
}

pub(crate) fn with_dump(dump: &[u8]) -> RawCrash {
    crash()
        .with_metadata(b"{\"ProductName\": \"Browser\"}".to_vec())
        .with_dump("upload_file_minidump".parse().unwrap(), dump.to_vec())
}

pub(crate) fn process(crash: &RawCrash, limits: Limits) -> (Processed, Value) {
    process_with(SymbolSources::default(), crash, limits)
}

pub(crate) fn process_with(
    symbols: SymbolSources,
    crash: &RawCrash,
    limits: Limits,
) -> (Processed, Value) {
    let processed = Processor::new(symbols, limits).unwrap().process(crash).unwrap();
    let fields = serde_json::from_slice(processed.crash().json()).unwrap();
    (processed, fields)
}

pub(crate) fn notes(fields: &Value) -> &str {
    fields["processor_notes"].as_str().unwrap()
}
