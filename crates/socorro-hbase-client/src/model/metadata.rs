//! Crash metadata: the JSON that the collector received, kept byte for byte.
//!
//! For reading the four fields that decide where a crash is indexed and counted. What can't be read
//! of them is unknown: the crash is stored all the same, and its problems are listed.

use std::fmt;

use serde_json::Map;
use time::OffsetDateTime;

use super::{
    fields::{HangId, LegacyProcessing, ProcessType},
    json::Object,
    metadata_error::MetadataError,
    metadata_fields::{Field, MetadataFields, SUBMITTED_TIMESTAMP},
    python_json,
    timestamp::SubmittedTimestamp,
};

/// The metadata of one crash: a JSON object, and what its fields say about storing it.
///
/// Socorro stores the text as it comes, so bytes handed in stay as they are. Four fields are read:
///
/// | field | value | when absent |
/// |---|---|---|
/// | `submitted_timestamp` | see [`SubmittedTimestamp`] | unknown |
/// | `legacy_processing` | 0, 1 or 2, as a number or as text; `false` and `true` are 0 and 1 | 0 |
/// | `HangID` | text of 1 to 512 bytes | the crash is no hang |
/// | `ProcessType` | text of up to 256 bytes | `default` |
///
/// A field with another value is unknown, and listed by [`problems`](Self::problems). A submission
/// is then indexed by what is sound: an unknown time is that of the ooid's date, an unknown
/// `legacy_processing` waits in the queues as if it were 0. [`strict`](Self::strict) refuses instead.
///
/// ```
/// use socorro_hbase_client::CrashMetadata;
///
/// let metadata = CrashMetadata::from_json(
///     r#"{"ProductName": "Firefox", "submitted_timestamp": "2012-05-08T20:50:50+00:00"}"#,
/// )?;
/// assert!(metadata.process_type().is_default());
/// assert!(metadata.problems().is_empty());
/// # Ok::<(), socorro_hbase_client::MetadataError>(())
/// ```
#[doc(alias = "json_data")]
#[derive(Clone, PartialEq, Eq)]
pub struct CrashMetadata {
    json: Vec<u8>,
    submitted: Option<SubmittedTimestamp>,
    legacy_processing: Option<LegacyProcessing>,
    hang_id: Option<HangId>,
    process_type: ProcessType,
    problems: Vec<MetadataError>,
}

impl CrashMetadata {
    /// Reads metadata that is JSON text already; exactly these bytes will be stored.
    ///
    /// # Errors
    ///
    /// [`MetadataError::NotAnObject`]. Everything else that is wrong is listed by
    /// [`problems`](Self::problems).
    pub fn from_json(text: impl Into<Vec<u8>>) -> Result<Self, MetadataError> {
        let json = text.into();
        let fields = MetadataFields::read(&json).ok_or(MetadataError::NotAnObject)?;
        Ok(Self::new(json, fields))
    }

    /// As [`from_json`](Self::from_json); text without the field `submitted_timestamp` gets it with
    /// this time, in front of all others, and is not changed otherwise.
    ///
    /// # Errors
    ///
    /// [`MetadataError::NotAnObject`].
    ///
    /// ```
    /// use socorro_hbase_client::{CrashMetadata, time::OffsetDateTime};
    ///
    /// let metadata = CrashMetadata::from_json_at(r#"{"a": 1e0}"#, OffsetDateTime::UNIX_EPOCH)?;
    /// let expected = r#"{"submitted_timestamp": "1970-01-01T00:00:00.000000+00:00", "a": 1e0}"#;
    /// assert_eq!(metadata.json(), expected.as_bytes());
    /// # Ok::<(), socorro_hbase_client::MetadataError>(())
    /// ```
    pub fn from_json_at(
        text: impl Into<Vec<u8>>,
        time: OffsetDateTime,
    ) -> Result<Self, MetadataError> {
        let mut json = text.into();
        let object = Object::read(&json).ok_or(MetadataError::NotAnObject)?;
        if object.raw(SUBMITTED_TIMESTAMP).is_none() {
            let (begin, has_others) = object.begin();
            let separator = if has_others { ", " } else { "" };
            let time = SubmittedTimestamp::from(time);
            let field = format!("\"{SUBMITTED_TIMESTAMP}\": \"{time}\"{separator}");
            json.splice(begin..begin, field.into_bytes());
        }
        Self::from_json(json)
    }

    /// Reads metadata that isn't text yet; it will be stored as Python's `json.dumps` writes it.
    ///
    /// # Errors
    ///
    /// [`MetadataError::NotJson`].
    ///
    /// ```
    /// use serde_json::json;
    /// use socorro_hbase_client::CrashMetadata;
    ///
    /// let fields = json!({"submitted_timestamp": "2012-05-08T20:50:50Z", "Vendor": "Škoda"});
    /// let metadata = CrashMetadata::from_fields(fields.as_object().unwrap())?;
    /// assert!(metadata.json().starts_with(br#"{"Vendor": "\u0160koda", "#));
    /// # Ok::<(), socorro_hbase_client::MetadataError>(())
    /// ```
    pub fn from_fields(fields: &Map<String, serde_json::Value>) -> Result<Self, MetadataError> {
        let not_json =
            |error: serde_json::Error| MetadataError::NotJson { problem: error.to_string() };
        Self::from_json(python_json::to_string(fields).map_err(not_json)?)
    }

