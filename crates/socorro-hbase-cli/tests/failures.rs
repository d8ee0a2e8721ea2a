//! How `socorro-hbase` fails: exit codes and messages, where no HBase is needed to see them.
//!
//! What it does when HBase answers is left to the integration tests.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
const OTHER: &str = "7d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
const METADATA: &str = r#"{"submitted_timestamp": "2012-05-08T20:50:50+00:00"}"#;

struct Failure {
    code: Option<i32>,
    message: String,
}

/// Runs the program, which has to fail and to keep standard output for data.
fn fail(arguments: &[&str]) -> Failure {
    let output = run(arguments);
    assert_eq!(output.stdout, b"", "nothing but data belongs there");
    let message = String::from_utf8(output.stderr).unwrap();
    Failure { code: output.status.code(), message }
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_socorro-hbase"));
    program.args(arguments).stdin(Stdio::null());
    program.env_remove("SOCORRO_HBASE_SERVER").env_remove("SOCORRO_HBASE_STORE");
    // Not what the person who runs the tests has set.
    program.env_remove("SOCORRO_HBASE_CONFIG");
    program.env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-configuration"));
    program
}

/// An address where nobody listens; a port that was free a moment ago may be another test's by now.
fn closed_port() -> String {
    "hbase://127.0.0.1:1/?operation_timeout=5s".to_owned()
}

/// A folder with `crash.json` and `crash.dump`.
struct Crash {
    folder: TempDir,
}

