//! The state of a crash: what its row says, and since when.

use hbase_thrift_client::{GetVersions, Row};

use super::mark;
use crate::{
    error::{Error, Result},
    layout::{self, Facts, QUEUES},
    model::{
        CrashId, LegacyProcessing, MetadataFields, ProcessType, Protected, SubmittedTimestamp,
    },
    store::CrashStore,
};

/// What a crash's row says about the crash.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts of one row")]
pub(crate) struct StoredCrash {
    pub(crate) id: CrashId,
    pub(crate) row: Vec<u8>,
    pub(crate) facts: Facts,
    /// `flags:processed`; `None` if something else than a submission made the row.
    pub(crate) processed: Option<bool>,
    /// The time of that cell.
    pub(crate) flagged: i64,
    /// Of a processed crash, the moment when its raw data was read, by the queues' clock: the flag's time, or
    /// an earlier one where it had to hide a flag of a server whose clock is ahead. What asked for it to be
    /// processed as late as that, or later, is not answered yet.
    pub(crate) moment: i64,
    /// Whether a submission has written the row.
    pub(crate) is_submitted: bool,
    /// Whether the submission hasn't come as far as to count it.
    pub(crate) is_uncounted: bool,
    /// The time of the mark that says so.
    pub(crate) marked: i64,
    /// When the last one began to put it back into its queues who isn't done, as far as the row tells.
    pub(crate) requeueing: Option<i64>,
    /// How many of its entries the size of each queue has all the same, as the mark tells.
    pub(crate) counted: [usize; QUEUES.len()],
    pub(crate) has_metadata: bool,
    /// When the metadata was written.
    pub(crate) described: Option<i64>,
    /// Which annotations its collector was told to protect.
    pub(crate) protected: Protected,
    /// Whether metadata is there, but what it says about indexes and counters is unknown.
    pub(crate) is_unreadable: bool,
    /// `None` if it is unknown.
    pub(crate) throttle: Option<LegacyProcessing>,
    /// When the row was written last, in milliseconds since 1970.
    pub(crate) written: i64,
}

/// The columns that [`StoredCrash::of_row`] reads: all but the data.
pub(crate) const STATE_COLUMNS: [&str; 5] =
    ["flags", "ids", "timestamps", layout::META_DATA_JSON, layout::PROCESSED_DATA_SIGNATURE];

/// For how long a submission may be under way, in milliseconds: far longer than one takes.
const UNDER_WAY: i64 = 10 * 60 * 1000;
/// The same of a request to process a crash once more, which is a few small calls. One that failed, and is made
/// again, keeps the crash from workers for this long.
const REQUEUEING: i64 = 2 * 60 * 1000;

/// How many versions of metadata and signatures are kept.
const VERSIONS: u32 = 3;

impl StoredCrash {
    /// Of a row of the crash table; `None` if the row doesn't say which crash it is.
    pub(crate) fn of_any_row(row: &Row) -> Option<Self> {
        let by_key = layout::id_of_crash_row(row.key());
        let named = row.get(layout::IDS_OOID).and_then(|name| CrashId::new(name).ok());
        let is_right = |id: &CrashId| {
            let old = layout::old_crash_rows(id);
            layout::crash_row(id) == row.key() || old.iter().any(|old| old == row.key())
        };
        let id = named.filter(is_right).or(by_key)?;
        Some(Self::of_row(id, row))
    }

