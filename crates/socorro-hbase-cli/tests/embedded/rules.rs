//! What holds of all commands alike: the names in JSON, what it means that nothing is found, messages.

use std::collections::BTreeSet;

use mini_hbase::{Fault, MiniHBase, When};
use serde_json::Value;

use crate::shell::{ABSENT, METADATA, OOID, OTHER, PROCESSED, Shell};

/// Commands that print JSON, on a store with something of everything; the words of the command come first.
const PRINT: [(&str, &[&str]); 25] = [
    ("schema show", &[]),
    ("schema verify", &[]),
    ("show", &[OTHER]),
    ("get state", &[OOID]),
    ("queue list", &[]),
    ("queue stats", &[]),
    ("queue add", &[OOID]),
    // Whoever has a crash by one queue has it by the other.
    ("queue release", &["--queue", "general", OOID, OTHER]),
    ("queue claim", &[]),
    ("queue renew", &[OOID]),
    ("queue release", &[OOID]),
    ("process", &["--limit", "1"]),
    ("queue remove", &["--queue", "general", OTHER]),
    ("crashes", &[]),
    ("signatures", &[]),
    ("metrics", &["--from", "2012-05-09", "--to", "2012-05-09"]),
    ("row", &["metrics", "2012-05-08"]),
    ("scan", &["crash_reports"]),
    ("export", &["-o", "out"]),
    ("submit", &["out"]),
    ("sample", &[]),
    ("check", &["--settled-for", "0s"]),
    ("signature", &["processed.json"]),
    ("symbols add", &["lib.sym", "--symbols", "symbols"]),
    ("config show", &[]),
];

