//! Crashes named on the line and on standard input, as reporters and as lists print them.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use hbase_thrift_client::Client;
use mini_hbase::MiniHBase;
use serde_json::Value;
use socorro_hbase_client::{CrashId, CrashMetadata, CrashStore, QueueForProcessing};

use crate::shell::{ABSENT, METADATA, OOID, OTHER, PROCESSED, Shell, shown};

/// Every command that takes several crashes, with what has to be done before; it prints their ooids.
const SEVERAL: [(&[&str], &[&str]); 9] = [
    (&[], &["show", "--json"]),
    (&[], &["process", "--json"]),
    (&[], &["export", "-o", "out", "--json"]),
    (&[], &["queue", "add"]),
    (&[], &["queue", "remove", "--queue", "general"]),
    (
        &["queue", "claim", "-n", "9", "--queue", "general"],
        &["queue", "renew", "--queue", "general"],
    ),
    (
        &["queue", "claim", "-n", "9", "--queue", "general"],
        &["queue", "release", "--queue", "general"],
    ),
    (&["queue", "claim", "-n", "9", "--queue", "general"], &["queue", "ack", "--queue", "general"]),
    (&[], &["remove"]),
];

#[test]
fn whatever_takes_several_crashes_takes_them_from_standard_input_and_as_reporters_show_them() {
    for (before, command) in SEVERAL {
        for json in [false, true] {
            let shell = Shell::with_crashes();
            let list = if json { &["crashes", "--json"][..] } else { &["crashes"] };
            let list = shell.ok(list);
            if !before.is_empty() {
                shell.ok(before);
            }
            let ended = shell.run_with(&[command, &["-"]].concat(), list.as_bytes());
            assert_eq!(ended.code, Some(0), "{command:?}: {}", ended.message);
            for ooid in [OOID, OTHER] {
                assert!(ended.stdout.contains(ooid), "{command:?}: {}", ended.stdout);
            }
        }
        let shell = Shell::with_crashes();
        if !before.is_empty() {
            shell.ok(before);
        }
        let named = shell.run(&[command, &[&format!("bp-{OOID}")]].concat());
        assert_eq!(named.code, Some(0), "{command:?}: {}", named.message);
        assert!(named.stdout.contains(OOID) && !named.stdout.contains("bp-"), "{}", named.stdout);
        let absent = shell.run(&[command, &[ABSENT]].concat());
        assert_eq!(absent.code, Some(3), "{command:?}: {}", absent.message);
        assert!(absent.message.contains(ABSENT), "{command:?}: {}", absent.message);
    }
}

#[test]
fn whatever_takes_one_crash_takes_it_as_reporters_show_it() {
    let shell = Shell::new();
    let named = format!("bp-{OOID}");
    shell.submit(OOID, METADATA);
    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", "MDMP"));
    let submit = ["submit", "--meta", &meta, "--dump", &dump, "--ooid", &named];
    assert_eq!(shell.ok(&submit), format!("{OOID}\n"));
    let processed = shell.write("processed.json", PROCESSED);
    shell.ok(&["put-processed", &named, &processed]);
    assert_eq!(shell.ok(&["get", "meta", &named]), METADATA);
    assert_eq!(shell.ok(&["get", "dump", &named]), "MDMP");
    assert_eq!(shell.ok(&["get", "processed", &named]), PROCESSED);
    assert_eq!(shell.json(&["get", "state", &named])[0]["ooid"], OOID);
    shell.ok(&["get", "raw", &named, "-o", "raw"]);
    assert!(shell.path(&format!("raw/{OOID}.json")).is_file());
}

/// Names that a shell, a reader of lists or this program would take for something else.
const ODD: [&str; 6] = [
    "-",
    "--json",
    "a b",
    "bp-6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508",
    "6D8A2B4E-9C1F-4E57-8B3A-0F2C42120508",
    "a\u{1b}[2J\\ü",
];

