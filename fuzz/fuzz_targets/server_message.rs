//! Messages to mini-hbase; the first byte says by its two highest bits in which protocol, and whether
//! in a frame.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mini_hbase::{Protocol, fuzzing};

fuzz_target!(|input: &[u8]| {
    if let Some((head, message)) = input.split_first() {
        let protocol = if head & 0x80 == 0 { Protocol::Binary } else { Protocol::Compact };
        fuzzing::message(head & 0x40 != 0, protocol, message);
    }
});
