//! How far long work is: a bar on standard error, for people who watch.
//!
//! For rate and remaining time where the end is known, for a count and a rate if it isn't, and
//! for nothing at all if standard error is no terminal. What is counted is left to the commands.

use std::{fmt::Write, time::Duration};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::output;

/// A bar, or none. Gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

const KNOWN: &str = "{msg} {wide_bar} {human_pos}/{human_len}  {rate}, {eta} left";
const UNKNOWN: &str = "{spinner} {msg} {human_pos}  {rate}, {elapsed}";
const PARTS: &str = "{msg} {wide_bar} {percent} %, {eta} left";

/// How often it is drawn, however fast the work is.
const DRAWN: Duration = Duration::from_millis(100);

impl Progress {
    /// Of a known number, which is found out only if somebody watches.
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

    /// Of an unknown number.
    pub(crate) fn counting(what: &'static str) -> Self {
        if output::is_quiet() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::no_length().with_message(what).with_style(style(UNKNOWN));
        if !bar.is_hidden() {
            bar.enable_steady_tick(DRAWN);
            output::stand_above(Some(bar.clone()));
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

    pub(crate) fn is_at(&self, percent: u8) {
        self.0.set_position(percent.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        output::stand_above(None);
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; what is wrong in one would show at once.
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
        // A rate that isn't shown harms nobody.
        let _ = text.write_str(&rate(state.per_sec()));
    })
}

/// As exact as people want it.
fn rate(a_second: f64) -> String {
    if a_second < 10.0 { format!("{a_second:.1}/s") } else { format!("{a_second:.0}/s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_few_digits() {
        assert_eq!([0.0, 4.8891, 98.9354].map(rate), ["0.0/s", "4.9/s", "99/s"]);
    }

    #[test]
    fn every_template_is_one() {
        for template in [KNOWN, UNKNOWN, PARTS] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