    /// Returns the metadata if nothing is wrong with it, and a strict JSON parser takes it too.
    ///
    /// # Errors
    ///
    /// The first of its problems.
    pub fn strict(self) -> Result<Self, MetadataError> {
        if let Some(problem) = self.problems.into_iter().next() {
            return Err(problem);
        }
        let whole: Result<serde_json::Value, _> = serde_json::from_slice(&self.json);
        match whole {
            Ok(_) => Ok(Self { problems: Vec::new(), ..self }),
            Err(error) => Err(MetadataError::NotJson { problem: error.to_string() }),
        }
    }

    /// The bytes that are stored.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Looks a field of the metadata up: its text; `None` if it is absent, or no text that can be
    /// read exactly.
    pub fn text(&self, field: &str) -> Option<String> {
        Object::read(&self.json)?.text(field)
    }

    /// When the crash was submitted; `None` if that is unknown.
    pub fn submitted(&self) -> Option<&SubmittedTimestamp> {
        self.submitted.as_ref()
    }

    /// What the throttler decided; `None` if that is unknown.
    pub fn legacy_processing(&self) -> Option<LegacyProcessing> {
        self.legacy_processing
    }

    /// Which hang the crash is one half of, if it is known to be.
    pub fn hang_id(&self) -> Option<&HangId> {
        self.hang_id.as_ref()
    }

    /// Which kind of process crashed; `default` too if that is unknown.
    pub fn process_type(&self) -> &ProcessType {
        &self.process_type
    }

    /// What couldn't be read, each field once.
    pub fn problems(&self) -> &[MetadataError] {
        &self.problems
    }

    fn new(json: Vec<u8>, fields: MetadataFields) -> Self {
        let MetadataFields { submitted, legacy_processing, hang_id, process_type, broken_at } =
            fields;
        let mut problems: Vec<_> =
            broken_at.map(|at| MetadataError::Broken { at }).into_iter().collect();
        if matches!(submitted, Field::Absent) {
            problems.push(MetadataError::Missing { field: SUBMITTED_TIMESTAMP });
        }
        Self {
            json,
            submitted: submitted.sound(&mut problems),
            legacy_processing: match legacy_processing {
                Field::Absent => Some(LegacyProcessing::default()),
                field => field.sound(&mut problems),
            },
            hang_id: hang_id.sound(&mut problems),
            process_type: process_type.sound(&mut problems).unwrap_or_default(),
            problems,
        }
    }
}

