//! Rows as Socorro's Python client writes them, by hand: they are queued, processed and checked without
//! harm, no matter who began and who goes on.

use std::time::Duration;

use integration_tests::{Server, Test};
use socorro_hbase_client::{ProblemKind, QueueForProcessing, Submission, TimeRange};

use super::hbase_client_py::{
    A, B, DEFERRED, HANG, JSON, LEASE, LEGACY, Python, TIME, cut, id, processed, worker,
};
use crate::socorro::metadata;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(what_python_submits_and_processes_is_whole),
        Test::new(a_processed_crash_that_is_put_back_is_processed_again),
        Test::new(an_entry_that_comes_while_its_crash_is_processed_is_a_request),
        Test::new(a_request_is_served_although_the_crashs_server_has_a_clock_that_is_ahead),
        Test::new(a_crash_that_a_removal_spares_is_not_reported_as_removed),
        Test::new(a_result_of_a_claim_that_ran_out_replaces_none_of_later_data),
        Test::new(a_claim_that_was_lost_acknowledges_nothing),
        Test::new(what_python_began_and_did_not_finish_is_found_and_finished),
        Test::new(a_check_finds_what_python_did_not_finish),
        Test::new(deferred_and_then_accepted_waits_in_both_queues),
        Test::new(accepted_and_then_deferred_leaves_the_legacy_queue),
        Test::new(data_that_comes_after_a_removal_brings_nothing_back),
        Test::new(stale_entries_of_a_resubmission_are_skipped_and_cleaned),
        Test::new(removing_twice_counts_down_once_and_leaves_a_shared_hang),
        Test::new(a_priority_job_needs_no_queue),
    ]
}

fn what_python_submits_and_processes_is_whole(server: &Server) {
    let python = Python::new(server);
    let json = format!(r#"{{"submitted_timestamp": "{TIME}", "HangID": "{HANG}"}}"#);
    python.put_json_dump(A, TIME, &json, true, Some(HANG));
    python.put_json_dump(B, TIME, DEFERRED, false, None);
    assert_eq!(python.problems(), []);
    assert_eq!(python.store.get_hang(&HANG.parse().unwrap()).unwrap()[0].id, id(A));
    python.take(A, TIME);
    python.put_processed_json(A, TIME, "sig");
    assert_eq!(python.problems(), []);
    assert_eq!(python.store.scan_signature("sig").unwrap().count(), 1);
    let range = TimeRange::within("2012-05-08");
    assert_eq!(python.store.scan_submitted(&range).unwrap().count(), 2);
    python.store.put_processed(id(B), &processed("b")).unwrap();
    assert_eq!(python.problems(), []);
    assert_eq!(python.sizes(), (0, 0));
}

fn a_processed_crash_that_is_put_back_is_processed_again(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    assert_eq!(python.work(), [A]);
    assert_eq!(python.sizes(), (0, 0));
    // What `put_fixed_dump` does: another dump, and a row that nobody counts.
    python.put("crash_reports", &format!("0120508{A}"), &[("raw_data:dump", b"MDMP fixed")]);
    let row = format!("0{}{A}", cut(TIME));
    python.put(LEGACY, &row, &[("ids:ooid", A.as_bytes())]);
    assert_eq!(python.problems(), [ProblemKind::WrongCounter]);
    python.repair();
    assert_eq!(python.sizes(), (0, 1));
    assert_eq!(python.work(), [A]);
    assert_eq!(python.sizes(), (0, 0));
    // The same by our own means, which count.
    python.store.replace_dump(id(A), b"MDMP again").unwrap();
    assert_eq!(python.sizes(), (1, 1));
    assert_eq!(python.problems(), []);
    assert_eq!(python.work(), [A]);
    assert_eq!(python.sizes(), (0, 0));
    assert_eq!(python.problems(), []);
}

fn an_entry_that_comes_while_its_crash_is_processed_is_a_request(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let queue = python.store.legacy_queue();
    let claim = queue.claim(&worker(), LEASE).unwrap().next().unwrap().unwrap();
    // The raw data is read now; then somebody asks once more.
    python.store.requeue(id(A)).unwrap();
    claim.complete(&processed("first")).unwrap();
    assert_eq!(python.work(), [A]);
    assert_eq!(python.store.scan_signature("worked").unwrap().count(), 1);
    assert_eq!(python.store.scan_signature("first").unwrap().count(), 0);
    assert!(python.work().is_empty());
    // The general queue's entry was put there before the second result was begun.
    assert_eq!(python.problems(), []);
    assert_eq!(python.sizes(), (0, 0));
}

/// The flag that a crash is processed hides the one that it isn't; the queue's clock alone
/// tells what asks for the crash afterwards from what was done.
fn a_request_is_served_although_the_crashs_server_has_a_clock_that_is_ahead(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let row = format!("0120508{A}");
    python.put_ahead("crash_reports", &row, ("flags:processed", b"N"), 20_000);
    assert_eq!(python.work(), [A]);
    assert_eq!(python.sizes(), (0, 0));
    assert!(python.store.get_processing_state(id(A)).unwrap().unwrap().is_processed);
    for again in 0..2 {
        python.store.requeue(id(A)).unwrap();
        assert_eq!(python.problems(), [], "{again}");
        assert_eq!(python.work(), [A], "{again}");
        assert_eq!(python.sizes(), (0, 0), "{again}");
        assert!(python.work().is_empty());
    }
    // What `put_fixed_dump` does, while a worker has the crash.
    python.store.requeue(id(A)).unwrap();
    let queue = python.store.legacy_queue();
    let claim = queue.claim(&worker(), LEASE).unwrap().next().unwrap().unwrap();
    python.put("crash_reports", &row, &[("raw_data:dump", b"MDMP fixed")]);
    python.put(LEGACY, &format!("0{}{A}", cut(TIME)), &[("ids:ooid", A.as_bytes())]);
    claim.complete(&processed("first")).unwrap();
    assert_eq!(python.work(), [A]);
    assert_eq!(python.problems(), []);
    assert_eq!(python.sizes(), (0, 0));
}

/// A delete spares what is newer than the server's clock: a removal that has removed nothing says so.
fn a_crash_that_a_removal_spares_is_not_reported_as_removed(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let row = format!("0120508{A}");
    python.put_ahead("crash_reports", &row, ("meta_data:json", JSON.as_bytes()), 3_000);
    let error = python.store.remove(id(A)).unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("is still there"), "{error}");
    assert!(python.store.get_metadata(id(A)).unwrap().is_some());
    std::thread::sleep(Duration::from_millis(3_100));
    assert!(python.store.remove(id(A)).unwrap());
    assert_eq!(python.store.get_metadata(id(A)).unwrap(), None);
    assert_eq!(python.problems(), []);
    assert_eq!(python.sizes(), (0, 0));
}

