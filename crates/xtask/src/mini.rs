//! What of mini-hbase is for users of other languages: the container image and the Python wheel,
//! built from one static program, and tried as a user would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::{cmd, engine};

const CRATE: &str = "crates/mini-hbase-server";
const IMAGE: &str = "mini-hbase:dev";
/// The static C library belongs to every Rust toolchain for this target, musl to few.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const STATIC: &str = "-C target-feature=+crt-static";
const MAX_IMAGE_BYTES: u64 = 30_000_000;
const HEALTHY_WITHIN: Duration = Duration::from_secs(30);
const SEEDS: &str = "{\"table\": \"seeded\", \"families\": [\"f\"]}\n\
                     {\"table\": \"seeded\", \"row\": \"r\", \"cells\": {\"f:x\": \"v\"}}\n";

/// What to build and try.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Build the container image, run it with seeds, and ask whether it is healthy
    Image,
    /// Build the Python wheel, install it in a new environment with happybase, and run tests with
    /// its fixtures
    Wheel,
}

pub(crate) fn run(action: &Action) -> Result<()> {
    match action {
        Action::Image => image(),
        Action::Wheel => wheel(),
    }
}

/// Returns the program, which needs nothing of the system that it runs on.
fn program() -> Result<PathBuf> {
    cmd::say("Building the program, linked statically");
    let mut build = cmd::cargo("build --release --package mini-hbase-server --target");
    cmd::run(build.arg(TARGET).env("RUSTFLAGS", STATIC))?;
    Ok(cmd::target_dir()?.join(TARGET).join("release/mini-hbase"))
}

fn image() -> Result<()> {
    engine::ensure()?;
    let program = program()?;
    let context = tempfile::tempdir()?;
    fs::copy(&program, context.path().join("mini-hbase"))?;
    let dockerfile = cmd::root().join(CRATE).join("docker/Dockerfile");
    fs::copy(dockerfile, context.path().join("Dockerfile"))?;
    let mut build = engine::docker(&["build", "--tag", IMAGE]);
    if !cmd::succeeds(&mut engine::docker(&["buildx", "version"])) {
        build.env("DOCKER_BUILDKIT", "0");
    }
    cmd::run(build.arg(context.path()))?;
    let size = ["image", "inspect", "--format", "{{.Size}}", IMAGE];
    let size: u64 = cmd::output(&mut engine::docker(&size))?.parse()?;
    if size > MAX_IMAGE_BYTES {
        bail!("the image has {size} bytes, more than {MAX_IMAGE_BYTES}");
    }
    cmd::say(&format!("{IMAGE} has {size} bytes; trying it"));
    let container = Container::start(context.path())?;
    container.wait_until_healthy()?;
    let described = container.ask_control()?;
    if !described.contains("\"seeded\"") {
        bail!("the container was not seeded: {described}");
    }
    cmd::say("It is healthy and has its seeds");
    Ok(())
}

/// A running container, which is removed when this is dropped.
struct Container {
    id: String,
}

impl Container {
    fn start(folder: &Path) -> Result<Self> {
        let seeds = folder.join("seeds.jsonl");
        fs::write(&seeds, SEEDS)?;
        let mount = format!("{}:/seeds.jsonl:ro", seeds.display());
        let mut run = engine::docker(&["run", "--detach", "--volume", &mount]);
        run.args(["--env", "MINI_HBASE_SEED=/seeds.jsonl"]);
        run.args(["--env", "MINI_HBASE_CONTROL=0.0.0.0:9091"]);
        run.args(["--publish", "127.0.0.1:0:9091", IMAGE]);
        Ok(Self { id: cmd::output(&mut run)? })
    }

    fn wait_until_healthy(&self) -> Result<()> {
        let start = Instant::now();
        let format = ["inspect", "--format", "{{.State.Health.Status}}", &self.id];
        loop {
            let status = cmd::output(&mut engine::docker(&format))?;
            if status == "healthy" {
                return Ok(());
            }
            if start.elapsed() > HEALTHY_WITHIN {
                let log = cmd::output(&mut engine::docker(&["logs", &self.id]));
                bail!("the container is {status} after {HEALTHY_WITHIN:?}: {log:?}");
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn ask_control(&self) -> Result<String> {
        use std::io::{Read as _, Write as _};
        let address = cmd::output(&mut engine::docker(&["port", &self.id, "9091"]))?;
        let mut socket = std::net::TcpStream::connect(&address)
            .with_context(|| format!("the control address {address} can't be reached"))?;
        socket.set_read_timeout(Some(HEALTHY_WITHIN))?;
        socket.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut reply = String::new();
        socket.read_to_string(&mut reply)?;
        Ok(reply)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = cmd::output(&mut engine::docker(&["rm", "--force", &self.id]));
    }
}

fn wheel() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tools = environment(&folder.path().join("tools"), &["maturin==1.9.6"])?;
    cmd::say("Building the wheel");
    let wheels = folder.path().join("wheels");
    // As a command of the tools' own, which finds the program of cargo on the path.
    let mut build = Command::new(tools.join("maturin"));
    build.args(["build", "--release", "--auditwheel", "skip", "--target", TARGET, "--out"]);
    build.arg(&wheels).current_dir(cmd::root().join(CRATE)).env("RUSTFLAGS", STATIC);
    cmd::run(&mut build)?;
    let wheel = fs::read_dir(&wheels)?.next().context("maturin made no wheel")??.path();
    let size = fs::metadata(&wheel)?.len();
    cmd::say(&format!("{} has {size} bytes; trying it", wheel.display()));
    let wheel = wheel.to_str().context("the folder for temporary files is no UTF-8")?;
    let tried = environment(&folder.path().join("tried"), &[wheel, "happybase==1.2.0", "pytest"])?;
    let mut test = Command::new(tried.join("python"));
    test.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    test.arg(cmd::root().join(CRATE).join("python/tests")).current_dir(folder.path());
    cmd::run(&mut test)
}

/// Makes a virtual environment with these packages, and returns the folder of its programs.
fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf> {
    cmd::run(cmd::command("python3", ["-m", "venv"]).arg(folder))
        .context("python3 with its module venv is needed (Debian: apt install python3-venv)")?;
    let programs = folder.join("bin");
    let mut install = Command::new(programs.join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    cmd::run(install.args(packages))?;
    Ok(programs)
}
