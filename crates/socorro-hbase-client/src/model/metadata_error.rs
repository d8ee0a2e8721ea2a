//! What can be wrong with metadata.

/// What is wrong with metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// A strict JSON parser refuses the text.
    #[error("the metadata isn't JSON: {problem}")]
    NotJson {
        /// What the parser says.
        problem: String,
    },
    /// The text doesn't begin as a JSON object.
    #[error("the metadata is no JSON object, its fields can't be read")]
    NotAnObject,
    /// The object is cut off or followed by something else; fields before that are read.
    #[error("the metadata stops being a JSON object at its byte {at}")]
    Broken {
        /// How many bytes can be read.
        at: usize,
    },
    /// A required field is absent.
    #[error("the metadata has no field {field}")]
    Missing {
        /// The field's name.
        field: &'static str,
    },
    /// A field has a value that can't be read.
    #[error("the metadata's field {field} is {found}, but {expected}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// Its value as JSON, shortened, with bytes that aren't printable escaped.
        found: String,
        /// What it should be.
        expected: String,
    },
}

impl MetadataError {
    /// The field that is to blame, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Missing { field } | Self::Invalid { field, .. } => Some(field),
            Self::NotJson { .. } | Self::NotAnObject | Self::Broken { .. } => None,
        }
    }
}
