//! Whole crashes: the walk compared with rust-minidump's own, what there may be of metadata and dumps.

use minidump::Minidump;
use minidump_unwind::{Symbolizer, simple_symbol_supplier};
use serde_json::Value;
use socorro_processor::{Processor, SymbolSources};

use crate::dumps::{self, overflow, recursion};
use crate::{crash, notes, patient, process, tests, with_dump};

tests![
    walks_as_rust_minidump_does,
    long_stacks_are_walked_as_rust_minidump_does,
    further_dumps_have_their_json_and_attachments_have_none,
    metadata_is_read_as_far_as_it_goes,
    a_crash_of_java_needs_no_dump,
    a_crash_that_is_given_up_keeps_its_metadata_and_its_dump_is_not_looked_at,
    a_symbol_folder_has_to_exist,
];

/// What rust-minidump makes of a dump by itself.
fn plain(dump: &[u8]) -> Value {
    let dump = Minidump::read(dump).unwrap();
    let symbols = Symbolizer::new(simple_symbol_supplier(Vec::new()));
    let state = pollster::block_on(minidump_processor::process_minidump(&dump, &symbols)).unwrap();
    let mut text = Vec::new();
    state.print_json(&mut text, false).unwrap();
    let mut value: Value = serde_json::from_slice(&text).unwrap();
    // They have another order each time.
    if let Some(limits) = value["proc_limits"]["limits"].as_array_mut() {
        limits.sort_by_cached_key(|limit| limit["name"].to_string());
    }
    value
}

fn walks_as_rust_minidump_does() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/data");
    let mut real = vec![dumps::file("dump_small")];
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|it| it == "dump") {
            real.push(std::fs::read(path).unwrap());
        }
    }
    assert!(real.len() > 1);
    for dump in real {
        let (processed, fields) = process(&with_dump(&dump), patient());
        assert!(processed.is_success(), "{}", notes(&fields));
        assert_eq!(differences(&fields["json_dump"], &plain(&dump)), Vec::<String>::new());
    }
}

/// Where two values differ, and how.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            let inside = |(key, value): (&String, &Value)| {
                let found = differences(value, &b[key]);
                found.into_iter().map(|it| format!("{key}.{it}")).collect::<Vec<_>>()
            };
            a.iter().flat_map(inside).collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let all = a.iter().zip(b).enumerate();
            let inside = |(index, (a, b))| {
                let found = differences(a, b);
                found.into_iter().map(move |it| format!("{index}.{it}")).collect::<Vec<_>>()
            };
            all.flat_map(inside).collect()
        }
        _ if ours == theirs => Vec::new(),
        _ => vec![format!(" {ours:.300} instead of {theirs:.300}")],
    }
}

/// Frames whose sizes differ, some without a frame pointer, on a stack of many pieces.
fn long_stacks_are_walked_as_rust_minidump_does() {
    let mut limits = patient();
    limits.cell = usize::MAX;
    for (size, frame) in [(300 << 10, 4096), (2 << 20, 48), (2 << 20, 200_000), (3 << 20, 90_000)] {
        let mut stack = recursion(size, frame);
        // Every other frame is found by scanning.
        for at in (0..size - 2 * frame).step_by(7 * frame) {
            stack[at..at + 8].fill(0);
        }
        let dump = overflow(&stack, "/bin/app", 1, 1);
        let (processed, fields) = process(&with_dump(&dump), limits.clone());
        assert!(processed.is_success(), "{}", notes(&fields));
        let (ours, theirs) = (&fields["json_dump"]["threads"][0], &plain(&dump)["threads"][0]);
        let what = format!("frames of {frame} bytes on {size}");
        assert_eq!(ours["frame_count"], theirs["frame_count"], "{what}");
        let (ours, theirs) =
            (ours["frames"].as_array().unwrap(), theirs["frames"].as_array().unwrap());
        if theirs.len() < 500 {
            assert_eq!(ours, theirs, "{what}");
        } else {
            assert_eq!(ours[..250], theirs[..250], "{what}");
            assert_eq!(ours[251..], theirs[theirs.len() - 249..], "{what}");
        }
    }
}

