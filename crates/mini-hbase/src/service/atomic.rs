//! Increments, appends, check-and-put.

use hbase_thrift_api::{Mutation, TAppend, TCell, TIncrement, Text};

use super::failure::{Throws, internal, thrown};
use super::writes::put;
use super::{Attributes, Service, names};
use crate::model::parse_column;
use crate::store::{Error, Result};

impl Service {
    /// A bare family is its empty qualifier, here alone.
    pub(super) fn atomic_increment(
        &self,
        table: &[u8],
        row: &[u8],
        column: &[u8],
        amount: i64,
    ) -> Result<i64> {
        let table = self.table(table)?;
        names::check_row(row)?;
        let (family, qualifier) = parse_column(column);
        let place = (table.family(family)?, qualifier.unwrap_or_default());
        self.store.increment(&table, row, place, amount)
    }

    pub(super) fn increment(&self, increment: TIncrement) -> Result<()> {
        let table = self.table(&increment.table.unwrap_or_default())?;
        let row = increment.row.unwrap_or_default();
        names::check_row(&row)?;
        let column = increment.column.unwrap_or_default();
        let (family, qualifier) = qualified(&column)?;
        let place = (table.family(family)?, qualifier);
        self.store.increment(&table, &row, place, increment.ammount.unwrap_or_default())?;
        Ok(())
    }

    /// Answers the whole values, in the order of their columns.
    pub(super) fn append(&self, append: TAppend) -> Result<Vec<TCell>> {
        let table = self.table(&append.table.unwrap_or_default())?;
        let row = append.row.unwrap_or_default();
        names::check_row(&row)?;
        let columns = append.columns.unwrap_or_default();
        let values = append.values.unwrap_or_default();
        if columns.len() != values.len() {
            return Err(Error::Illegal("there must be a value for each column".to_owned()));
        }
        let mut additions = Vec::with_capacity(columns.len());
        for (column, value) in columns.iter().zip(values) {
            let (family, qualifier) = qualified(column)?;
            additions.push((table.family(family)?, qualifier.to_vec(), value));
        }
        additions.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let answers = self.store.append(&table, &row, &additions)?;
        let cell = |(timestamp, value)| TCell { value: Some(value), timestamp: Some(timestamp) };
        Ok(answers.into_iter().map(cell).collect())
    }

    pub(super) fn check_and_put(
        &self,
        table: &[u8],
        row: Text,
        column: &[u8],
        expected: &[u8],
        mutation: Mutation,
        attributes: &Attributes,
    ) -> thrift::Result<bool> {
        const METHOD: &str = "checkAndPut";
        let throw = |error| thrown(METHOD, Throws::IoAndIllegalArgument, error);
        // A bare family is an index out of bounds in the gateway, which nothing catches.
        let (family, Some(qualifier)) = parse_column(column) else { return Err(internal(METHOD)) };
        let table = self.table(table).map_err(throw)?;
        let checked = || {
            names::check_row(&row)?;
            let options = self.options(None, attributes)?;
            let family = table.family(family)?;
            Ok((family, put(&table, &row, mutation, &options)?))
        };
        let (family, edit) = checked().map_err(throw)?;
        let edit = edit.ok_or_else(|| internal(METHOD))?;
        let place = (family, qualifier);
        self.store.check_and_put(&table, &row, place, expected, &edit).map_err(throw)
    }
}

/// A column, which needs its colon.
fn qualified(column: &[u8]) -> Result<(&[u8], &[u8])> {
    match parse_column(column) {
        (family, Some(qualifier)) => Ok((family, qualifier)),
        (_, None) => Err(Error::Illegal("the column has no qualifier".to_owned())),
    }
}
