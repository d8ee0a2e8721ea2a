//! Queues, processed data, checks, exports: text, JSON, failures, exit codes.

use std::{fs, path::Path, process::Stdio};

use hbase_thrift_client::{Client, Delete};
use mini_hbase::MiniHBase;
use serde_json::{Value, json};

use crate::shell::{ABSENT, OOID, OTHER, PROCESSED, Shell, shown};

#[test]
fn a_queue_is_listed_and_counted() {
    let shell = Shell::with_crashes();
    let entry = json!({"ooid": OOID, "submitted": "2012-05-08T20:50:50"});
    assert_eq!(shell.json(&["queue", "list"]), [entry]);
    let ooids = |arguments: &[&str]| -> Vec<Value> {
        let list = shell.json(&[&["queue", "list", "--queue", "general"], arguments].concat());
        list.iter().map(|entry| entry["ooid"].clone()).collect()
    };
    assert_eq!(ooids(&[]), [OTHER, OOID], "newest first");
    assert_eq!(ooids(&["--reverse"]), [OOID, OTHER]);
    assert_eq!(ooids(&["--limit", "1"]), [OTHER]);
    assert_eq!(shell.ok(&["queue", "list"]).lines().count(), 1);
    let statistics = shell.json(&["queue", "stats"]);
    assert_eq!((&statistics[0]["queue"], &statistics[0]["waiting"]), (&json!("legacy"), &json!(1)));
    assert_eq!((&statistics[1]["counter"], &statistics[1]["oldest"]), (&json!(2), &json!(OOID)));
    assert!(shell.ok(&["queue", "stats"]).contains("general   2         2"));
}

#[test]
fn a_claim_holds_until_its_time_is_over_and_an_acknowledgement_for_ever() {
    let shell = Shell::with_crashes();
    let claim = ["queue", "claim", "--queue", "general", "--lease", "1h"];
    assert_eq!(shell.json(&claim), [json!({"ooid": OOID})]);
    assert_eq!(shell.ok(&claim), format!("{OTHER}\n"));
    let empty = shell.run(&claim);
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(0), ""));
    assert!(empty.message.contains("nothing waits"), "{}", empty.message);

    let message = shell.fail(3, &["queue", "ack", OOID]);
    let expected = format!("worker socorro-hbase has no claim on {OOID}");
    assert!(message.contains(&expected), "the claim is on the other queue: {message}");
    assert_eq!(shell.json(&["queue", "list"]).len(), 1);
    let of_another = ["queue", "ack", "--queue", "general", "--worker", "another", OOID];
    let message = shell.fail(3, &of_another);
    assert!(message.contains("worker another has no claim"), "{message}");
    let ack = ["queue", "ack", "--queue", "general", OOID];
    assert_eq!(shell.ok(&ack), format!("{OOID}\n"));
    shell.fail(3, &ack);
    assert_eq!(shell.ok(&["queue", "remove", OOID]), format!("{OOID}\n"));
    assert!(shell.json(&["queue", "list"]).is_empty());
    let message = shell.fail(3, &["queue", "remove", OOID]);
    assert!(message.contains(&format!("not in the queue: {OOID}")), "{message}");
    shell.fail(2, &["queue", "claim", "--lease", "soon"]);
}

#[test]
fn a_claim_is_renewed_and_released_by_the_worker_that_has_it() {
    let shell = Shell::with_crashes();
    shell.ok(&["queue", "claim", "--lease", "1h", "--worker", "me"]);
    let until = || shell.json(&["show", OOID])[0]["queues"][1]["until"].clone();
    let first = until();
    assert!(first.is_string());
    let renew = ["queue", "renew", "--lease", "2h", "--worker", "me", &format!("bp-{OOID}")];
    assert_eq!(shell.ok(&renew), format!("{OOID}\n"));
    assert!(until().as_str() > first.as_str(), "{first}");
    shell.fail(3, &["queue", "release", "--worker", "you", OOID]);
    assert_eq!(shell.ok(&["queue", "release", "--worker", "me", OOID]), format!("{OOID}\n"));
    assert_eq!(until(), Value::Null);
    assert_eq!(shell.json(&["queue", "claim", "--worker", "you"]).len(), 1);
}

