//! The covering row of a crash: what people filter and count by, in one narrow row.

use hbase_thrift_client::{Delete, Put, Row};
use serde::Serialize;

use super::{keys, schema};
use crate::model::{CrashId, Object, Protected};

/// A column of the search table, each with the text of one field of a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "their names say it")]
pub enum SearchColumn {
    Ooid,
    Product,
    Version,
    Build,
    ReleaseChannel,
    OsName,
    OsVersion,
    CpuArch,
    ProcessType,
    HangId,
    DumpCount,
    State,
    Signature,
    Reason,
    Address,
    Uptime,
    CompletedDate,
}

/// What a covering row holds, as far as it is known: nothing that the crash's collector was told to protect,
/// and nothing that is made of it, since whoever searches reads the row as it is.
pub(crate) struct SearchRow {
    put: Put,
    protected: Protected,
}

/// From the metadata: fields of which the first that is there counts.
const OF_METADATA: &[(SearchColumn, &[&str])] = &[
    (SearchColumn::Product, &["ProductName"]),
    (SearchColumn::Version, &["Version"]),
    (SearchColumn::Build, &["BuildID"]),
    (SearchColumn::ReleaseChannel, &["ReleaseChannel"]),
    (SearchColumn::ProcessType, &["ProcessType"]),
    (SearchColumn::HangId, &["HangID"]),
];

/// From the processed JSON, of either era.
const OF_PROCESSED: &[(SearchColumn, &[&str])] = &[
    (SearchColumn::Signature, &["signature"]),
    (SearchColumn::Reason, &["reason"]),
    (SearchColumn::Address, &["address"]),
    (SearchColumn::Uptime, &["uptime"]),
    (SearchColumn::OsName, &["os_name"]),
    (SearchColumn::OsVersion, &["os_version"]),
    (SearchColumn::CpuArch, &["cpu_arch", "cpu_name"]),
    (SearchColumn::CompletedDate, &["completeddatetime"]),
];

/// More of a text is of no use for finding crashes.
const LONGEST: usize = 1024;

impl SearchColumn {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Ooid,
        Self::Product,
        Self::Version,
        Self::Build,
        Self::ReleaseChannel,
        Self::OsName,
        Self::OsVersion,
        Self::CpuArch,
        Self::ProcessType,
        Self::HangId,
        Self::DumpCount,
        Self::State,
        Self::Signature,
        Self::Reason,
        Self::Address,
        Self::Uptime,
        Self::CompletedDate,
    ];

    /// The column's name, as Socorro's search names the field.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ooid => "ooid",
            Self::Product => "product",
            Self::Version => "version",
            Self::Build => "build_id",
            Self::ReleaseChannel => "release_channel",
            Self::OsName => "platform",
            Self::OsVersion => "platform_version",
            Self::CpuArch => "cpu_arch",
            Self::ProcessType => "process_type",
            Self::HangId => "hang_id",
            Self::DumpCount => "dump_count",
            Self::State => "state",
            Self::Signature => "signature",
            Self::Reason => "reason",
            Self::Address => "address",
            Self::Uptime => "uptime",
            Self::CompletedDate => "completed_date",
        }
    }

    pub(crate) fn column(self) -> Vec<u8> {
        format!("s:{}", self.name()).into_bytes()
    }

    /// The text of this column in a row.
    pub(crate) fn of_row(self, row: &Row) -> Option<String> {
        row.get(self.column()).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

impl SearchRow {
    /// Which row covers a crash: salted, and in the order of time.
    pub(crate) fn key(id: &CrashId, submitted: Option<&[u8]>) -> Vec<u8> {
        let submitted = submitted.and_then(keys::part_of_key);
        keys::time_row(id, submitted.as_deref().unwrap_or(keys::NO_TIME))
    }

    pub(crate) fn new(id: &CrashId, submitted: Option<&[u8]>, protected: Protected) -> Self {
        let put = Put::new(Self::key(id, submitted));
        Self { put: put.column(SearchColumn::Ooid.column(), id.as_bytes()), protected }
    }

    pub(crate) fn metadata(self, json: &[u8]) -> Self {
        self.fields(json, OF_METADATA)
    }

    pub(crate) fn processed(self, json: &[u8]) -> Self {
        self.fields(json, OF_PROCESSED).with(SearchColumn::State, "processed")
    }

    pub(crate) fn unprocessed(self) -> Self {
        self.with(SearchColumn::State, "unprocessed")
    }

    pub(crate) fn dumps(self, count: usize) -> Self {
        self.with(SearchColumn::DumpCount, &count.to_string())
    }

    pub(crate) fn into_put(self) -> (&'static str, Put) {
        (schema::SEARCH, self.put)
    }

    /// Takes what must not be in a row out of one that is there; `None` if that is nothing.
    pub(crate) fn hide(&self) -> Option<(&'static str, Delete)> {
        let all = OF_METADATA.iter().chain(OF_PROCESSED);
        let hidden = all.filter(|(_, names)| names.iter().all(|name| self.is_hidden(name)));
        let columns: Vec<_> = hidden.map(|(column, _)| column.column()).collect();
        let is_nothing = columns.is_empty();
        let delete = Delete::row(self.put.get_row()).columns(columns);
        (!is_nothing).then_some((schema::SEARCH, delete))
    }

    fn is_hidden(&self, field: &str) -> bool {
        self.protected.has(field)
    }

    fn fields(self, json: &[u8], fields: &[(SearchColumn, &[&str])]) -> Self {
        let Some(object) = Object::read(json) else { return self };
        fields.iter().fold(self, |row, (column, names)| {
            let shown = names.iter().filter(|name| !row.is_hidden(name));
            let text = shown.into_iter().find_map(|name| object.shown(name));
            match text {
                Some(text) => row.with(*column, &text),
                None => row,
            }
        })
    }

    fn with(self, column: SearchColumn, text: &str) -> Self {
        let end = text.floor_char_boundary(LONGEST);
        Self { put: self.put.column(column.column(), &text.as_bytes()[..end]), ..self }
    }
}
