//! The annotations of a crash report on its way to becoming metadata: members of a JSON object that
//! can be added, replaced and removed, while all others keep their bytes.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value as JsonValue;

use super::{
    json::{Object, shown, text_between_quotes},
    metadata_error::MetadataError,
    python_json,
};

/// What a crash reporter says of a crash: names and JSON values, in the order in which they came.
///
/// A value keeps its bytes, whatever a strict parser thinks of it: large numbers, `NaN`, lone
/// surrogates. A name stands once; of several values the last one counts, as in Python.
///
/// ```
/// use socorro_hbase_client::{Annotations, CrashMetadata};
///
/// let mut annotations = Annotations::from_json(br#"{"Uptime": 1e0, "Email": "a@example.org"}"#)?;
/// annotations.remove("Email");
/// annotations.set("ProductName", "Firefox");
/// assert_eq!(annotations.to_json(), br#"{"Uptime": 1e0, "ProductName": "Firefox"}"#);
/// assert_eq!(annotations.text("ProductName").as_deref(), Some("Firefox"));
/// CrashMetadata::from_json(annotations.to_json())?;
/// # Ok::<(), socorro_hbase_client::MetadataError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Names as they stand between their quotes, and values as they stand in the text.
    members: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Annotations {
    /// Reads a JSON object, as Python's `json.loads` does, which also takes `NaN` and `Infinity`.
    ///
    /// # Errors
    ///
    /// [`MetadataError::NotAnObject`] if it is something else of JSON; [`MetadataError::NotJson`] if it
    /// isn't JSON, or has more than 10,000 members.
    pub fn from_json(text: &[u8]) -> Result<Self, MetadataError> {
        let not_json =
            |error: serde_json::Error| MetadataError::NotJson { problem: error.to_string() };
        let strict = without_python_numbers(text);
        serde_json::from_slice::<IgnoredAny>(&strict).map_err(not_json)?;
        if strict.trim_ascii_start().first() != Some(&b'{') {
            return Err(MetadataError::NotAnObject);
        }
        serde_json::from_slice::<FewMembers>(&strict).map_err(not_json)?;
        let object = Object::read(text).ok_or(MetadataError::NotAnObject)?;
        if let Some(at) = object.broken_at() {
            return Err(MetadataError::Broken { at });
        }
        let mut members: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (name, value) in object.members() {
            match places.entry(text_between_quotes(name)) {
                Entry::Occupied(place) => members[*place.get()].1 = value.to_vec(),
                Entry::Vacant(place) => {
                    place.insert(members.len());
                    members.push((name.to_vec(), value.to_vec()));
                }
            }
        }
        Ok(Self { members })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is a value of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.members.iter().any(|(found, _)| is_name(found, name))
    }

    /// The value of this name as text: that of a string, or a number or word as it stands there;
    /// `None` if it is absent or an object or a list. What isn't Unicode is replaced.
    pub fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.members.iter().find(|(found, _)| is_name(found, name))?;
        shown(value)
    }

    /// Adds a text, in place of what stood under this name.
    pub fn set(&mut self, name: &str, text: &str) {
        self.set_json(name, &JsonValue::from(text));
    }

    /// Adds a text of bytes that may not be UTF-8: those that aren't are written as Python's
    /// `surrogateescape` does, so that nothing is lost. Says whether all were UTF-8.
    pub fn set_bytes(&mut self, name: &str, bytes: &[u8]) -> bool {
        let mut value = Vec::with_capacity(bytes.len() + 2);
        let mut is_text = true;
        value.push(b'"');
        for chunk in bytes.utf8_chunks() {
            value.extend(quoted(chunk.valid()));
            for byte in chunk.invalid() {
                is_text = false;
                value.extend(format!("\\udc{byte:02x}").into_bytes());
            }
        }
        value.push(b'"');
        self.put(name, value);
        is_text
    }

    /// Adds a JSON value, in place of what stood under this name.
    pub fn set_json(&mut self, name: &str, value: &JsonValue) {
        // A value in memory can always be written.
        let value = python_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
        self.put(name, value.into_bytes());
    }

    /// Adds all annotations of another report, in place of those of the same names.
    pub fn extend(&mut self, others: Self) {
        // Not looked for one by one: a stranger may send very many.
        let names = self.members.iter().map(|(name, _)| text_between_quotes(name));
        let mut places: HashMap<String, usize> = names.zip(0..).collect();
        for (name, value) in others.members {
            match places.entry(text_between_quotes(&name)) {
                Entry::Occupied(place) => self.members[*place.get()].1 = value,
                Entry::Vacant(place) => {
                    let name = quoted(place.key());
                    place.insert(self.members.len());
                    self.members.push((name, value));
                }
            }
        }
    }

    /// Removes what stands under this name; says whether there was something.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.members.len();
        self.members.retain(|(found, _)| !is_name(found, name));
        self.members.len() < before
    }

    /// The JSON object, as Python's `json.dumps` spaces it.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        json.push(b'{');
        for (position, (name, value)) in self.members.iter().enumerate() {
            json.extend(if position > 0 { &b", \""[..] } else { b"\"" });
            json.extend(name);
            json.extend(b"\": ");
            json.extend(value);
        }
        json.push(b'}');
        json
    }

    fn put(&mut self, name: &str, value: Vec<u8>) {
        match self.members.iter_mut().find(|(found, _)| is_name(found, name)) {
            Some((_, old)) => *old = value,
            None => self.members.push((quoted(name), value)),
        }
    }
}

