//! The rule for a shutdown that took too long: what blocks it replaces the signature.

use serde_json::Value;

use crate::crash::Crash;
use crate::explanation::Rule;
use crate::python;
use crate::signature::{SEPARATOR, Signature};

/// Replaces the signature with the phase of the shutdown and what it waits for.
pub(crate) fn timeout(crash: &Crash<'_>, signature: &mut Signature) {
    let Some(text) = crash.async_shutdown_timeout.filter(|text| !text.is_empty()) else { return };
    let rule = Rule::ShutdownTimeout;
    let mut parts = vec!["AsyncShutdownTimeout".to_owned()];
    match serde_json::from_str(text) {
        Ok(Value::Object(report)) => {
            parts.push(
                report.get("phase").and_then(Value::as_str).unwrap_or("(unknown)").to_owned(),
            );
            let conditions = report.get("conditions").unwrap_or(&Value::Null);
            parts.push(match names(conditions) {
                Names::Known(names) if names.is_empty() => "(none)".to_owned(),
                Names::Known(mut names) => {
                    names.sort();
                    names.join(",")
                }
                Names::Missing => {
                    signature.note(rule, "a condition of the shutdown has no name");
                    "UNKNOWN".to_owned()
                }
                Names::NoList => {
                    return signature.note(rule, "the shutdown's conditions are no list");
                }
            });
        }
        Ok(_) => return signature.note(rule, "the report about the shutdown is no JSON object"),
        Err(error) => {
            signature.note(rule, format!("the report about the shutdown is no JSON: {error}"));
            parts.push("UNKNOWN".to_owned());
        }
    }
    signature.note(rule, format!("the shutdown replaces the signature {:?}", signature.text()));
    signature.change(rule, parts.join(SEPARATOR));
}

/// What a shutdown waits for.
enum Names {
    Known(Vec<String>),
    /// One has no name.
    Missing,
    /// There can't be any.
    NoList,
}

fn names(conditions: &Value) -> Names {
    let name = |condition: &Value| match condition {
        Value::Object(fields) => fields.get("name").map(python::text),
        other => Some(python::text(other)),
    };
    let names: Option<Vec<_>> = match conditions {
        Value::Array(list) => list.iter().map(name).collect(),
        Value::Object(fields) => Some(fields.keys().cloned().collect()),
        Value::String(text) => Some(text.chars().map(String::from).collect()),
        other if python::is_truthy(other) => return Names::NoList,
        _ => Some(Vec::new()),
    };
    names.map_or(Names::Missing, Names::Known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shutdown_shows_its_phase_and_its_conditions() {
        for (report, text) in [
            (
                r#"{"phase": "p", "conditions": [{"name": "b"}, "a"]}"#,
                "AsyncShutdownTimeout | p | a,b",
            ),
            (r#"{"phase": "p"}"#, "AsyncShutdownTimeout | p | (none)"),
            (r#"{"conditions": [null, true]}"#, "AsyncShutdownTimeout | (unknown) | None,True"),
            (r#"{"phase": "p", "conditions": [{}]}"#, "AsyncShutdownTimeout | p | UNKNOWN"),
            ("{", "AsyncShutdownTimeout | UNKNOWN"),
            ("[]", ""),
            (r#"{"conditions": 1}"#, ""),
        ] {
            let crash = Crash { async_shutdown_timeout: Some(report), ..Crash::default() };
            let mut signature = Signature::default();
            timeout(&crash, &mut signature);
            assert_eq!(signature.text(), text, "{report}");
        }
    }
}
