//! The parts of a submission that can be had by themselves: counters, time indexes, hang indexes, each
//! with every cell that it writes, written down by hand from the interchange format.

use integration_tests::{Server, Test};
use socorro_hbase_client::{QueueForProcessing, TimeIndex};

use crate::socorro::{Cell, metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(an_accepted_submission_is_counted_in_both_queues_sizes),
        Test::new(a_deferred_submission_is_counted_in_the_general_queues_size),
        Test::new(a_discarded_submission_is_counted_as_such),
        Test::new(a_submission_that_is_not_queued_counts_no_queue),
        Test::new(a_plugins_crash_is_counted_by_its_type),
        Test::new(the_half_of_a_hang_that_is_no_browser_is_counted_as_the_pair),
        Test::new(the_browsers_half_of_a_hang_counts_no_pair),
        Test::new(a_crash_is_put_into_each_time_index),
        Test::new(a_hang_is_put_under_its_id_and_under_its_time),
        Test::new(the_browsers_half_of_a_hang_is_named_default),
    ]
}

/// Counts a submission with this metadata, and compares all cells before and after.
fn assert_counted(server: &Server, json: &str, queue: QueueForProcessing, expected: &[Cell]) {
    let mut socorro = socorro(server);
    let before = socorro.cells();
    socorro.store.count_submission(&metadata(json), queue).unwrap();
    socorro.cells().assert_changes_since(&before, expected);
}

const ALL: &str = "counters:submitted_crash_reports";
const ACCEPTED: &str = "counters:submitted_crash_reports_legacy_throttle_0";
const DEFERRED: &str = "counters:submitted_crash_reports_legacy_throttle_1";
const DISCARDED: &str = "counters:submitted_crash_reports_legacy_throttle_2";
const PAIRS: &str = "counters:submitted_crash_report_hang_pairs";
const SIZES: &str = "crash_report_queue";

fn an_accepted_submission_is_counted_in_both_queues_sizes(server: &Server) {
    let json = r#"{"submitted_timestamp": "2002-12-31T23:59:58.123456+00:00"}"#;
    let expected: &[Cell] = &[
        ("metrics", "2002", ALL, b"+1"),
        ("metrics", "2002", ACCEPTED, b"+1"),
        ("metrics", "2002-12", ALL, b"+1"),
        ("metrics", "2002-12", ACCEPTED, b"+1"),
        ("metrics", "2002-12-31", ALL, b"+1"),
        ("metrics", "2002-12-31", ACCEPTED, b"+1"),
        ("metrics", "2002-12-31T23", ALL, b"+1"),
        ("metrics", "2002-12-31T23", ACCEPTED, b"+1"),
        ("metrics", "2002-12-31T23:59", ALL, b"+1"),
        ("metrics", "2002-12-31T23:59", ACCEPTED, b"+1"),
        ("metrics", SIZES, "counters:current_unprocessed_size", b"+1"),
        ("metrics", SIZES, "counters:current_legacy_unprocessed_size", b"+1"),
    ];
    assert_counted(server, json, QueueForProcessing::Yes, expected);
}

fn a_deferred_submission_is_counted_in_the_general_queues_size(server: &Server) {
    // Counted where it says, at its local time.
    let json = r#"{"submitted_timestamp": "2002-11-30T22:58:57-08:00", "legacy_processing": 1}"#;
    let expected: &[Cell] = &[
        ("metrics", "2002", ALL, b"+1"),
        ("metrics", "2002", DEFERRED, b"+1"),
        ("metrics", "2002-11", ALL, b"+1"),
        ("metrics", "2002-11", DEFERRED, b"+1"),
        ("metrics", "2002-11-30", ALL, b"+1"),
        ("metrics", "2002-11-30", DEFERRED, b"+1"),
        ("metrics", "2002-11-30T22", ALL, b"+1"),
        ("metrics", "2002-11-30T22", DEFERRED, b"+1"),
        ("metrics", "2002-11-30T22:58", ALL, b"+1"),
        ("metrics", "2002-11-30T22:58", DEFERRED, b"+1"),
        ("metrics", SIZES, "counters:current_unprocessed_size", b"+1"),
    ];
    assert_counted(server, json, QueueForProcessing::Yes, expected);
}

