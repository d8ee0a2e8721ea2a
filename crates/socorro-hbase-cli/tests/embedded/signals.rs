//! Ctrl-C and SIGTERM: what was done is kept and told, and the exit code tells a script.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    process::{Child, ChildStderr, Command, Stdio},
};

use crate::shell::{OOID, OTHER, Shell, archive};

/// A command under way, whose messages are read line by line.
struct Running {
    process: Child,
    messages: BufReader<ChildStderr>,
}

impl Running {
    fn start(shell: &Shell, arguments: &[&str]) -> Self {
        let mut process = shell
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let messages = BufReader::new(process.stderr.take().unwrap());
        Self { process, messages }
    }

    /// Sends a signal and waits until the program has seen it.
    fn stop(&mut self, signal: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.wait_for("stopping");
    }

    fn wait_for(&mut self, expected: &str) {
        let mut line = String::new();
        while !line.contains(expected) {
            line.clear();
            assert_ne!(self.messages.read_line(&mut line).unwrap(), 0, "no {expected}");
        }
    }

    /// What it still says, and its exit code.
    fn end(mut self) -> (String, Option<i32>) {
        drop(self.process.stdin.take());
        std::io::copy(&mut self.process.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
        let mut rest = String::new();
        self.messages.read_to_string(&mut rest).unwrap();
        (rest, self.process.wait().unwrap().code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_submission_of_many_ends_after_those_that_were_begun_and_can_go_on() {
    let shell = Shell::new();
    let mut running = Running::start(&shell, &["submit", "-"]);
    // By then signals are listened to.
    running.wait_for("made a store");
    let archive = archive(&[(OOID, "MDMP"), (OTHER, "MDMP")]);
    let (first, rest) = archive.split_at(2560);
    let mut stdin = running.process.stdin.take().unwrap();
    stdin.write_all(first).unwrap();
    running.stop("-INT");
    // It may be over already.
    let _ = stdin.write_all(rest);
    drop(stdin);
    let (message, code) = running.end();
    assert_eq!(code, Some(130), "{message}");
    assert!(message.contains("stopped; "), "{message}");
    assert!(message.contains(" submitted, 0 there before, 0 refused"), "{message}");
    assert!(message.contains("the same command goes on"), "{message}");
    // What was acknowledged is there: the store opens, and takes all of it.
    let file = shell.write("crashes.tar", &archive);
    assert_eq!(shell.json(&["submit", &file]).len(), 2);
}

#[test]
fn a_list_ends_with_the_lines_that_were_written() {
    let shell = Shell::new();
    // More than a pipe holds, so that the list can't be over when the signal comes.
    let dump = "MDMP".repeat(1 << 18);
    let file = shell.write("crashes.tar", archive(&[(OOID, &dump), (OTHER, &dump)]));
    shell.ok(&["submit", &file]);
    let mut running = Running::start(&shell, &["scan", "crash_reports", "--json"]);
    let mut begin = [0; 8];
    running.process.stdout.as_mut().unwrap().read_exact(&mut begin).unwrap();
    running.stop("-TERM");
    let (message, code) = running.end();
    assert_eq!(code, Some(143), "{message}");
    assert!(message.contains("stopped; 1 line listed"), "{message}");
}

#[test]
fn a_worker_that_watches_ends_well_and_says_what_it_did() {
    let shell = Shell::with_crashes();
    let mut running = Running::start(&shell, &["process", "--watch", "--json"]);
    let mut first = [0; 8];
    running.process.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    running.stop("-TERM");
    let (message, code) = running.end();
    assert_eq!(code, Some(0), "{message}");
    assert!(message.contains("1 crash processed, 0 failed"), "{message}");
}

#[test]
fn a_submission_that_waits_for_a_pipe_ends_nevertheless() {
    let shell = Shell::new();
    let mut running = Running::start(&shell, &["submit", "-"]);
    running.wait_for("made a store");
    running.stop("-INT");
    // Although its standard input is still open.
    assert_eq!(running.process.wait().unwrap().code(), Some(130));
}

#[test]
fn the_second_signal_stops_at_once() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("hbase://{}/", silent.local_addr().unwrap());
    let shell = Shell::new();
    let mut running = Running::start(&shell, &["crashes", "--server", &url]);
    // Signals are listened to before, and an answer will never come.
    let _held = silent.accept().unwrap();
    running.stop("-INT");
    let id = running.process.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    // By the signal, which a shell shows as 130.
    assert_eq!(running.process.wait().unwrap().signal(), Some(2));
}