    pub(crate) fn of_row(id: CrashId, row: &Row) -> Self {
        // A key can't be as long as a cell; what is longer can't be where it decides.
        let bytes = |column: &str| row.get(column).and_then(layout::part_of_key);
        let is_cut = [layout::TIMESTAMPS_SUBMITTED, layout::IDS_HANG].iter().any(|column| {
            row.get(column).is_some_and(|bytes| layout::part_of_key(bytes).is_none())
        });
        let json = row.get(layout::META_DATA_JSON);
        let fields = json.and_then(MetadataFields::read);
        let (throttle, process_type) = match fields {
            Some(fields) => read_fields(fields),
            None => (None, None),
        };
        let flag = row.cell(layout::FLAGS_PROCESSED);
        let flagged = flag.map_or(i64::MIN, |flag| flag.timestamp());
        // Of another result than the flag's, it says nothing.
        let read = row.cell(layout::FLAGS_READ).filter(|read| read.timestamp() == flagged);
        let read = read.and_then(|read| str::from_utf8(read.value()).ok()?.parse().ok());
        let mark = row.cell(layout::FLAGS_UNCOUNTED);
        let is_requeueing =
            |column: Vec<u8>| column.starts_with(layout::FLAGS_REQUEUEING.as_bytes());
        let requeueing = row.cells().filter(|cell| is_requeueing(cell.column().to_vec()));
        let requeueing = requeueing.map(|cell| cell.timestamp());
        Self {
            id,
            row: row.key().to_vec(),
            facts: Facts {
                submitted: bytes(layout::TIMESTAMPS_SUBMITTED),
                is_legacy: row.get(layout::FLAGS_LEGACY_PROCESSING) == Some(layout::YES.as_bytes()),
                hang: bytes(layout::IDS_HANG),
                process_type: process_type.clone(),
                signature: bytes(layout::PROCESSED_DATA_SIGNATURE),
                completed: bytes(layout::TIMESTAMPS_PROCESSED),
            },
            processed: flag.map(|flag| flag.value() == layout::YES.as_bytes()),
            flagged,
            moment: read.unwrap_or(flagged),
            is_submitted: row.get(layout::IDS_OOID).is_some(),
            is_uncounted: mark.is_some(),
            marked: mark.map_or(i64::MIN, |mark| mark.timestamp()),
            requeueing: requeueing.max(),
            counted: mark.map_or([0; QUEUES.len()], |mark| mark::counted(mark.value())),
            has_metadata: json.is_some(),
            protected: json.map(Protected::of_json).unwrap_or_default(),
            described: row.cell(layout::META_DATA_JSON).map(|cell| cell.timestamp()),
            is_unreadable: is_cut
                || json.is_some() && (throttle.is_none() || process_type.is_none()),
            throttle,
            written: row.cells().map(|cell| cell.timestamp()).max().unwrap_or_default(),
        }
    }

    pub(crate) fn is_processed(&self) -> bool {
        self.processed == Some(true)
    }

    /// Whether it is processed, and so needs no processing when it is submitted again. What is left of a crash
    /// that was removed may be the flag alone, of a result that is gone.
    pub(crate) fn has_result(&self) -> bool {
        let Facts { signature, completed, .. } = &self.facts;
        let is_flag_alone = self.is_leftover() && signature.is_none() && completed.is_none();
        self.is_processed() && !is_flag_alone
    }

    /// Whether the row is no crash, but cells that came when the crash was gone already, or before it
    /// came: every client writes the metadata first.
    pub(crate) fn is_leftover(&self) -> bool {
        !self.has_metadata
    }

    /// Whether a submission came to its end, as far as the row tells. Every client writes with the rest
    /// whether the crash is processed; what is there without it was put by one that found a crash, which
    /// was removed then.
    pub(crate) fn is_whole(&self) -> bool {
        let is_known = self.processed.is_some() || self.facts.completed.is_some();
        self.is_submitted && !self.is_leftover() && !self.is_uncounted && is_known
    }

    /// Whether an entry of a queue, by its time, asks for something that is still to be done.
    pub(crate) fn is_requested(&self, version: i64) -> bool {
        !self.is_processed() || version >= self.moment
    }

    /// Whether somebody may still be about to submit it, or to ask for it once more, at this time: then it
    /// isn't worked on. Its entries are written one after the other, and may be written once more, each with a
    /// new version, which would ask for it once more.
    pub(crate) fn is_under_way(&self, now: i64) -> bool {
        let submitting = self.is_uncounted && now.saturating_sub(self.marked) < UNDER_WAY;
        let is_recent = |marked| now.saturating_sub(marked) < REQUEUEING;
        submitting || self.requeueing.is_some_and(is_recent)
    }

    /// When it was submitted, if that is a time.
    pub(crate) fn time(&self) -> Option<SubmittedTimestamp> {
        str::from_utf8(self.facts.submitted.as_deref()?).ok()?.parse().ok()
    }

    /// What the metadata of earlier submissions says, as far as it is kept.
    pub(crate) fn earlier_facts(&self, store: &CrashStore) -> Result<Vec<Facts>> {
        let versions = self.versions(store, layout::META_DATA_JSON)?;
        let facts = versions.iter().skip(1).filter_map(|json| {
            let fields = MetadataFields::read(json)?;
            let submitted = fields.submitted.clone().or_none()?.as_str().as_bytes().to_vec();
            let hang = fields.hang_id.clone().or_none();
            let (throttle, process_type) = read_fields(fields);
            Some(Facts {
                submitted: Some(submitted),
                is_legacy: throttle == Some(LegacyProcessing::Accept),
                hang: hang.map(|hang| hang.as_str().as_bytes().to_vec()),
                process_type,
                signature: None,
                completed: None,
            })
        });
        Ok(facts.collect())
    }

