//! The load command: the program works on many crashes, and has to keep its memory flat.
//!
//! For the rates in docs/performance.md. Each step is run with a tenth of the crashes and with all of
//! them; the program's peak memory may not follow their number. The store is a process of its own, so
//! that its caches, which grow up to a limit, are told apart. Rates are shown and not judged.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use tempfile::TempDir;
use xtask::services::peak_memory;

use crate::cmd;

/// How much to do.
#[derive(Args)]
pub(crate) struct Options {
    /// How many crashes
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    crashes: u32,
    /// On HBase at this URL, whose Socorro tables are made if need be and keep the crashes; on a
    /// store that the program serves otherwise
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// A real crash, of which all the others are copies under other names.
pub(crate) const SAMPLE: &str = "integration-tests/data/6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

const STEPS: [(&str, &[&str]); 4] = [
    ("submit", &["submit", "crashes", "--json"]),
    ("export", &["export", "-o", "exported", "--json"]),
    ("check", &["check", "--settled-for", "0s", "--json"]),
    ("process", &["process", "--json"]),
];

/// How many times the memory a step may need that it needs for a tenth of the crashes.
pub(crate) const FLAT: f64 = 1.3;

struct Measured {
    time: Duration,
    /// The most memory that the process had, in KiB.
    peak: u64,
}

struct Run {
    steps: Vec<Measured>,
    /// The store's own peak, in KiB, where it is the program's.
    store: Option<u64>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    cmd::run(&mut cmd::cargo("build --release --bin socorro-hbase"))?;
    let tenth = measure(options, options.crashes / 10)?;
    let all = measure(options, options.crashes)?;
    println!(
        "| step    | crashes  | seconds | crashes a second | peak, a tenth of them | peak, all of them |"
    );
    println!(
        "| ------- | -------- | ------- | ---------------- | --------------------- | ----------------- |"
    );
    let mut growing = Vec::new();
    for (((step, _), tenth), all) in STEPS.iter().zip(&tenth.steps).zip(&all.steps) {
        let seconds = all.time.as_secs_f64();
        println!(
            "| {step:7} | {:8} | {seconds:7.1} | {:16.0} | {:17.1} MiB | {:13.1} MiB |",
            options.crashes,
            f64::from(options.crashes) / seconds,
            mebibytes(tenth.peak),
            mebibytes(all.peak),
        );
        if mebibytes(all.peak) > FLAT * mebibytes(tenth.peak) {
            growing.push(*step);
        }
    }
    if let Some(peak) = all.store {
        println!("\nThe store itself took up to {:.0} MiB.", mebibytes(peak));
    }
    if growing.is_empty() {
        return Ok(());
    }
    bail!("memory follows the number of crashes: {}", growing.join(", "))
}

/// Runs all steps on a store of their own, or on the server.
fn measure(options: &Options, crashes: u32) -> Result<Run> {
    let folder = tempfile::tempdir_in(cmd::target_dir()?)?;
    write_crashes(&folder, crashes)?;
    let program = cmd::target_dir()?.join("release/socorro-hbase");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(&folder).stdin(Stdio::null()).stderr(io::stderr());
        // Not where the developer's own crashes are.
        command.env("SOCORRO_HBASE_CONFIG", "/dev/null").env_remove("SOCORRO_HBASE_SERVER");
        command.env("SOCORRO_HBASE_STORE", folder.path().join("store"));
        command
    };
    let alone = ["--no-collector", "--no-workers", "--store", "store"];
    let serve = [&["serve", "--thrift", "127.0.0.1:0"][..], &alone].concat();
    let own = match options.server {
        Some(_) => None,
        None => Some(Served::start(&mut command(&serve))?),
    };
    let url = own.as_ref().map(|own| &own.url).or(options.server.as_ref());
    let on_server = |arguments: &[&str]| {
        let mut command = command(arguments);
        command.envs(url.map(|url| ("SOCORRO_HBASE_SERVER", url)));
        command
    };
    cmd::run(&mut on_server(&["schema", "create"]))?;
    let steps = STEPS.iter().map(|(step, arguments)| {
        cmd::say(&format!("{step}, {crashes} crashes"));
        let output = folder.path().join(format!("{step}.json"));
        measure_step(&mut on_server(arguments), &output).with_context(|| format!("{step} failed"))
    });
    let steps = steps.collect::<Result<_>>()?;
    Ok(Run { steps, store: own.and_then(|own| peak_memory(&own.process)) })
}

/// The program as a server, until it is dropped.
struct Served {
    process: Child,
    url: String,
}

impl Served {
    fn start(command: &mut Command) -> Result<Self> {
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take();
        let mut served = Self { process, url: String::new() };
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut served.url)?;
        }
        served.url.truncate(served.url.trim_end().len());
        if served.url.is_empty() {
            bail!("the program can't serve a store; why is above");
        }
        Ok(served)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Its store is thrown away with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Each with files and an ooid of its own, spread over all salts and over a day.
fn write_crashes(folder: &TempDir, crashes: u32) -> Result<()> {
    cmd::say(&format!("writing {crashes} crashes"));
    let sample = |extension: &str| cmd::root().join(format!("{SAMPLE}.{extension}"));
    let metadata = fs::read_to_string(sample("json"))?;
    let dump = folder.path().join("sample.dump");
    fs::copy(sample("dump"), &dump)?;
    let target = folder.path().join("crashes");
    fs::create_dir(&target)?;
    // A server that was measured before has the crashes of then.
    let first = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos();
    for number in (0..crashes).map(|number| number.wrapping_add(first)) {
        // Every odd multiplier makes other numbers of other numbers.
        let ooid = format!("{:08x}-9c1f-4e57-8b3a-0f2c42120508", number.wrapping_mul(0x9e37_79b1));
        let (minutes, seconds) = (number / 60 % 1440, number % 60);
        let time = format!("2012-05-08T{:02}:{:02}:{seconds:02}", minutes / 60, minutes % 60);
        let metadata = metadata.replace("2012-05-08T20:50:50", &time);
        let file = |extension: &str| target.join(format!("{ooid}.{extension}"));
        fs::write(file("json"), metadata)?;
        fs::hard_link(&dump, file("dump"))?;
    }
    Ok(())
}

fn measure_step(command: &mut Command, output: &PathBuf) -> Result<Measured> {
    const PAUSE: Duration = Duration::from_millis(5);
    let begun = Instant::now();
    let mut child = command.stdout(fs::File::create(output)?).spawn()?;
    let mut peak = 0;
    loop {
        peak = peak_memory(&child).unwrap_or(peak);
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("it ended with {status}; why is above");
            }
            return Ok(Measured { time: begun.elapsed(), peak });
        }
        thread::sleep(PAUSE);
    }
}

pub(crate) fn mebibytes(kibibytes: u64) -> f64 {
    Duration::from_micros(kibibytes).as_secs_f64() * 1e6 / 1024.0
}
