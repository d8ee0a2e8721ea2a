//! A received crash, decided about and complete: what is stored, now or from the spool.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use socorro_hbase_client::{
    CrashMetadata, DumpName, Dumps, LegacyProcessing, MetadataError, NewReport, Ooid,
    SubmittedTimestamp, time::OffsetDateTime,
};

use crate::{report::CrashReport, request::as_posted, throttle::Decision};

/// A crash as it will be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) ooid: Ooid,
    pub(crate) metadata: CrashMetadata,
    pub(crate) dumps: Vec<(DumpName, Bytes)>,
}

/// Who sent it, and when.
pub(crate) struct Origin<'a> {
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) received: OffsetDateTime,
}

/// What of a crash others don't see.
pub(crate) struct Privacy<'a> {
    /// Annotations that nobody keeps.
    pub(crate) dropped: &'a [String],
    /// Annotations that are kept for those who are trusted.
    pub(crate) protected: &'a [String],
}

impl Crash {
    /// Adds what the collector knows, and removes what it keeps to itself.
    pub(crate) fn new(
        report: CrashReport,
        ooid: Ooid,
        decision: &Decision,
        privacy: &Privacy<'_>,
        origin: &Origin<'_>,
    ) -> Result<Self, MetadataError> {
        let CrashReport { mut annotations, dumps, mut notes, payload, is_compressed, size } =
            report;
        for field in privacy.dropped {
            if annotations.remove(field) {
                notes.push(format!("Removed {field} from raw crash."));
            }
        }
        let protected: Vec<_> =
            privacy.protected.iter().filter(|field| annotations.contains(field)).collect();
        let checksums: Map<String, Value> = dumps
            .iter()
            .map(|(name, dump)| {
                (as_posted(name).to_owned(), hex::encode(Sha256::digest(dump)).into())
            })
            .collect();
        let legacy = match decision.legacy_processing() {
            None | Some(LegacyProcessing::Accept) => 0,
            Some(LegacyProcessing::Defer) => 1,
            Some(LegacyProcessing::Discard) => 2,
        };
        // Python's `time.time()`.
        let timestamp =
            f64::from(u32::try_from(origin.received.unix_timestamp()).unwrap_or(u32::MAX))
                + f64::from(origin.received.microsecond()) / 1e6;
        annotations.set("submitted_timestamp", SubmittedTimestamp::from(origin.received).as_str());
        annotations.set_json("timestamp", &json!(timestamp));
        annotations.set_json("legacy_processing", &json!(legacy));
        annotations.set("uuid", ooid.as_str());
        let mut own = json!({
            "payload": payload.word(),
            "payload_compressed": if is_compressed { "1" } else { "0" },
            "payload_size": size,
            "collector_notes": notes,
            "dump_checksums": checksums,
            "user_agent": origin.user_agent.unwrap_or("None"),
            "throttle_rule": decision.rule().unwrap_or("none"),
        });
        if !protected.is_empty() {
            own["protected"] = json!(protected);
        }
        annotations.set_json("metadata", &own);
        let metadata = CrashMetadata::from_json(annotations.to_json())?;
        Ok(Self { ooid, metadata, dumps })
    }

    /// The crash as the store takes it.
    pub(crate) fn report(&self) -> NewReport<'_> {
        let dumps = self
            .dumps
            .iter()
            .fold(Dumps::none(), |dumps, (name, dump)| dumps.with(name.clone(), dump.as_ref()));
        NewReport::new(self.ooid, &self.metadata, dumps)
    }

    /// Bytes of metadata and dumps.
    pub(crate) fn size(&self) -> usize {
        self.metadata.json().len() + self.dumps.iter().map(|(_, dump)| dump.len()).sum::<usize>()
    }
}
