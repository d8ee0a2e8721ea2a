//! Random calls on a store in memory and on one on disk, which is restarted, flushed and compacted in
//! between: both give the same answers and the same exceptions.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "differential/mod.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod differential;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod random;
mod support;

use std::fmt::Debug;
use std::time::Duration;

use differential::answers::try_call;
use differential::calls::{Call, Opened};
use differential::names::{Names, ROWS};
use fastrand::Rng;
use hbase_thrift_api::{ColumnDescriptor, THbaseSyncClient};
use mini_hbase::{Builder, HBaseTiming, MiniHBase, VirtualClock};
use support::{Raw, bytes, client, family, new, none};

/// Some day of 2025.
const NOW: i64 = 1_750_000_000_000;
const ROUNDS: usize = 12;
const CALLS: usize = 300;
/// The last one can't be created.
const TABLES: [&str; 4] = ["t", "u", "v", "no:t"];
/// From here on a value makes the disk's store write its buffers soon, and compact by itself.
const LARGE: usize = 64 << 10;

#[derive(Debug)]
enum Step {
    Call(usize, Call),
    Large { table: usize, row: usize, bytes: usize },
    Create(usize, Vec<ColumnDescriptor>),
    Delete(usize),
    Enable(usize),
    Disable(usize),
    IsEnabled(usize),
    Describe(usize),
    Compact(usize),
    List,
    Open(usize, usize),
    Fetch(usize, i32),
    Close(usize),
    Pass(u64),
    Restart,
}

/// One of the two servers.
struct Side {
    builder: Builder,
    server: Option<MiniHBase>,
    raw: Raw,
    clock: VirtualClock,
    /// The ids of the scanners in the order of their opening.
    scanners: Vec<i32>,
    is_on_disk: bool,
}

impl Side {
    fn start(builder: Builder, is_on_disk: bool) -> Self {
        let clock = VirtualClock::new(NOW);
        let builder = builder.clock(clock.clone());
        let server = builder.clone().start().unwrap();
        let raw = client(&server);
        Self { builder, server: Some(server), raw, clock, scanners: Vec::new(), is_on_disk }
    }

    fn make(&mut self, step: &Step, names: &Names) -> String {
        let Self { raw, clock, scanners, .. } = self;
        let table = |number: &usize| bytes(TABLES[*number]);
        let scanner = |number: &usize| scanners.get(*number).copied().unwrap_or(-1);
        match step {
            Step::Call(table, call) => {
                let pause = || clock.advance(Duration::from_millis(5));
                show(try_call(call, raw, TABLES[*table].as_bytes(), names, &pause))
            }
            Step::Large { table: number, row, bytes } => {
                let put = vec![new("a:large", vec![*row as u8; *bytes])];
                show(raw.mutate_row(table(number), names.row(*row), put, none()))
            }
            Step::Create(number, families) => {
                show(raw.create_table(table(number), families.clone()))
            }
            Step::Delete(number) => show(raw.delete_table(table(number))),
            Step::Enable(number) => show(raw.enable_table(table(number))),
            Step::Disable(number) => show(raw.disable_table(table(number))),
            Step::IsEnabled(number) => show(raw.is_table_enabled(table(number))),
            Step::Describe(number) => show(raw.get_column_descriptors(table(number))),
            Step::Compact(number) => show(raw.compact(table(number))),
            Step::List => show(raw.get_table_names_with_is_table_enabled()),
            Step::Open(number, row) => {
                let opened = raw.scanner_open(table(number), names.row(*row), Vec::new(), none());
                opened.map_or_else(show_error, |id| {
                    scanners.push(id);
                    "opened".to_owned()
                })
            }
            Step::Fetch(number, count) => show(raw.scanner_get_list(scanner(number), *count)),
            Step::Close(number) => show(raw.scanner_close(scanner(number))),
            Step::Pass(millis) => {
                clock.advance(Duration::from_millis(*millis));
                String::new()
            }
            Step::Restart => {
                self.restart();
                String::new()
            }
        }
    }

    /// What a restart forgets, the other one forgets as well: scanners, and the times of the last puts.
    fn restart(&mut self) {
        self.clock.advance(Duration::from_mins(10));
        self.scanners.clear();
        if self.is_on_disk {
            drop(self.server.take());
            let server = self.builder.clone().start().unwrap();
            self.raw = client(&server);
            self.server = Some(server);
        } else if let Some(server) = &self.server {
            server.expire_scanners();
        }
    }
}