    /// The signatures that it was found by before, as far as they are kept.
    pub(crate) fn earlier_signatures(&self, store: &CrashStore) -> Result<Vec<Vec<u8>>> {
        let signatures = self.versions(store, layout::PROCESSED_DATA_SIGNATURE)?;
        Ok(signatures.iter().filter_map(|signature| layout::part_of_key(signature)).collect())
    }

    fn versions(&self, store: &CrashStore, column: &str) -> Result<Vec<Vec<u8>>> {
        let get = GetVersions::new(self.row.as_slice(), column, VERSIONS);
        let versions = store.table(layout::CRASH_REPORTS).get_versions(&get).map_err(|error| {
            Error::of_read(
                format!("the earlier data of crash {} could not be read", self.id),
                error,
            )
        })?;
        Ok(versions.into_iter().map(|version| version.value).collect())
    }
}

fn read_fields(fields: MetadataFields) -> (Option<LegacyProcessing>, Option<Vec<u8>>) {
    let process_type = fields.process_type.or_absent(ProcessType::default());
    (
        fields.legacy_processing.or_absent(LegacyProcessing::default()),
        process_type.map(|process_type| process_type.as_str().as_bytes().to_vec()),
    )
}

/// As [`read_crashes`], of those rows alone where a submission puts crashes. One round trip.
pub(crate) fn read_new_crashes(
    store: &CrashStore,
    ids: &[CrashId],
) -> Result<Vec<Option<StoredCrash>>> {
    let rows = store.read_keys(ids.iter().map(layout::crash_row), &STATE_COLUMNS, ids.len())?;
    let stored = ids.iter().zip(rows);
    Ok(stored.map(|(id, row)| Some(StoredCrash::of_row(id.clone(), &row?))).collect())
}

/// Reads crashes' states, in the order of their names; one round trip, and one more for those that
/// aren't where a crash should be: there may be rows of before they were salted.
pub(crate) fn read_crashes(
    store: &CrashStore,
    ids: &[CrashId],
) -> Result<Vec<Option<StoredCrash>>> {
    let rows = store.read_rows(ids, &STATE_COLUMNS)?;
    let stored = ids.iter().zip(rows);
    Ok(stored.map(|(id, row)| Some(StoredCrash::of_row(id.clone(), &row?))).collect())
}

impl CrashStore {
    /// Some columns of crashes' rows, wherever they are; in one round trip if all are found.
    pub(crate) fn read_rows(&self, ids: &[CrashId], columns: &[&str]) -> Result<Vec<Option<Row>>> {
        let mut rows = self.read_keys(ids.iter().map(layout::crash_row), columns, ids.len())?;
        for (id, row) in ids.iter().zip(&mut rows) {
            row.take_if(|row| !is_row_of(id, row));
        }
        let missing: Vec<usize> =
            rows.iter().enumerate().filter(|(_, row)| row.is_none()).map(|(n, _)| n).collect();
        if missing.is_empty() {
            return Ok(rows);
        }
        let keys = missing.iter().flat_map(|number| layout::old_crash_rows(&ids[*number]));
        let mut found = self.read_keys(keys, columns, missing.len())?.into_iter();
        for number in missing {
            let olds = [found.next().flatten(), found.next().flatten()];
            let is_it = |row: &Row| is_row_of(&ids[number], row);
            rows[number] = olds.into_iter().flatten().find(is_it);
        }
        Ok(rows)
    }

    fn read_keys(
        &self,
        keys: impl Iterator<Item = Vec<u8>>,
        columns: &[&str],
        crashes: usize,
    ) -> Result<Vec<Option<Row>>> {
        let keys: Vec<_> = keys.collect();
        self.get_rows(layout::CRASH_REPORTS, &keys, columns).map_err(|error| {
            let what = if crashes == 1 { "a crash" } else { "crashes" };
            Error::of_read(format!("{what} could not be read"), error)
        })
    }
}

/// Short names may share a row; the row says whose it is.
fn is_row_of(id: &CrashId, row: &Row) -> bool {
    row.get(layout::IDS_OOID).is_none_or(|name| name == id.as_bytes())
}
