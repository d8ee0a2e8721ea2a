//! Submissions that stop halfway, for want of a table: what the error says is stored, is stored.

use hbase_thrift_client::ErrorKind as HBaseErrorKind;
use integration_tests::{Server, Test, TestTable};
use socorro_hbase_client::{
    CrashStore, Error, ErrorKind, Ooid, Part, QueueForProcessing, SchemaOptions, Submission,
    Written,
};

use crate::socorro::{Cells, Socorro, connect, metadata, ooid, socorro, url_with_prefix};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(without_the_crash_table_nothing_is_stored),
        Test::new(without_an_index_the_crash_is_stored_but_not_counted),
        Test::new(without_the_counters_the_crash_is_stored_indexed_and_queued),
        Test::new(submitting_again_completes_what_an_index_stopped),
        Test::new(submitting_again_completes_what_died_after_its_first_write),
        Test::new(submitting_again_counts_once_what_the_counters_stopped),
    ]
}

fn submit(store: &CrashStore, ooid: &Ooid) -> Error {
    let metadata = metadata(r#"{"submitted_timestamp": "2009-08-07T06:05:04"}"#);
    let error =
        store.put_raw_report(ooid, &metadata, b"MDMP", QueueForProcessing::Yes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HBase);
    let cause = error.hbase().map(hbase_thrift_client::Error::kind);
    assert_eq!(cause, Some(HBaseErrorKind::TableNotFound));
    error
}

fn without_the_crash_table_nothing_is_stored(server: &Server) {
    let nothing = TestTable::reserve_prefix(server, "no_tables");
    let store = connect(&url_with_prefix(server, nothing.name()));
    let error = submit(&store, &ooid("10000000-aaaa-4bbb-8ccc-ddddd2090807"));
    assert_eq!(error.effect().written(), Written::Nothing);
}

fn without_an_index_the_crash_is_stored_but_not_counted(server: &Server) {
    let mut socorro = socorro(server);
    let ooid = ooid("20000000-aaaa-4bbb-8ccc-ddddd2090807");
    let metrics = socorro.cells().lines("metrics");
    socorro.drop_table("crash_reports_index_submitted_time");
    let error = submit(&socorro.store, &ooid);
    socorro.store.create_schema(&SchemaOptions::new()).unwrap();
    assert_eq!(error.effect().written(), Written::Partly);
    assert_eq!(error.effect().left(), [Part::Indexes, Part::Counters]);
    assert_eq!(socorro.store.get_dump(ooid).unwrap().as_deref(), Some(&b"MDMP"[..]));
    let cells = socorro.cells();
    assert!(cells.has_row("crash_reports_index_legacy_unprocessed_flag", ooid.as_str()));
    assert_eq!(cells.lines("metrics"), metrics);
    let message = error.to_string();
    assert!(
        message.ends_with("not counted, and crash_reports_index_submitted_time may lack it"),
        "{message}"
    );
}

fn without_the_counters_the_crash_is_stored_indexed_and_queued(server: &Server) {
    let mut socorro = socorro(server);
    let ooid = ooid("30000000-aaaa-4bbb-8ccc-ddddd2090807");
    socorro.drop_table("metrics");
    let error = submit(&socorro.store, &ooid);
    socorro.store.create_schema(&SchemaOptions::new()).unwrap();
    assert_eq!(error.effect().written(), Written::Partly);
    assert_eq!(error.effect().left(), [Part::Counters]);
    assert!(socorro.store.get_dump(ooid).unwrap().is_some());
    let cells = socorro.cells();
    assert!(cells.has_row("crash_reports_index_legacy_unprocessed_flag", ooid.as_str()));
}

const JSON: &str = r#"{"submitted_timestamp": "2009-08-06T06:05:04"}"#;

fn submitting_again_completes_what_an_index_stopped(server: &Server) {
    let mut socorro = socorro(server);
    let ooid = ooid("40000000-aaaa-4bbb-8ccc-ddddd2090806");
    let table = "crash_reports_index_legacy_submitted_time";
    socorro.drop_table(table);
    socorro.store.create_schema(&SchemaOptions::new()).unwrap();
    let before = socorro.cells();
    socorro.drop_table(table);
    let submit =
        || socorro.store.put_raw_report(ooid, &metadata(JSON), b"MDMP", QueueForProcessing::Yes);
    assert!(submit().unwrap_err().to_string().contains("legacy_submitted_time"));
    socorro.store.create_schema(&SchemaOptions::new()).unwrap();
    assert_eq!(submit().unwrap(), Submission::Completed);
    assert_eq!(submit().unwrap(), Submission::Repeated);
    assert_submitted_once(&mut socorro, &before, "40000000-aaaa-4bbb-8ccc-ddddd2090806");
}

fn submitting_again_counts_once_what_the_counters_stopped(server: &Server) {
    let mut socorro = socorro(server);
    let ooid = ooid("50000000-aaaa-4bbb-8ccc-ddddd2090806");
    socorro.drop_table("metrics");
    let submit =
        || socorro.store.put_raw_report(ooid, &metadata(JSON), b"MDMP", QueueForProcessing::Yes);
    let error = submit().unwrap_err();
    assert_eq!(error.effect().written(), Written::Partly);
    assert_eq!(error.effect().left(), [Part::Counters]);
    assert!(error.to_string().ends_with("counters may lack it"), "{error}");
    socorro.store.create_schema(&SchemaOptions::new()).unwrap();
    assert_eq!(submit().unwrap(), Submission::Completed);
    assert_eq!(submit().unwrap(), Submission::Repeated);
    let metrics = socorro.cells().lines("metrics");
    assert_eq!(metrics.len(), 12, "{metrics:#?}");
    assert!(metrics.iter().all(|line| line.ends_with(" +1")), "{metrics:#?}");
    let queue = socorro.cells().lines("crash_reports_index_unprocessed_flag");
    assert_eq!(queue.iter().filter(|line| line.ends_with(ooid.as_str())).count(), 1);
}

/// Nothing but the cells of one submission is new, the mark of one that is under way included.
fn assert_submitted_once(socorro: &mut Socorro, before: &Cells, ooid: &str) {
    let changes = socorro.cells().changes_since(before);
    let row = format!("{}090806{ooid}", &ooid[..1]);
    let timed = format!("{}2009-08-06T06:05:04{ooid}", &ooid[..1]);
    let mut expected: Vec<_> = [
        "flags:legacy_processing = Y",
        "flags:processed = N",
        &format!("ids:ooid = {ooid}"),
        r#"meta_data:json = {\"submitted_timestamp\": \"2009-08-06T06:05:04\"}"#,
        "raw_data:dump = MDMP",
        "timestamps:submitted = 2009-08-06T06:05:04",
    ]
    .map(|cell| format!("crash_reports {row} {cell}"))
    .to_vec();
    for index in
        ["legacy_submitted_time", "legacy_unprocessed_flag", "submitted_time", "unprocessed_flag"]
    {
        expected.push(format!("crash_reports_index_{index} {timed} ids:ooid = {ooid}"));
    }
    for time in ["2009", "2009-08", "2009-08-06", "2009-08-06T06", "2009-08-06T06:05"] {
        expected.push(format!("metrics {time} counters:submitted_crash_reports +1"));
        expected
            .push(format!("metrics {time} counters:submitted_crash_reports_legacy_throttle_0 +1"));
    }
    for size in ["current_legacy_unprocessed_size", "current_unprocessed_size"] {
        expected.push(format!("metrics crash_report_queue counters:{size} +1"));
    }
    assert_eq!(changes, expected);
}

/// As a submission leaves it that dies after its first round trip, with the mark's reply lost or not.
fn submitting_again_completes_what_died_after_its_first_write(server: &Server) {
    let mut socorro = socorro(server);
    for (salt, is_marked) in [("6", true), ("7", false)] {
        let name = format!("{salt}0000000-aaaa-4bbb-8ccc-ddddd2090806");
        let before = socorro.cells();
        let cells: &[(&str, &[u8])] = &[
            ("meta_data:json", JSON.as_bytes()),
            ("raw_data:dump", b"MDMP"),
            ("timestamps:submitted", b"2009-08-06T06:05:04"),
            ("flags:uncounted", b"Y"),
        ];
        let cells = if is_marked { cells } else { &cells[..3] };
        socorro.put_raw("crash_reports", &format!("{salt}090806{name}"), cells);
        let crash = ooid(&name);
        let (json, queue) = (metadata(JSON), QueueForProcessing::Yes);
        let submission = socorro.store.put_raw_report(crash, &json, b"MDMP", queue).unwrap();
        assert_eq!(submission, Submission::Completed);
        assert_submitted_once(&mut socorro, &before, &name);
    }
}