#[test]
fn crashes_with_odd_names_are_listed_by_words_that_name_them() {
    let shell = Shell::new();
    let server = MiniHBase::builder().store(shell.path("store")).start().unwrap();
    let url = server.url();
    shell.ok(&["schema", "create", "--server", &url]);
    let store = CrashStore::new(Client::connect(&url).unwrap());
    let metadata = CrashMetadata::from_json(METADATA).unwrap();
    for name in ODD {
        let id = CrashId::new(name).unwrap();
        store.put_raw_report(id, &metadata, b"MDMP", QueueForProcessing::Yes).unwrap();
    }
    let list = shell.ok(&["crashes", "--server", &url]);
    assert_eq!(list.lines().count(), ODD.len(), "{list}");
    assert!(!list.contains('\u{1b}'), "{list}");
    for list in [list, shell.ok(&["crashes", "--json", "--server", &url])] {
        let added = shell.run_with(&["queue", "add", "-", "--server", &url], list.as_bytes());
        assert_eq!(added.code, Some(0), "{}", added.message);
        assert_eq!(added.stdout.lines().count(), ODD.len(), "{}", added.stdout);
        for word in added.stdout.lines() {
            assert_eq!(shell.ok(&["get", "dump", word, "--server", &url]), "MDMP", "{word}");
        }
    }
}

#[test]
fn what_standard_input_names_is_worked_on_while_more_is_awaited() {
    let shell = Shell::new();
    let server = MiniHBase::start().unwrap();
    let url = server.url();
    shell.ok(&["schema", "create", "--server", &url]);
    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", "MDMP"));
    let submit = ["submit", "--meta", &meta, "--dump", &dump, "--ooid", OOID, "--server", &url];
    shell.ok(&submit);
    let mut command = shell.command(&["process", "-", "--json", "--server", &url]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    writeln!(stdin, "{OOID}").unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["ooid"], OOID);
    drop(stdin);
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_line_that_names_nothing_is_shown_escaped() {
    let shell = Shell::with_crashes();
    for (line, shown) in [(&b"\x1b[2J\\q\n"[..], r"\x1b[2J\q"), (b"\xff\n", "\u{fffd}")] {
        let ended = shell.run_with(&["queue", "add", "-"], line);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.message);
        assert!(ended.message.contains(shown), "{}", ended.message);
        assert!(!ended.message.contains('\u{1b}'), "{}", ended.message);
    }
    let endless = shell.run_with(&["remove", "-"], &vec![b'a'; 2 << 20]);
    assert_eq!(endless.code, Some(2), "{}", endless.message);
    assert!(endless.message.contains("no list of ooids"), "{}", endless.message);
}

#[cfg(unix)]
#[test]
fn a_list_of_an_embedded_store_is_piped_into_a_command_on_it() {
    let shell = Shell::with_crashes();
    let program = shell.command(&[]).get_program().to_owned();
    // The second begins first, and must not have the store then.
    for pipe in [
        "(sleep 1; \"$0\" crashes) | \"$0\" queue add -",
        "(sleep 1; \"$0\" sample --json) | \"$0\" show -",
    ] {
        let mut sh = std::process::Command::new("sh");
        sh.args(["-c", pipe]).arg(&program);
        sh.env("SOCORRO_HBASE_STORE", shell.path("store")).env_remove("SOCORRO_HBASE_SERVER");
        sh.env("XDG_CONFIG_HOME", shell.path("configuration"));
        let output = sh.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && message.is_empty(), "{pipe}: {message}");
        assert!(printed.contains(OOID) && printed.contains(OTHER), "{pipe}: {printed}");
    }
}

#[test]
fn a_folder_of_several_files_is_never_called_like_standard_output() {
    let shell = Shell::with_crashes();
    for arguments in [&["get", "raw", OOID, "-o", "-"][..], &["man", "-o", "-"]] {
        let message = shell.fail(2, arguments);
        assert!(message.contains("several files need a folder"), "{message}");
    }
    assert!(!shell.path("-").exists(), "{}", shown(&shell.path("-")));
}