impl fmt::Debug for Annotations {
    /// Names alone: values may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.members.iter().map(|(name, _)| String::from_utf8_lossy(name));
        f.debug_tuple("Annotations").field(&names.collect::<Vec<_>>()).finish()
    }
}

/// Whether a name as it stands in a text is this one.
fn is_name(found: &[u8], name: &str) -> bool {
    found == name.as_bytes() || found.contains(&b'\\') && text_between_quotes(found) == name
}

/// A text as it stands between quotes.
fn quoted(text: &str) -> Vec<u8> {
    let json = python_json::to_string(&text).unwrap_or_default().into_bytes();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// An object of no more members than a report has in earnest: each takes memory.
struct FewMembers;

const MOST_MEMBERS: usize = 10_000;

impl<'de> Deserialize<'de> for FewMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for FewMembers {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MOST_MEMBERS} members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut count = 0;
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count += 1;
            if count > MOST_MEMBERS {
                return Err(serde::de::Error::invalid_length(count, &self));
            }
        }
        Ok(self)
    }
}

/// The text with another number in place of each word that Python takes for one.
fn without_python_numbers(text: &[u8]) -> Vec<u8> {
    let mut strict = Vec::with_capacity(text.len());
    let (mut at, mut in_string) = (0, false);
    while let Some(&byte) = text.get(at) {
        let word = if in_string {
            None
        } else {
            let words = [&b"NaN"[..], b"-Infinity", b"Infinity"];
            words.into_iter().find(|word| text[at..].starts_with(word))
        };
        match (word, byte) {
            (Some(word), _) => {
                strict.push(b'0');
                at += word.len();
                continue;
            }
            (None, b'"') => in_string = !in_string,
            (None, b'\\') if in_string => {
                strict.push(byte);
                at += 1;
                if let Some(&escaped) = text.get(at) {
                    strict.push(escaped);
                    at += 1;
                }
                continue;
            }
            (None, _) => {}
        }
        strict.push(byte);
        at += 1;
    }
    strict
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &[u8]) -> Annotations {
        Annotations::from_json(text).unwrap()
    }

    #[test]
    fn values_keep_their_bytes() {
        let text = br#"{"a": 12345678901234567890123, "b": NaN, "c": "\ud83d", "d": [1.50, {"x": -Infinity}]}"#;
        assert_eq!(read(text).to_json(), text);
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for text in
            ["{\"a\": zzz}", "{\"a\": }", "{\"a\" 1}", "{a: 1}", "{\"a\": 1,}", "", "{\"a\": 1} x"]
        {
            let found = Annotations::from_json(text.as_bytes());
            assert!(matches!(found, Err(MetadataError::NotJson { .. })), "{text}: {found:?}");
        }
        for text in ["[]", "1", "\"x\"", "null"] {
            assert_eq!(Annotations::from_json(text.as_bytes()), Err(MetadataError::NotAnObject));
        }
        let nested = [b"{\"a\":".as_slice(), &vec![b'['; 100_000]].concat();
        assert!(Annotations::from_json(&nested).is_err());
        let many: Vec<_> = (0..10_001).map(|member| format!("\"{member}\": 1")).collect();
        assert!(Annotations::from_json(format!("{{{}}}", many.join(",")).as_bytes()).is_err());
    }

    #[test]
    fn the_last_of_several_values_counts() {
        assert_eq!(read(br#"{"a": 1, "b": 2, "\u0061": 3}"#).to_json(), br#"{"a": 3, "b": 2}"#);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let mut annotations = Annotations::default();
        assert!(!annotations.set_bytes("a", b"caf\xe9 \xc3\xa9"));
        assert_eq!(annotations.to_json(), br#"{"a": "caf\udce9 \u00e9"}"#);
        assert!(annotations.set_bytes("a", "café".as_bytes()));
        assert_eq!(annotations.text("a").as_deref(), Some("café"));
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let mut annotations = read("{\"\\u00e9\": 1, \"\u{e9}x\": \"2\"}".as_bytes());
        assert_eq!(annotations.text("é").as_deref(), Some("1"));
        assert_eq!(annotations.text("éx").as_deref(), Some("2"));
        assert!(annotations.remove("éx") && !annotations.contains("éx"));
        annotations.set("é", "3");
        assert_eq!(annotations.len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_set_is_read(values in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..8)) {
            let mut annotations = Annotations::default();
            for (name, value) in &values {
                annotations.set(name, value);
            }
            let strict: serde_json::Value = serde_json::from_slice(&annotations.to_json()).unwrap();
            prop_assert_eq!(strict, json!(values));
            for (name, value) in &values {
                prop_assert_eq!(annotations.text(name), Some(value.clone()));
            }
            prop_assert_eq!(read(&annotations.to_json()), annotations);
        }

        #[test]
        fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let object = [b"{\"a\":".as_slice(), &bytes, b"}"].concat();
            if let Ok(annotations) = Annotations::from_json(&object) {
                prop_assert_eq!(read(&annotations.to_json()), annotations);
            }
        }
    }
}
