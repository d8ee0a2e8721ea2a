//! HTTP requests to mini-hbase.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mini_hbase::fuzzing;

fuzz_target!(|input: &[u8]| fuzzing::http(input));
