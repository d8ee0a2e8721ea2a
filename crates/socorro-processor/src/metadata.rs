//! The metadata of a crash as the processor reads it: whatever there is, and a note if that is odd.

use serde_json::{Map, Value};

use crate::lenient;

/// What a collector received beside the dumps.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    fields: Map<String, Value>,
}

impl Metadata {
    /// Reads metadata; what can't be read is as if it weren't there, and noted.
    pub(crate) fn read(bytes: Option<&[u8]>, notes: &mut Vec<String>) -> Self {
        let Some(bytes) = bytes else {
            notes.push("the crash has no metadata".to_owned());
            return Self::default();
        };
        let text = String::from_utf8_lossy(bytes);
        let value = serde_json::from_str(&text).or_else(|error| {
            let repaired = serde_json::from_str(&lenient::repair(&text)).map_err(|_| error)?;
            notes.push("the metadata has values or characters that JSON doesn't have".to_owned());
            Ok::<_, serde_json::Error>(repaired)
        });
        match value {
            Ok(Value::Object(fields)) => return Self { fields },
            Ok(_) => notes.push("the metadata is no JSON object".to_owned()),
            Err(error) => notes.push(format!("the metadata is no JSON: {error}")),
        }
        Self::default()
    }

    /// Returns a field's value, null if it is absent.
    pub(crate) fn value(&self, name: &str) -> Value {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// Returns a field as text, if it is a text that isn't empty, or a number.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns a field as seconds.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        let text = text.trim();
        text.parse()
            .ok()
            .or_else(|| text.parse().ok().filter(|it: &f64| it.is_finite()).map(|it| it as i64))
    }
}