fn a_discarded_submission_is_counted_as_such(server: &Server) {
    let json = r#"{"submitted_timestamp": "2002-10-29T21:57:56Z", "legacy_processing": "2"}"#;
    let expected: &[Cell] = &[
        ("metrics", "2002", ALL, b"+1"),
        ("metrics", "2002", DISCARDED, b"+1"),
        ("metrics", "2002-10", ALL, b"+1"),
        ("metrics", "2002-10", DISCARDED, b"+1"),
        ("metrics", "2002-10-29", ALL, b"+1"),
        ("metrics", "2002-10-29", DISCARDED, b"+1"),
        ("metrics", "2002-10-29T21", ALL, b"+1"),
        ("metrics", "2002-10-29T21", DISCARDED, b"+1"),
        ("metrics", "2002-10-29T21:57", ALL, b"+1"),
        ("metrics", "2002-10-29T21:57", DISCARDED, b"+1"),
        ("metrics", SIZES, "counters:current_unprocessed_size", b"+1"),
    ];
    assert_counted(server, json, QueueForProcessing::Yes, expected);
}

fn a_submission_that_is_not_queued_counts_no_queue(server: &Server) {
    let json = r#"{"submitted_timestamp": "2002-09-28T20:56:55", "ProcessType": "default"}"#;
    let expected: &[Cell] = &[
        ("metrics", "2002", ALL, b"+1"),
        ("metrics", "2002", ACCEPTED, b"+1"),
        ("metrics", "2002-09", ALL, b"+1"),
        ("metrics", "2002-09", ACCEPTED, b"+1"),
        ("metrics", "2002-09-28", ALL, b"+1"),
        ("metrics", "2002-09-28", ACCEPTED, b"+1"),
        ("metrics", "2002-09-28T20", ALL, b"+1"),
        ("metrics", "2002-09-28T20", ACCEPTED, b"+1"),
        ("metrics", "2002-09-28T20:56", ALL, b"+1"),
        ("metrics", "2002-09-28T20:56", ACCEPTED, b"+1"),
    ];
    assert_counted(server, json, QueueForProcessing::No, expected);
}

fn a_plugins_crash_is_counted_by_its_type(server: &Server) {
    const PLUGINS: &str = "counters:submitted_oop_plugin_crash_reports";
    let json = r#"{"submitted_timestamp": "2002-08-27T19:55:54.5", "ProcessType": "plugin", "legacy_processing": 1}"#;
    let expected: &[Cell] = &[
        ("metrics", "2002", ALL, b"+1"),
        ("metrics", "2002", DEFERRED, b"+1"),
        ("metrics", "2002", PLUGINS, b"+1"),
        ("metrics", "2002-08", ALL, b"+1"),
        ("metrics", "2002-08", DEFERRED, b"+1"),
        ("metrics", "2002-08", PLUGINS, b"+1"),
        ("metrics", "2002-08-27", ALL, b"+1"),
        ("metrics", "2002-08-27", DEFERRED, b"+1"),
        ("metrics", "2002-08-27", PLUGINS, b"+1"),
        ("metrics", "2002-08-27T19", ALL, b"+1"),
        ("metrics", "2002-08-27T19", DEFERRED, b"+1"),
        ("metrics", "2002-08-27T19", PLUGINS, b"+1"),
        ("metrics", "2002-08-27T19:55", ALL, b"+1"),
        ("metrics", "2002-08-27T19:55", DEFERRED, b"+1"),
        ("metrics", "2002-08-27T19:55", PLUGINS, b"+1"),
    ];
    assert_counted(server, json, QueueForProcessing::No, expected);
}

fn the_half_of_a_hang_that_is_no_browser_is_counted_as_the_pair(server: &Server) {
    let json = r#"{"submitted_timestamp": "2002-07-26T18:54:53+0200", "ProcessType": "content", "HangID": "af1e7a60-55c4-4be0-9d3c-71c4e8a90b12", "legacy_processing": 2}"#;
    let expected: &[Cell] = &[
        ("metrics", "2002", ALL, b"+1"),
        ("metrics", "2002", DISCARDED, b"+1"),
        ("metrics", "2002", PAIRS, b"+1"),
        ("metrics", "2002-07", ALL, b"+1"),
        ("metrics", "2002-07", DISCARDED, b"+1"),
        ("metrics", "2002-07", PAIRS, b"+1"),
        ("metrics", "2002-07-26", ALL, b"+1"),
        ("metrics", "2002-07-26", DISCARDED, b"+1"),
        ("metrics", "2002-07-26", PAIRS, b"+1"),
        ("metrics", "2002-07-26T18", ALL, b"+1"),
        ("metrics", "2002-07-26T18", DISCARDED, b"+1"),
        ("metrics", "2002-07-26T18", PAIRS, b"+1"),
        ("metrics", "2002-07-26T18:54", ALL, b"+1"),
        ("metrics", "2002-07-26T18:54", DISCARDED, b"+1"),
        ("metrics", "2002-07-26T18:54", PAIRS, b"+1"),
    ];
    assert_counted(server, json, QueueForProcessing::No, expected);
}

