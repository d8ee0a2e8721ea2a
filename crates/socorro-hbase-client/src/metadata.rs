//! Crash metadata: the JSON that the collector received, checked before anything is written.
//!
//! For reading the four fields that decide where a crash is indexed and counted, and refusing
//! what would break a key halfway through a submission. All other fields are passed on unread.

use serde_json::{Map, Value};

use crate::{
    fields::{HangId, LegacyProcessing, ProcessType},
    ooid::OoidError,
    python_json,
    timestamp::SubmittedTimestamp,
};

/// The metadata of one crash: a JSON object, and what its fields say about storing it.
///
/// Socorro stores the text as it comes, so text handed in stays as it is, byte for byte. Four
/// fields are read:
///
/// | field | value | when absent |
/// |---|---|---|
/// | `submitted_timestamp` | see [`SubmittedTimestamp`] | refused |
/// | `legacy_processing` | 0, 1 or 2, as a number or as text | 0 |
/// | `HangID` | a UUID in lower case | the crash is no hang |
/// | `ProcessType` | 1 to 64 ASCII letters, digits, `-`, `_` | `default` |
///
/// ```
/// use socorro_hbase_client::CrashMetadata;
///
/// let metadata = CrashMetadata::from_json(
///     r#"{"ProductName": "Firefox", "submitted_timestamp": "2012-05-08T20:50:50+00:00"}"#,
/// )?;
/// assert!(metadata.process_type().is_default());
/// # Ok::<(), socorro_hbase_client::MetadataError>(())
/// ```
#[doc(alias = "json_data")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashMetadata {
    json: String,
    submitted: SubmittedTimestamp,
    legacy_processing: LegacyProcessing,
    hang_id: Option<HangId>,
    process_type: ProcessType,
}

/// Why metadata is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The text isn't JSON.
    #[error("the metadata isn't JSON")]
    NotJson(#[source] serde_json::Error),
    /// The text is JSON, but no object.
    #[error("the metadata is no JSON object, its fields can't be read")]
    NotAnObject,
    /// A required field is absent.
    #[error("the metadata has no field {field}")]
    Missing {
        /// The field's name.
        field: &'static str,
    },
    /// A field has a value that can't be stored.
    #[error("the metadata's field {field} is {found}, but {expected}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// Its value as JSON, shortened.
        found: String,
        /// What it should be.
        expected: String,
    },
}

impl CrashMetadata {
    /// Checks metadata that is JSON text already; exactly this text will be stored.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] names the field that can't be stored.
    pub fn from_json(text: impl Into<String>) -> Result<Self, MetadataError> {
        let json = text.into();
        match serde_json::from_str(&json).map_err(MetadataError::NotJson)? {
            Value::Object(fields) => Self::new(&fields, json),
            _ => Err(MetadataError::NotAnObject),
        }
    }

    /// Checks metadata that isn't text yet; it will be stored as Python's `json.dumps` writes it.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] names the field that can't be stored.
    ///
    /// ```
    /// use serde_json::json;
    /// use socorro_hbase_client::CrashMetadata;
    ///
    /// let fields = json!({"submitted_timestamp": "2012-05-08T20:50:50Z", "Vendor": "Škoda"});
    /// let metadata = CrashMetadata::from_fields(fields.as_object().unwrap())?;
    /// assert!(metadata.json().starts_with(r#"{"Vendor": "\u0160koda", "#));
    /// # Ok::<(), socorro_hbase_client::MetadataError>(())
    /// ```
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, MetadataError> {
        let json = python_json::to_string(fields).map_err(MetadataError::NotJson)?;
        Self::new(fields, json)
    }

    /// The JSON text that is stored.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// When the crash was submitted.
    pub fn submitted(&self) -> &SubmittedTimestamp {
        &self.submitted
    }

    /// What the throttler decided.
    pub fn legacy_processing(&self) -> LegacyProcessing {
        self.legacy_processing
    }

