//! The outage command: HBase is stopped and started twice while crashes are submitted, and the services
//! are killed.
//!
//! What happens is in the library, and the tests have a small form of it. HBase is in a container of this
//! command's own, which is removed. Everything happens twice, first with a tenth of the crashes: the
//! services' memory may not follow their number.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use xtask::gateway::{Flavour, wait_until_ready};
use xtask::services::{Outage, Outcome, Program, Store};
use xtask::versions::Versions;

use crate::engine::{self, docker};
use crate::load::{FLAT, SAMPLE, mebibytes};
use crate::{cmd, image};

/// How much to do.
#[derive(Args)]
pub(crate) struct Options {
    /// How many crashes
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    crashes: u32,
    /// How many clients submit at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=500))]
    connections: u32,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    cmd::run(&mut cmd::cargo("build --release --bin socorro-hbase"))?;
    engine::ensure()?;
    let image = image::ensure_hbase(&Versions::load()?.from_environment()?)?;
    let hbase = Hbase::start(&image)?;
    let tenth = measure(options, options.crashes / 10, &hbase.tables("tenth_"))?;
    let all = measure(options, options.crashes, &hbase.tables("all_"))?;
    println!("| | a tenth of them | all of them |");
    println!("|---|---|---|");
    let line = |what: &str, of: &dyn Fn(&Outcome) -> String| {
        println!("| {what} | {} | {} |", of(&tenth), of(&all));
    };
    line("crashes acknowledged, all there once", &|it| it.remains.acknowledged.to_string());
    line("crashes whose clients didn't hear of it", &|it| it.remains.unheard.to_string());
    line("attempts made again", &|it| it.repeated.to_string());
    line("crashes in the spool, at most", &|it| it.spooled.to_string());
    line("processed meanwhile", &|it| it.remains.processed.to_string());
    line("half there, repaired", &|it| it.remains.repaired.to_string());
    line("the collector's peak memory", &|it| format!("{:.1} MiB", mebibytes(it.collector)));
    line("the workers' peak memory", &|it| format!("{:.1} MiB", mebibytes(it.workers)));
    for (who, tenth, all) in [
        ("the collector", tenth.collector, all.collector),
        ("the workers", tenth.workers, all.workers),
    ] {
        if mebibytes(all) > FLAT * mebibytes(tenth) {
            bail!("the memory of {who} follows the number of crashes");
        }
    }
    Ok(())
}

fn measure(options: &Options, crashes: u32, store: &Tables<'_>) -> Result<Outcome> {
    cmd::say(&format!("an outage under {crashes} crashes"));
    let folder = tempfile::tempdir_in(cmd::target_dir()?)?;
    let file = cmd::target_dir()?.join("release/socorro-hbase");
    let program = Program { file, folder: folder.path().to_owned() };
    let made = program.run(&["schema", "create", "--server", &store.url()])?;
    if !made.status.success() {
        bail!("the tables can't be made: {}", String::from_utf8_lossy(&made.stderr));
    }
    let dump = fs::read(cmd::root().join(format!("{SAMPLE}.dump")))?;
    let outage = Outage { crashes, connections: options.connections, dump };
    outage.run(&program, store).inspect_err(|_| save_logs(folder.path()))
}

/// Where the services' logs are seen after a failure.
fn save_logs(folder: &Path) {
    let Ok(target) = cmd::target_dir() else { return };
    for name in ["collector.log", "workers.log"] {
        let kept = target.join(format!("outage-{name}"));
        if fs::copy(folder.join(name), &kept).is_ok() {
            cmd::say(&format!("what the service said is in {}", kept.display()));
        }
    }
}

const GATEWAY_PORT: u16 = 9090;
const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(200);
/// Ends HBase itself as its operators do; the container ends with it. When a container is stopped HBase has
/// only a moment, and its log on a local disk is not safe until it is closed.
const END_HBASE: &str = "for process in /proc/[0-9]*; do \
     if grep -q [H]Master \"$process/cmdline\" 2>/dev/null; then kill \"${process#/proc/}\"; fi; done";

/// The container, until this is dropped.
struct Hbase {
    container: String,
    port: u16,
}

/// The tables that have a prefix.
struct Tables<'a> {
    hbase: &'a Hbase,
    prefix: &'a str,
}

impl Hbase {
    fn start(image: &str) -> Result<Self> {
        cmd::say("Starting HBase");
        // A port that the engine chooses is another one after each start.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let publish = format!("127.0.0.1:{port}:{GATEWAY_PORT}");
        let mut run = docker(&["run", "--detach", "--publish", &publish, image]);
        let hbase = Self { container: cmd::output(&mut run)?, port };
        hbase.wait()?;
        Ok(hbase)
    }

    fn tables<'a>(&'a self, prefix: &'a str) -> Tables<'a> {
        Tables { hbase: self, prefix }
    }

    fn wait(&self) -> Result<()> {
        let endpoint = Flavour::Threadpool.endpoint("127.0.0.1", self.port);
        wait_until_ready(&endpoint, PATIENCE, || {
            if !self.is_running()? {
                bail!("HBase's container has ended: docker logs {}", self.container);
            }
            Ok(())
        })
    }

    fn is_running(&self) -> Result<bool> {
        let mut inspect =
            docker(&["container", "inspect", "--format", "{{.State.Running}}", &self.container]);
        Ok(cmd::output(&mut inspect)? == "true")
    }
}

impl Store for Tables<'_> {
    fn url(&self) -> String {
        let Self { hbase, prefix } = self;
        format!("hbase://127.0.0.1:{}/?table_prefix={prefix}", hbase.port)
    }

    fn stop(&self) -> Result<()> {
        let begun = Instant::now();
        let container = &self.hbase.container;
        // Ended with the container, it may seem to have failed.
        let asked = cmd::output(&mut docker(&["exec", container, "bash", "-c", END_HBASE]));
        while self.hbase.is_running()? {
            if begun.elapsed() > PATIENCE {
                asked?;
                bail!("HBase doesn't end within {} s", PATIENCE.as_secs());
            }
            thread::sleep(PAUSE);
        }
        cmd::say(&format!("HBase has ended within {:.0} s", begun.elapsed().as_secs_f64()));
        Ok(())
    }

    fn start(&self) -> Result<()> {
        let begun = Instant::now();
        cmd::output(&mut docker(&["start", &self.hbase.container]))?;
        self.hbase.wait().context("HBase doesn't come back")?;
        cmd::say(&format!("HBase is back after {:.0} s", begun.elapsed().as_secs_f64()));
        Ok(())
    }
}

impl Drop for Hbase {
    fn drop(&mut self) {
        let mut remove = docker(&["rm", "--force", "--volumes", &self.container]);
        if let Err(error) = cmd::output(&mut remove) {
            eprintln!("{} may be left behind: {error:#}", self.container);
        }
    }
}