/// The names of an object's fields and of those in it, but of objects whose names are data.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.insert(name.clone());
                match (name.as_str(), value) {
                    ("families" | "process_types", _) => {}
                    ("cells", Value::Object(cells)) => {
                        cells.values().for_each(|cell| names(cell, found));
                    }
                    _ => names(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

#[test]
fn every_name_in_json_is_documented_in_the_help_of_its_command() {
    let shell = Shell::with_crashes();
    shell.write("processed.json", PROCESSED);
    shell.write("lib.sym", "MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 lib.so\n");
    shell.ok(&["queue", "claim", "--queue", "general", "--limit", "9"]);
    let mut undocumented = Vec::new();
    for (command, arguments) in PRINT {
        let words: Vec<&str> = command.split(' ').collect();
        let ended = shell.run(&[&words, arguments, &["--json"]].concat());
        let mut found = BTreeSet::new();
        for line in ended.stdout.lines() {
            names(&serde_json::from_str(line).unwrap(), &mut found);
        }
        // A check that finds nothing has the names that its problems would have.
        assert!(!found.is_empty() || command == "check", "{command}: {}", ended.message);
        let help = shell.ok(&[&words[..], &["--help"]].concat()).replace('\n', " ");
        let (_, documented) = help.split_once("JSON: ").unwrap_or_else(|| panic!("{command}"));
        let documented: BTreeSet<&str> =
            documented.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let missing = found.iter().filter(|name| !documented.contains(name.as_str()));
        undocumented.extend(missing.map(|name| format!("{command}: {name}")));
    }
    assert!(undocumented.is_empty(), "{undocumented:#?}");
}

#[test]
fn a_list_without_anything_is_no_failure() {
    let shell = Shell::new();
    for arguments in [
        &["crashes"][..],
        &["crashes", "--signature", "none"],
        &["crashes", "--hang", ABSENT],
        &["crashes", "--date", "2012"],
        &["signatures"],
        &["queue", "list"],
        &["queue", "claim"],
        &["process"],
        &["scan", "crash_reports"],
        &["sample"],
        &["export", "-o", "out"],
        &["check"],
    ] {
        let ended = shell.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn whatever_is_named_and_not_there_is_named_in_the_message() {
    let shell = Shell::with_crashes();
    let processed = shell.write("processed.json", PROCESSED);
    for arguments in [
        &["show", ABSENT][..],
        &["get", "meta", ABSENT],
        &["get", "dump", ABSENT],
        &["get", "processed", ABSENT],
        &["get", "state", ABSENT],
        &["get", "raw", ABSENT, "-o", "raw"],
        &["put-processed", ABSENT, &processed],
        &["remove", ABSENT],
        &["remove", "--dry-run", ABSENT],
        &["process", ABSENT],
        &["queue", "add", ABSENT],
        &["queue", "remove", ABSENT],
        &["queue", "renew", ABSENT],
        &["queue", "release", ABSENT],
        &["queue", "ack", ABSENT],
        &["export", "-o", "out", ABSENT],
        &["row", "metrics", ABSENT],
    ] {
        let ended = shell.run(arguments);
        assert_eq!(ended.code, Some(3), "{arguments:?}: {}", ended.message);
        assert!(ended.message.contains(ABSENT), "{arguments:?}: {}", ended.message);
    }
    let message = shell.fail(3, &["get", "dump", "--name", "none", OOID]);
    assert!(message.contains(&format!("no crash {OOID} with a dump none")), "{message}");
}

#[test]
fn numbers_have_nouns_that_fit_them() {
    let shell = Shell::with_crashes();
    for (arguments, message) in [
        (&["export", "-o", "a", OOID][..], "exported 1 crash to a"),
        (&["export", "-o", "b"], "exported 2 crashes to b"),
        (&["submit", "a"], "0 crashes submitted, 1 there before, 0 refused"),
        (&["process", "--limit", "1"], "1 crash processed, 0 failed"),
        (&["remove", "--dry-run", OOID], "1 crash would be removed"),
        (&["remove", OOID, OTHER], "2 crashes removed"),
    ] {
        let ended = shell.run(arguments);
        assert_eq!(ended.message, format!("socorro-hbase: {message}\n"), "{arguments:?}");
    }
}

#[test]
fn what_would_move_the_cursor_is_escaped_wherever_it_comes_from() {
    let shell = Shell::with_crashes();
    let foreign = "\u{1b}[2J\u{9b}1m\u{202e}";
    let json = serde_json::json!({"signature": foreign, "completeddatetime": "2012"});
    let file = shell.write("processed.json", json.to_string());
    shell.ok(&["put-processed", OOID, &file]);
    let odd = format!("x{foreign}");
    let path = format!("{}/{odd}", shell.path("").display());
    for arguments in [
        &["get", "meta", &odd][..],
        &["get", "meta", OOID, &odd],
        &["get", "meta", OOID, &format!("--{odd}")],
        &[&odd],
        &["crashes", "--date", &odd],
        &["crashes", "--from", &odd],
        &["submit", &path],
        &["submit", "--meta", &path],
        &["row", &odd, &odd],
        &["scan", "crash_reports", "--prefix", &format!("\\x{odd}")],
        &["crashes", "--config", &path],
        &["crashes", "--server", &odd],
        &["crashes", "--store", &format!("/proc/{odd}")],
        &["queue", "claim", "--worker", &odd],
        &["symbols", "add", &path, "--symbols", "s"],
        &["crashes", "--signature", foreign, "--json"],
        &["crashes", "--signature", foreign],
        &["show", OOID],
        &["show", OOID, "--json"],
        &["signatures", "--json"],
        &["scan", "crash_reports_index_signature_ooid", "--json"],
        &["scan", "crash_reports_index_signature_ooid"],
        &["config", "show", "--symbols", &odd],
        &["config", "show", "--symbols", &odd, "--json"],
    ] {
        let ended = shell.run(arguments);
        let shown = ended.stdout + &ended.message;
        assert!(!shown.is_empty(), "{arguments:?}");
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.contains(acts), "{arguments:?}: {shown:?}");
    }
}

#[test]
fn advice_is_given_only_where_it_can_help() {
    let shell = Shell::new();
    let server = MiniHBase::start().unwrap();
    let url = format!("{}?max_request_size=100000", server.url());
    shell.ok(&["schema", "create", "--server", &url]);
    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", vec![0; 200_000]));
    let submit = ["submit", "--meta", &meta, "--dump", &dump, "--server", &url];
    let message = shell.fail(1, &submit);
    assert!(message.contains("max_request_size"), "{message}");
    assert!(!message.contains("again"), "{message}");
    std::fs::create_dir(shell.path("in")).unwrap();
    shell.write("in/a.json", METADATA);
    shell.write("in/a.dump", vec![0; 200_000]);
    let ended = shell.run(&["submit", "in", "--server", &url]);
    assert_eq!(ended.code, Some(1), "{}", ended.message);
    assert!(ended.stdout.contains("max_request_size"), "{}", ended.stdout);
    assert!(!ended.message.contains("again") && !ended.message.contains("goes on"));

    let clean = shell.run(&["check", "--server", &url]);
    assert!(!clean.message.contains("--repair"), "{}", clean.message);
    server.fault(When::every("incrementRows"), Fault::DropBefore);
    let url = format!("{}?operation_timeout=1s", server.url());
    let message = shell.fail(4, &["submit", "--meta", &meta, "--server", &url]);
    assert!(message.contains("to try again under the same ooid, add --ooid"), "{message}");
}

#[test]
fn one_who_works_on_a_crash_keeps_others_from_it_only_for_a_time() {
    let shell = Shell::with_crashes();
    shell.ok(&["queue", "claim", "--worker", "another"]);
    let ended = shell.run(&["process", OOID, OTHER]);
    assert_eq!(ended.code, Some(4), "{}", ended.message);
    let expected = format!("other workers have claimed {OOID}");
    assert!(ended.message.contains(&expected), "{}", ended.message);
    assert!(ended.message.contains("1 crash processed, 0 failed"), "{}", ended.message);
}

#[test]
fn a_crash_may_come_without_a_dump_and_from_standard_input() {
    let shell = Shell::new();
    let submit = ["submit", "--meta", "-", "--ooid", OOID];
    let ended = shell.run_with(&submit, METADATA.as_bytes());
    assert_eq!((ended.code, ended.stdout), (Some(0), format!("{OOID}\n")), "{}", ended.message);
    assert!(ended.message.contains("the crash is stored without a dump"), "{}", ended.message);
    assert_eq!(shell.ok(&["get", "meta", OOID]), METADATA);
    shell.fail(3, &["get", "dump", OOID]);
    shell.ok(&["export", "-o", "out"]);
    shell.ok(&["remove", OOID]);
    shell.ok(&["submit", "out"]);
    shell.fail(3, &["get", "dump", OOID]);
    assert_eq!(shell.json(&["process"])[0]["ooid"], OOID);

    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", "MDMP"));
    let piped = ["submit", "--meta", &meta, "--dump", "-", "--ooid", OTHER];
    assert_eq!(shell.run_with(&piped, b"MDMP piped").code, Some(0));
    assert_eq!(shell.ok(&["get", "dump", OTHER]), "MDMP piped");
    let message = shell.fail(2, &["submit", "--meta", "-", "--dump", "-"]);
    assert!(message.contains("can't both come from standard input"), "{message}");
    shell.fail(2, &["submit", "--dump", &dump]);
}

#[test]
fn what_is_stored_comes_back_byte_for_byte_also_if_it_is_no_text() {
    let shell = Shell::new();
    let metadata =
        [METADATA.trim_end_matches('}').as_bytes(), b", \"Comments\": \"Stra\xdfe\"}"].concat();
    let processed = [PROCESSED.trim_end_matches('}').as_bytes(), b", \"dump\": \"\xfc\"}"].concat();
    let (meta, dump) = (shell.write("a.json", &metadata), shell.write("a.dump", "MDMP"));
    shell.ok(&["submit", "--meta", &meta, "--dump", &dump, "--ooid", OOID]);
    let file = shell.write("processed.json", &processed);
    shell.ok(&["put-processed", OOID, &file]);
    for (what, stored) in [("meta", metadata), ("processed", processed)] {
        let got = shell.command(&["get", what, OOID]).output().unwrap();
        assert_eq!(got.status.code(), Some(0), "{what}: {got:?}");
        assert_eq!(got.stdout, stored, "{what}");
    }
    let listed = &shell.json(&["crashes", "--product", "Firefox"])[0];
    assert_eq!(
        (&listed["version"], &listed["signature"]),
        (&"12.0".into(), &"js::Interpret".into())
    );
}

#[test]
fn days_in_the_wrong_order_are_a_wrong_command_line_everywhere() {
    let shell = Shell::new();
    let days = ["--from", "2012-05-09", "--to", "2012-05-08"];
    for command in [
        &["crashes"][..],
        &["crashes", "--signature", "a"],
        &["signatures"],
        &["metrics"],
        &["check"],
        &["sample"],
        &["export", "-o", "out"],
    ] {
        let message = shell.fail(2, &[command, &days].concat());
        assert!(message.contains("--from is later than --to"), "{command:?}: {message}");
    }
    assert!(!shell.path("store").exists() && !shell.path("out").exists());
}
