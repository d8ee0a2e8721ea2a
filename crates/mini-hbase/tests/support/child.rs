//! A server in a process of its own: this test program, run again with one test.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

const FOLDER: &str = "MINI_HBASE_TEST_STORE";
pub(crate) const LISTENING: &str = "listening on ";

/// The folder to serve, in the process that serves.
pub(crate) fn folder() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}

/// Runs the test `name` in a process of its own, whose output says once that it serves.
pub(crate) fn spawn(name: &str, folder: &Path, temporary: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FOLDER, folder)
        .env("TMPDIR", temporary)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A running server, which is killed when this is dropped.
pub(crate) struct Served {
    pub(crate) address: String,
    child: Child,
    /// Kept open: a test program that can't say that a test takes long ends.
    _output: BufReader<ChildStdout>,
}

impl Served {
    /// Runs the test `name`, which serves [`folder`] and calls [`serve`].
    pub(crate) fn start(name: &str, folder: &Path) -> Self {
        Self::start_in(name, folder, &std::env::temp_dir())
    }

    /// The same, with another place for temporary files.
    pub(crate) fn start_in(name: &str, folder: &Path, temporary: &Path) -> Self {
        let mut child = spawn(name, folder, temporary);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with(LISTENING) {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "{name} serves nothing");
        }
        let address = line[LISTENING.len()..].trim_end().to_owned();
        Self { address, child, _output: output }
    }

    /// SIGKILL.
    #[allow(dead_code, reason = "one of the programs kills")]
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A line of the process's status, in KiB.
    #[allow(dead_code, reason = "one of the programs asks")]
    pub(crate) fn status(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until this process is killed.
#[allow(dead_code, reason = "one of the programs serves elsewhere")]
pub(crate) fn serve(server: &mini_hbase::MiniHBase) {
    serve_at(&server.address().to_string());
}

/// The same, telling another address of the server.
pub(crate) fn serve_at(address: &str) {
    println!("\nlistening on {address}");
    std::thread::park();
}