fn further_dumps_have_their_json_and_attachments_have_none() {
    let dump = dumps::file("dump_small");
    let raw = with_dump(&dump)
        .with_dump("upload_file_minidump_plugin".parse().unwrap(), dump.clone())
        .with_dump("upload_file_minidump_empty".parse().unwrap(), Vec::new())
        .with_dump("memory_report".parse().unwrap(), b"not a dump".to_vec());
    let (processed, fields) = process(&raw, patient());
    assert!(processed.is_success());
    let names = ["upload_file_minidump_empty", "upload_file_minidump_plugin"];
    assert_eq!(fields["additional_minidumps"], serde_json::json!(names));
    assert_eq!(fields["upload_file_minidump_plugin"]["json_dump"], fields["json_dump"]);
    assert_eq!(fields["upload_file_minidump_empty"]["mdsw_status_string"], "EmptyMinidump");
    assert!(notes(&fields).contains("upload_file_minidump_empty: the minidump is empty"));
    assert!(fields.get("memory_report").is_none());
}

fn metadata_is_read_as_far_as_it_goes() {
    let dump = dumps::file("dump_small");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = |name| format!("{{\"{name}\": {deep}, \"ProductName\": \"A\"}}");
    let (deep, deep_other) = (deep("Version"), deep("x"));
    for (metadata, product, note) in [
        (deep.as_bytes(), Some("A"), "that JSON doesn't have"),
        (b"{\"Version\": 1e999, \"ProductName\": \"A\"}", Some("A"), "that JSON doesn't have"),
        // Nobody asks for these.
        (deep_other.as_bytes(), Some("A"), ""),
        (b"{\"x\": 1e999, \"ProductName\": \"A\"}", Some("A"), ""),
        (b"{\"ProductName\": \"A\", \"x\": NaN}", Some("A"), "that JSON doesn't have"),
        (b"{\"ProductName\": \"A\\ud800\"}", Some("A\u{fffd}"), "that JSON doesn't have"),
        (b"{\"ProductName\": \"A\xff\"}", Some("A\u{fffd}"), ""),
        (b"[]", None, "no JSON object"),
        (b"{", None, "no JSON: "),
        (b"", None, "no JSON: "),
    ] {
        let (processed, fields) =
            process(&with_dump(&dump).with_metadata(metadata.to_vec()), patient());
        assert!(processed.is_success());
        assert_eq!(fields["product"].as_str(), product, "{metadata:?}");
        assert!(notes(&fields).contains(note), "{}", notes(&fields));
    }
    let (processed, fields) = process(&crash(), patient());
    assert!(!processed.is_success());
    assert_eq!(notes(&fields).matches("the crash has no").count(), 2, "{}", notes(&fields));
}

fn a_crash_of_java_needs_no_dump() {
    let metadata = br#"{"JavaStackTrace": "a.B: c\n\tat d.E.f(E.java:1)"}"#;
    let (processed, fields) = process(&crash().with_metadata(metadata.to_vec()), patient());
    assert!(processed.is_success(), "{}", notes(&fields));
    assert_eq!(processed.crash().signature(), "a.B: c at d.E.f(E.java)");
}

fn a_crash_that_is_given_up_keeps_its_metadata_and_its_dump_is_not_looked_at() {
    let processor = Processor::new(SymbolSources::default(), patient()).unwrap();
    let give_up = |crash| {
        let processed = processor.give_up(&crash, "too often").unwrap();
        assert!(!processed.is_success());
        serde_json::from_slice::<Value>(processed.crash().json()).unwrap()
    };
    let fields = give_up(with_dump(&dumps::file("dump_small")));
    assert_eq!((&fields["success"], &fields["product"]), (&false.into(), &"Browser".into()));
    let said = "too often; stack: no frame of thread 0 says anything";
    assert_eq!((&fields["json_dump"], notes(&fields)), (&Value::Null, said));
    assert_eq!(fields["signature"], "EMPTY: no frame data available; GivenUp");
    // A message without the metadata says nothing of a crash without metadata.
    let fields = give_up(crash());
    assert_eq!((&fields["product"], notes(&fields)), (&Value::Null, said));
}

fn a_symbol_folder_has_to_exist() {
    let sources = SymbolSources::from_folders(vec!["/no/such/folder".into()]);
    let error = Processor::new(sources, patient()).unwrap_err();
    assert_eq!(error.to_string(), "the symbol folder /no/such/folder doesn't exist");
    let sources = SymbolSources::default().with_servers(vec!["symbols.example".into()], "/tmp/x");
    assert!(Processor::new(sources, patient()).is_err());
}
