//! Whatever metadata a stranger sends, it takes little more memory than its bytes.
//!
//! By itself, so that no other test's memory is counted.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;

use serde_json::Value;
use socorro_processor::{Limits, Processor, RawCrash, SymbolSources};

/// The longest metadata that the store takes.
const CELL: usize = (10 << 20) - 1024;

/// A number of this process's memory, in bytes.
fn status(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_matches([':', '\t', ' ', 'k', 'B']).parse::<usize>().unwrap() * 1024
}

#[test]
fn metadata_takes_little_more_memory_than_its_bytes() {
    let processor = Processor::new(SymbolSources::default(), Limits::default()).unwrap();
    let list = format!("[{}]", vec!["1e9"; (CELL - 200) / 4].join(","));
    let many: Vec<_> = (0..CELL / 14).map(|number| format!("\"n{number:07}\":1,")).collect();
    let many = many.concat();
    let version = "\"Version\":\"1\"}";
    for (metadata, note) in [
        (format!("{{\"ProductName\":{list},{version}"), "ProductName is a list"),
        (format!("{{\"JavaException\":\"{list}\",{version}"), "JavaException has"),
        (format!("{{\"Other\":{list},{version}"), ""),
        (format!("{{{many}{version}"), ""),
        (format!("{{\"Other\":NaN,{many}{version}"), "that JSON doesn't have"),
    ] {
        let id = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse::<socorro_hbase_client::Ooid>();
        let crash = RawCrash::new(id.unwrap()).with_metadata(metadata.into_bytes());
        // The peak is counted from here on.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = status("VmRSS");
        let processed = processor.give_up(&crash, "given up").unwrap();
        let grown = status("VmHWM") - before;
        println!("{note:24} {} KiB more", grown / 1024);
        assert!(grown < 3 * CELL, "{note}: {grown} bytes more");
        let fields: Value = serde_json::from_slice(processed.crash().json()).unwrap();
        let notes = fields["processor_notes"].as_str().unwrap();
        assert!(notes.contains(note) && fields["version"] == "1", "{notes}");
    }
}