    /// Which hang the crash is one half of, if it is.
    pub fn hang_id(&self) -> Option<&HangId> {
        self.hang_id.as_ref()
    }

    /// Which kind of process crashed.
    pub fn process_type(&self) -> &ProcessType {
        &self.process_type
    }

    fn new(fields: &Map<String, Value>, json: String) -> Result<Self, MetadataError> {
        Ok(Self {
            json,
            submitted: read_submitted(fields)?,
            legacy_processing: read_legacy_processing(fields)?,
            hang_id: read_hang_id(fields)?,
            process_type: read_process_type(fields)?,
        })
    }
}

impl MetadataError {
    /// The field that is to blame, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Missing { field } | Self::Invalid { field, .. } => Some(field),
            Self::NotJson(_) | Self::NotAnObject => None,
        }
    }
}

const SUBMITTED_TIMESTAMP: &str = "submitted_timestamp";
const LEGACY_PROCESSING: &str = "legacy_processing";
const HANG_ID: &str = "HangID";
const PROCESS_TYPE: &str = "ProcessType";

fn read_submitted(fields: &Map<String, Value>) -> Result<SubmittedTimestamp, MetadataError> {
    read_text(fields, SUBMITTED_TIMESTAMP, str::parse)?
        .ok_or(MetadataError::Missing { field: SUBMITTED_TIMESTAMP })
}

fn read_hang_id(fields: &Map<String, Value>) -> Result<Option<HangId>, MetadataError> {
    read_text(fields, HANG_ID, |text| {
        text.parse().map_err(|error| match error {
            OoidError::UpperCase { .. } => "a hang id is a UUID in lower case",
            _ => "a hang id is a UUID, 36 characters in groups of 8-4-4-4-12",
        })
    })
}

fn read_process_type(fields: &Map<String, Value>) -> Result<ProcessType, MetadataError> {
    Ok(read_text(fields, PROCESS_TYPE, str::parse)?.unwrap_or_default())
}

fn read_legacy_processing(fields: &Map<String, Value>) -> Result<LegacyProcessing, MetadataError> {
    let Some(value) = fields.get(LEGACY_PROCESSING) else { return Ok(LegacyProcessing::default()) };
    legacy_processing_of(value)
        .ok_or_else(|| invalid(LEGACY_PROCESSING, value, &"0, 1 or 2 is expected"))
}

fn legacy_processing_of(value: &Value) -> Option<LegacyProcessing> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        // A sign, blanks or leading zeros would be another text in the counter's name.
        Value::String(text) if text.len() == 1 => text.parse().ok(),
        _ => None,
    };
    number.and_then(LegacyProcessing::from_number)
}

/// What metadata that somebody else stored says; `None` where it can't have been counted.
pub(crate) fn stored_legacy_processing(fields: &Map<String, Value>) -> Option<LegacyProcessing> {
    fields.get(LEGACY_PROCESSING).map_or(Some(LegacyProcessing::default()), legacy_processing_of)
}

/// As [`stored_legacy_processing`].
pub(crate) fn stored_process_type(fields: &Map<String, Value>) -> &str {
    fields.get(PROCESS_TYPE).and_then(Value::as_str).unwrap_or(ProcessType::DEFAULT)
}

fn read_text<T, E: ToString>(
    fields: &Map<String, Value>,
    field: &'static str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, MetadataError> {
    let Some(value) = fields.get(field) else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| invalid(field, value, &"text is expected"))?;
    parse(text).map(Some).map_err(|error| invalid(field, value, &error))
}

