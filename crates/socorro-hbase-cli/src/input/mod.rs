//! A submission's files: metadata and dumps, and the ooid that they may name.
//!
//! For messages that name the file and say what to do about it. What makes metadata storable is
//! left to `socorro-hbase-client`; where the files come from, to `folder` and `archive`.

pub(crate) mod archive;
pub(crate) mod folder;
mod names;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use socorro_hbase_client::{
    CrashMetadata, DumpName, Ooid, SubmittedTimestamp,
    time::{Date, OffsetDateTime},
};
use uuid::Uuid;

/// The most that a file of a crash may have; HBase's cells take far less.
const MOST: u64 = 128 << 20;

/// The years that an ooid can express; a file without a time has it from long before.
const CENTURY: std::ops::Range<i32> = 2000..2100;

/// A crash as its files have it; nothing of it is checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RawCrash {
    pub(crate) metadata: Vec<u8>,
    pub(crate) dump: Vec<u8>,
    /// Further dumps, by their names.
    pub(crate) further: Vec<(String, Vec<u8>)>,
    /// When the metadata's file was written, as far as that is known.
    pub(crate) written: Option<OffsetDateTime>,
}

/// One of many crashes: what its files are called without extension, and what is in them.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) crash: Result<RawCrash>,
}

/// A crash that can be submitted.
pub(crate) struct Checked {
    pub(crate) ooid: Ooid,
    pub(crate) metadata: CrashMetadata,
    pub(crate) dump: Vec<u8>,
    pub(crate) further: Vec<(DumpName, Vec<u8>)>,
}

impl Found {
    /// Checks the crash, and gives it an ooid if it names none.
    pub(crate) fn check(self) -> Result<Checked> {
        let RawCrash { metadata, dump, further, written } = self.crash?;
        let parts = [metadata.as_slice(), dump.as_slice()];
        let content =
            content_id(parts.into_iter().chain(further.iter().map(|(_, dump)| &dump[..])));
        // Not the present time: the same crash, submitted again on another day, would be another one.
        let known = written.filter(|time| CENTURY.contains(&time.year()));
        let (metadata, uuid) =
            parse_metadata(metadata, known.unwrap_or_else(OffsetDateTime::now_utc))?;
        let ooid = match agreed_ooid(uuid.as_ref(), [Path::new(&self.name)])? {
            Some(ooid) => ooid,
            None => ooid_of_content(&content, metadata.submitted().date())?,
        };
        let further = further
            .into_iter()
            .map(|(name, dump)| Ok((name.parse()?, dump)))
            .collect::<Result<_>>()?;
        Ok(Checked { ooid, metadata, dump, further })
    }
}

/// Metadata as it will be stored, and its field `uuid`.
pub(crate) fn read_metadata(file: &Path) -> Result<(CrashMetadata, Option<Value>)> {
    let shown = file.display();
    let bytes = read_file(file).with_context(|| format!("can't read metadata {shown}"))?;
    parse_metadata(bytes, OffsetDateTime::now_utc())
        .with_context(|| format!("can't use metadata {shown}"))
}

/// A dump with at least one byte.
pub(crate) fn read_dump(file: &Path) -> Result<Vec<u8>> {
    let shown = file.display();
    let dump = read_file(file).with_context(|| format!("can't read dump {shown}"))?;
    if dump.is_empty() {
        bail!("dump {shown} is empty, nothing was stored: check whether it was received whole");
    }
    Ok(dump)
}

/// The ooid that the metadata or a file's name gives a crash, if any does.
///
/// Two that differ are a mix-up: storing the crash under either would hide the other.
pub(crate) fn agreed_ooid<'a>(
    uuid: Option<&Value>,
    files: impl IntoIterator<Item = &'a Path>,
) -> Result<Option<Ooid>> {
    let uuid = uuid.map(parse_uuid).transpose()?;
    let named = files.into_iter().filter_map(ooid_in_name);
    let mut candidates = uuid.into_iter().chain(named);
    let Some(first) = candidates.next() else { return Ok(None) };
    if let Some(other) = candidates.find(|other| *other != first) {
        bail!(
            "metadata and file belong to two crashes, {first} and {other}: choose with --ooid, \
             together with --meta and --dump"
        );
    }
    Ok(Some(first))
}

const UUID: &str = "uuid";
const SUBMITTED_TIMESTAMP: &str = "submitted_timestamp";

