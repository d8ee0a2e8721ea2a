//! Queues, processed data, checks, exports: text, JSON, failures, exit codes.

use std::{fs, process::Stdio};

use hbase_thrift_client::{Client, Delete};
use mini_hbase::MiniHBase;
use serde_json::{Value, json};

use crate::shell::{ABSENT, OOID, OTHER, PROCESSED, Shell, shown};

#[test]
fn a_queue_is_listed_and_counted() {
    let shell = Shell::with_crashes();
    let entry = json!({"ooid": OOID, "submitted": "2012-05-08T20:50:50"});
    assert_eq!(shell.json(&["queue", "list"]), [entry]);
    assert_eq!(shell.json(&["queue", "list", "--queue", "general"]).len(), 2);
    assert_eq!(shell.ok(&["queue", "list"]).lines().count(), 2);
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
    assert_eq!(shell.ok(&claim), format!("ooid\n{OTHER}\n"));
    let empty = shell.run(&claim);
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(0), ""));
    assert!(empty.message.contains("nothing waits"), "{}", empty.message);

    assert_eq!(shell.ok(&["queue", "ack", OOID]), format!("{OOID}\n"));
    assert!(shell.json(&["queue", "list"]).is_empty());
    let message = shell.fail(3, &["queue", "ack", OOID]);
    assert!(message.contains(&format!("not in the queue: {OOID}")), "{message}");
    shell.fail(2, &["queue", "claim", "--lease", "soon"]);
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
    let expected = json!({"ooid": OOID, "signature": "EMPTY: no crashing thread identified"});
    assert_eq!(shell.json(&["process"]), [expected]);
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
    assert_eq!(shell.ok(&["remove", OOID]), "");
    shell.fail(3, &["get", "meta", OOID]);
    assert_eq!(shell.json(&["crashes"]).len(), 1);
    let message = shell.fail(3, &["remove", OOID]);
    assert!(message.contains(&format!("there is no crash {OOID}")), "{message}");
}

#[test]
fn a_clean_store_is_checked_without_a_finding() {
    let shell = Shell::with_crashes();
    let ended = shell.run(&["check", "--settled-for", "0s"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.message);
    assert!(ended.message.contains("0 findings"), "{}", ended.message);
}

#[test]
fn what_is_left_to_mend_has_an_exit_code_of_its_own() {
    let shell = Shell::with_crashes();
    lose_index_row(&shell);
    let ended = shell.run(&["check", "--settled-for", "0s", "--json"]);
    assert_eq!(ended.code, Some(5), "{}", ended.message);
    let first: Value = serde_json::from_str(ended.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["kind"], &first["repaired"]), (&json!("MissingIndexRow"), &json!(false)));
    let mended = shell.ok(&["check", "--settled-for", "0s", "--repair"]);
    assert!(mended.contains("MissingIndexRow       yes"), "{mended}");
    assert_eq!(shell.ok(&["check", "--settled-for", "0s"]), "");
}

/// What a program that died between two writes leaves behind.
fn lose_index_row(shell: &Shell) {
    let server = MiniHBase::builder().store(shell.path("store")).start().unwrap();
    let client = Client::connect(server.url().parse().unwrap()).unwrap();
    let row = format!("62012-05-08T20:50:50{OOID}");
    client.table("crash_reports_index_submitted_time").delete(&Delete::row(row)).unwrap();
}

#[test]
fn crashes_are_exported_to_a_folder_and_to_an_archive() {
    let shell = Shell::with_crashes();
    let folder = shown(&shell.path("out"));
    let exported = shell.json(&["export", "-o", &folder]);
    assert_eq!(exported[0], json!({"ooid": OOID, "was_there": false, "problem": null}));
    assert_eq!(fs::read(shell.path("out").join(format!("{OOID}.dump"))).unwrap(), b"MDMP");
    let again = shell.ok(&["export", "-o", &folder, OOID]);
    assert!(again.contains(&format!("{OOID}  yes")), "{again}");
    let archive = shown(&shell.path("out.tar.gz"));
    assert_eq!(shell.json(&["export", "-o", &archive, "--date", "2012-05-08"]).len(), 1);
    assert!(fs::read(shell.path("out.tar.gz")).unwrap().starts_with(&[0x1f, 0x8b]));
    let file = shell.write("file", "");
    let message = shell.fail(1, &["export", "-o", &format!("{file}/out")]);
    assert!(message.contains("file/out"), "{message}");
}

#[test]
fn a_sample_is_drawn_from_what_there_is() {
    let shell = Shell::with_crashes();
    assert_eq!(shell.json(&["sample", "-n", "1"]).len(), 1);
    assert_eq!(shell.json(&["sample", "--date", "2012-05-09"]), [json!({"ooid": OTHER})]);
    assert_eq!(shell.ok(&["sample", "--date", "2012-05-09"]), format!("ooid\n{OTHER}\n"));
    shell.fail(2, &["sample", "-n", "many"]);
}

#[test]
fn the_schema_is_shown_and_verified() {
    let shell = Shell::new();
    let text = shell.ok(&["schema", "show"]);
    assert_eq!(text.lines().count(), 13, "{text}");
    let tables = shell.json(&["schema", "show"]);
    assert_eq!(tables[0]["families"]["meta_data"]["max_versions"], 3);
    let verified = shell.json(&["schema", "verify"]);
    let expected = json!({"table": "crash_reports", "is_there": true, "missing_families": []});
    assert_eq!(verified[0], expected);
    assert_eq!(shell.ok(&["schema", "verify"]).lines().count(), 13);
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
