//! Crashes made up: functions put together from what the rules look for, and from the lists.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::random::Random;

/// What names are made of.
pub(crate) struct Words {
    /// Lines of the lists, as names: their patterns without the signs.
    listed: Vec<String>,
}

impl Words {
    pub(crate) fn with_lists(folder: &Path) -> Self {
        let mut listed = Vec::new();
        for list in [
            "signature_sentinels",
            "irrelevant_signature_re",
            "prefix_signature_re",
            "signatures_with_line_numbers_re",
        ] {
            let text = std::fs::read_to_string(folder.join(format!("{list}.txt"))).unwrap();
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            listed.extend(lines.map(plain));
        }
        Self { listed }
    }
}

/// A name that a pattern matches, mostly.
fn plain(pattern: &str) -> String {
    pattern.replace(".*", "x").replace("\\d+", "7").replace(['\\', '$', '?', '(', ')', '+'], "")
}

/// A processed crash.
pub(crate) fn crash(words: &Words, random: &mut Random) -> Value {
    let mut fields = Map::new();
    if random.chance(97) {
        fields.insert("json_dump".into(), dump(words, random));
    } else {
        fields.insert("json_dump".into(), json!({}));
    }
    for (name, value) in annotations(random) {
        fields.insert(name.into(), value);
    }
    if random.chance(3) {
        fields.insert("java_stack_trace".into(), json!(java_trace(random)));
    }
    if random.chance(3) {
        fields.insert("java_exception".into(), java_exception(random));
    }
    Value::Object(fields)
}

fn dump(words: &Words, random: &mut Random) -> Value {
    const REASONS: [&str; 8] = [
        "SIGSEGV / SEGV_MAPERR",
        "EXCEPTION_STACK_OVERFLOW",
        "EXCEPTION_STACK_OVERFLOW / x",
        "STATUS_NO_MEMORY",
        "STATUS_FATAL_MEMORY_EXHAUSTION",
        "STATUS_FATAL_MEMORY_EXHAUSTION / 0x0",
        "EXCEPTION_IN_PAGE_ERROR_READ / STATUS_DEVICE_DATA_ERROR",
        "",
    ];
    let count = random.below(4);
    let threads: Vec<_> = (0..count).map(|_| thread(words, random)).collect();
    let crashing = match random.below(10) {
        0 => json!(null),
        1 => json!(count + 1),
        _ => json!(random.below(count.max(1))),
    };
    json!({
        "crash_info": {
            "crashing_thread": crashing,
            "type": optional(random, |random| json!(random.pick(&REASONS))),
        },
        "system_info": {"os": random.pick(&["Windows NT", "Linux", "Mac OS X"])},
        "threads": threads,
    })
}

fn thread(words: &Words, random: &mut Random) -> Value {
    let most = if random.chance(5) { 60 } else { 9 };
    let frames: Vec<_> = (0..random.below(most)).map(|_| frame(words, random)).collect();
    let mut thread = json!({"frames": frames});
    if random.chance(10) {
        const ERRORS: [&str; 3] =
            ["ERROR_NOT_ENOUGH_MEMORY", "ERROR_COMMITMENT_LIMIT", "ERROR_SUCCESS"];
        thread["last_error_value"] = json!(random.pick(&ERRORS));
    }
    thread
}

fn frame(words: &Words, random: &mut Random) -> Value {
    const MODULES: [&str; 12] = [
        "libxul.so",
        "XUL",
        "xul.dll",
        "XUL.DLL",
        "[vdso]",
        "libc.so.6",
        "app",
        "",
        "[[heap]]",
        "Ünïcode.DLL",
        "dir/lib.so",
        "a b",
    ];
    let mut frame = place(words, random);
    frame.insert("module".into(), optional(random, |random| json!(random.pick(&MODULES))));
    frame.insert("offset".into(), optional(random, |random| json!(address(random))));
    frame.insert("module_offset".into(), json!(address(random)));
    if random.chance(15) {
        let inlines: Vec<_> =
            (0..random.below(4)).map(|_| Value::Object(place(words, random))).collect();
        frame.insert(
            "inlines".into(),
            if inlines.is_empty() { Value::Null } else { json!(inlines) },
        );
    }
    if random.chance(10) {
        let modules: Vec<_> =
            (0..random.below(3)).map(|_| json!({"module": random.pick(&MODULES)})).collect();
        frame.insert("unloaded_modules".into(), json!(modules));
    }
    Value::Object(frame)
}

