//! Metadata as crash reporters keep it beside a dump: JSON today, lines `Key=Value` before.

/// JSON as it is; lines as an object of texts, whose bytes stay as they are.
pub(super) fn json_of_extra(extra: Vec<u8>) -> Vec<u8> {
    let begin = extra.iter().find(|byte| !byte.is_ascii_whitespace());
    if begin.is_none_or(|begin| *begin == b'{') || !extra.contains(&b'=') {
        return extra;
    }
    let mut json = b"{".to_vec();
    for line in extra.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(equals) = line.iter().position(|byte| *byte == b'=') else { continue };
        if json.len() > 1 {
            json.extend(b", ");
        }
        quote(&mut json, &line[..equals]);
        json.extend(b": ");
        quote(&mut json, &unescaped(&line[equals + 1..]));
    }
    json.push(b'}');
    json
}

/// A line has `\n`, `\t` and `\\` for what would end it.
fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let escaped = match (byte, rest.peek()) {
            (b'\\', Some(b'n')) => Some(b'\n'),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'\\')) => Some(b'\\'),
            _ => None,
        };
        if escaped.is_some() {
            rest.next();
        }
        plain.push(escaped.unwrap_or(byte));
    }
    plain
}

fn quote(json: &mut Vec<u8>, text: &[u8]) {
    json.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => json.extend([b'\\', byte]),
            0..b' ' => json.extend(format!("\\u{byte:04x}").into_bytes()),
            byte => json.push(byte),
        }
    }
    json.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn lines_become_an_object() {
        let extra = b"ProductName=Firefox\r\nNotes=a\\nb=c\\\\n \"d\"\nno value\nEmpty=\n";
        let fields: Value = serde_json::from_slice(&json_of_extra(extra.to_vec())).unwrap();
        let expected = json!({"ProductName": "Firefox", "Notes": "a\nb=c\\n \"d\"", "Empty": ""});
        assert_eq!(fields, expected);
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        assert_eq!(json_of_extra(b"a=\xe9\\".to_vec()), b"{\"a\": \"\xe9\\\\\"}");
    }

    #[test]
    fn json_and_what_is_neither_stay() {
        for extra in [&b" {\"a\": \"=\"}"[..], b"", b"MDMP"] {
            assert_eq!(json_of_extra(extra.to_vec()), extra);
        }
    }
}
