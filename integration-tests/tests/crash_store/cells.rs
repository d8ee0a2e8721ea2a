//! Every cell that a submission leaves, read with the generated API and written down by hand from
//! the interchange format.

use integration_tests::{Server, Test};
use socorro_hbase_client::QueueForProcessing;

use crate::socorro::{Cell, REAL_OOID, metadata, ooid, real_crash, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(an_accepted_crash_is_indexed_queued_and_counted),
        Test::new(a_deferred_crash_is_in_no_legacy_index_and_no_legacy_queue),
        Test::new(the_plugin_half_of_a_hang_is_counted_as_the_pair),
        Test::new(the_browser_half_of_a_hang_shares_its_row_and_counts_no_second_pair),
        Test::new(a_crash_of_another_process_is_counted_by_its_type),
        Test::new(a_crash_that_is_not_queued_is_in_no_queue_and_no_queue_size),
        Test::new(a_zone_that_is_no_offset_with_a_colon_stays_in_the_keys),
    ]
}

/// Submits a crash (ooid, metadata, dump) and compares all cells before and after.
fn assert_submission(
    server: &Server,
    (name, json, dump): (&str, &str, &[u8]),
    queue: QueueForProcessing,
    expected: &[Cell],
) {
    let mut socorro = socorro(server);
    let before = socorro.cells();
    socorro.store.put_raw_report(ooid(name), &metadata(json), dump, queue).unwrap();
    socorro.cells().assert_changes_since(&before, expected);
}

/// One more in each of these counters at each of these times.
fn counted(times: [&'static str; 5], counters: &[&'static str]) -> Vec<Cell<'static>> {
    let at = |time| counters.iter().map(move |counter| ("metrics", time, *counter, &b"+1"[..]));
    times.into_iter().flat_map(at).collect()
}

fn an_accepted_crash_is_indexed_queued_and_counted(server: &Server) {
    const CRASH: &str = "61105086d8a2b4e-9c1f-4e57-8b3a-0f2c42110508";
    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42110508";
    const TIMED: &str = "62011-05-08T20:50:50.1234566d8a2b4e-9c1f-4e57-8b3a-0f2c42110508";
    // The real crash, a year earlier: its own cells are there when another test has written them.
    let (json, dump) = real_crash();
    let json = json.replace("2012-05-08T", "2011-05-08T");
    assert_eq!(OOID, REAL_OOID.replace("120508", "110508"));
    let cells: &[Cell] = &[
        ("crash_reports", CRASH, "flags:legacy_processing", b"Y"),
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", json.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", &dump),
        ("crash_reports", CRASH, "timestamps:submitted", b"2011-05-08T20:50:50.123456+00:00"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("metrics", "crash_report_queue", "counters:current_unprocessed_size", b"+1"),
        ("metrics", "crash_report_queue", "counters:current_legacy_unprocessed_size", b"+1"),
    ];
    let counters = counted(
        ["2011-05-08T20:50", "2011-05-08T20", "2011-05-08", "2011-05", "2011"],
        &["counters:submitted_crash_reports", "counters:submitted_crash_reports_legacy_throttle_0"],
    );
    let crash = (OOID, json.as_str(), &dump[..]);
    assert_submission(server, crash, QueueForProcessing::Yes, &[cells, &counters].concat());
}

fn a_deferred_crash_is_in_no_legacy_index_and_no_legacy_queue(server: &Server) {
    const CRASH: &str = "c130714c0ffee00-1234-4abc-9def-00112a130714";
    const OOID: &str = "c0ffee00-1234-4abc-9def-00112a130714";
    const TIMED: &str = "c2013-07-14T00:00:01c0ffee00-1234-4abc-9def-00112a130714";
    const JSON: &str =
        r#"{"submitted_timestamp": "2013-07-14T00:00:01-07:00", "legacy_processing": 1}"#;
    let cells: &[Cell] = &[
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", JSON.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", b"MDMP\0"),
        ("crash_reports", CRASH, "timestamps:submitted", b"2013-07-14T00:00:01-07:00"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("metrics", "crash_report_queue", "counters:current_unprocessed_size", b"+1"),
    ];
    let counters = counted(
        ["2013-07-14T00:00", "2013-07-14T00", "2013-07-14", "2013-07", "2013"],
        &["counters:submitted_crash_reports", "counters:submitted_crash_reports_legacy_throttle_1"],
    );
    let crash = (OOID, JSON, b"MDMP\0".as_slice());
    assert_submission(server, crash, QueueForProcessing::Yes, &[cells, &counters].concat());
}

