//! Reads a crash out of JSON: a processed crash of Socorro's, with rust-minidump's in it.
//!
//! Any field may be absent, null, or of another type, since the JSON may be anyone's: it counts as
//! absent then.

use std::borrow::Cow;

use serde_json::Value;

use crate::crash::{Crash, Frame, Inline, Thread};
use crate::python;

impl<'a> Crash<'a> {
    /// Reads a processed crash: annotations at the top, rust-minidump's JSON as `json_dump`.
    pub fn from_processed(processed: &'a Value) -> Self {
        let text = |name: &str| filled(&processed[name]);
        let mut crash = Self::from_json_dump(&processed["json_dump"]);
        crash.java_stack_trace = match &processed["java_stack_trace"] {
            Value::String(trace) if !trace.is_empty() => Some(trace),
            // Of another type: a trace without a line, which says that it can't be read.
            odd if python::is_truthy(odd) => Some(""),
            _ => None,
        };
        crash.java_exception =
            Some(&processed["java_exception"]).filter(|it| python::is_truthy(it));
        crash.oom_allocation_size = python::integer(&processed["oom_allocation_size"]);
        crash.js_large_allocation_failure = text("js_large_allocation_failure");
        crash.abort_message = text("abort_message");
        crash.dump_status = text("mdsw_status_string");
        crash.async_shutdown_timeout = text("async_shutdown_timeout");
        crash.ipc_channel_error = text("ipc_channel_error");
        crash.ipc_message_name = text("ipc_message_name");
        crash.additional_minidumps =
            list(&processed["additional_minidumps"]).filter_map(Value::as_str).collect();
        crash.hang = match &processed["hang"] {
            Value::String(kind) => Some(Cow::Borrowed(kind)),
            Value::Number(kind) => Some(Cow::Owned(kind.to_string())),
            _ => None,
        };
        crash.is_hang_pair = text("hangid").is_some();
        crash
    }

    /// Reads the JSON of rust-minidump alone.
    pub fn from_json_dump(dump: &'a Value) -> Self {
        let info = &dump["crash_info"];
        Self {
            threads: list(&dump["threads"]).map(thread).collect(),
            crashing_thread: info["crashing_thread"].as_u64().map(|index| index as usize),
            os: dump["system_info"]["os"].as_str(),
            reason: info["type"].as_str(),
            ..Self::default()
        }
    }
}

fn thread(thread: &Value) -> Thread<'_> {
    Thread {
        frames: list(&thread["frames"]).take(crate::MAX_FRAMES).map(frame).collect(),
        last_error: thread["last_error_value"].as_str(),
    }
}

fn frame(frame: &Value) -> Frame<'_> {
    Frame {
        module: filled(&frame["module"]),
        function: filled(&frame["function"]),
        file: filled(&frame["file"]),
        line: frame["line"].as_u64(),
        offset: filled(&frame["offset"]),
        inlines: list(&frame["inlines"]).take(crate::MAX_FRAMES).map(inline).collect(),
        unloaded_modules: list(&frame["unloaded_modules"])
            .map(|module| module["module"].as_str().unwrap_or(python::NONE))
            .collect(),
    }
}

fn inline(inline: &Value) -> Inline<'_> {
    Inline {
        function: filled(&inline["function"]),
        file: filled(&inline["file"]),
        line: inline["line"].as_u64(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// Returns a text that isn't empty.
fn filled(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}
