//! The fields of metadata that decide where a crash is indexed and counted, read leniently.

use super::{
    fields::{HangId, LegacyProcessing, ProcessType},
    json::{Object, Value},
    metadata_error::MetadataError,
    timestamp::SubmittedTimestamp,
};

/// A field as it was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field<T> {
    Absent,
    Sound(T),
    /// There is something, or there may be: the object is cut off before the field was found.
    Unknown(Option<MetadataError>),
}

impl<T> Field<T> {
    pub(super) fn sound(self, problems: &mut Vec<MetadataError>) -> Option<T> {
        match self {
            Self::Sound(value) => Some(value),
            Self::Unknown(problem) => {
                problems.extend(problem);
                None
            }
            Self::Absent => None,
        }
    }

    pub(crate) fn or_none(self) -> Option<T> {
        match self {
            Self::Sound(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The value, or what an absent field stands for; `None` if it is unknown.
    pub(crate) fn or_absent(self, absent: T) -> Option<T> {
        match self {
            Self::Sound(value) => Some(value),
            Self::Absent => Some(absent),
            Self::Unknown(_) => None,
        }
    }
}

/// The fields that decide where a crash is indexed and counted.
pub(crate) struct MetadataFields {
    pub(crate) submitted: Field<SubmittedTimestamp>,
    pub(crate) legacy_processing: Field<LegacyProcessing>,
    pub(crate) hang_id: Field<HangId>,
    pub(crate) process_type: Field<ProcessType>,
    pub(super) broken_at: Option<usize>,
}

impl MetadataFields {
    /// `None` for what is no JSON object: then everything is unknown.
    pub(crate) fn read(json: &[u8]) -> Option<Self> {
        let object = Object::read(json)?;
        Some(Self {
            submitted: read_text(&object, SUBMITTED_TIMESTAMP),
            legacy_processing: read_with(&object, LEGACY_PROCESSING, |value| {
                legacy_processing_of(&value).ok_or("0, 1 or 2 is expected".to_owned())
            }),
            hang_id: read_text(&object, HANG_ID),
            process_type: read_text(&object, PROCESS_TYPE),
            broken_at: object.broken_at(),
        })
    }
}

pub(super) const SUBMITTED_TIMESTAMP: &str = "submitted_timestamp";
const LEGACY_PROCESSING: &str = "legacy_processing";
const HANG_ID: &str = "HangID";
const PROCESS_TYPE: &str = "ProcessType";

fn read_text<T>(object: &Object<'_>, field: &'static str) -> Field<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    read_with(object, field, |value| match value {
        Value::Text(text) => text.parse().map_err(|error: T::Err| error.to_string()),
        _ => Err("text is expected".to_owned()),
    })
}

fn read_with<T>(
    object: &Object<'_>,
    field: &'static str,
    read: impl FnOnce(Value) -> Result<T, String>,
) -> Field<T> {
    match object.get(field).map(read) {
        Some(Ok(value)) => Field::Sound(value),
        Some(Err(expected)) => {
            let found = shortened(object.raw(field).unwrap_or_default());
            Field::Unknown(Some(MetadataError::Invalid { field, found, expected }))
        }
        // What is broken is one problem already.
        None if object.broken_at().is_some() => Field::Unknown(None),
        None => Field::Absent,
    }
}

fn legacy_processing_of(value: &Value) -> Option<LegacyProcessing> {
    let number = match value {
        Value::Number(number) => *number,
        Value::Bool(yes) => f64::from(u8::from(*yes)),
        // A sign, blanks or leading zeros would be another text in the counter's name.
        Value::Text(text) if text.len() == 1 => text.parse().ok()?,
        _ => return None,
    };
    LegacyProcessing::from_number(number)
}

fn shortened(raw: &[u8]) -> String {
    const SHOWN: usize = 60;
    match raw.get(..SHOWN) {
        Some(first) if raw.len() > SHOWN => format!("{}…", first.escape_ascii()),
        _ => String::from_utf8(raw.to_vec()).unwrap_or_else(|_| raw.escape_ascii().to_string()),
    }
}
