//! Processed JSON: what the processor made of a crash, checked before anything is written.
//!
//! For the fields that decide where a processed crash is found. All others are passed on unread.

use serde_json::{Map, Value};

use crate::{ooid::Ooid, python_json};

/// The processed JSON of one crash, and what its fields say about storing it.
///
/// Text handed in is stored as it is, byte for byte. Three fields are read:
///
/// | field | value | when absent |
/// |---|---|---|
/// | `signature` | text of up to 32,731 bytes | found under `##null##`, as is `null` |
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessedCrash {
    json: String,
    signature: String,
    completed: String,
    date_processed: Option<String>,
}

/// Why processed JSON is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessedError {
    /// The text isn't JSON.
    #[error("the processed crash isn't JSON")]
    NotJson(#[source] serde_json::Error),
    /// The text is JSON, but no object.
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
    pub fn from_json(text: impl Into<String>) -> Result<Self, ProcessedError> {
        let json = text.into();
        match serde_json::from_str(&json).map_err(ProcessedError::NotJson)? {
            Value::Object(fields) => Self::new(&fields, json),
            _ => Err(ProcessedError::NotAnObject),
        }
    }

    /// Checks processed JSON that isn't text yet; it will be stored as Python's `json.dumps`
    /// writes it.
    ///
    /// # Errors
    ///
    /// [`ProcessedError`] names the field that can't be stored.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, ProcessedError> {
        let json = python_json::to_string(fields).map_err(ProcessedError::NotJson)?;
        Self::new(fields, json)
    }

    /// The JSON text that is stored.
    pub fn json(&self) -> &str {
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

    fn new(fields: &Map<String, Value>, json: String) -> Result<Self, ProcessedError> {
        let signature = match read_text(fields, SIGNATURE)? {
            None => NO_SIGNATURE.to_owned(),
            Some("") => EMPTY_SIGNATURE.to_owned(),
            Some(text) => text.to_owned(),
        };
        if signature.len() > LONGEST_SIGNATURE {
            let (length, limit) = (signature.len(), LONGEST_SIGNATURE);
            let problem = format!("has {length} bytes, a row key has room for {limit}");
            return Err(ProcessedError::Invalid { field: SIGNATURE, problem });
        }
        let completed = match read_text(fields, COMPLETED)? {
            None => return Err(ProcessedError::Missing { field: COMPLETED }),
            Some("") => return Err(invalid(COMPLETED, "is empty")),
            Some(text) => text.to_owned(),
        };
        let date_processed = read_text(fields, DATE_PROCESSED)?.map(str::to_owned);
        Ok(Self { json, signature, completed, date_processed })
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
/// HBase's longest row key, less an ooid.
const LONGEST_SIGNATURE: usize = 32_767 - 36;

/// Signature, ooid: not salted, so that the crashes of a signature lie together.
pub(crate) fn signature_row(signature: &[u8], ooid: &Ooid) -> Vec<u8> {
    [signature, ooid.as_str().as_bytes()].concat()
}

fn read_text<'a>(
    fields: &'a Map<String, Value>,
    field: &'static str,
) -> Result<Option<&'a str>, ProcessedError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(field, "is no text")),
    }
}

fn invalid(field: &'static str, problem: &str) -> ProcessedError {
    ProcessedError::Invalid { field, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(extra: &Value) -> Result<ProcessedCrash, ProcessedError> {
        let mut fields = json!({"completeddatetime": "2012-05-08 20:52:31"});
        let all = fields.as_object_mut().unwrap();
        all.extend(extra.as_object().unwrap().clone());
        ProcessedCrash::from_fields(all)
    }

    #[test]
    fn text_is_kept_byte_for_byte() {
        let text = "{ \"completeddatetime\":\"2012\",\n\"x\":\"\u{160}\" }\n";
        assert_eq!(ProcessedCrash::from_json(text).unwrap().json(), text);
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
            (json!({"signature": "x".repeat(32_732)}), "signature"),
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
    fn the_longest_signature_makes_the_longest_row_key() {
        let ooid = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse().unwrap();
        let processed = read(&json!({"signature": "x".repeat(32_731)})).unwrap();
        assert_eq!(signature_row(processed.signature().as_bytes(), &ooid).len(), 32_767);
    }

    #[test]
    fn text_that_is_no_json_object_is_refused() {
        assert!(matches!(ProcessedCrash::from_json("MDMP"), Err(ProcessedError::NotJson(_))));
        assert!(matches!(ProcessedCrash::from_json("[]"), Err(ProcessedError::NotAnObject)));
    }
}
