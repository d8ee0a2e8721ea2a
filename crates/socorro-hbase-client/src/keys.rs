//! Every row key, column and counter name of the interchange format.
//!
//! For one place to compare with what Socorro's Python client reads and writes (`hbaseClient.py`).
//! In which order they are written, and together with what, is left to the store.

use crate::{
    fields::{LegacyProcessing, ProcessType},
    ooid::Ooid,
    schema,
    timestamp::index_text,
};

pub(crate) const FLAGS_PROCESSED: &str = "flags:processed";
pub(crate) const FLAGS_LEGACY_PROCESSING: &str = "flags:legacy_processing";
/// There while a submission is under way: the crash is stored, but not counted yet. Not of the
/// interchange format, whose readers name the columns that they want; see `submit`.
pub(crate) const FLAGS_UNCOUNTED: &str = "flags:uncounted";
pub(crate) const IDS_HANG: &str = "ids:hang";
/// In the crash row and in all indexes but the hang indexes.
pub(crate) const IDS_OOID: &str = "ids:ooid";
pub(crate) const META_DATA_JSON: &str = "meta_data:json";
pub(crate) const PROCESSED_DATA_JSON: &str = "processed_data:json";
pub(crate) const PROCESSED_DATA_SIGNATURE: &str = "processed_data:signature";
/// Before a dump's name.
pub(crate) const RAW_DATA: &str = "raw_data:";
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
/// the crash, and until when (see `queue::claim`).
pub(crate) const CLAIM: &str = "processor_state:claim";

/// The counter of a queue's entries; `None` for a table that is no queue.
pub(crate) fn queue_size(table: &str) -> Option<&'static str> {
    match table {
        schema::UNPROCESSED_FLAG => Some(UNPROCESSED_SIZE),
        schema::LEGACY_UNPROCESSED_FLAG => Some(LEGACY_UNPROCESSED_SIZE),
        _ => None,
    }
}

/// Salt, date, ooid: the crashes of a day lie together in each of the 16 salts.
pub(crate) fn crash_row(ooid: &Ooid) -> String {
    format!("{}{}{ooid}", ooid.salt(), ooid.date_digits())
}

/// Salt, time, ooid: an index in order of submission.
pub(crate) fn time_row(ooid: &Ooid, submitted: &str) -> String {
    format!("{}{}{ooid}", ooid.salt(), index_text(submitted))
}

/// Salt, time, hang id; salted by the hang so that both halves may lie together.
pub(crate) fn hang_time_row(hang: &str, submitted: &str) -> String {
    let salt: String = hang.chars().take(1).collect();
    format!("{salt}{}{hang}", index_text(submitted))
}

/// A hang's halves share a row; the qualifier, which contains a colon, tells them apart.
pub(crate) fn hang_column(process_type: &str) -> String {
    format!("{IDS_OOID}:{process_type}")
}

pub(crate) const SUBMITTED: &str = "counters:submitted_crash_reports";
pub(crate) const THROTTLED: &str = "counters:submitted_crash_reports_legacy_throttle_";
pub(crate) const HANG_PAIRS: &str = "counters:submitted_crash_report_hang_pairs";
/// Around a process type.
pub(crate) const OUT_OF_PROCESS: (&str, &str) = ("counters:submitted_oop_", "_crash_reports");