/// Function, file and line: what a frame and an inlined function both have.
fn place(words: &Words, random: &mut Random) -> Map<String, Value> {
    const FILES: [&str; 14] = [
        "hg:hg.mozilla.org/mozilla-central:js/src/vm/a.cpp:0123abcd",
        "git:github.com/rust-lang/rust:src/libcore/panicking.rs:0123abcd",
        "git:github.com/rust-lang/rust:src/libstd/panicking.rs:0123abcd",
        "git:github.com/rust-lang/rust:src/libcore/option.rs:0123abcd",
        "/rustc/0123/library/core/src/a.rs",
        "src/lib.rs",
        "c:\\build\\a.cpp",
        "c:\\build\\b.rs",
        "c:/build/c.rs\\/",
        "a:b:c",
        "/x:y/z.rs",
        "/",
        "main.c",
        "",
    ];
    let mut place = Map::new();
    let name = random.chance(75).then(|| function(words, random));
    place.insert("function".into(), json!(name));
    place.insert("file".into(), optional(random, |random| json!(random.pick(&FILES))));
    place.insert("line".into(), optional(random, |random| json!(random.below(3) * 17)));
    place
}

fn address(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!("0x{:016x}", random.below(5)),
        1 => format!("0x{:X}", random.below(usize::MAX)),
        2 => String::new(),
        3 => "0x0000000000000000".into(),
        _ => format!("0x{:016x}", random.below(1 << 40)),
    }
}

fn function(words: &Words, random: &mut Random) -> String {
    match random.below(10) {
        0..3 => words.listed[random.below(words.listed.len())].clone(),
        3..5 => {
            let listed = &words.listed[random.below(words.listed.len())];
            format!("{listed}{}", piece(random))
        }
        _ => (0..=random.below(9)).map(|_| piece(random)).collect(),
    }
}

fn piece(random: &mut Random) -> &'static str {
    const PIECES: [&str; 74] = [
        "a",
        "b::c",
        "foo",
        "::",
        " ",
        "  ",
        "<",
        ">",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "`",
        "'",
        "*",
        " *",
        "&",
        " &",
        "&&",
        ",",
        ", ",
        " ,",
        "const",
        " const",
        " const&",
        " const &",
        "static ",
        "void ",
        "unsigned __int64 ",
        "<T>",
        "<int, a<b> >",
        "(int, char const *)",
        "(anonymous namespace)",
        "`anonymous namespace'",
        "anonymous namespace",
        "operator",
        "operator()",
        "::operator new",
        "::operator<",
        "operator->",
        "::operator bool() const",
        "$_12",
        "::$_3::",
        "::$_::",
        "::$_4",
        " as ",
        "<a as b>",
        "<a::B<C> as d::E>",
        "::{{closure}}",
        "::h0123456789abcdef",
        "::h12",
        "::hx",
        " in ",
        "<unknown in a.dll>",
        "<name omitted>",
        "name omitted",
        "IPC::ParamTraits",
        " [clone .cold.12]",
        "[clone .isra.0]",
        "clone .cold",
        "js_Interpret",
        ".dll",
        ".so",
        ".DLL",
        "RunWatchdog",
        "NS_ABORT_OOM",
        "mozalloc_handle_oom",
        "é",
        "\u{1f600}",
        "\n",
        "\t\u{1c}",
        "-> ",
    ];
    random.pick(&PIECES)
}

