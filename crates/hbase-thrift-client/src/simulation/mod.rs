//! Runs the real drivers in a simulated world: time, luck, gateways and the cluster are simulated,
//! callers are threads of which one runs at a time. A seed decides everything, over either interface.
//!
//! What must hold is checked while it runs:
//! - nobody goes on beyond their deadline, and nobody waits while holding a connection;
//! - what a caller is told of a change is true, and stays true: what was not applied never is, what
//!   was done is not done again later, and an increment never twice;
//! - a read returns what the row asked for looked like while it was read;
//! - a scan returns every row once, in order, or an error at its place;
//! - while one gateway works, reads succeed whatever the others do, as do writes with the client's
//!   timestamps, and one caller at a time tries a gateway that failed; one that works again is used
//!   soon; while all work, every call succeeds;
//! - with the client's timestamps, what was written last is what a row has, whatever comes late;
//! - a future may be dropped at any of its waits: what it changed is unknown, a scan goes on with the row after the
//!   last one, and the pool is whole in the end;
//! - what the buffered writer hands back gives, written again, the state of the sequence; where callers
//!   share one, none waits for another's time-out.
//!
//! `SIMULATION_SEED=n cargo test -p hbase-thrift-client --lib simulation` runs one seed alone,
//! `SIMULATION_SEEDS=n` this many.

mod caller;
mod dropped;
mod gateway;
mod ledger;
mod message;
mod own_rows;
mod pipelines;
mod plan;
mod scans;
mod server;
mod speech;
mod state;
mod table;
mod thrift2;
mod time;
mod together;
mod world;
mod writers;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::config::Interface;
use plan::Plan;
use world::World;

/// As many as take a few seconds.
const SEEDS: u64 = 2_000;

/// What went wrong with a seed, and a number that any two runs of it share.
fn run(seed: u64, interface: Interface) -> (Vec<String>, u64) {
    let plan = Plan::new(seed, interface);
    let world = World::new(seed, plan.gateways());
    plan.begin(&mut world.state());
    let (executor, callers) = caller::callers(plan, &world);
    world.run(callers);
    let status = executor.pool().status();
    let mut state = world.state();
    if status.in_use > 0 || status.waiting > 0 {
        state.violation(format!("callers have left something with the pool: {status:?}"));
    }
    state.check_what_was_written_together();
    let violations = std::mem::take(&mut state.violations);
    (violations, state.trace)
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn what_must_hold_holds_for_every_seed() {
    run_seeds(Interface::One);
}

#[test]
fn what_must_hold_holds_for_every_seed_over_thrift_2() {
    run_seeds(Interface::Two);
}

fn run_seeds(interface: Interface) {
    if let Some(seed) = number_from("SIMULATION_SEED") {
        let (violations, plan) = (run(seed, interface).0, Plan::new(seed, interface));
        assert!(violations.is_empty(), "seed {seed}: {plan:?}\n{violations:#?}");
        return;
    }
    let seeds = number_from("SIMULATION_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    if let Some(violation) = run(seed, interface).0.into_iter().next() {
                        failed.lock().expect("no panic").push(format!("seed {seed}: {violation}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic");
    let few = &failed[..failed.len().min(20)];
    assert!(failed.is_empty(), "{} of {seeds} seeds failed, such as {few:#?}", failed.len());
}

#[test]
fn a_seed_decides_everything() {
    for (seed, interface) in (0..20).zip([Interface::One, Interface::Two].into_iter().cycle()) {
        assert_eq!(run(seed, interface), run(seed, interface), "seed {seed}");
    }
}
