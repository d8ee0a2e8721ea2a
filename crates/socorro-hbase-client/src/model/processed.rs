//! Processed JSON: what the processor made of a crash, checked before anything is written.
//!
//! For the fields that decide where a processed crash is found. All others are passed on unread.

use std::fmt;

use serde_json::Map;

use super::{
    json::{Object, Value},
    python_json,
};

/// The processed JSON of one crash, and what its fields say about storing it.
///
/// Text handed in is stored as it is, byte for byte. Three fields are read:
///
/// | field | value | when absent |
/// |---|---|---|
/// | `signature` | text of up to 31,000 bytes | found under `##null##`, as is `null` |
/// | `completeddatetime` | text | refused |
/// | `date_processed` | text | the queue row of a crash without timestamp isn't found |
///
/// ```
/// use socorro_hbase_client::ProcessedCrash;
///
/// let processed = ProcessedCrash::from_json(
///     r#"{"signature": "nsFoo::Bar", "completeddatetime": "2012-05-08 20:52:31.123456"}"#,
/// )?;
/// assert_eq!(processed.signature(), "nsFoo::Bar");
/// # Ok::<(), socorro_hbase_client::ProcessedError>(())
/// ```
#[doc(alias = "processed_json")]
#[derive(Clone, PartialEq, Eq)]
pub struct ProcessedCrash {
    json: Vec<u8>,
    signature: String,
    completed: String,
    date_processed: Option<String>,
}

/// Why processed JSON is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessedError {
    /// The fields can't be written as JSON.
    #[error("the processed crash can't be written as JSON")]
    NotJson(#[source] serde_json::Error),
    /// The text is no JSON object, or not a whole one.
    #[error("the processed crash is no JSON object, its fields can't be read")]
    NotAnObject,
    /// A required field is absent.
    #[error("the processed crash has no field {field}")]
    Missing {
        /// The field's name.
        field: &'static str,
    },
    /// A field has a value that can't be stored.
    #[error("the processed crash's field {field} {problem}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl ProcessedCrash {
    /// Checks processed JSON that is text already; exactly this text will be stored.
    ///
    /// # Errors
    ///
    /// [`ProcessedError`] names the field that can't be stored.
    pub fn from_json(text: impl Into<Vec<u8>>) -> Result<Self, ProcessedError> {
        let json = text.into();
        let object = Object::read(&json).filter(|object| object.broken_at().is_none());
        let object = object.ok_or(ProcessedError::NotAnObject)?;
        let signature = signature_of(&object)?;
        let completed = match read_text(&object, COMPLETED)? {
            None => return Err(ProcessedError::Missing { field: COMPLETED }),
            Some(text) if text.is_empty() => return Err(invalid(COMPLETED, "is empty")),
            Some(text) => text,
        };
        let date_processed = read_text(&object, DATE_PROCESSED)?;
        Ok(Self { json, signature, completed, date_processed })
    }

    /// Checks processed JSON that isn't text yet; it will be stored as Python's `json.dumps`
    /// writes it.
    ///
    /// # Errors
    ///
    /// [`ProcessedError`] names the field that can't be stored.
    pub fn from_fields(fields: &Map<String, serde_json::Value>) -> Result<Self, ProcessedError> {
        Self::from_json(python_json::to_string(fields).map_err(ProcessedError::NotJson)?)
    }

    /// The bytes that are stored.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Under which signature the crash is found: the JSON's, `##null##` or `##empty##`.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    pub(crate) fn completed(&self) -> &str {
        &self.completed
    }

    pub(crate) fn date_processed(&self) -> Option<&str> {
        self.date_processed.as_deref()
    }
}

impl ProcessedError {
    /// The field that is to blame, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Missing { field } | Self::Invalid { field, .. } => Some(field),
            Self::NotJson(_) | Self::NotAnObject => None,
        }
    }
}

const SIGNATURE: &str = "signature";
const COMPLETED: &str = "completeddatetime";
const DATE_PROCESSED: &str = "date_processed";

const NO_SIGNATURE: &str = "##null##";
const EMPTY_SIGNATURE: &str = "##empty##";
/// HBase's longest row key, less an ooid, and less what locating a row of a table takes.
const LONGEST_SIGNATURE: usize = 31_000;

fn signature_of(object: &Object<'_>) -> Result<String, ProcessedError> {
    let signature = match read_text(object, SIGNATURE)? {
        None => NO_SIGNATURE.to_owned(),
        Some(text) if text.is_empty() => EMPTY_SIGNATURE.to_owned(),
        Some(text) => text,
    };
    if signature.len() > LONGEST_SIGNATURE {
        let (length, limit) = (signature.len(), LONGEST_SIGNATURE);
        let problem = format!("has {length} bytes, a row key has room for {limit}");
        return Err(ProcessedError::Invalid { field: SIGNATURE, problem });
    }
    Ok(signature)
}

/// What can be read of a text.
fn read_text(object: &Object<'_>, field: &'static str) -> Result<Option<String>, ProcessedError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text) | Value::Garbled(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(field, "is no text")),
    }
}

fn invalid(field: &'static str, problem: &str) -> ProcessedError {
    ProcessedError::Invalid { field, problem: problem.to_owned() }
}

/// Without what a person has written into it: it may end up in a log.
impl fmt::Debug for ProcessedCrash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessedCrash")
            .field("json_bytes", &self.json.len())
            .field("signature", &self.signature)
            .field("completed", &self.completed)
            .field("date_processed", &self.date_processed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(extra: &serde_json::Value) -> Result<ProcessedCrash, ProcessedError> {
        let mut fields = json!({"completeddatetime": "2012-05-08 20:52:31"});
        let all = fields.as_object_mut().unwrap();
        all.extend(extra.as_object().unwrap().clone());
        ProcessedCrash::from_fields(all)
    }

    #[test]
    fn text_is_kept_byte_for_byte() {
        let text = "{ \"completeddatetime\":\"2012\",\n\"x\":\"\u{160}\" }\n";
        assert_eq!(ProcessedCrash::from_json(text).unwrap().json(), text.as_bytes());
    }

    #[test]
    fn a_signature_that_is_absent_or_empty_has_a_name() {
        assert_eq!(read(&json!({})).unwrap().signature(), "##null##");
        assert_eq!(read(&json!({"signature": null})).unwrap().signature(), "##null##");
        assert_eq!(read(&json!({"signature": ""})).unwrap().signature(), "##empty##");
    }

    #[test]
    fn a_field_that_cannot_be_stored_is_refused_by_name() {
        for (extra, field) in [
            (json!({"signature": 7}), "signature"),
            (json!({"signature": "x".repeat(31_001)}), "signature"),
            (json!({"completeddatetime": null}), "completeddatetime"),
            (json!({"completeddatetime": ""}), "completeddatetime"),
            (json!({"completeddatetime": 1}), "completeddatetime"),
            (json!({"date_processed": []}), "date_processed"),
        ] {
            assert_eq!(read(&extra).unwrap_err().field(), Some(field), "{extra}");
        }
        let error = ProcessedCrash::from_json("{}").unwrap_err();
        assert_eq!(error.to_string(), "the processed crash has no field completeddatetime");
    }

    #[test]
    fn text_that_is_no_json_object_is_refused() {
        for text in ["MDMP", "[]", "{\"completeddatetime\": \"2012\""] {
            let refused = ProcessedCrash::from_json(text);
            assert!(matches!(refused, Err(ProcessedError::NotAnObject)), "{text}");
        }
    }
}
