//! A shell with a store of its own, and what a command left behind in it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
pub(crate) const OTHER: &str = "7d8a2b4e-9c1f-4e57-8b3a-0f2c42120509";
pub(crate) const ABSENT: &str = "0e4d3c2b-0000-4000-8000-000002060101";

/// What a processor makes of a crash.
pub(crate) const PROCESSED: &str =
    r#"{"signature": "js::Interpret", "completeddatetime": "2012-05-08 21:00:00"}"#;

pub(crate) const METADATA: &str = r#"{"submitted_timestamp": "2012-05-08T20:50:50+00:00",
    "ProductName": "Firefox", "Version": "12.0"}"#;
const OTHER_METADATA: &str = r#"{"submitted_timestamp": "2012-05-09T01:02:03+00:00",
    "ProductName": "Fennec", "Version": "14.0", "legacy_processing": 1, "ProcessType": "plugin",
    "HangID": "11111111-2222-4333-8444-555555120509"}"#;

/// A folder with a store in it, which the commands find by the environment.
pub(crate) struct Shell {
    folder: TempDir,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) message: String,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A shell whose store holds two crashes of two days, of which the second is deferred.
    pub(crate) fn with_crashes() -> Self {
        let shell = Self::new();
        shell.submit(OOID, METADATA);
        shell.submit(OTHER, OTHER_METADATA);
        shell
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn submit(&self, ooid: &str, metadata: &str) {
        let meta = self.write("crash.json", metadata);
        let dump = self.write("crash.dump", "MDMP");
        let arguments = ["submit", "--meta", &meta, "--dump", &dump, "--ooid", ooid];
        assert_eq!(self.ok(&arguments), format!("{ooid}\n"));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_socorro-hbase"));
        command.args(arguments).stdin(Stdio::null()).current_dir(self.folder.path());
        for name in [
            "SERVER",
            "CONFIG",
            "WORKER",
            "LEASE",
            "SYMBOLS",
            "SYMBOLS_URL",
            "SIGNATURE_LISTS",
            "READ_TOKEN",
            "SUBMIT_TOKEN",
        ] {
            command.env_remove(format!("SOCORRO_HBASE_{name}"));
        }
        command.env("SOCORRO_HBASE_STORE", self.path("store"));
        // Not what the person who runs the tests has set.
        command.env("XDG_CONFIG_HOME", self.path("configuration"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap())
    }

    /// A command with this on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // A program that has seen enough closes it.
        let _ = process.stdin.take().unwrap().write_all(input);
        Ended::from(process.wait_with_output().unwrap())
    }

    /// What a command that has to succeed prints.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.message);
        ended.stdout
    }

    /// The objects that a command that has to succeed prints, one a line.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let text = self.ok(&[arguments, &["--json"]].concat());
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What a command that has to fail with this exit code says; it prints no data.
    pub(crate) fn fail(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.message);
        assert_eq!(ended.stdout, "", "nothing but data belongs there");
        ended.message
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            message: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A tar with the metadata and the dump of each of these crashes.
pub(crate) fn archive(crashes: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (ooid, dump) in crashes {
        for (extension, content) in [("json", METADATA), ("dump", dump)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, format!("{ooid}.{extension}"), content.as_bytes())
                .unwrap();
        }
    }
    tar.into_inner().unwrap()
}
