//! A crash report as it was received, before anything was decided about it.

use bytes::Bytes;
use socorro_hbase_client::{Annotations, DumpName};

/// A crash report: what a client says of a crash, and its dumps.
#[derive(Debug, Clone)]
pub(crate) struct CrashReport {
    pub(crate) annotations: Annotations,
    /// Each name once.
    pub(crate) dumps: Vec<(DumpName, Bytes)>,
    /// What was odd about it.
    pub(crate) notes: Vec<String>,
    pub(crate) payload: Payload,
    pub(crate) is_compressed: bool,
    /// Bytes of the request as it was sent.
    pub(crate) size: u64,
}

/// How the annotations came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// As one part of JSON.
    Json,
    /// As a part each.
    Multipart,
}

impl Payload {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Multipart => "multipart",
        }
    }
}
