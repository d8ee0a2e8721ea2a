//! The rules that change a signature after the stack made it, in their order.

use crate::MAX_LENGTH;
use crate::crash::Crash;
use crate::explanation::Rule;
use crate::lists::Lists;
use crate::signature::Signature;
use crate::{python, shutdown, stack};

/// Applies all rules.
pub(crate) fn apply(crash: &Crash<'_>, lists: &Lists, signature: &mut Signature) {
    dump_status(crash, signature);
    bad_hardware(crash, signature);
    out_of_memory(crash, signature);
    abort(crash, signature);
    shutdown::timeout(crash, signature);
    shutdown_hang(crash, lists, signature);
    ipc_channel_error(crash, signature);
    ipc_message_name(crash, signature);
    stack_overflow(crash, signature);
    hang(crash, signature);
    white_space(signature);
    length(signature);
}

fn prefix(rule: Rule, prefix: &str, signature: &mut Signature) {
    let text = format!("{prefix} | {}", signature.text());
    signature.change(rule, text);
}

fn dump_status(crash: &Crash<'_>, signature: &mut Signature) {
    if let Some(status) = crash.dump_status
        && !status.is_empty()
        && signature.text().starts_with("EMPTY")
    {
        let text = format!("{}; {status}", signature.text());
        signature.change(Rule::DumpStatus, text);
    }
}

fn bad_hardware(crash: &Crash<'_>, signature: &mut Signature) {
    if crash.reason.is_some_and(|reason| reason.contains("STATUS_DEVICE_DATA_ERROR")) {
        prefix(Rule::BadHardware, "bad hardware", signature);
    }
}

/// The largest allocation, in bytes, that a healthy system always has room for.
const SMALL_ALLOCATION: i64 = 256 * 1024;

fn out_of_memory(crash: &Crash<'_>, signature: &mut Signature) {
    if !ran_out_of_memory(crash, signature.text()) {
        return;
    }
    let is_large_script = crash.js_large_allocation_failure == Some("Reporting");
    match crash.oom_allocation_size {
        // The allocation that failed may have been anyone's: the stack says nothing.
        Some(..=SMALL_ALLOCATION) if !is_large_script => {
            signature.change(Rule::OutOfMemory, "OOM | small".to_owned());
        }
        None if !is_large_script => prefix(Rule::OutOfMemory, "OOM | unknown", signature),
        _ => prefix(Rule::OutOfMemory, "OOM | large", signature),
    }
}

fn ran_out_of_memory(crash: &Crash<'_>, signature: &str) -> bool {
    const NAMES: [&str; 5] = [
        "alloc::oom::oom",
        "mozalloc_handle_oom",
        "AutoEnterOOMUnsafeRegion",
        "CrashAtUnhandlableOOM",
        "NS_ABORT_OOM",
    ];
    const LAST_ERRORS: [&str; 2] = ["ERROR_NOT_ENOUGH_MEMORY", "ERROR_COMMITMENT_LIMIT"];
    const REASONS: [&str; 2] = ["STATUS_NO_MEMORY", "STATUS_FATAL_MEMORY_EXHAUSTION"];

    if crash.oom_allocation_size.is_some_and(|size| size != 0) {
        return true;
    }
    let last_error = crash.thread(crash.thread_index()).and_then(|thread| thread.last_error);
    !signature.is_empty()
        && (NAMES.iter().any(|name| signature.contains(name))
            || last_error.is_some_and(|error| LAST_ERRORS.contains(&error))
            || crash.reason.is_some_and(|reason| REASONS.contains(&reason))
            || crash.js_large_allocation_failure == Some("Reporting"))
}

/// The most characters of what the program said.
const LONGEST_MESSAGE: usize = 80;

fn abort(crash: &Crash<'_>, signature: &mut Signature) {
    const MARKER: &str = "###!!! ABORT:";
    let Some(message) = crash.abort_message.filter(|message| !message.is_empty()) else { return };
    // Nothing but where it happened.
    if message.contains("###!!! ABORT: file ") {
        return prefix(Rule::Abort, "Abort", signature);
    }
    let message = message.split_once(MARKER).map_or(message, |(_, after)| after);
    // File and line differ between builds.
    let message = message.split_once(": file ").map_or(message, |(before, _)| before);
    let message = without_translation(message);
    let message: String = message.chars().filter(|c| matches!(c, ' '..='~')).collect();
    let mut message = message.trim_matches(' ').to_owned();
    if message.len() > LONGEST_MESSAGE {
        message.truncate(LONGEST_MESSAGE - 3);
        message.push_str("...");
    }
    prefix(Rule::Abort, &format!("Abort | {message}"), signature);
}

/// Of a message that has the system's own words in parentheses, what is the same in all languages.
fn without_translation(message: &str) -> String {
    let is_translated = message.contains("unable to find a usable font");
    match (message.find('('), message.rfind(')')) {
        (Some(open), Some(close)) if is_translated => {
            [&message[..open], &message[close + 1..]].concat()
        }
        _ => message.to_owned(),
    }
}

/// The watchdog that ends a program whose shutdown takes too long crashes in a thread of its own:
/// what the first thread waits for is the cause.
fn shutdown_hang(crash: &Crash<'_>, lists: &Lists, signature: &mut Signature) {
    if signature.text().contains("RunWatchdog") {
        stack::begin(crash, 0, lists, signature);
        prefix(Rule::ShutdownHang, "shutdownhang", signature);
    }
}

