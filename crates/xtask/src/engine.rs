//! The Docker engine: finds it, and on Debian or Ubuntu as root installs and starts it.
//!
//! Images are left to `image`, containers to `hbase` and to the tests.

use std::fs::{self, File};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{cmd, host};

/// iptables is only a suggestion of docker.io's, but no published port works without it.
const PACKAGES: [&str; 2] = ["docker.io", "iptables"];
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(200);
const LOG: &str = "dockerd.log";

/// A `docker` command.
pub(crate) fn docker(arguments: &[&str]) -> std::process::Command {
    cmd::command("docker", arguments)
}

/// Fails with what to do when no engine answers.
pub(crate) fn require() -> Result<()> {
    match answer() {
        Ok(_) => Ok(()),
        Err(error) => bail!(advice(&error.to_string())),
    }
}

/// Makes sure that an engine answers, installing and starting one where that is ours to do.
pub(crate) fn ensure() -> Result<()> {
    let Err(error) = answer() else { return Ok(()) };
    if !host::can_apt_install() || std::env::var_os("DOCKER_HOST").is_some() {
        bail!(advice(&error.to_string()));
    }
    // A client alone is no engine, so the daemon is what is looked for.
    if !cmd::exists("dockerd") {
        host::apt_install(&PACKAGES, "there is no Docker engine")?;
    }
    start()
}

fn answer() -> Result<String> {
    if !cmd::exists("docker") {
        bail!("there is no `docker` command");
    }
    cmd::output(&mut docker(&["version", "--format", "{{.Server.Version}}"]))
}

/// Starts the daemon so that it outlives this chore and the terminal.
fn start() -> Result<()> {
    cmd::say("Starting the Docker engine");
    if fs::exists("/run/systemd/system").unwrap_or(false) {
        cmd::run(&mut cmd::command("systemctl", ["start", "docker"]))?;
        return wait("`journalctl -u docker`");
    }
    let path = cmd::target_dir()?.join(LOG);
    let log = File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
    let mut daemon = cmd::command("setsid", ["dockerd"]);
    daemon.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    daemon.spawn().context("`setsid dockerd` could not be started")?;
    let end = "the end of the engine's log";
    wait(end).map_err(|error| {
        let log = fs::read_to_string(&path).unwrap_or_default();
        error.context(format!("{end} ({}):\n{}", path.display(), tail(&log, 15)))
    })
}

fn wait(log: &str) -> Result<()> {
    let start = Instant::now();
    while let Err(error) = answer() {
        if start.elapsed() >= PATIENCE {
            return Err(error.context(format!(
                "the Docker engine doesn't answer {} s after it was started; see {log}",
                PATIENCE.as_secs()
            )));
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// The last lines of a text.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn advice(error: &str) -> String {
    let hint = if error.contains("ermission denied") {
        "your user may not use the engine: join the group with `sudo usermod -aG docker $USER`, \
         log in again and retry"
    } else if let Some(address) = std::env::var_os("DOCKER_HOST") {
        return format!(
            "no Docker engine answers at DOCKER_HOST={}: start it there, or unset DOCKER_HOST \
             ({error})",
            address.display()
        );
    } else if cfg!(target_os = "macos") || cfg!(windows) {
        "start Docker Desktop (or install it) and retry"
    } else if cmd::exists("dockerd") {
        "the engine is installed but not running: start it with `sudo systemctl start docker` and \
         retry"
    } else {
        "install a Docker engine (`sudo apt-get install docker.io iptables` on Debian or Ubuntu) \
         and retry; with HBASE_THRIFT_URL set to a gateway's URL the tests need none"
    };
    format!("no Docker engine answers: {hint} ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }

    #[test]
    fn a_user_outside_the_group_is_told_about_it() {
        let advice = advice("permission denied while trying to connect");
        assert!(advice.contains("usermod -aG docker"), "{advice}");
    }
}
