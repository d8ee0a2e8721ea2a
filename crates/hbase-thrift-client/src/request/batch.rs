//! Several puts and deletes in one call.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attributes, Delete, Put};
use crate::error::{Error, Result};

/// Puts and deletes on any rows of one table, sent in one call.
///
/// The gateway runs all puts, then all deletes, each row's as one atomic step but not the batch as
/// a whole, and answers one error for all of it. What would not do what it says is refused: a put
/// and a delete of the same cell, a delete of a whole row (which the gateway drops without a word),
/// and different timestamps or attributes, for which it has no place.
///
/// ```
/// use hbase_thrift_client::{Batch, Delete, Put};
///
/// let batch = Batch::new()
///     .put(Put::new("row1").column("f:a", "1"))
///     .put(Put::new("row2").column("f:a", "2"))
///     .delete(Delete::row("row3").column("f:a"));
/// assert_eq!(batch.len(), 3);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub(crate) puts: Vec<Put>,
    pub(crate) deletes: Vec<Delete>,
}

impl Batch {
    /// A batch without anything in it; sending it does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a put.
    pub fn put(mut self, put: Put) -> Self {
        self.puts.push(put);
        self
    }

    /// Adds a delete of columns or families.
    pub fn delete(mut self, delete: Delete) -> Self {
        self.deletes.push(delete);
        self
    }

    /// How many puts and deletes there are.
    pub fn len(&self) -> usize {
        self.puts.len() + self.deletes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn check(&self, max_cell_size: usize) -> Result<()> {
        self.puts.iter().try_for_each(|put| put.check(max_cell_size))?;
        self.deletes.iter().try_for_each(Delete::check)?;
        if self.deletes.iter().any(|delete| delete.columns.is_empty()) {
            return Err(Error::invalid(
                "a batch can't delete a whole row, the gateway drops it without a word: name the \
                 families, or use Table::delete",
            ));
        }
        self.check_uniform()?;
        self.check_disjoint()
    }

    /// Timestamp, attributes and log setting go over the wire once for the whole batch, or once a
    /// mutation.
    fn check_uniform(&self) -> Result<()> {
        let timestamps: BTreeSet<_> = self.timestamps().collect();
        if timestamps.len() > 1 {
            return Err(Error::invalid(
                "the batch has several timestamps, the gateway has place for one: send a batch for \
                 each",
            ));
        }
        let first = self.attributes();
        if self.all_attributes().any(|other| Some(other) != first) {
            return Err(Error::invalid(
                "the batch has several sets of attributes, the gateway has place for one: send a \
                 batch for each",
            ));
        }
        Ok(())
    }

    fn check_disjoint(&self) -> Result<()> {
        let mut written: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
        for put in &self.puts {
            let columns = put.cells.iter().map(|(column, _)| column.as_slice());
            written.entry(&put.row).or_default().extend(columns);
        }
        for delete in &self.deletes {
            let Some(columns) = written.get(delete.row.as_slice()) else { continue };
            for deleted in &delete.columns {
                let family = [deleted.as_slice(), b":"].concat();
                let is_family = !deleted.contains(&b':');
                if columns
                    .iter()
                    .any(|column| column == deleted || (is_family && column.starts_with(&family)))
                {
                    let shown = deleted.escape_ascii();
                    return Err(Error::invalid(format!(
                        "the batch puts and deletes `{shown}` of one row, which would end deleted \
                         whatever the order: send the delete first, in a call of its own"
                    )));
                }
            }
        }
        Ok(())
    }

    fn timestamps(&self) -> impl Iterator<Item = Option<i64>> {
        let puts = self.puts.iter().map(|put| put.timestamp);
        puts.chain(self.deletes.iter().map(|delete| delete.timestamp))
    }

    pub(crate) fn timestamp(&self) -> Option<i64> {
        self.timestamps().next().flatten()
    }

    pub(crate) fn attributes(&self) -> Option<&Attributes> {
        self.all_attributes().next()
    }

    fn all_attributes(&self) -> impl Iterator<Item = &Attributes> {
        let puts = self.puts.iter().map(|put| &put.attributes);
        puts.chain(self.deletes.iter().map(|delete| &delete.attributes))
    }

    /// The batch's mutations by row, in the order in which the rows were named first.
    pub(crate) fn rows(&self) -> Vec<RowMutations<'_>> {
        let puts = self.puts.iter().flat_map(|put| {
            put.cells.iter().map(|(column, value)| {
                let value = Some(value.as_slice());
                (&put.row, CellMutation { column, value, write_to_wal: put.write_to_wal })
            })
        });
        let deletes = self.deletes.iter().flat_map(|delete| {
            delete.columns.iter().map(|column| {
                let write_to_wal = delete.write_to_wal;
                (&delete.row, CellMutation { column, value: None, write_to_wal })
            })
        });
        let mut rows: Vec<RowMutations<'_>> = Vec::new();
        let mut positions: BTreeMap<&[u8], usize> = BTreeMap::new();
        for (row, mutation) in puts.chain(deletes) {
            let position = *positions.entry(row).or_insert_with(|| {
                rows.push(RowMutations { row, mutations: Vec::new() });
                rows.len() - 1
            });
            rows[position].mutations.push(mutation);
        }
        rows
    }
}

/// All that a batch does to one row.
pub(crate) struct RowMutations<'a> {
    pub(crate) row: &'a [u8],
    pub(crate) mutations: Vec<CellMutation<'a>>,
}

/// A put with a value, a delete without.
pub(crate) struct CellMutation<'a> {
    pub(crate) column: &'a [u8],
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) write_to_wal: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(batch: &Batch) -> String {
        batch.check(1000).unwrap_err().to_string()
    }

    fn put(row: &str, column: &str) -> Put {
        Put::new(row).column(column, "value")
    }

    #[test]
    fn a_put_and_a_delete_of_one_cell_are_refused() {
        let batch = Batch::new().put(put("r", "f:a")).delete(Delete::row("r").column("f:a"));
        assert!(refusal(&batch).contains("end deleted"));
        let batch = Batch::new().put(put("r", "f:a")).delete(Delete::row("r").family("f"));
        assert!(refusal(&batch).contains("end deleted"));
    }

    #[test]
    fn a_put_and_a_delete_of_different_cells_are_fine() {
        let batch = Batch::new()
            .put(put("r", "f:a"))
            .put(put("s", "f:b"))
            .delete(Delete::row("r").column("f:b").family("g"))
            .delete(Delete::row("t").column("f:a"));
        assert!(batch.check(1000).is_ok());
        let rows: Vec<_> = batch.rows().iter().map(|row| row.row).collect();
        assert_eq!(rows, [b"r", b"s", b"t"]);
    }

    #[test]
    fn a_delete_of_a_whole_row_is_refused() {
        assert!(refusal(&Batch::new().delete(Delete::row("r"))).contains("whole row"));
    }

    #[test]
    fn one_timestamp_is_all_a_batch_has() {
        let batch = Batch::new().put(put("r", "f:a").timestamp(1)).put(put("s", "f:a"));
        assert!(refusal(&batch).contains("timestamps"));
        let batch = Batch::new().put(put("r", "f:a").attribute("a", "1")).put(put("s", "f:a"));
        assert!(refusal(&batch).contains("attributes"));
    }
}
