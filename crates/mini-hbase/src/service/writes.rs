//! Puts and deletes, in the gateway's order: of one row the delete goes first, of several rows all
//! puts do. In between, anybody may look.

use hbase_thrift_api::{BatchMutation, Mutation, Text};

use super::{Attributes, Service, names};
use crate::model::parse_column;
use crate::store::{Edit, Error, Result, RowEdits, Table, show};

/// The attribute that limits the life of a mutation's cells, in milliseconds.
const TIME_TO_LIVE: &[u8] = b"_ttl";

impl Service {
    pub(super) fn mutate_row(
        &self,
        table: &[u8],
        row: Text,
        mutations: Vec<Mutation>,
        timestamp: Option<i64>,
        attributes: &Attributes,
    ) -> Result<()> {
        let table = self.table(table)?;
        names::check_row(&row)?;
        check_time(timestamp)?;
        let options = self.options(timestamp, attributes)?;
        let (deletes, puts): (Vec<_>, Vec<_>) =
            mutations.into_iter().partition(|mutation| mutation.is_delete == Some(true));
        let mut edits = Vec::new();
        for mutation in deletes {
            edits.push(delete(&table, &mutation, timestamp)?);
        }
        let mut new = Vec::new();
        for mutation in puts {
            // The gateway logs a put on a bare family, and goes on without it.
            if let Some(put) = put(&table, &row, mutation, &options)? {
                new.push(put);
            }
        }
        for edits in [edits, new] {
            if !edits.is_empty() {
                self.store.write(&table, &[RowEdits { row: row.clone(), edits }])?;
            }
        }
        Ok(())
    }

    pub(super) fn options(
        &self,
        timestamp: Option<i64>,
        attributes: &Attributes,
    ) -> Result<Options> {
        let time_to_live = time_to_live(attributes)?;
        Ok(Options { timestamp, time_to_live, max_cell: self.max_cell })
    }

    pub(super) fn mutate_rows(
        &self,
        table: &[u8],
        batches: Vec<BatchMutation>,
        timestamp: Option<i64>,
        attributes: &Attributes,
    ) -> Result<()> {
        check_time(timestamp)?;
        let options = self.options(timestamp, attributes)?;
        let table = self.table(table)?;
        let (mut puts, mut deletes) = (Vec::new(), Vec::new());
        let mut failed = Failed::default();
        for batch in batches {
            let row = batch.row.unwrap_or_default();
            names::check_row(&row)?;
            let (removed, added): (Vec<_>, Vec<_>) = batch
                .mutations
                .unwrap_or_default()
                .into_iter()
                .partition(|mutation| mutation.is_delete == Some(true));
            let put = |mutation| {
                put(&table, &row, mutation, &options)?
                    .ok_or_else(|| Error::Illegal("Invalid famAndQf provided.".to_owned()))
            };
            let added = added.into_iter().map(put).collect();
            let removed = removed.iter().map(|one| delete(&table, one, timestamp)).collect();
            failed.keep(&row, added, &mut puts)?;
            failed.keep(&row, removed, &mut deletes)?;
        }
        // A row that can't be written is left out. If it is one with puts, the gateway doesn't get
        // as far as the deletes.
        if !puts.is_empty() {
            self.store.write(&table, &puts)?;
        }
        failed.fail(&puts)?;
        if !deletes.is_empty() {
            self.store.write(&table, &deletes)?;
        }
        Ok(())
    }

    pub(super) fn delete_column(
        &self,
        table: &[u8],
        row: Text,
        column: &[u8],
        timestamp: Option<i64>,
    ) -> Result<()> {
        let table = self.table(table)?;
        names::check_row(&row)?;
        check_time(timestamp)?;
        let edits = vec![deletion(&table, column, timestamp)?];
        self.store.write(&table, &[RowEdits { row, edits }])
    }

    pub(super) fn delete_row(&self, table: &[u8], row: Text, timestamp: Option<i64>) -> Result<()> {
        let table = self.table(table)?;
        names::check_row(&row)?;
        check_time(timestamp)?;
        let families = 0..table.families.len() as u16;
        let edits = families.map(|family| Edit::DeleteFamily { family, timestamp }).collect();
        self.store.write(&table, &[RowEdits { row, edits }])
    }
}

/// Rows of a batch that the region's server refuses, while it takes the others.
#[derive(Default)]
struct Failed {
    count: usize,
    first: Option<Error>,
}

impl Failed {
    fn keep(
        &mut self,
        row: &[u8],
        edits: Result<Vec<Edit>>,
        rows: &mut Vec<RowEdits>,
    ) -> Result<()> {
        match edits {
            Ok(edits) if edits.is_empty() => {}
            Ok(edits) => rows.push(RowEdits { row: row.to_vec(), edits }),
            Err(error @ Error::NoSuchFamily { .. }) => {
                self.count += 1;
                self.first.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn fail(self, _written: &[RowEdits]) -> Result<()> {
        match self.first {
            Some(first) => Err(Error::Partly { count: self.count, first: Box::new(first) }),
            None => Ok(()),
        }
    }
}

/// What all mutations of a call share.
pub(super) struct Options {
    pub(super) timestamp: Option<i64>,
    pub(super) time_to_live: Option<i64>,
    /// For row, column and value together.
    pub(super) max_cell: usize,
}

/// One put; nothing on a bare family.
pub(super) fn put(
    table: &Table,
    row: &[u8],
    mutation: Mutation,
    options: &Options,
) -> Result<Option<Edit>> {
    let column = mutation.column.unwrap_or_default();
    let (family, Some(qualifier)) = parse_column(&column) else { return Ok(None) };
    let value = mutation.value.unwrap_or_default();
    if row.len() + column.len() + value.len() > options.max_cell {
        return Err(Error::Illegal("KeyValue size too large".to_owned()));
    }
    Ok(Some(Edit::Put {
        family: table.family(family)?,
        qualifier: qualifier.to_vec(),
        timestamp: options.timestamp,
        value,
        time_to_live: options.time_to_live,
    }))
}

fn delete(table: &Table, mutation: &Mutation, timestamp: Option<i64>) -> Result<Edit> {
    deletion(table, mutation.column.as_deref().unwrap_or_default(), timestamp)
}

fn deletion(table: &Table, column: &[u8], timestamp: Option<i64>) -> Result<Edit> {
    let (family, qualifier) = parse_column(column);
    let family = table.family(family)?;
    Ok(match qualifier {
        Some(qualifier) => Edit::DeleteColumn { family, qualifier: qualifier.to_vec(), timestamp },
        None => Edit::DeleteFamily { family, timestamp },
    })
}

fn check_time(timestamp: Option<i64>) -> Result<()> {
    match timestamp {
        Some(time) if time < 0 => {
            Err(Error::Illegal(format!("Timestamp cannot be negative. ts={time}")))
        }
        _ => Ok(()),
    }
}

pub(super) fn time_to_live(attributes: &Attributes) -> Result<Option<i64>> {
    let Some(bytes) = attributes.get(TIME_TO_LIVE) else { return Ok(None) };
    let bytes = bytes.as_slice().try_into();
    let bytes = bytes.map_err(|_| {
        Error::Illegal(format!("the attribute {} isn't 8 bytes long", show(TIME_TO_LIVE)))
    })?;
    Ok(Some(i64::from_be_bytes(bytes)))
}
