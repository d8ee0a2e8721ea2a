//! The files of one crash, and what is made of them: metadata, dumps, and a name; or all cells, if an
//! export wrote them.

use std::fmt;

use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{
    extra::json_of_extra,
    input,
    names::{Part, ooid_of},
};
use crate::{
    error::{Error, ErrorKind, Result},
    export::{CrashState, file_part, name_of_part, optional_indexes},
    layout,
    lifecycle::Backup,
    model::{CrashId, CrashMetadata, DumpName, MetadataError, Ooid, ProcessedCrash},
};

/// The years that an ooid can express; a file without a time has it from long before.
const CENTURY: std::ops::Range<i32> = 2000..2100;
/// Where depth and date stand in an ooid.
const TAIL_AT: usize = 29;

/// A crash as its files have it; nothing of it is checked.
#[derive(Default, PartialEq, Eq)]
pub(super) struct CrashFiles {
    pub(super) metadata: Option<Vec<u8>>,
    pub(super) extra: Option<Vec<u8>>,
    pub(super) is_crashpad: bool,
    pub(super) dump: Option<Vec<u8>>,
    /// The same, of a file with the other ending.
    pub(super) minidump: Option<Vec<u8>>,
    /// Further dumps, with the part of the file's name that names each.
    pub(super) further: Vec<(String, Vec<u8>)>,
    pub(super) processed: Option<Vec<u8>>,
    pub(super) state: Option<Vec<u8>>,
    /// When the metadata's file was written, as far as that is known.
    pub(super) written: Option<OffsetDateTime>,
}

/// One of many crashes that files have: what they are called without ending, and the crash.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundCrash {
    /// What the files are called, without their endings.
    pub name: String,
    /// How many bytes they have.
    pub bytes: usize,
    pub(super) files: Result<CrashFiles>,
}

/// A crash that can be stored: [`FoundCrash::check`].
pub struct ImportedCrash(pub(super) Content);

pub(super) enum Content {
    /// A crash to be submitted.
    Report(Report),
    /// A crash as an export has it.
    Backup(Backup),
}

pub(super) struct Report {
    pub(super) id: CrashId,
    pub(super) metadata: CrashMetadata,
    pub(super) dumps: Vec<(DumpName, Vec<u8>)>,
    pub(super) processed: Option<ProcessedCrash>,
}

impl CrashFiles {
    pub(super) fn add(&mut self, part: Part, bytes: Vec<u8>, written: Option<OffsetDateTime>) {
        match part {
            Part::Metadata => (self.metadata, self.written) = (Some(bytes), written),
            Part::Extra => (self.extra, self.written) = (Some(bytes), self.written.or(written)),
            Part::CrashpadState => {
                self.is_crashpad = true;
                self.written = self.written.or(written);
            }
            Part::Dump => self.dump = Some(bytes),
            Part::Minidump => self.minidump = Some(bytes),
            Part::Further(name) => self.further.push((name, bytes)),
            Part::Processed => self.processed = Some(bytes),
            Part::State => self.state = Some(bytes),
        }
    }

    pub(super) fn has_metadata(&self) -> bool {
        self.metadata.is_some() || self.extra.is_some() || self.is_crashpad
    }

    /// Whether nothing of it has to come.
    pub(super) fn is_whole(&self) -> bool {
        self.has_metadata() && (self.has_own_dump() || self.state.is_some())
    }

    fn has_own_dump(&self) -> bool {
        self.dump.is_some() || self.minidump.is_some()
    }

    fn take_own_dump(&mut self) -> Result<Option<Vec<u8>>> {
        match (self.dump.take(), self.minidump.take()) {
            (Some(one), Some(other)) if one != other => Err(input(
                "its NAME.dump and its NAME.dmp differ: remove the one that isn't the crash's",
            )),
            (one, other) => Ok(one.or(other)),
        }
    }

    /// Whether it is a dump and nothing else.
    pub(super) fn is_dump_only(&self) -> bool {
        let has_others = self.has_metadata() || self.processed.is_some() || self.state.is_some();
        let has_dump = self.dump.is_some() && self.minidump.is_none();
        has_dump && self.further.is_empty() && !has_others
    }

