//! A submission's files: metadata and dump, and the ooid that they may name.
//!
//! For messages that name the file and say what to do about it. What makes metadata storable is
//! left to `socorro-hbase-client`.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use socorro_hbase_client::{CrashMetadata, Ooid, SubmittedTimestamp, time::OffsetDateTime};

/// Metadata as it will be stored, and its field `uuid`.
pub(crate) fn read_metadata(file: &Path) -> Result<(CrashMetadata, Option<Value>)> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("can't read metadata {shown}"))?;
    let unusable = || format!("can't use metadata {shown}");
    let mut fields: Map<String, Value> = serde_json::from_str(&text)
        .context("it has to be one JSON object")
        .with_context(unusable)?;
    let uuid = fields.get(UUID).cloned();
    let metadata = if fields.contains_key(SUBMITTED_TIMESTAMP) {
        CrashMetadata::from_json(text)
    } else {
        let now = SubmittedTimestamp::from(OffsetDateTime::now_utc());
        fields.insert(SUBMITTED_TIMESTAMP.to_owned(), now.as_str().into());
        CrashMetadata::from_fields(&fields)
    };
    Ok((metadata.with_context(unusable)?, uuid))
}

/// A dump with at least one byte.
pub(crate) fn read_dump(file: &Path) -> Result<Vec<u8>> {
    let shown = file.display();
    let dump = fs::read(file).with_context(|| format!("can't read dump {shown}"))?;
    if dump.is_empty() {
        bail!("dump {shown} is empty, nothing was stored: check whether it was received whole");
    }
    Ok(dump)
}

/// The ooid that the metadata or a file's name gives a crash, if any does.
///
/// Two that differ are a mix-up: storing the crash under either would hide the other.
pub(crate) fn agreed_ooid(uuid: Option<&Value>, files: [&Path; 2]) -> Result<Option<Ooid>> {
    let uuid = uuid.map(parse_uuid).transpose()?;
    let named = files.into_iter().filter_map(ooid_in_name);
    let mut candidates = uuid.into_iter().chain(named);
    let Some(first) = candidates.next() else { return Ok(None) };
    if let Some(other) = candidates.find(|other| *other != first) {
        bail!("metadata and dump belong to two crashes, {first} and {other}: choose with --ooid");
    }
    Ok(Some(first))
}

const UUID: &str = "uuid";
const SUBMITTED_TIMESTAMP: &str = "submitted_timestamp";

fn parse_uuid(value: &Value) -> Result<Ooid> {
    let problem = || format!("the metadata's field uuid is {value}, no ooid: choose with --ooid");
    value.as_str().with_context(problem)?.parse().with_context(problem)
}

fn ooid_in_name(file: &Path) -> Option<Ooid> {
    file.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::NamedTempFile;

    use super::*;

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    const OTHER: &str = "7d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

    fn file_with(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn refusal(text: &str) -> String {
        format!("{:#}", read_metadata(file_with(text).path()).unwrap_err())
    }

    fn agreed(uuid: Option<&str>, meta: &str, dump: &str) -> Result<Option<Ooid>> {
        let uuid = uuid.map(Value::from);
        agreed_ooid(uuid.as_ref(), [Path::new(meta), Path::new(dump)])
    }

    #[test]
    fn metadata_with_a_timestamp_is_kept_byte_for_byte() {
        let text = "{\"submitted_timestamp\":\"2012-05-08T20:50:50Z\" }\n";
        assert_eq!(read_metadata(file_with(text).path()).unwrap().0.json(), text);
    }

    #[test]
    fn metadata_without_a_timestamp_gets_the_present_time() {
        let (metadata, _) = read_metadata(file_with("{\"Vendor\":\"Mozilla\"}").path()).unwrap();
        assert_eq!(metadata.submitted().date(), OffsetDateTime::now_utc().date());
        assert!(
            metadata.json().ends_with(", \"Vendor\": \"Mozilla\"}")
                || metadata.json().starts_with("{\"Vendor\": \"Mozilla\", ")
        );
    }

    #[test]
    fn metadata_that_cannot_be_stored_is_refused_by_file_and_field() {
        assert!(refusal("MDMP").contains("it has to be one JSON object"));
        assert!(refusal("[]").contains("it has to be one JSON object"));
        assert!(refusal("{\"HangID\": \"\"}").contains("HangID"));
    }

    #[test]
    fn the_ooid_is_found_in_the_metadata_or_in_either_name() {
        let ooid = Some(OOID.parse().unwrap());
        assert_eq!(agreed(Some(OOID), "meta.json", "dump").unwrap(), ooid);
        assert_eq!(agreed(None, &format!("{OOID}.json"), "dump").unwrap(), ooid);
        assert_eq!(agreed(None, "meta.json", &format!("a/{OOID}.dump")).unwrap(), ooid);
        assert_eq!(agreed(None, "meta.json", "dump").unwrap(), None);
    }

    #[test]
    fn a_uuid_that_is_no_ooid_is_refused_with_the_reason() {
        let refusal = format!("{:#}", agreed(Some("x"), "meta.json", "dump").unwrap_err());
        assert!(refusal.contains("uuid is \"x\", no ooid: choose with --ooid"), "{refusal}");
        assert!(refusal.ends_with("an ooid has 36 characters, this has 1"), "{refusal}");
    }

    #[test]
    fn two_ooids_that_differ_are_refused() {
        let refusal = agreed(Some(OOID), "meta.json", &format!("{OTHER}.dump")).unwrap_err();
        assert!(refusal.to_string().contains("--ooid"), "{refusal}");
    }
}
