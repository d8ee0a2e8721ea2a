//! What a stranger can send: each is processed within the limits, with or without success. What has to succeed has the
//! time and the memory that are the default, also where the program isn't optimised.

use std::time::{Duration, Instant};

use serde_json::Value;
use socorro_processor::Limits;

use crate::dumps::{self, overflow, recursion};
use crate::{notes, patient, process, tests, with_dump};

tests![
    threads_that_share_a_stack,
    a_hundred_thousand_threads,
    a_deep_recursion,
    a_recursion_that_takes_too_long,
    a_long_name,
    a_long_name_on_a_deep_stack,
    a_walk_that_takes_too_much_memory,
    a_walk_that_takes_too_long,
    a_walk_that_results_in_too_much,
    dumps_that_are_none,
    metadata_that_is_longer_when_it_is_written_again,
];

fn frames(thread: &Value) -> &[Value] {
    thread["frames"].as_array().unwrap()
}

fn threads_that_share_a_stack() {
    let start = Instant::now();
    let (processed, fields) =
        process(&with_dump(&dumps::file("dump_threads_500")), Limits::default());
    assert!(processed.is_success(), "{}", notes(&fields));
    let threads = fields["json_dump"]["threads"].as_array().unwrap();
    assert_eq!(threads.len(), 500);
    let kept: usize = threads.iter().map(|thread| frames(thread).len()).sum();
    println!("500 threads: {kept} frames, {:?}, {}", start.elapsed(), notes(&fields));
    assert!(kept < 22_000, "{kept}");
}

fn a_hundred_thousand_threads() {
    let dump = overflow(&recursion(4096, 64), "/bin/app", 100_000, 99_999);
    assert!(dump.len() < 5_000_000);
    let (processed, fields) = process(&with_dump(&dump), Limits::default());
    assert!(processed.is_success(), "{}", notes(&fields));
    assert!(
        notes(&fields).contains("100000 threads, of which 2000 are kept"),
        "{}",
        notes(&fields)
    );
    let crashing = fields["crashing_thread"].as_u64().unwrap() as usize;
    assert_eq!(crashing, 1999);
    let threads = fields["json_dump"]["threads"].as_array().unwrap();
    assert_eq!(threads[crashing]["thread_id"], 99_999);
    assert_eq!(frames(&threads[crashing]).len(), 64);
}

fn a_deep_recursion() {
    const FRAME: usize = 512;
    let dump = overflow(&recursion(8 << 20, FRAME), "/bin/app", 3, 2);
    let start = Instant::now();
    let (processed, fields) = process(&with_dump(&dump), Limits::default());
    println!("8 MiB of recursion: {:?}, {} bytes", start.elapsed(), processed.crash().json().len());
    assert!(processed.is_success(), "{}", notes(&fields));
    for thread in [&fields["json_dump"]["threads"][1], &fields["json_dump"]["crashing_thread"]] {
        let all = thread["frame_count"].as_u64().unwrap();
        assert!(all.abs_diff((8 << 20) / FRAME as u64) < 3, "{all}");
        assert_eq!((&thread["truncated"], &thread["end_reached"]), (&true.into(), &true.into()));
        assert_eq!(frames(thread).len(), 500);
        let message = format!("{} frames truncated", all - 499);
        assert_eq!(frames(thread)[250]["truncated"]["msg"], message);
        assert_eq!(frames(thread)[249]["frame"], 249);
        assert_eq!(frames(thread)[251]["frame"], all - 249);
        assert_eq!(frames(thread)[499]["frame"], all - 1);
    }
}

/// The smallest frames there are, on the largest of ordinary stacks: what is not walked in half of the
/// time is not walked.
fn a_recursion_that_takes_too_long() {
    let mut limits = patient();
    limits.time = Duration::from_mins(1);
    let mut bare = dumps::Dump::new();
    let context = bare.context();
    let stack = bare.memory(&recursion(8 << 20, 16));
    bare.threads(2, context, stack);
    bare.exception(1, context);
    for dump in [bare.finish(), overflow(&recursion(8 << 20, 16), "/bin/app", 200, 7)] {
        let (processed, fields) = process(&with_dump(&dump), limits.clone());
        assert!(processed.is_success(), "{}", notes(&fields));
        let crashing = &fields["json_dump"]["crashing_thread"];
        println!("{} frames walked: {}", crashing["frame_count"], notes(&fields));
        assert!(crashing["end_reached"] == true || notes(&fields).contains("the end of the stack"));
    }
}

