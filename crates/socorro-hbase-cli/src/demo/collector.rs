//! The demo's own collector: `serve` in a process of its own, and what a crash reporter posts to it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use socorro_hbase_client::Ooid;
use ureq::Agent;

/// A collector that runs until it is stopped, or dropped.
pub(super) struct Collector {
    process: Child,
    url: String,
}

/// What a crash reporter posts of one crash.
pub(super) struct Report {
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) dump: PathBuf,
}

/// The part with the minidump, as Breakpad and those after it name it.
const DUMP_PART: &str = "upload_file_minidump";
/// No field of the demo has it.
const BOUNDARY: &str = "socorro-hbase-demo-7c1f0e9b2d";
const PATIENCE: Duration = Duration::from_secs(30);

impl Collector {
    /// Starts it by this command, which prints its address first.
    pub(super) fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().context("can't start a process that collects")?;
        let mut url = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut url)?;
        }
        let collector = Self { process, url: url.trim_end().to_owned() };
        ensure!(!collector.url.is_empty(), "the collector ended at once; why is above");
        Ok(collector)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The command that posts the report.
    pub(super) fn curl(&self, report: &Report) -> Result<Vec<String>> {
        let mut words = vec!["curl".to_owned()];
        let dump = report.dump.to_str().context("the dump's path can't be shown as text")?;
        let fields = report.fields.iter().map(|(name, value)| format!("{name}={value}"));
        for part in fields.chain([format!("{DUMP_PART}=@{dump}")]) {
            words.extend(["-F".to_owned(), part]);
        }
        words.push(format!("{}/submit", self.url));
        Ok(words)
    }

    /// Posts the report as a crash reporter does; returns the name that the crash got.
    pub(super) fn post(&self, report: &Report) -> Result<Ooid> {
        let agent: Agent = Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let body = body(&report.fields, &report.dump)?;
        let mut response = agent
            .post(format!("{}/submit", self.url))
            .content_type(&kind)
            .send(&body[..])
            .context("the collector took no crash")?;
        let said = response.body_mut().read_to_string()?;
        let Some(ooid) = said.trim_end().strip_prefix("CrashID=bp-") else {
            bail!("the collector answered {said:?}, which names no crash");
        };
        Ok(ooid.parse()?)
    }

    /// Ends it as a service is ended, and waits for that.
    pub(super) fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.process.id())?), Signal::SIGTERM)?;
        let status = self.process.wait()?;
        ensure!(status.success(), "the collector ended with {status}");
        Ok(())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // It has ended already, unless something failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn body(fields: &[(&str, String)], dump: &Path) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut part = |head: &str, value: &[u8]| {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    };
    for (name, value) in fields {
        part(&format!("name=\"{name}\""), value.as_bytes());
    }
    let file = format!("name=\"{DUMP_PART}\"; filename=\"crash.dmp\"");
    let dump = std::fs::read(dump).with_context(|| format!("can't read {}", dump.display()))?;
    part(&file, &dump);
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    Ok(body)
}
