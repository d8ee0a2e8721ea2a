//! Mozilla's siggen, run by Python.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, thread};

use serde_json::Value;

/// A Python that has siggen.
pub(crate) struct Oracle {
    python: OsString,
}

impl Oracle {
    pub(crate) fn find() -> Self {
        let python = env::var_os("SIGGEN_PYTHON");
        Self { python: python.expect("SIGGEN_PYTHON names a Python that has siggen") }
    }

    /// The folder of siggen's own lists.
    pub(crate) fn lists(&self) -> PathBuf {
        let print =
            "import siggen, pathlib; print(pathlib.Path(siggen.__file__).parent / 'siglists')";
        let output = Command::new(&self.python).args(["-c", print]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    }

    /// What siggen says of each crash, with the lists of a folder.
    pub(crate) fn signatures(&self, lists: &Path, crashes: &[Value]) -> Vec<Value> {
        let mut child = Command::new(&self.python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/siggen/oracle.py"))
            .arg(lists)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let lines: Vec<_> = crashes.iter().map(|crash| format!("{crash}\n")).collect();
        let writer = thread::spawn(move || {
            for line in &lines {
                input.write_all(line.as_bytes()).unwrap();
            }
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "siggen failed: {}", output.status);
        let lines = output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}