/// The counters that a submission adds one to, in each of its time rows.
///
/// A pair is counted once, with the half that isn't the main process.
pub(crate) fn submission_counters(
    throttle: LegacyProcessing,
    process_type: &str,
    is_hang: bool,
) -> Vec<String> {
    let mut counters = vec![SUBMITTED.to_owned(), format!("{THROTTLED}{}", throttle.number())];
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
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;
    use crate::{metadata::CrashMetadata, timestamp::SubmittedTimestamp};

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    const HANG: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    const TIME: &str = "2012-05-08T20:50:50.123456+00:00";

    fn counters(extra: &serde_json::Value) -> Vec<String> {
        let mut fields = json!({"submitted_timestamp": TIME});
        let all = fields.as_object_mut().unwrap();
        all.extend(extra.as_object().unwrap().clone());
        let crash = CrashMetadata::from_fields(all).unwrap();
        let is_hang = crash.hang_id().is_some();
        submission_counters(crash.legacy_processing(), crash.process_type().as_str(), is_hang)
    }

    #[test]
    fn a_crash_row_is_salt_date_ooid() {
        assert_eq!(
            crash_row(&OOID.parse().unwrap()),
            "61205086d8a2b4e-9c1f-4e57-8b3a-0f2c42120508"
        );
    }

    #[test]
    fn a_time_row_is_salt_time_without_offset_ooid() {
        assert_eq!(
            time_row(&OOID.parse().unwrap(), TIME),
            "62012-05-08T20:50:50.1234566d8a2b4e-9c1f-4e57-8b3a-0f2c42120508"
        );
    }

    #[test]
    fn hang_rows_are_salted_by_the_hang() {
        assert_eq!(
            hang_time_row(HANG, TIME),
            "22012-05-08T20:50:50.1234562f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"
        );
    }

    #[test]
    fn the_halves_of_a_hang_have_columns_of_their_own() {
        assert_eq!(hang_column("plugin"), "ids:ooid:plugin");
        assert_eq!(hang_column(ProcessType::default().as_str()), "ids:ooid:default");
    }

    #[test]
    fn a_crash_of_the_main_process_has_two_counters() {
        let expected = [
            "counters:submitted_crash_reports",
            "counters:submitted_crash_reports_legacy_throttle_0",
        ];
        assert_eq!(counters(&json!({})), expected);
    }

    #[test]
    fn counters_tell_how_the_crash_was_throttled() {
        assert_eq!(
            counters(&json!({"legacy_processing": 1}))[1],
            "counters:submitted_crash_reports_legacy_throttle_1"
        );
    }

    #[test]
    fn a_crash_of_another_process_is_counted_by_its_type() {
        assert_eq!(
            counters(&json!({"ProcessType": "content"}))[2],
            "counters:submitted_oop_content_crash_reports"
        );
    }

    #[test]
    fn a_hang_pair_is_counted_once_with_its_plugin_half() {
        assert_eq!(
            counters(&json!({"ProcessType": "plugin", "HangID": HANG}))[2],
            "counters:submitted_crash_report_hang_pairs"
        );
        assert_eq!(counters(&json!({"HangID": HANG})).len(), 2);
    }

    fn any_ooid() -> impl Strategy<Value = Ooid> {
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{6}[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])"
            .prop_map(|text| text.parse().unwrap())
    }

    proptest! {
        #[test]
        fn a_crash_row_has_43_bytes_and_ends_in_its_ooid(ooid in any_ooid()) {
            let row = crash_row(&ooid);
            prop_assert_eq!(row.len(), 43);
            prop_assert!(row.ends_with(ooid.as_str()));
            prop_assert!(row.starts_with(ooid.salt()));
        }

        #[test]
        fn crash_rows_of_one_salt_sort_by_date(a in any_ooid(), b in any_ooid()) {
            if a.salt() == b.salt() && a.date() != b.date() {
                prop_assert_eq!(crash_row(&a).cmp(&crash_row(&b)), a.date().cmp(&b.date()));
            }
        }

        #[test]
        fn time_rows_of_one_salt_sort_by_time(
            a in any_ooid(), b in any_ooid(),
            early in 0..2_000_000_000_i64, later in 1..1_000_000_i64,
        ) {
            let at = |seconds| {
                SubmittedTimestamp::from(OffsetDateTime::from_unix_timestamp(seconds).unwrap())
            };
            if a.salt() == b.salt() {
                prop_assert!(time_row(&a, at(early).as_str()) < time_row(&b, at(early + later).as_str()));
            }
        }

        #[test]
        fn different_crashes_never_share_a_row(a in any_ooid(), b in any_ooid()) {
            prop_assert_eq!(crash_row(&a) == crash_row(&b), a == b);
        }
    }
}
