//! The fields of a processed crash that are made of its metadata and its dump.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::metadata::{LONGEST_NESTED, Metadata};

/// Annotations that are kept under another name, as Socorro does.
const COPIED: [(&str, &str); 6] = [
    ("product", "ProductName"),
    ("version", "Version"),
    ("build", "BuildID"),
    ("release_channel", "ReleaseChannel"),
    ("process_type", "ProcessType"),
    ("hangid", "HangID"),
];

/// Annotations that decide signatures; they are left out if they are absent.
const FOR_SIGNATURES: [(&str, &str); 9] = [
    ("abort_message", "AbortMessage"),
    ("oom_allocation_size", "OOMAllocationSize"),
    ("js_large_allocation_failure", "JSLargeAllocationFailure"),
    ("async_shutdown_timeout", "AsyncShutdownTimeout"),
    ("ipc_channel_error", "ipc_channel_error"),
    ("ipc_message_name", "IPCMessageName"),
    ("java_stack_trace", "JavaStackTrace"),
    ("hang", "Hang"),
    ("moz_crash_reason", "MozCrashReason"),
];

const JAVA_EXCEPTION: &str = "JavaException";
const CRASH_TIME: &str = "CrashTime";
const STARTUP_TIME: &str = "StartupTime";
const UPTIME: &str = "UptimeTS";
const INSTALL_TIME: &str = "InstallTime";
const SINCE_LAST_CRASH: &str = "SecondsSinceLastCrash";

/// Adds what the metadata says.
pub(crate) fn of_metadata(
    metadata: Option<&[u8]>,
    fields: &mut Map<String, Value>,
    notes: &mut Vec<String>,
) {
    let mut names =
        vec![JAVA_EXCEPTION, CRASH_TIME, STARTUP_TIME, UPTIME, INSTALL_TIME, SINCE_LAST_CRASH];
    names.extend(COPIED.iter().chain(&FOR_SIGNATURES).map(|(_, annotation)| annotation));
    let mut metadata = Metadata::read(metadata, &names, notes);
    for (name, annotation) in COPIED {
        fields.insert(name.into(), metadata.take(annotation));
    }
    for (name, annotation) in FOR_SIGNATURES {
        if let Some(text) = metadata.text(annotation) {
            fields.insert(name.into(), json!(text));
        }
    }
    if let Some(text) = metadata.text(JAVA_EXCEPTION) {
        if text.len() > LONGEST_NESTED {
            notes.push(format!("{JAVA_EXCEPTION} has {} bytes: left out", text.len()));
        } else if let Ok(exception) = serde_json::from_str(&text) {
            fields.insert("java_exception".into(), exception);
        }
    }
    let crashed = metadata.seconds(CRASH_TIME);
    let since = |name| {
        let before = metadata.seconds(name)?;
        Some(crashed?.saturating_sub(before).max(0))
    };
    let uptime = metadata.seconds(UPTIME).or_else(|| since(STARTUP_TIME));
    fields.insert("uptime".into(), json!(uptime));
    fields.insert("install_age".into(), json!(since(INSTALL_TIME)));
    fields.insert("last_crash".into(), json!(metadata.seconds(SINCE_LAST_CRASH)));
}

/// Adds what the crashed process's dump says; null stands for everything if there is none.
pub(crate) fn of_dump(dump: &Value, fields: &mut Map<String, Value>) {
    let crash = &dump["crash_info"];
    let system = &dump["system_info"];
    let thread = &dump["crashing_thread"];
    let frames = crashing_frames(dump);
    let stack: Vec<_> =
        frames.iter().enumerate().map(|(n, frame)| format!("{n:>2}  {}", name(frame))).collect();
    for (name, value) in [
        ("crashing_thread", crash["crashing_thread"].clone()),
        ("crashing_thread_name", thread["thread_name"].clone()),
        ("reason", crash["type"].clone()),
        ("address", address(crash)),
        ("cpu_arch", system["cpu_arch"].clone()),
        ("cpu_info", system["cpu_info"].clone()),
        ("os_name", system["os"].clone()),
        ("os_version", system["os_ver"].clone()),
        ("os_pretty_version", json!(pretty_version(dump))),
        ("modules_in_stack", json!(modules_in_stack(dump, frames))),
        ("topmost_filenames", json!(topmost_file(frames))),
        ("missing_symbols", json!(missing_symbols(dump))),
        // As Socorro of 2012 names them.
        ("crashedThread", crash["crashing_thread"].clone()),
        ("cpu_name", system["cpu_arch"].clone()),
        ("dump", json!(stack.join("\n"))),
    ] {
        fields.insert(name.into(), value);
    }
}

/// The crashing thread's frames, else the first thread's.
pub(crate) fn crashing_frames(dump: &Value) -> &[Value] {
    let first = || dump["threads"][0]["frames"].as_array();
    dump["crashing_thread"]["frames"].as_array().or_else(first).map_or(&[], Vec::as_slice)
}

/// The address that the program meant: null for an offset to it, and what isn't canonical as it was.
fn address(crash: &Value) -> Value {
    let adjusted = &crash["adjusted_address"];
    match adjusted["kind"].as_str() {
        Some("null-pointer") => {
            let digits = crash["address"].as_str().map_or(8, |it| it.len().saturating_sub(2));
            json!(format!("0x{:0>digits$}", "", digits = digits.min(16)))
        }
        Some("non-canonical") if adjusted["address"].is_string() => adjusted["address"].clone(),
        _ => crash["address"].clone(),
    }
}