fn a_result_of_a_claim_that_ran_out_replaces_none_of_later_data(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let queue = python.store.legacy_queue();
    let late = queue.claim(&worker(), Duration::ZERO).unwrap().next().unwrap().unwrap();
    // It has read the dump that is replaced now.
    python.store.replace_dump(id(A), b"MDMP fixed").unwrap();
    assert_eq!(python.work(), [A]);
    late.complete(&processed("of the old dump")).unwrap();
    let signature = python.store.get_signatures_of([id(A)]).unwrap().remove(0);
    assert_eq!(signature.as_deref(), Some("worked"));
    assert_eq!(python.store.scan_signature("of the old dump").unwrap().count(), 0);
    assert_eq!(python.problems(), []);
    assert_eq!(python.sizes(), (0, 0));
    // Where nobody was faster, it counts.
    python.store.requeue(id(A)).unwrap();
    let late = queue.claim(&worker(), Duration::ZERO).unwrap().next().unwrap().unwrap();
    late.complete(&processed("late")).unwrap();
    let signature = python.store.get_signatures_of([id(A)]).unwrap().remove(0);
    assert_eq!(signature.as_deref(), Some("late"));
}

fn a_claim_that_was_lost_acknowledges_nothing(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let queue = python.store.legacy_queue();
    let lost = queue.claim(&worker(), Duration::ZERO).unwrap().next().unwrap().unwrap();
    let other = queue.claim(&worker(), LEASE).unwrap().next().unwrap().unwrap();
    assert!(!lost.acknowledge().unwrap());
    assert_eq!(queue.count_entries().unwrap(), 1);
    assert!(other.acknowledge().unwrap());
    assert_eq!(queue.count_entries().unwrap(), 0);
    assert_eq!(python.sizes(), (1, 0));
}

fn what_python_began_and_did_not_finish_is_found_and_finished(server: &Server) {
    let python = Python::new(server);
    python.put_crash(A, TIME, JSON, true, None);
    let submission = python
        .store
        .put_raw_report(id(A), &metadata(JSON), b"MDMP", QueueForProcessing::Yes)
        .unwrap();
    assert_eq!(submission, Submission::Completed);
    assert_eq!(python.sizes(), (1, 1));
    let counters = python.store.get_counters(&["2012".parse().unwrap()]).unwrap();
    assert_eq!(counters[0].submitted(), 1);
    assert_eq!(python.problems(), []);
    assert_eq!(python.work(), [A]);
}

fn a_check_finds_what_python_did_not_finish(server: &Server) {
    let python = Python::new(server);
    python.put_crash(A, TIME, JSON, true, None);
    assert!(python.problems().contains(&ProblemKind::UnfinishedSubmission));
    python.repair();
    python.repair();
    assert_eq!(python.problems(), []);
    assert_eq!(python.sizes(), (1, 1));
    let counters = python.store.get_counters(&["2012-05".parse().unwrap()]).unwrap();
    assert_eq!(counters[0].submitted(), 1);
    assert_eq!(python.work(), [A]);
}

