//! What is read of a crash for an export, and the files that it becomes.

use std::collections::{BTreeMap, BTreeSet};

use hbase_thrift_client::{Cell, Row};

use super::{
    File, STATE,
    names::{file_part, name_of_part},
    state::{CrashState, Entry},
};
use crate::{
    endpoints::{metadata_of, processed_of},
    error::{Error, ErrorKind, Result},
    layout::{self, Facts, IndexCell, QUEUES},
    lifecycle::StoredCrash,
    model::{CrashId, ProcessType},
    store::CrashStore,
};

/// All of a crash, and all without its dumps.
pub(super) const WHOLE: [&str; 6] =
    ["flags", "ids", "meta_data", "processed_data", layout::RAW_DATA, "timestamps"];
pub(super) const SMALL: [&str; 5] = ["flags", "ids", "meta_data", "processed_data", "timestamps"];

/// The files of a crash, and what is missing.
pub(super) type ReadFiles = (Vec<File>, Option<Error>);

/// Reads crashes: their files, the metadata last, and what is missing. One call, and one for each table
/// that may name them.
pub(super) fn read_files(
    store: &CrashStore,
    ids: &[CrashId],
    columns: &[&str],
) -> Result<Vec<ReadFiles>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store.read_rows(ids, columns)?;
    let stored: Vec<Option<StoredCrash>> = ids
        .iter()
        .zip(&rows)
        .map(|(id, row)| Some(StoredCrash::of_row(id.clone(), row.as_ref()?)))
        .collect();
    let cells: BTreeSet<IndexCell> = stored.iter().flatten().flat_map(named_in).collect();
    let named = read_cells(store, &cells)?;
    let read = ids.iter().zip(&rows).zip(&stored);
    Ok(read
        .map(|((id, row), stored)| match (row, stored) {
            (Some(row), Some(stored)) => files_of(stored, row, &named),
            _ => {
                let message = format!("there is no crash {id} to be exported");
                (Vec::new(), Some(Error::new(ErrorKind::NoSuchCrash, message)))
            }
        })
        .collect())
}

/// The cells that may name a crash and don't follow from its own.
fn named_in(stored: &StoredCrash) -> Vec<IndexCell> {
    let id = &stored.id;
    let mut cells: Vec<_> = QUEUES.map(|table| stored.facts.queue_cell(table, id)).into();
    cells.extend(optional_indexes(id, &stored.facts));
    cells
}

/// The cells of indexes that don't follow from a crash's own: two reports of one half of a hang share
/// theirs, and some indexes have a crash only if somebody put it there.
pub(crate) fn optional_indexes(id: &CrashId, facts: &Facts) -> Vec<IndexCell> {
    let mut facts = facts.clone();
    // As a submission has it.
    let main = || ProcessType::default().as_str().as_bytes().to_vec();
    facts.process_type.get_or_insert_with(main);
    facts.processed_indexes(id).into_iter().chain(facts.hang_indexes()).collect()
}

/// Those of these cells that are there, with the name and the time in each.
type Named = BTreeMap<IndexCell, (Vec<u8>, i64)>;

fn read_cells(store: &CrashStore, cells: &BTreeSet<IndexCell>) -> Result<Named> {
    let mut by_table: BTreeMap<&'static str, Vec<&IndexCell>> = BTreeMap::new();
    for cell in cells {
        by_table.entry(cell.table).or_default().push(cell);
    }
    let mut named = Named::new();
    for (table, cells) in by_table {
        let keys: Vec<_> = cells.iter().map(|cell| cell.row.clone()).collect();
        let rows = store.get_rows(table, &keys, &["ids"]).map_err(|error| {
            Error::of_read(format!("crashes could not be looked up in {table}"), error)
        })?;
        for (cell, row) in cells.into_iter().zip(rows) {
            let found = row.as_ref().and_then(|row| {
                let found = row.cells().find(|found| found.column().to_vec() == cell.column)?;
                Some((found.value().to_vec(), found.timestamp()))
            });
            named.extend(found.map(|found| (cell.clone(), found)));
        }
    }
    Ok(named)
}

fn files_of(stored: &StoredCrash, row: &Row, named: &Named) -> ReadFiles {
    let id = &stored.id;
    let version = |cell: &IndexCell| {
        let (name, version) = named.get(cell)?;
        (name == id.as_bytes()).then_some(*version)
    };
    let entry = |table: &'static str| {
        let version = version(&stored.facts.queue_cell(table, id))?;
        Some(Entry::of(table, stored.is_requested(version)))
    };
    let queues = QUEUES.into_iter().filter_map(entry).collect();
    let mut indexes = optional_indexes(id, &stored.facts);
    indexes.retain(|cell| version(cell).is_some());
    let state = CrashState::new(id, row, queues, &indexes);

    let (mut files, mut problem) = (Vec::new(), None);
    // Those with an empty name came through no gateway, and go through none.
    let is_dump = |cell: &Cell<'_>| {
        cell.family() == layout::RAW_DATA.as_bytes() && !cell.qualifier().is_empty()
    };
    for cell in row.cells().filter(is_dump) {
        let part = file_part(cell.qualifier());
        if name_of_part(&part).is_none() {
            let message = format!("crash {id} has a dump whose name is too long for a file's");
            problem = Some(Error::new(ErrorKind::IncompleteCrash, message));
        } else if part == "dump" {
            files.push((part, cell.value().to_vec()));
        } else {
            files.push((format!("{part}.dump"), cell.value().to_vec()));
        }
    }
    files.extend(processed_of(row).map(|json| ("processed.json".to_owned(), json.to_vec())));
    // Texts and their lists are JSON.
    let state = serde_json::to_vec(&state).unwrap_or_default();
    files.push((STATE.to_owned(), state));
    match metadata_of(row) {
        Some(json) => files.push(("json".to_owned(), json.to_vec())),
        None => {
            let message = format!("crash {id} is incomplete, its row has no metadata");
            problem = Some(Error::new(ErrorKind::IncompleteCrash, message));
        }
    }
    (files, problem)
}
