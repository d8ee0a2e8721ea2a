//! Endpoints that the Python client hasn't got, and what becomes of calls that fail.

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CrashId, Dumps, ErrorKind, NewReport, Part, ProblemKind, QueueForProcessing, Submission,
    Written,
};

use super::hbase_client_py::{A, B, JSON, Python, TIME, id, processed};
use super::proxy::Proxy;
use crate::socorro::metadata;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_dump_is_read_by_its_name),
        Test::new(what_is_not_known_to_be_public_is_left_out),
        Test::new(many_are_submitted_queued_and_removed_each_with_a_result_of_its_own),
        Test::new(a_crash_waits_until_its_signature_finds_it),
        Test::new(a_call_whose_connection_was_lost_may_be_made_again_and_says_so),
        Test::new(a_resubmission_with_another_time_and_without_dumps_leaves_nothing_of_the_old),
        Test::new(nobody_works_on_a_crash_whose_submission_is_under_way),
    ]
}

fn a_dump_is_read_by_its_name(server: &Server) {
    let python = Python::new(server);
    let dumps = Dumps::new(b"MDMP").with("upload_file_minidump_plugin".parse().unwrap(), b"PLUGIN");
    let queue = QueueForProcessing::No;
    python.store.put_raw_report(id(A), &metadata(JSON), dumps, queue).unwrap();
    let named = |name: &str| python.store.get_dump_named(id(A), &name.parse().unwrap()).unwrap();
    assert_eq!(named("upload_file_minidump_plugin").as_deref(), Some(&b"PLUGIN"[..]));
    assert_eq!(named("dump").as_deref(), Some(&b"MDMP"[..]));
    assert_eq!(named("upload_file_minidump_other"), None);
}

fn what_is_not_known_to_be_public_is_left_out(server: &Server) {
    let python = Python::new(server);
    let json = format!(
        r#"{{"submitted_timestamp": "{TIME}", "ProductName": "Firefox", "Email": "a@b.c", "URL": "u", "Comments": "c", "UserID": "x", "SomethingNew": "1"}}"#
    );
    let queue = QueueForProcessing::No;
    python.store.put_raw_report(id(A), &metadata(&json), b"MDMP", queue).unwrap();
    let shown = python.store.get_public_metadata(id(A)).unwrap().unwrap();
    let shown = serde_json::to_value(&shown).unwrap();
    assert_eq!(shown["ProductName"], "Firefox");
    for field in ["Email", "URL", "Comments", "UserID", "SomethingNew"] {
        assert_eq!(shown.get(field), None, "{field}");
    }
    // Whole for those who may see it.
    assert_eq!(python.store.get_metadata(id(A)).unwrap().unwrap()["Email"], "a@b.c");
}

fn many_are_submitted_queued_and_removed_each_with_a_result_of_its_own(server: &Server) {
    let python = Python::new(server);
    let (json, no_time) = (metadata(JSON), metadata("{}"));
    let twice = Dumps::new(b"MDMP").with("dump".parse().unwrap(), b"MDMP");
    let reports = [
        NewReport::new(id(A), &json, b"MDMP"),
        NewReport::new(id("no-time"), &no_time, b"MDMP"),
        NewReport::new(id("x-two-dumps-2120508"), &json, twice),
        NewReport::new(id(B), &json, b"MDMP"),
        // Once more: the second finds the first.
        NewReport::new(id(A), &json, b"MDMP"),
    ];
    let results = python.store.put_raw_reports(&reports, QueueForProcessing::Yes).unwrap();
    let results: Vec<_> = results.into_iter().map(|it| it.map_err(|error| error.kind())).collect();
    let expected = [
        Ok(Submission::Completed),
        Err(ErrorKind::InvalidMetadata),
        Err(ErrorKind::DuplicateDump),
        Ok(Submission::Completed),
        Ok(Submission::Repeated),
    ];
    assert_eq!(results, expected);
    assert_eq!(python.sizes(), (2, 2));
    assert_eq!(python.problems(), []);
    python.work();

    let names = [A, "absent", B].map(id);
    let queued = python.store.requeue_many(names.clone()).unwrap();
    let queued: Vec<_> = queued.into_iter().map(|it| it.map_err(|error| error.kind())).collect();
    assert_eq!(queued, [Ok(()), Err(ErrorKind::NoSuchCrash), Ok(())]);
    assert_eq!(python.sizes(), (2, 2));
    let counted = socorro_hbase_client::Counted::Goes;
    // One of them twice: the second finds it gone, and counts nothing down.
    let names = names.into_iter().chain([id(A)]);
    let removed = python.store.remove_many(names, counted).unwrap();
    let removed: Vec<_> = removed.into_iter().map(Result::unwrap).collect();
    assert_eq!(removed, [true, false, true, false]);
    assert_eq!(python.sizes(), (0, 0));
    assert_eq!(python.problems(), []);
    let year = python.store.get_counters(&["2012".parse().unwrap()]).unwrap();
    assert!(year[0].iter().all(|(_, counted)| counted == 0), "{year:?}");
}

