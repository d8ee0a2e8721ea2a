//! Exports and what is submitted from files: backups that give the same cells, formats, and refusals.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::shell::{ABSENT, METADATA, OOID, OTHER, PROCESSED, Shell, shown};

/// All cells of all tables but the counters of periods, without their times.
fn cells(shell: &Shell, store: &[&str]) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for table in shell.json(&["schema", "show"]) {
        let table = table["table"].as_str().unwrap().to_owned();
        for row in shell.json(&[&["scan", &table], store].concat()) {
            let key = row["row"].as_str().unwrap();
            if table == "metrics" && key != "crash_report_queue" {
                continue;
            }
            for (column, cell) in row["cells"].as_object().unwrap() {
                let mut value = cell.clone();
                value.as_object_mut().unwrap().remove("timestamp");
                all.insert(format!("{table} {key} {column}"), value);
            }
        }
    }
    all
}

/// A store with a crash in each state: waiting, processed, processed and wanted again, in one queue
/// only, and one whose name and dumps another program chose.
fn store_of_all_kinds() -> Shell {
    let shell = Shell::with_crashes();
    for (number, day) in (1..=4).zip(["10", "11", "12", "13"]) {
        let ooid = format!("{number}d8a2b4e-9c1f-4e57-8b3a-0f2c421205{day}");
        let metadata = METADATA.replace("05-08T", &format!("05-{day}T"));
        shell.submit(&ooid, &metadata);
        let file = shell.write("processed.json", PROCESSED);
        match number {
            1 => drop(shell.ok(&["put-processed", &ooid, &file])),
            2 => {
                shell.ok(&["put-processed", &ooid, &file]);
                shell.ok(&["queue", "remove", &ooid]);
            }
            3 => {
                shell.ok(&["put-processed", &ooid, &file]);
                shell.ok(&["queue", "add", &ooid]);
            }
            _ => drop(shell.ok(&["queue", "remove", &ooid])),
        }
    }
    shell
}

#[test]
fn an_export_is_a_backup_of_all_cells() {
    let shell = store_of_all_kinds();
    let before = cells(&shell, &[]);
    for output in ["out", "out.tar", "out.tgz", "out.tar.zst", "-"] {
        let another = shown(&shell.path(&format!("store-of-{output}")));
        let store = ["--store", another.as_str()];
        if output == "-" {
            let exported = shell.command(&["export", "-o", "-"]).output().unwrap();
            assert!(exported.status.success());
            let ended = shell.run_with(&["submit", "-", "--store", &another], &exported.stdout);
            assert_eq!(ended.code, Some(0), "{}", ended.message);
        } else {
            shell.ok(&["export", "-o", output]);
            shell.ok(&[&["submit", output], &store[..]].concat());
        }
        let after = cells(&shell, &store);
        for (cell, value) in &before {
            assert_eq!(after.get(cell), Some(value), "{output}: {cell}");
        }
        assert_eq!(after.len(), before.len(), "{output}: {:?}", after.keys());
        // Entries of crashes that are done are reported before and after.
        let check = [&["check", "--settled-for", "0s"], &store[..]].concat();
        let checked = shell.run(&["check", "--settled-for", "0s"]).stdout;
        assert_eq!(shell.run(&check).stdout, checked, "{output}");
    }
    assert!(shell.path("out.tar").is_file() && !shell.path("-").exists());
}

#[test]
fn a_folder_gets_what_is_new_in_the_store_and_counts_what_it_skipped() {
    let shell = Shell::with_crashes();
    shell.ok(&["export", "-o", "out"]);
    let file = shell.write("processed.json", PROCESSED);
    shell.ok(&["put-processed", OOID, &file]);
    let ended = shell.run(&["export", "-o", "out", "--json"]);
    assert!(ended.stdout.contains("\"updated\"") && ended.stdout.contains("\"was_there\""));
    let done = "exported 0 crashes, 1 updated, 1 there before to out";
    assert!(ended.message.contains(done), "{}", ended.message);
    let processed = fs::read(shell.path(&format!("out/{OOID}.processed.json"))).unwrap();
    assert_eq!(processed, PROCESSED.as_bytes());
}

