//! Which fields anybody may see: one list. What isn't on it is protected, unknown fields included.

use serde_json::{Map, Value};

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

/// The members of an object that anybody may see; of what is no object, none.
pub(crate) fn public_part(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(mut fields) => {
            fields.retain(|name, _| is_public(name));
            fields
        }
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_on_the_list_is_left_out() {
        let all = json!({
            "ProductName": "Firefox", "Email": "a@example.org", "URL": "http://x", "Comments": "c",
            "UserID": "1", "NeverHeardOf": 1, "productname": "x"
        });
        assert_eq!(Value::Object(public_part(all)), json!({"ProductName": "Firefox"}));
        assert!(public_part(json!([1])).is_empty());
    }

    #[test]
    fn the_list_is_in_order_and_names_nothing_twice() {
        assert!(PUBLIC.is_sorted_by(|a, b| a < b));
    }
}
