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
