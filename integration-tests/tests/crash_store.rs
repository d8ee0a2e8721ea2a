//! Socorro's crash store on a real HBase: what goes in comes out, and nothing else is left behind.

use hbase_thrift_client::ErrorKind as HBaseErrorKind;
use integration_tests::{Server, Test, TestTable};
use minidump::Minidump;
use serde_json::{Value, json};
use socorro_hbase_client::{ErrorKind, Ooid, QueueForProcessing};

use crate::socorro::{REAL_OOID, connect, metadata, ooid, real_crash, socorro, url_with_prefix};

mod again;
mod backup;
mod calls;
mod cells;
mod check;
mod dumps;
mod exact;
mod examples;
mod export;
mod faults;
mod files;
mod foreign;
mod further;
mod halfway;
mod hbase_client_py;
mod hostile;
mod interchange;
mod live;
mod memory;
mod parts;
mod processed;
pub(crate) mod proxy;
mod queue;
mod random_calls;
mod remove;
mod round_trips;
mod scans;
mod schema;
mod settled;
mod together;

pub(crate) fn tests() -> Vec<Test> {
    let own = vec![
        Test::new(the_real_minidump_is_a_minidump),
        Test::new(a_real_crash_comes_back_byte_for_byte),
        Test::new(metadata_comes_back_as_the_json_it_was),
        Test::new(what_was_never_submitted_is_none),
        Test::new(a_crash_that_is_only_processed_is_none),
        Test::new(stored_metadata_that_is_no_json_is_an_error_that_keeps_it),
        Test::new(a_crash_without_a_dump_is_read_and_one_without_metadata_is_an_error),
        Test::new(a_missing_table_is_an_error_and_not_absence),
    ];
    let modules = [
        own,
        again::tests(),
        backup::tests(),
        calls::tests(),
        cells::tests(),
        check::tests(),
        dumps::tests(),
        exact::tests(),
        examples::tests(),
        export::tests(),
        faults::tests(),
        files::tests(),
        foreign::tests(),
        further::tests(),
        halfway::tests(),
        hostile::tests(),
        interchange::tests(),
        live::tests(),
        parts::tests(),
        processed::tests(),
        queue::tests(),
        random_calls::tests(),
        remove::tests(),
        round_trips::tests(),
        scans::tests(),
        schema::tests(),
        settled::tests(),
        together::tests(),
    ];
    modules.into_iter().flatten().collect()
}

/// What is about the client alone, with more crashes or regions than a real server takes in seconds.
pub(crate) fn client_tests() -> Vec<Test> {
    memory::tests().into_iter().chain(schema::split_tests()).collect()
}

fn the_real_minidump_is_a_minidump(_: &Server) {
    let (_, dump) = real_crash();
    let minidump = Minidump::read(dump).unwrap();
    let threads = minidump.get_stream::<minidump::MinidumpThreadList>().unwrap();
    assert_eq!(threads.threads.len(), 4);
}

fn a_real_crash_comes_back_byte_for_byte(server: &Server) {
    let socorro = socorro(server);
    let (json, dump) = real_crash();
    let ooid = ooid(REAL_OOID);
    socorro.store.put_raw_report(ooid, &metadata(&json), &dump, QueueForProcessing::Yes).unwrap();
    assert!(socorro.store.get_dump(ooid).unwrap().unwrap() == dump);
    assert_eq!(socorro.store.get_metadata_text(ooid).unwrap().unwrap(), json);
    let report = socorro.store.get_raw_report(ooid).unwrap().unwrap();
    assert!(report.dump().unwrap() == dump);
    assert_eq!(report.metadata_bytes(), json.as_bytes());
}

fn metadata_comes_back_as_the_json_it_was(server: &Server) {
    let socorro = socorro(server);
    let json = r#"{"submitted_timestamp": "2003-01-02T03:04:05", "Comments": "\u00e9"}"#;
    let metadata = metadata(json);
    let ooid = Ooid::generate(metadata.submitted().unwrap().date()).unwrap();
    socorro.store.put_raw_report(ooid, &metadata, b"MDMP", QueueForProcessing::No).unwrap();
    let expected = json!({"submitted_timestamp": "2003-01-02T03:04:05", "Comments": "é"});
    assert_eq!(socorro.store.get_metadata(ooid).unwrap(), Some(expected.clone()));
    let report = socorro.store.get_raw_report(ooid).unwrap().unwrap();
    assert_eq!(report.metadata().unwrap(), expected);
}

