//! Sends one call's mutations, and finds the rows that make it fail.

use std::error::Error as StdError;
use std::fmt;

use super::pending::{Mutation, batch_of};
use crate::error::{Error, Outcome, Result};
use crate::table::Table;

/// Rows that were not, or may not have been, written.
pub struct WriteError {
    failures: Vec<RowFailure>,
}

/// What could not be written, and why.
#[derive(Debug)]
pub struct RowFailure {
    /// All that was to be done to the row, in order.
    pub mutations: Vec<Mutation>,
    /// Why it was not; [`Error::outcome`] says whether it may have been.
    pub error: Error,
}

impl RowFailure {
    /// The row's key.
    pub fn row(&self) -> &[u8] {
        self.mutations.first().map_or(&[], Mutation::row)
    }
}

impl WriteError {
    pub(super) fn of(mutations: Vec<Mutation>, error: &Error) -> Self {
        let failures = by_row(mutations).into_iter();
        Self {
            failures: failures
                .map(|mutations| RowFailure { mutations, error: error.echo_whole() })
                .collect(),
        }
    }

    /// The rows, each with what was to be done to it.
    pub fn failures(&self) -> &[RowFailure] {
        &self.failures
    }

    /// As [`failures`](Self::failures), handed over.
    pub fn into_failures(self) -> Vec<RowFailure> {
        self.failures
    }

    /// All mutations, in the order in which they have to be written to a row, to be tried again.
    pub fn into_mutations(self) -> impl Iterator<Item = Mutation> {
        self.failures.into_iter().flat_map(|failure| failure.mutations)
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.failures.append(&mut other.failures);
    }

    pub(super) fn into_first(self) -> Error {
        let unnamed = || Error::invalid("a write failed");
        self.failures.into_iter().next().map_or_else(unnamed, |failure| failure.error)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown =
            self.failures.iter().filter(|f| f.error.outcome() == Outcome::Unknown).count();
        write!(f, "{} rows were not written", self.failures.len())?;
        if unknown > 0 {
            write!(f, " ({unknown} of them may have been)")?;
        }
        if let Some(first) = self.failures.first() {
            write!(f, "; the first is `{}`", first.row().escape_ascii())?;
        }
        Ok(())
    }
}

impl fmt::Debug for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteError({self}")?;
        if let Some(first) = self.failures.first() {
            write!(f, ": {:?}", first.error)?;
        }
        f.write_str(")")
    }
}

impl StdError for WriteError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.failures.first().map(|failure| &failure.error as &(dyn StdError + 'static))
    }
}

/// Sends the mutations in one call. Where the server refuses it, sends halves of its rows, so that
/// the rows at fault are found and the others written; where it can't be reached, gives up.
pub(super) fn send(table: &Table, mutations: Vec<Mutation>) -> Result<(), WriteError> {
    let Err(error) = send_at_once(table, &mutations) else { return Ok(()) };
    let mut rows = by_row(mutations);
    if rows.len() < 2 || !is_about_the_rows(&error) {
        return Err(WriteError::of(rows.concat(), &error));
    }
    let second = rows.split_off(rows.len() / 2);
    let halves = [rows, second].map(|rows| send(table, rows.concat()));
    let failed = halves.into_iter().filter_map(Result::err).reduce(|mut first, second| {
        first.append(second);
        first
    });
    failed.map_or(Ok(()), Err)
}

fn send_at_once(table: &Table, mutations: &[Mutation]) -> Result<()> {
    match mutations {
        [Mutation::Put(put)] => table.put(put),
        [Mutation::Delete(delete)] => table.delete(delete),
        several => table.batch(&batch_of(several)),
    }
}

/// Whether fewer rows could fare better: not where no gateway, no table or no time is left.
fn is_about_the_rows(error: &Error) -> bool {
    use crate::error::ErrorKind::{
        AccessDenied, IllegalArgument, InvalidRequest, NoSuchColumnFamily, Server, TooLarge,
    };
    matches!(
        error.kind(),
        NoSuchColumnFamily | IllegalArgument | InvalidRequest | TooLarge | AccessDenied | Server
    )
}

/// The mutations of each row, rows in the order of their first one.
fn by_row(mutations: Vec<Mutation>) -> Vec<Vec<Mutation>> {
    let mut positions = std::collections::HashMap::new();
    let mut rows: Vec<Vec<Mutation>> = Vec::new();
    for mutation in mutations {
        let position = *positions.entry(mutation.row().to_vec()).or_insert_with(|| {
            rows.push(Vec::new());
            rows.len() - 1
        });
        rows[position].push(mutation);
    }
    rows
}
