//! The comparison with other clients on a real HBase: ours through a gateway, HBase's own Java
//! client, and gohbase where Go is installed.
//!
//! For the table in docs/performance.md. The programs are in `crates/bench` (`src/real.rs` and the
//! folder `compare`), all with the same commands: each runs from the beginning to the end, is asked in
//! turn, and computes nothing while another is measured. Everything is in one container, which is
//! removed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use xtask::gateway::{Flavour, wait_until_ready};
use xtask::versions::Versions;

use crate::engine::{self, docker};
use crate::{cmd, image};

/// How much to do.
#[derive(Args)]
pub(crate) struct Options {
    /// Rows to load and to scan
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    rows: u32,
    /// How often each client scans, gets and puts; the median is taken
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each client gets and puts, in seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

const SOURCES: &str = "crates/bench/compare";
const GATEWAY_PORT: u16 = 9090;
const PATIENCE: Duration = Duration::from_mins(2);
/// What a client may take for loading or scanning 1,000,000 rows: many times what they take.
const LIMIT: Duration = Duration::from_mins(5);
/// The clients' names, and the tables that they load.
const OURS: &str = "hbase-thrift-client";
const JAVA: &str = "HBase's Java client";
const GO: &str = "gohbase";

/// What is done, by all clients in turn.
struct Step {
    about: &'static str,
    command: fn(&Options) -> String,
    result: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Rate,
}

/// The table that ours has loaded is read and written by everybody: they all find the same files.
const STEPS: [Step; 4] = [
    Step { about: "scan", command: |_| "scan ours".to_owned(), result: Unit::Seconds },
    Step {
        about: "gets, one thread",
        command: |options| format!("get ours {} 1 {}", options.rows, options.seconds),
        result: Unit::Rate,
    },
    Step {
        about: "gets, sixteen threads",
        command: |options| format!("get ours {} 16 {}", options.rows, options.seconds),
        result: Unit::Rate,
    },
    Step {
        about: "puts, one thread",
        command: |options| format!("put ours {} 1 {}", options.rows, options.seconds),
        result: Unit::Rate,
    },
];

pub(crate) fn run(options: &Options) -> Result<()> {
    cmd::run(&mut cmd::cargo("build --release --package client-bench --bin client-bench"))?;
    let folder = tempfile::tempdir_in(cmd::target_dir()?)?;
    let go = build_go(folder.path());
    engine::ensure()?;
    let image = image::ensure_hbase(&Versions::load()?.from_environment()?)?;
    let hbase = Hbase::start(&image)?;
    let mut clients = vec![hbase.ours()?, hbase.java()?];
    match go.and_then(|program| hbase.go(&program)) {
        Ok(client) => clients.push(client),
        Err(reason) => cmd::say(&format!("{GO} is left out: {reason:#}")),
    }
    let names: Vec<&str> = clients.iter().map(|client| client.name).collect();
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    load(&mut clients, options)?;
    for step in &STEPS {
        compare(&mut clients, step, options)?;
    }
    Ok(())
}

/// Once, because the next time there would be other files; each its own table, beginning with ours.
fn load(clients: &mut [Client], options: &Options) -> Result<()> {
    let mut cells = Vec::new();
    for index in 0..clients.len() {
        let table = clients[index].table;
        clients[0].ask(&format!("create {table}"), LIMIT)?;
        let client = &mut clients[index];
        let answer = client.ask(&format!("load {table} {}", options.rows), LIMIT)?;
        answer.expect(client.name, options.rows)?;
        cells.push(Unit::Rate.text(&[answer]));
    }
    println!("| loading {} rows | {} |", options.rows, cells.join(" | "));
    Ok(())
}

fn compare(clients: &mut [Client], step: &Step, options: &Options) -> Result<()> {
    let command = (step.command)(options);
    let limit = LIMIT + Duration::from_secs(options.seconds.into());
    let mut answers = vec![Vec::new(); clients.len()];
    for round in 0..options.rounds as usize {
        for turn in 0..clients.len() {
            // Another one begins each round.
            let index = (round + turn) % clients.len();
            let answer = clients[index].ask(&command, limit)?;
            if matches!(step.result, Unit::Seconds) {
                answer.expect(clients[index].name, options.rows)?;
            }
            answers[index].push(answer);
        }
    }
    let cells: Vec<String> = answers.iter().map(|answers| step.result.text(answers)).collect();
    println!("| {} | {} |", step.about, cells.join(" | "));
    Ok(())
}

impl Unit {
    /// The median, with the least and the most where there are several.
    fn text(self, answers: &[Answer]) -> String {
        let mut values: Vec<f64> = answers.iter().map(|answer| self.of(answer)).collect();
        values.sort_by(f64::total_cmp);
        let text = |value: f64| match self {
            Self::Seconds => format!("{value:.1}"),
            Self::Rate => format!("{value:.0}"),
        };
        let unit = match self {
            Self::Seconds => " s",
            Self::Rate => "/s",
        };
        let (middle, last) = (values[values.len() / 2], values[values.len() - 1]);
        if values.len() == 1 {
            return format!("{}{unit}", text(middle));
        }
        format!("{}{unit} ({} to {})", text(middle), text(values[0]), text(last))
    }