/// Without what a person has written into it: it may end up in a log.
impl fmt::Debug for CrashMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrashMetadata")
            .field("json_bytes", &self.json.len())
            .field("submitted", &self.submitted)
            .field("legacy_processing", &self.legacy_processing)
            .field("hang_id", &self.hang_id)
            .field("process_type", &self.process_type)
            .field("problems", &self.problems)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_printed_for_a_log_has_nothing_of_a_person() {
        let metadata = CrashMetadata::from_json(r#"{"Email": "a@example.org"}"#).unwrap();
        let printed = format!("{metadata:?}");
        assert!(!printed.contains("example") && printed.contains("26"), "{printed}");
    }

    const HANG: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";

    fn read(extra: &serde_json::Value) -> CrashMetadata {
        let mut fields = json!({"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00"});
        let all = fields.as_object_mut().unwrap();
        all.extend(extra.as_object().unwrap().clone());
        CrashMetadata::from_fields(all).unwrap()
    }

    fn unknown_fields(extra: &serde_json::Value) -> Vec<&'static str> {
        let metadata = read(extra);
        assert_eq!(metadata.clone().strict().is_ok(), metadata.problems().is_empty());
        metadata.problems().iter().filter_map(MetadataError::field).collect()
    }

    #[test]
    fn text_is_kept_byte_for_byte() {
        let text =
            "{ \"submitted_timestamp\":\"2012-05-08T20:50:50Z\",\n\"Vendor\":\"\u{0160}\" }\n";
        assert_eq!(CrashMetadata::from_json(text).unwrap().json(), text.as_bytes());
    }

    #[test]
    fn fields_that_are_absent_mean_an_accepted_crash_of_the_main_process() {
        let metadata = read(&json!({}));
        assert_eq!(metadata.legacy_processing(), Some(LegacyProcessing::Accept));
        assert_eq!(metadata.hang_id(), None);
        assert!(metadata.process_type().is_default());
        assert_eq!(metadata.problems(), []);
    }

    #[test]
    fn what_python_writes_and_a_strict_parser_refuses_is_read() {
        let time = "\"submitted_timestamp\": \"2012-05-08 20:50:50.123456+00:00\"";
        for extra in ["\"URL\": \"\\udf03\"", "\"x\": NaN", "\"x\": 1e400", "\"x\": -Infinity"] {
            let text = format!("{{{extra}, {time}}}");
            let metadata = CrashMetadata::from_json(text.as_str()).unwrap();
            assert_eq!(metadata.problems(), [], "{text}");
            assert!(metadata.submitted().is_some(), "{text}");
            assert!(metadata.strict().is_err(), "{text}");
        }
    }

    #[test]
    fn a_missing_submitted_timestamp_is_a_problem_with_a_name() {
        let metadata = CrashMetadata::from_json("{}").unwrap();
        assert_eq!(metadata.submitted(), None);
        assert_eq!(
            metadata.strict().unwrap_err().to_string(),
            "the metadata has no field submitted_timestamp"
        );
    }

    #[test]
    fn legacy_processing_may_be_a_number_its_text_or_a_truth() {
        for (value, expected) in [
            (json!(0), LegacyProcessing::Accept),
            (json!(1), LegacyProcessing::Defer),
            (json!(2), LegacyProcessing::Discard),
            (json!(1.0), LegacyProcessing::Defer),
            (json!(true), LegacyProcessing::Defer),
            (json!(false), LegacyProcessing::Accept),
            (json!("0"), LegacyProcessing::Accept),
            (json!("1"), LegacyProcessing::Defer),
        ] {
            let metadata = read(&json!({"legacy_processing": value}));
            assert_eq!(metadata.legacy_processing(), Some(expected), "{value}");
        }
    }

    #[test]
    fn any_other_legacy_processing_is_unknown() {
        for value in
            [json!(3), json!(-1), json!(0.5), json!("+1"), json!(""), json!(null), json!([0])]
        {
            let extra = json!({"legacy_processing": value});
            assert_eq!(read(&extra).legacy_processing(), None, "{value}");
            assert_eq!(unknown_fields(&extra), ["legacy_processing"]);
        }
    }

    #[test]
    fn a_hang_id_is_any_text() {
        for text in [HANG.to_owned(), HANG.to_uppercase(), "x".to_owned()] {
            let metadata = read(&json!({"HangID": text}));
            assert_eq!(metadata.hang_id().map(HangId::as_str), Some(text.as_str()));
        }
        for value in [json!(""), json!("x".repeat(513)), json!(7), json!(null)] {
            assert_eq!(unknown_fields(&json!({"HangID": value})), ["HangID"]);
        }
    }

    #[test]
    fn a_process_type_is_any_text() {
        for text in ["web.content", "plug in", "plügin"] {
            assert_eq!(read(&json!({"ProcessType": text})).process_type().as_str(), text);
        }
        assert_eq!(unknown_fields(&json!({"ProcessType": 1})), ["ProcessType"]);
        assert_eq!(unknown_fields(&json!({"ProcessType": "x".repeat(257)})), ["ProcessType"]);
    }

    #[test]
    fn a_problem_shows_the_value_and_what_is_expected() {
        let metadata = read(&json!({"legacy_processing": 7}));
        assert_eq!(
            metadata.problems()[0].to_string(),
            "the metadata's field legacy_processing is 7, but 0, 1 or 2 is expected"
        );
        let metadata = read(&json!({"HangID": "é".repeat(1000)}));
        let shown = metadata.problems()[0].to_string();
        assert!(shown.chars().count() < 400, "{shown}");
    }

    #[test]
    fn text_that_is_no_json_object_is_refused_and_one_that_is_cut_off_is_read_so_far() {
        assert_eq!(CrashMetadata::from_json("MDMP"), Err(MetadataError::NotAnObject));
        assert_eq!(CrashMetadata::from_json("[]"), Err(MetadataError::NotAnObject));
        let cut = r#"{"submitted_timestamp": "2012-05-08T20:50:50", "HangID": "2f1e"#;
        let metadata = CrashMetadata::from_json(cut).unwrap();
        assert!(metadata.submitted().is_some());
        // Whether it is a hang is unknown, not false.
        assert_eq!(metadata.legacy_processing(), None);
        assert!(matches!(metadata.problems(), [MetadataError::Broken { .. }]));
    }

    #[test]
    fn a_time_is_put_in_without_touching_the_rest() {
        let time = OffsetDateTime::UNIX_EPOCH;
        let big = r#"{"n": 123456789012345678901234567890, "n": 0.1000000000000000055, "a":NaN}"#;
        let metadata = CrashMetadata::from_json_at(big, time).unwrap();
        let text = str::from_utf8(metadata.json()).unwrap();
        assert!(text.ends_with(&big[1..]), "{text}");
        assert!(metadata.submitted().is_some());
        let empty = CrashMetadata::from_json_at("{}", time).unwrap();
        assert!(empty.strict().is_ok());
        let with = r#"{"submitted_timestamp": 7}"#;
        assert_eq!(CrashMetadata::from_json_at(with, time).unwrap().json(), with.as_bytes());
    }
}
