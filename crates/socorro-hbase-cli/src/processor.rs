//! A minidump as processed JSON: the stack as text, the reason, and a signature.
//!
//! For what Socorro's processor makes of a crash, with the library that it uses. A dump that can't
//! be read is processed too, without success, so that it doesn't wait for ever. Which crash it is
//! and where the result goes is left to the caller.

use std::path::PathBuf;

use anyhow::{Context, Result};
use minidump::Minidump;
use minidump_processor::ProcessorOptions;
use minidump_unwind::{Symbolizer, simple_symbol_supplier};
use serde_json::{Map, Value, json};
use socorro_hbase_client::{Ooid, ProcessedCrash, SubmittedTimestamp, time::OffsetDateTime};

/// Where functions' names come from: folders of Breakpad's symbol files.
pub(crate) struct Processor {
    symbols: Symbolizer,
}

impl Processor {
    pub(crate) fn new(symbols: Vec<PathBuf>) -> Self {
        Self { symbols: Symbolizer::new(simple_symbol_supplier(symbols)) }
    }

    /// Processes a crash as it was submitted.
    pub(crate) fn process(
        &self,
        ooid: &Ooid,
        metadata: &Value,
        dump: Vec<u8>,
    ) -> Result<ProcessedCrash> {
        let started = now();
        let mut fields = Map::new();
        match self.walk(dump) {
            Ok(state) => describe(&state, metadata, &mut fields),
            Err(error) => {
                fields.insert("signature".into(), json!(NO_STACK));
                fields.insert("processor_notes".into(), json!(format!("{error:#}")));
                fields.insert("success".into(), json!(false));
            }
        }
        for (name, field) in COPIED {
            fields.insert(name.into(), metadata.get(field).cloned().unwrap_or_default());
        }
        fields.insert("uuid".into(), json!(ooid.as_str()));
        fields.insert("startedDateTime".into(), json!(started));
        fields.insert("completeddatetime".into(), json!(now()));
        fields.insert("date_processed".into(), json!(started));
        ProcessedCrash::from_fields(&fields).context("the processed crash can't be stored")
    }

    /// The processor's own JSON, whose form is documented and stable.
    pub(crate) fn walk(&self, dump: Vec<u8>) -> Result<Value> {
        let dump = Minidump::read(dump).context("this is no minidump")?;
        let work = minidump_processor::process_minidump_with_options(
            &dump,
            &self.symbols,
            ProcessorOptions::default(),
        );
        let state = pollster::block_on(work).context("the minidump can't be processed")?;
        let mut text = Vec::new();
        state.print_json(&mut text, false).context("the minidump can't be described")?;
        Ok(serde_json::from_slice(&text)?)
    }
}

/// What Socorro calls a crash whose dump says nothing.
const NO_STACK: &str = "EMPTY: no crashing thread identified";

const COPIED: [(&str, &str); 6] = [
    ("product", "ProductName"),
    ("version", "Version"),
    ("build", "BuildID"),
    ("release_channel", "ReleaseChannel"),
    ("process_type", "ProcessType"),
    ("hangid", "HangID"),
];

fn describe(state: &Value, metadata: &Value, fields: &mut Map<String, Value>) {
    let frames = crashing_frames(state);
    let signature = signature(frames);
    // Two halves of a hang are told from crashes at the same place.
    let signature = match metadata.get("HangID") {
        Some(Value::String(_)) => format!("hang | {signature}"),
        _ => signature,
    };
    let stack: Vec<_> =
        frames.iter().enumerate().map(|(n, frame)| format!("{n:>2}  {}", name(frame))).collect();
    let crash = &state["crash_info"];
    fields.insert("signature".into(), json!(signature));
    fields.insert("reason".into(), crash["type"].clone());
    fields.insert("address".into(), crash["address"].clone());
    fields.insert("crashedThread".into(), crash["crashing_thread"].clone());
    fields.insert("os_name".into(), state["system_info"]["os"].clone());
    fields.insert("cpu_name".into(), state["system_info"]["cpu_arch"].clone());
    fields.insert("dump".into(), json!(stack.join("\n")));
    fields.insert("processor_notes".into(), json!(""));
    fields.insert("success".into(), json!(!frames.is_empty()));
}

fn crashing_frames(state: &Value) -> &[Value] {
    let first = || state["threads"].get(0).and_then(|thread| thread["frames"].as_array());
    state["crashing_thread"]["frames"].as_array().or_else(first).map_or(&[], Vec::as_slice)
}

/// The first frame that says something of the program: not the system's, nor the language's.
fn signature(frames: &[Value]) -> String {
    let telling = frames.iter().find(|frame| !is_irrelevant(frame));
    telling.or(frames.first()).map_or_else(|| NO_STACK.to_owned(), name)
}

fn is_irrelevant(frame: &Value) -> bool {
    const MODULES: [&str; 5] = ["libc.so", "libc-", "libpthread", "ld-linux", "linux-gate"];
    const FUNCTIONS: [&str; 5] = ["std::", "core::", "alloc::", "__rust", "rust_"];
    let module = frame["module"].as_str().unwrap_or_default();
    // Of `<&std::io::Stdout as std::io::Write>::write_fmt`, what implements it.
    let function = frame["function"].as_str().unwrap_or_default();
    let function = function.trim_start_matches(['<', '&']);
    MODULES.iter().any(|prefix| module.starts_with(prefix))
        || FUNCTIONS.iter().any(|prefix| function.starts_with(prefix))
}

/// A frame in Socorro's way: the function, else where in a module, else the address.
fn name(frame: &Value) -> String {
    if let Some(function) = frame["function"].as_str() {
        return function.to_owned();
    }
    match (frame["module"].as_str(), frame["module_offset"].as_str()) {
        (Some(module), Some(offset)) => format!("{module}@{}", shorter(offset)),
        _ => format!("@{}", shorter(frame["offset"].as_str().unwrap_or("0x0"))),
    }
}

/// Without the zeros at the front.
fn shorter(address: &str) -> String {
    let digits = address.trim_start_matches("0x").trim_start_matches('0');
    format!("0x{}", if digits.is_empty() { "0" } else { digits })
}

fn now() -> String {
    SubmittedTimestamp::from(OffsetDateTime::now_utc()).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(module: &str, function: Option<&str>) -> Value {
        json!({"module": module, "module_offset": "0x00000000000a1", "function": function})
    }

    #[test]
    fn the_signature_is_the_first_telling_frame() {
        let frames = [
            frame("libc.so.6", None),
            frame("firefox", Some("std::process::abort")),
            frame("firefox", Some("<&std::io::Stdout as std::io::Write>::flush")),
            frame("firefox", Some("js::Interpret")),
        ];
        assert_eq!(signature(&frames), "js::Interpret");
        assert_eq!(signature(&frames[..1]), "libc.so.6@0xa1");
        assert_eq!(signature(&[frame("firefox", None)]), "firefox@0xa1");
        assert_eq!(signature(&[]), NO_STACK);
    }

    #[test]
    fn a_dump_that_is_none_is_processed_without_success() {
        let ooid = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse().unwrap();
        let metadata = json!({"ProductName": "Firefox"});
        let processed = Processor::new(Vec::new()).process(&ooid, &metadata, b"MDMP".to_vec());
        let processed = processed.unwrap();
        assert_eq!(processed.signature(), NO_STACK);
        let fields: Value = serde_json::from_str(processed.json()).unwrap();
        assert_eq!((&fields["success"], &fields["product"]), (&json!(false), &json!("Firefox")));
        assert!(fields["processor_notes"].as_str().unwrap().starts_with("this is no minidump"));
    }
}
