//! The program `socorro-hbase` in a folder of its own: as a service, and as a command that is asked.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// For a service that was asked to end: it finishes what is under way, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(20);

/// The program, and a folder for its stores, spools and logs.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program's file.
    pub file: PathBuf,
    /// Where it works; nobody else's settings are found there.
    pub folder: PathBuf,
}

/// The program while it serves; killed when dropped.
#[derive(Debug)]
pub struct Service {
    process: Child,
    /// What it printed first: its URL.
    pub url: String,
    /// The file with what it said.
    pub log: PathBuf,
}

impl Program {
    /// A command of the program.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.file);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        // Not where the developer's own crashes and settings are.
        command.env("SOCORRO_HBASE_CONFIG", "/dev/null").env_remove("SOCORRO_HBASE_SERVER");
        command.env("SOCORRO_HBASE_STORE", self.folder.join("store"));
        command.env("XDG_DATA_HOME", &self.folder).env("XDG_CACHE_HOME", &self.folder);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.command(arguments).output();
        output.with_context(|| format!("{} can't be started", self.file.display()))
    }

    /// What a command prints as JSON, a value a line.
    ///
    /// # Errors
    /// When it fails, or prints something else.
    pub fn lines(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let output = self.run(&[arguments, &["--json"]].concat())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!("socorro-hbase {} failed: {}", arguments.join(" "), said.trim());
        }
        parse(&output)
    }

    /// Starts a service and waits until it serves; what it says goes to the log of this name.
    ///
    /// # Errors
    /// When it ends instead; with the end of its log.
    pub fn serve(&self, name: &str, arguments: &[&str]) -> Result<Service> {
        let log = self.folder.join(format!("{name}.log"));
        let said = File::options().create(true).append(true).open(&log)?;
        let mut command = self.command(&[&["serve"], arguments].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(said).spawn()?;
        let stdout = process.stdout.take();
        let mut service = Service { process, url: String::new(), log };
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut service.url)?;
        }
        service.url.truncate(service.url.trim_end().len());
        if service.url.is_empty() {
            bail!("the service {name} doesn't start:\n{}", service.end_of_log());
        }
        Ok(service)
    }
}

/// The values that a command printed, a line each.
///
/// # Errors
/// When a line is no JSON.
pub fn parse(output: &Output) -> Result<Vec<Value>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let values = text.lines().map(|line| Ok(serde_json::from_str(line)?));
    values.collect::<Result<_>>().context("the program printed what is no JSON")
}

impl Service {
    /// Host and port of its URL.
    pub fn address(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// Ends it at once, as the kernel does when memory is short.
    ///
    /// # Errors
    /// When it has ended before: nothing else may end it.
    pub fn kill(mut self) -> Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("a service ended by itself ({status}):\n{}", self.end_of_log());
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Ends it as a supervisor does, and waits for that.
    ///
    /// # Errors
    /// When it doesn't end, or not well.
    pub fn stop(mut self) -> Result<()> {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status()?;
        let begun = Instant::now();
        loop {
            match self.process.try_wait()? {
                Some(status) if status.success() && asked.success() => return Ok(()),
                Some(status) => {
                    bail!("a service ended badly ({status}):\n{}", self.end_of_log())
                }
                None if begun.elapsed() > PATIENCE => {
                    bail!("a service doesn't end:\n{}", self.end_of_log())
                }
                None => thread::sleep(PAUSE),
            }
        }
    }

    /// The most memory that it has had, in KiB, as Linux has it.
    pub fn peak_memory(&self) -> Option<u64> {
        peak_memory(&self.process)
    }

    fn end_of_log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The most memory that a process has had, in KiB, as Linux has it; `None` of one that is over.
pub fn peak_memory(process: &Child) -> Option<u64> {
    let status = Path::new("/proc").join(process.id().to_string()).join("status");
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// A port of this machine that is free now, for a service that keeps its address when it starts again.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
