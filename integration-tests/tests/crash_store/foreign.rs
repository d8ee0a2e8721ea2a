//! Crashes as others have stored them, which ours would not have made: odd metadata, names and rows.

use std::time::{SystemTime, UNIX_EPOCH};

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CrashMetadata, CrashStore, ErrorKind, ProblemKind, QueueForProcessing, Submission, TimeRange,
};

use super::hbase_client_py::{
    A, B, DEFERRED, HANG, JSON, LEASE, Python, TIME, id, processed, worker,
};
use crate::socorro::metadata;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(metadata_that_no_strict_parser_takes_is_submitted_and_processed),
        Test::new(metadata_that_cannot_be_read_is_reported_and_nothing_is_repaired_by_it),
        Test::new(a_recount_leaves_a_crash_to_its_submission),
        Test::new(metadata_that_cannot_be_read_is_counted_once_however_often_it_comes),
        Test::new(crashes_under_other_names_are_somebodys),
        Test::new(rows_of_before_keys_were_salted_are_read_and_processed),
        Test::new(an_own_dump_under_its_posted_name_is_the_main_dump),
        Test::new(short_times_make_no_counters),
        Test::new(a_crash_is_described_without_its_data),
        Test::new(a_client_that_stamps_its_writes_is_refused),
        Test::new(others_crashes_are_found_in_searches_after_a_reindex),
        Test::new(counters_are_history),
    ]
}

fn metadata_that_no_strict_parser_takes_is_submitted_and_processed(server: &Server) {
    let python = Python::new(server);
    let texts: [&[u8]; 6] = [
        br#"{"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00", "URL": "http://example.org/\udf03.xpi"}"#,
        br#"{"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00", "UptimeTS": NaN}"#,
        br#"{"submitted_timestamp": "2012-05-08 20:50:50.123456+00:00", "x": 1e400}"#,
        b"{\"submitted_timestamp\": \"2012-05-08T20:50:50Z\", \"Comments\": \"caf\xe9\"}",
        br#"{"submitted_timestamp": "2012-05-08T20:50:50Z", "HangID": "2F1E7A60-55C4-4BE0-9D3C-71C4E8A90B12", "ProcessType": "web.content", "legacy_processing": false}"#,
        br#"{"submitted_timestamp": "yesterday", "legacy_processing": null}"#,
    ];
    let mut expected = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let name = format!("{number}a11b22c-0000-4000-8000-000002120508");
        let metadata = CrashMetadata::from_json(*text).unwrap();
        let queue = QueueForProcessing::Yes;
        python.store.put_raw_report(id(&name), &metadata, b"MDMP", queue).unwrap();
        let report = python.store.get_raw_report(id(&name)).unwrap().unwrap();
        assert_eq!(report.metadata_bytes(), *text);
        expected.push(name);
    }
    let problems = python.problems();
    assert!(problems.iter().all(|kind| *kind == ProblemKind::UnreadableMetadata), "{problems:?}");
    let mut worked = python.work();
    worked.sort();
    assert_eq!(worked, expected);
    assert_eq!(python.sizes(), (0, 0));
}

fn metadata_that_cannot_be_read_is_reported_and_nothing_is_repaired_by_it(server: &Server) {
    let python = Python::new(server);
    let json = r#"{"ProductName": "Firefox", "HangID": "#;
    python.put_json_dump(A, TIME, json, true, Some(HANG));
    let json =
        r#"{"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00", "legacy_processing": true}"#;
    python.put_json_dump(B, TIME, json, false, None);
    let before = python.store.get_counters(&["2012".parse().unwrap()]).unwrap();
    assert_eq!(python.problems(), [ProblemKind::UnreadableMetadata]);
    python.repair();
    assert_eq!(python.problems(), [ProblemKind::UnreadableMetadata]);
    assert_eq!(python.store.get_counters(&["2012".parse().unwrap()]).unwrap(), before);
    assert_eq!(python.store.get_hang(&HANG.parse().unwrap()).unwrap().len(), 1);
    assert_eq!(python.work(), [A]);
    // Nor is it a reason to count anew: who stored it knew what it is.
    for period in ["2012", "2012-05-08T20:50"] {
        assert_eq!(python.store.recount(&period.parse().unwrap()).unwrap(), [], "{period}");
    }
    // What is certain is set right.
    python.increment("2012", "submitted_crash_reports");
    let changed = python.store.recount(&"2012".parse().unwrap()).unwrap();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(python.store.get_counters(&["2012".parse().unwrap()]).unwrap(), before);
}