fn what_was_never_submitted_is_none(server: &Server) {
    let store = socorro(server).store;
    let absent = ooid("0e4d3c2b-0000-4000-8000-000002040101");
    assert_eq!(store.get_metadata(absent).unwrap(), None::<Value>);
    assert_eq!(store.get_metadata_text(absent).unwrap(), None);
    assert_eq!(store.get_dump(absent).unwrap(), None);
    assert_eq!(store.get_raw_report(absent).unwrap(), None);
}

fn a_crash_that_is_only_processed_is_none(server: &Server) {
    let mut socorro = socorro(server);
    let row = "00401020a11b22c-0000-4000-8000-000002040102";
    socorro.put_raw("crash_reports", row, &[("processed_data:json", b"{}")]);
    let ooid = ooid("0a11b22c-0000-4000-8000-000002040102");
    assert_eq!(socorro.store.get_metadata(ooid).unwrap(), None::<Value>);
    assert_eq!(socorro.store.get_raw_report(ooid).unwrap(), None);
}

fn stored_metadata_that_is_no_json_is_an_error_that_keeps_it(server: &Server) {
    let mut socorro = socorro(server);
    let row = "00401030a11b22c-0000-4000-8000-000002040103";
    let columns: [(&str, &[u8]); 2] = [("meta_data:json", b"\xffMDMP"), ("raw_data:dump", b"{}")];
    socorro.put_raw("crash_reports", row, &columns);
    let ooid = ooid("0a11b22c-0000-4000-8000-000002040103");
    let error = socorro.store.get_metadata(ooid).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MalformedJson);
    assert_eq!(error.stored_bytes(), Some(b"\xffMDMP".as_slice()));
    let error = socorro.store.get_metadata_text(ooid).unwrap_err();
    assert_eq!(error.stored_bytes(), Some(b"\xffMDMP".as_slice()));
    // The dump is no worse for it.
    let report = socorro.store.get_raw_report(ooid).unwrap().unwrap();
    assert_eq!(report.dump(), Some(&b"{}"[..]));
    assert_eq!(report.metadata().unwrap_err().kind(), ErrorKind::MalformedJson);
    // Others check this store.
    socorro.delete_raw("crash_reports", row);
}

fn a_crash_without_a_dump_is_read_and_one_without_metadata_is_an_error(server: &Server) {
    let mut socorro = socorro(server);
    let row = "00401040a11b22c-0000-4000-8000-000002040104";
    socorro.put_raw("crash_reports", row, &[("meta_data:json", b"{}")]);
    let ooid = ooid("0a11b22c-0000-4000-8000-000002040104");
    assert_eq!(socorro.store.get_raw_report(ooid).unwrap().unwrap().dump(), None);
    assert_eq!(socorro.store.get_metadata(ooid).unwrap(), Some(json!({})));
    assert_eq!(socorro.store.get_dump(ooid).unwrap(), None);
    socorro.delete_raw("crash_reports", row);
    socorro.put_raw("crash_reports", row, &[("raw_data:dump", b"MDMP")]);
    let error = socorro.store.get_raw_report(ooid).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IncompleteCrash);
    assert!(error.to_string().ends_with("its row has no metadata"), "{error}");
}

fn a_missing_table_is_an_error_and_not_absence(server: &Server) {
    let nothing = TestTable::reserve_prefix(server, "no_tables");
    let store = connect(&url_with_prefix(server, nothing.name()));
    let error = store.get_dump(ooid(REAL_OOID)).unwrap_err();
    assert_eq!(
        error.hbase().map(hbase_thrift_client::Error::kind),
        Some(HBaseErrorKind::TableNotFound)
    );
}
