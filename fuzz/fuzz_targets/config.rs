//! A configuration's URL.

#![no_main]

use hbase_thrift_client::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| fuzzing::config(text));
