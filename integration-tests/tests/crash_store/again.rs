//! Submissions that are made again: one crash, one entry in each queue and index, counted once.

use integration_tests::{Server, Test};
use socorro_hbase_client::{ProcessedCrash, QueueForProcessing, Submission, SubmissionCounters};

use crate::socorro::{metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(submitting_again_changes_nothing),
        Test::new(a_processed_crash_that_is_submitted_again_stays_processed_and_unqueued),
        Test::new(a_processed_crash_that_is_submitted_again_is_still_found_by_its_signature),
        Test::new(a_crash_that_was_taken_from_the_queue_is_not_queued_again),
        Test::new(a_crash_submitted_again_with_another_time_moves),
        Test::new(a_crash_submitted_again_without_hang_leaves_the_hang_indexes),
    ]
}

fn submitting_again_changes_nothing(server: &Server) {
    let mut socorro = socorro(server);
    let ooid = ooid("0a000000-aaaa-4bbb-8ccc-ddddd2080101");
    let metadata = metadata(
        r#"{"submitted_timestamp": "2008-01-01T00:00:00.5", "ProcessType": "plugin", "HangID": "3f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"}"#,
    );
    let submit = || socorro.store.put_raw_report(ooid, &metadata, b"MDMP", QueueForProcessing::Yes);
    assert_eq!(submit().unwrap(), Submission::Completed);
    let before = socorro.cells();
    let submit = || socorro.store.put_raw_report(ooid, &metadata, b"MDMP", QueueForProcessing::Yes);
    assert_eq!(submit().unwrap(), Submission::Repeated);
    assert_eq!(socorro.cells().changes_since(&before), [""; 0]);
}

const PLAIN: &str = r#"{"submitted_timestamp": "2008-01-02T00:00:00"}"#;

fn a_processed_crash_that_is_submitted_again_stays_processed_and_unqueued(server: &Server) {
    let mut socorro = socorro(server);
    let crash = ooid("1a000000-aaaa-4bbb-8ccc-ddddd2080102");
    socorro.store.put_raw_report(crash, &metadata(PLAIN), b"MDMP", QueueForProcessing::No).unwrap();
    let row = "10801021a000000-aaaa-4bbb-8ccc-ddddd2080102";
    socorro.put_raw("crash_reports", row, &[("flags:processed", b"Y")]);
    let before = socorro.cells();
    let again =
        socorro.store.put_raw_report(crash, &metadata(PLAIN), b"MDMP2", QueueForProcessing::Yes);
    assert_eq!(again.unwrap(), Submission::Repeated);
    let changes = socorro.cells().changes_since(&before);
    assert_eq!(changes, [format!("crash_reports {row} raw_data:dump = MDMP2")]);
}

