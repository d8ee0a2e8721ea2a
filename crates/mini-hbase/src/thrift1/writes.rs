//! Puts and deletes, in the gateway's order: of one row the delete goes first, of several rows all
//! puts do. In between, anybody may look, and what comes later may fail.

use hbase_thrift_api::{BatchMutation, Mutation, Text};

use super::failure::{Throws, thrown};
use super::{Attributes, column};
use crate::budget::Share;
use crate::edits::{Options, Put};
use crate::model::{CellType, Edit, Error, Result, RowEdits, Table, Writes};
use crate::names;
use crate::service::{Service, time_to_live};

impl Service {
    pub(super) fn mutate_row(
        &self,
        share: &Share,
        table: &[u8],
        row: Text,
        mutations: Vec<Mutation>,
        timestamp: Option<i64>,
        attributes: &Attributes,
    ) -> Result<()> {
        names::table(table)?;
        names::check_row(&row)?;
        names::check_time(timestamp)?;
        let options = self.options(timestamp, attributes)?;
        let (deletes, puts) = divide(mutations);
        // The gateway logs a put on a bare family, and goes on without it.
        let puts: Vec<_> = puts.into_iter().filter_map(put_of).collect();
        self.store.durably(share, |writes| {
            if !deletes.is_empty() {
                let table = self.table(table)?;
                let edits = deletes.iter().map(|column| deletion(&table, column, &options));
                let edits = edits.collect::<Result<_>>()?;
                writes.write(&table, &[RowEdits { row: row.clone(), edits }])?;
            }
            if !puts.is_empty() {
                puts.iter().try_for_each(|put| put.check_for_client(&row, &options))?;
                let table = self.table(table)?;
                let edits = puts.into_iter().map(|put| put.into_edit(&table, &row, &options));
                let edits = edits.collect::<Result<_>>()?;
                writes.write(&table, &[RowEdits { row, edits }])?;
            }
            Ok(())
        })
    }

    pub(super) fn options(
        &self,
        timestamp: Option<i64>,
        attributes: &Attributes,
    ) -> Result<Options> {
        let time_to_live = time_to_live(attributes)?;
        Ok(Options { timestamp, time_to_live, max_cell: self.settings.max_cell })
    }

    pub(super) fn mutate_rows(
        &self,
        share: &Share,
        method: &str,
        table: &[u8],
        batches: Vec<BatchMutation>,
        timestamp: Option<i64>,
        attributes: &Attributes,
    ) -> thrift::Result<()> {
        // Each row is taken apart outside of the gateway's try block: what is illegal in it is an
        // internal error. Without a row nothing is looked at.
        let timestamp = timestamp.filter(|_| !batches.is_empty());
        let options =
            names::check_time(timestamp).and_then(|()| self.options(timestamp, attributes));
        let batch = options.and_then(|options| Ok((Batch::new(batches)?, options)));
        let (batch, options) = batch.map_err(|error| thrown(method, Throws::Io, error))?;
        self.write_batch(share, table, batch, &options)
            .map_err(|error| thrown(method, Throws::IoAndIllegalArgument, error))
    }

    fn write_batch(
        &self,
        share: &Share,
        table: &[u8],
        batch: Batch,
        options: &Options,
    ) -> Result<()> {
        names::table(table)?;
        for (row, puts) in &batch.puts {
            puts.iter().try_for_each(|put| put.check_for_client(row, options))?;
        }
        self.store.durably(share, |writes| {
            // If a put fails, the gateway doesn't get as far as the deletes.
            self.write_each(writes, table, batch.puts, |table, row, puts| {
                puts.into_iter().map(|put| put.into_edit(table, row, options)).collect()
            })?;
            self.write_each(writes, table, batch.deletes, |table, _, columns| {
                columns.iter().map(|column| deletion(table, column, options)).collect()
            })
        })
    }