fn show<T: Debug>(result: thrift::Result<T>) -> String {
    result.map_or_else(show_error, |answer| format!("{answer:?}"))
}

fn show_error(error: thrift::Error) -> String {
    assert!(!matches!(error, thrift::Error::Transport(_)), "{error:?}");
    format!("{error:?}")
}

/// A random step. What may show cells that a compaction drops, which the disk's store begins by itself
/// when it has written much, is left out where `is_large`.
fn step(rng: &mut Rng, is_large: bool) -> Step {
    let creatable = usize::from(rng.u8(..8) > 0);
    let table = rng.usize(..TABLES.len() - creatable);
    match rng.u8(..if is_large { 120 } else { 80 }) {
        0..24 => Step::Call(table, Call::random_read(rng)),
        24..60 => Step::Call(table, Call::random_write(rng)),
        60..62 => Step::Create(table, some_families(rng)),
        62 => Step::Delete(table),
        63 => Step::Disable(table),
        64..66 => Step::Enable(table),
        66 => Step::IsEnabled(table),
        67 => Step::Describe(table),
        68 => Step::List,
        69..71 => Step::Compact(table),
        71..73 => Step::Open(table, rng.usize(1..ROWS.len())),
        73..77 => Step::Fetch(rng.usize(..6), rng.i32(0..4)),
        77 => Step::Close(rng.usize(..6)),
        78 => Step::Pass(rng.u64(..100_000)),
        79 => Step::Restart,
        _ => Step::Large { table, row: rng.usize(1..ROWS.len()), bytes: LARGE * rng.usize(1..8) },
    }
}

fn some_families(rng: &mut Rng) -> Vec<ColumnDescriptor> {
    match rng.u8(..8) {
        0 => Vec::new(),
        1 => vec![family("a"), family("a")],
        2 => vec![ColumnDescriptor { max_versions: Some(-1), ..family("a") }],
        _ => differential::families(),
    }
}

/// Whether its answer says nothing of cells that may be dropped.
fn shows_nothing_hidden(call: &Call) -> bool {
    match call {
        Call::Mutate { ttl, .. } => ttl.is_none(),
        Call::Get { before, .. } | Call::GetRows { before, .. } => before.is_none(),
        Call::Scan(scan) => {
            let is_filtered = matches!(&scan.opened, Opened::Scan { filter: Some(_), .. });
            scan.before.is_none() && !is_filtered
        }
        _ => true,
    }
}

#[test]
fn memory_and_disk_give_the_same_answers_and_exceptions() {
    let mut random = random::Random::new();
    for round in 0..ROUNDS {
        let rng = &mut Rng::with_seed(random.next());
        let is_large = round % 4 == 3;
        let timing = if rng.bool() { HBaseTiming::Exact } else { HBaseTiming::Later };
        let folder = tempfile::tempdir().unwrap();
        let on_disk = MiniHBase::builder().store(folder.path().join("store"));
        let sides = [(on_disk, true), (MiniHBase::builder().in_memory(), false)];
        let mut sides = sides.map(|(builder, is_on_disk)| {
            let mut side = Side::start(builder.timing(timing), is_on_disk);
            side.raw.create_table(bytes(TABLES[0]), differential::families()).unwrap();
            side
        });
        let mut made = Vec::new();
        let names = Names { prefix: "r/".to_owned(), now: NOW };
        for number in 0..CALLS {
            let step = step(rng, is_large);
            if matches!(&step, Step::Call(_, call) if is_large && !shows_nothing_hidden(call)) {
                continue;
            }
            let [disk, memory] = sides.each_mut().map(|side| side.make(&step, &names));
            made.push(format!("{step:?}"));
            assert!(
                disk == memory,
                "round {round}, call {number}: {step:?}\non disk   {disk:.2000}\nin memory {memory:.2000}\nafter\n{}",
                made[..number.min(made.len() - 1)].join("\n")
            );
        }
        // What nobody has asked about, once more after a restart.
        for (table, name) in TABLES.iter().enumerate() {
            for step in [Step::Restart, Step::Enable(table), Step::Open(table, 0)] {
                let [disk, memory] = sides.each_mut().map(|side| side.make(&step, &names));
                assert_eq!(disk, memory, "round {round}: {step:?}");
            }
            let fetch = Step::Fetch(0, 100);
            let [disk, memory] = sides.each_mut().map(|side| side.make(&fetch, &names));
            assert!(disk == memory, "round {round}: all of {name}");
        }
    }
}
