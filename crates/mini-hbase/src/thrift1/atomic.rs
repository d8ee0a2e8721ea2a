//! Increments, appends, check-and-put.

use hbase_thrift_api::{Mutation, TAppend, TCell, TIncrement, Text};

use super::failure::{Throws, thrown};
use super::writes::put_of;
use super::{Attributes, column};
use crate::budget::Share;
use crate::exceptions::internal;
use crate::model::filter::Operator;
use crate::model::{Addition, Check, Error, Result, Writes};
use crate::names;
use crate::service::Service;

impl Service {
    /// A bare family is its empty qualifier, here alone.
    pub(super) fn atomic_increment(
        &self,
        share: &Share,
        table: &[u8],
        row: &[u8],
        column: &[u8],
        amount: i64,
    ) -> Result<i64> {
        let table = self.table(table)?;
        names::check_row(row)?;
        let (family, qualifier) = column::parse(column);
        let (family, qualifier) = (table.family(family)?, qualifier.unwrap_or_default().to_vec());
        let addition = Addition { family, qualifier, amount, time_to_live: None };
        let sums =
            self.store.durably(share, |writes| writes.increment(&table, row, &[addition]))?;
        Ok(sums.first().map(|(_, sum)| *sum).unwrap_or_default())
    }

    /// In order, and no further than the first that fails.
    pub(super) fn increment_all(&self, share: &Share, increments: Vec<TIncrement>) -> Result<()> {
        let mut increments = increments.into_iter();
        let mut all =
            |writes: &Writes<'_>| increments.try_for_each(|one| self.increment(writes, one));
        self.store.durably(share, &mut all)
    }

    fn increment(&self, writes: &Writes<'_>, increment: TIncrement) -> Result<()> {
        let table = self.table(&increment.table.unwrap_or_default())?;
        let row = increment.row.unwrap_or_default();
        names::check_row(&row)?;
        let column = increment.column.unwrap_or_default();
        let (family, qualifier) = qualified(&column)?;
        let (family, qualifier) = (table.family(family)?, qualifier.to_vec());
        let amount = increment.ammount.unwrap_or_default();
        let addition = Addition { family, qualifier, amount, time_to_live: None };
        writes.increment(&table, &row, &[addition])?;
        Ok(())
    }

    /// Answers the whole values, in the order of their columns.
    pub(super) fn append(&self, share: &Share, append: TAppend) -> Result<Vec<TCell>> {
        let row = append.row.unwrap_or_default();
        names::check_row(&row)?;
        let columns = append.columns.unwrap_or_default();
        let values = append.values.unwrap_or_default();
        if columns.is_empty() || columns.len() != values.len() {
            let text = "there must be columns, and a value for each of them";
            return Err(Error::Illegal(text.to_owned()));
        }
        let table = self.table(&append.table.unwrap_or_default())?;
        let mut additions = Vec::with_capacity(columns.len());
        for (column, value) in columns.iter().zip(values) {
            let (family, qualifier) = qualified(column)?;
            let (family, qualifier) = (table.family(family)?, qualifier.to_vec());
            additions.push(Addition { family, qualifier, amount: value, time_to_live: None });
        }
        additions.sort_by(|a, b| (a.family, &a.qualifier).cmp(&(b.family, &b.qualifier)));
        let max = self.settings.max_cell;
        let append = |writes: &Writes<'_>| writes.append(&table, &row, &additions, max);
        let answers = self.store.durably(share, append)?;
        let cell = |(timestamp, value)| TCell { value: Some(value), timestamp: Some(timestamp) };
        Ok(answers.into_iter().map(cell).collect())
    }

    #[expect(clippy::too_many_arguments, reason = "they are the call's")]
    pub(super) fn check_and_put(
        &self,
        share: &Share,
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
        let (family, Some(qualifier)) = column::parse(column) else { return Err(internal(METHOD)) };
        let put = put_of(mutation).ok_or_else(|| internal(METHOD))?;
        let checked = || {
            names::check_row(&row)?;
            let options = self.options(None, attributes)?;
            put.check_for_client(&row, &options)?;
            let table = self.table(table)?;
            let family = table.family(family)?;
            let edit = match put.into_edit(&table, &row, &options) {
                // The region looks at it only if it is going to put.
                Err(missing @ Error::NoSuchFamily { .. }) => Err(missing),
                edit => Ok(edit?),
            };
            Ok((family, edit, table))
        };
        let (family, edit, table) = checked().map_err(throw)?;
        let check = Check { family, qualifier, operator: Operator::Equal, value: expected };
        let put = |writes: &Writes<'_>| match edit {
            Ok(edit) => writes.check_and_mutate(&table, &row, &check, &[edit]),
            Err(missing) => {
                let holds = writes.check_and_mutate(&table, &row, &check, &[])?;
                if holds { Err(missing) } else { Ok(false) }
            }
        };
        self.store.durably(share, put).map_err(throw)
    }
}

/// A column, which needs its colon.
fn qualified(column: &[u8]) -> Result<(&[u8], &[u8])> {
    match column::parse(column) {
        (family, Some(qualifier)) => Ok((family, qualifier)),
        (_, None) => Err(Error::Illegal("the column has no qualifier".to_owned())),
    }
}
