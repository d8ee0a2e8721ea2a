//! `-v`: the calls to the server, as the client's spans describe them.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::{filter::LevelFilter, fmt::format::FmtSpan};

use crate::output;

/// Shows spans on standard error: once the calls, twice all that there is.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let spans = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .with_writer(|| AboveTheBar)
        .finish();
    // Fails only if it was set before, which nobody does.
    let _ = tracing::subscriber::set_global_default(spans);
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
