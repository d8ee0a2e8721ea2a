//! What is logged on standard error: with `-v` the calls to the server, as the client's spans describe
//! them; by services also what they do.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::{filter::LevelFilter, fmt::format::FmtSpan};

use crate::output;

/// How a command logs.
pub(crate) enum Log {
    /// What was asked for with `-v`.
    Command,
    /// What happens too, as a service does.
    Service { is_json: bool },
}

/// Shows spans on standard error: once the calls, twice all that there is.
pub(crate) fn start(log: &Log, verbosity: u8) {
    let level = match (verbosity, log) {
        (0, Log::Command) => return,
        (0, Log::Service { .. }) if output::is_quiet() => LevelFilter::WARN,
        (0, Log::Service { .. }) => LevelFilter::INFO,
        (1, _) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let spans = if verbosity > 0 { FmtSpan::CLOSE } else { FmtSpan::NONE };
    let logged = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(spans)
        .with_ansi(io::stderr().is_terminal())
        .with_target(matches!(log, Log::Service { .. }))
        .with_writer(|| AboveTheBar);
    // Fails only if it was set before, which nobody does.
    let _ = if matches!(log, Log::Service { is_json: true }) {
        output::log_all();
        tracing::subscriber::set_global_default(logged.json().flatten_event(true).finish())
    } else {
        tracing::subscriber::set_global_default(logged.finish())
    };
}

/// Standard error, if nothing else is drawn there.
struct AboveTheBar;

impl Write for AboveTheBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        output::aside(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
