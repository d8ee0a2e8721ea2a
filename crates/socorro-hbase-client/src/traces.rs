//! What a crash leaves in other tables: the rows of indexes and queues that name it.
//!
//! For one answer to "where is it named?", whether it is being submitted, moved, removed or
//! checked. What is done with those cells is left to the callers.

use std::collections::BTreeSet;

use hbase_thrift_client::{Delete, Get, Increment, Put, Row};

use crate::{
    fields::LegacyProcessing,
    keys,
    metadata::{CrashMetadata, stored_legacy_processing, stored_process_type},
    ooid::Ooid,
    processed::signature_row,
    schema,
};

/// What decides where a crash is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// As it is stored, which other programs don't check.
    pub(crate) submitted: Option<String>,
    pub(crate) is_legacy: bool,
    pub(crate) hang: Option<String>,
    pub(crate) process_type: String,
    pub(crate) signature: Option<Vec<u8>>,
}

/// A cell in an index or a queue whose value is the crash's ooid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trace {
    pub(crate) table: &'static str,
    pub(crate) row: Vec<u8>,
    pub(crate) column: String,
}

/// What a crash's row says about the crash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredCrash {
    pub(crate) traits: Traits,
    /// Absent where something else than a submission made the row.
    pub(crate) is_processed: Option<bool>,
    /// Whether a submission has come as far as to write the whole row.
    pub(crate) is_submitted: bool,
    /// Whether the submission hasn't come as far as to count it.
    pub(crate) is_uncounted: bool,
    pub(crate) legacy_processing: Option<LegacyProcessing>,
    /// When the row was written last, in milliseconds since 1970.
    pub(crate) written: i64,
}

impl Traits {
    pub(crate) fn of_metadata(metadata: &CrashMetadata) -> Self {
        Self {
            submitted: Some(metadata.submitted().as_str().to_owned()),
            is_legacy: metadata.legacy_processing() == LegacyProcessing::Accept,
            hang: metadata.hang_id().map(|hang| hang.as_str().to_owned()),
            process_type: metadata.process_type().as_str().to_owned(),
            signature: None,
        }
    }

    /// The cells of indexes, without the queues.
    pub(crate) fn indexes(&self, ooid: &Ooid) -> BTreeSet<Trace> {
        let mut traces = BTreeSet::new();
        if let Some(submitted) = &self.submitted {
            let row = keys::time_row(ooid, submitted).into_bytes();
            traces.insert(Trace::of_ooid(schema::SUBMITTED_TIME, row.clone()));
            if self.is_legacy {
                traces.insert(Trace::of_ooid(schema::LEGACY_SUBMITTED_TIME, row));
            }
        }
        if let Some(signature) = &self.signature {
            traces.insert(Trace::of_signature(ooid, signature));
        }
        traces.extend(self.hang_indexes());
        traces
    }

    /// The general queue's row, and the legacy queue's where the crash belongs there.
    pub(crate) fn queues(&self, ooid: &Ooid) -> Vec<Trace> {
        let Some(submitted) = &self.submitted else { return Vec::new() };
        let row = keys::time_row(ooid, submitted).into_bytes();
        let mut traces = vec![Trace::of_ooid(schema::UNPROCESSED_FLAG, row.clone())];
        if self.is_legacy {
            traces.push(Trace::of_ooid(schema::LEGACY_UNPROCESSED_FLAG, row));
        }
        traces
    }

    pub(crate) fn hang_indexes(&self) -> impl Iterator<Item = Trace> {
        let hang = self.hang.as_deref().filter(|hang| !hang.is_empty());
        let by_time = hang.zip(self.submitted.as_deref()).map(|(hang, submitted)| {
            (schema::HANG_ID_SUBMITTED_TIME, keys::hang_time_row(hang, submitted))
        });
        let by_id = hang.map(|hang| (schema::HANG_ID, hang.to_owned()));
        by_time.into_iter().chain(by_id).map(|(table, row)| {
            let column = keys::hang_column(&self.process_type);
            Trace { table, row: row.into_bytes(), column }
        })
    }
}

impl Trace {
    pub(crate) fn of_signature(ooid: &Ooid, signature: &[u8]) -> Self {
        Self::of_ooid(schema::SIGNATURE_OOID, signature_row(signature, ooid))
    }

    pub(crate) fn in_queue(table: &'static str, ooid: &Ooid, submitted: &str) -> Self {
        Self::of_ooid(table, keys::time_row(ooid, submitted).into_bytes())
    }

    /// The change of the counter of the queue's size, if it is a queue.
    pub(crate) fn size_step(&self, amount: i64) -> Option<Increment> {
        let column = keys::queue_size(self.table)?;
        Some(Increment::new(keys::QUEUE_SIZES_ROW, column, amount))
    }

    pub(crate) fn of_ooid(table: &'static str, row: Vec<u8>) -> Self {
        Self { table, row, column: keys::IDS_OOID.to_owned() }
    }

    pub(crate) fn put(&self, ooid: &Ooid) -> Put {
        Put::new(self.row.clone()).column(self.column.as_str(), ooid.as_str())
    }

    pub(crate) fn get(&self) -> Get {
        Get::new(self.row.clone()).column(self.column.as_str())
    }

    /// The whole row, whatever a queue's takers have written there; of a hang's rows, which its
    /// other half shares, only the cell.
    pub(crate) fn delete(&self) -> Delete {
        let delete = Delete::row(self.row.clone());
        if self.column == keys::IDS_OOID { delete } else { delete.column(self.column.as_str()) }
    }

    /// Whether the cell that was read names this crash.
    pub(crate) fn names(&self, row: Option<&Row>, ooid: &Ooid) -> bool {
        row.and_then(|row| row.get(&self.column)) == Some(ooid.as_str().as_bytes())
    }
}

/// The columns that [`StoredCrash::of_row`] reads.
pub(crate) const STATE_COLUMNS: [&str; 5] =
    ["flags", "ids", "timestamps", keys::META_DATA_JSON, keys::PROCESSED_DATA_SIGNATURE];

impl StoredCrash {
    pub(crate) fn of_row(row: &Row) -> Self {
        let text =
            |column: &str| row.get(column).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let metadata: serde_json::Map<_, _> = row
            .get(keys::META_DATA_JSON)
            .and_then(|json| serde_json::from_slice(json).ok())
            .unwrap_or_default();
        Self {
            traits: Traits {
                submitted: text(keys::TIMESTAMPS_SUBMITTED),
                is_legacy: row.get(keys::FLAGS_LEGACY_PROCESSING) == Some(keys::YES.as_bytes()),
                hang: text(keys::IDS_HANG),
                process_type: stored_process_type(&metadata).to_owned(),
                signature: row.get(keys::PROCESSED_DATA_SIGNATURE).map(<[u8]>::to_vec),
            },
            is_processed: row
                .get(keys::FLAGS_PROCESSED)
                .map(|flag| flag != keys::NOT_PROCESSED.as_bytes()),
            is_submitted: row.get(keys::IDS_OOID).is_some(),
            is_uncounted: row.get(keys::FLAGS_UNCOUNTED).is_some(),
            legacy_processing: stored_legacy_processing(&metadata),
            written: row.cells().map(|cell| cell.timestamp()).max().unwrap_or_default(),
        }
    }
}