    /// Whether it is a crash's: processed data alone, or a state that no export wrote, is another
    /// program's file of that name.
    pub(super) fn is_of_crash(&self) -> bool {
        let has_report = self.metadata.is_some()
            || self.extra.is_some()
            || self.has_own_dump()
            || !self.further.is_empty();
        has_report || self.state.as_deref().is_some_and(|json| read_state(json).is_ok())
    }

    pub(super) fn bytes(&self) -> usize {
        let texts = [&self.metadata, &self.extra, &self.processed, &self.state];
        let own = texts.into_iter().chain([&self.dump, &self.minidump]);
        let further = self.further.iter().map(|(_, dump)| dump.len());
        own.flatten().map(Vec::len).chain(further).sum()
    }
}

impl FoundCrash {
    pub(super) fn new(name: String, files: Result<CrashFiles>) -> Self {
        let bytes = files.as_ref().map_or(0, CrashFiles::bytes);
        Self { name, bytes, files }
    }

    /// Checks the crash, and gives it an ooid if it names none: one of its content, so that the same
    /// files are the same crash.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] if a file is missing or none of a crash, or the files name two crashes;
    /// [`ErrorKind::InvalidMetadata`]; [`ErrorKind::File`] if a file can't be read.
    pub fn check(self) -> Result<ImportedCrash> {
        let Self { name, files, .. } = self;
        let files = files?;
        let content = if files.state.is_some() {
            Content::Backup(backup_of(&name, files)?)
        } else {
            Content::Report(report_of(&name, files)?)
        };
        Ok(ImportedCrash(content))
    }
}

impl ImportedCrash {
    /// The crash's name.
    pub fn id(&self) -> &CrashId {
        match &self.0 {
            Content::Report(report) => &report.id,
            Content::Backup(backup) => &backup.id,
        }
    }
}

/// Without what a person has written into it: it may end up in a log.
impl fmt::Debug for ImportedCrash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ImportedCrash").field(self.id()).finish()
    }
}

/// As [`ImportedCrash`].
impl fmt::Debug for CrashFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrashFiles").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

fn report_of(name: &str, mut files: CrashFiles) -> Result<Report> {
    let own_dump = files.take_own_dump()?;
    let known = files.written.filter(|time| CENTURY.contains(&time.year()));
    let json = match (files.metadata, files.extra) {
        (Some(json), _) => json,
        (None, Some(extra)) => json_of_extra(extra),
        (None, None) if files.is_crashpad => b"{}".to_vec(),
        (None, None) => {
            return Err(input(
                "there is no metadata to it: a file NAME.json, NAME.extra or NAME.meta",
            ));
        }
    };
    let has_dump = own_dump.is_some() || !files.further.is_empty();
    if !has_dump && ooid_of(base(name)).is_none() {
        return Err(input("there is metadata, but no dump to it: a file NAME.dump or NAME.dmp"));
    }
    // Not the present time: the same crash, submitted again on another day, would be another one.
    let time = known.unwrap_or_else(OffsetDateTime::now_utc);
    let came = json.clone();
    let metadata = CrashMetadata::from_json_at(json, time).map_err(unfit)?;
    let id = match ooid_of_files(&metadata, [name])? {
        Some(ooid) => ooid.into(),
        None => {
            let own = own_dump.as_deref().into_iter();
            let dumps = own.chain(files.further.iter().map(|(_, dump)| &dump[..]));
            ooid_of_content(&content_id([&came[..]].into_iter().chain(dumps)), &metadata)?.into()
        }
    };
    let mut dumps = Vec::new();
    dumps.extend(own_dump.map(|dump| (DumpName::default(), dump)));
    for (part, dump) in files.further {
        let name = name_of_part(&part).and_then(|name| String::from_utf8(name).ok());
        let name = name.unwrap_or(part).parse().map_err(|error| input(format!("{error}")))?;
        dumps.push((name, dump));
    }
    let processed = files.processed.map(ProcessedCrash::from_json).transpose();
    let processed = processed.map_err(|error| input(format!("its processed.json: {error}")))?;
    Ok(Report { id, metadata, dumps, processed })
}

