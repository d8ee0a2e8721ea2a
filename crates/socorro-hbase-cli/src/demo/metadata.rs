//! What a crash reporter of 2012 posts with each of the demo's crashes.

use crate::args::Misbehaviour as Kind;

/// The fields, in the order in which they are posted. The collector adds its own.
pub(super) fn of(kind: Kind, crashed: i64, hang: &str) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("ProductName", "Firefox".to_owned()),
        ("Version", if kind == Kind::Abort { "13.0a2" } else { "12.0" }.to_owned()),
        ("BuildID", "20120420145725".to_owned()),
        ("ReleaseChannel", if kind == Kind::Abort { "aurora" } else { "release" }.to_owned()),
        ("CrashTime", crashed.to_string()),
    ];
    if kind.is_plugin() {
        fields.push(("ProcessType", "plugin".to_owned()));
        fields.push(("PluginName", "Shockwave Flash".to_owned()));
        fields.push(("PluginFilename", "libflashplayer.so".to_owned()));
        fields.push(("PluginVersion", "11.2.202.235".to_owned()));
    }
    if kind.is_hang() {
        fields.push(("HangID", hang.to_owned()));
    }
    fields
}
