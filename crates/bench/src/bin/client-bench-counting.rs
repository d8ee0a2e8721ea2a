//! The same program with an allocator that counts. A binary of its own, so that nothing is counted
//! while time is measured.

use std::alloc::System;
use std::process::ExitCode;

use client_bench::Memory;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    client_bench::main(Some(memory))
}

fn memory() -> Memory {
    let stats = ALLOCATOR.stats();
    Memory {
        allocations: (stats.allocations + stats.reallocations) as u64,
        heap: (stats.bytes_allocated - stats.bytes_deallocated) as u64,
    }
}
