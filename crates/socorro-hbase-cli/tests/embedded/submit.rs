//! Submitting one crash or many: text, JSON, failures, exit codes.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::shell::{METADATA, OOID, OTHER, Shell, archive, shown};

/// A folder with two crashes in it, of which the second names no ooid.
fn folder(shell: &Shell) -> String {
    fs::create_dir_all(shell.path("crashes/more")).unwrap();
    shell.write(&format!("crashes/{OOID}.json"), METADATA);
    shell.write(&format!("crashes/{OOID}.dump"), "MDMP");
    shell.write(&format!("crashes/{OOID}.plugin.dump"), "MDMP of the plugin");
    shell.write("crashes/more/second.json", METADATA);
    shell.write("crashes/more/second.dump", "MDMP, the second");
    shell.write("crashes/README", "not a crash");
    shown(&shell.path("crashes"))
}

/// The lines, in the order of their sources.
fn submitted(shell: &Shell, arguments: &[&str]) -> Vec<Value> {
    let mut lines = shell.json(&[&["submit"], arguments].concat());
    lines.sort_by_key(|line| line["source"].as_str().unwrap().to_owned());
    lines
}

#[test]
fn one_crash_is_listed_by_its_ooid() {
    let shell = Shell::new();
    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", "MDMP"));
    let crash = ["submit", "--meta", &meta, "--dump", &dump, "--ooid", OOID];
    assert_eq!(shell.ok(&crash), format!("{OOID}\n"));
    assert_eq!(shell.json(&crash), [json!({"ooid": OOID})]);
    shell.write("a.dump", "");
    let ended = shell.run(&crash);
    assert!(ended.message.contains("a.dump is empty; it is stored as such"), "{}", ended.message);
    assert_eq!(shell.ok(&["get", "dump", OOID]), "");
}

#[test]
fn a_folder_is_submitted_with_all_folders_in_it() {
    let shell = Shell::new();
    let folder = folder(&shell);
    let lines = submitted(&shell, &[&folder]);
    assert_eq!(lines.len(), 2);
    let first = Path::new(&folder).join(OOID);
    let expected = json!({"ooid": OOID, "was_there": false, "source": first, "problem": null});
    assert_eq!(lines[0], expected);
    assert!(lines[1]["source"].as_str().unwrap().ends_with("more/second"), "{}", lines[1]);
    let second = lines[1]["ooid"].as_str().unwrap();
    assert!(second.ends_with("120508"), "{second}");
    assert_eq!(shell.ok(&["get", "meta", OOID]), METADATA);
    assert_eq!(shell.ok(&["get", "dump", second]), "MDMP, the second");
    let row = shell.ok(&["row", "crash_reports", &format!("6120508{OOID}")]);
    assert!(row.contains("raw_data:plugin"), "{row}");
    assert_eq!(shell.json(&["queue", "list"]).len(), 2);
}

#[test]
fn many_that_are_submitted_again_are_there_once() {
    let shell = Shell::new();
    let folder = folder(&shell);
    let first = submitted(&shell, &[&folder]);
    let again = submitted(&shell, &[&folder]);
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(first["ooid"], again["ooid"]);
        assert_eq!((&first["was_there"], &again["was_there"]), (&json!(false), &json!(true)));
    }
    assert_eq!(shell.json(&["crashes"]).len(), 2);
    let ended = shell.run(&["submit", &folder]);
    assert!(ended.stdout.contains(OOID), "{}", ended.stdout);
    let done = "socorro-hbase: 0 crashes submitted, 2 there before, 0 refused\n";
    assert_eq!(ended.message, done);
}

#[test]
fn a_source_without_crashes_is_not_submitted_with_success() {
    let shell = Shell::new();
    shell.write("notes.txt", "no crash");
    let folder = shown(&shell.path(""));
    let empty = shell.write("empty.tar", [0; 1024]);
    for source in [folder, empty] {
        let message = shell.fail(3, &["submit", &source]);
        assert!(message.contains("NAME.dump"), "{message}");
    }
}

#[test]
fn many_may_be_left_out_of_the_queue() {
    let shell = Shell::new();
    let folder = folder(&shell);
    shell.ok(&["submit", &folder, "--no-queue"]);
    assert!(shell.json(&["queue", "list"]).is_empty());
    assert_eq!(shell.json(&["crashes"]).len(), 2);
}

