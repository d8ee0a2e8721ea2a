//! The beginning of a Java crash's signature.

use serde_json::Value;

use crate::MAX_LENGTH;
use crate::explanation::Rule;
use crate::python;
use crate::signature::Signature;

/// Makes the signature of a stack trace: the exception, what it says, and the first method.
pub(crate) fn stack_trace(trace: &str, signature: &mut Signature) {
    let rule = Rule::JavaStackTrace;
    let lines: Vec<_> = python::lines(trace).into_iter().map(python::strip).collect();
    let Some(first) = lines.first() else {
        signature.note(rule, "this is no stack trace");
        return signature.change(rule, "EMPTY: Java stack trace not in expected format".into());
    };
    let (class, description) = match first.split_once(':') {
        Some((class, description)) => {
            let description = without_addresses(description);
            (python::strip(class), python::strip(&description).to_owned())
        }
        None => {
            signature.note(rule, "the first line has no colon");
            (*first, String::new())
        }
    };
    let method = lines.get(1).map(|line| without_line(line)).unwrap_or_default();
    if method.is_empty() {
        signature.note(rule, "the second line has no method");
    }
    // The method follows a colon only after an address: old signatures stay what they were.
    let glue = if description.ends_with("<addr>") { ": " } else { " " };
    let mut text = joined(": ", [class, &joined(glue, [&description, &method])]);
    if text.chars().count() > MAX_LENGTH {
        signature.note(rule, "what the exception says is left out, since it is too long");
        text = format!("{class}: {method}");
    }
    signature.change(rule, text);
}

/// With `@<addr>` instead of an object's address.
fn without_addresses(text: &str) -> String {
    let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let mut parts = text.split('@');
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        short.push('@');
        match part.as_bytes().get(..8) {
            Some(address) if address.iter().all(is_digit) => {
                short.push_str("<addr>");
                short.push_str(&part[8..]);
            }
            _ => short.push_str(part),
        }
    }
    short
}

/// A method's place without the line at its end.
fn without_line(method: &str) -> String {
    let before_line = method.strip_suffix(')').and_then(|rest| {
        let file = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        file.strip_suffix(".java:").filter(|_| file.len() < rest.len())
    });
    before_line.map_or_else(|| method.to_owned(), |before| format!("{before}.java)"))
}

/// The texts that aren't empty, with the glue between them.
fn joined(glue: &str, texts: [&str; 2]) -> String {
    let texts = texts.into_iter().filter(|text| !text.is_empty());
    texts.collect::<Vec<_>>().join(glue)
}

/// Makes the signature of an exception: the first one's type, and its first frame.
pub(crate) fn exception(exception: &Value, signature: &mut Signature) {
    let rule = Rule::JavaException;
    let stack = &exception["exception"]["values"][0]["stacktrace"];
    if !stack.is_object() || !python::is_truthy(stack) {
        signature.note(rule, "this is no exception");
        return signature.change(rule, "EMPTY: Java exception not in expected format".into());
    }
    let kind = stack.get("type").map_or_else(|| "Unknown".to_owned(), python::text);
    let module = stack["module"].as_str().unwrap_or_default();
    let has_kind = stack.get("type").is_none_or(python::is_truthy);
    let class = if module.is_empty() || !has_kind { kind } else { format!("{module}.{kind}") };
    signature.change(
        rule,
        match stack["frames"].get(0) {
            Some(frame) => format!("{class}: at {}", frame_name(frame)),
            None => class,
        },
    );
}

fn frame_name(frame: &Value) -> String {
    let text = |name: &str| frame[name].as_str().unwrap_or_default();
    let name = joined(".", [text("module"), text("function")]);
    match (name.as_str(), text("filename")) {
        ("", _) => "unknown".to_owned(),
        (name, "") => name.to_owned(),
        (name, file) => format!("{name}({file})"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trace_is_its_exception_and_its_first_method() {
        for (trace, text) in [
            ("a.B: no c\n\tat d.E.f(E.java:12)\n\tat g", "a.B: no c at d.E.f(E.java)"),
            ("a.B: x@0123abcd\nat c(D.java:1)", "a.B: x@<addr>: at c(D.java)"),
            ("a.B\nat c", "a.B: at c"),
            ("a.B", "a.B"),
            ("", "EMPTY: Java stack trace not in expected format"),
        ] {
            let mut signature = Signature::default();
            stack_trace(trace, &mut signature);
            assert_eq!(signature.text(), text, "{trace:?}");
        }
    }

    #[test]
    fn an_exception_is_its_type_and_its_first_frame() {
        let of = |stack: Value| {
            let mut signature = Signature::default();
            let values = json!({"exception": {"values": [{"stacktrace": stack}]}});
            exception(&values, &mut signature);
            signature.text().to_owned()
        };
        let frame = json!({"module": "c.D", "function": "e", "filename": "D.java"});
        let stack = json!({"module": "a", "type": "B", "frames": [frame]});
        assert_eq!(of(stack), "a.B: at c.D.e(D.java)");
        assert_eq!(of(json!({"type": "B", "frames": [{}]})), "B: at unknown");
        assert_eq!(of(json!(null)), "EMPTY: Java exception not in expected format");
    }
}