impl Crash {
    fn new(metadata: &str, dump: &[u8]) -> Self {
        let crash = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(crash.file("crash.json"), metadata).unwrap();
        fs::write(crash.file("crash.dump"), dump).unwrap();
        crash
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn submit(&self, more: &[&str]) -> Failure {
        self.submit_files("crash.json", "crash.dump", more)
    }

    fn submit_files(&self, metadata: &str, dump: &str, more: &[&str]) -> Failure {
        let (metadata, dump, server) = (self.file(metadata), self.file(dump), closed_port());
        let (metadata, dump) = (metadata.to_str().unwrap(), dump.to_str().unwrap());
        let own = ["submit", "--meta", metadata, "--dump", dump, "--server", &server];
        fail(&[&own, more].concat())
    }
}

#[test]
fn a_new_ooid_that_is_none_is_a_wrong_command_line_with_the_reason() {
    let failure = Crash::new(METADATA, b"MDMP").submit(&["--ooid", "8d8a2b4e"]);
    assert_eq!(failure.code, Some(2));
    assert!(failure.message.contains("'8d8a2b4e'"), "{}", failure.message);
    assert!(failure.message.contains("an ooid has 36 characters, this has 8"));
    let failure = Crash::new(METADATA, b"MDMP").submit(&["--ooid", &OOID.to_uppercase()]);
    assert_eq!(failure.code, Some(2));
    assert!(failure.message.contains("an ooid is in lower case"), "{}", failure.message);
}

#[test]
fn a_stored_crash_may_have_any_name() {
    for name in ["8d8a2b4e", &OOID.to_uppercase(), &format!("bp-{OOID}")] {
        let failure = fail(&["get", "meta", name, "--server", &closed_port()]);
        assert_eq!(failure.code, Some(4), "{}", failure.message);
    }
    assert_eq!(fail(&["get", "meta", "", "--server", &closed_port()]).code, Some(2));
}

#[test]
fn a_server_that_is_no_url_is_a_wrong_command_line() {
    let failure = fail(&["get", "meta", OOID, "--server", "localhost:9090"]);
    assert_eq!(failure.code, Some(2));
    assert!(failure.message.contains("hbase://"), "{}", failure.message);
}

#[test]
fn the_server_may_come_from_the_environment() {
    let server = closed_port();
    let output = program(&["get", "meta", OOID]).env("SOCORRO_HBASE_SERVER", &server).output();
    assert_eq!(output.unwrap().status.code(), Some(4));
}

#[test]
fn raw_needs_a_folder_to_write_to() {
    let failure = fail(&["get", "raw", OOID, "--server", &closed_port()]);
    assert_eq!(failure.code, Some(2));
    assert!(failure.message.contains("--output <FOLDER>"), "{}", failure.message);
}

/// Every command that needs a server, with what it needs besides.
fn commands_on_a_server<'a>(folder: &'a str, file: &'a str) -> Vec<Vec<&'a str>> {
    const OF_A_QUEUE: &[&str] = &["list", "stats", "claim"];
    let mut commands = vec![
        vec!["schema", "create"],
        vec!["schema", "verify"],
        vec!["submit", folder],
        vec!["submit", "--meta", file, "--dump", file],
        vec!["get", "raw", OOID, "-o", "never-made"],
        vec!["put-processed", OOID, file],
        vec!["remove", OOID],
        vec!["queue", "ack", OOID],
        vec!["queue", "add", OOID],
        vec!["queue", "release", OOID],
        vec!["queue", "renew", OOID],
        vec!["queue", "remove", OOID],
        vec!["show", OOID],
        vec!["process", OOID],
        vec!["remove", "--dry-run", OOID],
        vec!["process"],
        vec!["process", "--watch"],
        vec!["crashes"],
        vec!["crashes", "--json"],
        vec!["crashes", "--signature", "a"],
        vec!["crashes", "--hang", "11111111-2222-4333-8444-555555120509"],
        vec!["signatures"],
        vec!["metrics"],
        vec!["check"],
        vec!["check", "--repair"],
        vec!["row", "metrics", "2012"],
        vec!["scan", "metrics"],
        vec!["scan", "crash_reports", "--order", "union"],
        vec!["scan", "crash_reports", "--order", "merge"],
        vec!["export", "-o", "never-made"],
        vec!["export", "-o", "never-made.tar.gz"],
        vec!["sample"],
    ];
    commands.extend(["meta", "dump", "processed", "state"].map(|what| vec!["get", what, OOID]));
    commands.extend(OF_A_QUEUE.iter().map(|what| vec!["queue", what]));
    if cfg!(target_os = "linux") {
        commands.push(vec!["demo"]);
    }
    commands
}

#[test]
fn every_command_on_a_server_that_is_away_may_succeed_later() {
    let folder = tempfile::tempdir().unwrap();
    let crash = Crash::new(
        r#"{"submitted_timestamp": "2012-05-08T20:50:50+00:00", "signature": "a",
            "completeddatetime": "2012-05-08 21:00:00"}"#,
        b"MDMP",
    );
    let server = "hbase://127.0.0.1:1/?operation_timeout=1s&max_attempts=1";
    let (file, crashes) = (crash.file("crash.json"), crash.folder.path());
    for arguments in commands_on_a_server(crashes.to_str().unwrap(), file.to_str().unwrap()) {
        let mut command = program(&[&arguments[..], &["--server", server]].concat());
        command.current_dir(folder.path()).env("XDG_DATA_HOME", folder.path());
        let output = command.output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {message}");
        assert!(message.contains("127.0.0.1:1"), "{arguments:?}: {message}");
        if arguments[0] != "demo" {
            assert_eq!(output.stdout, b"", "{arguments:?}: nothing but data belongs there");
        }
    }
    assert!(!folder.path().join("never-made/").join(format!("{OOID}.json")).exists());
}

#[test]
fn gateways_that_speak_http_or_tls_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let root = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = folder.path().join("root.pem");
    fs::write(&file, root.cert.pem()).unwrap();
    let trust = format!("&ca_file={}", file.display());
    for (scheme, more) in [("http", ""), ("https", &trust), ("hbases", &trust)] {
        let server = format!("{scheme}://127.0.0.1:1/?operation_timeout=5s{more}");
        let failure = fail(&["get", "meta", OOID, "--server", &server]);
        assert_eq!(failure.code, Some(4), "{scheme}: {}", failure.message);
        assert!(failure.message.contains("127.0.0.1:1"), "{scheme}: {}", failure.message);
    }
}

/// A port where somebody listens and answers every connection with these bytes, or with silence.
fn answering_port(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut held = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            connection.write_all(answer).unwrap();
            held.push(connection);
        }
    });
    format!("hbase://127.0.0.1:{port}/?operation_timeout=2s")
}

