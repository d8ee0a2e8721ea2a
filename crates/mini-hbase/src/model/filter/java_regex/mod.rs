//! Java's regular expressions, written as Rust's.
//!
//! What Rust's engine doesn't have (look-around, back references, possessive quantifiers) is refused;
//! the rest is put into its words.

mod numbers;

use std::iter::Peekable;
use std::str::Chars;

const HORIZONTAL: &str = r" \t\u{a0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}";
const VERTICAL: &str = r"\n\x0b\x0c\r\u{85}\u{2028}\u{2029}";
const LINE_END: &str = r"(?:\r\n|[\n\r\u{85}\u{2028}\u{2029}])";
const LINE_BREAK: &str = r"(?:\r\n|[\n\x0b\x0c\r\u{85}\u{2028}\u{2029}])";
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

/// How deep classes may lie in each other; each takes some of the stack.
const MAX_DEPTH: usize = 100;

/// Translates a pattern.
///
/// # Errors
/// If Java refuses it, or Rust's engine would read it otherwise.
pub(super) fn translate(java: &str) -> Result<String, String> {
    let mut translation = Translation {
        rest: java.chars().peekable(),
        rust: String::with_capacity(java.len()),
        // Then the end of every line is meant.
        is_multiline: java.split("(?").skip(1).any(|flags| {
            flags.chars().take_while(char::is_ascii_alphabetic).any(|flag| flag == 'm')
        }),
        before: Before::Nothing,
        depth: 0,
    };
    while let Some(char) = translation.rest.next() {
        translation.take(char)?;
    }
    Ok(translation.rust)
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    rust: String,
    is_multiline: bool,
    before: Before,
    /// How many classes are open.
    depth: usize,
}

/// What a quantifier finds before it.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// The beginning, of the pattern, of a group or of an alternative.
    Nothing,
    Atom,
    Quantified,
}

