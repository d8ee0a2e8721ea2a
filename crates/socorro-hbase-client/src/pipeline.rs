//! The only use of the generic client's pipelines: several independent calls in one round trip.

use hbase_thrift_client::{Client, Pipeline, PipelineResults, Queued};

/// Calls that are collected to be sent together.
pub(crate) type Calls = Pipeline;
/// Their results.
pub(crate) type Replies = PipelineResults;
/// The place of one call's result.
pub(crate) type Slot<T> = Queued<T>;

/// An empty pipeline.
pub(crate) fn calls(client: &Client) -> Calls {
    client.pipeline()
}
