//! What goes wrong between calls: scans that end early, gateways that hang or carry out late what they
//! were sent, callers that wait for each other, errors that say more or less than is known.

#![allow(clippy::unwrap_used)]
// The numbers are small ones of tests.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod ended;
mod gateways;
mod handles;
mod hostile;
mod limits;
mod odd;
mod parts;
mod pipelines;
mod ranges;
mod scans;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod writer;

use std::time::{Duration, Instant};

use support::setup::{config, connect, exact, fill, keys};

/// Luck of a seed that is printed; `SEED=n` chooses it.
fn luck() -> fastrand::Rng {
    let seed =
        std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// Runs `body`, which may take this long at most.
#[track_caller]
fn within<T>(limit: Duration, body: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = body();
    let took = began.elapsed();
    assert!(took <= limit, "it took {took:?}");
    result
}

/// A time that nothing in here takes, and a processor that is busy with other work may.
const SLACK: Duration = Duration::from_millis(1_500);
