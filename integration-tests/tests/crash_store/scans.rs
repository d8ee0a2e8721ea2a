//! Finding crashes: by time, by signature, by a prefix; reading many at once; counters.

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CrashScan, CrashStore, LegacyProcessing, Ooid, Period, ProcessedCrash, QueueForProcessing,
    SubmissionCounters, TimeIndex, TimeRange,
};

use crate::socorro::{metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(crashes_are_found_by_time_in_its_order),
        Test::new(crashes_are_found_by_their_signature_and_not_by_its_beginning),
        Test::new(a_row_that_names_nothing_is_reported_and_ends_nothing),
        Test::new(rows_behind_all_salts_are_found_by_prefix),
        Test::new(many_crashes_are_read_at_once_and_one_that_is_broken_hides_no_other),
        Test::new(counters_are_read_back_by_minute_hour_day_month_and_year),
        Test::new(an_index_row_can_be_written_by_itself),
    ]
}

/// Crashes of one day, in the order of their times, which isn't that of their salts.
fn submit_day(store: &CrashStore, day: &str, count: usize) -> Vec<Ooid> {
    (0..count)
        .map(|number| {
            let digits = day.replace('-', "");
            let salt = (number * 7 + 3) % 16;
            let name = format!("{salt:x}{number:07x}-eeee-4bbb-8ccc-ddddd2{}", &digits[2..]);
            let json = format!(
                r#"{{"submitted_timestamp": "{day}T00:{number:02}:00", "legacy_processing": {}}}"#,
                number % 3
            );
            let crash = ooid(&name);
            let queue = QueueForProcessing::No;
            store.put_raw_report(crash, &metadata(&json), b"MDMP", queue).unwrap();
            crash
        })
        .collect()
}

fn ooids(scan: CrashScan) -> Vec<Ooid> {
    scan.map(|entry| entry.unwrap().id.ooid().unwrap()).collect()
}

fn crashes_are_found_by_time_in_its_order(server: &Server) {
    let socorro = socorro(server);
    let store = &socorro.store;
    let expected = submit_day(store, "2022-03-01", 20);
    let day = TimeRange::within("2022-03-01");
    assert_eq!(ooids(store.scan_submitted(&day).unwrap()), expected);
    let time = |text: &str| text.parse().unwrap();
    let some = TimeRange::between(&time("2022-03-01T00:05:00"), &time("2022-03-01T00:08:00"));
    assert_eq!(ooids(store.scan_submitted(&some).unwrap()), expected[5..8]);
    let tens = TimeRange::within("2022-03-01T00:1");
    assert_eq!(ooids(store.scan_submitted(&tens).unwrap()), expected[10..20]);
}

fn crashes_are_found_by_their_signature_and_not_by_its_beginning(server: &Server) {
    let socorro = socorro(server);
    let store = &socorro.store;
    let crashes = submit_day(store, "2022-03-02", 3);
    for (crash, signature) in crashes.iter().zip(["sig", "sig", "signature"]) {
        let json = format!(r#"{{"signature": "{signature}", "completeddatetime": "2022"}}"#);
        store.put_processed(crash, &ProcessedCrash::from_json(json).unwrap()).unwrap();
    }
    let mut expected = crashes[..2].to_vec();
    expected.sort_by_key(ToString::to_string);
    assert_eq!(ooids(store.scan_signature("sig").unwrap()), expected);
    assert_eq!(ooids(store.scan_signature("signature").unwrap()), crashes[2..]);
    assert!(ooids(store.scan_signature("si").unwrap()).is_empty());
}

fn a_row_that_names_nothing_is_reported_and_ends_nothing(server: &Server) {
    let mut socorro = socorro(server);
    let store = socorro.store.clone();
    let crashes = submit_day(&store, "2022-03-03", 2);
    let row = "02022-03-03T00:00:30";
    let index = "crash_reports_index_submitted_time";
    socorro.put_raw(index, row, &[("ids:ooid", b"")]);
    let mut scan = store.scan_submitted(&TimeRange::within("2022-03-03")).unwrap();
    let found: Vec<_> = scan.by_ref().map(|entry| entry.unwrap().id).collect();
    socorro.delete_raw(index, row);
    assert_eq!(found, crashes);
    let problems = scan.take_problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains(row), "{}", problems[0]);
}

fn rows_behind_all_salts_are_found_by_prefix(server: &Server) {
    let socorro = socorro(server);
    let store = &socorro.store;
    let mut expected: Vec<_> =
        submit_day(store, "2022-03-04", 20).iter().map(|ooid| format!("220304{ooid}")).collect();
    expected.sort();
    let key = |row: hbase_thrift_client::Result<hbase_thrift_client::Row>| {
        let row = row.unwrap();
        assert_eq!(row.len(), 1, "one column was asked for");
        String::from_utf8(row.key()[1..].to_vec()).unwrap()
    };
    let merged = store.scan_merge("crash_reports", "220304", ["ids:ooid"]).unwrap();
    assert_eq!(merged.map(key).collect::<Vec<_>>(), expected);
    let union = store.scan_union("crash_reports", "220304", ["ids:ooid"]).unwrap();
    let mut union: Vec<_> = union.map(key).collect();
    union.sort();
    assert_eq!(union, expected);
    let first = store.scan_merge("crash_reports", "220304", ["ids:ooid"]).unwrap().take(3);
    assert_eq!(first.map(key).collect::<Vec<_>>(), expected[..3]);
}

