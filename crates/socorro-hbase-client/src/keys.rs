//! Every row key, column and counter name of the interchange format.
//!
//! For one place to compare with what Socorro's Python client reads and writes (`hbaseClient.py`).
//! In which order they are written, and together with what, is left to the store.

use crate::{
    fields::{HangId, ProcessType},
    metadata::CrashMetadata,
    ooid::Ooid,
    timestamp::SubmittedTimestamp,
};

pub(crate) const FLAGS_PROCESSED: &str = "flags:processed";
pub(crate) const FLAGS_LEGACY_PROCESSING: &str = "flags:legacy_processing";
pub(crate) const IDS_HANG: &str = "ids:hang";
/// In the crash row and in all indexes but the hang indexes.
pub(crate) const IDS_OOID: &str = "ids:ooid";
pub(crate) const META_DATA_JSON: &str = "meta_data:json";
pub(crate) const RAW_DATA_DUMP: &str = "raw_data:dump";
pub(crate) const TIMESTAMPS_SUBMITTED: &str = "timestamps:submitted";

pub(crate) const NOT_PROCESSED: &str = "N";
pub(crate) const LEGACY: &str = "Y";

pub(crate) const QUEUE_SIZES_ROW: &str = "crash_report_queue";
pub(crate) const UNPROCESSED_SIZE: &str = "counters:current_unprocessed_size";
pub(crate) const LEGACY_UNPROCESSED_SIZE: &str = "counters:current_legacy_unprocessed_size";

/// Salt, date, ooid: the crashes of a day lie together in each of the 16 salts.
pub(crate) fn crash_row(ooid: &Ooid) -> String {
    format!("{}{}{ooid}", ooid.salt(), ooid.date_digits())
}

/// Salt, time, ooid: an index in order of submission.
pub(crate) fn time_row(ooid: &Ooid, submitted: &SubmittedTimestamp) -> String {
    format!("{}{}{ooid}", ooid.salt(), submitted.index_text())
}

/// Salt, time, hang id; salted by the hang so that both halves may lie together.
pub(crate) fn hang_time_row(hang: &HangId, submitted: &SubmittedTimestamp) -> String {
    format!("{}{}{hang}", &hang.as_str()[..1], submitted.index_text())
}

pub(crate) fn hang_row(hang: &HangId) -> &str {
    hang.as_str()
}

/// A hang's halves share a row; the qualifier, which contains a colon, tells them apart.
pub(crate) fn hang_column(process_type: &ProcessType) -> String {
    format!("{IDS_OOID}:{process_type}")
}

/// The counters that a submission adds one to, in each of its time rows.
///
/// A pair is counted once, with the half that isn't the main process.
pub(crate) fn submission_counters(metadata: &CrashMetadata) -> Vec<String> {
    let throttle = metadata.legacy_processing().number();
    let mut counters = vec![
        "counters:submitted_crash_reports".to_owned(),
        format!("counters:submitted_crash_reports_legacy_throttle_{throttle}"),
    ];
    let process_type = metadata.process_type();
    match metadata.hang_id() {
        _ if process_type.is_default() => {}
        Some(_) => counters.push("counters:submitted_crash_report_hang_pairs".to_owned()),
        None => counters.push(format!("counters:submitted_oop_{process_type}_crash_reports")),
    }
    counters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    const HANG: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    const SUBMITTED: &str = "2012-05-08T20:50:50.123456+00:00";

    fn counters(extra: &serde_json::Value) -> Vec<String> {
        let mut fields = json!({"submitted_timestamp": SUBMITTED});
        let all = fields.as_object_mut().unwrap();
        all.extend(extra.as_object().unwrap().clone());
        submission_counters(&CrashMetadata::from_fields(all).unwrap())
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
            time_row(&OOID.parse().unwrap(), &SUBMITTED.parse().unwrap()),
            "62012-05-08T20:50:50.1234566d8a2b4e-9c1f-4e57-8b3a-0f2c42120508"
        );
    }

    #[test]
    fn hang_rows_are_salted_by_the_hang() {
        let hang = HANG.parse().unwrap();
        assert_eq!(hang_row(&hang), HANG);
        assert_eq!(
            hang_time_row(&hang, &SUBMITTED.parse().unwrap()),
            "22012-05-08T20:50:50.1234562f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"
        );
    }

    #[test]
    fn the_halves_of_a_hang_have_columns_of_their_own() {
        assert_eq!(hang_column(&"plugin".parse().unwrap()), "ids:ooid:plugin");
        assert_eq!(hang_column(&ProcessType::default()), "ids:ooid:default");
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
                prop_assert!(time_row(&a, &at(early)) < time_row(&b, &at(early + later)));
            }
        }

        #[test]
        fn different_crashes_never_share_a_row(a in any_ooid(), b in any_ooid()) {
            prop_assert_eq!(crash_row(&a) == crash_row(&b), a == b);
        }
    }
}