fn a_recount_leaves_a_crash_to_its_submission(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let row = format!("0120508{A}");
    python.put("crash_reports", &row, &[("flags:uncounted", b"Y")]);
    python.add("2012", "submitted_crash_reports", -1);
    python.add("2012", "submitted_crash_reports_legacy_throttle_0", -1);
    assert_eq!(python.store.recount(&"2012".parse().unwrap()).unwrap(), []);
}

fn metadata_that_cannot_be_read_is_counted_once_however_often_it_comes(server: &Server) {
    let python = Python::new(server);
    let cut_off =
        r#"{"submitted_timestamp": "2012-05-08T20:50:50", "ProcessType": "plugin", "Hang"#;
    let periods = ["2012", "2012-05-08T20:50"].map(|text| text.parse().unwrap());
    let counters = || python.store.get_counters(&periods).unwrap();
    let submit = || {
        let json = metadata(cut_off);
        python.store.put_raw_report(id(A), &json, b"MDMP", QueueForProcessing::Yes).unwrap()
    };
    assert_eq!(submit(), Submission::Completed);
    let before = counters();
    assert_eq!(before[0].submitted(), 1);
    for _ in 0..2 {
        assert_eq!(submit(), Submission::Repeated);
        assert_eq!(counters(), before);
        assert_eq!(python.sizes(), (1, 1));
    }
}

fn crashes_under_other_names_are_somebodys(server: &Server) {
    let python = Python::new(server);
    let names = ["ABCDEF01-0000-4000-8000-000002120508", "abc", "zzzzzzzz-no-date-at-the-end"];
    for name in names {
        python.put_json_dump(name, TIME, JSON, true, None);
    }
    assert_eq!(python.problems(), []);
    python.repair();
    let range = TimeRange::within("2012-05-08");
    let found = python.store.scan_submitted(&range).unwrap().map(|entry| entry.unwrap().id);
    let mut found: Vec<_> = found.map(|id| id.to_string()).collect();
    found.sort();
    assert_eq!(found, names);
    assert_eq!(python.store.get_dump(id("abc")).unwrap().as_deref(), Some(&b"MDMP"[..]));
    let mut worked = python.work();
    worked.sort();
    assert_eq!(worked, names);
    assert_eq!(python.problems(), []);
    assert_eq!(python.sizes(), (0, 0));
    assert!(python.store.remove(id("abc")).unwrap());
    assert_eq!(python.problems(), []);
}

fn rows_of_before_keys_were_salted_are_read_and_processed(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let table = python.store.client().table("crash_reports");
    table.delete(&hbase_thrift_client::Delete::row(format!("0120508{A}"))).unwrap();
    python.put(
        "crash_reports",
        &format!("120508{A}"),
        &[
            ("flags:processed", b"N"),
            ("flags:legacy_processing", b"Y"),
            ("meta_data:json", JSON.as_bytes()),
            ("timestamps:submitted", TIME.as_bytes()),
            ("ids:ooid", A.as_bytes()),
            ("raw_data:dump", b"MDMP old"),
        ],
    );
    assert_eq!(python.problems(), []);
    assert_eq!(python.store.get_dump(id(A)).unwrap().as_deref(), Some(&b"MDMP old"[..]));
    assert_eq!(python.work(), [A]);
    assert!(python.store.get_processing_state(id(A)).unwrap().unwrap().is_processed);
    assert_eq!(python.problems(), []);
}

fn counters_are_history(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    python.put_json_dump(B, TIME, DEFERRED, false, None);
    assert!(python.store.remove(id(A)).unwrap());
    assert_eq!(python.problems(), []);
    python.repair();
    let year = ["2012".parse().unwrap()];
    assert_eq!(python.store.get_counters(&year).unwrap()[0].submitted(), 2);
    let changed = python.store.recount(&year[0]).unwrap();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert_eq!(python.store.get_counters(&year).unwrap()[0].submitted(), 1);
}

