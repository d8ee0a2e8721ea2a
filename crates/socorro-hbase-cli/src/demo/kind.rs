//! What is known of each kind of misbehaviour: who does it, and how it is described in the demo.

use crate::args::Misbehaviour as Kind;

impl Kind {
    pub(super) fn story(self) -> &'static str {
        match self {
            Self::Overflow => "the browser overflows its stack",
            Self::Abort => "the browser aborts",
            Self::PluginAbort => "a plugin's process aborts",
            Self::BrowserHang => "the browser waits for a plugin that hangs",
            Self::PluginHang => "the plugin that hangs",
        }
    }

    pub(super) fn thread(self) -> &'static str {
        if self.is_plugin() { "Plugin" } else { "Browser" }
    }

    pub(super) fn is_hang(self) -> bool {
        matches!(self, Self::BrowserHang | Self::PluginHang)
    }

    pub(super) fn is_plugin(self) -> bool {
        matches!(self, Self::PluginAbort | Self::PluginHang)
    }
}
