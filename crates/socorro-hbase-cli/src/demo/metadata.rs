//! What the collector would have received with each of the demo's crashes.

use serde_json::{Map, Value, json};
use socorro_hbase_client::{Ooid, SubmittedTimestamp, time::OffsetDateTime};

use crate::args::Misbehaviour as Kind;

/// The fields that a crash reporter of 2012 posts, and those that the collector adds.
pub(super) fn of(
    kind: Kind,
    ooid: &Ooid,
    submitted: OffsetDateTime,
    hang: &str,
) -> Map<String, Value> {
    let seconds = submitted.unix_timestamp();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("ProductName", json!("Firefox"));
    set("Version", json!(if kind == Kind::Abort { "13.0a2" } else { "12.0" }));
    set("BuildID", json!("20120420145725"));
    set("ReleaseChannel", json!(if kind == Kind::Abort { "aurora" } else { "release" }));
    set("Vendor", json!("Mozilla"));
    set("URL", json!("https://example.org/video"));
    set("Theme", json!("classic/1.0"));
    set("EMCheckCompatibility", json!("true"));
    set("Throttleable", json!("1"));
    set("InstallTime", json!((seconds - 86_400).to_string()));
    set("StartupTime", json!((seconds - 1_800).to_string()));
    set("CrashTime", json!((seconds - 5).to_string()));
    set("SecondsSinceLastCrash", json!("7200"));
    set("uuid", json!(ooid.as_str()));
    set("submitted_timestamp", json!(SubmittedTimestamp::from(submitted).as_str()));
    set("timestamp", json!(submitted.unix_timestamp()));
    set("legacy_processing", json!(0));
    if kind.is_plugin() {
        set("ProcessType", json!("plugin"));
        set("PluginFilename", json!("libflashplayer.so"));
        set("PluginName", json!("Shockwave Flash"));
        set("PluginVersion", json!("11.2.202.235"));
    }
    if kind.is_hang() {
        set("HangID", json!(hang));
    }
    fields
}