fn many_crashes_are_read_at_once_and_one_that_is_broken_hides_no_other(server: &Server) {
    let mut socorro = socorro(server);
    let store = socorro.store.clone();
    let mut crashes = submit_day(&store, "2022-03-05", 11);
    crashes.insert(3, ooid("0fffffff-eeee-4bbb-8ccc-ddddd2220305"));
    let broken = ooid("1fffffff-eeee-4bbb-8ccc-ddddd2220305");
    let row = format!("1220305{broken}");
    socorro.put_raw("crash_reports", &row, &[("meta_data:json", b"nonsense")]);
    crashes.insert(5, broken);
    let reports = store.get_raw_reports(&crashes).unwrap();
    let metadata = store.get_metadata_of(&crashes).unwrap();
    socorro.delete_raw("crash_reports", &row);
    assert_eq!(reports.len(), 13);
    assert_eq!(reports[3].as_ref().unwrap(), &None);
    assert_eq!(reports[5].as_ref().unwrap().as_ref().unwrap().dump(), None);
    assert_eq!(reports[12].as_ref().unwrap().as_ref().unwrap().dump(), Some(&b"MDMP"[..]));
    assert_eq!(metadata[5].as_ref().unwrap_err().stored_bytes(), Some(&b"nonsense"[..]));
    let times: Vec<_> = metadata
        .iter()
        .filter_map(|found| Some(found.as_ref().ok()?.as_ref()?["submitted_timestamp"].clone()))
        .collect();
    assert_eq!(times.len(), 11);
    assert_eq!(times[10], "2022-03-05T00:10:00");
    let states = store.get_processing_states(&crashes).unwrap();
    assert_eq!(states.iter().filter(|state| state.is_some()).count(), 11);
    assert!(
        store.get_processed_of(&crashes).unwrap().iter().all(|found| matches!(found, Ok(None)))
    );
}

fn counters_are_read_back_by_minute_hour_day_month_and_year(server: &Server) {
    let socorro = socorro(server);
    let store = &socorro.store;
    submit_day(store, "2023-03-06", 7);
    let periods: Vec<Period> =
        ["2023", "2023-03", "2023-03-06", "2023-03-06T00", "2023-03-06T00:04", "2023-03-07"]
            .map(|text| text.parse().unwrap())
            .to_vec();
    let counters = store.get_counters(&periods).unwrap();
    let submitted: Vec<_> = counters.iter().map(SubmissionCounters::submitted).collect();
    assert_eq!(submitted, [7, 7, 7, 7, 1, 0]);
    assert_eq!(counters[0].throttled(LegacyProcessing::Accept), 3);
    assert_eq!(counters[0].throttled(LegacyProcessing::Discard), 2);
    assert_eq!(counters[0].hang_pairs(), 0);
    assert_eq!(counters[0].by_process_type().count(), 0);
    let minutes: Vec<_> = periods[3].parts().collect();
    let by_minute = store.get_counters(&minutes).unwrap();
    assert_eq!(by_minute.iter().map(SubmissionCounters::submitted).sum::<i64>(), 7);
}

fn an_index_row_can_be_written_by_itself(server: &Server) {
    const OOID: &str = "2fffffff-eeee-4bbb-8ccc-ddddd2220307";
    let mut socorro = socorro(server);
    let before = socorro.cells();
    let time = "2022-03-07T01:02:03+00:00".parse().unwrap();
    let indexes = [TimeIndex::PriorityProcessed, TimeIndex::LegacyProcessed];
    socorro.store.put_time_index(ooid(OOID), &time, &indexes).unwrap();
    let hang = "7f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    let plugin = "plugin".parse().unwrap();
    socorro.store.put_hang_index(ooid(OOID), &hang.parse().unwrap(), &plugin, &time).unwrap();
    let row = format!("22022-03-07T01:02:03{OOID}");
    let expected = [
        format!("crash_reports_index_hang_id {hang} ids:ooid:plugin = {OOID}"),
        format!(
            "crash_reports_index_hang_id_submitted_time 72022-03-07T01:02:03{hang} ids:ooid:plugin = {OOID}"
        ),
        format!("crash_reports_index_legacy_processed {row} ids:ooid = {OOID}"),
        format!("crash_reports_index_priority_processed {row} ids:ooid = {OOID}"),
    ];
    assert_eq!(socorro.cells().changes_since(&before), expected);
}
