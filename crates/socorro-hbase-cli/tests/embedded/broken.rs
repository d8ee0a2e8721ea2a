//! Queues in which something is wrong: each thing is reported once, skipped, and the end of nothing.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use hbase_thrift_client::{Client, Delete, Put};
use mini_hbase::MiniHBase;

use crate::shell::{ABSENT, Ended, OOID, Shell};

const QUEUES: [&str; 2] =
    ["crash_reports_index_legacy_unprocessed_flag", "crash_reports_index_unprocessed_flag"];
/// Before and after everything else.
const NAMELESS: [&str; 2] = ["02000-01-01T00:00:00nameless", "zz nameless"];

/// A crash that waits, whose row lacks its name, behind an entry that names nothing and one whose crash
/// isn't there, and before another that names nothing.
fn broken() -> Shell {
    let shell = Shell::with_crashes();
    let server = MiniHBase::builder().store(shell.path("store")).start().unwrap();
    let client = Client::connect(server.url()).unwrap();
    for queue in QUEUES.map(|queue| client.table(queue)) {
        let absent = format!("02000-01-02T00:00:00{ABSENT}");
        queue.put(&Put::new(absent).column("ids:ooid", ABSENT)).unwrap();
        for row in NAMELESS {
            queue.put(&Put::new(row).column("ids:ooid", "")).unwrap();
        }
    }
    let row = format!("6120508{OOID}");
    client.table("crash_reports").delete(&Delete::row(row).column("ids:ooid")).unwrap();
    shell
}

/// How often each thing that is wrong is reported: the two rows that name nothing, the absent crash.
fn reported(message: &str) -> [usize; 3] {
    let names_nothing = NAMELESS.map(|row| format!("names nothing in ids:ooid of its row {row}"));
    let [first, last] = names_nothing.map(|text| message.matches(&text).count());
    [first, last, message.matches("but there is no such crash").count()]
}

fn assert_done(ended: &Ended, expected: [usize; 3]) {
    assert_eq!(ended.code, Some(0), "{}", ended.message);
    assert_eq!(reported(&ended.message), expected, "{}", ended.message);
}

#[test]
fn a_broken_queue_is_listed_and_counted() {
    let shell = broken();
    let listed = shell.run(&["queue", "list"]);
    assert_done(&listed, [1, 1, 0]);
    assert!(listed.stdout.contains(OOID) && listed.stdout.contains(ABSENT), "{}", listed.stdout);
    let statistics = shell.run(&["queue", "stats"]);
    // Of each queue, what stands before its oldest crash.
    assert_done(&statistics, [2, 0, 0]);
    assert!(statistics.stdout.contains("legacy    4         1"), "{}", statistics.stdout);
}

#[test]
fn what_is_behind_a_broken_entry_is_claimed() {
    let claimed = broken().run(&["queue", "claim", "--limit", "9"]);
    assert_done(&claimed, [1, 1, 1]);
    assert_eq!(claimed.stdout, format!("{OOID}\n"));
}

#[test]
fn what_is_behind_a_broken_entry_is_processed() {
    let shell = broken();
    let processed = shell.run(&["process"]);
    assert_done(&processed, [1, 1, 1]);
    assert!(processed.message.contains("1 crash processed, 0 failed"), "{}", processed.message);
    assert_eq!(shell.json(&["get", "state", OOID])[0]["is_processed"], true);
    // They are still there, for `check`.
    assert_done(&shell.run(&["process"]), [1, 1, 1]);
}

#[cfg(unix)]
#[test]
fn a_worker_that_watches_a_broken_queue_reports_each_thing_once() {
    let shell = broken();
    let mut command = shell.command(&["process", "--watch", "--json"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains(OOID), "{line}");
    // It looks again each second.
    thread::sleep(Duration::from_secs(3));
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let mut message = String::new();
    process.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0), "{message}");
    assert_eq!(reported(&message), [1, 1, 1], "{message}");
}
