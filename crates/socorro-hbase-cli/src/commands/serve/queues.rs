//! The sizes of the queues, read from time to time: never because somebody asks for metrics.

use std::{thread, time::Duration};

use anyhow::{Context, Result};
use socorro_collector::ProcessingMetrics;
use socorro_hbase_client::CrashStore;

use crate::stop;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(15);

/// Watches in a thread, until a signal comes.
pub(super) fn start(
    store: &CrashStore,
    metrics: &ProcessingMetrics,
) -> Result<thread::JoinHandle<()>> {
    let (store, metrics) = (store.clone(), metrics.clone());
    let named = thread::Builder::new().name("queues".to_owned());
    named.spawn(move || watch(&store, &metrics)).context("can't start a thread")
}

fn watch(store: &CrashStore, metrics: &ProcessingMetrics) {
    let queues = [("legacy", store.legacy_queue()), ("general", store.general_queue())];
    while !stop::is_asked() {
        for (name, queue) in &queues {
            match queue.statistics() {
                Ok(found) => metrics.queue(
                    name,
                    found.size.unwrap_or_default(),
                    found.age.unwrap_or_default(),
                ),
                Err(error) => tracing::debug!(%error, "the queues' sizes can't be read"),
            }
        }
        stop::wait_for(PAUSE);
    }
}
