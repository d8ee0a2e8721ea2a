//! Readers that go away (`| head`): the end of a list, and never of work.

use std::{fs, io};

use crate::shell::{Ended, METADATA, OOID, OTHER, PROCESSED, Shell, shown};

/// Runs a command whose list nobody reads.
fn unread(shell: &Shell, arguments: &[&str]) -> Ended {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    Ended::from(shell.command(arguments).stdout(writer).output().unwrap())
}

#[test]
fn a_list_that_nobody_reads_ends_without_a_word() {
    let shell = Shell::with_crashes();
    shell.write("processed.json", PROCESSED);
    shell.ok(&["put-processed", OOID, "processed.json"]);
    for arguments in [
        &["--help"][..],
        &["get", "dump", OOID],
        &["get", "processed", OOID],
        &["get", "state", OOID],
        &["crashes"],
        &["crashes", "--json"],
        &["signatures"],
        &["metrics"],
        &["scan", "crash_reports"],
        &["row", "metrics", "2012-05-08"],
        &["queue", "list", "--queue", "general"],
        &["queue", "stats"],
        &["queue", "claim", "--queue", "general"],
        &["sample"],
        &["schema", "show"],
        &["schema", "verify"],
        &["config", "show"],
        &["man"],
    ] {
        let ended = unread(&shell, arguments);
        assert_eq!((ended.code, ended.message.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn crashes_are_submitted_whether_anybody_reads_of_it_or_not() {
    let shell = Shell::new();
    fs::create_dir(shell.path("crashes")).unwrap();
    for number in 0..9 {
        shell.write(&format!("crashes/{number}.json"), METADATA);
        shell.write(&format!("crashes/{number}.dump"), format!("MDMP {number}"));
    }
    let ended = unread(&shell, &["submit", "crashes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.message);
    assert!(ended.message.ends_with("9 crashes submitted, 0 there before, 0 refused\n"));
    assert_eq!(shell.json(&["crashes"]).len(), 9);
}

#[test]
fn crashes_are_processed_exported_and_taken_out_whether_anybody_reads_of_it_or_not() {
    let shell = Shell::with_crashes();
    let ended = unread(&shell, &["export", "-o", "out"]);
    assert_eq!(ended.code, Some(0), "{}", ended.message);
    assert_eq!(fs::read_dir(shell.path("out")).unwrap().count(), 6);
    assert_eq!(
        unread(&shell, &["queue", "remove", "--queue", "general", OOID, OTHER]).code,
        Some(0)
    );
    assert!(shell.json(&["queue", "list", "--queue", "general"]).is_empty());

    let shell = Shell::with_crashes();
    let ended = unread(&shell, &["process", "--queue", "general"]);
    assert_eq!(ended.code, Some(0), "{}", ended.message);
    assert_eq!(ended.message, "socorro-hbase: 2 crashes processed, 0 failed\n");
}

#[test]
fn an_archive_that_nobody_takes_is_no_backup() {
    let shell = Shell::with_crashes();
    let ended = unread(&shell, &["export", "-o", "-"]);
    assert_eq!(ended.code, Some(1), "{}", ended.message);
    assert!(ended.message.contains("can't write the archive: Broken pipe"), "{}", ended.message);
}

#[test]
fn work_goes_on_where_messages_are_not_read_either() {
    let shell = Shell::with_crashes();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut command = shell.command(&["export", "-o", "out"]);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    assert_eq!(command.status().unwrap().code(), Some(0));
    assert_eq!(fs::read_dir(shown(&shell.path("out"))).unwrap().count(), 6);
}