fn the_browsers_half_of_a_hang_counts_no_pair(server: &Server) {
    let json = r#"{"submitted_timestamp": "2002-06-25T17:53:52", "HangID": "bf1e7a60-55c4-4be0-9d3c-71c4e8a90b12"}"#;
    let expected: &[Cell] = &[
        ("metrics", "2002", ALL, b"+1"),
        ("metrics", "2002", ACCEPTED, b"+1"),
        ("metrics", "2002-06", ALL, b"+1"),
        ("metrics", "2002-06", ACCEPTED, b"+1"),
        ("metrics", "2002-06-25", ALL, b"+1"),
        ("metrics", "2002-06-25", ACCEPTED, b"+1"),
        ("metrics", "2002-06-25T17", ALL, b"+1"),
        ("metrics", "2002-06-25T17", ACCEPTED, b"+1"),
        ("metrics", "2002-06-25T17:53", ALL, b"+1"),
        ("metrics", "2002-06-25T17:53", ACCEPTED, b"+1"),
        ("metrics", SIZES, "counters:current_unprocessed_size", b"+1"),
        ("metrics", SIZES, "counters:current_legacy_unprocessed_size", b"+1"),
    ];
    assert_counted(server, json, QueueForProcessing::Yes, expected);
}

fn a_crash_is_put_into_each_time_index(server: &Server) {
    const OOID: &str = "c2000000-aaaa-4bbb-8ccc-ddddd2020501";
    const ROW: &str = "c2002-05-01T01:02:03.000004c2000000-aaaa-4bbb-8ccc-ddddd2020501";
    let mut socorro = socorro(server);
    let before = socorro.cells();
    let time = "2002-05-01T01:02:03.000004+05:30".parse().unwrap();
    let indexes = [
        TimeIndex::Submitted,
        TimeIndex::LegacySubmitted,
        TimeIndex::Unprocessed,
        TimeIndex::LegacyUnprocessed,
        TimeIndex::LegacyProcessed,
        TimeIndex::PriorityProcessed,
    ];
    socorro.store.put_time_index(ooid(OOID), &time, &indexes).unwrap();
    let expected: &[Cell] = &[
        ("crash_reports_index_submitted_time", ROW, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_submitted_time", ROW, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", ROW, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_unprocessed_flag", ROW, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_processed", ROW, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_priority_processed", ROW, "ids:ooid", OOID.as_bytes()),
    ];
    socorro.cells().assert_changes_since(&before, expected);
    for queue in ["unprocessed_flag", "legacy_unprocessed_flag"] {
        socorro.delete_raw(&format!("crash_reports_index_{queue}"), ROW);
    }
}

const HANG_TABLE: &str = "crash_reports_index_hang_id";
const HANG_TIMES: &str = "crash_reports_index_hang_id_submitted_time";

fn a_hang_is_put_under_its_id_and_under_its_time(server: &Server) {
    const OOID: &str = "d2000000-aaaa-4bbb-8ccc-ddddd2020502";
    const HANG: &str = "cf1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    const TIMED: &str = "c2002-05-02T01:02:03+0000cf1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    let mut socorro = socorro(server);
    let before = socorro.cells();
    let (hang, time) = (HANG.parse().unwrap(), "2002-05-02T01:02:03+0000".parse().unwrap());
    socorro.store.put_hang_index(ooid(OOID), &hang, &"plugin".parse().unwrap(), &time).unwrap();
    let expected: &[Cell] = &[
        (HANG_TABLE, HANG, "ids:ooid:plugin", OOID.as_bytes()),
        (HANG_TIMES, TIMED, "ids:ooid:plugin", OOID.as_bytes()),
    ];
    socorro.cells().assert_changes_since(&before, expected);
}

fn the_browsers_half_of_a_hang_is_named_default(server: &Server) {
    const OOID: &str = "e2000000-aaaa-4bbb-8ccc-ddddd2020503";
    const HANG: &str = "df1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    const TIMED: &str = "d2002-05-03T01:02:03df1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    let mut socorro = socorro(server);
    let before = socorro.cells();
    let (hang, time) = (HANG.parse().unwrap(), "2002-05-03T01:02:03-01:00".parse().unwrap());
    let json = metadata(r#"{"submitted_timestamp": "2002-05-03T01:02:03"}"#);
    socorro.store.put_hang_index(ooid(OOID), &hang, json.process_type(), &time).unwrap();
    let expected: &[Cell] = &[
        (HANG_TABLE, HANG, "ids:ooid:default", OOID.as_bytes()),
        (HANG_TIMES, TIMED, "ids:ooid:default", OOID.as_bytes()),
    ];
    socorro.cells().assert_changes_since(&before, expected);
}