impl Translation<'_> {
    fn take(&mut self, char: char) -> Result<(), String> {
        let before = std::mem::replace(&mut self.before, Before::Atom);
        match char {
            '\\' => self.escape()?,
            '$' if !self.is_multiline => self.last_line_end(),
            '[' => self.class_of_many()?,
            '*' | '+' | '?' => {
                if before != Before::Atom {
                    return Err(format!("Dangling meta character '{char}'"));
                }
                self.rust.push(char);
                self.greed()?;
            }
            '{' => {
                if before != Before::Atom {
                    // Java takes an empty text for what is repeated.
                    self.rust.push_str("(?:)");
                }
                self.counts()?;
                self.greed()?;
            }
            '(' => {
                self.rust.push('(');
                self.before = Before::Nothing;
                if self.rest.next_if_eq(&'?').is_some() {
                    self.flags()?;
                }
            }
            '|' => {
                self.rust.push('|');
                self.before = Before::Nothing;
            }
            other => self.rust.push(other),
        }
        Ok(())
    }

    /// What follows a quantifier.
    fn greed(&mut self) -> Result<(), String> {
        self.before = Before::Quantified;
        if self.rest.next_if_eq(&'?').is_some() {
            self.rust.push('?');
        } else if self.rest.peek() == Some(&'+') {
            return Err("possessive quantifiers are not supported".to_owned());
        }
        Ok(())
    }

    /// The numbers in braces.
    fn counts(&mut self) -> Result<(), String> {
        let illegal = || "Illegal repetition".to_owned();
        let numbers: String = self.rest.by_ref().take_while(|&char| char != '}').collect();
        let (min, max) = numbers.split_once(',').unwrap_or((&numbers, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if min.is_empty() || !are_digits(min) || !are_digits(max) {
            return Err(illegal());
        }
        self.push(&["{", &numbers, "}"]);
        Ok(())
    }

    /// What follows `(?`.
    fn flags(&mut self) -> Result<(), String> {
        self.rust.push('?');
        let mut flags = String::new();
        while let Some(flag) = self.rest.next_if(|char| char.is_ascii_alphabetic() || *char == '-')
        {
            match flag {
                'd' | 'U' => return Err(format!("the flag {flag} is not supported")),
                // Rust's engine always folds all letters.
                'u' => {}
                flag => flags.push(flag),
            }
        }
        self.rust.push_str(&flags);
        if self.rest.next_if_eq(&')').is_some() {
            if flags.is_empty() {
                self.rust.truncate(self.rust.len() - "(?".len());
            } else {
                self.rust.push(')');
            }
        } else if let Some(end) = self.rest.next_if(|char| ":<".contains(*char)) {
            self.rust.push(end);
        }
        Ok(())
    }

    /// The end of the text, or the line's end before it.
    fn last_line_end(&mut self) {
        self.push(&["(?:", LINE_END, r"?\z)"]);
    }

    /// A class in brackets, from its first character on.
    fn class_of_many(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("classes lie more than {MAX_DEPTH} deep in each other"));
        }
        self.rust.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.rust.push('^');
        }
        let start = self.rust.len();
        while let Some(char) = self.rest.next() {
            match char {
                ']' if self.rust.len() > start => {
                    self.rust.push(']');
                    self.depth -= 1;
                    return Ok(());
                }
                '&' if self.rest.next_if_eq(&'&').is_some() => {
                    if self.rust.len() == start || matches!(self.rest.peek(), Some(']' | '&')) {
                        return Err("an intersection with nothing is not supported".to_owned());
                    }
                    self.rust.push_str("&&");
                }
                '[' => self.class_of_many()?,
                '\\' => {
                    if let Some(char) = self.escaped_char()? {
                        self.range(char)?;
                    }
                }
                char => self.range(char)?,
            }
        }
        Err("Unclosed character class".to_owned())
    }

    /// A character of a class, or a range that begins with it.
    fn range(&mut self, first: char) -> Result<(), String> {
        self.escaped(first);
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']' | '[')) {
            return Ok(());
        }
        self.rest.next();
        let last = match self.rest.next() {
            Some('\\') => self.escaped_char()?,
            other => other,
        };
        let last = last.filter(|last| *last >= first).ok_or("Illegal character range")?;
        self.rust.push('-');
        self.escaped(last);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        if let Some(char) = self.escaped_char()? {
            self.escaped(char);
        }
        Ok(())
    }

    /// What a backslash escapes: a character, or something else, which is written down.
    fn escaped_char(&mut self) -> Result<Option<char>, String> {
        let Some(char) = self.rest.next() else {
            return Err("nothing follows the last backslash".to_owned());
        };
        match char {
            'Q' => self.literal(),
            'Z' => self.last_line_end(),
            'R' => self.rust.push_str(LINE_BREAK),
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
            't' => return Ok(Some('\t')),
            'n' => return Ok(Some('\n')),
            'r' => return Ok(Some('\r')),
            'f' => return Ok(Some('\x0c')),
            'a' => return Ok(Some('\x07')),
            'e' => return Ok(Some('\x1b')),
            'u' => return numbers::utf16(&mut self.rest).map(Some),
            'x' => return numbers::code_point(&mut self.rest).map(Some),
            '0' => return numbers::octal(&mut self.rest).map(Some),
            'c' => {
                let char = self.rest.next().filter(char::is_ascii);
                let char = char.ok_or("Illegal control escape sequence")?;
                return Ok(Some(char::from(char as u8 ^ 64)));
            }
            other if other.is_ascii_alphanumeric() => {
                let mut ahead = self.rest.clone();
                if ahead.next() == Some('{') && ahead.next().is_some_and(char::is_alphabetic) {
                    return Err(format!("\\{other}{{ is not supported"));
                }
                self.push(&["\\", other.encode_utf8(&mut [0; 4])]);
            }
            other => return Ok(Some(other)),
        }
        Ok(None)
    }

    /// What stands between `\Q` and `\E` stands for itself.
    fn literal(&mut self) {
        while let Some(char) = self.rest.next() {
            if char == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.escaped(char);
        }
    }

    /// A character that stands for itself, in a class as well.
    fn escaped(&mut self, char: char) {
        // With these it would be the limit of a word.
        if char.is_ascii_punctuation() && !"<>".contains(char) {
            self.rust.push('\\');
        }
        self.rust.push(char);
    }

    fn class(&mut self, inner: &str, negated: bool) {
        let sign = if negated { "^" } else { "" };
        self.push(&["[", sign, inner, "]"]);
    }

    fn property(&mut self, negated: bool) {
        let mut name = String::new();
        if self.rest.next_if_eq(&'{').is_some() {
            name.extend(self.rest.by_ref().take_while(|&char| char != '}'));
        } else {
            name.extend(self.rest.next());
        }
        if let Some((_, inner)) = POSIX.iter().find(|(posix, _)| *posix == name) {
            return self.class(inner, negated);
        }
        self.push(&[if negated { r"\P{" } else { r"\p{" }, &name, "}"]);
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
        let regex =
            regex::RegexBuilder::new(&translate(java).unwrap()).dot_matches_new_line(true).build();
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

    #[test]
    fn what_rust_reads_otherwise_is_put_into_its_words() {
        assert!(finds(r"^[[:x]]$", ":") && finds(r"^[a-c&&[^b]]$", "c") && finds(r"^\R$", "\u{b}"));
        assert!(finds(r"^[+--]$", ",") && finds(r"^[~~]$", "~") && finds(r"^[]$]$", "$"));
        assert!(finds(r"^\<b\>$", "<b>"));
        assert!(finds(r"^\0101\cA\07$", "A\u{1}\u{7}") && finds(r"^\0477$", "'7"));
        assert!(finds(r"^\ud83d\ude00$", "\u{1f600}"));
        assert!(finds(r"^a{2}{3}$", "aa") && finds(r"^({2}b)$", "b"));
        assert!(finds("(?u)(?iu)A", "a") && finds("^(?s:.)$", "\n") && finds("(?<x>a)", "a"));
    }

    #[test]
    fn what_java_refuses_or_rust_does_not_have_is_refused() {
        for java in [
            "a++", "a*+", "a?+", "a{2}+", "a**", "*", "(+)", "a|?", "a+?+", "a{,3}", "a{x}", "{",
            r"\0", r"\09", r"\u12", r"\ud83d", r"\b{g}", "[a&&]", "[&&a]", "[b-a]", "(?d)a",
            "(?U)a", "[a", r"a\",
        ] {
            assert!(translate(java).is_err(), "{java}");
        }
        assert!(translate(&"[".repeat(1_000_000)).is_err());
        let deep = |levels: usize| format!("{}a{}", "[".repeat(levels), "]".repeat(levels));
        assert!(finds(&deep(MAX_DEPTH), "a") && translate(&deep(MAX_DEPTH + 1)).is_err());
    }
}
