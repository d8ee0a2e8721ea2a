//! Shortens a processed crash until it fits into a cell.

use serde_json::{Map, Value, json};
use socorro_hbase_client::{ProcessedCrash, ProcessedError};

/// Makes a processed crash shorter.
type Step = fn(&mut Map<String, Value>);

/// What is left out, from what is missed least to what is missed most.
const STEPS: [(&str, Step); 8] = [
    ("the lists of handles", |fields| each_dump(fields, true, drop_handles)),
    ("frames after the 40th of other threads", |fields| each_dump(fields, true, shorten_threads)),
    ("modules that aren't in the crashing stack", |fields| each_dump(fields, true, drop_modules)),
    ("further dumps", |fields| each_dump(fields, false, |dump| *dump = Value::Null)),
    ("other threads, and frames after the 100th", |fields| {
        each_dump(fields, true, keep_crashing_thread);
    }),
    ("texts after their 2,000th character", |fields| {
        fields.values_mut().for_each(|value| cut_texts(value, 2000));
    }),
    ("the dump", |fields| {
        fields.insert("json_dump".into(), Value::Null);
        fields.values_mut().for_each(|value| cut_texts(value, 200));
    }),
    // An annotation may be a list of anything, which is longer than it came when it is written again.
    ("fields that are still long", |fields| fields.values_mut().for_each(drop_long)),
];

/// Returns the crash as it is stored, shortened until it fits; what is left out is noted.
///
/// # Errors
///
/// If the fields that decide where it is stored can't be.
pub(crate) fn fit(
    mut fields: Map<String, Value>,
    mut notes: Vec<String>,
    limit: usize,
) -> Result<ProcessedCrash, ProcessedError> {
    let mut steps = STEPS.iter();
    loop {
        fields.insert("processor_notes".into(), json!(joined(&notes)));
        let crash = ProcessedCrash::from_fields(&fields)?;
        if crash.json().len() <= limit {
            return Ok(crash);
        }
        let Some((what, step)) = steps.next() else { return Ok(crash) };
        step(&mut fields);
        notes.push(format!("more than {limit} bytes: {what} are left out"));
    }
}

/// Notes as they are kept: short enough to be read, and few enough.
fn joined(notes: &[String]) -> String {
    const MOST: usize = 100;
    const LONGEST: usize = 1000;
    let short = |note: &String| note.chars().take(LONGEST).collect::<String>();
    let mut lines: Vec<_> = notes.iter().take(MOST).map(short).collect();
    if let Some(more) = notes.len().checked_sub(MOST).filter(|&more| more > 0) {
        lines.push(format!("{more} more notes"));
    }
    lines.join("; ")
}

/// Changes rust-minidump's JSON of the further dumps, and that of the crash's own one too.
fn each_dump(fields: &mut Map<String, Value>, with_own: bool, change: fn(&mut Value)) {
    for (name, value) in fields {
        let dump = match name.as_str() {
            "json_dump" if with_own => Some(value),
            "json_dump" => None,
            _ => value.get_mut("json_dump"),
        };
        if let Some(dump) = dump.filter(|dump| dump.is_object()) {
            change(dump);
        }
    }
}

fn drop_handles(dump: &mut Value) {
    dump["handles"] = Value::Null;
}

fn shorten_threads(dump: &mut Value) {
    const MOST: usize = 40;
    let crashing = dump["crash_info"]["crashing_thread"].as_u64();
    let threads = dump["threads"].as_array_mut();
    for (index, thread) in threads.into_iter().flatten().enumerate() {
        if crashing != Some(index as u64) {
            cut_frames(thread, MOST);
        }
    }
}

fn drop_modules(dump: &mut Value) {
    let frames = crate::fields::crashing_frames(dump).to_vec();
    let is_needed = |module: &Value| {
        frames
            .iter()
            .any(|frame| frame["module"].is_string() && frame["module"] == module["filename"])
    };
    if let Some(modules) = dump["modules"].as_array_mut() {
        modules.retain(is_needed);
    }
    dump["unloaded_modules"] = Value::Null;
}

fn keep_crashing_thread(dump: &mut Value) {
    const MOST: usize = 100;
    let crashing = dump["crash_info"]["crashing_thread"].as_u64().unwrap_or(0);
    let threads = dump["threads"].as_array_mut();
    for (index, thread) in threads.into_iter().flatten().enumerate() {
        cut_frames(thread, if crashing == index as u64 { MOST } else { 0 });
    }
    if dump["crashing_thread"].is_object() {
        cut_frames(&mut dump["crashing_thread"], MOST);
    }
}

fn cut_frames(thread: &mut Value, most: usize) {
    if let Some(frames) = thread["frames"].as_array_mut()
        && frames.len() > most
    {
        frames.truncate(most);
        thread["truncated"] = json!(true);
    }
}

/// Cuts all texts in a value, but no signature, which is short.
fn cut_texts(value: &mut Value, longest: usize) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(longest) {
                text.truncate(end);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| cut_texts(value, longest)),
        Value::Object(fields) => fields.values_mut().for_each(|value| cut_texts(value, longest)),
        _ => {}
    }
}

/// Drops what is longer as JSON than any field is in earnest.
fn drop_long(value: &mut Value) {
    const LONGEST: usize = 10_000;
    if value.to_string().len() > LONGEST {
        *value = Value::Null;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn large() -> Map<String, Value> {
        let frames: Vec<_> = (0..300).map(|n| json!({"frame": n, "module": "m"})).collect();
        let thread = json!({"frames": frames, "frame_count": 300});
        let modules: Vec<_> = (0..300).map(|n| json!({"filename": format!("m{n}")})).collect();
        let dump = json!({
            "crash_info": {"crashing_thread": 1},
            "threads": [thread, thread, thread],
            "crashing_thread": thread,
            "modules": modules,
            "handles": modules,
        });
        let mut fields = Map::new();
        fields.insert("completeddatetime".into(), json!("2012-05-08 20:52:31"));
        fields.insert("signature".into(), json!("f"));
        fields.insert("abort_message".into(), json!("x".repeat(5000)));
        fields.insert("product".into(), json!(vec![1e9; 1000]));
        fields.insert("upload_file_minidump_a".into(), json!({"json_dump": dump}));
        fields.insert("json_dump".into(), dump);
        fields
    }

    #[test]
    fn a_crash_is_shortened_as_far_as_is_needed() {
        let whole = fit(large(), Vec::new(), usize::MAX).unwrap();
        assert!(!String::from_utf8_lossy(whole.json()).contains("left out"));
        let mut length = whole.json().len();
        for count in 1..=STEPS.len() {
            // The notes name the limit, which has fewer digits each time.
            let crash = fit(large(), Vec::new(), length - 50).unwrap();
            let read: Value = serde_json::from_slice(crash.json()).unwrap();
            let notes = read["processor_notes"].as_str().unwrap();
            assert_eq!(notes.matches("left out").count(), count, "{notes}");
            assert!(crash.json().len() < length);
            if count == 2 {
                let frames = |thread: usize| {
                    read["json_dump"]["threads"][thread]["frames"].as_array().unwrap().len()
                };
                assert_eq!((frames(0), frames(1)), (40, 300));
            }
            length = crash.json().len();
        }
        let smallest = fit(large(), Vec::new(), 0).unwrap();
        let fields: Value = serde_json::from_slice(smallest.json()).unwrap();
        assert_eq!(fields["product"], Value::Null);
        assert!(smallest.json().len() < 3000, "{}", smallest.json().len());
        assert_eq!(smallest.signature(), "f");
    }
}
