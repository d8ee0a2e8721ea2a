//! Regular expressions as Python writes them, for the `regex` crate.
//!
//! The two agree on nearly everything; what differs is rewritten here. Look-around and references
//! back to groups stay as they are, so that compiling them fails.

use std::iter::Peekable;
use std::str::Chars;

/// Rewrites a pattern, to be matched at the beginning of a text.
pub(crate) fn anchored(python: &str) -> String {
    let mut out = String::with_capacity(python.len() + 8);
    out.push_str(r"\A(?:");
    let mut rest = python.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, &mut out),
            '[' => class(&mut rest, &mut out),
            // Before a line end that is the last character, too.
            '$' => out.push_str(r"(?:\n?\z)"),
            '{' => match repetition(rest.clone()) {
                Some(repetition) => {
                    rest.by_ref().take_while(|&c| c != '}').for_each(drop);
                    out.push_str(&repetition);
                }
                None => out.push_str(r"\{"),
            },
            '}' => out.push_str(r"\}"),
            other => out.push(other),
        }
    }
    out.push(')');
    out
}

/// What follows a backslash: letters and digits mean something, anything else is itself.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match rest.next() {
        Some('Z') => out.push_str(r"\z"),
        Some(c) if c.is_ascii_alphanumeric() => out.extend(['\\', c]),
        Some(c) => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        None => out.push('\\'),
    }
}

/// A class of characters, in which `[`, `&` and `~` are themselves.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => return out.push(']'),
            '\\' => match rest.next() {
                // A backspace, not the end of a word.
                Some('b') => out.push_str(r"\x08"),
                Some(c) => out.extend(['\\', c]),
                None => out.push('\\'),
            },
            '[' | '&' | '~' => out.extend(['\\', c]),
            other => out.push(other),
        }
    }
}

/// `{2}`, `{2,}`, `{,3}` or `{2,3}`; any other `{` is itself.
fn repetition(rest: Peekable<Chars<'_>>) -> Option<String> {
    let rest: String = rest.collect();
    let (inside, _) = rest.split_once('}')?;
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match inside.split_once(',') {
        None if !inside.is_empty() && is_number(inside) => Some(format!("{{{inside}}}")),
        Some((least, most)) if is_number(least) && is_number(most) => {
            let least = if least.is_empty() { "0" } else { least };
            Some(format!("{{{least},{most}}}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Regex::new(&anchored(pattern)).unwrap().is_match(text)
    }

    #[test]
    fn python_patterns_match_what_they_match_there() {
        for (pattern, text) in [
            ("abc", "abcd"),
            (r"a::{{closure}}", "a::{{closure}}"),
            ("{virtual thunk}", "{virtual thunk}::f"),
            (r"\<name omitted\>", "<name omitted>"),
            (r"impl\$", "impl$1"),
            ("a$", "a"),
            ("a$", "a\n"),
            ("a{2}b", "aab"),
            ("a{,2}b", "aab"),
            (r"[-+]\[X", "-[X y]"),
            ("[]a]b", "]b"),
            ("[a[&&~]b", "[b"),
            (r"[\b]", "\u{8}"),
            ("a|b", "b"),
            (r"a\Z", "a"),
        ] {
            assert!(matches(pattern, text), "{pattern:?} on {text:?}");
        }
        for (pattern, text) in
            [("b", "ab"), ("a|b", "cb"), ("a$", "ab"), (r"a\Z", "a\n"), ("a{2}b", "ab")]
        {
            assert!(!matches(pattern, text), "{pattern:?} on {text:?}");
        }
    }
}