#[test]
fn a_server_that_never_answers_may_answer_later() {
    let start = Instant::now();
    let failure = fail(&["get", "meta", OOID, "--server", &answering_port(b"")]);
    assert_eq!(failure.code, Some(4), "{}", failure.message);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_server_that_is_no_gateway_will_not_become_one() {
    let server = answering_port(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let failure = fail(&["get", "meta", OOID, "--server", &server]);
    assert_eq!(failure.code, Some(1), "{}", failure.message);
}

#[test]
fn a_submission_to_a_closed_port_may_succeed_later() {
    let failure = Crash::new(METADATA, b"MDMP").submit(&[]);
    assert_eq!(failure.code, Some(4), "{}", failure.message);
}

#[test]
fn a_missing_dump_file_is_named() {
    let failure = Crash::new(METADATA, b"MDMP").submit_files("crash.json", "lost.dump", &[]);
    assert_eq!(failure.code, Some(1));
    assert!(failure.message.contains("can't read dump "), "{}", failure.message);
    assert!(failure.message.contains("lost.dump: No such file"), "{}", failure.message);
}

#[test]
fn an_empty_dump_file_is_not_refused() {
    let failure = Crash::new(METADATA, b"").submit(&[]);
    assert_eq!(failure.code, Some(4), "{}", failure.message);
}

#[test]
fn missing_metadata_is_named() {
    let failure = Crash::new(METADATA, b"MDMP").submit_files("lost.json", "crash.dump", &[]);
    assert_eq!(failure.code, Some(1));
    assert!(failure.message.contains("lost.json: No such file"), "{}", failure.message);
}

#[test]
fn files_given_the_wrong_way_round_are_noticed() {
    let failure = Crash::new(METADATA, b"MDMP").submit_files("crash.dump", "crash.json", &[]);
    assert_eq!(failure.code, Some(1));
    assert!(failure.message.contains("the metadata is no JSON object"), "{}", failure.message);
}

#[test]
fn an_odd_field_of_the_metadata_is_no_reason_to_refuse_a_crash() {
    let metadata = METADATA.replace('}', r#", "HangID": "x"}"#);
    let failure = Crash::new(&metadata, b"MDMP").submit(&[]);
    // All that is missing is a server.
    assert_eq!(failure.code, Some(4), "{}", failure.message);
}

#[test]
fn metadata_and_dump_of_different_crashes_are_not_mixed_up() {
    let crash = Crash::new(METADATA, b"MDMP");
    let (metadata, dump) = (format!("{OOID}.json"), format!("{OTHER}.dump"));
    fs::rename(crash.file("crash.json"), crash.file(&metadata)).unwrap();
    fs::rename(crash.file("crash.dump"), crash.file(&dump)).unwrap();
    let failure = crash.submit_files(&metadata, &dump, &[]);
    assert_eq!(failure.code, Some(1));
    assert!(failure.message.contains("choose with --ooid"), "{}", failure.message);
    // Given an ooid, the program has no more doubts and fails for want of a server.
    assert_eq!(crash.submit_files(&metadata, &dump, &["--ooid", OOID]).code, Some(4));
}

#[test]
fn messages_are_single_lines_of_the_program() {
    let message = Crash::new(METADATA, b"").submit(&[]).message;
    assert!(message.starts_with("socorro-hbase: "), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn the_help_lists_the_exit_codes() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for line in
        ["0  done", "1  failed", "2  the command", "3  what was named", "4  HBase could not"]
    {
        assert!(help.contains(line), "{line}");
    }
}

#[test]
fn completions_name_the_subcommands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(run(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("submit"), "{shell}");
    }
}

#[test]
fn a_shell_takes_its_completions() {
    let Ok(found) = Command::new("bash").arg("--version").output() else {
        eprintln!("skipped: there is no bash");
        return;
    };
    assert!(found.status.success());
    let script = "source <(\"$0\" completions bash) && complete -p socorro-hbase";
    let program = env!("CARGO_BIN_EXE_socorro-hbase");
    let completed = Command::new("bash").args(["-c", script, program]).output().unwrap();
    assert!(completed.status.success());
    assert!(String::from_utf8(completed.stdout).unwrap().ends_with(" socorro-hbase\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = program(&["completions", "zsh"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