/// The operating system as people call it.
fn pretty_version(dump: &Value) -> Option<String> {
    let system = &dump["system_info"];
    let os = system["os"].as_str()?;
    let version = system["os_ver"].as_str().unwrap_or_default();
    let mut parts = version.split(['.', ' ']).map(|part| part.parse::<u32>().ok());
    let (major, minor, build) = (parts.next()?, parts.next()?, parts.next()?);
    Some(match (os, major, minor) {
        ("Windows NT", Some(10), Some(0)) => {
            // Windows 11 counts on from 10.
            let name = if build >= Some(22_000) { "11" } else { "10" };
            format!("Windows {name}")
        }
        ("Windows NT", Some(5), Some(1)) => "Windows XP".to_owned(),
        ("Windows NT", Some(5), Some(2)) => "Windows Server 2003".to_owned(),
        ("Windows NT", Some(6), Some(0)) => "Windows Vista".to_owned(),
        ("Windows NT", Some(6), Some(1)) => "Windows 7".to_owned(),
        ("Windows NT", Some(6), Some(2)) => "Windows 8".to_owned(),
        ("Windows NT", Some(6), Some(3)) => "Windows 8.1".to_owned(),
        ("Windows NT", ..) => "Windows Unknown".to_owned(),
        ("Mac OS X", Some(10), Some(minor @ ..=15)) => format!("OS X 10.{minor}"),
        ("Mac OS X", Some(major @ 11..), _) => format!("macOS {major}"),
        ("Linux", ..) => {
            let description = dump["lsb_release"]["description"].as_str();
            description.filter(|text| !text.is_empty()).unwrap_or("Linux").to_owned()
        }
        (os, ..) => os.to_owned(),
    })
}

/// `file/debug id` of each module that has a frame of the crashing stack, in order, joined by `;`.
fn modules_in_stack(dump: &Value, frames: &[Value]) -> String {
    let in_stack: BTreeSet<_> =
        frames.iter().filter_map(|frame| frame["module"].as_str()).collect();
    let modules = modules(dump).filter_map(|module| {
        let (file, id) = (module["filename"].as_str()?, module["debug_id"].as_str()?);
        in_stack.contains(file).then(|| format!("{file}/{id}"))
    });
    modules.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(";")
}

/// `file/version/debug id` of each module whose symbols are missing, in order, joined by `;`.
fn missing_symbols(dump: &Value) -> String {
    let missing = modules(dump).filter(|module| module["missing_symbols"] == Value::Bool(true));
    let missing = missing.filter_map(|module| {
        let (file, id) = (module["filename"].as_str()?, module["debug_id"].as_str()?);
        Some(format!("{file}/{}/{id}", module["version"].as_str().unwrap_or("None")))
    });
    missing.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(";")
}

/// The first source file of the crashing stack, without its repository.
fn topmost_file(frames: &[Value]) -> Option<String> {
    let inlines = |frame: &'_ Value| frame["inlines"].as_array().cloned().unwrap_or_default();
    let file = frames.iter().find_map(|frame| {
        let inlines = inlines(frame);
        let files = inlines.iter().chain([frame]).filter_map(|it| it["file"].as_str());
        files.map(str::to_owned).next()
    })?;
    // Kind, repository, path, revision.
    let parts: Vec<_> = file.split(':').collect();
    match parts[..] {
        [_, _, path, _] => Some(path.to_owned()),
        _ => Some(file),
    }
}

fn modules(dump: &Value) -> impl Iterator<Item = &Value> {
    dump["modules"].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// A frame as one line shows it: the function, else where in a module, else the address.
fn name(frame: &Value) -> String {
    if let Some(message) = frame["truncated"]["msg"].as_str() {
        return format!("({message})");
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_the_program_meant() {
        let adjusted =
            json!({"address": "0x0000000000000048", "adjusted_address": {"kind": "null-pointer"}});
        assert_eq!(address(&adjusted), "0x0000000000000000");
        let adjusted = json!({"address": "0x48", "adjusted_address": {"kind": "null-pointer"}});
        assert_eq!(address(&adjusted), "0x00");
        let kind = json!({"kind": "non-canonical", "address": "0x1"});
        assert_eq!(address(&json!({"address": "0xffff", "adjusted_address": kind})), "0x1");
        assert_eq!(address(&json!({"address": "0xffff", "adjusted_address": null})), "0xffff");
    }

    #[test]
    fn systems_have_the_names_that_people_know() {
        for (os, version, name) in [
            ("Windows NT", "10.0.19045 2006", "Windows 10"),
            ("Windows NT", "10.0.22631", "Windows 11"),
            ("Windows NT", "6.1.7601 Service Pack 1", "Windows 7"),
            ("Mac OS X", "10.15.7 19H15", "OS X 10.15"),
            ("Mac OS X", "14.1.0", "macOS 14"),
            ("Linux", "0.0.0 Linux 6.1", "Linux"),
            ("Android", "0.0.0", "Android"),
        ] {
            let dump = json!({"system_info": {"os": os, "os_ver": version}});
            assert_eq!(pretty_version(&dump).as_deref(), Some(name), "{version}");
        }
    }

    #[test]
    fn times_are_counted_from_the_crash() {
        let text = br#"{"CrashTime": "100", "StartupTime": "40", "InstallTime": 200,
            "SecondsSinceLastCrash": "x", "AbortMessage": ""}"#;
        let (mut fields, mut notes) = (Map::new(), Vec::new());
        of_metadata(Some(text), &mut fields, &mut notes);
        assert_eq!(notes, [""; 0]);
        assert_eq!((&fields["uptime"], &fields["install_age"]), (&json!(60), &json!(0)));
        assert_eq!(fields["last_crash"], Value::Null);
        assert!(!fields.contains_key("abort_message"));
    }
}
