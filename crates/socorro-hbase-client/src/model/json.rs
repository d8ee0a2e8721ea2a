//! A lenient reader of one JSON object: it finds members and skips what nobody asked for.
//!
//! For what other programs write and a strict parser refuses: lone surrogates, NaN, numbers out of
//! range, bytes that aren't UTF-8, control characters, duplicate members. Nothing is decoded but
//! the members that are asked for, and nothing recurses.

/// A JSON object: its members as slices of the text.
pub(crate) struct Object<'a> {
    members: Vec<(&'a [u8], &'a [u8])>,
    /// After the opening brace.
    begin: usize,
    /// Where the text stops being an object, if it does.
    broken_at: Option<usize>,
}

/// What a member's value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    /// A string that can't be read exactly: broken escapes, lone surrogates, bytes that aren't
    /// UTF-8. What can be read of it.
    Garbled(String),
    Number(f64),
    Bool(bool),
    Null,
    /// An object, an array, or something that is nothing of JSON.
    Other,
}

impl<'a> Object<'a> {
    /// Reads the members; `None` if the text doesn't begin as an object.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        reader.skip_blanks();
        reader.take(b'{')?;
        let begin = reader.at;
        let mut members = Vec::new();
        let whole = reader.members(&mut members);
        let broken_at = whole.is_none().then_some(reader.at);
        Some(Self { members, begin, broken_at })
    }

    /// A member's value as it stands in the text; the last one, if there are several.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a [u8]> {
        let is_it = |(found, _): &&(&[u8], &[u8])| {
            *found == name.as_bytes() || found.contains(&b'\\') && text_of(found).0 == name
        };
        self.members.iter().rev().find(is_it).map(|(_, value)| *value)
    }

    /// All members: names as they stand between their quotes, values as they stand in the text.
    pub(crate) fn members(&self) -> &[(&'a [u8], &'a [u8])] {
        &self.members
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        self.raw(name).map(value_of)
    }

    /// Its text, if it has one that can be read exactly.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A text or a number, as it is shown; `None` for everything else.
    pub(crate) fn shown(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        match value_of(raw) {
            Value::Text(text) | Value::Garbled(text) => Some(text),
            Value::Number(_) => Some(String::from_utf8_lossy(raw).into_owned()),
            Value::Bool(_) | Value::Null | Value::Other => None,
        }
    }

    pub(crate) fn broken_at(&self) -> Option<usize> {
        self.broken_at
    }

    /// Where a member can be put in front of all others, and whether there are others.
    pub(crate) fn begin(&self) -> (usize, bool) {
        (self.begin, !self.members.is_empty())
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// All members and the end of the text; `None` where that isn't what comes.
    fn members(&mut self, members: &mut Vec<(&'a [u8], &'a [u8])>) -> Option<()> {
        self.skip_blanks();
        if self.take(b'}').is_none() {
            loop {
                self.skip_blanks();
                let name = self.string()?;
                self.skip_blanks();
                self.take(b':')?;
                self.skip_blanks();
                let begin = self.at;
                self.skip_value()?;
                let value = self.text.get(begin..self.at)?;
                members.push((name, value));
                self.skip_blanks();
                if self.take(b',').is_none() {
                    self.take(b'}')?;
                    break;
                }
            }
        }
        self.skip_blanks();
        (self.at == self.text.len()).then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    /// What stands between the quotes, still escaped.
    fn string(&mut self) -> Option<&'a [u8]> {
        let whole = self.at;
        self.take(b'"')?;
        let begin = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => {
                    self.at = whole;
                    return None;
                }
            }
        }
        let inside = self.text.get(begin..self.at);
        self.at += 1;
        inside
    }

    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' if depth > 0 => self.at += 1,
                _ => self.literal()?,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// A number, a word, or whatever stands in place of one.
    fn literal(&mut self) -> Option<()> {
        let begin = self.at;
        while let Some(byte) = self.peek() {
            if b" \t\r\n,:{}[]\"".contains(&byte) {
                break;
            }
            self.at += 1;
        }
        (self.at > begin).then_some(())
    }
}

fn value_of(raw: &[u8]) -> Value {
    match raw {
        b"true" => Value::Bool(true),
        b"false" => Value::Bool(false),
        b"null" => Value::Null,
        [b'"', inside @ .., b'"'] => match text_of(inside) {
            (text, true) => Value::Text(text),
            (text, false) => Value::Garbled(text),
        },
        [b'-' | b'0'..=b'9', ..] => {
            let number = str::from_utf8(raw).ok().and_then(|text| text.parse().ok());
            number.map_or(Value::Other, Value::Number)
        }
        _ => Value::Other,
    }
}