const HANG: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";

fn the_plugin_half_of_a_hang_is_counted_as_the_pair(server: &Server) {
    const CRASH: &str = "91412319b8c7d6e-aaaa-4bbb-8ccc-ddddd2141231";
    const OOID: &str = "9b8c7d6e-aaaa-4bbb-8ccc-ddddd2141231";
    const TIMED: &str = "92014-12-31T23:59:59.59b8c7d6e-aaaa-4bbb-8ccc-ddddd2141231";
    const HANG_TIMED: &str = "22014-12-31T23:59:59.52f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    const JSON: &str = r#"{"submitted_timestamp": "2014-12-31T23:59:59.5", "ProcessType": "plugin", "HangID": "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12", "legacy_processing": 2}"#;
    let cells: &[Cell] = &[
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:hang", HANG.as_bytes()),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", JSON.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", b"MDMP"),
        ("crash_reports", CRASH, "timestamps:submitted", b"2014-12-31T23:59:59.5"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_hang_id", HANG, "ids:ooid:plugin", OOID.as_bytes()),
        (
            "crash_reports_index_hang_id_submitted_time",
            HANG_TIMED,
            "ids:ooid:plugin",
            OOID.as_bytes(),
        ),
        ("metrics", "crash_report_queue", "counters:current_unprocessed_size", b"+1"),
    ];
    let counters = counted(
        ["2014-12-31T23:59", "2014-12-31T23", "2014-12-31", "2014-12", "2014"],
        &[
            "counters:submitted_crash_reports",
            "counters:submitted_crash_reports_legacy_throttle_2",
            "counters:submitted_crash_report_hang_pairs",
        ],
    );
    let crash = (OOID, JSON, b"MDMP".as_slice());
    assert_submission(server, crash, QueueForProcessing::Yes, &[cells, &counters].concat());
}

fn the_browser_half_of_a_hang_shares_its_row_and_counts_no_second_pair(server: &Server) {
    const CRASH: &str = "01501010b8c7d6e-aaaa-4bbb-8ccc-ddddd2150101";
    const OOID: &str = "0b8c7d6e-aaaa-4bbb-8ccc-ddddd2150101";
    const TIMED: &str = "02015-01-01T00:00:00.50b8c7d6e-aaaa-4bbb-8ccc-ddddd2150101";
    const HANG_TIMED: &str = "22015-01-01T00:00:00.52f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    const JSON: &str = r#"{"submitted_timestamp": "2015-01-01T00:00:00.5", "HangID": "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12", "legacy_processing": "1"}"#;
    let cells: &[Cell] = &[
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:hang", HANG.as_bytes()),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", JSON.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", b"MDMP"),
        ("crash_reports", CRASH, "timestamps:submitted", b"2015-01-01T00:00:00.5"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_hang_id", HANG, "ids:ooid:default", OOID.as_bytes()),
        (
            "crash_reports_index_hang_id_submitted_time",
            HANG_TIMED,
            "ids:ooid:default",
            OOID.as_bytes(),
        ),
        ("metrics", "crash_report_queue", "counters:current_unprocessed_size", b"+1"),
    ];
    let counters = counted(
        ["2015-01-01T00:00", "2015-01-01T00", "2015-01-01", "2015-01", "2015"],
        &["counters:submitted_crash_reports", "counters:submitted_crash_reports_legacy_throttle_1"],
    );
    let crash = (OOID, JSON, b"MDMP".as_slice());
    assert_submission(server, crash, QueueForProcessing::Yes, &[cells, &counters].concat());
}

fn a_crash_of_another_process_is_counted_by_its_type(server: &Server) {
    const CRASH: &str = "f160229f0000000-aaaa-4bbb-8ccc-ddddd2160229";
    const OOID: &str = "f0000000-aaaa-4bbb-8ccc-ddddd2160229";
    const TIMED: &str = "f2016-02-29T12:30:00f0000000-aaaa-4bbb-8ccc-ddddd2160229";
    const JSON: &str = r#"{"submitted_timestamp": "2016-02-29T12:30:00+00:00", "ProcessType": "content", "legacy_processing": 1}"#;
    let cells: &[Cell] = &[
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", JSON.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", b"MDMP"),
        ("crash_reports", CRASH, "timestamps:submitted", b"2016-02-29T12:30:00+00:00"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("metrics", "crash_report_queue", "counters:current_unprocessed_size", b"+1"),
    ];
    let counters = counted(
        ["2016-02-29T12:30", "2016-02-29T12", "2016-02-29", "2016-02", "2016"],
        &[
            "counters:submitted_crash_reports",
            "counters:submitted_crash_reports_legacy_throttle_1",
            "counters:submitted_oop_content_crash_reports",
        ],
    );
    let crash = (OOID, JSON, b"MDMP".as_slice());
    assert_submission(server, crash, QueueForProcessing::Yes, &[cells, &counters].concat());
}

fn a_crash_that_is_not_queued_is_in_no_queue_and_no_queue_size(server: &Server) {
    const CRASH: &str = "117030410000000-aaaa-4bbb-8ccc-ddddd2170304";
    const OOID: &str = "10000000-aaaa-4bbb-8ccc-ddddd2170304";
    const TIMED: &str = "12017-03-04T05:06:0710000000-aaaa-4bbb-8ccc-ddddd2170304";
    const JSON: &str = r#"{"submitted_timestamp": "2017-03-04T05:06:07+00:00"}"#;
    let cells: &[Cell] = &[
        ("crash_reports", CRASH, "flags:legacy_processing", b"Y"),
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", JSON.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", b"MDMP"),
        ("crash_reports", CRASH, "timestamps:submitted", b"2017-03-04T05:06:07+00:00"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
    ];
    let counters = counted(
        ["2017-03-04T05:06", "2017-03-04T05", "2017-03-04", "2017-03", "2017"],
        &["counters:submitted_crash_reports", "counters:submitted_crash_reports_legacy_throttle_0"],
    );
    let crash = (OOID, JSON, b"MDMP".as_slice());
    assert_submission(server, crash, QueueForProcessing::No, &[cells, &counters].concat());
}

fn a_zone_that_is_no_offset_with_a_colon_stays_in_the_keys(server: &Server) {
    const CRASH: &str = "a180102a0000000-aaaa-4bbb-8ccc-ddddd2180102";
    const OOID: &str = "a0000000-aaaa-4bbb-8ccc-ddddd2180102";
    const TIMED: &str = "a2018-01-02T03:04:05+0000a0000000-aaaa-4bbb-8ccc-ddddd2180102";
    const JSON: &str =
        r#"{"submitted_timestamp": "2018-01-02T03:04:05+0000", "legacy_processing": 1}"#;
    let cells: &[Cell] = &[
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", JSON.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", b"MDMP"),
        ("crash_reports", CRASH, "timestamps:submitted", b"2018-01-02T03:04:05+0000"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("metrics", "crash_report_queue", "counters:current_unprocessed_size", b"+1"),
    ];
    let counters = counted(
        ["2018-01-02T03:04", "2018-01-02T03", "2018-01-02", "2018-01", "2018"],
        &["counters:submitted_crash_reports", "counters:submitted_crash_reports_legacy_throttle_1"],
    );
    let crash = (OOID, JSON, b"MDMP".as_slice());
    assert_submission(server, crash, QueueForProcessing::Yes, &[cells, &counters].concat());
}
