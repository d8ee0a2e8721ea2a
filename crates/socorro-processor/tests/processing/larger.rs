//! Dumps as large as a collector takes, made to take as much as they can: each is processed within the limits,
//! with or without success, and always with a note; the process that waits for the walk takes little.

use std::time::{Duration, Instant};

use serde_json::Value;
use socorro_processor::Limits;

use crate::dumps::{self, Dump, recursion};
use crate::{notes, process, tests, with_dump};

tests![
    very_many_modules,
    very_many_modules_with_one_long_name,
    very_many_entries_of_every_list,
    a_directory_as_large_as_the_dump,
    of_several_streams_of_a_kind_the_last_counts,
    counts_and_places_of_every_stream,
    random_damage,
];

/// What a collector takes of a part.
const LARGEST: usize = (10 << 20) - 4096;
const TIME: Duration = Duration::from_secs(20);
/// Over the time of a walk: what the process that waits makes of the result, in a program that isn't optimised.
const REST: Duration = Duration::from_secs(20);
/// What the process that waits may take for the dumps of all tests that run.
const MEMORY: usize = 400 << 20;

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.time = TIME;
    limits
}

/// Processes a dump; the note, and how long it took.
fn bounded(what: &str, dump: &[u8]) -> Value {
    let begun = Instant::now();
    let (processed, fields) = process(&with_dump(dump), limits());
    let (took, peak) = (begun.elapsed(), peak());
    let json = processed.crash().json().len();
    let said: String = notes(&fields).chars().take(200).collect();
    let success = processed.is_success();
    println!("{what}: {success}, {took:?}, {json} bytes, peak {} MiB: {said}", peak >> 20);
    assert!(took < TIME + REST, "{what} took {took:?}");
    assert!(json <= Limits::default().cell, "{what}");
    assert!(peak < MEMORY, "{what}: {} MiB", peak >> 20);
    assert!(success || said.contains("the minidump"), "{what}: {said}");
    assert_eq!(fields["product"], "Browser", "{what}");
    fields
}

/// The most memory that this process has had.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kib.unwrap_or_default() << 10
}

/// A crash of a program with a small stack; whatever else is in its dump.
fn with(more: impl FnOnce(&mut Dump)) -> Vec<u8> {
    let mut dump = Dump::new();
    let context = dump.context();
    let stack = dump.memory(&recursion(4096, 64));
    dump.threads(1, context, stack);
    dump.exception(1, context);
    more(&mut dump);
    dump.finish()
}

/// As many modules as there is room for, side by side, all with one name of so many characters.
fn modules(length: usize) -> Vec<u8> {
    with(|dump| {
        let name = dump.text(&"x".repeat(length));
        let count = (LARGEST - dump.len() - 4096) / 108;
        let mut list = (count as u32).to_le_bytes().to_vec();
        for index in 0..count as u64 {
            let mut module = [0; 108];
            module[..8].copy_from_slice(&(dumps::MODULE + index * 0x1000).to_le_bytes());
            module[8..12].copy_from_slice(&0x1000_u32.to_le_bytes());
            module[20..24].copy_from_slice(&(name as u32).to_le_bytes());
            list.extend(module);
        }
        dump.stream(4, &list);
    })
}

fn very_many_modules() {
    let dump = modules(8);
    assert!(dump.len() > LARGEST - 10_000 && dump.len() <= LARGEST);
    let fields = bounded("97,000 modules", &dump);
    assert!(notes(&fields).contains("modules, of which 4000 are kept"), "{}", notes(&fields));
    assert_eq!(fields["success"], true);
}

fn very_many_modules_with_one_long_name() {
    for length in [200, 2_000, 500_000] {
        bounded(&format!("modules with {length} characters"), &modules(length));
    }
}

