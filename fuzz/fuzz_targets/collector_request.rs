//! Crash reports that are posted to the collector; the first byte says in what pieces they come, and whether they
//! are packed with gzip.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socorro_collector::fuzzing;

fuzz_target!(|input: &[u8]| {
    let Some((head, bytes)) = input.split_first() else { return };
    fuzzing::request(head & 0x80 != 0, usize::from(head & 0x7f), bytes);
});
