//! What is one call in one interface and takes several in another.
//!
//! Where a part was carried out and another was not, the whole is called unknown, as it is of one call
//! that goes on in steps.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::executor::Executor;
use super::pipeline::{OwnedCall, OwnedRequest};
use crate::dialect::{Call, Dialect, Effect, Request};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::proto::after;
use crate::request::{Batch, Increment, Region};

impl Executor {
    /// Runs all puts, then all deletes.
    pub(crate) async fn run_batch(&self, table: &[u8], batch: &Batch) -> Result<()> {
        let deadline = self.deadline();
        let is_mixed = !batch.puts.is_empty() && !batch.deletes.is_empty();
        if !is_mixed || self.dialect_by(deadline).await?.has_mixed_batches() {
            return self.run_until(&Call::batch(table, batch), deadline).await;
        }
        let request = Request::Batch(table, batch);
        Dialect::check_content(&request, self.config().get_max_cell_size())?;
        let puts = Batch { puts: batch.puts.clone(), deletes: Vec::new() };
        self.run_until(&Call::batch(table, &puts), deadline).await?;
        let deletes = Batch { puts: Vec::new(), deletes: batch.deletes.clone() };
        let result = self.run_until(&Call::batch(table, &deletes), deadline).await;
        result.map_err(|error| after(error, self.effect(&request), Outcome::Unknown))
    }

    /// Adds to counters of any rows.
    pub(crate) async fn run_increments(
        &self,
        table: &[u8],
        increments: &[Increment],
    ) -> Result<()> {
        let deadline = self.deadline();
        let first = increments.first();
        let is_of_one_row =
            increments.iter().all(|other| first.map(|one| &one.row) == Some(&other.row));
        if is_of_one_row || self.dialect_by(deadline).await?.has_increments_of_rows() {
            return self.run_until(&Call::increment_rows(table, increments), deadline).await;
        }
        let request = Request::IncrementRows(table, increments);
        Dialect::check_content(&request, self.config().get_max_cell_size())?;
        let calls: Vec<_> = by_row(increments)
            .into_iter()
            .map(|row| OwnedCall {
                table: table.to_vec(),
                request: OwnedRequest::IncrementRows(row),
            })
            .collect();
        let results = self.run_pipeline_until(&calls, deadline).await;
        let is_untouched = results.iter().all(|result| {
            result.as_ref().is_err_and(|error| error.outcome() == Outcome::NotApplied)
        });
        let earlier = if is_untouched { Outcome::NotApplied } else { Outcome::Unknown };
        match results.into_iter().find_map(Result::err) {
            Some(error) => Err(after(error, Effect::OnceMany, earlier)),
            None => Ok(()),
        }
    }

    /// The region that a row is in.
    pub(crate) async fn run_region_of(&self, table: &[u8], row: &[u8]) -> Result<Region> {
        let deadline = self.deadline();
        let call = Call::region_of(table, row);
        Dialect::check_content(&call.request, self.config().get_max_cell_size())?;
        if self.dialect_by(deadline).await?.has_region_of_row() {
            return self.run_until(&call, deadline).await;
        }
        let regions = self.run_until(&Call::regions(table), deadline).await?;
        let is_in = |region: &Region| {
            row >= region.start_key.as_slice()
                && (region.end_key.is_empty() || row < region.end_key.as_slice())
        };
        regions.into_iter().find(is_in).ok_or_else(|| {
            // The gateway doesn't say which of the two it is.
            let shown = table.escape_ascii();
            let message = format!("the table `{shown}` has no region, so it does not exist");
            Error::new(ErrorKind::TableNotFound, message)
        })
    }

    /// All tables with whether they are in service. One that is dropped meanwhile is left out.
    pub(crate) async fn run_table_states(
        &self,
        deadline: Instant,
    ) -> Result<BTreeMap<Vec<u8>, bool>> {
        if self.dialect_by(deadline).await?.has_table_states() {
            return self.run_until(&Call::table_states(), deadline).await;
        }
        let mut states = BTreeMap::new();
        for name in self.run_until(&Call::table_names(), deadline).await? {
            let on_table = self.on_table(&name);
            match on_table.run_until(&Call::is_table_enabled(&name), deadline).await {
                Err(error) if error.kind() == ErrorKind::TableNotFound => continue,
                state => states.insert(name, state?),
            };
        }
        Ok(states)
    }
}

/// The increments of each row together, rows in the order of their first.
fn by_row(increments: &[Increment]) -> Vec<Vec<Increment>> {
    let mut rows: Vec<Vec<Increment>> = Vec::new();
    let mut positions: HashMap<&[u8], usize> = HashMap::new();
    for increment in increments {
        let position = *positions.entry(&increment.row).or_insert_with(|| {
            rows.push(Vec::new());
            rows.len() - 1
        });
        rows[position].push(increment.clone());
    }
    rows
}
