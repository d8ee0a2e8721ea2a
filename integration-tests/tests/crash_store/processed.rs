//! Processed crashes: every cell they leave, and their way out of the general queue.

use integration_tests::{Server, Test};
use serde_json::json;
use socorro_hbase_client::{ErrorKind, ProcessedCrash, QueueForProcessing};

use crate::socorro::{metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(processing_stores_the_result_and_empties_the_general_queue),
        Test::new(processing_again_is_found_by_the_new_signature_only),
        Test::new(processing_a_crash_that_is_not_queued_counts_no_queue_down),
        Test::new(a_crash_without_signature_is_found_as_such),
        Test::new(a_crash_without_time_leaves_the_queue_by_its_date_processed),
        Test::new(processing_an_absent_crash_is_refused_and_nothing_is_written),
        Test::new(processed_json_comes_back_as_it_was),
        Test::new(stored_processed_json_that_is_none_is_an_error_that_keeps_it),
        Test::new(the_processing_state_tells_how_far_a_crash_has_come),
    ]
}

const JSON: &str = r#"{"submitted_timestamp": "2007-01-01T00:00:00+00:00"}"#;

fn processed(signature: &str) -> ProcessedCrash {
    let json =
        format!(r#"{{"signature": "{signature}", "completeddatetime": "2007-01-01 00:01:00"}}"#);
    ProcessedCrash::from_json(json).unwrap()
}

fn processing_stores_the_result_and_empties_the_general_queue(server: &Server) {
    const OOID: &str = "0c000000-aaaa-4bbb-8ccc-ddddd2070101";
    let mut socorro = socorro(server);
    let queue = QueueForProcessing::Yes;
    socorro.store.put_raw_report(ooid(OOID), &metadata(JSON), b"MDMP", queue).unwrap();
    let before = socorro.cells();
    socorro.store.put_processed(ooid(OOID), &processed("a::b")).unwrap();
    let expected = [
        format!("crash_reports 0070101{OOID} flags:processed = Y"),
        format!(
            r#"crash_reports 0070101{OOID} processed_data:json = {{\"signature\": \"a::b\", \"completeddatetime\": \"2007-01-01 00:01:00\"}}"#
        ),
        format!("crash_reports 0070101{OOID} processed_data:signature = a::b"),
        format!("crash_reports 0070101{OOID} timestamps:processed = 2007-01-01 00:01:00"),
        format!("crash_reports_index_signature_ooid a::b{OOID} ids:ooid = {OOID}"),
        format!("- crash_reports_index_unprocessed_flag 02007-01-01T00:00:00{OOID} ids:ooid"),
        "metrics crash_report_queue counters:current_unprocessed_size -1".to_owned(),
    ];
    assert_eq!(socorro.cells().changes_since(&before), expected);
}

fn processing_again_is_found_by_the_new_signature_only(server: &Server) {
    const OOID: &str = "1c000000-aaaa-4bbb-8ccc-ddddd2070101";
    let mut socorro = socorro(server);
    let queue = QueueForProcessing::Yes;
    socorro.store.put_raw_report(ooid(OOID), &metadata(JSON), b"MDMP", queue).unwrap();
    socorro.store.put_processed(ooid(OOID), &processed("old")).unwrap();
    let before = socorro.cells();
    socorro.store.put_processed(ooid(OOID), &processed("new")).unwrap();
    let changes = socorro.cells().changes_since(&before);
    let index: Vec<_> = changes.iter().filter(|line| line.contains("_index_")).collect();
    let table = "crash_reports_index_signature_ooid";
    let expected =
        [&format!("{table} new{OOID} ids:ooid = {OOID}"), &format!("- {table} old{OOID} ids:ooid")];
    assert_eq!(index, expected);
    assert!(!changes.iter().any(|line| line.starts_with("metrics")), "{changes:#?}");
}

fn processing_a_crash_that_is_not_queued_counts_no_queue_down(server: &Server) {
    const OOID: &str = "2c000000-aaaa-4bbb-8ccc-ddddd2070101";
    let mut socorro = socorro(server);
    let queue = QueueForProcessing::No;
    socorro.store.put_raw_report(ooid(OOID), &metadata(JSON), b"MDMP", queue).unwrap();
    let before = socorro.cells().lines("metrics");
    socorro.store.put_processed(ooid(OOID), &processed("a")).unwrap();
    assert_eq!(socorro.cells().lines("metrics"), before);
}

fn a_crash_without_signature_is_found_as_such(server: &Server) {
    const OOID: &str = "3c000000-aaaa-4bbb-8ccc-ddddd2070101";
    let mut socorro = socorro(server);
    let queue = QueueForProcessing::No;
    socorro.store.put_raw_report(ooid(OOID), &metadata(JSON), b"MDMP", queue).unwrap();
    let none = ProcessedCrash::from_json(r#"{"completeddatetime": "2007"}"#).unwrap();
    socorro.store.put_processed(ooid(OOID), &none).unwrap();
    let cells = socorro.cells();
    assert!(cells.has_row("crash_reports_index_signature_ooid", &format!("##null##{OOID}")));
    socorro.store.put_processed(ooid(OOID), &processed("")).unwrap();
    let cells = socorro.cells();
    assert!(cells.has_row("crash_reports_index_signature_ooid", &format!("##empty##{OOID}")));
    assert!(!cells.has_row("crash_reports_index_signature_ooid", &format!("##null##{OOID}")));
}

fn a_crash_without_time_leaves_the_queue_by_its_date_processed(server: &Server) {
    const OOID: &str = "4c000000-aaaa-4bbb-8ccc-ddddd2070101";
    let mut socorro = socorro(server);
    let row = format!("4070101{OOID}");
    socorro.put_raw("crash_reports", &row, &[("flags:processed", b"N")]);
    let queue = "crash_reports_index_unprocessed_flag";
    let queued = format!("42007-02-02 01:02:03{OOID}");
    socorro.put_raw(queue, &queued, &[("ids:ooid", OOID.as_bytes())]);
    let json = r#"{"completeddatetime": "2007", "date_processed": "2007-02-02 01:02:03"}"#;
    let processed = ProcessedCrash::from_json(json).unwrap();
    socorro.store.put_processed(ooid(OOID), &processed).unwrap();
    assert!(!socorro.cells().has_row(queue, OOID));
}

fn processing_an_absent_crash_is_refused_and_nothing_is_written(server: &Server) {
    let mut socorro = socorro(server);
    let before = socorro.cells();
    let absent = ooid("5c000000-aaaa-4bbb-8ccc-ddddd2070101");
    let error = socorro.store.put_processed(absent, &processed("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchCrash);
    assert_eq!(socorro.cells().changes_since(&before), [""; 0]);
}

fn processed_json_comes_back_as_it_was(server: &Server) {
    let socorro = socorro(server);
    let crash = ooid("6c000000-aaaa-4bbb-8ccc-ddddd2070101");
    let queue = QueueForProcessing::No;
    socorro.store.put_raw_report(crash, &metadata(JSON), b"MDMP", queue).unwrap();
    assert_eq!(socorro.store.get_processed(crash).unwrap(), None);
    assert_eq!(socorro.store.get_processed_text(crash).unwrap(), None);
    socorro.store.put_processed(crash, &processed("a")).unwrap();
    let text = String::from_utf8(processed("a").json().to_vec()).unwrap();
    assert_eq!(socorro.store.get_processed_text(crash).unwrap(), Some(text));
    let expected = json!({"signature": "a", "completeddatetime": "2007-01-01 00:01:00"});
    assert_eq!(socorro.store.get_processed(crash).unwrap(), Some(expected));
}

fn stored_processed_json_that_is_none_is_an_error_that_keeps_it(server: &Server) {
    const OOID: &str = "8c000000-aaaa-4bbb-8ccc-ddddd2070101";
    let mut socorro = socorro(server);
    let row = format!("8070101{OOID}");
    socorro.put_raw("crash_reports", &row, &[("processed_data:json", b"{\xff")]);
    for error in [
        socorro.store.get_processed(ooid(OOID)).unwrap_err(),
        socorro.store.get_processed_text(ooid(OOID)).unwrap_err(),
        socorro.store.get_processed_of([ooid(OOID)]).unwrap().remove(0).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::MalformedJson);
        assert_eq!(error.stored_bytes(), Some(&b"{\xff"[..]));
    }
    socorro.delete_raw("crash_reports", &row);
}

fn the_processing_state_tells_how_far_a_crash_has_come(server: &Server) {
    let socorro = socorro(server);
    let crash = ooid("7c000000-aaaa-4bbb-8ccc-ddddd2070101");
    assert_eq!(socorro.store.get_processing_state(crash).unwrap(), None);
    let queue = QueueForProcessing::No;
    socorro.store.put_raw_report(crash, &metadata(JSON), b"MDMP", queue).unwrap();
    let state = socorro.store.get_processing_state(crash).unwrap().unwrap();
    assert_eq!((state.is_processed, state.is_legacy, state.processed), (false, true, None));
    assert_eq!(state.submitted.as_deref(), Some("2007-01-01T00:00:00+00:00"));
    socorro.store.put_processed(crash, &processed("a")).unwrap();
    let state = socorro.store.get_processing_state(crash).unwrap().unwrap();
    assert!(state.is_processed);
    assert_eq!(state.processed.as_deref(), Some("2007-01-01 00:01:00"));
}