fn read_state(json: &[u8]) -> Result<CrashState> {
    serde_json::from_slice(json).map_err(|_| {
        input("its state.json is none that an export writes; without that file, it is a new crash")
    })
}

fn backup_of(name: &str, mut files: CrashFiles) -> Result<Backup> {
    let own_dump = files.take_own_dump()?;
    let state = read_state(files.state.as_deref().unwrap_or_default())?;
    let foreign = || input("its state.json is another crash's, or was changed");
    let id = state.id().ok_or_else(foreign)?;
    if file_part(id.as_bytes()) != base(name) {
        return Err(foreign());
    }
    let mut cells = state.cells(&id).ok_or_else(foreign)?;
    let named = |column: &str| column.as_bytes().to_vec();
    cells.extend(files.metadata.map(|json| (named(layout::META_DATA_JSON), json)));
    cells.extend(files.processed.map(|json| (named(layout::PROCESSED_DATA_JSON), json)));
    cells.extend(own_dump.map(|dump| (named(layout::RAW_DATA_DUMP), dump)));
    for (part, dump) in files.further {
        let name = name_of_part(&part).ok_or_else(foreign)?;
        cells.push(([layout::RAW_DATA.as_bytes(), b":", &name[..]].concat(), dump));
    }
    let row = state.row(&id).ok_or_else(foreign)?;
    let queues = state.queues().collect();
    let mut backup = Backup { id, row, cells, queues, indexes: Vec::new() };
    backup.indexes = optional_indexes(&backup.id, &backup.facts());
    backup.indexes.retain(|cell| state.is_indexed(cell));
    Ok(backup)
}

/// Returns the ooid that metadata's field `uuid` or the name of a file gives a crash, if any does.
///
/// # Errors
///
/// [`ErrorKind::Input`] if two differ: storing the crash under either would hide the other.
pub fn ooid_of_files<'a>(
    metadata: &CrashMetadata,
    files: impl IntoIterator<Item = &'a str>,
) -> Result<Option<Ooid>> {
    let uuid = metadata.text("uuid").map(|uuid| {
        ooid_of(&uuid).ok_or_else(|| {
            let why = uuid.parse::<Ooid>().err().map(|error| error.to_string());
            let why = why.unwrap_or_default();
            input(format!("the metadata's field uuid is {uuid:?}, no ooid: {why}"))
        })
    });
    let uuid = uuid.transpose()?;
    let named = files.into_iter().filter_map(|file| {
        let base = base(file);
        ooid_of(base.split('.').next().unwrap_or(base))
    });
    let mut candidates = uuid.into_iter().chain(named);
    let Some(first) = candidates.next() else { return Ok(None) };
    if let Some(other) = candidates.find(|other| *other != first) {
        return Err(input(format!(
            "metadata and files belong to two crashes, {first} and {other}"
        )));
    }
    Ok(Some(first))
}

/// A file's name without its folder.
fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

fn unfit(error: MetadataError) -> Error {
    let message = "the metadata can't be stored";
    Error::new(ErrorKind::InvalidMetadata, message).with_metadata_error(error)
}

/// The same for the same bytes, as far as anybody will ever see.
fn content_id<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Uuid {
    parts.fold(Uuid::NAMESPACE_OID, |id, part| Uuid::new_v5(&id, part))
}

