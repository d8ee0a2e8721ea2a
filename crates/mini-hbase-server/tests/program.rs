//! The program as its users run it: seeds, control address, health, signals.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mini-hbase");

struct Running {
    child: Child,
    url: String,
    control: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), arguments)
    }

    /// With another place for temporary files.
    fn start_in(temporary: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]).args(arguments);
        command.env("TMPDIR", temporary);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let (url, control) = (line(), line());
        Self { child, url, control }
    }

    fn address(&self) -> &str {
        self.url
            .trim_start_matches("hbase://")
            .trim_start_matches("http://")
            .split(['?', '/'])
            .next()
            .unwrap()
    }

    fn describe(&self) -> String {
        let address = self.control.trim_start_matches("http://").trim_end_matches('/');
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).unwrap();
        reply
    }

    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_healthy(address: &str, arguments: &[&str]) -> bool {
    let mut health = Command::new(PROGRAM);
    health.args(["health", "--listen", address]).args(arguments).stderr(Stdio::null());
    health.status().unwrap().success()
}

#[test]
fn it_serves_whatever_it_speaks_says_so_and_ends_when_asked() {
    for speech in [
        &["--transport", "buffered"][..],
        &["--transport", "framed"],
        &["--transport", "http"],
        &["--protocol", "compact"],
        &["--transport", "framed", "--protocol", "compact"],
    ] {
        let running = Running::start(speech);
        let address = running.address().to_owned();
        assert!(is_healthy(&address, speech), "{speech:?}");
        running.end();
        assert!(!is_healthy(&address, speech), "{speech:?}");
    }
}

#[test]
fn its_tables_are_in_memory_or_in_a_folder_that_goes_with_it() {
    let temporary = tempfile::tempdir().unwrap();
    let folders = || std::fs::read_dir(&temporary).unwrap().count();
    for (arguments, made) in [(&["--memory"][..], 0), (&[], 1)] {
        let running = Running::start_in(temporary.path(), arguments);
        assert_eq!(folders(), made, "{arguments:?}");
        running.end();
        assert_eq!(folders(), 0, "{arguments:?}");
    }
}

#[test]
fn it_begins_with_the_seeds_of_its_files_and_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = folder.path().join("seeds.jsonl");
    std::fs::write(&seeds, "{\"table\": \"t\", \"families\": [\"f\"]}\n").unwrap();
    let running = Running::start(&["--seed", seeds.to_str().unwrap()]);
    assert!(running.describe().contains("\"tables\":[\"t\"]"), "{}", running.describe());
    running.end();
    std::fs::write(&seeds, "{\"table\": \"t\"}\n").unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0"]).env("MINI_HBASE_SEED", &seeds);
    let failed = command.output().unwrap();
    assert!(!failed.status.success());
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(text.contains("line 1: a line has a table and its families"), "{text}");
}
