//! The end of a message; the first byte says in what pieces it comes and, by its highest bit, in
//! which protocol.

#![no_main]

use hbase_thrift_client::{Protocol, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((head, message)) = input.split_first() {
        let protocol = if head & 0x80 == 0 { Protocol::Binary } else { Protocol::Compact };
        fuzzing::extent(protocol, usize::from(head & 0x7f), message);
    }
});
