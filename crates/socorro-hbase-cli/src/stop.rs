//! Ctrl-C and SIGTERM: long commands end after what they are at, and say what was done.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// Whether the command was asked to stop.
#[derive(Debug)]
pub(crate) struct Stop(Arc<AtomicBool>);

/// From now on the first signal asks, and the second ends the program at once.
pub(crate) fn on_signal() -> Result<Stop> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let register = || {
            // In this order: the first signal finds the flag down.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))
        };
        register().context("can't wait for signals")?;
    }
    Ok(Stop(asked))
}

impl Stop {
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
