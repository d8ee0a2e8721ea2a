//! What the workers beside a collector count.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// What the workers of the same process count, for the collector's `/metrics`. Clones count together.
///
/// ```
/// use std::time::Duration;
/// use socorro_collector::{CollectorOptions, ProcessingMetrics};
///
/// let counts = ProcessingMetrics::default();
/// let mut options = CollectorOptions::default();
/// options.processing = Some(counts.clone());
/// counts.processed(true, Duration::from_millis(80));
/// ```
#[derive(Debug, Clone)]
pub struct ProcessingMetrics {
    crashes: Family<Outcome, Counter>,
    seconds: Histogram,
    size: Family<Queue, Gauge>,
    age: Family<Queue, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: &'static str,
}

impl Default for ProcessingMetrics {
    fn default() -> Self {
        Self {
            crashes: Family::default(),
            // 10 ms to 5 minutes.
            seconds: Histogram::new(exponential_buckets(0.01, 2.0, 16)),
            size: Family::default(),
            age: Family::default(),
        }
    }
}

impl ProcessingMetrics {
    /// A crash was processed and stored, with a stack (success) or without, and took this long.
    pub fn processed(&self, success: bool, took: Duration) {
        self.count(if success { "processed" } else { "failed" });
        self.seconds.observe(took.as_secs_f64());
    }

    /// A crash could not be read, or its result could not be stored: it comes back.
    pub fn postponed(&self) {
        self.count("postponed");
    }

    /// A queue has this many entries by its counter, and the oldest was submitted so long ago.
    pub fn queue(&self, name: &'static str, entries: i64, age: Duration) {
        let queue = Queue { queue: name };
        self.size.get_or_create(&queue).set(entries);
        self.age.get_or_create(&queue).set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }

    fn count(&self, result: &'static str) {
        self.crashes.get_or_create(&Outcome { result }).inc();
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("socorro_processor");
        let help = "Crashes that workers were at, by what became of them";
        registry.register("crashes", help, self.crashes.clone());
        let help = "Time from a crash's claim to its stored result";
        registry.register_with_unit("crash", help, Unit::Seconds, self.seconds.clone());
        let help = "Entries of a queue, by its counter";
        registry.register("queue_entries", help, self.size.clone());
        let help = "Time since the oldest entry of a queue was submitted";
        registry.register_with_unit("queue_age", help, Unit::Seconds, self.age.clone());
    }
}