fn an_own_dump_under_its_posted_name_is_the_main_dump(server: &Server) {
    let python = Python::new(server);
    python.put(
        "crash_reports",
        &format!("0120508{A}"),
        &[
            ("meta_data:json", JSON.as_bytes()),
            ("ids:ooid", A.as_bytes()),
            ("raw_data:upload_file_minidump", b"MDMP"),
        ],
    );
    assert_eq!(python.store.get_dump(id(A)).unwrap().as_deref(), Some(&b"MDMP"[..]));
    let report = python.store.get_raw_report(id(A)).unwrap().unwrap();
    assert_eq!(report.dump(), Some(&b"MDMP"[..]));
    let dumps = python.store.get_dumps(id(A)).unwrap();
    assert_eq!(dumps.keys().map(ToString::to_string).collect::<Vec<_>>(), ["dump"]);
}

fn short_times_make_no_counters(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, "20121120T", r#"{"submitted_timestamp": "20121120T"}"#, true, None);
    python.repair();
    let rows = python.store.client().table("metrics").scan(hbase_thrift_client::Scan::new());
    let before = rows.unwrap().count();
    python.repair();
    let rows = python.store.client().table("metrics").scan(hbase_thrift_client::Scan::new());
    assert_eq!(rows.unwrap().count(), before);
    assert_eq!(python.work(), [A]);
}

fn a_crash_is_described_without_its_data(server: &Server) {
    let python = Python::new(server);
    assert_eq!(python.store.describe(id(A)).unwrap(), None);
    python.put_json_dump(A, TIME, JSON, true, None);
    let _claim = python.store.legacy_queue().claim_crash(id(A), &worker(), LEASE).unwrap().unwrap();
    let described = python.store.describe(id(A)).unwrap().unwrap();
    let dump = described.parts.iter().find(|part| part.column == "raw_data:dump").unwrap();
    assert_eq!(dump.bytes, 4);
    let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let written = u64::try_from(dump.written.unix_timestamp()).unwrap();
    assert!(age.abs_diff(written) < 600, "{written}");
    assert!(!described.is_processed);
    assert_eq!(described.queued.len(), 2);
    let legacy = described.queued.iter().find(|queued| queued.is_legacy).unwrap();
    assert!(legacy.is_requested);
    assert_eq!(legacy.claim.as_ref().unwrap().0, "worker");
}

fn a_client_that_stamps_its_writes_is_refused(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let config = python.store.client().config().clone().client_timestamps(true);
    let store = CrashStore::new(hbase_thrift_client::Client::connect(config).unwrap());
    let error = store.requeue(id(A)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnfitClient);
    assert_eq!(store.get_dump(id(A)).unwrap().as_deref(), Some(&b"MDMP"[..]));
    let queue = QueueForProcessing::Yes;
    assert!(store.put_raw_report(id(B), &metadata(JSON), b"MDMP", queue).is_err());
    assert_eq!(python.store.get_dump(id(B)).unwrap(), None);
}

fn others_crashes_are_found_in_searches_after_a_reindex(server: &Server) {
    use socorro_hbase_client::SearchColumn;
    let python = Python::new(server);
    let json = format!(r#"{{"submitted_timestamp": "{TIME}", "ProductName": "Firefox"}}"#);
    python.put_json_dump(A, TIME, &json, true, None);
    let queue = QueueForProcessing::Yes;
    python.store.put_raw_report(id(B), &metadata(&json), b"MDMP", queue).unwrap();
    python.store.put_processed(id(B), &processed("found")).unwrap();
    let day = TimeRange::within("2012-05-08");
    let found = || -> Vec<_> {
        let scan = python.store.scan_search(&day).unwrap();
        scan.map(|entry| {
            let entry = entry.unwrap();
            let column = |column| entry.get(column).map(str::to_owned);
            (entry.id.to_string(), column(SearchColumn::Product), column(SearchColumn::Signature))
        })
        .collect()
    };
    let firefox = || Some("Firefox".to_owned());
    let of_b = (B.to_owned(), firefox(), Some("found".to_owned()));
    assert_eq!(found(), std::slice::from_ref(&of_b));
    let done = python.store.reindex(&day).unwrap();
    assert_eq!((done.crashes, done.missing), (2, 1));
    assert_eq!(found(), [(A.to_owned(), firefox(), None), of_b]);
    let counts = python.store.count_by_signature(&day).unwrap();
    assert_eq!(counts[&None], 1);
    assert_eq!(counts[&Some("found".to_owned())], 1);
    assert!(python.store.remove(id(A)).unwrap());
    assert_eq!(found().len(), 1);
}
