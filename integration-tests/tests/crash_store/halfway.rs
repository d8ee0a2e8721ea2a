//! Submissions that stop halfway, for want of a table: what the error says is stored, is stored.

use hbase_thrift_client::{ErrorKind as HBaseErrorKind, Outcome};
use integration_tests::{Server, Test, TestTable};
use socorro_hbase_client::{
    CrashStore, Error, ErrorKind, Ooid, QueueForProcessing, SchemaOptions, Stored,
};

use crate::socorro::{connect, metadata, ooid, socorro, url_with_prefix};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(without_the_crash_table_nothing_is_stored),
        Test::new(without_an_index_the_crash_is_stored_but_not_counted),
        Test::new(without_the_counters_the_crash_is_stored_indexed_and_queued),
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
    assert_eq!(error.stored(), Stored::Nothing);
    assert_eq!(error.outcome(), Outcome::NotApplied);
    assert!(error.to_string().ends_with("failed: nothing was stored"), "{error}");
}

fn without_an_index_the_crash_is_stored_but_not_counted(server: &Server) {
    let mut socorro = socorro(server);
    let ooid = ooid("20000000-aaaa-4bbb-8ccc-ddddd2090807");
    socorro.drop_table("crash_reports_index_submitted_time");
    let error = submit(&socorro.store, &ooid);
    socorro.store.create_schema(&SchemaOptions::new()).unwrap();
    assert_eq!(error.stored(), Stored::TheCrash);
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(socorro.store.get_dump(&ooid).unwrap().as_deref(), Some(&b"MDMP"[..]));
    let cells = socorro.cells();
    assert!(!cells.has_row("crash_reports_index_legacy_unprocessed_flag", ooid.as_str()));
    assert!(!cells.has_row("metrics", "2009"));
}

fn without_the_counters_the_crash_is_stored_indexed_and_queued(server: &Server) {
    let mut socorro = socorro(server);
    let ooid = ooid("30000000-aaaa-4bbb-8ccc-ddddd2090807");
    socorro.drop_table("metrics");
    let error = submit(&socorro.store, &ooid);
    socorro.store.create_schema(&SchemaOptions::new()).unwrap();
    assert_eq!(error.stored(), Stored::AllButTheCounters);
    assert!(socorro.store.get_dump(&ooid).unwrap().is_some());
    let cells = socorro.cells();
    assert!(cells.has_row("crash_reports_index_legacy_unprocessed_flag", ooid.as_str()));
}
