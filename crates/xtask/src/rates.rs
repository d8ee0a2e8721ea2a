//! The rates command: how many crashes a second the services take and process.
//!
//! For the table in docs/performance.md. Crashes are submitted over HTTP for a while, small and large ones,
//! by one connection and by many; then workers process the small ones. Rates are shown and not judged.

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use xtask::services::{Client, Program, Service};

use crate::cmd;
use crate::load::SAMPLE;

/// How much to do.
#[derive(Args)]
pub(crate) struct Options {
    /// How long each rate is measured, in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// On HBase at this URL, whose Socorro tables are made if need be and keep the crashes; on the
    /// program's own store otherwise
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// Bytes of a dump; that of the sample, and what other clients send.
const SIZES: [(&str, usize); 2] = [("50 KB", 0), ("1 MB", 1_000_000)];
const CONNECTIONS: [usize; 2] = [1, 64];
const WORKERS: [&str; 2] = ["1", "2"];
const PROCESSED: &str = "socorro_processor_crashes_total{result=\"processed\"} ";

pub(crate) fn run(options: &Options) -> Result<()> {
    cmd::run(&mut cmd::cargo("build --release --bin socorro-hbase"))?;
    let folder = tempfile::tempdir_in(cmd::target_dir()?)?;
    let file = cmd::target_dir()?.join("release/socorro-hbase");
    let program = Program { file, folder: folder.path().to_owned() };
    let store = match &options.server {
        Some(url) => vec!["--server", url],
        None => vec!["--store", "store"],
    };
    let made = program.run(&[&["schema", "create"], &store[..]].concat())?;
    if !made.status.success() {
        bail!("the tables can't be made: {}", String::from_utf8_lossy(&made.stderr));
    }
    let time = Duration::from_secs(options.seconds.into());
    println!("| | a second |");
    println!("|---|---|");
    let sample = fs::read(cmd::root().join(format!("{SAMPLE}.dump")))?;
    let collecting = [&["--listen", "127.0.0.1:0", "--no-workers"], &store[..]].concat();
    for (size, bytes) in SIZES {
        let mut dump = sample.clone();
        dump.resize(bytes.max(sample.len()), 0);
        for connections in CONNECTIONS {
            let collector = program.serve("collector", &collecting)?;
            let rate = submit(&collector, &dump, connections, time)?;
            println!("| submissions of {size}, {connections} at a time | {rate:.0} |");
            collector.stop()?;
        }
    }
    for workers in WORKERS {
        let here = ["--listen", "127.0.0.1:0", "--no-collector", "--workers", workers];
        let working = program.serve("workers", &[&here, &store[..]].concat())?;
        let rate = process(&working, time)?;
        println!("| processed, {workers} at a time | {rate:.0} |");
        working.stop()?;
    }
    Ok(())
}

/// As many as are acknowledged within the time, a second.
fn submit(collector: &Service, dump: &[u8], connections: usize, time: Duration) -> Result<f64> {
    let begun = Instant::now();
    let failure = Mutex::new(None);
    let count: u32 = thread::scope(|scope| {
        let clients: Vec<_> = (0..connections)
            .map(|_| scope.spawn(|| submit_by_one(collector, dump, begun + time)))
            .collect();
        let counts = clients.into_iter().map(|client| match client.join() {
            Ok(Ok(count)) => count,
            Ok(Err(error)) => {
                *failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                0
            }
            Err(_) => 0,
        });
        counts.sum()
    });
    match failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(f64::from(count) / begun.elapsed().as_secs_f64()),
    }
}

fn submit_by_one(collector: &Service, dump: &[u8], until: Instant) -> Result<u32> {
    let mut client = Client::new(collector.address());
    let mut count = 0;
    while Instant::now() < until {
        let answer = client.submit(&[("ProductName", "Rates"), ("Version", "1.0")], dump)?;
        if answer.ooid().is_none() {
            bail!("a submission was answered with {answer:?}");
        }
        count += 1;
    }
    Ok(count)
}

/// As many as are processed within the time, a second, from the first on.
fn process(working: &Service, time: Duration) -> Result<f64> {
    const PAUSE: Duration = Duration::from_millis(20);
    let patience = Instant::now() + Duration::from_mins(1);
    let mut first = 0;
    while first == 0 {
        if Instant::now() > patience {
            bail!("the workers process nothing");
        }
        thread::sleep(PAUSE);
        first = processed(working)?;
    }
    let begun = Instant::now();
    thread::sleep(time);
    let more = processed(working)?.saturating_sub(first);
    Ok(f64::from(more) / begun.elapsed().as_secs_f64())
}

fn processed(working: &Service) -> Result<u32> {
    let metrics = Client::new(working.address()).get("/metrics")?.body;
    let count = metrics.lines().find_map(|line| line.strip_prefix(PROCESSED));
    count.map_or(Ok(0), |count| count.parse().context("that is no number of crashes"))
}
