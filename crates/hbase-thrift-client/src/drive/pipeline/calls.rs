//! The calls of a pipeline.

use std::time::Instant;

use crate::dialect::{Existence, Request};
use crate::drive::executor::Executor;
use crate::drive::pool::Lease;
use crate::error::Result;
use crate::request::{
    Batch, CheckAndMutate, CheckAndPut, Delete, Get, Increment, Put, RowMutations,
};
use crate::row::{Row, RowBatch};

/// A call of a pipeline, with all that it needs.
#[derive(Debug)]
pub(crate) struct OwnedCall {
    pub(crate) table: Vec<u8>,
    pub(crate) request: OwnedRequest,
}

/// What the call asks for.
#[derive(Debug)]
pub(crate) enum OwnedRequest {
    Get(Get),
    Exists(Get),
    Put(Put),
    Delete(Delete),
    Batch(Batch),
    Increment(Increment),
    IncrementRows(Vec<Increment>),
    CheckAndPut(CheckAndPut),
    CheckAndMutate(CheckAndMutate),
    MutateRow(RowMutations),
}

/// What a call of a pipeline returns.
#[derive(Debug)]
pub(crate) enum CallValue {
    Unit,
    Row(Option<Row>),
    Counter(i64),
    Done(bool),
}

impl OwnedCall {
    pub(crate) fn request(&self) -> Request<'_> {
        let table = self.table.as_slice();
        match &self.request {
            OwnedRequest::Get(get) => Request::Get(table, get),
            OwnedRequest::Exists(get) => Request::Exists(table, get),
            OwnedRequest::Put(put) => Request::Put(table, put),
            OwnedRequest::Delete(delete) => Request::Delete(table, delete),
            OwnedRequest::Batch(batch) => Request::Batch(table, batch),
            OwnedRequest::Increment(increment) => Request::Increment(table, increment),
            OwnedRequest::IncrementRows(list) => Request::IncrementRows(table, list),
            OwnedRequest::CheckAndPut(check) => Request::CheckAndPut(table, check),
            OwnedRequest::CheckAndMutate(check) => Request::CheckAndMutate(table, check),
            OwnedRequest::MutateRow(row) => Request::MutateRow(table, row),
        }
    }

    /// Gives a write this timestamp, where it has none.
    pub(crate) fn stamp(&mut self, stamp: Option<i64>) {
        match &mut self.request {
            OwnedRequest::Put(put) => put.timestamp = put.timestamp.or(stamp),
            OwnedRequest::Delete(delete) => delete.timestamp = delete.timestamp.or(stamp),
            OwnedRequest::Batch(batch) => batch.stamp(stamp),
            OwnedRequest::MutateRow(row) => row.stamp(stamp),
            OwnedRequest::CheckAndMutate(check) => check.mutations.stamp(stamp),
            OwnedRequest::Get(_)
            | OwnedRequest::Exists(_)
            | OwnedRequest::Increment(_)
            | OwnedRequest::IncrementRows(_)
            | OwnedRequest::CheckAndPut(_) => {}
        }
    }

    /// Waits for the call's reply.
    pub(super) async fn receive(
        &self,
        lease: &mut Lease,
        executor: &Executor,
        deadline: Instant,
    ) -> Result<CallValue> {
        let environment = executor.environment();
        Ok(match &self.request {
            OwnedRequest::Get(_) => {
                let rows: RowBatch = lease.receive(deadline, environment).await?;
                CallValue::Row(rows.get(0))
            }
            OwnedRequest::Exists(_) => {
                let Existence(exists) = lease.receive(deadline, environment).await?;
                CallValue::Done(exists)
            }
            OwnedRequest::Put(_)
            | OwnedRequest::Delete(_)
            | OwnedRequest::Batch(_)
            | OwnedRequest::MutateRow(_)
            | OwnedRequest::IncrementRows(_) => {
                lease.receive::<()>(deadline, environment).await?;
                CallValue::Unit
            }
            OwnedRequest::Increment(_) => {
                CallValue::Counter(lease.receive(deadline, environment).await?)
            }
            OwnedRequest::CheckAndPut(_) | OwnedRequest::CheckAndMutate(_) => {
                CallValue::Done(lease.receive(deadline, environment).await?)
            }
        })
    }
}
