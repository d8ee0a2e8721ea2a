//! What an export keeps of a crash beside its files: its name, where it is named, and its small cells.

use std::fmt::Write;

use hbase_thrift_client::Row;
use serde::{Deserialize, Serialize};

use crate::{
    layout::{self, IndexCell},
    model::CrashId,
};

/// The file `….state.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CrashState {
    /// The crash's name, as `CrashId` shows it.
    id: String,
    /// The key of its row, if another client stored it before rows were salted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row: Option<Bytes>,
    /// The queues that it is in.
    queues: Vec<Entry>,
    /// The indexes that name it and don't follow from its own cells, with the time of their row.
    indexes: Vec<Indexed>,
    /// Its other cells with their columns.
    cells: Vec<(Bytes, Bytes)>,
    /// When one of its cells was written last, by the store's clocks; dumps aside.
    #[serde(default)]
    written: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    queue: Queue,
    /// Whether it asks for something that is still to be done.
    is_requested: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Queue {
    General,
    Legacy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Indexed {
    table: String,
    row: Bytes,
}

/// Text, or else bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Hex { hex: String },
}

impl CrashState {
    pub(super) fn new(id: &CrashId, row: &Row, queues: Vec<Entry>, indexes: &[IndexCell]) -> Self {
        let cells = row.cells().filter(|cell| !has_file(&cell.column().to_vec()));
        let cells = cells.map(|cell| (Bytes::of(&cell.column().to_vec()), Bytes::of(cell.value())));
        let of_index =
            |cell: &IndexCell| Indexed { table: cell.table.to_owned(), row: Bytes::of(&cell.row) };
        let all = row.cells().filter(|cell| cell.family() != layout::RAW_DATA.as_bytes());
        let written = all.map(|cell| cell.timestamp()).max();
        let is_usual = row.key() == layout::crash_row(id);
        Self {
            id: id.to_string(),
            row: (!is_usual).then(|| Bytes::of(row.key())),
            queues,
            indexes: indexes.iter().map(of_index).collect(),
            cells: cells.collect(),
            written,
        }
    }

    /// Whether nothing of a crash was written between two exports, as far as the file of each tells.
    pub(super) fn is_unchanged(before: &[u8], now: &[u8]) -> bool {
        let written = |json| serde_json::from_slice::<Self>(json).ok()?.written;
        written(before).is_some_and(|before| written(now) == Some(before))
    }

    pub(crate) fn id(&self) -> Option<CrashId> {
        self.id.parse().ok()
    }

    /// The key of the crash's row; `None` if a crash of this name has no such row.
    pub(crate) fn row(&self, id: &CrashId) -> Option<Vec<u8>> {
        let Some(row) = &self.row else { return Some(layout::crash_row(id)) };
        layout::old_crash_rows(id).into_iter().find(|old| Some(old) == row.bytes().as_ref())
    }

    /// The tables of the queues that it is in, and whether it is requested there.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.queues.iter().map(|entry| {
            let table = match entry.queue {
                Queue::General => layout::UNPROCESSED_FLAG,
                Queue::Legacy => layout::LEGACY_UNPROCESSED_FLAG,
            };
            (table, entry.is_requested)
        })
    }

    /// Whether a cell of an index named the crash.
    pub(crate) fn is_indexed(&self, cell: &IndexCell) -> bool {
        let is_it = |indexed: &Indexed| {
            indexed.table == cell.table && indexed.row.bytes().as_ref() == Some(&cell.row)
        };
        self.indexes.iter().any(is_it)
    }

    /// The cells with their columns; `None` if one isn't a crash's.
    pub(crate) fn cells(&self, id: &CrashId) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        let cells = self.cells.iter().map(|(column, value)| {
            let (column, value) = (column.bytes()?, value.bytes()?);
            let is_named = column != layout::IDS_OOID.as_bytes() || value == id.as_bytes();
            (is_named && is_of_crash(&column) && !has_file(&column)).then_some((column, value))
        });
        cells.collect()
    }
}