fn submit(python: &Python, json: &str) {
    let queue = QueueForProcessing::Yes;
    python.store.put_raw_report(id(A), &metadata(json), b"MDMP", queue).unwrap();
}

fn deferred_and_then_accepted_waits_in_both_queues(server: &Server) {
    let python = Python::new(server);
    submit(&python, DEFERRED);
    assert_eq!(python.sizes(), (1, 0));
    submit(&python, JSON);
    assert_eq!(python.sizes(), (1, 1));
    assert_eq!(python.problems(), []);
    assert_eq!(python.work(), [A]);
}

fn accepted_and_then_deferred_leaves_the_legacy_queue(server: &Server) {
    let python = Python::new(server);
    submit(&python, JSON);
    submit(&python, DEFERRED);
    assert_eq!(python.sizes(), (1, 0));
    assert_eq!(python.problems(), []);
    assert!(python.work().is_empty());
}

fn data_that_comes_after_a_removal_brings_nothing_back(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    assert!(python.store.remove(id(A)).unwrap());
    assert_eq!(python.sizes(), (0, 0));
    // A processor that was slower than the removal.
    let row = format!("0120508{A}");
    // On a real server, what comes in the millisecond of the removal stays hidden.
    std::thread::sleep(Duration::from_millis(5));
    python.put(
        "crash_reports",
        &row,
        &[("processed_data:signature", b"late"), ("flags:processed", b"Y")],
    );
    let index = "crash_reports_index_signature_ooid";
    python.put(index, &format!("late{A}"), &[("ids:ooid", A.as_bytes())]);
    for _ in 0..2 {
        assert_eq!(python.problems(), [ProblemKind::LateData]);
        python.repair();
    }
    let range = TimeRange::all();
    assert_eq!(python.store.scan_submitted(&range).unwrap().count(), 0);
    assert!(python.store.remove(id(A)).unwrap());
    assert_eq!(python.problems(), []);
}

fn stale_entries_of_a_resubmission_are_skipped_and_cleaned(server: &Server) {
    let python = Python::new(server);
    python.put_json_dump(A, TIME, JSON, true, None);
    let later = "2012-05-08T21:00:00.000000+00:00";
    let json = format!(r#"{{"submitted_timestamp": "{later}"}}"#);
    python.put_json_dump(A, later, &json, true, None);
    assert_eq!(python.sizes(), (2, 2));
    assert_eq!(python.work(), [A]);
    assert_eq!(python.store.legacy_queue().count_entries().unwrap(), 0);
    let claims = python.store.general_queue().claim(&worker(), LEASE).unwrap();
    assert_eq!(claims.count(), 0);
    assert_eq!(python.sizes(), (0, 0));
    python.repair();
    assert_eq!(python.problems(), []);
}

fn removing_twice_counts_down_once_and_leaves_a_shared_hang(server: &Server) {
    let python = Python::new(server);
    let json = format!(r#"{{"submitted_timestamp": "{TIME}", "HangID": "{HANG}"}}"#);
    python.put_json_dump(A, TIME, &json, true, Some(HANG));
    // The same half of the same hang, reported once more.
    python.put_json_dump(B, TIME, &json, true, Some(HANG));
    python
        .store
        .put_time_index(
            id(A),
            &TIME.parse().unwrap(),
            &[socorro_hbase_client::TimeIndex::PriorityProcessed],
        )
        .unwrap();
    let queue = python.store.legacy_queue();
    assert!(queue.remove(id(A)).unwrap());
    assert!(!queue.remove(id(A)).unwrap());
    assert_eq!(python.sizes(), (2, 1));
    assert!(python.store.remove(id(A)).unwrap());
    assert!(!python.store.remove(id(A)).unwrap());
    assert_eq!(python.sizes(), (1, 1));
    assert_eq!(python.store.get_hang(&HANG.parse().unwrap()).unwrap()[0].id, id(B));
    assert_eq!(python.problems(), []);
}

fn a_priority_job_needs_no_queue(server: &Server) {
    let python = Python::new(server);
    submit(&python, DEFERRED);
    python.store.put_processed(id(A), &processed("first")).unwrap();
    let queue = python.store.legacy_queue();
    let claim = queue.claim_by_priority(id(A), &worker(), LEASE).unwrap().unwrap();
    assert!(queue.claim_by_priority(id(A), &worker(), LEASE).unwrap().is_none());
    claim.complete(&processed("second")).unwrap();
    assert_eq!(python.store.scan_signature("second").unwrap().count(), 1);
    assert_eq!(python.sizes(), (0, 0));
    assert_eq!(python.problems(), []);
}