#[test]
fn crashes_are_named_on_standard_input_as_lists_print_them() {
    let shell = Shell::with_crashes();
    for list in [&["crashes"][..], &["crashes", "--json"]] {
        let list = shell.ok(list);
        let added = shell.run_with(&["queue", "add", "-"], list.as_bytes());
        assert_eq!(added.stdout, format!("{OTHER}\n{OOID}\n"), "{}", added.message);
    }
    assert_eq!(shell.json(&["queue", "list"]).len(), 2, "the deferred one too");
    let mixed = format!("{OOID}\n\n{ABSENT} and more\n");
    let added = shell.run_with(&["queue", "add", "-"], mixed.as_bytes());
    assert_eq!((added.code, added.stdout), (Some(3), format!("{OOID}\n")));
    assert!(added.message.contains(&format!("there is no crash {ABSENT}")), "{}", added.message);
}

#[test]
fn crashes_are_processed_out_of_their_turn() {
    let shell = Shell::with_crashes();
    let ended = shell.run(&["process", "--json", OTHER, ABSENT]);
    assert_eq!(ended.code, Some(3), "{}", ended.message);
    assert!(ended.stdout.contains(OTHER), "{}", ended.stdout);
    assert!(ended.message.contains("1 crash processed, 0 failed"), "{}", ended.message);
    assert_eq!(shell.json(&["get", "state", OTHER])[0]["is_processed"], true);
    assert_eq!(shell.json(&["get", "state", OOID])[0]["is_processed"], false);
}

#[test]
fn a_crash_is_shown_with_its_parts_and_queues() {
    let shell = Shell::with_crashes();
    let crash = &shell.json(&["show", OOID])[0];
    assert_eq!((&crash["product"], &crash["is_processed"]), (&json!("Firefox"), &json!(false)));
    assert_eq!(crash["queues"].as_array().unwrap().len(), 2);
    let parts = crash["parts"].as_array().unwrap();
    let dump = parts.iter().find(|part| part["column"] == "raw_data:dump").unwrap();
    assert_eq!(dump["bytes"], 4);
    let text = shell.ok(&["show", OOID]);
    assert!(text.starts_with(&format!("ooid           {OOID}\n")), "{text}");
    assert!(text.contains("queue          legacy: waits since "), "{text}");
    shell.fail(3, &["show", ABSENT]);
}

