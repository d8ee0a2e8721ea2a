//! JSON that Python reads and writes and that a strict reader refuses: `NaN`, `Infinity`, halves of surrogate
//! pairs, numbers that are too large, and values in values in values.

/// Lists and objects in one another that are read; serde's limit is 127.
const DEEPEST: usize = 100;

/// Returns the text with `null` and the replacement character instead of them.
pub(crate) fn repair(text: &str) -> String {
    const WORDS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_in_string = false;
    let mut depth = 0_usize;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        let before = repaired.len();
        let is_too_deep = depth > DEEPEST;
        if is_in_string {
            if c == '\\' {
                taken = escape(rest, &mut repaired);
            } else {
                is_in_string = c != '"';
                repaired.push(c);
            }
        } else if let Some(word) = WORDS.iter().find(|it| rest.starts_with(**it)) {
            repaired.push_str("null");
            taken = word.len();
        } else if c == '-' || c.is_ascii_digit() {
            let in_number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
            taken = rest.find(|c| !in_number(c)).unwrap_or(rest.len());
            let is_too_large = rest[..taken].parse().is_ok_and(f64::is_infinite);
            repaired.push_str(if is_too_large { "null" } else { &rest[..taken] });
        } else {
            match c {
                '"' => is_in_string = true,
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            repaired.push(c);
        }
        match (is_too_deep, depth > DEEPEST) {
            (false, true) => {
                repaired.truncate(before);
                repaired.push_str("null");
            }
            (true, _) => repaired.truncate(before),
            (false, false) => {}
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
    fn what_is_too_large_or_too_deep_is_left_out_alone() {
        let digits = "9".repeat(400);
        let deep = format!("{}\"]\\\"\"{}", "[".repeat(100_000), "]".repeat(100_000));
        let text =
            format!(r#"{{"a": {digits}, "b": [-1e999, -1.5e-3], "c": {deep}, "d": "1e999"}}"#);
        let read: Value = serde_json::from_str(&repair(&text)).unwrap();
        assert_eq!((&read["a"], &read["b"]), (&Value::Null, &json!([null, -1.5e-3])));
        assert_eq!((&read["c"][0][0].is_array(), &read["d"]), (&true, &json!("1e999")));
        let levels = "[".repeat(DEEPEST) + &"]".repeat(DEEPEST);
        assert_eq!(repair(&levels), levels);
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["", "\\", "\"\\", "\"\\u12", "\"é\\é\"", "{\"a\": \"\\u00e9\"}"] {
            assert_eq!(repair(text), text);
        }
    }
}