    fn of(self, answer: &Answer) -> f64 {
        match self {
            Self::Seconds => answer.seconds,
            Self::Rate => f64::from(answer.count) / answer.seconds,
        }
    }
}

/// What a program says of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Answer {
    count: u32,
    seconds: f64,
}

impl Answer {
    /// `None` for a line that is something else, of a program's log perhaps.
    fn parse(line: &str) -> Option<Self> {
        let (count, seconds) = line.strip_prefix("= ")?.split_once(' ')?;
        Some(Self { count: count.parse().ok()?, seconds: seconds.parse().ok()? })
    }

    fn expect(self, client: &str, rows: u32) -> Result<()> {
        if self.count != rows {
            bail!("{client} found {} rows instead of {rows}", self.count);
        }
        Ok(())
    }
}

/// A program that waits for commands, until this is dropped.
struct Client {
    name: &'static str,
    table: &'static str,
    process: Child,
    commands: ChildStdin,
    answers: Receiver<Answer>,
}

impl Client {
    fn start(name: &'static str, table: &'static str, command: &mut Command) -> Result<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let commands = process.stdin.take().context("no standard input")?;
        let output = process.stdout.take().context("no standard output")?;
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(std::io::Result::ok);
            // Once nobody listens any more, there is nothing left to read for.
            let _ = lines
                .filter_map(|line| Answer::parse(&line))
                .try_for_each(|answer| sender.send(answer));
        });
        Ok(Self { name, table, process, commands, answers })
    }

    fn ask(&mut self, command: &str, limit: Duration) -> Result<Answer> {
        cmd::say(&format!("{}: {command}", self.name));
        writeln!(self.commands, "{command}").with_context(|| format!("{} has ended", self.name))?;
        self.commands.flush()?;
        self.answers.recv_timeout(limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                anyhow::anyhow!("{}: `{command}` took over {} s", self.name, limit.as_secs())
            }
            RecvTimeoutError::Disconnected => {
                anyhow::anyhow!("{}: `{command}` failed; why is above", self.name)
            }
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It has nothing to lose; in the container it ends with that.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The container, until this is dropped.
struct Hbase {
    container: String,
}

impl Hbase {
    fn start(image: &str) -> Result<Self> {
        cmd::say("Starting HBase");
        let publish = format!("127.0.0.1::{GATEWAY_PORT}");
        let container =
            cmd::output(&mut docker(&["run", "--detach", "--publish", &publish, image]))?;
        let hbase = Self { container };
        let endpoint = Flavour::Threadpool.endpoint("127.0.0.1", hbase.port()?);
        wait_until_ready(&endpoint, PATIENCE, || Ok(()))?;
        Ok(hbase)
    }

    /// The gateway's, as this machine knows it.
    fn port(&self) -> Result<u16> {
        let published = docker(&["port", &self.container, &GATEWAY_PORT.to_string()]);
        let published = cmd::output(&mut { published })?;
        let port = published.lines().next().and_then(|line| line.rsplit(':').next());
        port.and_then(|port| port.parse().ok()).context("the gateway's port is not published")
    }

    /// Beside HBase like the others, if it runs there: another system's library may be older.
    fn ours(&self) -> Result<Client> {
        let (name, table) = (OURS, "ours");
        let built = cmd::target_dir()?.join("release/client-bench");
        let inside = "/tmp/client-bench";
        self.copy(&built, inside)?;
        if cmd::succeeds(&mut docker(&["exec", &self.container, inside, "--help"])) {
            let gateway = format!("hbase://localhost:{GATEWAY_PORT}");
            return Client::start(name, table, &mut self.exec(&[inside, "real", &gateway]));
        }
        cmd::say(&format!("{name} can't run in the container, so it has a longer way to HBase"));
        let gateway = format!("hbase://127.0.0.1:{}", self.port()?);
        Client::start(name, table, Command::new(built).args(["real", &gateway]))
    }

    fn java(&self) -> Result<Client> {
        let program = "/tmp/Compare.java";
        self.copy(&cmd::root().join(SOURCES).join("Compare.java"), program)?;
        // HBase itself is run with the quick compiler alone, a client gets the better one as well.
        let java = ["bash", "/opt/hbase/entrypoint.sh", "java", "-XX:TieredStopAtLevel=4"];
        let command = [&java[..], &["-Xmx512m", program]].concat();
        Client::start(JAVA, "java", &mut self.exec(&command))
    }

    fn go(&self, program: &Path) -> Result<Client> {
        self.copy(program, "/tmp/gohbase")?;
        Client::start(GO, "go", &mut self.exec(&["/tmp/gohbase", "localhost"]))
    }

    fn copy(&self, from: &Path, to: &str) -> Result<()> {
        let mut copy = docker(&["cp"]);
        cmd::output(copy.arg(from).arg(format!("{}:{to}", self.container)))?;
        Ok(())
    }

    fn exec(&self, command: &[&str]) -> Command {
        docker(&[&["exec", "--interactive", &self.container], command].concat())
    }
}

impl Drop for Hbase {
    fn drop(&mut self) {
        if let Err(error) =
            cmd::output(&mut docker(&["rm", "--force", "--volumes", &self.container]))
        {
            eprintln!("{} may be left behind: {error:#}", self.container);
        }
    }
}

/// Without the system's libraries, so that it runs in any container.
fn build_go(folder: &Path) -> Result<PathBuf> {
    if !cmd::exists("go") {
        bail!("Go is not installed");
    }
    let sources = cmd::root().join(SOURCES).join("gohbase");
    let program = folder.join("gohbase");
    let mut build = cmd::command("go", ["build", "-o"]);
    build.arg(&program).arg(".").current_dir(sources);
    cmd::run(build.env("CGO_ENABLED", "0").env("GOOS", "linux"))?;
    fs::metadata(&program).context("Go built no program")?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_from_a_log() {
        let answer = Answer { count: 3, seconds: 0.5 };
        assert_eq!(Answer::parse("= 3 0.500000"), Some(answer));
        assert_eq!(Answer::parse("12:00 WARN = 3 0.5"), None);
        assert_eq!(Answer::parse("= 3"), None);
    }

    #[test]
    fn a_cell_has_the_median_and_what_is_around_it() {
        let answers = [1.0, 4.0, 2.0].map(|seconds| Answer { count: 100, seconds });
        assert_eq!(Unit::Seconds.text(&answers), "2.0 s (1.0 to 4.0)");
        assert_eq!(Unit::Rate.text(&answers), "50/s (25 to 100)");
        assert_eq!(Unit::Rate.text(&answers[..1]), "100/s");
    }

    #[test]
    fn a_client_that_ends_is_named() {
        let mut client = Client::start("nobody", "x", &mut Command::new("true")).unwrap();
        let error = client.ask("scan x", Duration::from_secs(30)).unwrap_err().to_string();
        assert!(error.starts_with("nobody"), "{error}");
    }
}