#[test]
fn an_archive_is_submitted_from_a_file_or_a_pipe() {
    let archive = archive(&[(OOID, "MDMP"), (OTHER, "MDMP")]);
    let shell = Shell::new();
    let file = shell.write("crashes.tar", &archive);
    assert_eq!(submitted(&shell, &[&file])[1]["ooid"], OTHER);
    let piped = shell.run_with(&["submit", "-", "--json"], &archive);
    assert_eq!(piped.code, Some(0), "{}", piped.message);
    assert_eq!(piped.stdout.lines().count(), 2, "{}", piped.stdout);
    assert!(piped.message.contains("0 crashes submitted, 2 there before"));
}

#[test]
fn an_export_of_one_store_is_submitted_to_another() {
    let shell = Shell::with_crashes();
    let another = shown(&shell.path("another"));
    for output in ["out", "out.tar.gz"] {
        shell.ok(&["export", "-o", output]);
        let lines = submitted(&shell, &[output, "--store", &another]);
        let ooids: Vec<_> = lines.iter().map(|line| line["ooid"].as_str().unwrap()).collect();
        assert_eq!(ooids, [OOID, OTHER], "{output}");
    }
    assert_eq!(shell.ok(&["crashes"]), shell.ok(&["crashes", "--store", &another]));
}

#[test]
fn what_is_wrong_with_one_of_many_is_listed_and_ends_nothing() {
    let shell = Shell::new();
    let folder = folder(&shell);
    shell.write("crashes/broken.json", "MDMP");
    shell.write("crashes/broken.dump", "MDMP");
    shell.write("crashes/empty.json", METADATA);
    shell.write("crashes/empty.dump", "");
    shell.write("crashes/half.dump", "MDMP");
    let ended = shell.run(&["submit", &folder, "--json"]);
    assert_eq!(ended.code, Some(1));
    let done = "3 crashes submitted, 0 there before, 2 refused";
    assert!(ended.message.contains(done), "{}", ended.message);
    assert!(ended.message.contains("2 crashes refused; the list says why"));
    for problem in ["the metadata is no JSON object", "there is no metadata to it"] {
        assert!(ended.stdout.contains(problem), "{problem}: {}", ended.stdout);
    }
}

#[test]
fn an_archive_that_ends_too_early_is_an_error_after_what_was_whole() {
    let shell = Shell::new();
    let archive = archive(&[(OOID, "MDMP"), (OTHER, "MDMP")]);
    let ended = shell.run_with(&["submit", "-"], &archive[..3000]);
    assert_eq!(ended.code, Some(1), "{}", ended.message);
    assert!(ended.message.contains("the archive ends too early"), "{}", ended.message);
    assert!(ended.message.contains("1 crash submitted"), "{}", ended.message);
    assert!(ended.stdout.contains(OOID) && !ended.stdout.contains(OTHER), "{}", ended.stdout);
    assert_eq!(shell.ok(&["get", "dump", OOID]), "MDMP");
}

#[test]
fn a_source_that_is_none_is_named() {
    let shell = Shell::new();
    let message = shell.fail(1, &["submit", "lost"]);
    assert!(message.contains("can't submit from lost: No such file"), "{message}");
    let file = shell.write("a.json", METADATA);
    let message = shell.fail(1, &["submit", &file]);
    assert!(message.contains("or is none"), "{message}");
}

#[test]
fn a_source_and_files_at_once_or_neither_are_a_wrong_command_line() {
    let shell = Shell::new();
    let message = shell.fail(2, &["submit", "crashes", "--meta", "a.json", "--dump", "a.dump"]);
    assert!(message.contains("cannot be used with"), "{message}");
    let message = shell.fail(2, &["submit"]);
    assert!(message.contains("--meta <FILE>"), "{message}");
}

#[test]
fn a_server_that_is_away_ends_a_submission_of_many() {
    let shell = Shell::new();
    let folder = folder(&shell);
    let server = "hbase://127.0.0.1:1/?operation_timeout=2s";
    let message = shell.fail(4, &["submit", &folder, "--server", server]);
    assert!(message.contains("127.0.0.1:1"), "{message}");
}