/// The digits of the content where an ooid has random ones.
fn ooid_of_content(content: &Uuid, metadata: &CrashMetadata) -> Result<Ooid> {
    let none = || input("its submitted_timestamp is no time, and no file is named by an ooid");
    let date: Date = metadata.submitted().ok_or_else(none)?.date();
    let no_day = || input("no ooid has the day of its submitted_timestamp");
    let day = Ooid::generate(date).map_err(|_| no_day())?;
    let digits = content.hyphenated().to_string();
    let text = digits.chars().take(TAIL_AT).chain(day.as_str().chars().skip(TAIL_AT));
    text.collect::<String>().parse().map_err(|_| no_day())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    const OTHER: &str = "7d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

    fn found(name: &str, metadata: &str, dump: &str) -> FoundCrash {
        let files = CrashFiles {
            metadata: Some(metadata.into()),
            dump: Some(dump.into()),
            written: OffsetDateTime::from_unix_timestamp(1_336_510_250).ok(),
            ..CrashFiles::default()
        };
        FoundCrash::new(name.into(), Ok(files))
    }

    fn report(found: FoundCrash) -> Report {
        match found.check().unwrap().0 {
            Content::Report(report) => report,
            Content::Backup(_) => panic!("this is no backup"),
        }
    }

    fn id_given(name: &str, metadata: &str, dump: &str) -> String {
        report(found(name, metadata, dump)).id.to_string()
    }

    #[test]
    fn one_without_an_ooid_gets_the_same_one_again() {
        const DAY: &str = r#"{"submitted_timestamp": "2012-05-08T20:50:50Z"}"#;
        let id = id_given("a", DAY, "MDMP");
        assert!(id.ends_with("2120508"), "{id}");
        assert_eq!(id_given("b", DAY, "MDMP"), id);
        assert_ne!(id_given("a", DAY, "MDMQ"), id);
        assert_ne!(id_given("a", &format!("{DAY} "), "MDMP"), id);
        assert_eq!(id_given(&format!("crashes/bp-{OOID}"), DAY, "MDMP"), OOID);
    }

    #[test]
    fn one_without_a_time_gets_that_of_its_file() {
        let checked = report(found("a", "{}", "MDMP"));
        let expected = "2012-05-08T20:50:50.000000+00:00";
        assert_eq!(checked.metadata.submitted().unwrap().as_str(), expected);
        assert!(checked.id.to_string().ends_with("2120508"), "{}", checked.id);
        let mut without = found("a", "{}", "MDMP");
        without.files.as_mut().unwrap().written = Some(OffsetDateTime::UNIX_EPOCH);
        let today = OffsetDateTime::now_utc().year();
        assert_eq!(report(without).metadata.submitted().unwrap().date().year(), today);
    }

    #[test]
    fn two_ooids_that_differ_and_a_uuid_that_is_none_are_refused() {
        let uuid = format!(r#"{{"uuid": "{OTHER}"}}"#);
        let refusal =
            |name: &str, json: &str| found(name, json, "").check().unwrap_err().to_string();
        assert!(refusal(OOID, &uuid).contains("belong to two crashes"));
        assert!(refusal("a", r#"{"uuid": "x"}"#).contains("no ooid: an ooid has 36 characters"));
        assert_eq!(id_given("a", &uuid, ""), OTHER);
    }

    #[test]
    fn two_own_dumps_that_differ_are_refused_and_none_is_dropped() {
        let with = |minidump: &str| {
            let mut found = found(OOID, "{}", "MDMP");
            found.files.as_mut().unwrap().minidump = Some(minidump.into());
            found.check()
        };
        assert_eq!(with("MDMP").unwrap().id().to_string(), OOID);
        let refusal = with("MDMP2").unwrap_err().to_string();
        assert!(refusal.contains("differ"), "{refusal}");
    }

    #[test]
    fn a_crash_without_a_dump_has_to_be_named() {
        let without = |name: &str| {
            let mut found = found(name, "{}", "");
            found.files.as_mut().unwrap().dump = None;
            found
        };
        assert!(report(without(OOID)).dumps.is_empty());
        let refusal = without("package").check().unwrap_err().to_string();
        assert!(refusal.contains("no dump"), "{refusal}");
    }

    #[test]
    fn a_state_that_is_not_the_crashs_is_refused() {
        let with = |name: &str, state: &str| {
            let mut found = found(name, "{}", "");
            found.files.as_mut().unwrap().state = Some(state.into());
            found.check()
        };
        let state = format!(r#"{{"id": "{OOID}", "queues": [], "indexes": [], "cells": []}}"#);
        assert_eq!(with(OOID, &state).unwrap().id().to_string(), OOID);
        for (name, state) in [(OTHER, &*state), (OOID, "{}"), (OOID, "MDMP")] {
            let refusal = with(name, state).unwrap_err().to_string();
            assert!(refusal.contains("state.json"), "{refusal}");
        }
    }
}
