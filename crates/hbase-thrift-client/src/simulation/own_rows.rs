//! What a caller knows of its own rows where the client stamps its writes: an older write that is
//! carried out late hides nothing that was acknowledged after it.

use std::collections::{BTreeMap, BTreeSet};

use super::table::Bytes;
use crate::error::Outcome;
use crate::request::{Delete, Put};
use crate::row::Row;

/// The cells of rows that one caller alone writes to.
#[derive(Default)]
pub(super) struct OwnRows {
    cells: BTreeMap<Cell, Bytes>,
    /// Of these nobody knows the value.
    unsure: BTreeSet<Cell>,
}

/// A row's key, and a column.
type Cell = (Bytes, Bytes);

/// All columns of these rows.
const COLUMNS: [&[u8]; 2] = [b"f:0", b"f:1"];

impl OwnRows {
    /// A put was made, or failed like this.
    pub(super) fn put(&mut self, put: &Put, outcome: Result<(), Outcome>) {
        for (column, value) in &put.cells {
            self.change((put.row.clone(), column.clone()), Some(value), outcome);
        }
    }

    /// As [`put`](Self::put).
    pub(super) fn delete(&mut self, delete: &Delete, outcome: Result<(), Outcome>) {
        let of_row = COLUMNS.map(<[u8]>::to_vec).to_vec();
        let columns = if delete.columns.is_empty() { of_row } else { delete.columns.clone() };
        for column in columns {
            self.change((delete.row.clone(), column), None, outcome);
        }
    }

    fn change(&mut self, cell: Cell, value: Option<&Bytes>, outcome: Result<(), Outcome>) {
        match outcome {
            Ok(()) | Err(Outcome::Applied) => {
                self.unsure.remove(&cell);
                match value {
                    Some(value) => self.cells.insert(cell, value.clone()),
                    None => self.cells.remove(&cell),
                };
            }
            Err(Outcome::NotApplied) => {}
            Err(_) => drop(self.unsure.insert(cell)),
        }
    }

    /// Checks a row that was read.
    pub(super) fn check(&self, key: &[u8], found: Option<&Row>) -> Result<(), String> {
        for column in COLUMNS {
            let cell = (key.to_vec(), column.to_vec());
            let value = found.and_then(|row| row.get(column));
            let expected = self.cells.get(&cell).map(Vec::as_slice);
            if value != expected && !self.unsure.contains(&cell) {
                let shown = |value: Option<&[u8]>| value.map(|v| v.escape_ascii().to_string());
                return Err(format!(
                    "{} {} is {:?}, and what was written last is {:?}",
                    key.escape_ascii(),
                    column.escape_ascii(),
                    shown(value),
                    shown(expected),
                ));
            }
        }
        Ok(())
    }
}
