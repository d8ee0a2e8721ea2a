//! Every row key, column and counter name of the interchange format.

use super::schema;
use crate::model::{CrashId, DumpName, LegacyProcessing, ProcessType, index_text};

pub(crate) const FLAGS_PROCESSED: &str = "flags:processed";
pub(crate) const FLAGS_LEGACY_PROCESSING: &str = "flags:legacy_processing";
/// There while a submission is under way: the crash is stored, but not counted yet. Not of the
/// interchange format, whose readers name the columns that they want; see `lifecycle`.
pub(crate) const FLAGS_UNCOUNTED: &str = "flags:uncounted";
/// When the raw data was read that a crash's result was made of, in milliseconds since 1970, where
/// `flags:processed` has a later time: the cells' times are the same then. Not of the interchange format.
pub(crate) const FLAGS_READ: &str = "flags:read";
/// What the columns begin with that are there while a crash is put back into its queues, one for each who does
/// so. Not of the interchange format.
pub(crate) const FLAGS_REQUEUEING: &str = "flags:requeueing:";
pub(crate) const IDS_HANG: &str = "ids:hang";
/// In the crash row and in all indexes but the hang indexes.
pub(crate) const IDS_OOID: &str = "ids:ooid";
pub(crate) const META_DATA_JSON: &str = "meta_data:json";
pub(crate) const PROCESSED_DATA_JSON: &str = "processed_data:json";
pub(crate) const PROCESSED_DATA_SIGNATURE: &str = "processed_data:signature";
/// The family of dumps.
pub(crate) const RAW_DATA: &str = "raw_data";
pub(crate) const RAW_DATA_DUMP: &str = "raw_data:dump";
pub(crate) const TIMESTAMPS_PROCESSED: &str = "timestamps:processed";
pub(crate) const TIMESTAMPS_SUBMITTED: &str = "timestamps:submitted";

pub(crate) const NOT_PROCESSED: &str = "N";
pub(crate) const YES: &str = "Y";

/// The characters that row keys begin with, so that they are spread over the cluster's regions.
pub(crate) const SALTS: &str = "0123456789abcdef";

pub(crate) const QUEUE_SIZES_ROW: &str = "crash_report_queue";
pub(crate) const UNPROCESSED_SIZE: &str = "counters:current_unprocessed_size";
pub(crate) const LEGACY_UNPROCESSED_SIZE: &str = "counters:current_legacy_unprocessed_size";
/// In the queues' rows, in a family that the interchange format has but doesn't use: who has taken
/// the crash, and until when (see `lifecycle`).
pub(crate) const CLAIM: &str = "processor_state:claim";

/// In the queues' rows, as [`CLAIM`].
pub(crate) const PROCESSOR_STATE: &str = "processor_state";

/// The counter of a queue's entries; `None` for a table that is no queue.
pub(crate) fn queue_size(table: &str) -> Option<&'static str> {
    match table {
        schema::UNPROCESSED_FLAG => Some(UNPROCESSED_SIZE),
        schema::LEGACY_UNPROCESSED_FLAG => Some(LEGACY_UNPROCESSED_SIZE),
        _ => None,
    }
}

/// Both queues, the general one first.
pub(crate) const QUEUES: [&str; 2] = [schema::UNPROCESSED_FLAG, schema::LEGACY_UNPROCESSED_FLAG];

/// Salt, date, name: the crashes of a day lie together in each of the 16 salts.
pub(crate) fn crash_row(id: &CrashId) -> Vec<u8> {
    let name = id.as_bytes();
    let date = &name[name.len().saturating_sub(DATE)..];
    [&[id.salt()], date, name].concat()
}

/// The keys that rows had before they were salted: date and name, and the bare name.
pub(crate) fn old_crash_rows(id: &CrashId) -> [Vec<u8>; 2] {
    [crash_row(id).split_off(1), id.as_bytes().to_vec()]
}

/// Which crash a row of the crash table is, by its key alone; `None` if it is of no known form.
pub(crate) fn id_of_crash_row(key: &[u8]) -> Option<CrashId> {
    // From the longest form to the shortest; a name shorter than a date is its own date.
    let salted = (1..=DATE).rev().map(|date| 1 + date);
    salted
        .filter_map(|skipped| CrashId::new(key.get(skipped..)?).ok())
        .find(|id| crash_row(id) == key)
}