/// A value that isn't made of others, as it is shown: a text, or a number or word as it stands there.
pub(crate) fn shown(raw: &[u8]) -> Option<String> {
    match value_of(raw) {
        Value::Text(text) | Value::Garbled(text) => Some(text),
        Value::Other if matches!(raw, [b'{' | b'[', ..]) => None,
        Value::Number(_) | Value::Bool(_) | Value::Null | Value::Other => {
            Some(String::from_utf8_lossy(raw).into_owned())
        }
    }
}

/// The text that stands between quotes.
pub(crate) fn text_between_quotes(inside: &[u8]) -> String {
    text_of(inside).0
}

/// Decodes escapes; and whether nothing was lost.
fn text_of(inside: &[u8]) -> (String, bool) {
    let Ok(text) = str::from_utf8(inside) else {
        let text = text_of(String::from_utf8_lossy(inside).as_bytes()).0;
        return (text, false);
    };
    let mut decoded = String::with_capacity(text.len());
    let mut is_exact = true;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            decoded.push(character);
            continue;
        }
        let simple = match rest.next() {
            Some('u') => None,
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some(itself @ ('"' | '\\' | '/')) => Some(itself),
            _ => {
                is_exact = false;
                Some(char::REPLACEMENT_CHARACTER)
            }
        };
        let decoded_one = simple.or_else(|| unicode(&mut rest)).unwrap_or_else(|| {
            is_exact = false;
            char::REPLACEMENT_CHARACTER
        });
        decoded.push(decoded_one);
    }
    (decoded, is_exact)
}

/// After `\u`; `None` for what stands for no character.
fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let unit = four_digits(rest)?;
    if !(0xd800..0xdc00).contains(&unit) {
        return char::from_u32(unit);
    }
    let mut ahead = rest.clone();
    let low = (ahead.next() == Some('\\') && ahead.next() == Some('u'))
        .then(|| four_digits(&mut ahead))
        .flatten()
        .filter(|low| (0xdc00..0xe000).contains(low))?;
    *rest = ahead;
    char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
}

fn four_digits(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |number, _| Some(number * 16 + rest.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn get(text: &str, name: &str) -> Option<Value> {
        Object::read(text.as_bytes()).unwrap().get(name)
    }

    #[test]
    fn what_a_strict_parser_refuses_is_skipped() {
        let text = br#" {"a": NaN, "b": 1e400, "c": "\udf03", "d": "\xe9", "e": [1, {"x": "]}"}], "f": "x"} "#;
        let mut latin = text.to_vec();
        let at = latin.windows(4).position(|four| four == b"\\xe9").unwrap();
        latin.splice(at..at + 4, [0xe9]);
        let object = Object::read(&latin).unwrap();
        assert_eq!(object.broken_at(), None);
        assert_eq!(object.text("f").as_deref(), Some("x"));
        assert_eq!(object.get("a"), Some(Value::Other));
        assert_eq!(object.get("c"), Some(Value::Garbled("\u{fffd}".into())));
        assert_eq!(object.get("d"), Some(Value::Garbled("\u{fffd}".into())));
    }

    #[test]
    fn what_comes_before_a_break_is_read() {
        let object = Object::read(br#"{"a": "x", "b": "unend"#).unwrap();
        assert_eq!(object.text("a").as_deref(), Some("x"));
        assert_eq!(object.broken_at(), Some(16));
        assert_eq!(Object::read(br#"{"a": 1} x"#).unwrap().broken_at(), Some(9));
    }

    #[test]
    fn the_last_of_several_members_counts() {
        assert_eq!(get(r#"{"a": 1, "\u0061": 2}"#, "a"), Some(Value::Number(2.0)));
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in ["", "[]", "MDMP", "\"{}\""] {
            assert!(Object::read(text.as_bytes()).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_text_that_json_has_reads_back(name in any::<String>(), text in any::<String>()) {
            let json = json!({&name: &text}).to_string();
            prop_assert_eq!(get(&json, &name), Some(Value::Text(text.clone())));
            let escaped = crate::model::python_json::to_string(&json!({&name: &text})).unwrap();
            prop_assert_eq!(get(&escaped, &name), Some(Value::Text(text)));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut object = b"{\"a\":".to_vec();
            object.extend(&bytes);
            if let Some(object) = Object::read(&object) {
                let _ = object.get("a");
            }
            let _ = Object::read(&bytes);
        }

        #[test]
        fn every_cut_of_an_object_is_found(at in 1_usize..40) {
            let whole = br#"{"a": "x\"", "b": [1, {"c": "}"}], "d":1}"#;
            let object = Object::read(&whole[..at]).unwrap();
            prop_assert!(object.broken_at().is_some());
        }
    }
}
