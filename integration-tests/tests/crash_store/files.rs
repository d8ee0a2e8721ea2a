//! Submissions from the files that a collector left.

use std::path::Path;

use integration_tests::{Server, Test};
use socorro_hbase_client::{Error, ErrorKind, QueueForProcessing, Submission, Written};

use crate::socorro::{Cell, Socorro, data_file, ooid, real_crash, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_crash_from_files_leaves_the_cells_of_a_submission),
        Test::new(without_the_metadatas_file_nothing_is_written),
        Test::new(without_the_dumps_file_nothing_is_written),
        Test::new(metadata_that_is_no_json_is_named_and_nothing_is_written),
    ]
}

const OOID: &str = "7d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

fn a_crash_from_files_leaves_the_cells_of_a_submission(server: &Server) {
    const CRASH: &str = "71205087d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    const TIMED: &str = "72012-05-08T20:50:50.1234567d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    const SUBMITTED: &str = "counters:submitted_crash_reports";
    const ACCEPTED: &str = "counters:submitted_crash_reports_legacy_throttle_0";
    let (json, dump) = real_crash();
    let mut socorro = socorro(server);
    let before = socorro.cells();
    let (metadata_file, dump_file) = (data_file("json"), data_file("dump"));
    let queue = QueueForProcessing::Yes;
    let submission =
        socorro.store.put_raw_report_from_files(ooid(OOID), metadata_file, dump_file, queue);
    assert_eq!(submission.unwrap(), Submission::Completed);
    let expected: &[Cell] = &[
        ("crash_reports", CRASH, "flags:legacy_processing", b"Y"),
        ("crash_reports", CRASH, "flags:processed", b"N"),
        ("crash_reports", CRASH, "ids:ooid", OOID.as_bytes()),
        ("crash_reports", CRASH, "meta_data:json", json.as_bytes()),
        ("crash_reports", CRASH, "raw_data:dump", &dump),
        ("crash_reports", CRASH, "timestamps:submitted", b"2012-05-08T20:50:50.123456+00:00"),
        ("crash_reports_index_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_submitted_time", TIMED, "ids:ooid", OOID.as_bytes()),
        ("crash_reports_index_legacy_unprocessed_flag", TIMED, "ids:ooid", OOID.as_bytes()),
        ("metrics", "2012", ACCEPTED, b"+1"),
        ("metrics", "2012", SUBMITTED, b"+1"),
        ("metrics", "2012-05", ACCEPTED, b"+1"),
        ("metrics", "2012-05", SUBMITTED, b"+1"),
        ("metrics", "2012-05-08", ACCEPTED, b"+1"),
        ("metrics", "2012-05-08", SUBMITTED, b"+1"),
        ("metrics", "2012-05-08T20", ACCEPTED, b"+1"),
        ("metrics", "2012-05-08T20", SUBMITTED, b"+1"),
        ("metrics", "2012-05-08T20:50", ACCEPTED, b"+1"),
        ("metrics", "2012-05-08T20:50", SUBMITTED, b"+1"),
        ("metrics", "crash_report_queue", "counters:current_unprocessed_size", b"+1"),
        ("metrics", "crash_report_queue", "counters:current_legacy_unprocessed_size", b"+1"),
    ];
    socorro.cells().assert_changes_since(&before, expected);
    // Other tests submit the same crash under its own name, and look at the same counters.
    assert!(socorro.store.remove(ooid(OOID)).unwrap());
}

/// Submits files with these contents, or without the one that is `None`; nothing may be written.
fn refusal(server: &Server, json: Option<&[u8]>, dump: Option<&[u8]>) -> (Error, String) {
    let mut socorro = socorro(server);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: Option<&[u8]>| {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        path
    };
    let (metadata, dump) = (write("crash.json", json), write("crash.dump", dump));
    let error = refused(&mut socorro, &metadata, &dump);
    (error, folder.path().display().to_string())
}

fn refused(socorro: &mut Socorro, metadata: &Path, dump: &Path) -> Error {
    let before = socorro.cells();
    let crash = ooid("8d8a2b4e-9c1f-4e57-8b3a-0f2c42120508");
    let queue = QueueForProcessing::Yes;
    let refused = socorro.store.put_raw_report_from_files(crash, metadata, dump, queue);
    assert_eq!(socorro.cells().changes_since(&before), [""; 0]);
    let error = refused.unwrap_err();
    assert_eq!(error.effect().written(), Written::Nothing);
    error
}

const JSON: &[u8] = br#"{"submitted_timestamp": "2012-05-08T20:50:50"}"#;

fn without_the_metadatas_file_nothing_is_written(server: &Server) {
    let (error, folder) = refusal(server, None, Some(b"MDMP"));
    assert_eq!(error.kind(), ErrorKind::File);
    let expected = format!("can't read {folder}/crash.json, nothing was stored");
    assert_eq!(error.to_string(), expected);
}

fn without_the_dumps_file_nothing_is_written(server: &Server) {
    let (error, folder) = refusal(server, Some(JSON), None);
    assert_eq!(error.kind(), ErrorKind::File);
    let expected = format!("can't read {folder}/crash.dump, nothing was stored");
    assert_eq!(error.to_string(), expected);
}

fn metadata_that_is_no_json_is_named_and_nothing_is_written(server: &Server) {
    let (error, folder) = refusal(server, Some(b"MDMP"), Some(b"MDMP"));
    assert_eq!(error.kind(), ErrorKind::InvalidMetadata);
    assert_eq!(error.to_string(), format!("{folder}/crash.json can't be stored"));
    let cause = std::error::Error::source(&error).unwrap();
    assert!(cause.to_string().contains("no JSON object"), "{cause}");
}