    /// Writes rows, and fails after that if some of them can't be written.
    fn write_each<T>(
        &self,
        writes: &Writes<'_>,
        table: &[u8],
        rows: Vec<(Text, T)>,
        edits: impl Fn(&Table, &[u8], T) -> Result<Vec<Edit>>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let all = rows.len();
        let table = self.table(table).map_err(|error| error.of_batch(all))?;
        let mut failed: Option<(usize, Error)> = None;
        let mut good = Vec::with_capacity(all);
        for (row, changes) in rows {
            match edits(&table, &row, changes) {
                Ok(edits) => good.push(RowEdits { row, edits }),
                Err(error) => failed.get_or_insert((0, error)).0 += 1,
            }
        }
        if !good.is_empty() {
            writes.write(&table, &good).map_err(|error| error.of_batch(all))?;
        }
        failed.map_or(Ok(()), |(count, error)| Err(error.of_batch(count)))
    }

    pub(super) fn delete_column(
        &self,
        share: &Share,
        table: &[u8],
        row: Text,
        column: &[u8],
        timestamp: Option<i64>,
    ) -> Result<()> {
        let table = self.table(table)?;
        names::check_row(&row)?;
        names::check_time(timestamp)?;
        let options = self.options(timestamp, &Attributes::new())?;
        let edits = vec![deletion(&table, column, &options)?];
        self.store.durably(share, |writes| writes.write(&table, &[RowEdits { row, edits }]))
    }

    pub(super) fn delete_row(
        &self,
        share: &Share,
        table: &[u8],
        row: Text,
        timestamp: Option<i64>,
    ) -> Result<()> {
        let table = self.table(table)?;
        names::check_row(&row)?;
        names::check_time(timestamp)?;
        let families = 0..table.families.len() as u16;
        let options = self.options(timestamp, &Attributes::new())?;
        let edits = families.map(|family| delete_family(family, &options)).collect();
        self.store.durably(share, |writes| writes.write(&table, &[RowEdits { row, edits }]))
    }
}

/// The columns to delete of a row, and the mutations that put.
fn divide(mutations: Vec<Mutation>) -> (Vec<Text>, Vec<Mutation>) {
    let (deletes, puts): (Vec<_>, Vec<_>) =
        mutations.into_iter().partition(|mutation| mutation.is_delete == Some(true));
    (deletes.into_iter().map(|mutation| mutation.column.unwrap_or_default()).collect(), puts)
}

/// A batch as the gateway takes it apart.
#[derive(Default)]
struct Batch {
    puts: Vec<(Text, Vec<Put>)>,
    deletes: Vec<(Text, Vec<Text>)>,
}

impl Batch {
    fn new(batches: Vec<BatchMutation>) -> Result<Self> {
        let mut all = Self::default();
        for batch in batches {
            let row = batch.row.unwrap_or_default();
            names::check_row(&row)?;
            let (deletes, puts) = divide(batch.mutations.unwrap_or_default());
            let put = |mutation| {
                put_of(mutation)
                    .ok_or_else(|| Error::Illegal("Invalid famAndQf provided.".to_owned()))
            };
            let puts: Vec<_> = puts.into_iter().map(put).collect::<Result<_>>()?;
            if !deletes.is_empty() {
                all.deletes.push((row.clone(), deletes));
            }
            if !puts.is_empty() {
                all.puts.push((row, puts));
            }
        }
        Ok(all)
    }
}

/// One put, its column taken apart; `None` on a bare family.
pub(super) fn put_of(mutation: Mutation) -> Option<Put> {
    let column = mutation.column.unwrap_or_default();
    let (family, Some(qualifier)) = column::parse(&column) else { return None };
    let (family, qualifier) = (family.to_vec(), qualifier.to_vec());
    Some(Put { family, qualifier, value: mutation.value.unwrap_or_default() })
}

fn deletion(table: &Table, column: &[u8], options: &Options) -> Result<Edit> {
    let (family, qualifier) = column::parse(column);
    let family = table.family(family)?;
    let Some(qualifier) = qualifier else { return Ok(delete_family(family, options)) };
    let (kind, qualifier) = (CellType::DeleteColumn, qualifier.to_vec());
    let (timestamp, time_to_live) = (options.timestamp, options.time_to_live);
    Ok(Edit::Delete { kind, family, qualifier, timestamp, time_to_live })
}

fn delete_family(family: u16, options: &Options) -> Edit {
    let (kind, qualifier) = (CellType::DeleteFamily, Vec::new());
    let (timestamp, time_to_live) = (options.timestamp, options.time_to_live);
    Edit::Delete { kind, family, qualifier, timestamp, time_to_live }
}
