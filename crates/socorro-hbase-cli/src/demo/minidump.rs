//! A minidump of a child process that crashes or hangs.
//!
//! For what a crash reporter does: it stops the process where the signal met it, writes down its
//! threads and stacks, and ends it.

use std::{
    env,
    io::{BufRead, BufReader, Cursor},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use minidump_writer::minidump_writer::MinidumpWriterConfig;
use nix::{
    sys::{
        ptrace,
        signal::Signal,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

use crate::args::Misbehaviour as Kind;
use clap::ValueEnum;

/// Until a thread that says that it hangs does so.
const SETTLED: Duration = Duration::from_millis(100);

/// Starts a child, lets it crash or hang, and takes its minidump.
pub(super) fn take(kind: Kind) -> Result<Vec<u8>> {
    let program = env::current_exe().context("this program can't be found")?;
    let name = kind.to_possible_value().context("it has no name")?.get_name().to_owned();
    // A minidump has the environment and the folder in it, which are nobody's business.
    let mut child = Command::new(program)
        .args(["demo-crash", &name])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("can't start a process that crashes")?;
    let dump = dump(&mut child, kind);
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    dump.context(
        "no minidump of a child process can be taken: this needs ptrace, which a container's or \
         the system's settings (kernel.yama.ptrace_scope) may forbid",
    )
}

fn dump(child: &mut Child, kind: Kind) -> Result<Vec<u8>> {
    let process = i32::try_from(child.id())?;
    let mut line = String::new();
    let stdout = child.stdout.take().context("the child has no standard output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    let thread = line.trim_end().parse().context("the child ended too early")?;
    let signal = if kind.is_hang() {
        thread::sleep(SETTLED);
        None
    } else {
        Some(stop_at_signal(Pid::from_raw(thread))?)
    };
    let mut dump = Cursor::new(Vec::new());
    MinidumpWriterConfig::new(process, thread).write(&mut dump)?;
    let mut dump = dump.into_inner();
    if let Some(signal) = signal {
        name_signal(&mut dump, signal).context("the minidump has no exception")?;
    }
    Ok(dump)
}

/// Waits for the signal that ends the process, and stops the process before it does.
fn stop_at_signal(thread: Pid) -> Result<Signal> {
    match waitpid(thread, Some(WaitPidFlag::__WALL))? {
        WaitStatus::Stopped(_, signal) => {
            ptrace::detach(thread, Signal::SIGSTOP)?;
            Ok(signal)
        }
        other => bail!("the child didn't crash: {other:?}"),
    }
}

/// Writes down why the process was stopped: all that the writer saw is that it was.
///
/// The header has the number and the place of the streams' directory; the exception's stream has
/// the thread's id, four bytes of nothing, and the code.
fn name_signal(dump: &mut [u8], signal: Signal) -> Option<()> {
    const EXCEPTION_STREAM: u32 = 6;
    let (count, directory) = (number(dump, 8)?, number(dump, 12)? as usize);
    let entries = (0..count as usize).map(|entry| directory + 12 * entry);
    let entry = entries.into_iter().find(|&at| number(dump, at) == Some(EXCEPTION_STREAM))?;
    let stream = number(dump, entry + 8)? as usize;
    let code = u32::try_from(signal as i32).ok()?.to_le_bytes();
    dump.get_mut(stream + 8..stream + 12)?.copy_from_slice(&code);
    Some(())
}

fn number(dump: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(dump.get(at..at + 4)?.try_into().ok()?))
}
