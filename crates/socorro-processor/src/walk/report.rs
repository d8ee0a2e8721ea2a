//! rust-minidump's JSON, with what was left out of long stacks marked in it.

use minidump_processor::ProcessState;
use serde_json::{Value, json};

use super::stack::Stack;
use crate::limits::FIRST_FRAMES;

/// Returns the JSON of a dump whose stacks are walked.
///
/// # Errors
///
/// If rust-minidump prints what it can't read itself.
pub(super) fn json_dump(state: &ProcessState, stacks: &[Stack]) -> serde_json::Result<Value> {
    let mut text = Vec::new();
    state.print_json(&mut text, false)?;
    let mut dump: Value = serde_json::from_slice(&text)?;
    drop(text);
    // rust-minidump has them in another order each time.
    if let Some(limits) = dump["proc_limits"]["limits"].as_array_mut() {
        limits.sort_by_cached_key(|limit| limit["name"].to_string());
    }
    for (index, stack) in stacks.iter().enumerate() {
        mark(&mut dump["threads"][index], stack);
    }
    if let Some(stack) = state.requesting_thread.and_then(|index| stacks.get(index))
        && dump["crashing_thread"].is_object()
    {
        mark(&mut dump["crashing_thread"], stack);
    }
    Ok(dump)
}

/// Entries of one list: threads and modules have limits of their own.
const LONGEST_LIST: usize = 4000;

/// Cuts what a dump may have any number of, such as handles: whoever reads the result has all of it in memory.
pub(super) fn cut_lists(dump: &mut Value, notes: &mut Vec<String>) {
    let Some(fields) = dump.as_object_mut() else { return };
    let own_limits = ["threads", "modules"];
    for (name, value) in fields.iter_mut().filter(|(name, _)| !own_limits.contains(&name.as_str()))
    {
        let Some(list) = value.as_array_mut().filter(|list| list.len() > LONGEST_LIST) else {
            continue;
        };
        let all = list.len();
        list.truncate(LONGEST_LIST);
        list.shrink_to_fit();
        notes.push(format!("the dump has {all} {name}, of which {LONGEST_LIST} are kept"));
    }
}

/// Puts a marker where frames are left out, and says how many there were.
fn mark(thread: &mut Value, stack: &Stack) {
    let Some(frames) = thread["frames"].as_array_mut() else { return };
    let left_out = stack.left_out(frames.len());
    if left_out == 0 || frames.len() <= FIRST_FRAMES {
        return;
    }
    for frame in &mut frames[FIRST_FRAMES..] {
        if let Some(index) = frame["frame"].as_u64() {
            frame["frame"] = json!(index + left_out);
        }
    }
    let marker = json!({"truncated": {"msg": format!("{left_out} frames truncated")}});
    frames.insert(FIRST_FRAMES, marker);
    thread["frame_count"] = json!(stack.walked);
    thread["truncated"] = json!(true);
    thread["end_reached"] = json!(stack.is_complete);
}
