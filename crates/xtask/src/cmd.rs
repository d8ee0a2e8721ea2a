//! Runs other programs: visibly, from the workspace's root, with errors that name the command.
//!
//! Everything they say goes to stderr, because stdout is kept for what a chore is asked for (a URL,
//! a status). Which programs to run is left to the other modules.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where chores put what is not worth keeping.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let target = root().join("target");
    std::fs::create_dir_all(&target).with_context(|| format!("can't make {}", target.display()))?;
    Ok(target)
}

/// Tells what comes next.
pub(crate) fn say(text: &str) {
    eprintln!("==> {text}");
}

/// A command that is started in the workspace's root.
pub(crate) fn command<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// The cargo that runs this chore, so that a chosen toolchain stays chosen.
pub(crate) fn cargo(arguments: &str) -> Command {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    command(&program, arguments.split_whitespace())
}

/// Shows the command, runs it with its output visible, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    check(command, status)
}

/// Shows the command, runs it with its output visible, and returns how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    show(command);
    visible(command).status().with_context(|| not_started(command))
}

/// [`run`] for a command that may hang: it is killed when the time is over.
pub(crate) fn run_bounded(command: &mut Command, limit: Duration) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(100);
    show(command);
    let mut child = visible(command).spawn().with_context(|| not_started(command))?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return check(command, status);
        }
        if start.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            bail!("`{}` took longer than {} s", line(command), limit.as_secs());
        }
        thread::sleep(PAUSE);
    }
}

/// What the command prints to stdout; what it prints to stderr is part of the error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| not_started(command))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}", line(command), reason.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether the command could be run and succeeded; its output is of no interest.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    output(command).is_ok()
}

/// Whether a program of this name is on the search path.
pub(crate) fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn visible(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(io::stderr())
}

fn show(command: &Command) {
    eprintln!("    {}", line(command));
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status}); its output is above", line(command));
    }
    Ok(())
}

fn not_started(command: &Command) -> String {
    format!("`{}` could not be started", line(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_what_it_said() {
        let error = output(&mut command("sh", ["-c", "echo why >&2; exit 3"])).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("exit 3") && error.contains("failed: why"), "{error}");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        assert!(!exists("no-such-program"));
        let error = run(&mut command("no-such-program", ["-x"])).unwrap_err().to_string();
        assert!(error.contains("`no-such-program -x` could not be started"), "{error}");
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let start = Instant::now();
        let error =
            run_bounded(&mut command("sleep", ["60"]), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("took longer"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
