//! JSON that Python writes and that is none: `NaN`, `Infinity`, and halves of surrogate pairs.

/// Returns the text with `null` and the replacement character instead of them.
pub(crate) fn repair(text: &str) -> String {
    const NUMBERS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_in_string = false;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        if is_in_string && c == '\\' {
            taken = escape(rest, &mut repaired);
        } else if let Some(number) =
            NUMBERS.iter().find(|it| !is_in_string && rest.starts_with(**it))
        {
            repaired.push_str("null");
            taken = number.len();
        } else {
            is_in_string ^= c == '"';
            repaired.push(c);
        }
        rest = &rest[taken..];
    }
    repaired
}

/// Copies the escape at the beginning of a text, and returns its length.
fn escape(text: &str, repaired: &mut String) -> usize {
    const ESCAPE: usize = 6;
    let unit = |at: usize| {
        let digits = text.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let length = match (unit(0), unit(ESCAPE)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * ESCAPE,
        (Some(0xd800..=0xdfff), _) => {
            repaired.push_str("\\ufffd");
            return ESCAPE;
        }
        (Some(_), _) => ESCAPE,
        // The backslash, and what follows it.
        (None, _) => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    repaired.push_str(&text[..length]);
    length
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_python_writes_is_read() {
        let text = r#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \ud800 \" \ud83d\ude00 \\", "d": "\udc00"}"#;
        let read: Value = serde_json::from_str(&repair(text)).unwrap();
        let expected = json!({
            "a": null, "b": [null, null], "c": "NaN \u{fffd} \" \u{1f600} \\", "d": "\u{fffd}",
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["", "\\", "\"\\", "\"\\u12", "\"é\\é\"", "{\"a\": \"\\u00e9\"}"] {
            assert_eq!(repair(text), text);
        }
    }
}
