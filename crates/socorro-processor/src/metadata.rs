//! The metadata of a crash as the processor reads it: whatever there is, and a note if that is odd.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::lenient;

/// What a collector received beside the dumps: of however many annotations, those that are asked for.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    fields: BTreeMap<&'static str, Value>,
}

/// Bytes of an annotation that is a list or an object, or the text of one. It takes many times as much memory.
pub(crate) const LONGEST_NESTED: usize = 1 << 20;

impl Metadata {
    /// Reads the annotations of these names; what can't be read is as if it weren't there, and noted.
    pub(crate) fn read(
        bytes: Option<&[u8]>,
        names: &[&'static str],
        notes: &mut Vec<String>,
    ) -> Self {
        let Some(bytes) = bytes else {
            notes.push("the crash has no metadata".to_owned());
            return Self::default();
        };
        let text = String::from_utf8_lossy(bytes);
        let (repaired, mut is_repaired);
        let found = match find(&text, names) {
            Err(error) if !error.is_data() => {
                repaired = lenient::repair(&text);
                is_repaired = true;
                find(&repaired, names).map_err(|_| error)
            }
            found => {
                is_repaired = false;
                found
            }
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                notes.push(if error.is_data() {
                    "the metadata is no JSON object".to_owned()
                } else {
                    format!("the metadata is no JSON: {error}")
                });
                return Self::default();
            }
        };
        let mut fields = BTreeMap::new();
        for (name, raw) in found {
            let text = raw.get();
            if text.starts_with(['[', '{']) && text.len() > LONGEST_NESTED {
                notes.push(format!(
                    "{name} is a list or an object of {} bytes: left out",
                    text.len()
                ));
                continue;
            }
            let value = serde_json::from_str(text).unwrap_or_else(|_| {
                is_repaired = true;
                serde_json::from_str(&lenient::repair(text)).unwrap_or_default()
            });
            fields.insert(name, value);
        }
        if is_repaired {
            notes.push("the metadata has values or characters that JSON doesn't have".to_owned());
        }
        Self { fields }
    }

    /// Takes a field's value, null if it is absent.
    pub(crate) fn take(&mut self, name: &str) -> Value {
        self.fields.remove(name).unwrap_or_default()
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

/// The values of the fields that have one of these names; of two of one name the later one.
fn find<'a>(
    text: &'a str,
    names: &[&'static str],
) -> serde_json::Result<BTreeMap<&'static str, &'a RawValue>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = deserializer.deserialize_map(Named(names))?;
    deserializer.end()?;
    Ok(found)
}

struct Named<'a>(&'a [&'static str]);

impl<'de> Visitor<'de> for Named<'_> {
    type Value = BTreeMap<&'static str, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            match self.0.iter().find(|name| **name == key) {
                Some(name) => drop(found.insert(*name, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}
