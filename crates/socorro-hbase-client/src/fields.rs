//! The values that metadata fields may have, as types: throttling, hang ids, process types.
//!
//! For keeping out whatever would break a row key, a column or a counter. Which field holds which
//! value, and whether it may be absent, is left to `metadata`.

use std::{fmt, str::FromStr};

use crate::ooid::{OoidError, check_layout};

/// What the collector's throttler decided about a crash.
///
/// Socorro's `legacy_processing`: only accepted crashes wait in the legacy queue.
#[doc(alias = "legacy_processing")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LegacyProcessing {
    /// 0: to be processed. Metadata that doesn't say counts as this.
    #[default]
    Accept,
    /// 1: kept, and processed only when somebody asks for it.
    Defer,
    /// 2: not wanted.
    Discard,
}

/// The UUID that both halves of a hang (plugin and browser) carry, in lower case.
///
/// Its first character salts a row key, so it is held to the same layout as an ooid.
#[doc(alias = "HangID")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HangId(String);

/// The kind of process that crashed: `default` (the browser), `plugin`, `content`, …
///
/// It becomes part of column and counter names: 1 to 64 ASCII letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProcessType(String);

/// A text is no process type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a process type has 1 to 64 ASCII letters, digits, '-' and '_'")]
pub struct ProcessTypeError(());

const MAX_PROCESS_TYPE: usize = 64;

impl LegacyProcessing {
    /// The number that stands in metadata and counter names: 0, 1 or 2.
    pub fn number(self) -> u8 {
        match self {
            Self::Accept => 0,
            Self::Defer => 1,
            Self::Discard => 2,
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        [Self::Accept, Self::Defer, Self::Discard]
            .into_iter()
            .find(|decision| u64::from(decision.number()) == number)
    }
}

impl HangId {
    /// The hang id as text, 36 ASCII characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HangId {
    type Err = OoidError;

    fn from_str(text: &str) -> Result<Self, OoidError> {
        check_layout(text).map(|()| Self(text.to_owned()))
    }
}

impl ProcessType {
    /// The main process, as it is named where metadata doesn't say.
    pub(crate) const DEFAULT: &str = "default";

    /// The process type as text, ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the main process: metadata without the field, or with `default` in it.
    pub fn is_default(&self) -> bool {
        self.0 == Self::DEFAULT
    }
}

impl Default for ProcessType {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl FromStr for ProcessType {
    type Err = ProcessTypeError;

    fn from_str(text: &str) -> Result<Self, ProcessTypeError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = (1..=MAX_PROCESS_TYPE).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned())).ok_or(ProcessTypeError(()))
    }
}

impl fmt::Display for HangId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for ProcessType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
