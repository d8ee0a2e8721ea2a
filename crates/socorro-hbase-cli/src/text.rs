//! Text for people: numbers with their nouns, and foreign text that can't garble a terminal.
//!
//! A leaf.

use std::{borrow::Cow, fmt::Write};

use serde_json::Value;

/// A number and what it counts: 1 crash, 2 crashes.
pub(crate) fn counted(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    format!("{number} {}", plural(number, noun))
}

/// The noun as it stands behind a number.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    let ending = match noun {
        _ if number == 1 => "",
        noun if noun.ends_with("sh") || noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{noun}{ending}")
}

/// The text with everything escaped that a terminal would act on instead of showing it; on one line.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// As [`printable`], but lines and tabulators stay.
pub(crate) fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON on a line of its own, in which everything is escaped that a terminal would act on.
pub(crate) fn json_line(value: &Value) -> String {
    let text = value.to_string();
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            // They stand in strings only, and none needs more than four digits.
            c if is_control(c) => drop(write!(line, "\\u{:04x}", u32::from(c))),
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_foreign = |c: char| is_control(c) && !stays(c);
    if !text.contains(is_foreign) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if !stays(c) => shown.push_str("\\n"),
            '\t' if !stays(c) => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            // A String takes all that is written to it.
            c if is_foreign(c) && c.is_ascii() => drop(write!(shown, "\\x{:02x}", u32::from(c))),
            c if is_foreign(c) => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Control characters, those that change the direction of text, and line separators.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_follows_its_number() {
        assert_eq!(counted(1_u64, "crash"), "1 crash");
        assert_eq!(counted(0_u64, "crash"), "0 crashes");
        assert_eq!(counted(2_u64, "row"), "2 rows");
    }

    #[test]
    fn nothing_that_is_printed_moves_the_cursor_or_turns_text_round() {
        let text = "a\u{1b}[2J\u{9b}1m\u{202e}b\r\n\tü";
        assert_eq!(printable(text), "a\\x1b[2J\\u{9b}1m\\u{202e}b\\r\\n\\tü");
        assert_eq!(printable_lines("a\n\tb\u{7f}"), "a\n\tb\\x7f");
        assert!(matches!(printable("js::Interpret"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_has_nothing_that_moves_the_cursor_and_reads_back() {
        let value = serde_json::json!({"a\u{7f}": ["\u{1b}[2J\u{9b}1m\u{202e}\n", "ü", 1]});
        let line = json_line(&value);
        let shown = r#"{"a\u007f":["\u001b[2J\u009b1m\u202e\n","ü",1]}"#;
        assert_eq!(line, format!("{shown}\n"));
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
    }
}
