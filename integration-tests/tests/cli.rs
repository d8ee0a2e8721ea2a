//! The program `socorro-hbase` on a real HBase, as a shell sees it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use escargot::{CargoBuild, CargoRun};
use integration_tests::{Server, Test, TestTable};
use serde_json::Value;
use socorro_hbase_client::Ooid;
use tempfile::TempDir;

use crate::socorro::{REAL_OOID, data_file, real_crash, socorro, url_with_prefix};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_real_crash_is_submitted_and_comes_back_byte_for_byte),
        Test::new(a_crash_without_a_name_gets_one_of_its_day),
        Test::new(metadata_without_a_timestamp_gets_the_present_one),
        Test::new(a_crash_that_is_absent_has_an_exit_code_of_its_own_and_leaves_no_file),
        Test::new(missing_tables_are_named_with_the_command_that_creates_them),
        Test::new(schema_create_completes_what_is_missing_and_says_so),
        Test::new(the_end_to_end_script_prints_the_same_on_an_embedded_store),
    ]
}

fn a_real_crash_is_submitted_and_comes_back_byte_for_byte(server: &Server) {
    // Held to the end: it is this test's turn on the shared tables.
    let socorro = socorro(server);
    let shell = Shell::new(&socorro.url);
    let (json, dump) = real_crash();
    let (meta_file, dump_file) = (data_file("json"), data_file("dump"));
    let submitted = shell.run(&["submit", "--meta", path(&meta_file), "--dump", path(&dump_file)]);
    assert_eq!(stdout_of(&submitted), format!("{REAL_OOID}\n"));

    assert_eq!(stdout_of(&shell.run(&["get", "meta", REAL_OOID])), json);
    assert!(shell.run(&["get", "dump", REAL_OOID]).stdout == dump);
    let folder = shell.folder.path().join("crashes");
    assert_eq!(stdout_of(&shell.run(&["get", "raw", REAL_OOID, "-o", path(&folder)])), "");
    assert!(fs::read(folder.join(format!("{REAL_OOID}.dump"))).unwrap() == dump);
    assert_eq!(fs::read_to_string(folder.join(format!("{REAL_OOID}.json"))).unwrap(), json);
}