/// Without a time of its own, the crash gets this one.
fn parse_metadata(bytes: Vec<u8>, time: OffsetDateTime) -> Result<(CrashMetadata, Option<Value>)> {
    let object = "it has to be one JSON object";
    let text = String::from_utf8(bytes).context(object)?;
    let mut fields: Map<String, Value> = serde_json::from_str(&text).context(object)?;
    let uuid = fields.get(UUID).cloned();
    let metadata = if fields.contains_key(SUBMITTED_TIMESTAMP) {
        CrashMetadata::from_json(text)
    } else {
        let time = SubmittedTimestamp::from(time);
        fields.insert(SUBMITTED_TIMESTAMP.to_owned(), time.as_str().into());
        CrashMetadata::from_fields(&fields)
    };
    Ok((metadata?, uuid))
}

fn read_file(file: &Path) -> io::Result<Vec<u8>> {
    read_all(File::open(file)?)
}

/// All there is to read, unless it is more than any crash has.
fn read_all(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, too_large()));
    }
    Ok(bytes)
}

fn too_large() -> String {
    format!("it has more than {} MiB, and HBase's cells take far less", MOST >> 20)
}

fn parse_uuid(value: &Value) -> Result<Ooid> {
    let problem = || format!("the metadata's field uuid is {value}, no ooid: choose with --ooid");
    value.as_str().with_context(problem)?.parse().with_context(problem)
}

/// In `OOID.json`, `OOID.dump` or `OOID`.
fn ooid_in_name(file: &Path) -> Option<Ooid> {
    file.file_stem()?.to_str()?.parse().ok()
}

/// The same for the same bytes, as far as anybody will ever see.
fn content_id<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Uuid {
    parts.fold(Uuid::NAMESPACE_OID, |id, part| Uuid::new_v5(&id, part))
}

/// The digits of the content where an ooid has random ones.
fn ooid_of_content(content: &Uuid, date: Date) -> Result<Ooid> {
    let day =
        Ooid::generate(date).context("can't make an ooid for the day of submitted_timestamp")?;
    let digits = content.hyphenated().to_string();
    let text = digits.chars().take(TAIL_AT).chain(day.as_str().chars().skip(TAIL_AT));
    Ok(text.collect::<String>().parse()?)
}

/// Where depth and date stand in an ooid.
const TAIL_AT: usize = 29;

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

    fn found(name: &str, metadata: &str, dump: &str) -> Found {
        let crash = RawCrash {
            metadata: metadata.into(),
            dump: dump.into(),
            further: vec![("plugin".into(), b"MDMP".to_vec())],
            written: OffsetDateTime::from_unix_timestamp(1_336_510_250).ok(),
        };
        Found { name: name.into(), crash: Ok(crash) }
    }

    fn ooid_given(name: &str, metadata: &str, dump: &str) -> String {
        found(name, metadata, dump).check().unwrap().ooid.to_string()
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

    #[test]
    fn one_of_many_without_an_ooid_gets_the_same_one_again() {
        const DAY: &str = r#"{"submitted_timestamp": "2012-05-08T20:50:50Z"}"#;
        let ooid = ooid_given("a", DAY, "MDMP");
        assert!(ooid.ends_with("2120508"), "{ooid}");
        assert_eq!(ooid_given("b", DAY, "MDMP"), ooid);
        assert_ne!(ooid_given("a", DAY, "MDMQ"), ooid);
        assert_ne!(ooid_given("a", &format!("{DAY} "), "MDMP"), ooid);
        assert_eq!(ooid_given(&format!("crashes/{OOID}"), DAY, "MDMP"), OOID);
    }

    #[test]
    fn one_of_many_without_a_time_gets_that_of_its_file() {
        let checked = found("a", "{}", "MDMP").check().unwrap();
        assert_eq!(checked.metadata.submitted().as_str(), "2012-05-08T20:50:50.000000+00:00");
        assert!(checked.ooid.as_str().ends_with("2120508"), "{}", checked.ooid);
        let mut without = found("a", "{}", "MDMP");
        without.crash.as_mut().unwrap().written = Some(OffsetDateTime::UNIX_EPOCH);
        let today = OffsetDateTime::now_utc().year();
        assert_eq!(without.check().unwrap().ooid.date().year(), today);
    }

    #[test]
    fn a_further_dump_needs_a_name_that_a_column_can_have() {
        let mut found = found(OOID, "{}", "MDMP");
        assert_eq!(found.crash.as_ref().unwrap().further.len(), 1);
        found.crash.as_mut().unwrap().further[0].0 = String::new();
        assert!(found.check().is_err());
    }
}