/// Each list with as many entries as there is room for, and once more with many more than there are.
fn very_many_entries_of_every_list() {
    const ROOM: usize = LARGEST - 64 * 1024;
    let numbers =
        |numbers: &[u32]| numbers.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
    // Kind, head (count as its last number but as many zeros), size of an entry, and a name for it.
    let lists: [(u32, &[u32], usize, usize, &str); 6] = [
        (24, &[], 12, 0, "names of threads"),
        (14, &[12, 24], 24, 0, "unloaded modules"),
        (16, &[16, 48], 48, 1, "regions of memory"),
        (12, &[16, 32], 32, 1, "handles"),
        (5, &[], 16, 0, "pieces of memory"),
        (9, &[], 16, 3, "large pieces of memory"),
    ];
    for (kind, head, size, zeros, what) in lists {
        for claimed in [ROOM / size, usize::MAX] {
            let count = u32::try_from(claimed).unwrap_or(u32::MAX);
            let mut list = numbers(head);
            list.extend(count.to_le_bytes());
            list.extend(vec![0; 4 * zeros]);
            list.extend((0..ROOM / size).flat_map(|index| {
                let mut entry = vec![0; size];
                entry[..4].copy_from_slice(&(index as u32 * 16).to_le_bytes());
                entry
            }));
            let dump = with(|dump| dump.stream(kind, &list));
            let fields = bounded(&format!("{count} {what}"), &dump);
            let is_cut = notes(&fields).contains("handles, of which 4000 are kept");
            assert_eq!(is_cut, what == "handles" && claimed < usize::MAX, "{}", notes(&fields));
        }
    }
    let line = "00400000-00401000 r-xp 00000000 08:01 42 /lib/x\n";
    let maps = line.repeat(ROOM / line.len());
    bounded("lines of maps", &with(|dump| dump.stream(0x4767_0009, maps.as_bytes())));
}

/// Its entries are all the same list of threads, of which the last counts.
fn a_directory_as_large_as_the_dump() {
    let mut whole = dumps::overflow(&recursion(4096, 64), "/bin/app", 2000, 1999);
    let number = |at: usize, bytes: &[u8]| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };
    let (count, directory) = (number(8, &whole), number(12, &whole));
    let entries = whole[directory..directory + 12 * count].to_vec();
    let threads = entries.chunks(12).find(|entry| entry[..4] == 3_u32.to_le_bytes()).unwrap();
    let place = whole.len().next_multiple_of(8);
    whole.resize(place, 0);
    let copies = (LARGEST - place - entries.len()) / 12;
    whole.extend(threads.repeat(copies));
    whole.extend(&entries);
    whole[8..12].copy_from_slice(&((copies + count) as u32).to_le_bytes());
    whole[12..16].copy_from_slice(&(place as u32).to_le_bytes());
    let fields = bounded(&format!("{copies} lists of threads"), &whole);
    assert_eq!(fields["success"], true);
}

/// As rust-minidump sees it: so the thread is kept that it calls the crashing one.
fn of_several_streams_of_a_kind_the_last_counts() {
    let mut dump = Dump::new();
    let context = dump.context();
    let stack = dump.memory(&recursion(4096, 64));
    dump.threads(3000, context, stack);
    dump.exception(1, context);
    dump.exception(2999, context);
    let fields = bounded("two exceptions", &dump.finish());
    assert_eq!(fields["success"], true);
    let crashing = fields["crashing_thread"].as_u64().unwrap() as usize;
    assert_eq!(fields["json_dump"]["threads"][crashing]["thread_id"], 2999);
}

/// Of every stream of a real dump: sizes, places and counts that can't be, or that are others' too.
fn counts_and_places_of_every_stream() {
    let whole = dumps::file("dump_small");
    let number = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
    let (count, directory) = (number(8), number(12));
    let places: Vec<usize> = (0..count).map(|index| number(directory + 12 * index + 8)).collect();
    for index in 0..count {
        let entry = directory + 12 * index;
        let place = places[index];
        let other = places[(index + 1) % count];
        let changes = [
            (entry + 4, u32::MAX),
            (entry + 4, 0),
            (entry + 8, u32::MAX),
            (entry + 8, directory as u32),
            (entry + 8, other as u32),
            (place, u32::MAX),
            (place, 0x0100_0000),
            (place + 8, u32::MAX),
        ];
        for (at, value) in changes {
            let mut broken = whole.clone();
            let Some(bytes) = broken.get_mut(at..at + 4) else { continue };
            bytes.copy_from_slice(&value.to_le_bytes());
            bounded(&format!("stream {index}, {value:#x} at {at}"), &broken);
        }
    }
}

fn random_damage() {
    let seed = std::env::var("DAMAGE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| std::process::id().into());
    println!("DAMAGE_SEED={seed}");
    let mut state = seed;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let whole = dumps::file("dump_small");
    for round in 0..100 {
        let mut broken = whole.clone();
        for _ in 0..=random(20) {
            // Most of what counts is at the beginning.
            let places = if random(2) == 0 { 600 } else { whole.len() };
            let at = random(places);
            broken[at] = random(256) as u8;
        }
        if random(4) == 0 {
            broken.truncate(random(whole.len()));
        }
        bounded(&format!("damage {round} of DAMAGE_SEED={seed}"), &broken);
    }
}
