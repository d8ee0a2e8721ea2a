//! Ctrl-C and SIGTERM: what was done is kept and said, and the exit code is for scripts.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
    time::Duration,
};

use hbase_thrift_client::{Client, Put};
use mini_hbase::MiniHBase;

use crate::shell::{ABSENT, METADATA, OOID, OTHER, Shell, archive};

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

    /// Waits until the program listens to signals, as far as the system says whether it does.
    fn wait_for_listener(&self) {
        const SIGINT: u64 = 1 << 1;
        let status = format!("/proc/{}/status", self.process.id());
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(100));
            let Ok(status) = fs::read_to_string(&status) else { return };
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            if caught.is_some_and(|mask| mask & SIGINT != 0) {
                return;
            }
        }
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
    fn end(self) -> (String, Option<i32>) {
        let (_, message, code) = self.end_with_output();
        (message, code)
    }

    /// What it still prints and says, and its exit code.
    fn end_with_output(mut self) -> (String, String, Option<i32>) {
        drop(self.process.stdin.take());
        let (mut printed, mut rest) = (String::new(), String::new());
        self.process.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        self.messages.read_to_string(&mut rest).unwrap();
        (printed, rest, self.process.wait().unwrap().code())
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
fn a_list_on_standard_input_that_is_waited_for_ends_nevertheless() {
    let shell = Shell::with_crashes();
    let server = MiniHBase::start().unwrap();
    let url = server.url();
    shell.ok(&["schema", "create", "--server", &url]);
    for place in [&[][..], &["--server", &url]] {
        for command in [
            &["show"][..],
            &["process"],
            &["remove"],
            &["queue", "add"],
            &["queue", "remove"],
            &["queue", "ack"],
            &["export", "-o", "out"],
        ] {
            let arguments = [command, place, &["-"]].concat();
            let mut running = Running::start(&shell, &arguments);
            let mut stdin = running.process.stdin.take().unwrap();
            stdin.write_all(format!("{ABSENT}\n").as_bytes()).unwrap();
            running.wait_for_listener();
            running.stop("-INT");
            // Although its standard input is still open.
            let code = running.process.wait().unwrap().code();
            assert_eq!(code, Some(130), "{arguments:?}");
        }
    }
}

#[test]
fn a_check_that_was_stopped_goes_on_with_the_word_that_it_printed() {
    let shell = Shell::new();
    {
        let server = MiniHBase::builder().store(shell.path("store")).start().unwrap();
        let url = server.url();
        shell.ok(&["schema", "create", "--server", &url]);
        let client = Client::connect(url).unwrap();
        let table = client.table("crash_reports_index_submitted_time");
        for number in 0..1000 {
            let ooid = format!("{:x}d8a2b4e-9c1f-4e57-8b3a-{number:05}0120508", number % 16);
            let row = format!("{}2012-05-08T20:50:50{ooid}", &ooid[..1]);
            table.put(&Put::new(row).column("ids:ooid", ooid)).unwrap();
        }
    }
    let check = ["check", "--settled-for", "0s", "--json"];
    let all = shell.run(&check);
    assert_eq!(all.code, Some(5), "{}", all.message);
    let mut running = Running::start(&shell, &check);
    // More problems than a pipe holds: it isn't over when the signal comes.
    let mut begin = [0; 8];
    running.process.stdout.as_mut().unwrap().read_exact(&mut begin).unwrap();
    running.stop("-INT");
    let (printed, message, code) = running.end_with_output();
    assert_eq!(code, Some(130), "{message}");
    let printed = String::from_utf8(begin.to_vec()).unwrap() + &printed;
    let (_, word) = message.split_once("go on with --resume ").unwrap();
    let rest = shell.run(&[&check[..], &["--resume", word.trim_end()]].concat());
    let mut found: Vec<&str> = printed.lines().chain(rest.stdout.lines()).collect();
    assert!(found.len() > printed.lines().count(), "it was over when the signal came");
    let mut expected: Vec<&str> = all.stdout.lines().collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    let message = shell.fail(2, &[&check[..], &["--resume", "nonsense"]].concat());
    assert!(message.contains("this is no position of a check"), "{message}");
}

#[test]
fn a_submission_that_was_killed_is_finished_by_the_same_command() {
    const CRASHES: usize = 300;
    let shell = Shell::new();
    fs::create_dir(shell.path("crashes")).unwrap();
    for number in 0..CRASHES {
        shell.write(&format!("crashes/{number}.json"), METADATA);
        shell.write(&format!("crashes/{number}.dump"), format!("MDMP {number}"));
    }
    for lines in [1, 60] {
        let mut running = Running::start(&shell, &["submit", "crashes", "--json"]);
        let printed = BufReader::new(running.process.stdout.take().unwrap());
        let printed: Vec<_> = printed.lines().take(lines).map(Result::unwrap).collect();
        running.process.kill().unwrap();
        running.process.wait().unwrap();
        let listed = shell.run_with(&["show", "-", "--json"], printed.join("\n").as_bytes());
        assert_eq!(listed.code, Some(0), "{}", listed.message);
        assert_eq!(listed.stdout.lines().count(), lines);
    }
    assert_eq!(shell.json(&["submit", "crashes"]).len(), CRASHES);
    shell.ok(&["check", "--settled-for", "0s", "--repair"]);
    assert_eq!(shell.ok(&["check", "--settled-for", "0s"]), "");
    assert_eq!(shell.json(&["crashes"]).len(), CRASHES);
    assert_eq!(shell.json(&["queue", "list"]).len(), CRASHES);
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

/// What a service says of itself too.
#[test]
fn a_log_in_json_has_nothing_else_in_it() {
    let shell = Shell::new();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let mut running = Running::start(&shell, &serve);
    running.wait_for_listener();
    let id = running.process.id().to_string();
    running.wait_for("serving");
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let (message, code) = running.end();
    assert_eq!(code, Some(0), "{message}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = shell.fail(1, &["serve", "--listen", &address, "--log-format", "json"]);
    for said in ["stopping", "stopped", &address] {
        assert!(message.contains(said) || failed.contains(said), "{said}: {message}{failed}");
    }
    for line in message.lines().chain(failed.lines()) {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
}
