//! How far long work is: a bar on standard error, for people who watch.
//!
//! For rate and remaining time where the end is known, for a count and a rate where it isn't, and
//! for nothing at all where standard error is no terminal. What is counted is left to the commands.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// A bar, or none. Gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

const KNOWN: &str = "{msg} {wide_bar} {human_pos}/{human_len}  {per_sec}, {eta} left";
const UNKNOWN: &str = "{spinner} {msg} {human_pos}  {per_sec}, {elapsed}";
const PARTS: &str = "{msg} {wide_bar} {percent} %, {eta} left";

/// So often a second at most, however fast the work is.
const DRAWN: Duration = Duration::from_millis(100);

impl Progress {
    /// Of so many; the end is found out only where somebody watches.
    pub(crate) fn of<E>(
        what: &'static str,
        total: impl FnOnce() -> Result<u64, E>,
    ) -> Result<Self, E> {
        let bar = Self::counting(what);
        if !bar.0.is_hidden() {
            bar.0.set_length(total()?);
            bar.0.set_style(style(KNOWN));
            bar.0.reset();
        }
        Ok(bar)
    }

    /// Of nobody knows how many.
    pub(crate) fn counting(what: &'static str) -> Self {
        let bar = ProgressBar::no_length().with_message(what).with_style(style(UNKNOWN));
        if !bar.is_hidden() {
            bar.enable_steady_tick(DRAWN);
        }
        Self(bar)
    }

    /// Of a whole, in percent.
    pub(crate) fn of_whole(what: &'static str) -> Self {
        let bar = Self::counting(what);
        bar.0.set_length(100);
        bar.0.set_style(style(PARTS));
        bar
    }

    pub(crate) fn one_more(&self) {
        self.0.inc(1);
    }

    pub(crate) fn more(&self, count: usize) {
        self.0.inc(count as u64);
    }

    pub(crate) fn is_at(&self, percent: u8) {
        self.0.set_position(percent.into());
    }

    /// Writes something else to the terminal, above the bar.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Says something to people.
    pub(crate) fn say(&self, text: &str) {
        self.aside(|| output::say(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; what is wrong in one would show at once.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_one() {
        for template in [KNOWN, UNKNOWN, PARTS] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
