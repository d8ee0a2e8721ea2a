//! Lists on standard output: aligned text for people, or JSON, one object a line.
//!
//! For lists of any length: a line is written as it comes, so that memory stays flat and a reader
//! sees the first at once. What is in a column is left to the commands.

use std::{
    env,
    io::{self, BufWriter, IsTerminal, Stdout, Write},
};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::{
    output::{self, NO_OUTPUT},
    stop, text,
};

/// A list with the names of its columns and the width that each takes as text; the last is free.
pub(crate) struct Listing {
    columns: &'static [(&'static str, usize)],
    json: bool,
    heading: Heading,
    /// Where a line of text has to end, on a terminal.
    width: Option<usize>,
    out: BufWriter<Stdout>,
    /// After every line: a person watches, or a program waits for each.
    flushes: bool,
    lines: u64,
    reader: Reader,
}

/// On a terminal, for people; programs would have to skip it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heading {
    None,
    Plain,
    /// The terminal shall make it stand out.
    Bold,
}

/// The reader of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// Without one there is nothing to do.
    Needed,
    /// The work is what counts, not its list.
    Welcome,
    Gone,
}

impl Listing {
    pub(crate) fn new(columns: &'static [(&'static str, usize)], json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let terminal = if is_terminal { terminal_size::terminal_size() } else { None };
        let width = terminal.map(|(width, _)| usize::from(width.0));
        let (out, flushes) = (BufWriter::new(io::stdout()), is_terminal);
        let heading = match (is_terminal && !json, takes_colours(env::var_os)) {
            (false, _) => Heading::None,
            (true, false) => Heading::Plain,
            (true, true) => Heading::Bold,
        };
        Self { columns, json, heading, width, out, flushes, lines: 0, reader: Reader::Needed }
    }

    /// Nothing waits for a block to be full: for lines that are slow to come.
    pub(crate) fn line_by_line(self) -> Self {
        Self { flushes: true, ..self }
    }

    /// For the list of work that is done whether anybody reads of it or not: a reader that goes away
    /// (`| head`) ends the list, and not the work.
    pub(crate) fn report(self) -> Self {
        Self { reader: Reader::Welcome, ..self }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes one line, with a value for each column; an error where a signal asked to stop.
    pub(crate) fn line<const N: usize>(&mut self, values: [Value; N]) -> Result<()> {
        self.write_line(values)?;
        if stop::is_asked() {
            self.out.flush().context(NO_OUTPUT)?;
        }
        Ok(stop::check(|| format!("{} listed", text::counted(self.lines, "line")))?)
    }

    /// As [`line`](Self::line), beside a bar, and for who asks for signals on their own.
    pub(crate) fn line_beside<const N: usize>(&mut self, values: [Value; N]) -> Result<()> {
        output::aside(|| self.write_line(values))
    }

    fn write_line<const N: usize>(&mut self, values: [Value; N]) -> Result<()> {
        debug_assert_eq!(N, self.columns.len());
        let text = if self.json { self.object(values) } else { self.text(&values) };
        let head = if self.lines == 0 { self.head() } else { String::new() };
        self.lines += 1;
        let write = |listing: &mut Self| {
            write!(listing.out, "{head}{text}")?;
            if listing.flushes { listing.out.flush() } else { Ok(()) }
        };
        self.unless_closed(write)
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.unless_closed(|listing| listing.out.flush())
    }

    fn unless_closed(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) -> Result<()> {
        if self.reader == Reader::Gone {
            return Ok(());
        }
        match write(self) {
            Err(error)
                if self.reader == Reader::Welcome && error.kind() == io::ErrorKind::BrokenPipe =>
            {
                self.reader = Reader::Gone;
                Ok(())
            }
            written => written.context(NO_OUTPUT),
        }
    }

    fn object<const N: usize>(&self, values: [Value; N]) -> String {
        let names = self.columns.iter().map(|(name, _)| (*name).to_owned());
        text::json_line(&Value::Object(names.zip(values).collect::<Map<_, _>>()))
    }

    fn head(&self) -> String {
        let names = self.columns.iter().map(|(name, _)| name.replace('_', " "));
        let line = self.aligned(names);
        match self.heading {
            Heading::None => String::new(),
            Heading::Plain => format!("{line}\n"),
            Heading::Bold => format!("\u{1b}[1m{line}\u{1b}[0m\n"),
        }
    }

    fn text(&self, values: &[Value]) -> String {
        format!("{}\n", self.aligned(values.iter().map(shown)))
    }

    fn aligned(&self, cells: impl Iterator<Item = String>) -> String {
        let mut lines = vec![String::new()];
        let breaks = breaks(self.columns, self.width);
        for ((cell, (_, width)), breaks) in cells.zip(self.columns).zip(breaks) {
            if breaks {
                lines.push(INDENT.to_owned());
            }
            if let Some(line) = lines.last_mut() {
                let padded = format!("{cell:<width$}  ");
                line.push_str(&padded);
            }
        }
        let lines = lines.iter().map(|line| self.fitting(line.trim_end()));
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn fitting(&self, line: &str) -> String {
        match self.width {
            Some(width) if line.chars().count() > width => {
                line.chars().take(width.saturating_sub(1)).chain(['…']).collect()
            }
            _ => line.to_owned(),
        }
    }

    /// How many characters the last column may have, on a terminal.
    pub(crate) fn room(&self) -> Option<usize> {
        let others = self.columns.iter().map(|(_, width)| width + GAP).sum::<usize>();
        self.width.map(|width| width.saturating_sub(others).max(FREE))
    }
}

const GAP: usize = 2;
/// What a free column has to have at least.
const FREE: usize = 20;
const INDENT: &str = "    ";

/// Before which columns a line ends and goes on in the next one, since a terminal is too narrow:
/// the same in all lines.
fn breaks(columns: &[(&str, usize)], terminal: Option<usize>) -> Vec<bool> {
    let Some(terminal) = terminal else { return vec![false; columns.len()] };
    let mut at = 0;
    let mut breaks = Vec::new();
    for (_, width) in columns {
        let needed = if *width == 0 { FREE } else { *width };
        let is_next = at > 0 && at + needed > terminal;
        breaks.push(is_next);
        at = if is_next { INDENT.len() } else { at } + needed + GAP;
        if *width == 0 {
            // What comes behind it has no place of its own.
            at = terminal;
        }
    }
    breaks
}

/// Whether there is nothing in the environment that speaks against colours (<https://no-color.org>).
fn takes_colours<T: AsRef<std::ffi::OsStr>>(variable: impl Fn(&'static str) -> Option<T>) -> bool {
    let is_set = variable("NO_COLOR").is_some_and(|value| !value.as_ref().is_empty());
    !is_set && variable("TERM").is_none_or(|value| value.as_ref() != "dumb")
}

/// A value as people read it, on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text::printable(text).into_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listing(width: Option<usize>) -> Listing {
        let mut listing = Listing::new(&[("ooid", 6), ("is_there", 0)], false);
        (listing.width, listing.heading) = (width, Heading::Plain);
        listing
    }

    #[test]
    fn columns_are_aligned_and_nothing_is_a_dash() {
        assert_eq!(listing(None).text(&[json!("a"), json!(true)]), "a       yes\n");
        assert_eq!(listing(None).text(&[json!(12), Value::Null]), "12      -\n");
    }

    #[test]
    fn a_line_fits_the_terminal() {
        let line = [json!("a"), json!("a signature that is long")];
        assert_eq!(listing(Some(28)).text(&line), "a       a signature that is…\n");
        assert_eq!(listing(Some(32)).text(&line), "a       a signature that is long\n");
    }

    #[test]
    fn what_a_narrow_terminal_has_no_room_for_is_in_the_next_line() {
        let narrow = listing(Some(19));
        assert_eq!(narrow.head(), "ooid\n    is there\n");
        let line = [json!("a"), json!("a long signature")];
        assert_eq!(narrow.text(&line), "a\n    a long signatu…\n");
        assert_eq!(narrow.text(&[json!("a"), json!("")]), "a\n");
    }

    #[test]
    fn lines_end_before_the_same_columns_whatever_is_in_them() {
        let columns = [("time", 32), ("ooid", 36), ("product", 10), ("type", 12), ("signature", 0)];
        assert_eq!(breaks(&columns, None), [false; 5]);
        assert_eq!(breaks(&columns, Some(118)), [false; 5]);
        assert_eq!(breaks(&columns, Some(80)), [false, false, true, false, false]);
        assert_eq!(breaks(&columns, Some(40)), [false, true, true, false, true]);
        let free = [("table", 0), ("row", 0), ("problem", 0)];
        assert_eq!(breaks(&free, Some(80)), [false, true, true]);
    }

    #[test]
    fn a_heading_stands_out_unless_the_environment_forbids_it() {
        let head = |heading| Listing { heading, ..listing(Some(80)) }.head();
        assert_eq!(head(Heading::None), "");
        assert_eq!(head(Heading::Bold), "\u{1b}[1mooid    is there\u{1b}[0m\n");
        assert_eq!(head(Heading::Plain), "ooid    is there\n");
        let with = |name, value| takes_colours(move |asked| (asked == name).then_some(value));
        assert!(with("TERM", "xterm") && with("NO_COLOR", ""));
        assert!(!with("TERM", "dumb") && !with("NO_COLOR", "1"));
    }

    #[test]
    fn what_would_break_a_line_does_not() {
        assert_eq!(listing(None).text(&[json!("a\nb\u{1b}"), json!("")]), "a\\nb\\x1b\n");
    }

    #[test]
    fn an_object_has_the_columns_names() {
        let text = listing(None).object([json!("a"), json!(true)]);
        assert_eq!(text, "{\"is_there\":true,\"ooid\":\"a\"}\n");
    }
}
