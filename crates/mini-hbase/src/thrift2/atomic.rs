//! Increments and appends.

use hbase_thrift_api::thrift2::{TAppend, TColumnValue, TIncrement, TResult};

use super::Handler;
use super::changes::check_visibility;
use super::results::{empty, value};
use crate::model::{Addition, Cell, Error, Result, Table};
use crate::names;
use crate::service::time_to_live;

/// What a column's answer takes, beside its names and its value, and what it has on the wire.
const ANSWER: usize = size_of::<TColumnValue>() + 96;
/// By how much a counter goes up that nothing is said of.
const AMOUNT: i64 = 1;

impl Handler {
    pub(super) fn increment(&self, table: &[u8], increment: TIncrement) -> Result<TResult> {
        names::table(table)?;
        let TIncrement { row, columns, attributes, cell_visibility, return_results, .. } =
            increment;
        names::check_row(&row)?;
        let time_to_live = attributes.as_ref().map_or(Ok(None), time_to_live)?;
        check_visibility(cell_visibility.as_ref())?;
        let columns = columns
            .into_iter()
            .map(|column| (column.family, column.qualifier, column.amount.unwrap_or(AMOUNT)));
        let (table, additions) = self.additions(table, columns.collect(), time_to_live)?;
        let increment = self.service.store.durably(&self.share, |writes| {
            self.pay(&table, &additions)?;
            writes.increment(&table, &row, &additions)
        });
        let sums = increment?.into_iter().map(|(time, sum)| (time, sum.to_be_bytes().to_vec()));
        Ok(answer(&table, row, &additions, sums, return_results))
    }

    pub(super) fn append(&self, table: &[u8], append: TAppend) -> Result<TResult> {
        names::table(table)?;
        let TAppend { row, columns, attributes, cell_visibility, return_results, .. } = append;
        names::check_row(&row)?;
        let time_to_live = attributes.as_ref().map_or(Ok(None), time_to_live)?;
        check_visibility(cell_visibility.as_ref())?;
        let columns = columns.into_iter().map(|cell| (cell.family, cell.qualifier, cell.value));
        let (table, additions) = self.additions(table, columns.collect(), time_to_live)?;
        let max = self.service.settings.max_cell;
        let append = self.service.store.durably(&self.share, |writes| {
            self.pay(&table, &additions)?;
            writes.append(&table, &row, &additions, max)
        });
        Ok(answer(&table, row, &additions, append?.into_iter(), return_results))
    }

    /// What is added to the columns of a row, in HBase's order.
    fn additions<T>(
        &self,
        table: &[u8],
        columns: Vec<(Vec<u8>, Vec<u8>, T)>,
        time_to_live: Option<i64>,
    ) -> Result<(std::sync::Arc<Table>, Vec<Addition<T>>)> {
        if columns.is_empty() {
            return Err(Error::Illegal("No columns to add to".to_owned()));
        }
        let table = self.service.table(table)?;
        drop(table.in_use()?);
        let columns = columns.into_iter().map(|(family, qualifier, amount)| {
            Ok(Addition { family: table.family(&family)?, qualifier, amount, time_to_live })
        });
        let mut additions = columns.collect::<Result<Vec<_>>>()?;
        additions.sort_by(|a, b| (a.family, &a.qualifier).cmp(&(b.family, &b.qualifier)));
        Ok((table, additions))
    }

    /// Nothing is added whose answer has no room: the client would add it again.
    fn pay<T>(&self, table: &Table, additions: &[Addition<T>]) -> Result<()> {
        let length = |addition: &Addition<T>| {
            let family = table.families.get(usize::from(addition.family));
            family.map_or(0, |family| family.name.len()) + addition.qualifier.len() + ANSWER
        };
        let bytes = additions.iter().map(length).sum();
        let taken = self.share.take(bytes).and_then(|()| self.share.set_aside(bytes));
        taken.map_err(Error::NoMemory)
    }
}

fn answer<T>(
    table: &Table,
    row: Vec<u8>,
    additions: &[Addition<T>],
    new: impl Iterator<Item = (i64, Vec<u8>)>,
    is_wanted: Option<bool>,
) -> TResult {
    if is_wanted == Some(false) {
        return empty();
    }
    let cells = additions.iter().zip(new).map(|(addition, (timestamp, new))| {
        let Addition { family, qualifier, .. } = addition;
        value(table, Cell { family: *family, qualifier, timestamp, value: &new })
    });
    TResult { row: Some(row), column_values: cells.collect(), ..empty() }
}