impl Entry {
    pub(super) fn of(table: &str, is_requested: bool) -> Self {
        let is_legacy = table == layout::LEGACY_UNPROCESSED_FLAG;
        Self { queue: if is_legacy { Queue::Legacy } else { Queue::General }, is_requested }
    }
}

/// Whether a column has a file of its own, or is none of a backup's: the mark of what is under way,
/// and a time by the store's own clocks.
fn has_file(column: &[u8]) -> bool {
    let others = [
        layout::META_DATA_JSON,
        layout::PROCESSED_DATA_JSON,
        layout::FLAGS_UNCOUNTED,
        layout::FLAGS_READ,
    ];
    others.iter().any(|other| column == other.as_bytes())
        || column.starts_with(layout::FLAGS_REQUEUEING.as_bytes())
        || layout::dump_name(column).is_some()
}

/// Whether a column has a family of the crash's table, and a name in it.
fn is_of_crash(column: &[u8]) -> bool {
    let Some(colon) = column.iter().position(|byte| *byte == b':') else { return false };
    let (family, name) = (&column[..colon], &column[colon + 1..]);
    let crashes = layout::TABLES.iter().find(|table| table.name == layout::CRASH_REPORTS);
    let mut families = crashes.into_iter().flat_map(|table| table.families);
    !name.is_empty() && families.any(|known| known.name.as_bytes() == family)
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => {
                let mut hex = String::with_capacity(2 * bytes.len());
                for byte in bytes {
                    // A String takes all that is written to it.
                    let _ = write!(hex, "{byte:02x}");
                }
                Self::Hex { hex }
            }
        }
    }

    /// `None` if it isn't what an export writes.
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Hex { hex } => {
                let byte = |pair: &[u8]| {
                    let digits = str::from_utf8(pair).ok().filter(|digits| digits.len() == 2)?;
                    u8::from_str_radix(digits, 16).ok()
                };
                hex.as_bytes().chunks(2).map(byte).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(json: &str) -> CrashState {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn any_bytes_read_back() {
        for bytes in [&b""[..], b"Y", b"\xff\x00a", "\u{e9}".as_bytes()] {
            let text = serde_json::to_string(&Bytes::of(bytes)).unwrap();
            let read: Bytes = serde_json::from_str(&text).unwrap();
            assert_eq!(read.bytes().unwrap(), bytes, "{text}");
        }
        assert_eq!(Bytes::Hex { hex: "f".into() }.bytes(), None);
        assert_eq!(Bytes::Hex { hex: "xx".into() }.bytes(), None);
        assert_eq!(Bytes::Hex { hex: "\u{e9}".into() }.bytes(), None);
    }

    #[test]
    fn only_cells_and_rows_of_this_crash_are_taken() {
        let id: CrashId = "abcdefg".parse().unwrap();
        let with = |cell: &str| {
            let json =
                format!(r#"{{"id": "abcdefg", "queues": [], "indexes": [], "cells": [{cell}]}}"#);
            state(&json).cells(&id)
        };
        assert!(with(r#"["flags:processed", "N"], ["ids:ooid", "abcdefg"]"#).is_some());
        for cell in [
            r#"["ids:ooid", "another"]"#,
            r#"["nothing", "N"]"#,
            r#"["flags:", "N"]"#,
            r#"["counters:a", "N"]"#,
            r#"["flags:uncounted", "Y"]"#,
            r#"["raw_data:dump", "MDMP"]"#,
        ] {
            assert_eq!(with(cell), None, "{cell}");
        }
        let row = |row: &str| {
            let json = format!(
                r#"{{"id": "abcdefg", "row": "{row}", "queues": [], "indexes": [], "cells": []}}"#
            );
            state(&json).row(&id)
        };
        assert_eq!(row("abcdefg"), Some(b"abcdefg".to_vec()));
        assert_eq!(row("bcdefgabcdefg"), Some(b"bcdefgabcdefg".to_vec()));
        assert_eq!(row("anything"), None);
    }
}
