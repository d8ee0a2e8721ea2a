//! Ctrl-C and SIGTERM: long commands end after what they are at, and say what was done.
//!
//! For one answer to "shall this go on?" in every loop. What was done is left to the commands.

use std::{
    sync::OnceLock,
    sync::atomic::{AtomicI32, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

use crate::{failure::Stopped, output};

/// Which signal asked, 0 for none.
static ASKED: AtomicI32 = AtomicI32::new(0);

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
                // Ends the program, so that there is nothing to do with an error.
                let _ = emulate_default_handler(signal);
            }
            ASKED.store(signal, Ordering::Relaxed);
            output::complain("stopping; the same again stops at once");
        }
    });
    Ok(())
}

pub(crate) fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed) != 0
}

/// Waits until a signal asks.
pub(crate) fn wait() {
    while !is_asked() {
        thread::sleep(LOOK);
    }
}

/// Waits for this long, or until a signal asks.
pub(crate) fn wait_for(time: Duration) {
    let begun = Instant::now();
    while !is_asked() && begun.elapsed() < time {
        thread::sleep(LOOK.min(time.saturating_sub(begun.elapsed())));
    }
}

/// How soon a signal is noticed.
const LOOK: Duration = Duration::from_millis(50);

/// An error if a signal asked to stop, with what was done so far.
pub(crate) fn check(done: impl FnOnce() -> String) -> Result<(), Stopped> {
    match ASKED.load(Ordering::Relaxed) {
        0 => Ok(()),
        signal => Err(Stopped { signal, done: done() }),
    }
}
