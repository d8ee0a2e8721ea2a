//! Java's regular expressions, written as Rust's.
//!
//! What Rust's engine doesn't have (look-around, back references, possessive quantifiers) is refused
//! or behaves otherwise; the rest is put into its words.

use std::iter::Peekable;
use std::str::Chars;

const HORIZONTAL: &str = r" \t\u{a0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}";
const VERTICAL: &str = r"\n\x0b\x0c\r\u{85}\u{2028}\u{2029}";
const LINE_END: &str = r"(?:\r\n|[\n\r\u{85}\u{2028}\u{2029}])";
/// Classes of ASCII, without brackets (`java.util.regex.Pattern`).
const POSIX: [(&str, &str); 13] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7f"),
    ("Alpha", "a-zA-Z"),
    ("Digit", "0-9"),
    ("Alnum", "a-zA-Z0-9"),
    ("Punct", r"!-/:-@\[-`{-~"),
    ("Graph", "!-~"),
    ("Print", " -~"),
    ("Blank", r" \t"),
    ("Cntrl", r"\x00-\x1f\x7f"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", r" \t\n\x0b\x0c\r"),
];

/// Translates a pattern.
pub(super) fn translate(java: &str) -> String {
    let mut translation = Translation {
        rest: java.chars().peekable(),
        rust: String::with_capacity(java.len()),
        depth: 0,
        // Then the end of every line is meant.
        is_multiline: java.split("(?").skip(1).any(|flags| {
            flags.chars().take_while(char::is_ascii_alphabetic).any(|flag| flag == 'm')
        }),
    };
    while let Some(char) = translation.rest.next() {
        translation.take(char);
    }
    translation.rust
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    rust: String,
    /// How many brackets are open.
    depth: usize,
    is_multiline: bool,
}

impl Translation<'_> {
    fn take(&mut self, char: char) {
        match char {
            '\\' => self.escape(),
            '$' if self.depth == 0 && !self.is_multiline => self.last_line_end(),
            '[' => {
                self.depth += 1;
                self.rust.push('[');
                if self.rest.next_if_eq(&'^').is_some() {
                    self.rust.push('^');
                }
            }
            ']' if self.depth > 0 => {
                self.depth -= 1;
                self.rust.push(']');
            }
            other => self.rust.push(other),
        }
    }

    /// The end of the text, or the line's end before it.
    fn last_line_end(&mut self) {
        self.push(&["(?:", LINE_END, r"?\z)"]);
    }

    fn escape(&mut self) {
        let Some(char) = self.rest.next() else {
            self.rust.push('\\');
            return;
        };
        match char {
            'Q' => self.literal(),
            'Z' => self.last_line_end(),
            'R' => self.rust.push_str(LINE_END),
            'h' => self.class(HORIZONTAL, false),
            'H' => self.class(HORIZONTAL, true),
            'v' => self.class(VERTICAL, false),
            'V' => self.class(VERTICAL, true),
            'd' => self.class("0-9", false),
            'D' => self.class("0-9", true),
            'w' => self.class("a-zA-Z_0-9", false),
            'W' => self.class("a-zA-Z_0-9", true),
            's' => self.class(r" \t\n\x0b\x0c\r", false),
            'S' => self.class(r" \t\n\x0b\x0c\r", true),
            'p' => self.property(false),
            'P' => self.property(true),
            'e' => self.rust.push_str(r"\x1b"),
            'u' => {
                let digits: String = self.rest.by_ref().take(4).collect();
                self.push(&[r"\u{", &digits, "}"]);
            }
            other => {
                self.rust.push('\\');
                self.rust.push(other);
            }
        }
    }

    /// What stands between `\Q` and `\E` stands for itself.
    fn literal(&mut self) {
        while let Some(char) = self.rest.next() {
            if char == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.rust.push_str(&regex::escape(char.encode_utf8(&mut [0; 4])));
        }
    }

    fn class(&mut self, inner: &str, negated: bool) {
        let sign = if negated { "^" } else { "" };
        self.push(&["[", sign, inner, "]"]);
    }

    fn property(&mut self, negated: bool) {
        let mut name = String::new();
        if self.rest.next_if_eq(&'{').is_some() {
            name.extend(self.rest.by_ref().take_while(|&char| char != '}'));
        }
        if let Some((_, inner)) = POSIX.iter().find(|(posix, _)| *posix == name) {
            return self.class(inner, negated);
        }
        self.rust.push_str(if negated { r"\P" } else { r"\p" });
        if !name.is_empty() {
            self.push(&["{", &name, "}"]);
        }
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.rust.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(java: &str, text: &str) -> bool {
        let regex = regex::RegexBuilder::new(&translate(java)).dot_matches_new_line(true).build();
        regex.unwrap().is_match(text)
    }

    #[test]
    fn quoted_text_stands_for_itself() {
        assert!(finds(r"\Qa.b*\E+$", "xa.b**"));
        assert!(!finds(r"\Qa.b\E", "axb"));
        assert!(finds(r"^[\Q-]\E]$", "]"));
        assert!(finds(r"\Qa", "a"));
    }

    #[test]
    fn the_end_may_stand_before_a_last_line_end() {
        for end in ["$", r"\Z"] {
            let pattern = format!("a{end}");
            assert!(finds(&pattern, "a") && finds(&pattern, "a\n") && finds(&pattern, "a\r\n"));
            assert!(!finds(&pattern, "a\n\n") && !finds(&pattern, "a\nb"));
        }
        assert!(!finds(r"a\z", "a\n"));
        assert!(finds("(?m)a$", "a\nb"));
    }

    #[test]
    fn classes_are_those_of_ascii() {
        assert!(finds(r"^\d$", "5") && !finds(r"\d", "\u{665}"));
        assert!(finds(r"^\w\W$", "_é"));
        assert!(finds(r"^\s\S$", "\u{b}\u{a0}"));
        assert!(finds(r"^\h\H$", "\u{a0}\n"));
        assert!(finds(r"^[\h\d]+$", "\t5"));
        assert!(finds(r"^\p{Punct}+$", r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##));
        assert!(finds(r"^\p{Lower}\P{Lower}[\p{Upper}]$", "aAB"));
        assert!(finds(r"^\p{XDigit}+\p{Blank}$", "aF09 "));
        assert!(finds(r"\p{Lu}", "É"));
        assert!(finds(r"^\u00e9\e$", "é\u{1b}"));
    }

    #[test]
    fn what_both_have_stays() {
        assert!(finds(r"^(a|b){2}\.[^$]\\$", r"ab.x\"));
        assert!(!finds(r"[$]", "a"));
    }
}
