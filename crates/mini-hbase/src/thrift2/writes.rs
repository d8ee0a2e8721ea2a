//! Puts, deletes and atomic changes of rows, with and without a condition.

use hbase_thrift_api::thrift2::{TCompareOp, TDelete, TPut, TRowMutations};

use super::Handler;
use super::changes::Changes;
use crate::model::filter::Operator;
use crate::model::{Check, Error, Result, RowEdits, Writes, show};
use crate::names;

/// What a column is compared with.
pub(super) struct Condition {
    pub(super) row: Vec<u8>,
    pub(super) family: Vec<u8>,
    pub(super) qualifier: Vec<u8>,
    pub(super) value: Vec<u8>,
}

impl Handler {
    pub(super) fn put(&self, table: &[u8], put: TPut) -> Result<()> {
        names::table(table)?;
        let changes = Changes::put(put, self.service.settings.max_cell)?;
        changes.check_for_client()?;
        self.write(table, changes)
    }

    pub(super) fn put_all(&self, table: &[u8], puts: Vec<TPut>) -> Result<()> {
        let max_cell = self.service.settings.max_cell;
        let puts = puts.into_iter().map(|put| Changes::put(put, max_cell));
        let puts = puts.collect::<Result<Vec<_>>>()?;
        puts.iter().try_for_each(Changes::check_for_client)?;
        self.write_all(table, puts)
    }

    pub(super) fn delete(&self, table: &[u8], delete: TDelete) -> Result<()> {
        names::table(table)?;
        self.write(table, Changes::delete(delete, self.service.settings.max_cell)?)
    }

    pub(super) fn delete_all(&self, table: &[u8], deletes: Vec<TDelete>) -> Result<()> {
        let max_cell = self.service.settings.max_cell;
        let deletes = deletes.into_iter().map(|delete| Changes::delete(delete, max_cell));
        self.write_all(table, deletes.collect::<Result<_>>()?)
    }

    /// All of it or nothing; the gateway sends it as a batch.
    pub(super) fn mutate(&self, table: &[u8], mutations: TRowMutations) -> Result<()> {
        names::table(table)?;
        let count = mutations.mutations.len();
        let changes = Changes::of_row(mutations, self.service.settings.max_cell)?;
        changes.check_for_client()?;
        self.write(table, changes).map_err(|error| error.of_batch(count))
    }

    pub(super) fn check_and_put(
        &self,
        table: &[u8],
        condition: &Condition,
        put: TPut,
    ) -> Result<bool> {
        names::table(table)?;
        let changes = Changes::put(put, self.service.settings.max_cell)?;
        changes.check_for_client()?;
        self.check(table, condition, Operator::Equal, changes)
    }

    pub(super) fn check_and_delete(
        &self,
        table: &[u8],
        condition: &Condition,
        delete: TDelete,
    ) -> Result<bool> {
        names::table(table)?;
        let changes = Changes::delete(delete, self.service.settings.max_cell)?;
        self.check(table, condition, Operator::Equal, changes)
    }

    /// As [`Self::mutate`], if the condition holds.
    pub(super) fn check_and_mutate(
        &self,
        table: &[u8],
        condition: &Condition,
        operator: TCompareOp,
        mutations: TRowMutations,
    ) -> Result<bool> {
        names::table(table)?;
        let count = mutations.mutations.len();
        let changes = Changes::of_row(mutations, self.service.settings.max_cell)?;
        changes.check_for_client()?;
        let operator = match operator {
            TCompareOp::LESS => Operator::Less,
            TCompareOp::LESS_OR_EQUAL => Operator::LessOrEqual,
            TCompareOp::EQUAL => Operator::Equal,
            TCompareOp::NOT_EQUAL => Operator::NotEqual,
            TCompareOp::GREATER_OR_EQUAL => Operator::GreaterOrEqual,
            TCompareOp::GREATER => Operator::Greater,
            // With no value to compare, any operator but the one stands for that there is none.
            _ if condition.value.is_empty() => Operator::Equal,
            // HBase's region server knows no answer, and the gateway tries again for minutes.
            _ => return Err(Error::DoNotRetry("NO_OP compares nothing".to_owned())),
        };
        self.check(table, condition, operator, changes).map_err(|error| match error {
            error @ Error::DoNotRetry(_) => Error::Partly { count, first: Box::new(error) },
            error => error.of_batch(count),
        })
    }

    fn check(
        &self,
        table: &[u8],
        condition: &Condition,
        operator: Operator,
        changes: Changes,
    ) -> Result<bool> {
        let table = self.service.table(table)?;
        drop(table.in_use()?);
        if changes.row != condition.row {
            return Err(Error::DoNotRetry(format!(
                "The row of the action <{}> doesn't match the original one <{}>",
                show(&changes.row),
                show(&condition.row)
            )));
        }
        let family = table.family(&condition.family)?;
        let edits = match changes.into_edits(&table) {
            // The region looks at it only if it is going to write.
            Err(missing @ Error::NoSuchFamily { .. }) => Err(missing),
            edits => Ok(edits?.1),
        };
        let Condition { row, qualifier, value, .. } = condition;
        let check = Check { family, qualifier, operator, value };
        self.service.store.durably(&self.share, |writes| match edits {
            Ok(edits) => writes.check_and_mutate(&table, row, &check, &edits),
            Err(missing) => {
                let holds = writes.check_and_mutate(&table, row, &check, &[])?;
                if holds { Err(missing) } else { Ok(false) }
            }
        })
    }

    fn write(&self, table: &[u8], changes: Changes) -> Result<()> {
        let table = self.service.table(table)?;
        drop(table.in_use()?);
        let (row, edits) = changes.into_edits(&table)?;
        self.service
            .store
            .durably(&self.share, |writes| writes.write(&table, &[RowEdits { row, edits }]))
    }

    /// Writes rows, and fails after that if some of them can't be written.
    fn write_all(&self, table: &[u8], all: Vec<Changes>) -> Result<()> {
        names::table(table)?;
        let count = all.len();
        if count == 0 {
            return Ok(());
        }
        let table = self.service.table(table).map_err(|error| error.of_batch(count))?;
        let mut failed: Option<(usize, Error)> = None;
        let mut good = Vec::with_capacity(count);
        for changes in all {
            match changes.into_edits(&table) {
                Ok((row, edits)) => good.push(RowEdits { row, edits }),
                Err(error) => failed.get_or_insert((0, error)).0 += 1,
            }
        }
        if !good.is_empty() {
            self.service
                .store
                .durably(&self.share, |writes: &Writes<'_>| writes.write(&table, &good))
                .map_err(|error| error.of_batch(count))?;
        }
        failed.map_or(Ok(()), |(count, error)| Err(error.of_batch(count)))
    }
}
