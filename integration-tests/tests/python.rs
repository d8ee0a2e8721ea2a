//! A client of other people, in another language: happybase, from the package registry.
//!
//! What it does is in `python/tour.py`; here are the environment that it runs in, made once of
//! packages of exact versions, and the command `mini-hbase` that such programs start.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use escargot::CargoBuild;
use integration_tests::{Endpoint, Flavour, Server, Test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(happybase_finds_its_way),
        Test::on_own_server(happybase_finds_its_way_framed_and_compact),
    ]
}

/// The tests of the command, which start it themselves.
pub(crate) fn command_tests() -> Vec<Test> {
    vec![Test::new(the_command_serves_happybase_and_ends_when_it_is_told_to)]
}

fn happybase_finds_its_way(server: &Server) {
    tour(server.endpoint());
}

fn happybase_finds_its_way_framed_and_compact(server: &Server) {
    for flavour in [Flavour::Nonblocking, Flavour::Compact] {
        tour(&Endpoint::from_url(&server.gateway(flavour)).unwrap());
    }
}

fn the_command_serves_happybase_and_ends_when_it_is_told_to(_: &Server) {
    let build = CargoBuild::new().package("mini-hbase-server").bin("mini-hbase");
    let folder = tempfile::tempdir().unwrap();
    let mut server = build
        .run()
        .unwrap()
        .command()
        .args(["--listen", "127.0.0.1:0", "--store"])
        .arg(folder.path().join("store"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    tour(&Endpoint::from_url(url.trim()).unwrap());
    run(Command::new("kill").args(["-TERM", &server.id().to_string()]), "kill is needed");
    assert!(server.wait().unwrap().success());
}

fn tour(endpoint: &Endpoint) {
    assert!(!endpoint.http, "happybase doesn't speak HTTP");
    let transport = if endpoint.framed { "framed" } else { "buffered" };
    let protocol = if endpoint.compact { "compact" } else { "binary" };
    let mut tour = Command::new(python());
    tour.arg(files().join("tour.py"));
    tour.args([&endpoint.host, &endpoint.port.to_string(), transport, protocol]);
    run(&mut tour, "happybase lost its way");
}

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python")
}

/// The interpreter of happybase's environment.
fn python() -> PathBuf {
    environment("happybase", &files().join("requirements.txt"))
}

/// The interpreter of an environment with the packages in it; each of these environments is made once.
pub(crate) fn environment(name: &str, requirements: &Path) -> PathBuf {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let python = folder.join("bin/python");
    let wanted = std::fs::read(requirements).unwrap();
    // Written last, so that an environment that was cut short is made again.
    let complete = folder.join("requirements.txt");
    if std::fs::read(&complete).is_ok_and(|installed| installed == wanted) {
        return python;
    }
    let hint = "python3 with its module venv is needed (Debian: apt install python3-venv)";
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), hint);
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&python).args(pip).arg(requirements), "the package registry is needed once");
    std::fs::write(complete, wanted).unwrap();
    python
}

pub(crate) fn run(command: &mut Command, hint: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{hint}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{hint}: {said}");
}
