//! The beginning of a signature: the telling frames at the top of a stack, or of a Java crash.

use crate::crash::Crash;
use crate::explanation::{NameSource, Rule, Step, Verdict};
use crate::lists::Lists;
use crate::name::places;
use crate::signature::{SEPARATOR, Signature};
use crate::{MAX_FRAMES, java};

/// Makes the signature of a thread's stack; a Java crash's of what Java says.
pub(crate) fn begin(crash: &Crash<'_>, thread: usize, lists: &Lists, signature: &mut Signature) {
    if let Some(trace) = crash.java_stack_trace {
        java::stack_trace(trace, signature);
    } else if let Some(exception) = crash.java_exception {
        java::exception(exception, signature);
    } else {
        of_thread(crash, thread, lists, signature);
    }
}

fn of_thread(crash: &Crash<'_>, index: usize, lists: &Lists, signature: &mut Signature) {
    let is_windows = crash.os == Some("Windows NT");
    let frames = crash.thread(index).map(|thread| thread.frames.as_slice()).unwrap_or_default();
    let (names, sources): (Vec<String>, Vec<NameSource>) =
        places(frames).take(MAX_FRAMES).map(|place| place.name(is_windows, lists)).unzip();
    signature.step(Step::Thread { index, frames: names.len() });
    let first = lists.sentinel(&names).inspect(|&index| {
        signature.step(Step::Sentinel { index, name: names[index].clone() });
    });
    let first = first.unwrap_or(0);
    let mut parts: Vec<&str> = Vec::new();
    for (index, name) in names.iter().enumerate().skip(first) {
        let verdict = judge(name, parts.last().copied(), lists);
        let is_last = verdict == Verdict::Last;
        if is_last || matches!(verdict, Verdict::Prefix(_)) {
            parts.push(name);
        }
        let source = sources.get(index).copied().unwrap_or(NameSource::Nothing);
        signature.step(Step::Frame { index, name: name.clone(), source, verdict });
        if is_last {
            break;
        }
    }
    let text = if parts.is_empty() {
        signature.note(Rule::Stack, format!("no frame of thread {index} says anything"));
        names.get(first).map_or("EMPTY: no frame data available", String::as_str).to_owned()
    } else {
        parts.join(SEPARATOR)
    };
    if !names.is_empty() {
        signature.set_proto_signature(&names);
    }
    if !text.is_empty() {
        signature.change(Rule::Stack, text);
    }
}

fn judge(name: &str, before: Option<&str>, lists: &Lists) -> Verdict {
    if name.is_empty() {
        return Verdict::Nameless;
    }
    if let Some(pattern) = lists.irrelevant(name) {
        return Verdict::Irrelevant(pattern.to_owned());
    }
    if before == Some(name) && says_no_more_than_once(name) {
        return Verdict::Repeated;
    }
    match lists.prefix(name) {
        Some(pattern) => Verdict::Prefix(pattern.to_owned()),
        None => Verdict::Last,
    }
}

/// Whether a second frame of this name adds nothing: a module without symbols.
fn says_no_more_than_once(name: &str) -> bool {
    if name.starts_with("(unloaded") {
        return false;
    }
    let has_ending = |ending: &str| {
        name.len()
            .checked_sub(ending.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(ending))
    };
    has_ending(".dll")
        || has_ending(".so")
        || name == "XUL"
        || name == "<name omitted>"
        || name.starts_with("<unknown in")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Generator;

    fn generate(functions: &[&str]) -> Signature {
        let frames: Vec<_> =
            functions.iter().map(|function| json!({"function": function})).collect();
        let dump = json!({"threads": [{"frames": frames}]});
        Generator::new(Lists::built_in()).generate(&Crash::from_json_dump(&dump))
    }

    #[test]
    fn prefixes_are_taken_irrelevant_frames_skipped_the_rest_left() {
        let signature = generate(&["raise", "__libc_message", "abort", "a::b(int)", "main"]);
        assert_eq!(signature.text(), "raise | abort | a::b");
        let all = "raise | __libc_message | abort | a::b | main";
        assert_eq!(signature.proto_signature(), Some(all));
        let steps: Vec<_> = signature.steps().iter().map(ToString::to_string).collect();
        assert_eq!(steps.len(), 6, "{steps:#?}");
        assert!(steps[2].contains("irrelevant") && steps[2].contains("__libc_message"));
    }

    #[test]
    fn a_sentinel_begins_the_stack() {
        let signature = generate(&["x", "y", "__assert_fail", "z"]);
        assert_eq!(signature.text(), "__assert_fail | z");
    }

    #[test]
    fn a_module_without_symbols_counts_once() {
        assert_eq!(generate(&["a.dll", "a.dll", "b.dll", "f"]).text(), "a.dll | b.dll | f");
    }

    #[test]
    fn without_a_telling_frame_the_first_is_the_signature() {
        assert_eq!(generate(&["start_thread", "clone"]).text(), "start_thread");
        assert_eq!(generate(&[]).text(), "EMPTY: no frame data available");
        assert_eq!(generate(&[]).proto_signature(), None);
    }

    #[test]
    fn forty_frames_are_looked_at() {
        let stack = ["abort"; 60];
        let signature = generate(&stack);
        assert_eq!(signature.proto_signature().unwrap().matches("abort").count(), MAX_FRAMES);
    }
}