const DATE: usize = 6;

/// With a name and what else is in a key, as long as HBase allows.
const LONGEST_PART: usize = 31_000;

/// A stored value that is part of keys of other rows; `None` if it is too long for that.
pub(crate) fn part_of_key(bytes: &[u8]) -> Option<Vec<u8>> {
    (bytes.len() <= LONGEST_PART).then(|| bytes.to_vec())
}

/// Salt, time, name: an index in order of submission.
pub(crate) fn time_row(id: &CrashId, time: &[u8]) -> Vec<u8> {
    [&[id.salt()], index_text(time), id.as_bytes()].concat()
}

/// What stands for the time of a crash that has none, as the Python client has it.
pub(crate) const NO_TIME: &[u8] = b"unknown";

/// Salt, time, hang id; salted by the hang so that both halves may lie together.
pub(crate) fn hang_time_row(hang: &[u8], time: &[u8]) -> Vec<u8> {
    [&hang[..hang.len().min(1)], index_text(time), hang].concat()
}

/// Signature, name: not salted, so that the crashes of a signature lie together.
pub(crate) fn signature_row(signature: &[u8], id: &CrashId) -> Vec<u8> {
    [signature, id.as_bytes()].concat()
}

/// A hang's halves share a row; the qualifier, which contains a colon, tells them apart.
pub(crate) fn hang_column(process_type: &[u8]) -> Vec<u8> {
    [IDS_OOID.as_bytes(), b":", process_type].concat()
}

/// The column of a dump in the crash's row.
pub(crate) fn dump_column(name: &DumpName) -> Vec<u8> {
    format!("{RAW_DATA}:{name}").into_bytes()
}

/// The name of the dump in a column; `None` for a column of another family.
pub(crate) fn dump_name(column: &[u8]) -> Option<DumpName> {
    let name = column.strip_prefix(RAW_DATA.as_bytes())?.strip_prefix(b":")?;
    Some(DumpName::stored(name))
}

pub(crate) const SUBMITTED: &str = "counters:submitted_crash_reports";
pub(crate) const THROTTLED: &str = "counters:submitted_crash_reports_legacy_throttle_";
pub(crate) const HANG_PAIRS: &str = "counters:submitted_crash_report_hang_pairs";
/// Around a process type.
pub(crate) const OUT_OF_PROCESS: (&str, &str) = ("counters:submitted_oop_", "_crash_reports");

/// Whether a column counts submissions; others may stand beside it, and are others' business.
pub(crate) fn is_of_submissions(column: &str) -> bool {
    let (before, after) = OUT_OF_PROCESS;
    column == SUBMITTED
        || column == HANG_PAIRS
        || column.starts_with(THROTTLED)
        || (column.starts_with(before) && column.ends_with(after))
}