fn ipc_channel_error(crash: &Crash<'_>, signature: &mut Signature) {
    let Some(error) = crash.ipc_channel_error.filter(|error| !error.is_empty()) else { return };
    let is_browser = crash.additional_minidumps.contains(&"upload_file_minidump_browser");
    let process = if is_browser { "browser" } else { "content" };
    let error: String = error.chars().take(100).collect();
    signature.note(Rule::IpcChannelError, "the error replaces the signature");
    signature.change(Rule::IpcChannelError, format!("IPCError-{process} | {error}"));
}

fn ipc_message_name(crash: &Crash<'_>, signature: &mut Signature) {
    if let Some(name) = crash.ipc_message_name.filter(|name| !name.is_empty()) {
        let text = format!("{} | IPC_Message_Name={name}", signature.text());
        signature.change(Rule::IpcMessageName, text);
    }
}

fn stack_overflow(crash: &Crash<'_>, signature: &mut Signature) {
    if crash.reason == Some("EXCEPTION_STACK_OVERFLOW") {
        prefix(Rule::StackOverflow, "stackoverflow", signature);
    }
}

fn hang(crash: &Crash<'_>, signature: &mut Signature) {
    if let Some(kind) = &crash.hang {
        prefix(Rule::Hang, &format!("hang: {kind}"), signature);
    }
    if crash.is_hang_pair {
        prefix(Rule::HangPair, "hang", signature);
    }
}

fn white_space(signature: &mut Signature) {
    let mut text = String::with_capacity(signature.text().len());
    for c in python::strip(signature.text()).chars() {
        if !python::is_space(c) {
            text.push(c);
        } else if !text.ends_with(' ') {
            text.push(' ');
        }
    }
    if text != signature.text() {
        signature.change(Rule::WhiteSpace, text);
    }
}

fn length(signature: &mut Signature) {
    if signature.text().chars().count() > MAX_LENGTH {
        let short: String = signature.text().chars().take(MAX_LENGTH - 3).collect();
        signature.change(Rule::Length, format!("{short}..."));
        signature.note(Rule::Length, "the signature is cut off, since it is too long");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Crash, Generator, Lists};

    fn text(mut fields: Value) -> String {
        if fields["json_dump"].is_null() {
            fields["json_dump"] = json!({"threads": [{"frames": [{"function": "f"}]}]});
        }
        let generator = Generator::new(Lists::built_in());
        generator.generate(&Crash::from_processed(&fields)).text().to_owned()
    }

    fn with_reason(reason: &str) -> String {
        let threads = json!([{"frames": [{"function": "f"}]}]);
        text(json!({"json_dump": {"crash_info": {"type": reason}, "threads": threads}}))
    }

    #[test]
    fn memory_that_ran_out_shows_how_much_was_wanted() {
        assert_eq!(text(json!({"oom_allocation_size": "1000"})), "OOM | small");
        assert_eq!(text(json!({"oom_allocation_size": 262_145})), "OOM | large | f");
        assert_eq!(with_reason("STATUS_NO_MEMORY"), "OOM | unknown | f");
        let failed = json!({"js_large_allocation_failure": "Reporting"});
        assert_eq!(text(failed), "OOM | large | f");
    }

    #[test]
    fn an_abort_shows_what_the_program_said() {
        for (message, signature) in [
            ("it broke", "Abort | it broke | f"),
            ("[1] ###!!! ABORT: it broke: file a.cpp, line 3", "Abort | it broke | f"),
            ("###!!! ABORT: file a.cpp, line 3", "Abort | f"),
            ("unable to find a usable font (Schrift)", "Abort | unable to find a usable font | f"),
            ("böse\n", "Abort | bse | f"),
        ] {
            assert_eq!(text(json!({"abort_message": message})), signature, "{message}");
        }
        let long = text(json!({"abort_message": "x".repeat(81)}));
        assert_eq!(long, format!("Abort | {}... | f", "x".repeat(77)));
    }

    #[test]
    fn a_watchdogs_signature_is_the_first_threads() {
        let threads =
            json!([{"frames": [{"function": "f"}]}, {"frames": [{"function": "RunWatchdog"}]}]);
        let dump = json!({"crash_info": {"crashing_thread": 1}, "threads": threads});
        assert_eq!(text(json!({"json_dump": dump})), "shutdownhang | f");
    }

    #[test]
    fn processes_hangs_and_devices_have_prefixes() {
        assert_eq!(with_reason("EXCEPTION_STACK_OVERFLOW"), "stackoverflow | f");
        assert_eq!(with_reason("X / STATUS_DEVICE_DATA_ERROR"), "bad hardware | f");
        assert_eq!(text(json!({"hang": "ui"})), "hang: ui | f");
        assert_eq!(text(json!({"hangid": "fake-1"})), "hang | f");
        assert_eq!(text(json!({"ipc_message_name": "M"})), "f | IPC_Message_Name=M");
        assert_eq!(text(json!({"ipc_channel_error": "E"})), "IPCError-content | E");
        let browser = json!(["upload_file_minidump_browser"]);
        let fields = json!({"ipc_channel_error": "E", "additional_minidumps": browser});
        assert_eq!(text(fields), "IPCError-browser | E");
        let fields = json!({"mdsw_status_string": "EmptyMinidump", "json_dump": {}});
        assert_eq!(text(fields), "EMPTY: no frame data available; EmptyMinidump");
    }

    #[test]
    fn a_signature_is_one_line_of_255_characters() {
        assert_eq!(text(json!({"hang": " a\t\n b"})), "hang: a b | f");
        let long = text(json!({"hang": "é".repeat(300)}));
        assert_eq!(long.chars().count(), 255);
        assert!(long.ends_with("é..."));
    }
}
