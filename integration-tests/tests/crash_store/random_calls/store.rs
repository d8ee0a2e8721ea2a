//! What holds after any repairs: nothing right is gone, and whatever waits is found.

use std::collections::{BTreeMap, BTreeSet};

use hbase_thrift_client::Scan;
use socorro_hbase_client::{SEARCH_TABLE, TABLES};

use super::super::hbase_client_py::{LEGACY, Python, cut};

/// By table, row and column.
pub(super) type Cells = BTreeMap<(String, String, String), Vec<u8>>;

pub(super) fn cells(python: &Python) -> Cells {
    let mut cells = Cells::new();
    for table in TABLES.iter().chain([&SEARCH_TABLE]) {
        for row in python.store.client().table(table.name).scan(Scan::new()).unwrap() {
            let row = row.unwrap();
            let key = row.key().escape_ascii().to_string();
            for cell in row.cells() {
                let name = (table.name.to_owned(), key.clone(), cell.column().to_string());
                cells.insert(name, cell.value().to_vec());
            }
        }
    }
    cells
}

/// What must not be gone or other after repairs: all of a crash but marks, every right row that names it,
/// and counts of submissions.
pub(super) fn assert_nothing_right_is_gone(before: &Cells, after: &Cells, shown: &str) {
    let crashes = rows_of_crashes(before);
    for (cell @ (table, row, column), value) in before {
        let is_kept = after.get(cell) == Some(value);
        let shown = || format!("{shown}\n{table} {row} {column}");
        if table == "crash_reports" {
            let is_leftover = !crashes.values().any(|cells| cells.row == row);
            assert!(is_kept || is_leftover || column == "flags:uncounted", "{}", shown());
        } else if table == "metrics" && row != "crash_report_queue" {
            let number = |value: &[u8]| value.try_into().map_or(0, i64::from_be_bytes);
            let now = after.get(cell).map_or(i64::MIN, |value| number(value));
            assert!(number(value) <= now, "{} was lowered", shown());
        } else if let Some(crash) = crashes.get(value.as_slice())
            && crash.is_named_by(table, row)
        {
            assert!(is_kept, "{}", shown());
        }
    }
}

/// What the interchange format says of a crash that is there.
struct Stored<'a> {
    name: String,
    row: &'a str,
    submitted: Option<&'a str>,
    signature: Option<&'a str>,
    hang: Option<&'a str>,
    is_legacy: bool,
    is_processed: bool,
}

fn rows_of_crashes(cells: &Cells) -> BTreeMap<&[u8], Stored<'_>> {
    let mut rows: BTreeMap<&str, BTreeMap<&str, &[u8]>> = BTreeMap::new();
    for ((_, row, column), value) in
        cells.iter().filter(|((table, ..), _)| table == "crash_reports")
    {
        rows.entry(row).or_default().insert(column, value);
    }
    let crashes = rows.into_iter().filter_map(|(row, columns)| {
        let text = |column: &str| columns.get(column).and_then(|value| str::from_utf8(value).ok());
        let name = columns.get("ids:ooid")?;
        Some((
            *name,
            Stored {
                name: String::from_utf8_lossy(name).into_owned(),
                row,
                submitted: text("timestamps:submitted"),
                signature: text("processed_data:signature"),
                hang: text("ids:hang"),
                is_legacy: text("flags:legacy_processing") == Some("Y"),
                is_processed: text("flags:processed") == Some("Y"),
            },
        ))
    });
    crashes.collect()
}

impl Stored<'_> {
    /// Whether a row is right that names the crash.
    fn is_named_by(&self, table: &str, row: &str) -> bool {
        let timed =
            self.submitted.map(|time| format!("{}{}{}", &self.name[..1], cut(time), self.name));
        let is_timed = timed.as_deref() == Some(row);
        match table.strip_prefix("crash_reports_index_") {
            Some("submitted_time") => is_timed,
            Some("legacy_submitted_time") => is_timed && self.is_legacy,
            Some("unprocessed_flag" | "legacy_unprocessed_flag") => is_timed && !self.is_processed,
            Some("signature_ooid") => {
                self.signature.is_some_and(|it| format!("{it}{}", self.name) == row)
            }
            Some("hang_id") => self.hang == Some(row),
            Some("hang_id_submitted_time") => {
                let timed = self.hang.zip(self.submitted);
                timed
                    .is_some_and(|(hang, time)| format!("{}{}{hang}", &hang[..1], cut(time)) == row)
            }
            _ => false,
        }
    }
}

/// The crashes that wait in a queue under their own time.
pub(super) fn waiting(cells: &Cells) -> BTreeSet<String> {
    let crashes = rows_of_crashes(cells);
    let entries =
        cells.iter().filter(|((table, _, column), _)| table == LEGACY && column == "ids:ooid");
    let waiting = entries.filter_map(|((table, row, _), name)| {
        let crash = crashes.get(name.as_slice())?;
        crash.is_named_by(table, row).then(|| crash.name.clone())
    });
    waiting.collect()
}
