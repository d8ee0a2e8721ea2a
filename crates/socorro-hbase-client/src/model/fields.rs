//! The values that metadata fields may have, as types: throttling, hang ids, process types.
//!
//! As lenient as row keys, columns and counters allow. Which field holds which
//! value, and whether it may be absent, is left to `metadata`.

use std::{fmt, str::FromStr};

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

/// The text that both halves of a hang (plugin and browser) carry, usually a UUID: 1 to 512 bytes.
#[doc(alias = "HangID")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HangId(String);

/// The kind of process that crashed: `default` (the browser), `plugin`, `content`, …
///
/// It becomes part of column and counter names: any text of up to 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProcessType(String);

/// A text is no process type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a process type has at most 256 bytes")]
pub struct ProcessTypeError(());

/// A text is no hang id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hang id has 1 to 512 bytes")]
pub struct HangIdError(());

const MAX_PROCESS_TYPE: usize = 256;
const MAX_HANG_ID: usize = 512;

impl LegacyProcessing {
    /// The number that stands in metadata and counter names: 0, 1 or 2.
    pub fn number(self) -> u8 {
        match self {
            Self::Accept => 0,
            Self::Defer => 1,
            Self::Discard => 2,
        }
    }

    #[allow(clippy::float_cmp, reason = "these whole numbers are exact")]
    pub(crate) fn from_number(number: f64) -> Option<Self> {
        [Self::Accept, Self::Defer, Self::Discard]
            .into_iter()
            .find(|decision| f64::from(decision.number()) == number)
    }
}

impl HangId {
    /// The hang id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HangId {
    type Err = HangIdError;

    fn from_str(text: &str) -> Result<Self, HangIdError> {
        let fits = (1..=MAX_HANG_ID).contains(&text.len());
        fits.then(|| Self(text.to_owned())).ok_or(HangIdError(()))
    }
}

impl ProcessType {
    /// The main process, as it is named where metadata doesn't say.
    pub(crate) const DEFAULT: &str = "default";

    /// The process type as text.
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
        let fits = text.len() <= MAX_PROCESS_TYPE;
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