fn invalid(field: &'static str, value: &Value, expected: &impl ToString) -> MetadataError {
    const SHOWN: usize = 60;
    let whole = value.to_string();
    let shown: String = whole.chars().take(SHOWN).collect();
    let found = if shown.len() < whole.len() { shown + "…" } else { shown };
    MetadataError::Invalid { field, found, expected: expected.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HANG: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";

    fn read(extra: &Value) -> Result<CrashMetadata, MetadataError> {
        let mut fields = json!({"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00"});
        let all = fields.as_object_mut().unwrap();
        all.extend(extra.as_object().unwrap().clone());
        CrashMetadata::from_fields(all)
    }

    fn refused_field(extra: &Value) -> Option<&'static str> {
        read(extra).unwrap_err().field()
    }

    #[test]
    fn text_is_kept_byte_for_byte() {
        let text =
            "{ \"submitted_timestamp\":\"2012-05-08T20:50:50Z\",\n\"Vendor\":\"\u{0160}\" }\n";
        assert_eq!(CrashMetadata::from_json(text).unwrap().json(), text);
    }

    #[test]
    fn fields_that_are_absent_mean_an_accepted_crash_of_the_main_process() {
        let metadata = read(&json!({})).unwrap();
        assert_eq!(metadata.legacy_processing(), LegacyProcessing::Accept);
        assert_eq!(metadata.hang_id(), None);
        assert!(metadata.process_type().is_default());
    }

    #[test]
    fn a_missing_submitted_timestamp_is_refused_by_name() {
        let error = CrashMetadata::from_json("{}").unwrap_err();
        assert_eq!(error.to_string(), "the metadata has no field submitted_timestamp");
    }

    #[test]
    fn legacy_processing_may_be_a_number_or_its_text() {
        for (value, expected) in [
            (json!(0), LegacyProcessing::Accept),
            (json!(1), LegacyProcessing::Defer),
            (json!(2), LegacyProcessing::Discard),
            (json!("0"), LegacyProcessing::Accept),
            (json!("1"), LegacyProcessing::Defer),
        ] {
            let metadata = read(&json!({"legacy_processing": value})).unwrap();
            assert_eq!(metadata.legacy_processing(), expected, "{value}");
        }
    }

    #[test]
    fn any_other_legacy_processing_is_refused_by_name() {
        for value in [json!(3), json!(-1), json!(0.5), json!("+1"), json!(""), json!("x")] {
            assert_eq!(
                refused_field(&json!({"legacy_processing": value})),
                Some("legacy_processing")
            );
        }
        for value in [json!(null), json!(true), json!([0]), json!({})] {
            assert_eq!(
                refused_field(&json!({"legacy_processing": value})),
                Some("legacy_processing")
            );
        }
    }

    #[test]
    fn a_hang_id_is_a_uuid_in_lower_case() {
        let metadata = read(&json!({"HangID": HANG})).unwrap();
        assert_eq!(metadata.hang_id().map(HangId::as_str), Some(HANG));
    }

    #[test]
    fn a_hang_id_that_would_break_a_row_key_is_refused_by_name() {
        for value in [json!(""), json!("x"), json!(HANG.to_uppercase()), json!(7), json!(null)] {
            assert_eq!(refused_field(&json!({"HangID": value})), Some("HangID"));
        }
    }

    #[test]
    fn a_process_type_that_would_break_a_column_is_refused_by_name() {
        let long = "x".repeat(65);
        for value in ["", " ", "plug in", "plugin\n", "a:b", "plügin", long.as_str()] {
            assert_eq!(refused_field(&json!({"ProcessType": value})), Some("ProcessType"));
        }
        assert_eq!(refused_field(&json!({"ProcessType": 1})), Some("ProcessType"));
    }

    #[test]
    fn a_refusal_shows_the_value_and_what_is_expected() {
        let error = read(&json!({"legacy_processing": 7})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the metadata's field legacy_processing is 7, but 0, 1 or 2 is expected"
        );
    }

    #[test]
    fn a_refusal_shortens_a_long_value() {
        let error = read(&json!({"HangID": "é".repeat(1000)})).unwrap_err();
        assert!(error.to_string().chars().count() < 200, "{error}");
    }

    #[test]
    fn text_that_is_no_json_object_is_refused() {
        assert!(matches!(CrashMetadata::from_json("MDMP"), Err(MetadataError::NotJson(_))));
        assert!(matches!(CrashMetadata::from_json("[]"), Err(MetadataError::NotAnObject)));
    }
}
