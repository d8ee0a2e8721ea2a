//! What a crash is: its name, its time, its metadata, its dumps, and what processing made of it.
//!
//! Pure types without a store. Reading is as lenient as Socorro's Python client is in writing:
//! bytes are kept as they came, and a field that can't be read is unknown, not absent.

mod annotations;
mod crash_id;
mod dumps;
mod fields;
mod json;
mod metadata;
mod metadata_error;
mod metadata_fields;
mod ooid;
mod period;
mod processed;
mod public;
mod python_json;
mod range;
mod timestamp;

pub use annotations::Annotations;
pub use crash_id::{CrashId, CrashIdError};
pub use dumps::{DumpName, DumpNameError, Dumps};
pub use fields::{HangId, HangIdError, LegacyProcessing, ProcessType, ProcessTypeError};
pub use metadata::CrashMetadata;
pub use metadata_error::MetadataError;
pub use ooid::{Ooid, OoidError};
pub use period::{Period, PeriodError};
pub use processed::{ProcessedCrash, ProcessedError};
pub use range::TimeRange;
pub use timestamp::{SubmittedTimestamp, TimestampError};

pub(crate) use json::Object;
pub(crate) use metadata_fields::MetadataFields;
pub(crate) use public::{Protected, public_part};
pub(crate) use timestamp::{index_text, instant_of};