fn annotations(random: &mut Random) -> Vec<(&'static str, Value)> {
    const ABORTS: [&str; 10] = [
        "it broke",
        "[Parent 1, Main] ###!!! ABORT: it broke: file a.cpp, line 3",
        "###!!! ABORT: file a.cpp, line 3",
        "###!!! ABORT:",
        "a: file b: file c",
        "unable to find a usable font (Schrift (x)) y",
        "unable to find a usable font )x( y",
        "   \u{e9}\u{1f600}\tx\n ",
        "exactly eighty characters are in this text, which is neither more nor less then.",
        "more than eighty characters are in this text, so that what is over the limit is cut",
    ];
    const SHUTDOWNS: [&str; 14] = [
        r#"{"phase": "p", "conditions": [{"name": "b"}, "a"]}"#,
        r#"{"phase": "p", "conditions": []}"#,
        r#"{"phase": 3, "conditions": [1, true, null]}"#,
        r#"{"phase": "", "conditions": null}"#,
        r#"{"conditions": [{"name": 1}, {"name": null}, {"name": "é"}]}"#,
        r#"{"phase": "p", "conditions": [{"no": "b"}]}"#,
        r#"{"phase": "p", "conditions": "text"}"#,
        r#"{"phase": "p", "conditions": {"b": 1, "a": 2}}"#,
        r#"{"phase": "p", "conditions": 7}"#,
        r#"{"phase": "p", "conditions": false}"#,
        "[]",
        "{",
        "null",
        "\"text\"",
    ];
    let mut fields = Vec::new();
    let mut add = |random: &mut Random, percent, name, value: Value| {
        if random.chance(percent) {
            fields.push((name, value));
        }
    };
    let size = match random.below(7) {
        0 => json!(0),
        1 => json!("262144"),
        2 => json!(262_145),
        3 => json!(" 17 "),
        4 => json!("x"),
        5 => json!(-5),
        _ => json!(u64::MAX),
    };
    add(random, 6, "oom_allocation_size", size);
    let state = random.pick(&["Reporting", "Recovered", ""]);
    add(random, 5, "js_large_allocation_failure", json!(state));
    let abort = random.pick(&ABORTS);
    add(random, 8, "abort_message", json!(abort));
    let status = random.pick(&["OK", "ERROR_NO_MINIDUMP_HEADER", ""]);
    add(random, 30, "mdsw_status_string", json!(status));
    let shutdown = random.pick(&SHUTDOWNS);
    add(random, 6, "async_shutdown_timeout", json!(shutdown));
    let error = "ShutDownKill ".repeat(random.below(12));
    add(random, 4, "ipc_channel_error", json!(error));
    let name = random.pick(&["PContent::Msg_X", ""]);
    add(random, 4, "ipc_message_name", json!(name));
    let dumps = random.pick(&["upload_file_minidump_browser", "upload_file_minidump_content"]);
    add(random, 30, "additional_minidumps", json!([dumps]));
    let hang = match random.below(3) {
        0 => json!("ui"),
        1 => json!(""),
        _ => json!(" a\u{2003}\t b\u{1d} "),
    };
    add(random, 5, "hang", hang);
    fields
}

fn java_trace(random: &mut Random) -> String {
    const LINES: [&str; 12] = [
        "java.lang.E: no room",
        "java.lang.E",
        "E: x@0123abcd: y",
        "E: x@0123abcd",
        "E: @0123ABCD@01234567890",
        "\tat a.B.c(B.java:12)",
        "at a.B.c(B.java:)",
        "at a.B.c(Native Method)",
        "",
        "  ",
        ":",
        "a very long line that is more than a third of the limit, so that three of them are too long for it",
    ];
    const ENDS: [&str; 5] = ["\n", "\r\n", "\u{2028}", "", " "];
    (0..=random.below(4)).map(|_| [random.pick(&LINES), random.pick(&ENDS)].concat()).collect()
}

fn java_exception(random: &mut Random) -> Value {
    let frames: Vec<_> = (0..random.below(3))
        .map(|_| {
            let mut frame = Map::new();
            for (name, value) in [("module", "a.B"), ("function", "c"), ("filename", "B.java")] {
                if random.chance(70) {
                    frame.insert(name.into(), json!(value));
                }
            }
            Value::Object(frame)
        })
        .collect();
    let mut stack = Map::new();
    stack.insert("frames".into(), json!(frames));
    for (name, value) in [("type", "E"), ("module", "java.lang")] {
        if random.chance(70) {
            stack.insert(name.into(), if random.chance(20) { json!("") } else { json!(value) });
        }
    }
    match random.below(6) {
        0 => json!({"exception": {"values": []}}),
        1 => json!({"exception": {"values": [{"stacktrace": {}}]}}),
        _ => json!({"exception": {"values": [{"stacktrace": stack}]}}),
    }
}

fn optional(random: &mut Random, value: impl FnOnce(&mut Random) -> Value) -> Value {
    if random.chance(70) { value(random) } else { Value::Null }
}