/// The counters that a submission adds one to, in each of its time rows.
///
/// A pair is counted once, with the half that isn't the main process.
pub(crate) fn submission_counters(
    throttle: Option<LegacyProcessing>,
    process_type: &str,
    is_hang: bool,
) -> Vec<String> {
    let mut counters = vec![SUBMITTED.to_owned()];
    counters.extend(throttle.map(|throttle| format!("{THROTTLED}{}", throttle.number())));
    if process_type == ProcessType::DEFAULT {
        return counters;
    }
    let (before, after) = OUT_OF_PROCESS;
    counters.push(if is_hang {
        HANG_PAIRS.to_owned()
    } else {
        format!("{before}{process_type}{after}")
    });
    counters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Date, OffsetDateTime};

    use super::*;
    use crate::model::{Ooid, SubmittedTimestamp};

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    const HANG: &[u8] = b"2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    const TIME: &[u8] = b"2012-05-08T20:50:50.123456+00:00";

    fn id(text: &str) -> CrashId {
        text.parse().unwrap()
    }

    #[test]
    fn a_crash_row_is_salt_date_ooid() {
        assert_eq!(crash_row(&id(OOID)), b"61205086d8a2b4e-9c1f-4e57-8b3a-0f2c42120508");
    }

    #[test]
    fn a_row_of_any_name_tells_the_name() {
        for name in [OOID, "abc", "ABCDEF", "6D8A2B4E-9C1F-4E57-8B3A-0F2C42120508", "x", "a\u{e9}b"]
        {
            let name = CrashId::new(name).unwrap();
            assert_eq!(id_of_crash_row(&crash_row(&name)), Some(name));
        }
        assert_eq!(id_of_crash_row(b"something else"), None);
        assert_eq!(id_of_crash_row(OOID.as_bytes()), None);
    }

    #[test]
    fn a_time_row_is_salt_time_without_offset_ooid() {
        let expected = b"62012-05-08T20:50:50.1234566d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
        assert_eq!(time_row(&id(OOID), TIME), expected);
    }

    #[test]
    fn hang_rows_are_salted_by_the_hang() {
        let expected = b"22012-05-08T20:50:50.1234562f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
        assert_eq!(hang_time_row(HANG, TIME), expected);
    }

    #[test]
    fn the_halves_of_a_hang_have_columns_of_their_own() {
        assert_eq!(hang_column(b"plugin"), b"ids:ooid:plugin");
        let main = ProcessType::default();
        assert_eq!(hang_column(main.as_str().as_bytes()), b"ids:ooid:default");
    }

    #[test]
    fn a_dumps_column_is_named_after_it() {
        assert_eq!(dump_column(&DumpName::default()), b"raw_data:dump");
        let plugin: DumpName = "upload_file_minidump_plugin".parse().unwrap();
        assert_eq!(dump_column(&plugin), b"raw_data:upload_file_minidump_plugin");
        assert_eq!(dump_name(&dump_column(&plugin)), Some(plugin));
    }

    #[test]
    fn counters_are_those_of_the_throttle_and_the_process() {
        let counters = |process_type: &str, is_hang| {
            submission_counters(Some(LegacyProcessing::Defer), process_type, is_hang)
        };
        let all = [SUBMITTED, "counters:submitted_crash_reports_legacy_throttle_1"];
        assert_eq!(counters("default", true), all);
        let plugin = "counters:submitted_oop_plugin_crash_reports";
        assert_eq!(counters("plugin", false), [all[0], all[1], plugin]);
        assert_eq!(counters("plugin", true), [all[0], all[1], HANG_PAIRS]);
    }

    prop_compose! {
        fn any_ooid()(days in 0..36_000_i64) -> Ooid {
            let first = Date::from_calendar_date(2000, time::Month::January, 1).unwrap();
            Ooid::generate(first + time::Duration::days(days)).unwrap()
        }
    }

    proptest! {
        #[test]
        fn a_crash_row_has_one_length_and_the_ooid_in_it(ooid in any_ooid()) {
            let row = crash_row(&ooid.into());
            prop_assert_eq!(row.len(), 43);
            prop_assert!(row.ends_with(ooid.as_str().as_bytes()));
            prop_assert_eq!(id_of_crash_row(&row), Some(ooid.into()));
        }

        #[test]
        fn time_rows_of_one_salt_sort_by_time(
            a in any_ooid(), b in any_ooid(),
            early in 0..2_000_000_000_i64, later in 1..1_000_000_i64,
        ) {
            let row = |ooid: Ooid, seconds| {
                let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
                time_row(&ooid.into(), SubmittedTimestamp::from(time).as_str().as_bytes())
            };
            if a.salt() == b.salt() {
                prop_assert!(row(a, early) < row(b, early + later));
            }
        }

        #[test]
        fn different_crashes_never_share_a_row(
            a in proptest::collection::vec(b'a'..b'c', 1..9), b in proptest::collection::vec(b'a'..b'c', 1..9),
        ) {
            let (a, b) = (CrashId::new(a).unwrap(), CrashId::new(b).unwrap());
            // Of names as short as a date, some do: they are told apart by `ids:ooid`.
            if a.as_bytes().len().min(b.as_bytes().len()) > 6 {
                prop_assert_eq!(crash_row(&a) == crash_row(&b), a == b);
            }
        }
    }
}
