//! Several independent calls in one round trip.

mod calls;
mod results;
mod run;

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use super::executor::Executor;
use super::table::TableDriver;
use crate::error::{Error, Result};
pub(crate) use calls::{CallValue, OwnedCall, OwnedRequest};
pub use results::{PipelineResults, PipelineValue, Queued};

/// A pipeline that is being filled.
pub(crate) struct PipelineDriver {
    executor: Executor,
    id: u64,
    calls: Vec<OwnedCall>,
}

impl PipelineDriver {
    pub(crate) fn new(executor: Executor) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self { executor, id: IDS.fetch_add(1, Ordering::Relaxed), calls: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Adds a call, if it can be carried out.
    pub(crate) async fn add<T>(
        &mut self,
        table: &TableDriver,
        request: OwnedRequest,
    ) -> Result<Queued<T>> {
        if !table.executor().shares_pool(&self.executor) {
            return Err(Error::invalid(
                "the table is another client's: its call would go to this client's cluster",
            ));
        }
        if let OwnedRequest::MutateRow(mutations) = &request
            && mutations.is_empty()
        {
            return Err(Error::invalid("the mutations of the row name nothing to do"));
        }
        let call = OwnedCall { table: table.full_name().to_vec(), request };
        self.executor.check(&call.request()).await?;
        self.calls.push(call);
        let position = self.calls.len() - 1;
        Ok(Queued { pipeline: self.id, position, result: PhantomData })
    }

    /// Sends all calls and waits for their results.
    pub(crate) async fn send(mut self) -> PipelineResults {
        // As late as this: what was written since a call was added is older than the call.
        self.calls.iter_mut().for_each(|call| call.stamp(self.executor.stamp()));
        let results = self.executor.run_pipeline(&self.calls).await;
        PipelineResults { pipeline: self.id, results: results.into_iter().map(Some).collect() }
    }
}