#[test]
fn what_a_stored_signature_does_to_a_terminal_is_shown_escaped() {
    let shell = Shell::with_crashes();
    let json = r#"{"signature": "a\u001b[2J\u202eb", "completeddatetime": "2012"}"#;
    let file = shell.write("processed.json", json);
    let stored = shell.run(&["put-processed", OOID, &file]);
    assert!(stored.message.contains("a\\x1b[2J\\u{202e}b"), "{}", stored.message);
    for list in [&["crashes"][..], &["signatures"], &["show", OOID]] {
        let text = shell.ok(list);
        assert!(text.contains("a\\x1b[2J\\u{202e}b"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    assert_eq!(shell.ok(&["get", "processed", OOID]), json, "no terminal: byte for byte");
}

#[test]
fn processed_data_is_stored_and_read_and_ends_the_waiting() {
    let shell = Shell::with_crashes();
    let state = shell.json(&["get", "state", OOID]);
    assert_eq!(state[0]["is_processed"], false);
    let message = shell.fail(3, &["get", "processed", OOID]);
    assert!(message.contains("there is no processed crash"), "{message}");

    let file = shell.write("processed.json", PROCESSED);
    shell.ok(&["put-processed", OOID, &file]);
    assert_eq!(shell.ok(&["get", "processed", OOID]), PROCESSED);
    let state = shell.json(&["get", "state", OOID]);
    assert_eq!(state[0]["is_processed"], true);
    assert_eq!(state[0]["processed"], "2012-05-08 21:00:00");
    assert!(shell.ok(&["get", "state", OOID]).contains("yes"));
    assert_eq!(shell.json(&["queue", "list", "--queue", "general"]).len(), 1);
}

#[test]
fn processed_data_that_cannot_be_stored_is_refused_by_file_and_field() {
    let shell = Shell::with_crashes();
    let file = shell.write("processed.json", r#"{"signature": "a"}"#);
    let message = shell.fail(1, &["put-processed", OOID, &file]);
    assert!(message.contains("completeddatetime"), "{message}");
    let message = shell.fail(1, &["put-processed", OOID, "lost.json"]);
    assert!(message.contains("can't read lost.json: No such file"), "{message}");
    let file = shell.write("processed.json", PROCESSED);
    let message = shell.fail(3, &["put-processed", ABSENT, &file]);
    assert!(message.contains(&format!("no crash {ABSENT}")), "{message}");
    shell.fail(3, &["get", "state", ABSENT]);
}

#[test]
fn a_worker_empties_the_queue_even_of_dumps_that_are_none() {
    let shell = Shell::with_crashes();
    let processed = shell.json(&["process"]);
    assert_eq!((&processed[0]["ooid"], &processed[0]["success"]), (&json!(OOID), &json!(false)));
    let signature = processed[0]["signature"].as_str().unwrap();
    assert!(signature.starts_with("EMPTY: "), "{signature}");
    assert!(shell.json(&["queue", "list"]).is_empty());
    let processed: Value = serde_json::from_str(&shell.ok(&["get", "processed", OOID])).unwrap();
    assert_eq!((&processed["success"], &processed["version"]), (&json!(false), &json!("12.0")));
    let again = shell.run(&["process"]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""));
    assert!(again.message.contains("0 crashes processed, 0 failed"), "{}", again.message);
    let text = shell.ok(&["process", "--queue", "general", "--limit", "1"]);
    assert!(text.contains(OTHER), "{text}");
    shell.fail(2, &["process", "--limit", "all"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_of_a_list_that_goes_away_is_no_failure() {
    let shell = Shell::with_crashes();
    let mut list = shell.command(&["crashes", "--json"]);
    let mut list = list.stdout(Stdio::piped()).spawn().unwrap();
    drop(list.stdout.take());
    assert_eq!(list.wait().unwrap().code(), Some(0));
}

#[test]
fn a_removed_crash_is_gone_with_all_that_named_it() {
    let shell = Shell::with_crashes();
    let ended = shell.run(&["remove", "--dry-run", OOID, OOID]);
    assert_eq!((ended.code, ended.stdout), (Some(0), format!("{OOID}\n")));
    assert!(ended.message.contains("1 crash would be removed"), "{}", ended.message);
    assert_eq!(shell.json(&["crashes"]).len(), 2);
    // One that is named twice is there once.
    assert_eq!(shell.ok(&["remove", OOID, OOID]), format!("{OOID}\n"));
    shell.fail(3, &["get", "meta", OOID]);
    assert_eq!(shell.json(&["crashes"]).len(), 1);
    let message = shell.fail(3, &["remove", OOID]);
    assert!(message.contains(&format!("there is no crash {OOID}")), "{message}");
}

#[test]
fn a_clean_store_is_checked_without_a_problem() {
    let shell = Shell::with_crashes();
    let ended = shell.run(&["check", "--settled-for", "0s"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.message);
    assert!(ended.message.contains("0 problems"), "{}", ended.message);
}

#[test]
fn a_problem_that_is_left_has_an_exit_code_of_its_own() {
    let shell = Shell::with_crashes();
    lose_index_row(&shell);
    let ended = shell.run(&["check", "--settled-for", "0s", "--json"]);
    assert_eq!(ended.code, Some(5), "{}", ended.message);
    let first: Value = serde_json::from_str(ended.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["kind"], &first["repair"]), (&json!("unfinished_submission"), &json!(null)));
    let repaired = shell.ok(&["check", "--settled-for", "0s", "--repair"]);
    assert!(
        repaired.contains("unfinished_submission") && repaired.contains(" repaired"),
        "{repaired}"
    );
    // With the submission its row was written, which was missing too: nothing is left.
    assert!(repaired.contains("missing_index_row     already_solved"), "{repaired}");
    assert_eq!(shell.ok(&["check", "--settled-for", "0s"]), "");
}

/// What a program that died between two writes leaves behind.
fn lose_index_row(shell: &Shell) {
    let server = MiniHBase::builder().store(shell.path("store")).start().unwrap();
    let client = Client::connect(server.url()).unwrap();
    let row = format!("62012-05-08T20:50:50{OOID}");
    client.table("crash_reports_index_submitted_time").delete(&Delete::row(row)).unwrap();
}

#[test]
fn crashes_are_exported_to_a_folder_and_to_an_archive() {
    let shell = Shell::with_crashes();
    let folder = shown(&shell.path("out"));
    let exported = shell.json(&["export", "-o", &folder]);
    assert_eq!(exported[0], json!({"ooid": OOID, "outcome": "new", "problem": null}));
    assert_eq!(fs::read(shell.path("out").join(format!("{OOID}.dump"))).unwrap(), b"MDMP");
    let again = shell.ok(&["export", "-o", &folder, OOID]);
    assert!(again.contains(&format!("{OOID}  was_there")), "{again}");
    let archive = shown(&shell.path("out.tar.gz"));
    assert_eq!(shell.json(&["export", "-o", &archive, "--date", "2012-05-08"]).len(), 1);
    assert!(fs::read(shell.path("out.tar.gz")).unwrap().starts_with(&[0x1f, 0x8b]));
    let file = shell.write("file", "");
    let message = shell.fail(1, &["export", "-o", &format!("{file}/out")]);
    assert!(message.contains("file/out"), "{message}");
}

#[test]
fn no_folder_gets_the_name_of_an_archive_that_can_not_be_written() {
    let shell = Shell::with_crashes();
    for name in ["x.gz", "x.tar.xz", "X.TBZ2.BZ2", "x.zip", "x.7z"] {
        let output = shown(&shell.path(name));
        let message = shell.fail(2, &["export", "-o", &output]);
        assert!(message.contains("one that ends in .tar, .tar.gz"), "{message}");
        assert!(!Path::new(&output).exists(), "{name}");
    }
}

#[test]
fn a_sample_is_drawn_from_what_there_is() {
    let shell = Shell::with_crashes();
    assert_eq!(shell.json(&["sample", "-n", "1"]).len(), 1);
    assert_eq!(shell.json(&["sample", "--date", "2012-05-09"]), [json!({"ooid": OTHER})]);
    assert_eq!(shell.ok(&["sample", "--date", "2012-05-09"]), format!("{OTHER}\n"));
    shell.fail(2, &["sample", "--limit", "many"]);
}

#[test]
fn the_schema_is_shown_and_verified() {
    let shell = Shell::new();
    let text = shell.ok(&["schema", "show"]);
    assert_eq!(text.lines().count(), 12, "{text}");
    let tables = shell.json(&["schema", "show"]);
    assert_eq!(tables[0]["families"]["meta_data"]["max_versions"], 3);
    let verified = shell.json(&["schema", "verify"]);
    let expected = json!({"table": "crash_reports", "is_there": true, "missing_families": []});
    assert_eq!(verified[0], expected);
    assert_eq!(shell.ok(&["schema", "verify"]).lines().count(), 12);
}

#[test]
fn missing_tables_are_verified_to_be_missing() {
    let shell = Shell::new();
    let server = MiniHBase::start().unwrap();
    let ended = shell.run(&["schema", "verify", "--json", "--server", &server.url()]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("\"is_there\":false"), "{}", ended.stdout);
    assert!(ended.message.contains("12 tables are incomplete: `socorro-hbase schema create`"));
}

#[test]
fn the_manual_is_a_man_page() {
    let page = Shell::new().ok(&["man"]);
    assert!(page.contains(".TH socorro-hbase 1") && page.contains("Exit codes"), "{page}");
}

#[test]
fn every_command_has_a_page_of_the_manual() {
    let shell = Shell::new();
    assert_eq!(shell.ok(&["man", "-o", "share/man1"]), "");
    let page = |name: &str| fs::read_to_string(shell.path("share/man1").join(name)).unwrap();
    assert!(page("socorro-hbase.1").contains("Exit codes"));
    assert!(page("socorro-hbase-submit.1").contains("queue"));
    assert!(page("socorro-hbase-queue-claim.1").contains("lease"));
    assert!(!shell.path("share/man1/socorro-hbase-demo-crash.1").exists());
    let file = shell.write("file", "");
    let message = shell.fail(1, &["man", "-o", &format!("{file}/man1")]);
    assert!(message.contains("can't write the pages to "), "{message}");
}