fn a_processed_crash_that_is_submitted_again_is_still_found_by_its_signature(server: &Server) {
    // Held to the end: others compare all cells.
    let socorro = socorro(server);
    let store = &socorro.store;
    let crash = ooid("6a000000-aaaa-4bbb-8ccc-ddddd2080102");
    let processed =
        ProcessedCrash::from_json(r#"{"signature": "again", "completeddatetime": "2008"}"#);
    let submit = |json| {
        store.put_raw_report(crash, &metadata(json), b"MDMP", QueueForProcessing::Yes).unwrap();
    };
    submit(PLAIN);
    store.put_processed(crash, &processed.unwrap()).unwrap();
    for json in [PLAIN, r#"{"submitted_timestamp": "2008-01-02T00:00:01"}"#] {
        submit(json);
        let found = store.scan_signature("again").unwrap().map(|entry| entry.unwrap().id);
        assert_eq!(found.collect::<Vec<_>>(), [crash]);
    }
    assert!(store.remove(crash).unwrap());
    assert_eq!(store.scan_signature("again").unwrap().count(), 0);
}

fn a_crash_that_was_taken_from_the_queue_is_not_queued_again(server: &Server) {
    let mut socorro = socorro(server);
    let crash = ooid("2a000000-aaaa-4bbb-8ccc-ddddd2080102");
    // Not queued stands for taken: neither has left a row in a queue.
    socorro.store.put_raw_report(crash, &metadata(PLAIN), b"MDMP", QueueForProcessing::No).unwrap();
    let before = socorro.cells();
    socorro
        .store
        .put_raw_report(crash, &metadata(PLAIN), b"MDMP", QueueForProcessing::Yes)
        .unwrap();
    assert_eq!(socorro.cells().changes_since(&before), [""; 0]);
}

fn a_crash_submitted_again_with_another_time_moves(server: &Server) {
    const OOID: &str = "3a000000-aaaa-4bbb-8ccc-ddddd2080103";
    let mut socorro = socorro(server);
    let submit = |json: &str| {
        let queue = QueueForProcessing::Yes;
        socorro.store.put_raw_report(ooid(OOID), &metadata(json), b"MDMP", queue).unwrap();
    };
    submit(r#"{"submitted_timestamp": "2008-01-03T00:00:00"}"#);
    let before = socorro.cells();
    let submit = |json: &str| {
        let queue = QueueForProcessing::Yes;
        socorro.store.put_raw_report(ooid(OOID), &metadata(json), b"MDMP", queue).unwrap();
    };
    submit(r#"{"submitted_timestamp": "2008-01-03T01:01:01", "legacy_processing": 1}"#);
    let row = format!("3080103{OOID}");
    let (old, new) = (format!("32008-01-03T00:00:00{OOID}"), format!("32008-01-03T01:01:01{OOID}"));
    let expected = [
        format!("- crash_reports {row} flags:legacy_processing"),
        format!(
            r#"crash_reports {row} meta_data:json = {{\"submitted_timestamp\": \"2008-01-03T01:01:01\", \"legacy_processing\": 1}}"#
        ),
        format!("crash_reports {row} timestamps:submitted = 2008-01-03T01:01:01"),
        format!("- crash_reports_index_legacy_submitted_time {old} ids:ooid"),
        format!("- crash_reports_index_legacy_unprocessed_flag {old} ids:ooid"),
        format!("- crash_reports_index_submitted_time {old} ids:ooid"),
        format!("crash_reports_index_submitted_time {new} ids:ooid = {OOID}"),
        format!("- crash_reports_index_unprocessed_flag {old} ids:ooid"),
        format!("crash_reports_index_unprocessed_flag {new} ids:ooid = {OOID}"),
    ];
    assert_eq!(without_counters(socorro.cells().changes_since(&before)), expected);
    let counters = socorro.store.get_counters(&PERIODS.map(|text| text.parse().unwrap())).unwrap();
    let counts: Vec<_> = counters.iter().map(SubmissionCounters::submitted).collect();
    assert_eq!(counts[0], 0);
    assert_eq!(counts[1], 1);
}

const PERIODS: [&str; 2] = ["2008-01-03T00:00", "2008-01-03T01:01"];

fn without_counters(changes: Vec<String>) -> Vec<String> {
    changes.into_iter().filter(|line| !line.starts_with("metrics ")).collect()
}

fn a_crash_submitted_again_without_hang_leaves_the_hang_indexes(server: &Server) {
    const OOID: &str = "4a000000-aaaa-4bbb-8ccc-ddddd2080104";
    const HANG: &str = "4f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    let mut socorro = socorro(server);
    let with_hang =
        format!(r#"{{"submitted_timestamp": "2008-01-04T00:00:00", "HangID": "{HANG}"}}"#);
    let without = r#"{"submitted_timestamp": "2008-01-04T00:00:00"}"#;
    let queue = QueueForProcessing::No;
    for json in [&with_hang, without] {
        socorro.store.put_raw_report(ooid(OOID), &metadata(json), b"MDMP", queue).unwrap();
    }
    let cells = socorro.cells();
    assert!(cells.has_row("crash_reports_index_submitted_time", OOID));
    assert!(!cells.has_row("crash_reports_index_hang_id", HANG));
    assert!(!cells.has_row("crash_reports_index_hang_id_submitted_time", HANG));
    assert!(!cells.lines("crash_reports").iter().any(|line| line.contains(HANG)));
}
