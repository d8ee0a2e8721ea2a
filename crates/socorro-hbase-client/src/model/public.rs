//! Which fields anybody may see: one list. What isn't on it is protected, unknown fields included; so is
//! what the collector of a crash was told to protect, by a list in the crash's metadata.

use serde_json::{Map, Value, json};

use super::json::Object;

/// Fields of metadata and processed JSON that say nothing of a person. Email, URL, Comments, `UserID` and
/// whatever else a crash reporter sends are not among them.
#[rustfmt::skip]
const PUBLIC: &[&str] = &[
    "AbortMessage", "Accessibility", "AdapterDeviceID", "AdapterDriverVersion", "AdapterSubsysID",
    "AdapterVendorID", "AvailablePageFile", "AvailablePhysicalMemory", "AvailableVirtualMemory",
    "B2G_OS_Version", "BuildID", "CrashTime", "EMCheckCompatibility", "HangID", "InstallTime",
    "LastCrash", "ProcessType", "ProductID", "ProductName", "ReleaseChannel",
    "SecondsSinceLastCrash", "StartupTime", "SystemMemoryUsePercentage", "Theme", "Throttleable",
    "TotalPageFile", "TotalPhysicalMemory", "TotalVirtualMemory", "UptimeTS", "Vendor", "Version",
    "addons_checked", "address", "app_notes", "build", "build_id", "client_crash_date",
    "completed_datetime", "completeddatetime", "cpu_arch", "cpu_info", "cpu_name", "crash_time",
    "crashedThread", "crashing_thread", "crashing_thread_name", "date_processed", "distributor",
    "distributor_version", "dump_names", "flash_version", "hang_type", "hangid", "install_age",
    "install_time", "last_crash", "legacy_processing", "major_version", "missing_symbols",
    "modules_in_stack", "os_name", "os_pretty_version", "os_version", "process_type",
    "processor_notes", "product", "proto_signature", "reason", "release_channel", "signature",
    "startedDateTime", "started_datetime", "submitted_timestamp", "success", "timestamp",
    "topmost_filenames", "truncated", "uptime", "uuid", "version", "winsock_lsp",
];

/// Whether anybody may see a field.
pub(crate) fn is_public(field: &str) -> bool {
    PUBLIC.contains(&field)
}

/// Public fields of processed JSON that are made of an annotation and have another name.
const MADE_OF: &[(&str, &[&str])] = &[
    ("BuildID", &["build", "build_id"]),
    ("CrashTime", &["client_crash_date", "crash_time", "install_age", "uptime"]),
    ("EMCheckCompatibility", &["addons_checked"]),
    ("HangID", &["hang_type", "hangid"]),
    ("InstallTime", &["install_age", "install_time"]),
    ("Notes", &["app_notes"]),
    ("ProcessType", &["process_type"]),
    ("ProductName", &["product"]),
    ("ReleaseChannel", &["release_channel"]),
    ("SecondsSinceLastCrash", &["last_crash"]),
    ("StartupTime", &["uptime"]),
    ("UptimeTS", &["uptime"]),
    ("Version", &["major_version", "version"]),
    ("Winsock_LSP", &["winsock_lsp"]),
];

/// The annotations that a crash's collector was told to protect, by the crash's metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Protected {
    names: Vec<String>,
    /// Whether there may be others, in a part of the metadata that can't be read.
    may_have_more: bool,
}

impl Protected {
    /// Of metadata that has no such list, or is none, nothing.
    pub(crate) fn of(metadata: &Value) -> Self {
        let names = metadata["metadata"]["protected"].as_array();
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        Self { names: names.map(str::to_owned).collect(), may_have_more: false }
    }