#[test]
fn a_leftover_of_another_export_makes_no_file_of_zeros() {
    let shell = Shell::with_crashes();
    shell.write("out.tar.gz.progress", r#"{"bytes": 1000, "after": [255]}"#);
    shell.ok(&["export", "-o", "out.tar.gz"]);
    let another = shown(&shell.path("another"));
    assert_eq!(shell.json(&["submit", "out.tar.gz", "--store", &another]).len(), 2);

    shell.write("b.tar", "");
    shell.write("b.tar.progress", r#"{"bytes": 0, "after": null, "selection": "other"}"#);
    let message = shell.fail(1, &["export", "-o", "b.tar"]);
    assert!(message.contains("an interrupted export of other crashes"), "{message}");
}

#[test]
fn an_archive_is_not_written_to_a_terminal_and_lists_nothing_in_a_pipe() {
    let shell = Shell::with_crashes();
    let exported = shell.command(&["export", "-o", "-", OOID]).stderr(Stdio::null()).output();
    let mut tar = tar::Archive::new(&exported.as_ref().unwrap().stdout[..]);
    let names: Vec<_> = tar
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    let expected = ["dump", "state.json", "json"].map(|ending| format!("{OOID}.{ending}"));
    assert_eq!(names, expected);
}

#[test]
fn dumps_of_other_crash_reporters_are_submitted() {
    let shell = Shell::new();
    fs::create_dir(shell.path("reports")).unwrap();
    shell.write(&format!("reports/{OOID}.dmp"), "MDMP");
    shell.write(&format!("reports/{OOID}.extra"), METADATA);
    shell.write(&format!("reports/bp-{}.dmp", OTHER.to_uppercase()), "MDMP");
    shell.write(&format!("reports/bp-{}.extra", OTHER.to_uppercase()), "ProductName=Fennec\n");
    shell.write("reports/5e4d.dmp", "MDMP, Crashpad's");
    shell.write("reports/5e4d.meta", [1, 0, 0, 0]);
    let lines = shell.json(&["submit", "reports"]);
    assert_eq!(lines.len(), 3);
    assert_eq!(shell.ok(&["get", "meta", OOID]), METADATA);
    let other = &shell.json(&["show", OTHER])[0];
    assert_eq!(other["product"], "Fennec");
}

#[test]
fn what_is_no_crash_is_refused_by_name_and_never_with_success() {
    let shell = Shell::new();
    fs::create_dir(shell.path("reports")).unwrap();
    let message = shell.fail(3, &["submit", "reports"]);
    assert!(message.contains("there is no crash in reports"), "{message}");
    shell.write("reports/alone.dmp", "MDMP");
    let ended = shell.run(&["submit", "reports"]);
    assert_eq!(ended.code, Some(1), "{}", ended.message);
    assert!(ended.stdout.contains("alone") && ended.stdout.contains("no metadata"));
    let file = shell.write("a.tar.xz", b"\xfd7zXZ\0 and so on");
    let message = shell.fail(1, &["submit", &file]);
    assert!(message.contains("compressed by xz, which is not read: pipe it"), "{message}");
}

#[test]
fn what_is_exported_by_name_and_is_not_there_is_not_found() {
    let shell = Shell::with_crashes();
    let ended = shell.run(&["export", "-o", "out", OOID, ABSENT]);
    assert_eq!(ended.code, Some(3), "{}", ended.message);
    assert!(ended.message.contains("exported 1 crash to out"), "{}", ended.message);
    assert!(ended.message.contains(&format!("there is no crash {ABSENT}")), "{}", ended.message);
}

#[test]
fn hard_links_in_an_archive_are_refused_by_name() {
    let shell = Shell::new();
    fs::create_dir(shell.path("in")).unwrap();
    for file in ["a.json", "b.json"] {
        shell.write(&format!("in/{file}"), METADATA);
    }
    shell.write("in/a.dump", "MDMP");
    fs::hard_link(shell.path("in/a.dump"), shell.path("in/b.dump")).unwrap();
    let tar = |options: &[&str]| {
        let mut tar = Command::new("tar");
        tar.arg("--create").args(options).args(["--sort=name", "in"]);
        tar.current_dir(shell.path("")).output().unwrap().stdout
    };
    let ended = shell.run_with(&["submit", "-"], &tar(&[]));
    assert_eq!(ended.code, Some(1), "{}", ended.message);
    assert!(ended.stdout.contains("in/b.dump is a link to another file"), "{}", ended.stdout);
    assert!(ended.message.contains("1 crash submitted, 0 there before, 1 refused"));
    let ended = shell.run_with(&["submit", "-"], &tar(&["--hard-dereference"]));
    assert_eq!(ended.code, Some(0), "{}", ended.message);
}