fn a_long_name() {
    let name = "x".repeat(32_725);
    let dump = overflow(&recursion(4096, 64), &name, 1, 1);
    let (processed, fields) = process(&with_dump(&dump), Limits::default());
    assert!(processed.is_success(), "{}", notes(&fields));
    assert!(processed.crash().signature().chars().count() <= 255);
    assert!(notes(&fields).contains("1 names of modules are cut to 512"), "{}", notes(&fields));
}

fn a_long_name_on_a_deep_stack() {
    let name = "é".repeat(32_725);
    let dump = overflow(&recursion(1 << 20, 1024), &name, 40, 1);
    let (processed, fields) = process(&with_dump(&dump), Limits::default());
    assert!(processed.is_success(), "{}", notes(&fields));
    assert!(processed.crash().json().len() <= Limits::default().cell, "{}", notes(&fields));
    assert!(notes(&fields).contains("left out"), "{}", notes(&fields));
}

/// A crash that can't be processed is processed all the same, with the reason.
fn fails(dump: &[u8], limits: Limits, reason: &str, status: &str) {
    let (processed, fields) = process(&with_dump(dump), limits);
    assert!(!processed.is_success());
    assert_eq!(fields["success"], false);
    assert!(notes(&fields).contains(reason), "{}", notes(&fields));
    assert_eq!(fields["mdsw_status_string"], status);
    let signature = format!("EMPTY: no frame data available; {status}");
    assert_eq!(processed.crash().signature(), signature);
    assert_eq!(fields["product"], "Browser");
}

fn a_walk_that_takes_too_much_memory() {
    let mut limits = patient();
    limits.memory = 8 << 20;
    let dump = overflow(&recursion(8 << 20, 512), "/bin/app", 1, 1);
    fails(&dump, limits, "more than 8 MiB of memory", "OutOfMemory");
}

fn a_walk_that_takes_too_long() {
    let mut limits = patient();
    limits.time = Duration::from_millis(20);
    let dump = overflow(&recursion(8 << 20, 512), "/bin/app", 2000, 1);
    let start = Instant::now();
    fails(&dump, limits, "takes longer than 0.02 s", "Timeout");
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}

fn a_walk_that_results_in_too_much() {
    let mut limits = patient();
    limits.output = 1000;
    let dump = overflow(&recursion(4096, 64), "/bin/app", 1, 1);
    fails(&dump, limits, "results in more than 1000 bytes", "TooMuchOutput");
}

fn dumps_that_are_none() {
    let limits = patient;
    fails(b"", limits(), "the minidump is empty", "EmptyMinidump");
    fails(b"MDMP", limits(), "can't be processed", "MinidumpReadError");
    let whole = dumps::file("dump_small");
    for length in [16, 40, 100, whole.len() / 3, whole.len() / 2] {
        let (_, fields) = process(&with_dump(&whole[..length]), limits());
        println!("{length} bytes: {}", notes(&fields));
    }
    // Whatever the directory and the lists say.
    for (at, byte) in [(8, 0xff), (12, 0xff), (13, 0x7f), (33, 0xff), (36, 0xff), (40, 0xff)] {
        let mut broken = whole.clone();
        broken[at] = byte;
        let (_, fields) = process(&with_dump(&broken), limits());
        println!("byte {at}: {}", notes(&fields));
    }
}

/// Each number has three times as many digits in what is stored.
fn metadata_that_is_longer_when_it_is_written_again() {
    let list = format!("[{}]", vec!["1e9"; 100_000].join(","));
    let text = serde_json::to_string(&list).unwrap();
    let mut limits = patient();
    limits.cell = 1 << 20;
    for metadata in [
        format!("{{\"ProductName\": {list}, \"Version\": \"1\"}}"),
        format!("{{\"JavaException\": {text}, \"Version\": \"1\"}}"),
    ] {
        let crash = with_dump(&dumps::file("dump_small")).with_metadata(metadata.into_bytes());
        let (processed, fields) = process(&crash, limits.clone());
        let length = processed.crash().json().len();
        assert!(length <= limits.cell, "{length} bytes");
        assert!(processed.is_success() && fields["version"] == "1", "{}", notes(&fields));
        assert!(notes(&fields).contains("fields that are still long are left out"));
    }
}