fn a_crash_waits_until_its_signature_finds_it(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let admin = python.store.client().admin();
    let table = "crash_reports_index_signature_ooid";
    admin.disable_table(table).unwrap();
    admin.delete_table(table).unwrap();
    let error = python.store.put_processed(id(A), &processed("sig")).unwrap_err();
    assert_eq!(error.effect().written(), Written::Partly);
    assert!(error.to_string().contains(table), "{error}");
    assert!(!python.store.get_processing_state(id(A)).unwrap().unwrap().is_processed);
    assert_eq!(python.store.general_queue().count_entries().unwrap(), 1);
    assert_eq!(python.sizes(), (1, 1));
    python.store.create_schema(&socorro_hbase_client::SchemaOptions::new()).unwrap();
    assert_eq!(python.work(), [A]);
    assert_eq!(python.store.scan_signature("worked").unwrap().count(), 1);
    assert_eq!(python.problems(), []);
}

fn a_call_whose_connection_was_lost_may_be_made_again_and_says_so(server: &Server) {
    let python = Python::new(server);
    let proxy = Proxy::start(&server.store_url());
    let prefix = python.store.client().config().get_table_prefix().to_owned();
    let config = proxy.store(&prefix).client().config().clone().max_attempts(1);
    let client = hbase_thrift_client::Client::connect(config).unwrap();
    let store = socorro_hbase_client::CrashStore::new(client);
    let (json, queue) = (metadata(JSON), QueueForProcessing::Yes);
    let submit = || store.put_raw_report(id(A), &json, b"MDMP", queue);
    let mut failed = 0;
    for pieces in 2..14 {
        proxy.cut_every(pieces);
        if let Err(error) = submit() {
            failed += 1;
            assert!(error.effect().call_again() && error.is_retryable(), "{error:?}");
            let is_partly = error.effect().written() == Written::Partly;
            assert!(!is_partly || error.effect().left().contains(&Part::Counters), "{error:?}");
        }
        proxy.cut_every(0);
    }
    assert!(failed > 0);
    // The connection that was cut last may still be in the pool.
    let _ = submit();
    submit().unwrap();
    python.repair();
    assert_eq!(python.problems(), []);
    assert_eq!(python.work(), [A]);
}

fn a_resubmission_with_another_time_and_without_dumps_leaves_nothing_of_the_old(server: &Server) {
    let python = Python::new(server);
    let dumps = Dumps::new(b"MDMP").with("upload_file_minidump_plugin".parse().unwrap(), b"MDMP");
    let queue = QueueForProcessing::Yes;
    python.store.put_raw_report(id(A), &metadata(JSON), dumps, queue).unwrap();
    let later = r#"{"submitted_timestamp": "2012-05-09T00:00:00"}"#;
    python.store.put_raw_report(id(A), &metadata(later), b"MDMP", queue).unwrap();
    assert_eq!(python.problems(), []);
    assert_eq!(python.store.get_dumps(id(A)).unwrap().len(), 1);
    assert_eq!(python.sizes(), (1, 1));
    assert_eq!(python.work(), [A]);
}

/// Its entries may be put once more, each with a new version, when a reply was lost.
fn nobody_works_on_a_crash_whose_submission_is_under_way(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let row = format!("0120508{A}");
    python.put("crash_reports", &row, &[("flags:uncounted", b"Y")]);
    assert_eq!(python.work(), [""; 0]);
    let queue = python.store.legacy_queue();
    assert_eq!(queue.count_entries().unwrap(), 1);
    assert_eq!(queue.take_problems(), []);
    // One whose submitter died long ago is worked on.
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(11);
    let old = old.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let crashes = python.store.client().table("crash_reports");
    let mark = hbase_thrift_client::Delete::row(row.as_str()).column("flags:uncounted");
    crashes.delete(&mark).unwrap();
    let other = format!("1120508{B}");
    python.put_json_dump(B, TIME, JSON, true, None);
    let mark = hbase_thrift_client::Put::new(other).column("flags:uncounted", "Y");
    crashes.put(&mark.timestamp(i64::try_from(old).unwrap())).unwrap();
    let mut worked = python.work();
    worked.sort();
    assert_eq!(worked, [A, B]);
    let unfinished = ProblemKind::UnfinishedSubmission;
    assert_eq!(python.problems(), [unfinished]);
    python.repair();
    assert_eq!(python.problems(), []);
    assert_eq!(python.work(), [""; 0]);
    let ids: [CrashId; 2] = [id(A), id(B)];
    let states = python.store.get_processing_states(ids).unwrap();
    assert!(states.into_iter().all(|state| state.unwrap().is_processed));
}
