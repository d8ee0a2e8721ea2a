//! Ctrl-C and SIGTERM: long commands end after what they are at, and say what was done.
//!
//! For one answer to "shall this go on?" in every loop. What was done is left to the commands.

use std::{
    fmt, process,
    sync::OnceLock,
    sync::atomic::{AtomicI32, Ordering},
    thread,
};

use anyhow::{Context, Result};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::output;

/// Which signal asked, 0 for none.
static ASKED: AtomicI32 = AtomicI32::new(0);

/// The work ended before its end, since a signal asked for it; says what was done.
#[derive(Debug)]
pub(crate) struct Stopped {
    signal: i32,
    done: String,
}

/// From now on the first signal asks, and the second ends the program at once.
pub(crate) fn on_signal() -> Result<()> {
    static LISTENING: OnceLock<()> = OnceLock::new();
    if LISTENING.set(()).is_err() {
        return Ok(());
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("can't wait for signals")?;
    thread::spawn(move || {
        for (count, signal) in signals.forever().enumerate() {
            if count > 0 {
                process::exit(128 + signal);
            }
            ASKED.store(signal, Ordering::Relaxed);
            output::say("stopping; the same again stops at once");
        }
    });
    Ok(())
}

pub(crate) fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed) != 0
}

/// An error where a signal asked to stop, with what was done so far.
pub(crate) fn check(done: impl FnOnce() -> String) -> Result<(), Stopped> {
    match ASKED.load(Ordering::Relaxed) {
        0 => Ok(()),
        signal => Err(Stopped { signal, done: done() }),
    }
}

impl Stopped {
    /// As a shell has it: 128 and the signal's number.
    pub(crate) fn code(&self) -> u8 {
        u8::try_from(128 + self.signal).unwrap_or(u8::MAX)
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped; {}", self.done)
    }
}

impl std::error::Error for Stopped {}
