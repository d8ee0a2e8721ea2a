//! Spans under OpenTelemetry's names for databases. What is in rows has no place in them.
//!
//! A leaf: who makes a call opens its span here and adds what becomes known.

use std::future::poll_fn;
use std::pin::pin;

use tracing::Span;
use tracing::field::Empty;

use crate::config::Endpoint;
use crate::error::Error;

/// A span for one operation, with all attempts at it.
pub(crate) fn operation(name: &'static str, table: Option<&[u8]>) -> Span {
    let span = tracing::debug_span!(
        "hbase",
        "otel.kind" = "client",
        "db.system.name" = "hbase",
        "db.operation.name" = name,
        "db.operation.batch.size" = Empty,
        "db.collection.name" = Empty,
        "server.address" = Empty,
        "server.port" = Empty,
        "error.type" = Empty,
    );
    if let Some(table) = table
        && !span.is_disabled()
    {
        span.record("db.collection.name", &*String::from_utf8_lossy(table));
    }
    span
}

/// Has this happen in the span, whenever it goes on.
pub(crate) async fn in_span<T>(span: &Span, happening: impl Future<Output = T>) -> T {
    let mut happening = pin!(happening);
    poll_fn(|cx| {
        let _entered = span.enter();
        happening.as_mut().poll(cx)
    })
    .await
}

/// Adds how many calls are sent together.
pub(crate) fn batch_size(span: &Span, calls: usize) {
    span.record("db.operation.batch.size", calls as u64);
}

/// Adds the gateway that was chosen; the last one counts.
pub(crate) fn gateway(span: &Span, endpoint: Option<&Endpoint>) {
    if let Some(endpoint) = endpoint
        && !span.is_disabled()
    {
        span.record("server.address", endpoint.host()).record("server.port", endpoint.port());
    }
}

/// Adds why the operation failed in the end.
pub(crate) fn failure(span: &Span, error: &Error) {
    span.record("error.type", tracing::field::debug(error.kind()));
}
