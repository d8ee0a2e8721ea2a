//! Rows of each interface in the binary protocol; the first byte says in what pieces the message comes.

#![no_main]

use hbase_thrift_client::{Protocol, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((piece, message)) = input.split_first() {
        fuzzing::rows(Protocol::Binary, usize::from(*piece), message);
    }
});