fn a_crash_without_a_name_gets_one_of_its_day(server: &Server) {
    let socorro = socorro(server);
    let shell = Shell::new(&socorro.url);
    let ooid = shell.submit(r#"{"submitted_timestamp": "2005-06-07T08:09:10"}"#);
    assert_eq!(ooid.date().to_string(), "2005-06-07");
    assert_eq!(stdout_of(&shell.run(&["get", "dump", ooid.as_str()])), "MDMP");
}

fn metadata_without_a_timestamp_gets_the_present_one(server: &Server) {
    let socorro = socorro(server);
    let shell = Shell::new(&socorro.url);
    let ooid = shell.submit(r#"{"Vendor": "Mozilla"}"#);
    let json = stdout_of(&shell.run(&["get", "meta", ooid.as_str()]));
    let metadata: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(metadata["Vendor"], "Mozilla");
    let submitted = metadata["submitted_timestamp"].as_str().unwrap();
    assert!(submitted.starts_with(&ooid.date().to_string()), "{submitted}");
}

fn a_crash_that_is_absent_has_an_exit_code_of_its_own_and_leaves_no_file(server: &Server) {
    const ABSENT: &str = "0e4d3c2b-0000-4000-8000-000002060101";
    let socorro = socorro(server);
    let shell = Shell::new(&socorro.url);
    for what in ["meta", "dump", "raw"] {
        let target = shell.folder.path().join(what);
        let output = shell.run(&["get", what, ABSENT, "-o", path(&target)]);
        assert_eq!(output.status.code(), Some(3), "{what}");
        assert_eq!(output.stdout, b"", "{what}");
        assert!(message_of(&output).contains(&format!("there is no crash {ABSENT}")), "{what}");
        assert!(!target.exists(), "{what}");
    }
}

fn missing_tables_are_named_with_the_command_that_creates_them(server: &Server) {
    let nothing = TestTable::reserve_prefix(server, "no_tables");
    let shell = Shell::new(&url_with_prefix(server, nothing.name()));
    let output = shell.run(&["get", "meta", REAL_OOID]);
    assert_eq!(output.status.code(), Some(1));
    let message = message_of(&output);
    assert!(message.contains(&format!("{}crash_reports", nothing.name())), "{message}");
    assert!(message.contains("socorro-hbase schema create"), "{message}");
}

fn schema_create_completes_what_is_missing_and_says_so(server: &Server) {
    let socorro = socorro(server);
    socorro.drop_table("crash_reports_index_priority_processed");
    let output = Shell::new(&socorro.url).run(&["schema", "create"]);
    assert_eq!(stdout_of(&output), "");
    let message = message_of(&output);
    assert!(message.contains("created crash_reports_index_priority_processed\n"), "{message}");
    assert!(message.contains("1 table created, 12 there already"), "{message}");
}

/// Both outputs are compared line by line; of what they are, here is a line of each kind.
fn the_end_to_end_script_prints_the_same_on_an_embedded_store(server: &Server) {
    let tables = TestTable::reserve_prefix(server, "end_to_end");
    let url = url_with_prefix(server, tables.name());
    let here = end_to_end(&[("SOCORRO_HBASE_SERVER", &url), ("PREFIX", tables.name())]);
    let store = tempfile::tempdir().unwrap();
    let store = store.path().join("store");
    let embedded = end_to_end(&[("SOCORRO_HBASE_STORE", path(&store))]);
    for (here, embedded) in here.lines().zip(embedded.lines()) {
        assert_eq!(here, embedded);
    }
    assert_eq!(here, embedded);
    for expected in [
        "! socorro-hbase: 0 tables created, 13 there already",
        "3 crashes submitted, 0 there before, 1 refused",
        "! socorro-hbase: there is no crash 0e4d3c2b-0000-4000-8000-000002060101",
        "! socorro-hbase: read 28 rows, 0 problems, 0 repaired",
    ] {
        assert!(here.contains(expected), "{expected}: {here}");
    }
}

/// What the script prints with the program, on the store that these variables name.
fn end_to_end(store: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let crash = data_file("json").with_extension("");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/end_to_end.sh");
    let program = program();
    let mut shell = Command::new("sh");
    shell.arg(script).arg(program.get_program()).args([&crash, folder.path()]);
    shell.env_remove("SOCORRO_HBASE_SERVER").env("XDG_CONFIG_HOME", folder.path());
    let output = shell.envs(store.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", message_of(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The program with its server in the environment, and a folder to write to.
struct Shell {
    url: String,
    folder: TempDir,
}

impl Shell {
    fn new(url: &str) -> Self {
        Self { url: url.to_owned(), folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut program = program();
        program.args(arguments).env("SOCORRO_HBASE_SERVER", &self.url);
        program.env("XDG_CONFIG_HOME", self.folder.path()).output().unwrap()
    }

    /// Submits a crash whose files' names say nothing.
    fn submit(&self, json: &str) -> Ooid {
        let files = ["crash.json", "crash.dump"].map(|name| self.folder.path().join(name));
        fs::write(&files[0], json).unwrap();
        fs::write(&files[1], "MDMP").unwrap();
        let arguments = ["submit", "--meta", path(&files[0]), "--dump", path(&files[1])];
        stdout_of(&self.run(&arguments)).trim_end().parse().unwrap()
    }
}

/// Cargo tells where a program is only to tests of the program's own package: so it is built here.
pub(crate) fn program() -> Command {
    static PROGRAM: OnceLock<CargoRun> = OnceLock::new();
    let build = || {
        CargoBuild::new()
            .package("socorro-hbase-cli")
            .bin("socorro-hbase")
            .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
            .run()
            .unwrap_or_else(|error| panic!("{error}"))
    };
    PROGRAM.get_or_init(build).command()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn stdout_of(output: &Output) -> String {
    assert!(output.status.success(), "{}", message_of(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn message_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