    /// As [`of`](Self::of), of metadata that a strict parser may refuse.
    pub(crate) fn of_json(metadata: &[u8]) -> Self {
        if let Ok(metadata) = serde_json::from_slice(metadata) {
            return Self::of(&metadata);
        }
        let unknown = Self { names: Vec::new(), may_have_more: true };
        let Some(object) = Object::read(metadata).filter(|it| it.broken_at().is_none()) else {
            return unknown;
        };
        let Some(of_collector) = object.raw("metadata") else { return Self::default() };
        serde_json::from_slice(of_collector)
            .map_or(unknown, |own: Value| Self::of(&json!({"metadata": own})))
    }

    /// Whether a field is on the list, or made of what is.
    pub(crate) fn has(&self, field: &str) -> bool {
        let mut known = MADE_OF.iter();
        let is_known = |(name, fields): &(&str, &[&str])| *name == field || fields.contains(&field);
        if self.may_have_more && known.any(is_known) {
            return true;
        }
        self.names.iter().any(|name| {
            let made = MADE_OF.iter().find(|(annotation, _)| annotation == name);
            name == field || made.is_some_and(|(_, fields)| fields.contains(&field))
        })
    }
}

/// The members of an object that anybody may see; of what is no object, none.
pub(crate) fn public_part(value: Value, protected: &Protected) -> Map<String, Value> {
    match value {
        Value::Object(mut fields) => {
            fields.retain(|name, _| is_public(name) && !protected.has(name));
            fields
        }
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_the_list_is_left_out() {
        let all = json!({
            "ProductName": "Firefox", "Email": "a@example.org", "URL": "http://x", "Comments": "c",
            "UserID": "1", "NeverHeardOf": 1, "productname": "x"
        });
        let nothing = Protected::default();
        assert_eq!(Value::Object(public_part(all, &nothing)), json!({"ProductName": "Firefox"}));
        assert!(public_part(json!([1]), &nothing).is_empty());
    }

    #[test]
    fn what_was_protected_is_left_out_with_what_is_made_of_it() {
        let list = json!({"metadata": {"protected": ["BuildID", "Theme", "NeverHeardOf", 1]}});
        let all = json!({
            "BuildID": "1", "Theme": "x", "Vendor": "y", "build": "1", "build_id": "1",
            "product": "z"
        });
        let shown = public_part(all.clone(), &Protected::of(&list));
        assert_eq!(Value::Object(shown), json!({"Vendor": "y", "product": "z"}));
        for nothing in
            [json!(null), json!({"metadata": "x"}), json!({"metadata": {"protected": 1}})]
        {
            assert_eq!(public_part(all.clone(), &Protected::of(&nothing)).len(), 6, "{nothing}");
        }
    }

    /// What no strict parser takes is read as far as it is sound; where the list may be in the rest, all is
    /// protected that is made of annotations.
    #[test]
    fn the_list_of_metadata_that_is_not_quite_json_counts_too() {
        let all = json!({"build": "1", "product": "z", "signature": "s"});
        let shown = |metadata: &[u8]| {
            let shown = public_part(all.clone(), &Protected::of_json(metadata));
            shown.keys().cloned().collect::<Vec<_>>()
        };
        let sound = br#"{"metadata": {"protected": ["BuildID"]}, "x": NaN}"#;
        assert_eq!(shown(sound), ["product", "signature"]);
        assert_eq!(shown(br#"{"x": NaN}"#), ["build", "product", "signature"]);
        let broken: [&[u8]; 4] = [
            b"MDMP",
            br#"{"x": NaN, "Comments": "cut off"#,
            br#"{"metadata": {"protected": ["BuildID"], "x": NaN}}"#,
            b"{\"metadata\": {\"protected\": [\"\xff\"]}}",
        ];
        for metadata in broken {
            assert_eq!(shown(metadata), ["signature"], "{}", metadata.escape_ascii());
        }
    }

    #[test]
    fn only_public_fields_are_made_of_annotations() {
        for (_, fields) in MADE_OF {
            assert!(fields.iter().all(|field| is_public(field)), "{fields:?}");
        }
    }

    #[test]
    fn the_list_is_in_order_and_names_nothing_twice() {
        assert!(PUBLIC.is_sorted_by(|a, b| a < b));
    }
}
